package activities

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
)

// Schedules keeps an eye on the Temporal schedules that start builds.
type Schedules struct{}

// NoteFailureInput is a build that a schedule started and that is about to fail.
type NoteFailureInput struct {
	Schedule string `json:"schedule"`
	BuildID  string `json:"buildId"`
	RunID    string `json:"runId"`
	Code     string `json:"code"`
	Limit    int    `json:"limit"` // of failures in a row
}

// NoteFailureResult says what came of it.
type NoteFailureResult struct {
	InARow int  `json:"inARow"` // with this one; counted up to the limit
	Paused bool `json:"paused"`
}

// NoteFailure pauses a schedule when its last runs have failed, as many in a row as the
// limit says, and writes the reason into its notes. Runs that still go on do not count,
// nor do those that were cancelled.
func (*Schedules) NoteFailure(ctx context.Context, in NoteFailureInput) (NoteFailureResult, error) {
	temporal := activity.GetClient(ctx)
	result := NoteFailureResult{InARow: 1}
	runs, err := closedRuns(ctx, temporal, in)
	if err != nil {
		return result, fmt.Errorf("list the runs of schedule %s: %w", in.Schedule, err)
	}
	for _, run := range runs {
		if !failed(run) {
			break
		}
		result.InARow++
	}
	if result.InARow < in.Limit {
		return result, nil
	}
	note := fmt.Sprintf("paused by kiln after %d failures in a row; the last: build %s failed with %s", in.Limit, in.BuildID, in.Code)
	if err := temporal.ScheduleClient().GetHandle(ctx, in.Schedule).Pause(ctx, client.SchedulePauseOptions{Note: note}); err != nil {
		return result, fmt.Errorf("pause schedule %s: %w", in.Schedule, err)
	}
	result.Paused = true
	activity.GetLogger(ctx).Warn("Schedule paused", "schedule", in.Schedule, "failures", in.Limit)
	return result, nil
}

// closedRuns are the runs of the schedule before this one that have ended, the newest
// first: at most as many as matter.
func closedRuns(ctx context.Context, temporal client.Client, in NoteFailureInput) ([]*workflowpb.WorkflowExecutionInfo, error) {
	answer, err := temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		PageSize: int32(in.Limit) * 4,
		Query:    fmt.Sprintf("TemporalScheduledById = %s AND ExecutionStatus != 'Running' AND ExecutionStatus != 'Canceled'", Quote(in.Schedule)),
	})
	if err != nil {
		return nil, err
	}
	runs := slices.DeleteFunc(answer.GetExecutions(), func(run *workflowpb.WorkflowExecutionInfo) bool {
		return run.GetExecution().GetRunId() == in.RunID
	})
	slices.SortFunc(runs, func(a, b *workflowpb.WorkflowExecutionInfo) int {
		return cmp.Compare(b.GetCloseTime().AsTime().UnixNano(), a.GetCloseTime().AsTime().UnixNano())
	})
	return runs[:min(len(runs), in.Limit-1)], nil
}

// Quote is a text as a value in Temporal's list filter language.
func Quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

func failed(run *workflowpb.WorkflowExecutionInfo) bool {
	return run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_FAILED || run.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT
}
