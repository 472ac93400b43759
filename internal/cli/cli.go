// Package cli is what the commands of both binaries share: the streams, the exit
// codes, and the flags that reach Temporal and the cloud.
package cli

import (
	"errors"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/alicloud"
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

// Connection is the Temporal connection: flags over environment over profile, as in
// the temporal CLI.
type Connection struct{}

// AddFlags defines --address, --namespace, --api-key, --tls-*, --profile and the rest.
func (c *Connection) AddFlags(flags *pflag.FlagSet) {}

// Options are the client options that the flags, the environment and the profile name.
// The logger is left to the caller.
func (c *Connection) Options() (client.Options, error) {
	return client.Options{}, errors.New("not written yet")
}

// CloudFlags are where the cloud is: KILN_ECS_ENDPOINT and its sisters, each with a flag.
type CloudFlags struct {
	ECSEndpoint          string
	BatchComputeEndpoint string
	OSSEndpoint          string
}

// AddFlags defines --ecs-endpoint, --batchcompute-endpoint and --oss-endpoint with the
// environment as default.
func (c *CloudFlags) AddFlags(flags *pflag.FlagSet) {}

// Options are the client options that the flags name.
func (c *CloudFlags) Options() alicloud.Options {
	return alicloud.Options{ECSEndpoint: c.ECSEndpoint, BatchComputeEndpoint: c.BatchComputeEndpoint}
}

// Main runs a command tree, prints its error once as a sentence, and returns the exit code.
func Main(root *cobra.Command, env Env) int { return ExitOK }
