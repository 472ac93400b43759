package starter

import (
	"context"
	"fmt"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// previous is the run of a build that a retry goes on from.
type previous struct {
	snapshot
	taskQueue string
	document  *commonpb.Payload
	origin    string
	resources []workflows.Resource // the ledger
	// schedule and scheduledAt are what the first run was started for, if a schedule did.
	schedule    string
	scheduledAt *time.Time
}

// previous finds the run of a build that ended last, by what the server says of the build. runID is
// the one that the user means, or empty. What cannot be retried is refused.
func (s *session) previous(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse, runID string) (previous, error) {
	snap := describe(desc.GetWorkflowExecutionInfo())
	buildID := snap.BuildID
	if err := s.retryable(snap, runID); err != nil {
		return previous{}, cli.Fail(cli.ExitUsage, err)
	}
	snap, err := s.lookBack(ctx, snap, desc, false)
	if err != nil {
		return previous{}, s.settle(buildID, err)
	}
	switch {
	case snap.State == workflows.StateSucceeded || snap.stoodStill():
		return previous{}, cli.Fail(cli.ExitUsage, fmt.Errorf("%s, so there is nothing to retry; `%s build FILE` builds anew", s.wentWell(snap), s.name))
	case snap.ended.code == "":
		return previous{}, snap.end
	}
	started, worked, err := s.history(ctx, snap.BuildID, snap.RunID)
	if err != nil {
		return previous{}, s.explain("read the history of build "+buildID, buildID, err)
	}
	retry := retryOf(started)
	p := previous{
		snapshot:  snap,
		taskQueue: taskQueue(desc),
		document:  payloadAt(started, 0),
		origin:    workflows.Origin(retry, started.GetCronSchedule(), started.GetOriginalExecutionRunId(), started.GetFirstExecutionRunId()),
		resources: snap.Resources,
	}
	p.schedule, p.scheduledAt = occasionOf(retry, started)
	switch {
	case snap.silence == "":
	case worked:
		return previous{}, cli.Fail(cli.ExitUsage, fmt.Errorf("run %s of build %s %s, so only a worker can tell what it made, and none does: %s",
			snap.RunID, buildID, snap.ended.how(), snap.silence))
	case retry != nil: // it ended before a worker saw it: it has what it was started with
		p.resources, p.Approval = retry.Resources, retry.Approval
	}
	return p, nil
}

// retryable tells why the latest run of a build cannot be retried, if the server alone shows it.
func (s *session) retryable(snap snapshot, runID string) error {
	switch {
	case runID != "" && runID != snap.RunID:
		return fmt.Errorf("run %s is not the latest of build %s, and a retry goes on from the latest: that is %s", runID, snap.BuildID, snap.RunID)
	case !snap.closed():
		return fmt.Errorf("build %[1]s still runs, since %[2]s; `%[3]s watch %[1]s` follows it, `%[3]s cancel %[1]s` stops it",
			snap.BuildID, s.clock(snap.StartedAt), s.name)
	}
	return nil
}

// wentWell says when a build ended well, and why it made nothing if that is so.
func (s *session) wentWell(snap snapshot) string {
	says := fmt.Sprintf("build %s %s at %s", snap.BuildID, ended(snap.State), s.clock(*snap.FinishedAt))
	if snap.Result != nil && snap.Result.SkipReason != "" {
		says += " (" + snap.Result.SkipReason + ")"
	}
	return says
}

// history reads what a run was started with, and whether a worker has worked on it.
func (s *session) history(ctx context.Context, id, runID string) (started *historypb.WorkflowExecutionStartedEventAttributes, worked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	events := s.GetWorkflowHistory(ctx, id, runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for !worked && events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return nil, false, err
		}
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED {
			started = event.GetWorkflowExecutionStartedEventAttributes()
		}
		worked = event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED
	}
	return started, worked, nil
}

func payloadAt(started *historypb.WorkflowExecutionStartedEventAttributes, i int) *commonpb.Payload {
	if payloads := started.GetInput().GetPayloads(); i < len(payloads) {
		return payloads[i]
	}
	return nil
}

// retryOf is the Retry that a run was started with; nil when there was none, or one that
// the build refused.
func retryOf(started *historypb.WorkflowExecutionStartedEventAttributes) *workflows.Retry {
	var retry *workflows.Retry
	payload := payloadAt(started, 1)
	if payload == nil || converter.GetDefaultDataConverter().FromPayload(payload, &retry) != nil || retry == nil || retry.Origin == "" {
		return nil
	}
	return retry
}

// readDocument reads the document of the run, which has been resolved before it was sent.
func (p previous) readDocument() (spec.Build, error) {
	return spec.Read("document of run "+p.RunID, p.document.GetData(), spec.Options{})
}

// retry lets the build go on from the run; from step on everything is made anew, if there is one.
func (p previous) retry(step workflows.Step) *workflows.Retry {
	return &workflows.Retry{RunID: p.RunID, Origin: p.origin, From: step, Resources: p.resources, Approval: p.Approval,
		Schedule: p.schedule, ScheduledAt: p.scheduledAt}
}

// occasionOf is what a schedule started a run for, or the run that it goes on from: its
// images keep the names of that day.
func occasionOf(retry *workflows.Retry, started *historypb.WorkflowExecutionStartedEventAttributes) (schedule string, at *time.Time) {
	if retry != nil {
		return retry.Schedule, retry.ScheduledAt
	}
	fields := started.GetSearchAttributes().GetIndexedFields()
	by, when := fields[workflows.AttrScheduledBy.GetName()], fields[workflows.AttrScheduledAt.GetName()]
	read := converter.GetDefaultDataConverter()
	if by == nil || when == nil || read.FromPayload(by, &schedule) != nil || read.FromPayload(when, &at) != nil {
		return "", nil
	}
	return schedule, at
}
