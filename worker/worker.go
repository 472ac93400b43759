// Package worker runs the workflows and activities: it wires clients, logging and shutdown.
package worker

import (
	"context"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/cli"
)

// Options of a worker.
type Options struct {
	Client    client.Options  // where Temporal is
	Cloud     *alicloud.Cloud // what the activities call
	Logger    *zap.Logger
	TaskQueue string // default workflows.DefaultTaskQueue
	// PollInterval, HeartbeatTimeout: see activities.Options and workflows.Options.
	PollInterval     time.Duration
	HeartbeatTimeout time.Duration
	// StopTimeout is how long a stop waits for running calls; default 30 s.
	StopTimeout time.Duration
	// MaxHeartbeatThrottleInterval: see the SDK's worker.Options; default 60 s.
	MaxHeartbeatThrottleInterval time.Duration
	// Ready is called each time the worker begins to poll; may be nil.
	Ready func()
}

// Run serves the task queue and its wait queue until ctx is done. It waits for a server
// that is not up yet and comes back when the server went away. It returns an error only
// for what waiting cannot mend: a namespace that does not exist, a refused key.
func Run(ctx context.Context, opts Options) error { return nil }

// NewCommand is the worker command.
func NewCommand(env cli.Env) *cobra.Command { return &cobra.Command{Use: "worker"} }
