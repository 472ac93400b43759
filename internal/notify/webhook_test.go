package notify

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/spec"
)

// The vector that the specification's own libraries are tested with.
func TestSignatureOfThePublishedVector(t *testing.T) {
	key, err := signingKey("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	require.NoError(t, err)
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
		signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", []byte(`{"test": 2432232314}`)))
}

func TestWebhookGetsASignedCloudEvent(t *testing.T) {
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	e := events["failed"]
	require.NoError(t, sender(map[string]string{"KILN_NOTIFY_WEB": signingSecret}).Send(t.Context(), hook(r.URL, "KILN_NOTIFY_WEB"), e))

	got := r.last(t)
	want, err := cloudEvent(e)
	require.NoError(t, err)
	require.Equal(t, string(want), string(got.body))
	require.Equal(t, "application/cloudevents+json", got.header.Get("Content-Type"))
	require.Equal(t, e.ID, got.header.Get("webhook-id"))
	require.NoError(t, verify(got, signingSecret, noon))

	require.Error(t, verify(got, "whsec_"+strings.Repeat("A", 32), noon), "another secret")
	require.Error(t, verify(got, signingSecret, noon.Add(time.Hour)), "a replay")
	got.body = append(got.body, ' ')
	require.Error(t, verify(got, signingSecret, noon), "another body")
}

func TestWebhookWithoutASecretIsNotSigned(t *testing.T) {
	r := receive(t, func(http.ResponseWriter, *http.Request) {})
	require.NoError(t, sender(nil).Send(t.Context(), hook(r.URL, ""), succeeded()))
	require.Equal(t, succeeded().ID, r.last(t).header.Get("webhook-id"))
	require.Empty(t, r.last(t).header.Get("webhook-signature"))
}

func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status     int
		retryAfter string
		final      bool
		after      time.Duration
		says       string
	}{
		{status: 200}, {status: 202}, {status: 299},
		{status: 301, final: true, says: "redirects are not followed"},
		{status: 307, final: true, says: "redirects are not followed"},
		{status: 400, final: true, says: "answered 400 Bad Request"},
		{status: 401, final: true, says: "401"},
		{status: 403, final: true, retryAfter: "7", says: "403"},
		{status: 404, final: true, says: "404"},
		{status: 408, says: "408"}, {status: 409, says: "409"},
		{status: 410, final: true, says: "410 Gone: the receiver wants no more"},
		{status: 413, final: true, says: "413"},
		{status: 425, says: "425"},
		{status: 429, says: "429 Too Many Requests"},
		{status: 429, retryAfter: "7", after: 7 * time.Second, says: "429"},
		{status: 429, retryAfter: "Wed, 04 Mar 2026 12:10:00 GMT", after: 10 * time.Minute, says: "429"},
		{status: 429, retryAfter: "Wed, 04 Mar 2026 11:00:00 GMT", says: "429"},
		{status: 429, retryAfter: "-5", says: "429"},
		{status: 429, retryAfter: "soon", says: "429"},
		{status: 429, retryAfter: "99999999", after: 12 * time.Hour, says: "429"},
		{status: 500, says: "500"}, {status: 502, says: "502"}, {status: 504, says: "504"}, {status: 599, says: "answered 599"},
		{status: 503, retryAfter: "120", after: 2 * time.Minute, says: "503"},
	} {
		t.Run(fmt.Sprint(test.status, test.retryAfter), func(t *testing.T) {
			r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Retry-After", test.retryAfter)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
			})
			err := sender(nil).Send(t.Context(), hook(r.URL, ""), succeeded())
			require.Len(t, r.got, 1)
			if test.says == "" {
				require.NoError(t, err)
				return
			}
			is := failureOf(t, err)
			require.Contains(t, is.Reason, test.says)
			require.Equal(t, test.status, is.Status)
			require.Equal(t, test.final, is.Final)
			require.Equal(t, test.after, is.After)
		})
	}
}

func TestReceiverThatDoesNotAnswerIsTriedAgain(t *testing.T) {
	t.Run("within the time", func(t *testing.T) {
		over := make(chan struct{})
		r := receive(t, func(http.ResponseWriter, *http.Request) { <-over })
		defer close(over)
		s := New(Options{Timeout: 50 * time.Millisecond})
		is := failureOf(t, s.Send(t.Context(), hook(r.URL, ""), succeeded()))
		require.Equal(t, Error{Reason: "no answer within 50ms"}, is)
	})
	t.Run("at all", func(t *testing.T) {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		require.NoError(t, listener.Close())
		is := failureOf(t, sender(nil).Send(t.Context(), hook("http://"+listener.Addr().String()+"/hidden", ""), succeeded()))
		require.False(t, is.Final)
		require.Contains(t, is.Reason, "connection refused")
		require.NotContains(t, is.Reason, "hidden")
	})
	t.Run("and hangs up", func(t *testing.T) {
		r := receive(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		require.False(t, failureOf(t, sender(nil).Send(t.Context(), hook(r.URL, ""), succeeded())).Final)
	})
}

// An answer without an end keeps nobody waiting.
func TestOnlyTheBeginningOfAnAnswerIsRead(t *testing.T) {
	written := make(chan int, 1)
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		line, n := strings.Repeat("x", 1023)+"\n", 0
		for req.Context().Err() == nil {
			m, _ := fmt.Fprint(w, line)
			n += m
		}
		written <- n
	})
	require.NoError(t, sender(nil).Send(t.Context(), hook(r.URL, ""), succeeded()))
	require.Positive(t, <-written)
}

func TestWhatCannotBeTriedIsNotTriedAgain(t *testing.T) {
	reached := false
	r := receive(t, func(http.ResponseWriter, *http.Request) { reached = true })
	s := sender(map[string]string{
		"KILN_NOTIFY_BARE": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "KILN_NOTIFY_SHORT": "whsec_c2hvcnQ=", "KILN_NOTIFY_ODD": "whsec_%%%",
		"KILN_NOTIFY_EMPTY": " ", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "top-secret",
	})
	for _, test := range []struct {
		name string
		to   spec.Notification
		kind Kind
		says string
	}{
		{"no variable", hook(r.URL, "KILN_NOTIFY_NONE"), Succeeded, "the worker's environment has no KILN_NOTIFY_NONE"},
		{"an empty variable", hook(r.URL, "KILN_NOTIFY_EMPTY"), Succeeded, "the worker's environment has no KILN_NOTIFY_EMPTY"},
		{"a variable that is none of ours", hook(r.URL, "ALIBABA_CLOUD_ACCESS_KEY_SECRET"), Succeeded, "that it may not name"},
		{"a variable with another name before", hook(r.URL, "X\nKILN_NOTIFY_BARE"), Succeeded, "that it may not name"},
		{"a secret without its prefix", hook(r.URL, "KILN_NOTIFY_BARE"), Succeeded, "KILN_NOTIFY_BARE holds no signing secret"},
		{"a secret that is short", hook(r.URL, "KILN_NOTIFY_SHORT"), Succeeded, "KILN_NOTIFY_SHORT holds no signing secret"},
		{"a secret that is no base64", hook(r.URL, "KILN_NOTIFY_ODD"), Succeeded, "KILN_NOTIFY_ODD holds no signing secret"},
		{"another protocol", hook("ftp://example.com", ""), Succeeded, "no http or https address"},
		{"no address", hook("://hidden", ""), Succeeded, "no http or https address"},
		{"no host", hook("http:///hidden", ""), Succeeded, "no http or https address"},
		{"a password in the address", hook(strings.Replace(r.URL, "://", "://user:hidden@", 1), ""), Succeeded, "do not belong in a document"},
		{"nobody", spec.Notification{}, Succeeded, "neither a webhook nor dingTalk"},
		{"a kind of its own", hook(r.URL, ""), "approval", "no events of the kind"},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := succeeded()
			e.Kind = test.kind
			is := failureOf(t, s.Send(t.Context(), test.to, e))
			require.True(t, is.Final)
			require.Contains(t, is.Reason, test.says)
			for _, hidden := range []string{"hidden", "top-secret", "ALIBABA", "MfKQ9r8", "c2hvcnQ", "%%%"} {
				require.NotContains(t, is.Reason, hidden)
			}
		})
	}
	require.False(t, reached)
}
