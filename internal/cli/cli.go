// Package cli is what the commands of both binaries share: the streams, the exit
// codes, and the flags that reach Temporal and the cloud.
package cli

import (
	"io"
	"os"
)

// Env is what a command may touch of the world.
type Env struct {
	In      io.Reader
	Out     io.Writer // results
	Err     io.Writer // progress and messages
	Version string    // of the binary
}

// The exit codes.
const (
	ExitOK          = 0
	ExitFailed      = 1   // the build or operation failed
	ExitUsage       = 2   // usage, invalid document, or refused before any effect
	ExitTimeout     = 3   // --wait-timeout ran out, the build goes on
	ExitConnection  = 4   // no connection or not authorised
	ExitTests       = 5   // image tests failed
	ExitPartial     = 6   // partly successful
	ExitCancelled   = 7   // cancelled or rejected
	ExitInterrupted = 130 // interrupted, the build goes on
)

// Error is an error that knows its exit code. Its text is a sentence for the user that
// says what to do next.
type Error struct {
	Exit int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Fail gives an error an exit code.
func Fail(exit int, err error) error { return &Error{Exit: exit, Err: err} }

// Getenv is an environment variable, or the fallback when it is unset or empty.
func Getenv(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
