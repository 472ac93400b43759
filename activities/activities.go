// Package activities holds what a build does to the cloud: each activity is one call
// or one look.
package activities

import (
	"time"

	"go.temporal.io/sdk/worker"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Options of the activities of a worker. The zero value means the defaults.
type Options struct {
	// PollInterval between two looks at something that is waited for; default 15 s.
	PollInterval time.Duration
}

// Register registers the activities with a worker: the calls and the waits both, so
// that a task queue of either kind can serve them.
func Register(r worker.ActivityRegistry, cloud *alicloud.Cloud, opts Options) {}
