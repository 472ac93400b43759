package alicloud

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// failed makes a call that must fail with an *Error.
func failed(t *testing.T, err error) *Error {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.NotContains(t, err.Error(), testSecret)
	return e
}

func importOf(ctx context.Context, c *Cloud) error {
	_, err := c.ImportImage(ctx, ImportImageRequest{Region: region})
	return err
}

func registerOf(ctx context.Context, c *Cloud) error {
	_, err := c.RegisterImage(ctx, RegisterImageRequest{Region: region})
	return err
}

func TestErrorAnswersKeepTheCloudsWords(t *testing.T) {
	tests := []struct {
		name   string
		call   func(context.Context, *Cloud) error
		status int
		header map[string]string
		body   string
		want   Error
		text   string
	}{
		{
			name: "an ECS refusal", call: importOf, status: 400,
			body: `{"RequestId":"R-1","HostId":"ecs.aliyuncs.com","Code":"InvalidOSSObject.NotFound","Message":"The specified OSS object does not exist.","Recommend":"https://x"}`,
			want: Error{API: "ImportImage", Code: "InvalidOSSObject.NotFound", HTTPStatus: 400, Message: "The specified OSS object does not exist.", RequestID: "R-1"},
			text: "ImportImage: InvalidOSSObject.NotFound (400): The specified OSS object does not exist. (request id R-1)",
		},
		{
			name: "a request id in the header alone", call: registerOf, status: 403, header: map[string]string{"x-acs-request-id": "H-1"},
			body: `{"Code":"QuotaExhausted.MaxImageCount","Message":"The MaxImageCount (10) quota is exhausted."}`,
			want: Error{API: "BatchCompute.CreateImage", Code: "QuotaExhausted.MaxImageCount", HTTPStatus: 403, Message: "The MaxImageCount (10) quota is exhausted.", RequestID: "H-1"},
			text: "BatchCompute.CreateImage: QuotaExhausted.MaxImageCount (403): The MaxImageCount (10) quota is exhausted. (request id H-1)",
		},
		{
			name: "the older name of the code", call: registerOf, status: 400,
			body: `{"ErrorCode":"InvalidName","Message":"Specified parameter Name is not valid."}`,
			want: Error{API: "BatchCompute.CreateImage", Code: "InvalidName", HTTPStatus: 400, Message: "Specified parameter Name is not valid."},
			text: "BatchCompute.CreateImage: InvalidName (400): Specified parameter Name is not valid.",
		},
		{
			name: "no message", call: importOf, status: 500, body: `{"Code":"InternalError"}`,
			want: Error{API: "ImportImage", Code: "InternalError", HTTPStatus: 500},
			text: "ImportImage: InternalError (500)",
		},
		{
			name: "a throttle with its own back-off in milliseconds", call: importOf, status: 400,
			header: map[string]string{"x-acs-retry-after": "1500", "Retry-After": "9"},
			body:   `{"Code":"Throttling.User","Message":"Request was denied due to user flow control.","RequestId":"R-1"}`,
			want:   Error{API: "ImportImage", Code: "Throttling.User", HTTPStatus: 400, Message: "Request was denied due to user flow control.", RequestID: "R-1", RetryAfter: 1500 * time.Millisecond},
		},
		{
			name: "a back-off in seconds", call: registerOf, status: 503, header: map[string]string{"Retry-After": "7"},
			body: `{"Code":"ServiceUnavailable"}`,
			want: Error{API: "BatchCompute.CreateImage", Code: "ServiceUnavailable", HTTPStatus: 503, RetryAfter: 7 * time.Second},
		},
		{
			name: "a back-off beyond reason", call: importOf, status: 503, header: map[string]string{"Retry-After": "9223372036854775807"},
			body: `{"Code":"ServiceUnavailable"}`,
			want: Error{API: "ImportImage", Code: "ServiceUnavailable", HTTPStatus: 503, RetryAfter: time.Hour},
		},
		{
			name: "a back-off that is no number", call: importOf, status: 503, header: map[string]string{"Retry-After": "-3", "x-acs-retry-after": "soon"},
			body: `{"Code":"ServiceUnavailable"}`,
			want: Error{API: "ImportImage", Code: "ServiceUnavailable", HTTPStatus: 503},
		},
		{
			name: "the secret echoed in the message", call: importOf, status: 400,
			body: `{"Code":"SignatureDoesNotMatch","Message":"signed with ` + testSecret + `."}`,
			want: Error{API: "ImportImage", Code: "SignatureDoesNotMatch", HTTPStatus: 400, Message: "signed with ***."},
		},
		{
			name: "the secret echoed in the code and the request id", call: importOf, status: 400,
			body: `{"Code":"Invalid.` + testSecret + `","RequestId":"R-` + testSecret + `"}`,
			want: Error{API: "ImportImage", Code: "Invalid.***", HTTPStatus: 400, RequestID: "R-***"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cloud, s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				for name, value := range tt.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.body)
			})
			e := failed(t, tt.call(context.Background(), cloud))
			require.Equal(t, tt.want, *e)
			if tt.text != "" {
				require.EqualError(t, e, tt.text)
			}
			s.only(t)
		})
	}
}

func TestAShortSecretLeavesTheCloudsWordsAlone(t *testing.T) {
	const refusal = `{"Code":"InvalidTaskId.NotFound","Message":"The specified task does not exist.","RequestId":"R-sk"}`
	cloud, _ := serve(t, answers(404, refusal), func(o *Options) { o.AccessKeyID, o.AccessKeySecret = "ak", "sk" })
	_, err := cloud.Task(context.Background(), region, "t-1")
	require.ErrorIs(t, err, ErrNotFound)
	require.EqualError(t, err,
		"DescribeTaskAttribute: InvalidTaskId.NotFound (404): The specified task does not exist. (request id R-sk)")
}

func TestBrokenAnswersSaySo(t *testing.T) {
	tests := []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"an HTML page from a proxy", 502, "<html>\n<body>Bad  Gateway</body></html>", `the answer of ECS is no error document: invalid character '<' looking for beginning of value: "<html> <body>Bad Gateway</body></html>"`},
		{"an HTML page with success", 200, "<html></html>", "is not a JSON object"},
		{"an error without a code", 403, `{"Message":"no"}`, `names no error code: "{\"Message\":\"no\"}"`},
		{"an error that is a list", 400, `[1]`, "it is a JSON array"},
		{"an error that is null", 400, `null`, "names no error code"},
		{"a code that is an object", 400, `{"Code":{}}`, "stands in the place of a text"},
		{"nothing", 200, "", "is empty"},
		{"nothing with an error", 503, "", "is empty"},
		{"half a document", 200, `{"ImageId":"m-1","Task`, "is broken: unexpected end of JSON input"},
		{"null", 200, "null", "is not a JSON object"},
		{"two documents", 200, `{"ImageId":"m-1","TaskId":"t-1"}{}`, "is broken"},
		{"an object for an id", 200, `{"ImageId":{},"TaskId":"t-1"}`, "is not as documented"},
		{"a list for an id", 200, `{"ImageId":["m-1"],"TaskId":"t-1"}`, "is not as documented"},
		{"no image id", 200, `{"TaskId":"t-1"}`, "has no ImageId"},
		{"an empty image id", 200, `{"ImageId":"","TaskId":"t-1"}`, "has no ImageId"},
		{"no task id", 200, `{"ImageId":"m-1"}`, "has no TaskId"},
		{"a status that no service sends", 700, `{`, "is no error document"},
		{"a long page is cut", 500, strings.Repeat("x", 5000), strings.Repeat("x", 120) + `…"`},
		{"the secret in a page", 500, "<p>" + testSecret + "</p>", "<p>***</p>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cloud, s := serve(t, answers(tt.status, tt.body))
			e := failed(t, importOf(context.Background(), cloud))
			require.Equal(t, CodeBadAnswer, e.Code)
			require.Equal(t, tt.status, e.HTTPStatus)
			require.Contains(t, e.Message, tt.want)
			s.only(t)
		})
	}
}

func TestEveryCallRefusesAnAnswerWithoutWhatItOwes(t *testing.T) {
	tests := []struct {
		name, answer, want string
		call               func(context.Context, *Cloud) (any, error)
	}{
		{"Task without an id", `{"TaskStatus":"Finished"}`, "TaskId", func(ctx context.Context, c *Cloud) (any, error) { return c.Task(ctx, region, "t-1") }},
		{"Task without a status", `{"TaskId":"t-1"}`, "TaskStatus", func(ctx context.Context, c *Cloud) (any, error) { return c.Task(ctx, region, "t-1") }},
		{"Images", `{"Images":{"Image":[{}]}}`, "ImageId", func(ctx context.Context, c *Cloud) (any, error) { return c.Images(ctx, ImageQuery{Region: region}) }},
		{"CreateComponent", `{}`, "ImageComponentId", func(ctx context.Context, c *Cloud) (any, error) {
			return c.CreateComponent(ctx, CreateComponentRequest{Region: region})
		}},
		{"Components", `{"ImageComponent":{"ImageComponentSet":[null]}}`, "ImageComponentId", func(ctx context.Context, c *Cloud) (any, error) {
			return c.Components(ctx, ComponentQuery{Region: region})
		}},
		{"CreatePipeline", `{}`, "ImagePipelineId", func(ctx context.Context, c *Cloud) (any, error) {
			return c.CreatePipeline(ctx, CreatePipelineRequest{Region: region})
		}},
		{"StartExecution", `{}`, "ExecutionId", func(ctx context.Context, c *Cloud) (any, error) {
			return c.StartExecution(ctx, StartExecutionRequest{Region: region})
		}},
		{"Execution without a status", `{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[{"ExecutionId":"exec-1"}]}}`, "Status", func(ctx context.Context, c *Cloud) (any, error) { return c.Execution(ctx, region, "exec-1") }},
		{"Regions", `{"Regions":{"Region":[{}]}}`, "RegionId", func(ctx context.Context, c *Cloud) (any, error) { return c.Regions(ctx, region) }},
		{"RegisterImage", `{}`, "Id", func(ctx context.Context, c *Cloud) (any, error) {
			return c.RegisterImage(ctx, RegisterImageRequest{Region: region})
		}},
		{"BatchImages", `{"Items":[{"Name":"n"}]}`, "Id", func(ctx context.Context, c *Cloud) (any, error) { return c.BatchImages(ctx, region) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cloud, _ := serve(t, answers(200, tt.answer))
			got, err := tt.call(context.Background(), cloud)
			e := failed(t, err)
			require.Equal(t, CodeBadAnswer, e.Code)
			require.Contains(t, e.Message, "has no "+tt.want)
			require.Empty(t, got)
		})
	}
}

func TestACutAnswerIsBad(t *testing.T) {
	cut := map[string]http.HandlerFunc{
		"shorter than it says": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"ImageId":"m-1","TaskId":"t-1"}`)
		},
		"half of a compressed body": func(w http.ResponseWriter, _ *http.Request) {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			_, _ = io.WriteString(z, `{"ImageId":"m-1","TaskId":"t-1"}`)
			_ = z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(b.Bytes()[:b.Len()-8])
		},
	}
	for name, handler := range cut {
		t.Run(name, func(t *testing.T) {
			cloud, _ := serve(t, handler)
			e := failed(t, importOf(context.Background(), cloud))
			require.Equal(t, CodeBadAnswer, e.Code)
			require.Equal(t, 200, e.HTTPStatus)
			require.Contains(t, e.Message, "is cut short")
		})
	}
}

func TestAnAnswerWithoutEndIsBad(t *testing.T) {
	cloud, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		chunk := bytes.Repeat([]byte(" "), 1<<20)
		for range 18 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	e := failed(t, importOf(context.Background(), cloud))
	require.Equal(t, CodeBadAnswer, e.Code)
	require.Contains(t, e.Message, "longer than 16 MiB")
}

func TestARedirectIsNotFollowed(t *testing.T) {
	for _, call := range []func(context.Context, *Cloud) error{importOf, registerOf} {
		cloud, s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://login.example.com/?Signature=abc")
			w.WriteHeader(302)
		})
		e := failed(t, call(context.Background(), cloud))
		require.Equal(t, CodeRedirected, e.Code)
		require.Equal(t, 302, e.HTTPStatus)
		require.Contains(t, e.Message, "to https://login.example.com, which")
		require.NotContains(t, e.Message, "Signature", "a signed URL stays out of errors")
		s.only(t)
	}
}

func TestNoAnswerSaysWhoAndWhere(t *testing.T) {
	t.Run("a reset", func(t *testing.T) {
		for service, call := range map[string]func(context.Context, *Cloud) error{"ECS": importOf, "Batch Compute": registerOf} {
			cloud, s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err == nil {
					_ = conn.(*net.TCPConn).SetLinger(0)
					_ = conn.Close()
				}
			})
			e := failed(t, call(context.Background(), cloud))
			require.Equal(t, CodeNoAnswer, e.Code)
			require.Zero(t, e.HTTPStatus)
			require.Contains(t, e.Message, "no answer from "+service+" at 127.0.0.1:")
			require.Error(t, errors.Unwrap(e))
			s.only(t)
		}
	})
	t.Run("a refused connection", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		address := listener.Addr().String()
		require.NoError(t, listener.Close())
		cloud, err := New(Options{ECSEndpoint: "http://" + address, AccessKeyID: testID, AccessKeySecret: testSecret})
		require.NoError(t, err)
		e := failed(t, importOf(context.Background(), cloud))
		require.Equal(t, CodeNoAnswer, e.Code)
		require.Contains(t, e.Message, "no answer from ECS at "+address)
		require.Contains(t, e.Message, "refused")
	})
	t.Run("silence", func(t *testing.T) {
		cloud, _ := serve(t, untilGone, func(o *Options) { o.ReadTimeout = 50 * time.Millisecond })
		e := failed(t, importOf(context.Background(), cloud))
		require.Equal(t, CodeNoAnswer, e.Code)
		require.Contains(t, e.Message, "within 0.05s")
		require.ErrorIs(t, e, os.ErrDeadlineExceeded)
		require.NotErrorIs(t, e, context.DeadlineExceeded, "the caller's deadline has not passed")
	})
	t.Run("an answer that stops halfway", func(t *testing.T) {
		cloud, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"ImageId"`)
			_ = http.NewResponseController(w).Flush()
			untilGone(w, r)
		}, func(o *Options) { o.ConnectTimeout, o.ReadTimeout = 50*time.Millisecond, 50*time.Millisecond })
		e := failed(t, importOf(context.Background(), cloud))
		require.Equal(t, CodeNoAnswer, e.Code)
		require.ErrorIs(t, e, os.ErrDeadlineExceeded)
	})
}

// untilGone answers nothing until the client hangs up.
func untilGone(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func TestTheCallersContextEndsACall(t *testing.T) {
	for name, call := range map[string]func(context.Context, *Cloud) error{"ECS": importOf, "Batch Compute": registerOf} {
		t.Run(name+" cancelled while it waits", func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			cloud, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
				cancel()
				untilGone(w, r)
			})
			e := failed(t, call(ctx, cloud))
			require.ErrorIs(t, e, context.Canceled)
			require.Equal(t, CodeNoAnswer, e.Code)
		})
		t.Run(name+" past its deadline", func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
			defer cancel()
			cloud, _ := serve(t, untilGone)
			require.ErrorIs(t, failed(t, call(ctx, cloud)), context.DeadlineExceeded)
		})
		t.Run(name+" cancelled before it begins", func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			cloud, s := serve(t, answers(200, `{}`))
			e := failed(t, call(ctx, cloud))
			require.ErrorIs(t, e, context.Canceled)
			require.Contains(t, e.Message, "was not sent")
			require.Empty(t, s.requests)
		})
	}
}

func TestThrottledIsAnyCodeThatSaysSo(t *testing.T) {
	for code, want := range map[string]bool{
		"Throttling": true, "Throttling.User": true, "Rejected.throttling": true, CodeHeldBack: true,
		"ServiceUnavailable": false, "": false,
	} {
		require.Equal(t, want, (&Error{Code: code}).Throttled(), code)
	}
}

func TestUntilNextMinute(t *testing.T) {
	for second, want := range map[int]time.Duration{0: time.Minute, 40: 20 * time.Second, 59: time.Second} {
		now := time.Date(2026, 11, 21, 10, 0, second, 0, time.FixedZone("half past", 5*3600+1800))
		require.Equal(t, want, UntilNextMinute(now), second)
	}
}

// FuzzAnswer gives a call an arbitrary answer: it returns a result or an *Error (or that
// something is not there), and never panics.
func FuzzAnswer(f *testing.F) {
	calls := append(callsOnTheWire(),
		wireCall{
			answer: `{"Id":"img-1"}`,
			call:   func(ctx context.Context, c *Cloud) (any, error) { return nil, registerOf(ctx, c) },
		},
		wireCall{
			answer: `{"NextMarker":"","Items":[{"Id":"img-1","Name":"golden","Description":"d","EcsImageId":"m-1","Platform":"Linux","Type":"Self","OwnerId":123,"CreationTime":"2016-10-31T06:55:33.921897Z"}]}`,
			call:   func(ctx context.Context, c *Cloud) (any, error) { return c.BatchImages(ctx, region) },
		},
	)
	for i, c := range calls {
		f.Add(uint8(i), 200, c.answer)
		f.Add(uint8(i), 400, `{"RequestId":"R-1","HostId":"ecs.aliyuncs.com","Code":"InvalidImagePipeline.NotFound","Message":"The specified \"%s\" is not found.","Recommend":"https://x"}`)
	}
	f.Add(uint8(0), 200, `{"NextToken":"a","NextMarker":1e9,"Items":[null]}`)
	f.Add(uint8(0), 502, `<html>`)
	f.Add(uint8(0), 302, ``)
	f.Add(uint8(0), -7, "\xff{")
	cloud, err := New(Options{AccessKeyID: testID, AccessKeySecret: testSecret})
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, which uint8, status int, body string) {
		cloud.wire.transport = roundTrip(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		var e *Error
		_, err := calls[int(which)%len(calls)].call(context.Background(), cloud)
		if err != nil && !errors.As(err, &e) && !errors.Is(err, ErrNotFound) {
			t.Errorf("%T %v", err, err)
		}
	})
}
