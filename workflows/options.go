package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// calling is for one short request: it is tried again with growing pauses until the
// document's call timeout. A cancelled build waits for the attempt that runs, so that it
// knows what the request made.
func (b *build) calling(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    b.opts.CallTimeout,
		ScheduleToCloseTimeout: time.Duration(b.doc.Timeouts.Call),
		WaitForCancellation:    true,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		Summary:                summary,
	})
}

// waiting is for one activity that blocks and heartbeats until the cloud is done. A lost
// worker costs one heartbeat timeout and no try; a cancelled build does not wait for the
// next beat.
func (b *build) waiting(ctx workflow.Context, limit time.Duration, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              WaitQueue(workflow.GetInfo(ctx).TaskQueueName),
		StartToCloseTimeout:    limit,
		ScheduleToCloseTimeout: limit,
		HeartbeatTimeout:       b.opts.HeartbeatTimeout,
		RetryPolicy:            &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, BackoffCoefficient: 2, MaximumInterval: time.Second},
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

// readingAll is for all documents of a fleet.
func readingAll(ctx workflow.Context) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		ScheduleToCloseTimeout: 5 * time.Minute,
		Summary:                "read the documents",
	})
}
