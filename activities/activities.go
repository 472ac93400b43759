// Package activities holds what a build does to the cloud: each activity is one call, with
// a look where it saves one (ADR 0006), and a wait is one activity that looks until there
// is nothing left to wait for.
//
// No activity loops over a call, sleeps before one or makes a token: Temporal retries,
// and the workflow brings the token.
package activities

import (
	"go.temporal.io/sdk/worker"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/notify"
)

// Register registers the activities with a worker: the calls and the waits both, so
// that a task queue of either kind can serve them. Without a room waits block in their
// activity.
func Register(r worker.ActivityRegistry, cloud *alicloud.Cloud, watcher Watcher, room *WaitingRoom) {
	r.RegisterActivity(&Document{})
	r.RegisterActivity(&Inputs{Cloud: cloud})
	r.RegisterActivity(&Import{ECS: cloud, Watcher: watcher, Room: room})
	r.RegisterActivity(&Component{ECS: cloud})
	r.RegisterActivity(&Pipeline{ECS: cloud, Watcher: watcher, Room: room})
	r.RegisterActivity(&Registration{Batch: cloud, ECS: cloud})
	r.RegisterActivity(&Schedules{})
	r.RegisterActivity(&Resources{ECS: cloud, Batch: cloud, Watcher: watcher, Room: room})
	r.RegisterActivity(&Notification{Sender: notify.New(notify.Options{})})
}
