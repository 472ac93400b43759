package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// online serves a cloud on a port; call returns the answer and its body.
type online struct {
	*cloud
	url string
}

func newOnline(t *testing.T) online {
	c := newCloud(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.server.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	return online{c, server.URL}
}

var still = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

func (o online) request(ctx context.Context, action string, a args) *http.Request {
	r, err := http.NewRequestWithContext(ctx, "POST", o.url+"/?"+o.sign("POST", action, a).Encode(), nil)
	require.NoError(o.t, err)
	return r
}

func (o online) call(ctx context.Context, action string, a args) (*http.Response, string, error) {
	answer, err := still.Do(o.request(ctx, action, a))
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(answer.Body)
	require.NoError(o.t, err)
	return answer, string(body), answer.Body.Close()
}

// held sends a request, waits until the log has it and then does what ends it; it returns
// how the request ended.
func (o online) held(r *http.Request, end func()) error {
	ended := make(chan error, 1)
	go func() {
		answer, err := still.Do(r)
		if err == nil {
			err = answer.Body.Close()
		}
		ended <- err
	}()
	require.Eventually(o.t, func() bool { return o.log.text() != "" }, time.Minute, time.Millisecond)
	end()
	return <-ended
}

func (c *cloud) plan(faults ...Fault) {
	c.t.Helper()
	c.server.ClearFaults()
	require.NoError(c.t, c.server.Plan(faults...))
}

func (c *cloud) set(to Conditions) {
	c.t.Helper()
	require.NoError(c.t, c.server.Set(to))
}

// TestEveryFault does each deed before and after the effect of an import, looks for the
// image and then repeats the call with its token.
func TestEveryFault(t *testing.T) {
	inJSON := func(t *testing.T, _ *http.Response, body string) {
		require.True(t, json.Valid([]byte(body)), body)
	}
	for _, row := range []struct {
		fault  Fault
		status int
		answer func(*testing.T, *http.Response, string)
	}{
		{Fault{Do: Refuse, Code: "Throttling.User", RetryAfterMs: 1500}, 400, func(t *testing.T, r *http.Response, body string) {
			require.Contains(t, body, `"Message":"Request was denied due to user flow control."`)
			require.Equal(t, "1500", r.Header.Get("x-acs-retry-after"))
		}},
		{Fault{Do: Refuse, Code: "Odd.Code", Status: 418, Message: "Odd."}, 418, func(t *testing.T, _ *http.Response, body string) {
			require.Contains(t, body, `"Code":"Odd.Code"`)
			require.Contains(t, body, `"Message":"Odd."`)
		}},
		{Fault{Do: HTML502}, 502, func(t *testing.T, r *http.Response, body string) {
			require.Equal(t, "text/html", r.Header.Get("Content-Type"))
			require.Contains(t, body, "Bad Gateway")
		}},
		{Fault{Do: Truncate}, 200, func(t *testing.T, _ *http.Response, body string) {
			require.Contains(t, body, "ImageId")
			require.False(t, json.Valid([]byte(body)), body)
		}},
		{Fault{Do: WrongTypes}, 200, func(t *testing.T, r *http.Response, body string) {
			inJSON(t, r, body)
			require.Contains(t, body, `"ImageId":4711`)
			require.Contains(t, body, `"TaskId":{"Value":"t-`)
		}},
		{Fault{Do: Empty}, 200, func(t *testing.T, r *http.Response, body string) {
			inJSON(t, r, body)
			require.NotContains(t, body, "ImageId")
		}},
		{Fault{Do: Redirect}, 302, func(t *testing.T, r *http.Response, body string) {
			require.NotEmpty(t, r.Header.Get("Location"))
			require.Empty(t, body)
		}},
		{Fault{Do: Delay, DelayMs: 1}, 200, inJSON},
	} {
		for _, when := range []When{Before, After} {
			row.fault.Action, row.fault.When, row.fault.To = "ImportImage", when, 1
			t.Run(string(row.fault.Do)+" "+row.fault.Code+" "+string(when), func(t *testing.T) {
				c := newOnline(t)
				c.plan(row.fault)
				good := importArgs.with("RegionId", "cn-hangzhou", "ClientToken", "tok")
				answer, body, err := c.call(t.Context(), "ImportImage", good)
				require.NoError(t, err)
				require.Equal(t, row.status, answer.StatusCode, body)
				row.answer(t, answer, body)
				c.requireEffect(t, row.fault)
			})
		}
	}
}

// requireEffect looks for the import that the only logged call made, or did not make.
func (o online) requireEffect(t *testing.T, f Fault) {
	t.Helper()
	happened := f.When == After || f.Do == Delay
	line := o.log.entries(t)[0]
	require.Equal(t, string(f.Do), line.Fault)
	require.Equal(t, happened, *line.Effect)
	images, tasks := o.ecs("DescribeImages", args{"Status": "Creating"}), o.ecs("DescribeTasks", args{})
	if !happened {
		require.Zero(t, images.at("TotalCount"))
		require.Zero(t, tasks.at("TotalCount"))
		require.Empty(t, line.ResourceIDs)
		return
	}
	expected := []string{images.text("Images", "Image", 0, "ImageId"), tasks.text("TaskSet", "Task", 0, "TaskId")}
	require.Equal(t, expected, line.ResourceIDs)
	again := o.ecs("ImportImage", importArgs.with("ClientToken", "tok")).ok()
	require.Equal(t, expected, []string{again.text("ImageId"), again.text("TaskId")}, "the token stands for what was made")
}

func TestAHangingCallEndsWithItsClient(t *testing.T) {
	for _, when := range []When{Before, After} {
		c := newOnline(t)
		f := Fault{Action: "ImportImage", When: when, Do: Hang}
		c.plan(f)
		ctx, cancel := context.WithCancel(t.Context())
		err := c.held(c.request(ctx, "ImportImage", importArgs.with("RegionId", "cn-hangzhou")), cancel)
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, c.log.entries(t)[0].Status)
		c.plan()
		c.requireEffectOnly(t, f)
	}
}

// requireEffectOnly is requireEffect for a call without a token.
func (o online) requireEffectOnly(t *testing.T, f Fault) {
	t.Helper()
	total := o.ecs("DescribeTasks", args{}).at("TotalCount")
	require.Equal(t, f.When == After, total == 1.0, total)
}

func TestAClosingCloudLetsGoOfWhatHangs(t *testing.T) {
	c := newOnline(t)
	c.plan(Fault{Action: "*", Do: Hang})
	err := c.held(c.request(t.Context(), "DescribeTasks", args{"RegionId": "cn-hangzhou"}), func() { require.NoError(t, c.server.Close()) })
	require.ErrorIs(t, err, io.EOF)
	c.open()
}

func TestAResetConnection(t *testing.T) {
	for _, when := range []When{Before, After} {
		c := newOnline(t)
		f := Fault{Action: "ImportImage", When: when, Do: Reset}
		c.plan(f)
		_, _, err := c.call(t.Context(), "ImportImage", importArgs.with("RegionId", "cn-hangzhou"))
		require.True(t, errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF), "%v", err)
		c.plan()
		c.requireEffectOnly(t, f)
	}
}

func TestWhichCallsAFaultHappensTo(t *testing.T) {
	refused := Fault{Action: "DescribeTasks", Do: Refuse, Code: "ServiceUnavailable"}
	with := func(change func(*Fault)) Fault {
		f := refused
		change(&f)
		return f
	}
	for _, row := range []struct {
		claim string
		fault Fault
		want  string // of six calls, alternately for page sizes 5 and 6: x is one that fails
		calls int
	}{
		{"all of them", refused, "xxxxxx", 6},
		{"those of every action", with(func(f *Fault) { f.Action = "*" }), "xxxxxx", 6},
		{"not those of another action", with(func(f *Fault) { f.Action = "CreateImage" }), "......", 0},
		{"the second on", with(func(f *Fault) { f.From = 2 }), ".xxxxx", 6},
		{"the first two", with(func(f *Fault) { f.To = 2 }), "xx....", 6},
		{"the third", with(func(f *Fault) { f.From, f.To = 3, 3 }), "..x...", 6},
		{"those with a parameter", with(func(f *Fault) { f.Params = map[string]string{"PageSize": "6"} }), ".x.x.x", 3},
		{"the second of those with a parameter", with(func(f *Fault) { f.Params, f.From, f.To = map[string]string{"PageSize": "6"}, 2, 2 }), "...x..", 3},
		{"none without that parameter", with(func(f *Fault) { f.Params = map[string]string{"Other": ""} }), "......", 0},
		{"some, by a seed", with(func(f *Fault) { f.Probability, f.Seed = 0.5, 1 }), "", 6},
	} {
		t.Run(row.claim, func(t *testing.T) {
			run := func() string {
				c := newCloud(t)
				c.plan(row.fault)
				got := ""
				for n := range 6 {
					r := c.ecs("DescribeTasks", args{"PageSize": []string{"5", "6"}[n%2]})
					got += map[bool]string{true: ".", false: "x"}[r.Status == 200]
				}
				all := c.server.Faults()
				require.Equal(t, row.calls, all[0].Calls)
				require.Equal(t, strings.Count(got, "x"), all[0].Hits)
				return got
			}
			got := run()
			if row.want == "" {
				require.Equal(t, got, run(), "the same seed chooses the same calls")
				require.Contains(t, got, "x")
				require.Contains(t, got, ".")
				return
			}
			require.Equal(t, row.want, got)
		})
	}
}

func TestFaultsOfBatchCompute(t *testing.T) {
	c := newCloud(t)
	imageID := c.imported(importArgs)
	for _, action := range []string{"CreateImage", "BatchCompute.CreateImage"} {
		c.plan(Fault{Action: action, Params: map[string]string{"EcsImageId": imageID}, Do: Refuse, Code: "QuotaExhausted.MaxImageCount"})
		c.batch("POST", "/images", batchBody(imageID)).refused(403, "QuotaExhausted.MaxImageCount")
	}
	c.plan(Fault{Action: "GetImage", Params: map[string]string{"Id": "img-1"}, Do: Refuse, Code: "StateConflict"})
	c.batch("GET", "/images/img-1", "").refused(409, "StateConflict")
	c.batch("GET", "/images/img-2", "").refused(404, "InvalidResource.NotFound")
	c.plan(Fault{Action: "CreateImage", When: After, To: 1, Do: Refuse, Code: "InternalError"})
	c.batch("POST", "/images", batchBody(imageID)).refused(500, "InternalError")
	c.batch("POST", "/images", batchBody(imageID)).refused(400, "InvalidEcsImageId")
}

func TestTheFirstFaultThatAppliesHappens(t *testing.T) {
	c := newCloud(t)
	c.plan(Fault{Action: "DescribeTasks", From: 2, Do: Refuse, Code: "ServiceUnavailable"}, Fault{Action: "*", Do: Refuse, Code: "InternalError"})
	c.ecs("DescribeTasks", args{}).refused(500, "InternalError")
	c.ecs("DescribeTasks", args{}).refused(500, "ServiceUnavailable")
	c.server.ClearFaults()
	require.Empty(t, c.server.Faults())
	c.ecs("DescribeTasks", args{}).ok()
}

func TestABadSignatureComesBeforeAFault(t *testing.T) {
	c := newCloud(t)
	c.plan(Fault{Action: "*", Do: Refuse, Code: "ServiceUnavailable"})
	signed := c.sign("POST", "DescribeTasks", args{"RegionId": "cn-hangzhou"})
	signed.Set("PageSize", "2")
	c.send(httptest.NewRequest("POST", "/?"+signed.Encode(), nil), "DescribeTasks").refused(400, "SignatureDoesNotMatch")
	require.Zero(t, c.server.Faults()[0].Calls)
}

func TestFaultsThatAreNotWellFormed(t *testing.T) {
	c := newCloud(t)
	for _, row := range []struct {
		fault Fault
		want  string
	}{
		{Fault{Do: Reset}, `action "": want * or one of`},
		{Fault{Action: "RunInstances", Do: Reset}, `action "RunInstances"`},
		{Fault{Action: "*"}, `do "": want one of refuse, hang`},
		{Fault{Action: "*", Do: "explode"}, `do "explode"`},
		{Fault{Action: "*", Do: Reset, When: "later"}, `when "later": want before or after`},
		{Fault{Action: "*", Do: Reset, From: -1}, "from -1 to 0"},
		{Fault{Action: "*", Do: Reset, From: 3, To: 2}, "from 3 to 2"},
		{Fault{Action: "*", Do: Reset, Probability: 1.5}, "probability 1.5"},
		{Fault{Action: "*", Do: Reset, Probability: math.NaN()}, "probability NaN"},
		{Fault{Action: "*", Do: Delay}, "want delayMs"},
		{Fault{Action: "*", Do: Delay, DelayMs: -1}, "want milliseconds"},
		{Fault{Action: "*", Do: Refuse}, "want a code"},
		{Fault{Action: "*", Do: Reset, Code: "X"}, "belong to refuse"},
		{Fault{Action: "*", Do: Refuse, Code: "X", Status: 200}, "status 200"},
	} {
		err := c.server.Plan(Fault{Action: "*", Do: Reset}, row.fault)
		require.ErrorContains(t, err, row.want)
		require.ErrorContains(t, err, "fault 2: ")
	}
	require.Empty(t, c.server.Faults(), "one bad fault keeps all of them out")
}
