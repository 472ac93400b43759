package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/internal/spec"
)

// temporalUpdate is what an upsert of search attributes is made of.
type temporalUpdate = temporal.SearchAttributeUpdate

// calling is for one short request: it is tried again with growing pauses until the
// document's call timeout. A cancelled build waits for the attempt that runs, so that it
// knows what the request made.
func (b *build) calling(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    3 * time.Minute, // beyond connect and read timeouts of one call
		ScheduleToCloseTimeout: time.Duration(b.doc.Timeouts.Call),
		WaitForCancellation:    true,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:                summary,
	})
}

// waiting is for one activity that blocks and heartbeats until the cloud is done. A lost
// worker costs one heartbeat timeout and no try; a cancelled build does not wait for the
// next beat.
func (b *build) waiting(ctx workflow.Context, limit spec.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              WaitQueue(workflow.GetInfo(ctx).TaskQueueName),
		StartToCloseTimeout:    time.Duration(limit),
		ScheduleToCloseTimeout: time.Duration(limit),
		HeartbeatTimeout:       b.opts.HeartbeatTimeout,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1},
		Summary:                summary,
	})
}

// reading is for the document, which needs no cloud.
func reading(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: time.Minute,
		Summary:                "read the document",
	})
}

// undoTimeout bounds one call of a cancelled build.
const undoTimeout = 10 * time.Minute

// undo makes a call for a build that is cancelled already. That it fails is said in the
// log and in the step's detail, and is never the reason why the build ended.
func (b *build) undo(ctx workflow.Context, summary string, activity, in any) {
	disconnected, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	disconnected = workflow.WithScheduleToCloseTimeout(b.calling(disconnected, summary), undoTimeout)
	var done struct {
		Cancelled bool   `json:"cancelled"`
		Reason    string `json:"reason"`
	}
	err := workflow.ExecuteActivity(disconnected, activity, in).Get(disconnected, &done)
	switch {
	case err != nil:
		workflow.GetLogger(ctx).Warn("Cancelling did not reach the cloud", "error", err)
		b.note(summary + ": " + err.Error())
	case !done.Cancelled:
		b.note(summary + ": " + done.Reason)
	default:
		b.note(summary + ": done")
	}
}
