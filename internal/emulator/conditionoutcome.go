package emulator

import (
	"fmt"
	"time"
)

// Imports says what becomes of imports.
type Imports struct {
	// Fail ends an import as Failed, After simulated time from its beginning on.
	Fail  Reason   `json:"fail,omitzero"`
	After Duration `json:"after,omitempty"`
	// ImageAfter is what a failed import leaves: CreateFailed, the default, or none.
	ImageAfter string `json:"imageAfter,omitempty"`
	// Stuck: an import never ends.
	Stuck bool   `json:"stuck,omitempty"`
	Image Images `json:"image,omitzero"`
}

// Reason is the code and the words of a failure.
type Reason struct {
	Code    string `json:"code"`
	Message string `json:"message,omitempty"`
}

// Executions says what becomes of executions.
type Executions struct {
	// Status is the final status in the place of SUCCESS, and Reason why.
	Status string `json:"status,omitempty"`
	Reason Reason `json:"reason,omitzero"`
	// After is when that is, in simulated time from the beginning on; by default at the
	// end of the state in which such a thing happens.
	After Duration `json:"after,omitempty"`
	// Passes is a status that an execution is in for a while before it builds.
	Passes    string   `json:"passes,omitempty"`
	PassesFor Duration `json:"passesFor,omitempty"`
	// Stuck: an execution never gets beyond BUILDING.
	Stuck bool   `json:"stuck,omitempty"`
	Image Images `json:"image,omitzero"`
}

// Images says what becomes of images that imports and executions make.
type Images struct {
	// Status is what the image becomes in the place of Available.
	Status string `json:"status,omitempty"`
	// UsableAfter is how long, in simulated time, it is Available before it is usable.
	// DescribeImages tells Usable then, unless Silent.
	UsableAfter Duration `json:"usableAfter,omitempty"`
	Silent      bool     `json:"silent,omitempty"`
	// GoneAfter is how long, in simulated time, it is there before it disappears.
	GoneAfter Duration `json:"goneAfter,omitempty"`
}

// Duration is a time.Duration that is written as in 1m30s.
type Duration time.Duration

// MarshalText writes a duration as in 1m30s.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads a duration such as 1m30s; it may not be negative.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("duration %q: want one such as 1m30s", text)
	}
	*d = Duration(parsed)
	return nil
}
