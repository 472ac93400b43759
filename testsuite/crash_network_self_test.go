//go:build e2e

package testsuite

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// office answers calls and counts those that reached it.
type office struct {
	*network
	reached atomic.Int32
	passed  chan passage
}

func newOffice(t *testing.T) *office {
	o := &office{passed: make(chan passage, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		o.reached.Add(1)
		_, _ = io.WriteString(w, "done")
	}))
	t.Cleanup(server.Close)
	o.network = newNetwork(t, server.Listener.Addr().String(), func(p passage) { o.passed <- p })
	return o
}

// call asks the office for an API and tells later whether the answer came.
func (o *office) call(t *testing.T, api string) <-chan error {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+o.address()+"/", strings.NewReader(strings.Repeat("x", 100_000)))
	require.NoError(t, err)
	request.Header["x-acs-action"] = []string{api}
	came := make(chan error, 1)
	go func() {
		answer, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(request)
		if err == nil {
			_, err = io.ReadAll(answer.Body)
		}
		came <- err
	}()
	return came
}

func TestNetworkHoldsACall(t *testing.T) {
	o := newOffice(t)
	late, lost := o.holdCall("ImportImage"), o.holdCall("CancelTask")
	imported, cancelled := o.call(t, "ImportImage"), o.call(t, "CancelTask")
	<-late.reached
	<-lost.reached
	require.NoError(t, <-o.call(t, "DescribeTasks"), "others pass")
	require.EqualValues(t, 1, o.reached.Load())
	lost.drop()
	require.Error(t, <-cancelled)
	late.deliver()
	require.NoError(t, <-imported)
	require.EqualValues(t, 2, o.reached.Load())
}

func TestNetworkHoldsAnAnswer(t *testing.T) {
	o := newOffice(t)
	h := o.holdAnswer("ImportImage")
	came := o.call(t, "ImportImage")
	<-h.reached
	require.EqualValues(t, 1, o.reached.Load())
	require.Equal(t, passage{o.network, "ImportImage", false}, <-o.passed)
	require.Equal(t, passage{o.network, "ImportImage", true}, <-o.passed)
	require.Empty(t, came)
	h.drop()
	require.Error(t, <-came)
}

func TestNetworkIsCutAndHeals(t *testing.T) {
	o := newOffice(t)
	h := o.holdAnswer("ImportImage")
	came := o.call(t, "ImportImage")
	<-h.reached
	o.cut()
	require.Error(t, <-came)
	require.Error(t, <-o.call(t, "ImportImage"))
	require.Positive(t, o.tried())
	o.heal()
	require.NoError(t, <-o.call(t, "ImportImage"))
}

// What was sent into a silent network arrives when it heals, although its sender is gone.
func TestNetworkFallsSilent(t *testing.T) {
	o := newOffice(t)
	o.silence()
	client := &http.Client{Timeout: 10 * time.Millisecond}
	_, err := client.Post("http://"+o.address(), "text/plain", strings.NewReader("late"))
	require.Error(t, err)
	require.Zero(t, o.reached.Load())
	o.heal()
	eventually(t, "the call arrives", func() bool { return o.reached.Load() == 1 })
}

func TestNetworkNamesCalls(t *testing.T) {
	for start, api := range map[string]string{
		"GET /?Action=x HTTP/1.1\r\nHost: h\r\nx-acs-action: DescribeImages": "DescribeImages",
		"POST /images HTTP/1.1\r\nHost: h":                                   "BatchCompute.CreateImage",
		"GET /images?maxItemCount=100 HTTP/1.1\r\nHost: h":                   "BatchCompute.ListImages",
		"DELETE /images/img-1 HTTP/1.1\r\nHost: h":                           "BatchCompute.DeleteImage",
		"GET /healthz HTTP/1.1\r\nHost: h":                                   "",
	} {
		require.Equal(t, api, apiOf([]byte(start+"\r\nAccept: */*\r\n\r\n")), start)
		require.Empty(t, apiOf([]byte(start)), "a header that is not complete yet")
	}
}
