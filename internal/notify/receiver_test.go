package notify

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/spec"
)

const signingSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

// receiver answers as it is told and keeps what it got.
type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []received
}

type received struct {
	header http.Header
	query  map[string][]string
	body   []byte
}

func receive(t *testing.T, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		r.mu.Lock()
		r.got = append(r.got, received{req.Header, req.URL.Query(), body})
		r.mu.Unlock()
		answer(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) last(t *testing.T) received {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.NotEmpty(t, r.got)
	return r.got[len(r.got)-1]
}

// verify checks a delivery as the Standard Webhooks specification tells receivers to.
func verify(got received, secret string, now time.Time) error {
	key, err := base64.StdEncoding.DecodeString(secret[len("whsec_"):])
	if err != nil {
		return err
	}
	seconds, err := strconv.ParseInt(got.header.Get("webhook-timestamp"), 10, 64)
	if err != nil {
		return err
	}
	if age := now.Sub(time.Unix(seconds, 0)); age.Abs() > 5*time.Minute {
		return fmt.Errorf("it is of %s ago", age)
	}
	content := bytes.Join([][]byte{[]byte(got.header.Get("webhook-id")), []byte(got.header.Get("webhook-timestamp")), got.body}, []byte("."))
	want := hmac.New(sha256.New, key)
	want.Write(content)
	for _, one := range strings.Split(got.header.Get("webhook-signature"), " ") {
		version, text, _ := strings.Cut(one, ",")
		is, err := base64.StdEncoding.DecodeString(text)
		if version == "v1" && err == nil && hmac.Equal(is, want.Sum(nil)) {
			return nil
		}
	}
	return errors.New("no signature matches")
}

// sender has an environment and a clock of its own.
func sender(environment map[string]string) *Sender {
	return New(Options{
		Timeout: time.Minute,
		Now:     func() time.Time { return noon },
		Lookup:  func(name string) (string, bool) { value, ok := environment[name]; return value, ok },
	})
}

func hook(url, secretEnv string) spec.Notification {
	return spec.Notification{Webhook: &spec.Webhook{URL: url, SecretEnv: secretEnv}}
}

func failureOf(t *testing.T, err error) Error {
	t.Helper()
	var is *Error
	require.ErrorAs(t, err, &is)
	return *is
}
