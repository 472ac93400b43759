// Package workflows tells the story of a build.
package workflows

import (
	"time"

	"go.temporal.io/sdk/worker"
)

// Options of the workflows of a worker. The zero value means the defaults.
type Options struct {
	// HeartbeatTimeout after which a wait whose worker is lost starts again on another;
	// default 2 min. A wait beats at two thirds of it.
	HeartbeatTimeout time.Duration
}

// Register registers the workflows with a worker.
func Register(r worker.WorkflowRegistry, opts Options) {}
