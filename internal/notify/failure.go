package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Error is why a delivery was not accepted. Its text holds no secret and no URL.
type Error struct {
	Reason string
	Status int  // of the answer; 0 when none came
	Final  bool // trying again cannot help
	// After is how long the receiver wants to be left alone; 0 when it does not say.
	After time.Duration
}

func (e *Error) Error() string { return e.Reason }

// refuse says that a delivery cannot even be tried.
func refuse(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...), Final: true}
}

// unanswered is for a request that got no answer. The URL, which may hold a token, is left
// out of the error of package http.
func unanswered(err error, limit time.Duration) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	var late net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &late) && late.Timeout() {
		return &Error{Reason: fmt.Sprintf("no answer within %s", limit)}
	}
	return &Error{Reason: "no answer: " + err.Error()}
}

// judge tells what a status means: 2xx is delivered; other attempts can help after 408,
// 409, 425, 429 and 5xx, and after nothing else.
func judge(status int, header http.Header, now time.Time) error {
	if status >= 200 && status <= 299 {
		return nil
	}
	is := &Error{Status: status, Reason: strings.TrimSpace(fmt.Sprintf("answered %d %s", status, http.StatusText(status)))}
	switch status {
	case http.StatusRequestTimeout, http.StatusConflict, http.StatusTooEarly, http.StatusTooManyRequests:
	case http.StatusGone:
		is.Final, is.Reason = true, is.Reason+": the receiver wants no more"
	default:
		is.Final = status < 500
		if status >= 300 && status < 400 {
			is.Reason += ": redirects are not followed, correct the url"
		}
	}
	if !is.Final {
		is.After = retryAfter(header.Get("Retry-After"), now)
	}
	return is
}

// longestWait bounds what a receiver may ask for, to half the time that a delivery has by
// default: no slip of a receiver loses an event.
const longestWait = 12 * time.Hour

// retryAfter reads seconds or a date. (RFC 9110, section 10.2.3.)
func retryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseInt(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestWait)
}

// quoted is a foreign text that is fit for an error: one short line without the secrets.
func quoted(text string, secrets ...Secret) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, string(secret), hidden)
		}
	}
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }), " ")
	const longest = 200
	if runes := []rune(text); len(runes) > longest {
		text = string(runes[:longest]) + "…"
	}
	return text
}
