package notify

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/seed1230462e/kiln/internal/spec"
)

const (
	defaultTimeout = 15 * time.Second
	longestAnswer  = 4 << 10 // as much of an answer as is read
)

// Options of a Sender. The zero value means the defaults.
type Options struct {
	// Timeout of one request, from the connection to the end of the answer; default 15 s.
	Timeout time.Duration
	// Lookup finds a variable of the environment; default os.LookupEnv.
	Lookup func(name string) (value string, ok bool)
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Sender delivers events. It is safe for concurrent use.
type Sender struct {
	timeout time.Duration
	lookup  func(string) (string, bool)
	now     func() time.Time
	client  *http.Client
}

// New makes a Sender.
func New(opts Options) *Sender {
	s := &Sender{timeout: cmp.Or(opts.Timeout, defaultTimeout), lookup: opts.Lookup, now: opts.Now}
	if s.lookup == nil {
		s.lookup = os.LookupEnv
	}
	if s.now == nil {
		s.now = time.Now
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DisableKeepAlives = true // deliveries to a receiver are hours apart
	s.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return s
}

// Send delivers an event to a receiver by one request. Its error is an *Error.
func (s *Sender) Send(ctx context.Context, to spec.Notification, e Event) error {
	switch {
	case e.Kind.Type() == "":
		return refuse("there are no events of the kind %q", string(e.Kind))
	case to.Webhook != nil:
		return s.webhook(ctx, *to.Webhook, e)
	case to.DingTalk != nil:
		return s.dingTalk(ctx, *to.DingTalk, e)
	}
	return refuse("the notification has neither a webhook nor dingTalk")
}

// address reads the URL of a receiver.
func address(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, refuse("the url is no http or https address")
	case u.User != nil:
		return nil, refuse("the url holds a user or password, which do not belong in a document")
	}
	return u, nil
}

// answer is the beginning of what a receiver said.
type answer struct {
	body   []byte
	broken bool // the connection ended within it
}

// post makes one request; an answer that is not 2xx is an error.
func (s *Sender) post(ctx context.Context, to *url.URL, header http.Header, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), bytes.NewReader(body))
	if err != nil {
		return answer{}, refuse("the url is no address that can be called")
	}
	header.Set("User-Agent", "kiln")
	req.Header = header
	resp, err := s.client.Do(req)
	if err != nil {
		return answer{}, unanswered(err, s.timeout)
	}
	defer func() { _ = resp.Body.Close() }()
	said, readErr := io.ReadAll(io.LimitReader(resp.Body, longestAnswer))
	return answer{said, readErr != nil}, judge(resp.StatusCode, resp.Header, s.now())
}
