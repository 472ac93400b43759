package starter

import (
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/workflows"
)

// snapshot is what one look at a build saw.
type snapshot struct {
	workflows.Progress
	Steps      []step            `json:"steps"`
	StartedAt  time.Time         `json:"startedAt"`
	FinishedAt *time.Time        `json:"finishedAt,omitempty"`
	Note       string            `json:"note,omitempty"` // why nothing better is known, or what the build waits for
	Result     *workflows.Result `json:"result,omitempty"`

	end     error  // what a closed build is to be told with, and its exit code; nil after a success
	ended   end    // how a closed build ended that has no result
	silence string // why the ledger of a closed build is not known; empty when it is
}

// closed tells whether the build is over.
func (s snapshot) closed() bool { return s.FinishedAt != nil }

// step is a step and, while it runs, what its pending activities say.
type step struct {
	workflows.StepProgress
	Retry *retry `json:"retry,omitempty"`
}

// active tells whether a step has begun and is not over.
func (s step) active() bool {
	return s.State == workflows.StateRunning || s.State == workflows.StateWaiting
}

// retry is why a step is tried again, and when.
type retry struct {
	Attempt int        `json:"attempt"` // the one that runs or comes next
	NextAt  *time.Time `json:"nextAt,omitempty"`
	Failure string     `json:"failure"`
}

// describe starts a snapshot with what the server knows by itself.
func describe(info *workflowpb.WorkflowExecutionInfo) snapshot {
	snap := snapshot{Steps: []step{}, StartedAt: info.GetStartTime().AsTime(), FinishedAt: optionalTime(info.GetCloseTime())}
	snap.BuildID = info.GetExecution().GetWorkflowId()
	snap.RunID = info.GetExecution().GetRunId()
	snap.Name = attribute(info, workflows.AttrName.GetName())
	snap.Region = attribute(info, workflows.AttrRegion.GetName())
	snap.State = stateOf(info.GetStatus())
	return snap
}

// introduce starts a snapshot likewise, with the state of the build or fleet in its own word.
func introduce(info *workflowpb.WorkflowExecutionInfo) snapshot {
	snap := describe(info)
	if own := workflows.State(attribute(info, workflows.AttrState.GetName())); slices.Contains(finer[snap.State], own) {
		snap.State = own
	}
	return snap
}

// finer are the words of a build or fleet that say more than the server's: unchanged, skipped and
// partial are successes to the server, and a build that waits for approval runs.
var finer = map[workflows.State][]workflows.State{
	workflows.StateRunning:   {workflows.StateWaiting},
	workflows.StateSucceeded: {workflows.StateUnchanged, workflows.StateSkipped, statePartial},
}

func isFiner(state workflows.State) bool {
	for _, words := range finer {
		if slices.Contains(words, state) {
			return true
		}
	}
	return false
}

// stateOf is the state of a build by the status of its workflow.
func stateOf(status enumspb.WorkflowExecutionStatus) workflows.State {
	switch status {
	case enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return workflows.StateSucceeded
	case enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return workflows.StateCancelled
	case enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		return workflows.StateFailed
	}
	return workflows.StateRunning
}

// attribute is a search attribute of a workflow; empty when the namespace or the
// workflow does not have it.
func attribute(info *workflowpb.WorkflowExecutionInfo, name string) string {
	return keyword(info.GetSearchAttributes(), name)
}

// answered puts in what the build says of itself.
func (s *snapshot) answered(progress workflows.Progress) {
	known := s.Progress
	s.Progress = progress
	s.BuildID, s.RunID = known.BuildID, known.RunID
	if s.closed() { // the server's word counts: a terminated build still calls itself running
		s.State = known.State
	}
	s.Steps = []step{}
	for _, p := range progress.Steps {
		s.Steps = append(s.Steps, step{StepProgress: p})
	}
	s.close()
}

// close gives the steps that a build which is over left open the end that the build had:
// a terminated one did not say how they ended, and of others the last word may be missing.
// One that had nothing to do skipped them, which workers of earlier versions do not say.
func (s *snapshot) close() {
	if !s.closed() {
		return
	}
	for i := range s.Steps {
		st := &s.Steps[i]
		switch pending := st.State == workflows.StatePending; {
		case st.active(), pending && s.State == workflows.StateSucceeded:
			st.State, st.FinishedAt, st.Detail, st.Retry = s.State, s.FinishedAt, "", nil
		case pending && s.stoodStill():
			st.State = workflows.StateSkipped
		}
	}
}

// stoodStill tells whether the build ended well because it had nothing to do.
func (s snapshot) stoodStill() bool {
	return s.State == workflows.StateUnchanged || s.State == workflows.StateSkipped
}

// conclude puts in the result of the build, and its state in the word of the result. One that had
// trouble after its image is a success here as in the list.
func (s *snapshot) conclude(result workflows.Result) {
	s.Result = &result
	if is := workflows.State(result.Outcome); is == workflows.StateUnchanged || is == workflows.StateSkipped {
		s.State = is
	}
}

// pending puts what the pending activities say into the running step.
func (s *snapshot) pending(acts []*workflowpb.PendingActivityInfo, now time.Time) {
	for i := range s.Steps {
		if s.Steps[i].Name == s.Step && s.Steps[i].State == workflows.StateRunning {
			s.Steps[i].watch(acts, now)
		}
	}
}

func (s *step) watch(acts []*workflowpb.PendingActivityInfo, now time.Time) {
	for _, act := range acts {
		if again := retrying(act); again != nil && (s.Retry == nil || again.Attempt > s.Retry.Attempt) {
			s.Retry = again
			s.Attempts = max(s.Attempts, again.Attempt)
		}
		if waited := untaken(act, now); waited >= time.Minute {
			s.Detail = fmt.Sprintf("no worker has taken %s from task queue %s yet", act.GetActivityType().GetName(), act.GetActivityOptions().GetTaskQueue().GetName())
		}
	}
	if len(acts) > 1 {
		return // the details of several at once say less than the step's own
	}
	for _, act := range acts {
		if beat, waits := heartbeat(act); waits {
			s.Percent = max(s.Percent, beat.Percent)
			s.Detail = beat.Detail
		}
	}
}

// heartbeat is what a wait last said of itself. The heartbeat of a call is for the call
// alone.
func heartbeat(act *workflowpb.PendingActivityInfo) (beat activities.Heartbeat, waits bool) {
	if act.GetHeartbeatDetails() == nil || converter.GetDefaultDataConverter().FromPayloads(act.GetHeartbeatDetails(), &beat) != nil {
		return beat, false
	}
	return beat, beat.Detail != ""
}

// untaken is how long the first attempt of an activity has waited for a worker.
func untaken(act *workflowpb.PendingActivityInfo, now time.Time) time.Duration {
	if act.GetState() != enumspb.PENDING_ACTIVITY_STATE_SCHEDULED || act.GetAttempt() > 1 || act.GetScheduledTime() == nil {
		return 0
	}
	return now.Sub(act.GetScheduledTime().AsTime())
}

// retrying is why an activity is tried again; nil on a first attempt, and while a later
// one is running well.
func retrying(act *workflowpb.PendingActivityInfo) *retry {
	if act.GetAttempt() < 2 || act.GetLastFailure() == nil {
		return nil
	}
	running := act.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED
	if _, waits := heartbeat(act); running && waits {
		return nil
	}
	again := &retry{Attempt: int(act.GetAttempt()), Failure: failureText(act.GetLastFailure())}
	if !running {
		again.NextAt = optionalTime(act.GetNextAttemptScheduleTime())
	}
	return again
}

// failureText is a failure of an activity on one line, with the cloud's code.
func failureText(f *failurepb.Failure) string {
	if f.GetTimeoutFailureInfo().GetTimeoutType() == enumspb.TIMEOUT_TYPE_HEARTBEAT {
		return "its worker was lost"
	}
	text := strings.Join(strings.Fields(f.GetMessage()), " ")
	app := f.GetApplicationFailureInfo()
	if app == nil || app.GetType() == "" || app.GetDetails() == nil || strings.Contains(text, app.GetType()) {
		return text
	}
	return app.GetType() + ": " + text
}

func optionalTime(t *timestamppb.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	at := t.AsTime()
	return &at
}
