//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/workflows"
)

// plainSchedule makes a schedule as `temporal schedule create` does, with nothing but the
// workflow type, the task queue and the document. It runs when it is triggered.
func (p *machine) plainSchedule(t *testing.T, c client.Client, id, document string) client.ScheduleHandle {
	t.Helper()
	handle, err := c.ScheduleClient().Create(context.Background(), client.ScheduleOptions{
		ID: id,
		Action: &client.ScheduleWorkflowAction{
			ID: id, Workflow: "BuildGoldenImage", TaskQueue: "kiln", Args: []any{json.RawMessage(document)},
		},
	})
	require.NoError(t, err)
	return handle
}

// runsOf are the runs of a schedule that have ended, the newest first.
func runsOf(t *testing.T, c client.Client, schedule string) []*workflowpb.WorkflowExecutionInfo {
	t.Helper()
	answer, err := c.ListWorkflow(context.Background(), &workflowservice.ListWorkflowExecutionsRequest{
		Query: "TemporalScheduledById = '" + schedule + "' AND ExecutionStatus != 'Running'",
	})
	require.NoError(t, err)
	return answer.GetExecutions()
}

// night triggers a schedule and returns the run when it has ended. Runs that overlap are
// not watched by the schedule, so their results would not be handed on.
func night(t *testing.T, c client.Client, handle client.ScheduleHandle) *workflowpb.WorkflowExecutionInfo {
	t.Helper()
	before := runsOf(t, c, handle.GetID())
	eventually(t, "the schedule knows that the run before has ended", func() bool {
		is, err := handle.Describe(context.Background())
		return err == nil && len(is.Info.RunningWorkflows) == 0
	})
	eventually(t, "another second has begun, which is what Temporal names runs for", func() bool {
		now := time.Now().UTC().Format("-2006-01-02T15:04:05Z")
		return !slices.ContainsFunc(before, func(run *workflowpb.WorkflowExecutionInfo) bool {
			return strings.HasSuffix(run.GetExecution().GetWorkflowId(), now)
		})
	})
	require.NoError(t, handle.Trigger(context.Background(), client.ScheduleTriggerOptions{}))
	var runs []*workflowpb.WorkflowExecutionInfo
	eventually(t, "the triggered run ends", func() bool {
		runs = runsOf(t, c, handle.GetID())
		return len(runs) > len(before)
	})
	for _, run := range runs {
		if !contains(before, run) {
			return run
		}
	}
	return nil
}

func contains(runs []*workflowpb.WorkflowExecutionInfo, run *workflowpb.WorkflowExecutionInfo) bool {
	for _, one := range runs {
		if one.GetExecution().GetRunId() == run.GetExecution().GetRunId() {
			return true
		}
	}
	return false
}

func resultOf(t *testing.T, c client.Client, run *workflowpb.WorkflowExecutionInfo) workflows.Result {
	t.Helper()
	var result workflows.Result
	require.NoError(t, c.GetWorkflow(context.Background(), run.GetExecution().GetWorkflowId(), run.GetExecution().GetRunId()).Get(context.Background(), &result))
	return result
}

// mutatingCalls counts all calls of the log that make or remove something.
func (p *machine) mutatingCalls(t *testing.T) int {
	t.Helper()
	n := 0
	for _, r := range p.requests(t) {
		if !regexp.MustCompile(`^(Describe|Get|List|Head)`).MatchString(r.Action) && r.Service != "oss" {
			n++
		}
	}
	return n
}

// A night without a change makes no call that changes anything; a change of the disk
// file, a component, the base image or the document each cause a build.
func TestBuildsThatAScheduleStarts(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	document := func(component string) string {
		return `{"name": "nightly", "region": "cn-hangzhou", ` + importOneDisk + `,
			"components": [{"name": "one", "content": "RUN echo ` + component + `"}], "batchCompute": {}, "schedule": {"when": "changed"}}`
	}
	handle := p.plainSchedule(t, c, "nightly", document("one"))
	first := night(t, c, handle)
	made := resultOf(t, c, first)
	require.Equal(t, workflows.OutcomeSucceeded, made.Outcome)
	require.Equal(t, "nightly", made.Schedule)
	require.Regexp(t, `^nightly-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, made.BuildID)
	require.Regexp(t, `^nightly-\d{8}T\d{6}Z_exec-`, made.ImageName)
	record(t, history(t, c, made.BuildID), "scheduled")

	calls := p.mutatingCalls(t)
	second := night(t, c, handle)
	same := resultOf(t, c, second)
	require.Equal(t, workflows.OutcomeUnchanged, same.Outcome)
	require.True(t, same.Unchanged)
	require.Equal(t, made.ImageID, same.ImageID)
	require.Equal(t, made.BatchComputeImageID, same.BatchComputeImageID)
	require.NotEqual(t, made.BuildID, same.BuildID)
	require.Equal(t, calls, p.mutatingCalls(t), "an unchanged night changes nothing")
	record(t, history(t, c, same.BuildID), "unchanged")

	disk := filepath.Join(p.OSSDir, "kiln-examples", "disks", "base.qcow2")
	was, err := os.ReadFile(disk)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(disk, append(was, 0), 0o644))
	after := resultOf(t, c, night(t, c, handle))
	require.Equal(t, workflows.OutcomeSucceeded, after.Outcome)
	require.Equal(t, []string{"object kiln-examples/disks/base.qcow2"}, after.Changed)
	require.NotEqual(t, made.ImageID, after.ImageID)

	require.NoError(t, handle.Update(context.Background(), client.ScheduleUpdateOptions{
		DoUpdate: func(in client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			action := in.Description.Schedule.Action.(*client.ScheduleWorkflowAction)
			action.Args = []any{json.RawMessage(document("two"))}
			return &client.ScheduleUpdate{Schedule: &in.Description.Schedule}, nil
		},
	}))
	changed := resultOf(t, c, night(t, c, handle))
	require.Equal(t, workflows.OutcomeSucceeded, changed.Outcome)
	require.Equal(t, []string{"document"}, changed.Changed)
}

// The base image, or the newest of its family, may be another one than last night.
func TestScheduledBuildOfAnotherBaseImage(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	base := func(family string) {
		_, err := p.runBare(c, "base-"+family, `{"name": "base", "region": "cn-hangzhou", "source": {"imageFamily": "acs:ubuntu_24_04_x64"},
			"template": {"buildContent": "RUN echo `+family+`"}, "image": {"family": "base"}}`)
		require.NoError(t, err)
	}
	base("first")
	handle := p.plainSchedule(t, c, "on-top", `{"name": "on-top", "region": "cn-hangzhou", "source": {"imageFamily": "base"},
		"template": {"buildContent": "RUN true"}, "schedule": {"when": "changed"}}`)
	require.Equal(t, workflows.OutcomeSucceeded, resultOf(t, c, night(t, c, handle)).Outcome)
	require.Equal(t, workflows.OutcomeUnchanged, resultOf(t, c, night(t, c, handle)).Outcome)
	base("second")
	again := resultOf(t, c, night(t, c, handle))
	require.Equal(t, workflows.OutcomeSucceeded, again.Outcome)
	require.Equal(t, []string{"image family base"}, again.Changed)
}

// After as many failures in a row as the document says the schedule pauses itself.
func TestBuildsThatFailPauseTheirSchedule(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	handle := p.plainSchedule(t, c, "failing", `{"name": "failing", "region": "cn-hangzhou",
		"source": {"import": {"disks": [{"bucket": "kiln-examples", "object": "disks/none.qcow2"}]}}, "schedule": {"pauseAfterFailures": 2, "when": "always"}}`)
	first := night(t, c, handle)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, first.GetStatus())
	is, err := handle.Describe(context.Background())
	require.NoError(t, err)
	require.False(t, is.Schedule.State.Paused, "one failure is not enough")
	second := night(t, c, handle)
	eventually(t, "the schedule pauses", func() bool {
		is, err = handle.Describe(context.Background())
		return err == nil && is.Schedule.State.Paused
	})
	require.Contains(t, is.Schedule.State.Note, "2 failures in a row")
	require.Contains(t, is.Schedule.State.Note, second.GetExecution().GetWorkflowId())
	require.Contains(t, is.Schedule.State.Note, "InvalidOSSObject.NotFound")
	record(t, history(t, c, second.GetExecution().GetWorkflowId()), "paused-schedule")
}

// A run in a freeze window is skipped, and says so; the last success is handed on.
func TestBuildsThatFallIntoAFreezeWindow(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	handle := p.plainSchedule(t, c, "frozen", `{"name": "frozen", "region": "cn-hangzhou", `+importOneDisk+`,
		"schedule": {"freeze": [{"from": "2000-01-01", "to": "2099-12-31", "reason": "a long holiday"}]}}`)
	run := night(t, c, handle)
	skipped := resultOf(t, c, run)
	require.Equal(t, workflows.OutcomeSkipped, skipped.Outcome)
	require.Contains(t, skipped.SkipReason, "a long holiday")
	require.Zero(t, p.mutatingCalls(t))
	record(t, history(t, c, run.GetExecution().GetWorkflowId()), "frozen")
}
