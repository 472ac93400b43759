//go:build e2e

package testsuite

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver is somebody who is told how builds end. It answers the first request with the
// first of its answers, and so on; the last one stands for all that follow.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []received
}

type received struct {
	at     time.Time
	header http.Header
	query  url.Values
	body   []byte
}

// The answers.
func takes(w http.ResponseWriter, _ *http.Request)  { w.WriteHeader(http.StatusNoContent) }
func fails(w http.ResponseWriter, _ *http.Request)  { w.WriteHeader(http.StatusInternalServerError) }
func leaves(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }
func hangs(_ http.ResponseWriter, r *http.Request)  { <-r.Context().Done() }
func limits(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "1")
	w.WriteHeader(http.StatusTooManyRequests)
}
func busy(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprint(w, `{"errcode": -1, "errmsg": "系统繁忙"}`)
}
func greets(w http.ResponseWriter, _ *http.Request) {
	_, _ = fmt.Fprint(w, `{"errcode": 0, "errmsg": "ok"}`)
}

func receive(t *testing.T, answers ...http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the sender is gone
		}
		answers[min(r.note(received{time.Now(), req.Header, req.URL.Query(), body}), len(answers))-1](w, req)
	}))
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	return r
}

// note keeps a request and returns how many there were.
func (r *receiver) note(one received) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, one)
	return len(r.got)
}

func (r *receiver) all(t *testing.T) []received {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) host() string { return strings.TrimPrefix(r.URL, "http://") }

// verify checks a delivery as the Standard Webhooks specification tells receivers to.
func (r received) verify(secret string) error {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return err
	}
	id, timestamp := r.header.Get("webhook-id"), r.header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return err
	}
	if off := r.at.Sub(time.Unix(seconds, 0)); off.Abs() > 5*time.Minute {
		return fmt.Errorf("it was sent %s before it came", off)
	}
	want := hmac.New(sha256.New, key)
	want.Write(bytes.Join([][]byte{[]byte(id), []byte(timestamp), r.body}, []byte{'.'}))
	for signature := range strings.SplitSeq(r.header.Get("webhook-signature"), " ") {
		is, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(signature, "v1,"))
		if err == nil && hmac.Equal(is, want.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature is of the secret")
}

// verifyRobot checks a message as DingTalk does, and that it is one.
func (r received) verifyRobot(token, secret string) error {
	timestamp := r.query.Get("timestamp")
	millis, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return err
	}
	want := hmac.New(sha256.New, []byte(secret))
	want.Write([]byte(timestamp + "\n" + secret))
	var message struct {
		Type     string `json:"msgtype"`
		Markdown struct{ Title, Text string }
	}
	switch {
	case r.query.Get("access_token") != token:
		return errors.New("token is not exist")
	case r.at.Sub(time.UnixMilli(millis)).Abs() > time.Hour:
		return errors.New("invalid timestamp")
	case r.query.Get("sign") != base64.StdEncoding.EncodeToString(want.Sum(nil)):
		return errors.New("sign not match")
	case json.Unmarshal(r.body, &message) != nil || message.Type != "markdown" || message.Markdown.Title == "" || message.Markdown.Text == "":
		return fmt.Errorf("no message: %s", r.body)
	}
	return nil
}

var payloadData = regexp.MustCompile(`"data":\s*"([A-Za-z0-9+/=]+)"`)

// decodedPayloads is a history as JSON, followed by what its payloads hold.
func decodedPayloads(history string) string {
	var all strings.Builder
	all.WriteString(history)
	for _, match := range payloadData.FindAllStringSubmatch(history, -1) {
		if data, err := base64.StdEncoding.DecodeString(match[1]); err == nil {
			all.Write(data)
		}
	}
	return all.String()
}
