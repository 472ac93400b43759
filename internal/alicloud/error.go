package alicloud

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Codes of our own for a call that got no usable answer from the cloud. They stand in
// Error.Code and have rows in the error catalogue.
const (
	CodeNoAnswer   = "NoAnswer"   // refused connection, reset or time-out: the outcome is unknown
	CodeBadAnswer  = "BadAnswer"  // not JSON, truncated, wrong types, or a 2xx without the id it owes
	CodeRedirected = "Redirected" // a 3xx, which these services never send
	// CodeHeldBack is the error of a Gate that lets a call wait for longer than it holds one:
	// the call was not made. Whoever knows the codes of the cloud takes it for a throttle.
	CodeHeldBack = "Throttling.Kiln"
)

// ErrNotFound is wrapped by the errors of Task and Execution when the cloud knows no such thing.
var ErrNotFound = errors.New("not found")

// ErrNoCredentials is wrapped by every error that comes of an empty credential chain.
var ErrNoCredentials = errors.New("no Alibaba Cloud credentials found")

// Error is a call that failed, with the cloud's own words.
type Error struct {
	API        string // as in the catalogue: ImportImage, BatchCompute.CreateImage
	Code       string // the cloud's code, or one of the Code constants
	HTTPStatus int    // 0 when no answer came
	Message    string
	RequestID  string
	RetryAfter time.Duration // how long the cloud asks to wait; 0 when it does not say
	Err        error         // the cause when no answer came, or ErrNotFound
}

// Error reads "ImportImage: InvalidOSSObject.NotFound (400): message (request id …)",
// without the parts that are missing.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.API + ": " + e.Code)
	if e.HTTPStatus != 0 {
		b.WriteString(" (" + strconv.Itoa(e.HTTPStatus) + ")")
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		b.WriteString(" (request id " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the cause when no answer came, such as the context's error.
func (e *Error) Unwrap() error { return e.Err }

// Throttled tells whether the cloud only asks to come back later, in whatever case it
// writes its code.
func (e *Error) Throttled() bool { return strings.Contains(strings.ToLower(e.Code), "throttling") }

// UntilNextMinute is how long a throttle lasts: the cloud counts calls in windows of one
// minute. (ECS guide, API throttling.)
func UntilNextMinute(now time.Time) time.Duration {
	return now.Truncate(time.Minute).Add(time.Minute).Sub(now)
}

// absent makes a refusal with one of the codes wrap ErrNotFound.
func absent(err error, codes ...string) error {
	var refused *Error
	if isRefusal(err, codes...) && errors.As(err, &refused) {
		refused.Err = ErrNotFound
	}
	return err
}

// isRefusal tells whether an error is a refusal with one of the codes.
func isRefusal(err error, codes ...string) bool {
	var refused *Error
	return errors.As(err, &refused) && slices.Contains(codes, refused.Code)
}
