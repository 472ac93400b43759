package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// How long a conflict that clears by itself is left alone: at first, and at most.
const (
	firstPause   = 30 * time.Second
	longestPause = 5 * time.Minute
)

// request is one call to the cloud, as an activity.
type request struct {
	summary  string
	activity any
	in, out  any
	// yield waits until the conflict that the call met may be over, at most the limit, and
	// tells whether it did wait. Nil: nothing tells, so the pauses grow.
	yield func(ctx workflow.Context, limit time.Duration) (waited bool, err error)
}

// call makes a request until it succeeds or fails for good. Throttling alone never fails
// it; a conflict that clears by itself is waited for, up to the document's timeout, and
// the step says so.
func (b *build) call(ctx workflow.Context, s *StepProgress, r request) error {
	deadline := workflow.Now(ctx).Add(time.Duration(b.doc.Timeouts.Conflict))
	for pause := firstPause; ; {
		err := workflow.ExecuteActivity(b.calling(ctx, r.summary), r.activity, r.in).Get(ctx, r.out)
		if err == nil || temporal.IsCanceledError(err) {
			return err
		}
		failure := activities.FailureOf(err)
		s.Attempts += int(failure.Attempt)
		if failure.Throttled() {
			if err := workflow.Sleep(ctx, activities.DelayOf(err)); err != nil {
				return err
			}
			continue
		}
		left := deadline.Sub(workflow.Now(ctx))
		if !failure.Waits() || left <= 0 {
			return err
		}
		s.Detail = "waiting for " + failure.Code + " to clear: " + failure.Message
		b.tellDetails(ctx)
		waited, waitErr := r.wait(ctx, pause, left)
		switch {
		case waitErr != nil && activities.FailureOf(waitErr).Code == activities.Timeout && !temporal.IsCanceledError(waitErr):
			return err // the conflict is the reason, not the end of the patience
		case waitErr != nil:
			return waitErr
		case !waited:
			pause = min(2*pause, longestPause)
		}
		s.Detail = ""
	}
}

// wait waits until the conflict may be over: as long as yield tells to, otherwise a pause.
func (r request) wait(ctx workflow.Context, pause, left time.Duration) (waited bool, err error) {
	if r.yield != nil {
		if waited, err := r.yield(ctx, left); waited || err != nil {
			return waited, err
		}
	}
	return false, workflow.Sleep(ctx, min(pause, left))
}

// undoTimeout bounds one call of a cancelled build.
const undoTimeout = 10 * time.Minute

// undo makes a call for a build that is cancelled already. That it fails is said in the
// log and in the step's detail, and is never the reason why the build ended.
func (b *build) undo(ctx workflow.Context, summary string, activity, in any) {
	disconnected, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	disconnected = workflow.WithScheduleToCloseTimeout(b.calling(disconnected, summary), undoTimeout)
	var done activities.CancelResult
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
