package starter

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/workflows"
)

// scheduledRun is a build that a schedule started.
type scheduledRun struct {
	BuildID    string     `json:"buildId"`
	RunID      string     `json:"runId"`
	At         *time.Time `json:"scheduledAt,omitempty"` // the time that the schedule meant
	StartedAt  time.Time  `json:"startedAt"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
	Outcome    string     `json:"outcome"` // running, one of a result, failed, cancelled, terminated or timedOut
	Code       string     `json:"code,omitempty"`
	Reason     string     `json:"reason,omitempty"` // why it was skipped
	ImageID    string     `json:"imageId,omitempty"`
	ImageName  string     `json:"imageName,omitempty"`
}

// scheduledBy is the condition for the builds of a schedule, in the list filter language.
func scheduledBy(id string) string {
	return workflows.AttrScheduledBy.GetName() + " = " + activities.Quote(id)
}

// runsOf are the builds that a schedule started last, the newest first, with what came of
// them. The server lists a build a moment after it has started it, so those that the
// schedule itself remembers are looked up.
func (s *session) runsOf(ctx context.Context, is schedule, limit int) ([]scheduledRun, error) {
	infos, err := s.listRuns(ctx, scheduledBy(is.id), limit)
	if err != nil {
		return nil, err
	}
	for _, action := range is.desc.Info.RecentActions {
		started := action.StartWorkflowResult
		if started == nil || slices.ContainsFunc(infos, func(info *workflowpb.WorkflowExecutionInfo) bool {
			return info.GetExecution().GetRunId() == started.FirstExecutionRunID
		}) {
			continue
		}
		if desc, err := s.DescribeWorkflowExecution(ctx, started.WorkflowID, started.FirstExecutionRunID); err == nil {
			infos = append(infos, desc.GetWorkflowExecutionInfo())
		} // else the server has forgotten it by now
	}
	slices.SortStableFunc(infos, newestFirst)
	var runs []scheduledRun
	for _, info := range infos[:min(len(infos), limit)] {
		run := readRun(info)
		if run.FinishedAt != nil {
			s.readOutcome(ctx, &run)
		}
		runs = append(runs, run)
	}
	return runs, nil
}

func newestFirst(a, b *workflowpb.WorkflowExecutionInfo) int {
	return cmp.Or(b.GetStartTime().AsTime().Compare(a.GetStartTime().AsTime()),
		cmp.Compare(b.GetExecution().GetWorkflowId(), a.GetExecution().GetWorkflowId()))
}

// listRuns lists builds. The server's order is by their end, so it is asked for some more
// than are wanted.
func (s *session) listRuns(ctx context.Context, condition string, limit int) ([]*workflowpb.WorkflowExecutionInfo, error) {
	page, err := s.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Query: listOptions{Query: condition}.filter(), PageSize: int32(min(limit+100, 1000)),
	})
	if err != nil {
		return nil, s.explainSchedule("list builds", err)
	}
	return page.GetExecutions(), nil
}

// readRun is what the server knows of a run by itself.
func readRun(info *workflowpb.WorkflowExecutionInfo) scheduledRun {
	snap := introduce(info)
	run := scheduledRun{
		BuildID: snap.BuildID, RunID: snap.RunID, StartedAt: snap.StartedAt, FinishedAt: snap.FinishedAt,
		Outcome: string(snap.State), ImageID: attribute(info, workflows.AttrImageID.GetName()),
	}
	switch info.GetStatus() {
	case enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		run.Outcome = endTerminated
	case enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:
		run.Outcome = endTimeout
	}
	var at time.Time
	if payload := info.GetSearchAttributes().GetIndexedFields()[workflows.AttrScheduledAt.GetName()]; payload != nil &&
		converter.GetDefaultDataConverter().FromPayload(payload, &at) == nil {
		run.At = &at
	}
	return run
}

// readOutcome reads what a run that is over says of its end.
func (s *session) readOutcome(ctx context.Context, run *scheduledRun) {
	var result workflows.Result
	err := s.resultOf(ctx, run.BuildID, run.RunID, &result)
	if err == nil {
		run.Outcome, run.Reason = string(result.Outcome), result.SkipReason
		run.ImageID, run.ImageName = result.ImageID, result.ImageName
		return
	}
	end := ending(run.BuildID, err)
	switch {
	case end.failure != nil:
		run.Outcome, run.Code = string(workflows.StateFailed), end.code
	case end.code != "":
		run.Outcome = end.code
	}
}

// words say what came of a run.
func (r scheduledRun) words() string {
	switch {
	case r.Code != "":
		return r.Outcome + " (" + r.Code + ")"
	case r.Reason != "":
		return r.Outcome + " (" + r.Reason + ")"
	}
	return r.Outcome
}

// lastRuns are the builds that schedules started last, by the schedule's id: one question
// for many of them.
func (s *session) lastRuns(ctx context.Context, entries []*client.ScheduleListEntry) (map[string]scheduledRun, error) {
	const together = 50
	runs := map[string]scheduledRun{}
	for some := range slices.Chunk(entries, together) {
		schedules := map[string]string{} // by run id
		var builds []string
		for _, entry := range some {
			if n := len(entry.RecentActions); n > 0 && entry.RecentActions[n-1].StartWorkflowResult != nil {
				last := entry.RecentActions[n-1].StartWorkflowResult
				schedules[last.FirstExecutionRunID] = entry.ID
				builds = append(builds, activities.Quote(last.WorkflowID))
			}
		}
		if len(builds) == 0 {
			continue
		}
		infos, err := s.listRuns(ctx, "WorkflowId IN ("+strings.Join(builds, ", ")+")", len(builds))
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			if id, is := schedules[info.GetExecution().GetRunId()]; is {
				runs[id] = readRun(info)
			}
		}
	}
	return runs, nil
}
