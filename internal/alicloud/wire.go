package alicloud

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// maxBody bounds an answer; the largest real one is a page of 100 components of 16 KB.
const maxBody = 16 << 20

// wire sends the SDK's requests. It judges the answers in this one place and shows the SDK
// none of them: that would read them twice more.
type wire struct {
	connect, read time.Duration
	transport     http.RoundTripper
}

func newWire(connect, read time.Duration, dial func(context.Context, string, string) (net.Conn, error)) *wire {
	if dial == nil {
		dial = (&net.Dialer{Timeout: connect}).DialContext
	}
	return &wire{connect: connect, read: read, transport: &http.Transport{
		// Loopback addresses never go through a proxy: ProxyFromEnvironment leaves them out.
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dial,
		TLSHandshakeTimeout:   connect,
		ResponseHeaderTimeout: read,
		IdleConnTimeout:       30 * time.Second,
		MaxIdleConnsPerHost:   8,
	}}
}

// exchange is one request with its answer. It travels in the request's context from
// invoke to the wire.
type exchange struct {
	Call
	service   string
	secrets   []string // never to appear in an error
	answered  bool     // a 2xx with a JSON object came
	status    int
	requestID string
	body      []byte
	err       *Error
}

type exchangeKey struct{}

func (x *exchange) in(ctx context.Context) context.Context {
	return context.WithValue(ctx, exchangeKey{}, x)
}

// Call implements the SDK's HttpClient. It ignores the transport that the SDK makes for
// every request.
func (w *wire) Call(request *http.Request, _ *http.Transport) (*http.Response, error) {
	x, ok := request.Context().Value(exchangeKey{}).(*exchange)
	if !ok {
		return nil, errors.New("a request without an exchange")
	}
	x.secrets = append(x.secrets, authorization(request.Header)...)
	ctx, cancel := context.WithTimeout(request.Context(), w.connect+w.read)
	defer cancel()
	response, err := w.transport.RoundTrip(request.WithContext(ctx))
	if err != nil {
		return nil, x.noAnswer(request, w, err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, x.noAnswer(request, w, err)
	}
	x.judge(response, body, err != nil)
	if x.err != nil {
		return nil, x.err
	}
	return nil, errAnswered
}

// errAnswered ends the SDK's part in a call that has its answer.
var errAnswered = errors.New("answered")

// authorization is what a request signs itself with, to be kept out of errors in case
// the other side echoes it.
func authorization(header http.Header) []string {
	var values []string
	for name, value := range header {
		if strings.EqualFold(name, "Authorization") || strings.EqualFold(name, "X-Acs-Security-Token") {
			values = append(values, value...)
		}
	}
	return values
}

// noAnswer records a request whose outcome is unknown. The caller's own cancellation
// comes before whatever the transport says.
func (x *exchange) noAnswer(request *http.Request, w *wire, err error) error {
	where := fmt.Sprintf("no answer from %s at %s", x.service, request.URL.Host)
	var timeout net.Error
	if cause := request.Context().Err(); cause != nil {
		err = cause
	} else if errors.As(err, &timeout) && timeout.Timeout() {
		limit := w.read
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			limit = w.connect
		}
		where += " within " + seconds(limit)
		// The deadline that passed is the call's, not the caller's.
		err = fmt.Errorf("%w: %s", os.ErrDeadlineExceeded, err.Error())
	}
	x.err = &Error{API: x.API, Code: CodeNoAnswer, Err: err, Message: x.clean(where + ": " + err.Error())}
	return x.err
}

// notSent is a call that ended before there was a request.
func (x *exchange) notSent(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return fmt.Errorf("%s: %w", x.API, err)
	}
	return &Error{API: x.API, Code: CodeNoAnswer, Err: ctx.Err(),
		Message: fmt.Sprintf("the request to %s was not sent: %v", x.service, ctx.Err())}
}

func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) + "s"
}

// judge sorts an answer: a JSON object with a 2xx is kept for decode, a 204 counts as an
// empty one, and everything else becomes the exchange's error.
func (x *exchange) judge(response *http.Response, body []byte, cutShort bool) {
	x.status, x.body = response.StatusCode, body
	x.requestID = x.clean(response.Header.Get("X-Acs-Request-Id"))
	switch {
	case x.status >= 300 && x.status < 400:
		x.fail(CodeRedirected, "the endpoint redirects"+target(response.Header.Get("Location"))+
			", which "+x.service+" never does", nil)
	case len(body) > maxBody:
		x.bad("is longer than 16 MiB", nil)
	case cutShort:
		x.bad("is cut short", io.ErrUnexpectedEOF)
	case x.status == http.StatusNoContent:
		x.body, x.answered = []byte("{}"), true
	case len(body) == 0:
		x.bad("is empty", nil)
	case x.status < 200 || x.status >= 400:
		x.refused()
	default:
		x.accept()
	}
	if x.err != nil {
		x.err.RetryAfter = retryAfter(response.Header)
	}
}

// target names the host of a redirect; the rest of the URL may be signed.
func target(location string) string {
	u, err := url.Parse(location)
	if err != nil || u.Host == "" {
		return ""
	}
	return " to " + u.Scheme + "://" + u.Host
}

// maxWait bounds what a header may ask for.
const maxWait = time.Hour

// retryAfter reads x-acs-retry-after (milliseconds) or Retry-After (seconds).
func retryAfter(header http.Header) time.Duration {
	if wait := headerDuration(header, "X-Acs-Retry-After", time.Millisecond); wait > 0 {
		return wait
	}
	return headerDuration(header, "Retry-After", time.Second)
}

func headerDuration(header http.Header, name string, unit time.Duration) time.Duration {
	n, err := strconv.ParseInt(strings.TrimSpace(header.Get(name)), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, int64(maxWait/unit))) * unit
}
