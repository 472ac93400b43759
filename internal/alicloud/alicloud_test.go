package alicloud

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

const (
	testID     = "test-key-id"
	testSecret = "test-key-secret"
	proxyURL   = "http://proxy-user:proxy-password@127.0.0.1:1"
)

func TestMain(m *testing.M) {
	// A proxy that nothing listens on: a loopback endpoint must never be asked through it.
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		_ = os.Setenv(name, proxyURL)
	}
	_ = os.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	goleak.VerifyTestMain(m)
}

// sent is a request as the server got it.
type sent struct {
	method, path, body string
	query              url.Values
	header             http.Header
}

// server answers every request with the next of its answers, the last one for ever.
type server struct {
	mu       sync.Mutex
	requests []sent
	handler  http.HandlerFunc
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, sent{r.Method, r.URL.Path, string(body), r.URL.Query(), r.Header})
	s.mu.Unlock()
	s.handler(w, r)
}

func (s *server) only(t *testing.T) sent {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Len(t, s.requests, 1, "one call is one request")
	return s.requests[0]
}

// serve starts a server and a Cloud that asks it for everything.
func serve(t *testing.T, handler http.HandlerFunc, change ...func(*Options)) (*Cloud, *server) {
	t.Helper()
	s := &server{handler: handler}
	h := httptest.NewServer(s)
	opts := Options{ECSEndpoint: h.URL, BatchComputeEndpoint: h.URL + "/", AccessKeyID: testID, AccessKeySecret: testSecret}
	for _, c := range change {
		c(&opts)
	}
	cloud, err := New(opts)
	require.NoError(t, err)
	t.Cleanup(func() {
		cloud.CloseIdleConnections()
		h.Close()
	})
	return cloud, s
}

// answers writes bodies in turn, the last one for ever.
func answers(status int, bodies ...string) http.HandlerFunc {
	var mu sync.Mutex
	next := 0
	return func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		body := bodies[min(next, len(bodies)-1)]
		next++
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// flat makes the values of a query comparable in a table.
func flat(query url.Values) map[string]string {
	m := map[string]string{}
	for name, values := range query {
		m[name] = values[0]
	}
	return m
}

func TestNewChecksItsOptions(t *testing.T) {
	tests := []struct {
		name string
		opts Options
		want string
	}{
		{"no scheme", Options{ECSEndpoint: "127.0.0.1:9100"}, "ECS endpoint is not a URL"},
		{"another scheme", Options{ECSEndpoint: "ftp://127.0.0.1"}, "must begin with http:// or https://"},
		{"a host alone", Options{BatchComputeEndpoint: "localhost"}, "Batch Compute endpoint \"localhost\" must begin"},
		{"no host", Options{BatchComputeEndpoint: "http://:9100"}, "names no host"},
		{"a path", Options{ECSEndpoint: "http://127.0.0.1/ecs"}, "must end after the host"},
		{"a query", Options{ECSEndpoint: "http://127.0.0.1/?a=b"}, "must end after the host"},
		{"a password", Options{ECSEndpoint: "http://me:hidden@127.0.0.1"}, "must not hold a user name"},
		{"an id without a secret", Options{AccessKeyID: "a"}, "only one of them"},
		{"a negative time-out", Options{ReadTimeout: -1}, "negative"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New(tt.opts)
			require.ErrorContains(t, err, tt.want)
			require.NotContains(t, err.Error(), "hidden")
		})
	}
	_, err := New(Options{ECSEndpoint: "https://ecs.example.com/", BatchComputeEndpoint: "http://[::1]:9100"})
	require.NoError(t, err)
}

func TestRequestsAreSignedAndGoStraightToLoopback(t *testing.T) {
	cloud, s := serve(t, answers(200, `{"Id":"img-1","ImageId":"m-1","TaskId":"t-1"}`))
	_, err := cloud.ImportImage(context.Background(), ImportImageRequest{Region: "cn-hangzhou"})
	require.NoError(t, err)
	_, err = cloud.RegisterImage(context.Background(), RegisterImageRequest{Region: "cn-hangzhou", Name: "golden"})
	require.NoError(t, err)

	ecs, batch := s.requests[0].header, s.requests[1].header
	require.Regexp(t, `^ACS3-HMAC-SHA256 Credential=test-key-id,SignedHeaders=.*,Signature=[0-9a-f]{64}$`, ecs.Get("Authorization"))
	require.Equal(t, "2014-05-26", ecs.Get("X-Acs-Version"))
	require.Equal(t, "ImportImage", ecs.Get("X-Acs-Action"))
	require.Regexp(t, `^acs test-key-id:[0-9A-Za-z+/=]+$`, batch.Get("Authorization"))
	require.Equal(t, "2015-11-11", batch.Get("X-Acs-Version"))
	for _, header := range []http.Header{ecs, batch} {
		require.Empty(t, header.Get("Proxy-Authorization"), "the proxy's password stays with the proxy")
		require.Contains(t, header.Get("User-Agent"), "Kiln")
	}
}

func TestPublicEndpointsFollowTheRegion(t *testing.T) {
	var hosts []string
	cloud, err := New(Options{AccessKeyID: testID, AccessKeySecret: testSecret})
	require.NoError(t, err)
	cloud.wire.transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		hosts = append(hosts, r.URL.Scheme+"://"+r.URL.Host)
		return nil, io.EOF
	})
	for _, region := range []string{"cn-hangzhou", "cn-zhangjiakou", "eu-west-1"} {
		_, err := cloud.Regions(context.Background(), region)
		require.Error(t, err)
		_, err = cloud.BatchImages(context.Background(), region)
		require.Error(t, err)
	}
	require.Equal(t, []string{
		"https://ecs-cn-hangzhou.aliyuncs.com", "https://batchcompute.cn-hangzhou.aliyuncs.com",
		"https://ecs.cn-zhangjiakou.aliyuncs.com", "https://batchcompute.cn-zhangjiakou.aliyuncs.com",
		"https://ecs.eu-west-1.aliyuncs.com", "https://batchcompute.eu-west-1.aliyuncs.com",
	}, hosts)
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestARegionThatIsNoneAsksNoHost(t *testing.T) {
	cloud, s := serve(t, answers(200, `{}`))
	for _, region := range []string{"", "cn hangzhou", "x.example.com/", "cn-hangzhou@evil"} {
		var refused *Error
		_, err := cloud.Regions(context.Background(), region)
		require.ErrorAs(t, err, &refused)
		require.Equal(t, "InvalidRegionId.NotFound", refused.Code)
		_, err = cloud.BatchImages(context.Background(), region)
		require.ErrorAs(t, err, &refused)
	}
	require.Empty(t, s.requests)
}

func TestRepeatedRequestsAreTheSameExceptForTheirSignature(t *testing.T) {
	cloud, s := serve(t, answers(200, `{"Id":"img-1","ImageId":"m-1","TaskId":"t-1"}`))
	tags := Tags{}
	for _, key := range []string{"z", "a", "m", "kiln:build", "kiln:token", "B"} {
		tags[key] = "value of " + key
	}
	for range 5 {
		_, err := cloud.ImportImage(context.Background(), ImportImageRequest{
			Region: "cn-hangzhou", ClientToken: "token", Disks: []Disk{{Bucket: "b", Object: "o"}}, Tags: tags})
		require.NoError(t, err)
		_, err = cloud.RegisterImage(context.Background(), RegisterImageRequest{
			Region: "cn-hangzhou", IdempotentToken: "token", Name: "n", Description: "d", ECSImageID: "m-1", Platform: "Linux"})
		require.NoError(t, err)
	}
	for i := 2; i < len(s.requests); i++ {
		require.Equal(t, s.requests[i%2].query, s.requests[i].query)
		require.Equal(t, s.requests[i%2].body, s.requests[i].body)
	}
	var keys []string
	for _, n := range []string{"1", "2", "3", "4", "5", "6"} {
		keys = append(keys, s.requests[0].query.Get("Tag."+n+".Key"))
	}
	require.True(t, slices.IsSorted(keys), "tags are in the order of their keys: %v", keys)
}

func TestOneCloudServesConcurrentCalls(t *testing.T) {
	cloud, s := serve(t, answers(200, `{"TaskId":"t-1","TaskStatus":"Processing"}`))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for _, region := range []string{"cn-hangzhou", "cn-beijing"} {
				task, err := cloud.Task(context.Background(), region, "t-1")
				if err != nil || task.Status != "Processing" {
					t.Errorf("task %v, error %v", task, err)
				}
			}
		})
	}
	wg.Wait()
	require.Len(t, s.requests, 40)
}
