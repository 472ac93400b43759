package alicloud

import "time"

// Codes of our own for a call that got no usable answer from the cloud. They stand in
// Error.Code and have rows in the error catalogue.
const (
	CodeNoAnswer   = "NoAnswer"   // refused connection, reset or time-out: the outcome is unknown
	CodeBadAnswer  = "BadAnswer"  // not JSON, truncated, wrong types, or a 2xx without the id it owes
	CodeRedirected = "Redirected" // a 3xx, which these services never send
)

// Error is a call that failed, with the cloud's own words.
type Error struct {
	API        string // as in the catalogue: ImportImage, BatchCompute.CreateImage
	Code       string // the cloud's code, or one of the Code constants
	HTTPStatus int    // 0 when no answer came
	Message    string
	RequestID  string
	RetryAfter time.Duration // how long the cloud asks to wait; 0 when it does not say
	Err        error         // the cause when no answer came
}
