package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/spec"
)

const (
	robotToken  = "566cc69da782ec1d"
	robotSecret = "SECb5ae4b1e0f2a7c"
)

var robotEnvironment = map[string]string{"KILN_NOTIFY_TOKEN": robotToken, "KILN_NOTIFY_SIGN": robotSecret}

func robot(url string) spec.Notification {
	return spec.Notification{DingTalk: &spec.DingTalk{TokenEnv: "KILN_NOTIFY_TOKEN", SecretEnv: "KILN_NOTIFY_SIGN", URL: url}}
}

func TestRobotGetsASignedMessage(t *testing.T) {
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"errcode":0,"errmsg":"ok"}`) })
	e := events["failed"]
	require.NoError(t, sender(robotEnvironment).Send(t.Context(), robot(r.URL+"/robot/send?lang=en"), e))

	got := r.last(t)
	stamp := got.query["timestamp"][0]
	require.Equal(t, fmt.Sprint(noon.UnixMilli()), stamp)
	mac := hmac.New(sha256.New, []byte(robotSecret))
	mac.Write([]byte(stamp))
	mac.Write([]byte{'\n'})
	mac.Write([]byte(robotSecret))
	sign, err := base64.StdEncoding.DecodeString(got.query["sign"][0])
	require.NoError(t, err)
	require.Equal(t, mac.Sum(nil), sign)
	require.Equal(t, []string{robotToken}, got.query["access_token"])
	require.Equal(t, []string{"en"}, got.query["lang"])
	require.Equal(t, "application/json; charset=utf-8", got.header.Get("Content-Type"))

	var sent message
	require.NoError(t, json.Unmarshal(got.body, &sent))
	require.Equal(t, robotMessage(e), sent)
}

func TestRobotWithoutASecretIsNotSigned(t *testing.T) {
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"errcode":0}`) })
	to := robot(r.URL)
	to.DingTalk.SecretEnv = ""
	require.NoError(t, sender(robotEnvironment).Send(t.Context(), to, succeeded()))
	require.Equal(t, map[string][]string{"access_token": {robotToken}}, r.last(t).query)
}

func TestRobotAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		final  bool
		after  time.Duration
		says   string
	}{
		{name: "too many messages", status: 200, body: `{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}`, after: time.Minute, says: "errcode 130101: send too fast"},
		{name: "sent too fast", status: 200, body: `{"errcode":410100,"errmsg":"limited"}`, after: time.Minute, says: "errcode 410100"},
		{name: "the system is busy", status: 200, body: `{"errcode":-1,"errmsg":"系统繁忙"}`, says: "errcode -1: 系统繁忙"},
		{name: "the signature is refused", status: 200, body: `{"errcode":310000,"errmsg":"sign not match"}`, final: true, says: "errcode 310000: sign not match"},
		{name: "the token is unknown", status: 200, body: `{"errcode":300001,"errmsg":"token ` + robotToken + ` is not exist\n` + robotSecret + `"}`, final: true, says: "token *** is not exist ***"},
		{name: "a long reason", status: 200, body: `{"errcode":40035,"errmsg":"` + strings.Repeat("长", 300) + `"}`, final: true, says: strings.Repeat("长", 200) + "…"},
		{name: "no robot", status: 200, body: `<html>welcome</html>`, final: true, says: "not as a DingTalk robot does"},
		{name: "no code", status: 200, body: `{}`, final: true, says: "not as a DingTalk robot does"},
		{name: "an outage", status: 503, body: `{"errcode":0}`, says: "answered 503"},
		{name: "no such address", status: 404, final: true, says: "answered 404"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = fmt.Fprint(w, test.body)
			})
			is := failureOf(t, sender(robotEnvironment).Send(t.Context(), robot(r.URL), succeeded()))
			require.Contains(t, is.Reason, test.says)
			require.Equal(t, test.final, is.Final)
			require.Equal(t, test.after, is.After)
			require.Equal(t, test.status, is.Status)
		})
	}
}

// Whether the message arrived is not known.
func TestRobotAnswerThatBreaksOffIsTriedAgain(t *testing.T) {
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = fmt.Fprint(w, `{"errcode`)
	})
	require.False(t, failureOf(t, sender(robotEnvironment).Send(t.Context(), robot(r.URL), succeeded())).Final)
}

func TestTokenIsInNoError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	s := sender(robotEnvironment)
	for _, url := range []string{"http://" + listener.Addr().String(), "http://127.0.0.1:1\x7f", "http://%zz", "http://kiln.invalid:http"} {
		said := s.Send(t.Context(), robot(url), succeeded()).Error()
		require.NotContains(t, said, robotToken)
		require.NotContains(t, said, "access_token")
		require.NotContains(t, said, "sign=")
	}
	to := robot("http://127.0.0.1")
	to.DingTalk.TokenEnv = "KILN_NOTIFY_OTHER"
	require.ErrorContains(t, s.Send(t.Context(), to, succeeded()), "KILN_NOTIFY_OTHER")
}

func TestSecretsDoNotShowThemselves(t *testing.T) {
	secret := Secret("very secret")
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("said", "secret", secret, "in", struct{ S Secret }{secret})
	encoded, err := json.Marshal(map[string]any{"secret": secret, "list": []Secret{secret}})
	require.NoError(t, err)
	for _, said := range []string{
		fmt.Sprint(secret), fmt.Sprintf("%s %v %+v %#v %q %x", secret, secret, secret, secret, secret, secret),
		fmt.Sprintf("%v %+v %#v", struct{ S Secret }{secret}, &struct{ S Secret }{secret}, []Secret{secret}),
		log.String(), string(encoded), secret.String(),
	} {
		require.NotContains(t, said, "very")
		require.NotContains(t, said, fmt.Sprintf("%x", "very"))
		require.Contains(t, said, "***")
	}
}
