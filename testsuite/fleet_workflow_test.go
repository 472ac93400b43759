//go:build e2e

package testsuite

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

const onTop = `"source": {"imageId": "m-bp1kilnubuntu2404x64"}`

// fleet starts a fleet by the bare Temporal API, with nothing but the workflow type, the
// task queue and JSON.
func (p *machine) fleet(t *testing.T, c client.Client, id, argument string) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: id, TaskQueue: "kiln"}, "BuildFleet", json.RawMessage(argument))
	require.NoError(t, err)
	return run
}

// fleetProgress asks a fleet, running or over.
func fleetProgress(t *testing.T, c client.Client, id string) workflows.FleetProgress {
	t.Helper()
	answer, err := c.QueryWorkflow(context.Background(), id, "", "progress")
	require.NoError(t, err)
	var progress workflows.FleetProgress
	require.NoError(t, answer.Get(&progress))
	return progress
}

func TestFleetStartedByTheBareTemporalAPI(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	run := p.fleet(t, c, "fleet", `{"maxParallel": 2, "documents": [
		{"name": "alone", "region": "cn-hangzhou", `+importOneDisk+`, "batchCompute": {}},
		{"name": "web", `+onTop+`, "matrix": {"regions": ["cn-hangzhou", "cn-shanghai"], "variants": [{"name": "plain"}, {"name": "full", "variables": {"packages": "nginx strace"}}]},
			"variables": {"packages": "nginx"}, "template": {"buildContent": "RUN apt-get install -y ${{ vars.packages }}"}}]}`)
	var result workflows.FleetResult
	require.NoError(t, run.Get(context.Background(), &result))
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
	var ids []string
	for _, m := range result.Members {
		ids = append(ids, m.ID)
		require.Equal(t, workflows.StateSucceeded, m.State)
		var build workflows.Result
		require.NoError(t, c.GetWorkflow(context.Background(), m.ID, m.RunID).Get(context.Background(), &build))
		require.Equal(t, []string{build.ImageID, build.Name, build.Region}, []string{m.ImageID, m.Name, m.Region})
	}
	require.Equal(t, []string{"alone", "web-plain-cn-hangzhou", "web-plain-cn-shanghai", "web-full-cn-hangzhou", "web-full-cn-shanghai"}, ids)
	require.Equal(t, result.Members, fleetProgress(t, c, "fleet").Members)

	require.Equal(t, []string{"5 builds", "2 regions", "succeeded"}, attributes(t, c, "fleet"))
	happened := history(t, c, "fleet")
	requireFleet(t, happened, 2)
	record(t, happened, "fleet")

	t.Run("the example", func(t *testing.T) {
		document, err := os.ReadFile("../docs/examples/matrix.yaml")
		require.NoError(t, err)
		stands, err := spec.Expand("matrix.yaml", document, spec.Options{})
		require.NoError(t, err)
		var result workflows.FleetResult
		require.NoError(t, p.fleet(t, c, "example", `{"documents": [`+string(stands.Documents[0])+`]}`).Get(context.Background(), &result))
		require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
		require.Len(t, result.Members, 6)
	})
}

// attributes are the name, region and state by which a fleet is found.
func attributes(t *testing.T, c client.Client, id string) []string {
	t.Helper()
	is, err := c.DescribeWorkflow(context.Background(), id, "")
	require.NoError(t, err)
	var values []string
	for _, key := range []temporal.SearchAttributeKeyKeyword{workflows.AttrName, workflows.AttrRegion, workflows.AttrState} {
		value, _ := is.TypedSearchAttributes.GetKeyword(key)
		values = append(values, value)
	}
	return values
}

// requireFleet holds a history to the fleet's promises about its children: no more at a
// time than told, each with a summary, and cancelled with the fleet.
func requireFleet(t *testing.T, happened *historypb.History, most int) {
	t.Helper()
	running := 0
	for _, event := range happened.GetEvents() {
		if begun := event.GetStartChildWorkflowExecutionInitiatedEventAttributes(); begun != nil {
			running++
			require.LessOrEqual(t, running, most)
			require.NotEmpty(t, event.GetUserMetadata().GetSummary().GetData())
			require.Equal(t, enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL, begun.GetParentClosePolicy())
		}
		switch event.GetEventType() {
		case enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_COMPLETED, enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_FAILED,
			enumspb.EVENT_TYPE_CHILD_WORKFLOW_EXECUTION_CANCELED, enumspb.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_FAILED:
			running--
		}
	}
	require.Zero(t, running, "the fleet did not wait for its builds")
}

// The ends of fleets that are no plain success.
func TestFleetsThatEndBadly(t *testing.T) {
	p := up(t, "--speed", "120", "--headless")
	c := p.temporal(t)
	t.Run("rubbish", func(t *testing.T) {
		var failed *temporal.ApplicationError
		require.ErrorAs(t, p.fleet(t, c, "rubbish", `"fleet"`).Get(context.Background(), nil), &failed)
		require.Equal(t, "InvalidBuild", failed.Type())
	})
	t.Run("cancelled", func(t *testing.T) {
		run := p.fleet(t, c, "fleet-cancelled", `{"maxParallel": 2, "documents": [{"name": "stop", "region": "cn-hangzhou", `+importOneDisk+
			`, "batchCompute": {}, "matrix": {"variables": {"n": ["1", "2", "3"]}}}]}`)
		eventually(t, "two imports run", func() bool { return p.effects(t, "ImportImage") == 2 })
		require.Equal(t, map[workflows.State]int{workflows.StateRunning: 2, workflows.StatePending: 1}, fleetProgress(t, c, "fleet-cancelled").Counts)
		require.NoError(t, c.CancelWorkflow(context.Background(), "fleet-cancelled", ""))
		var cancelled *temporal.CanceledError
		require.ErrorAs(t, run.Get(context.Background(), nil), &cancelled)
		var result workflows.FleetResult
		require.NoError(t, cancelled.Details(&result))
		require.Equal(t, map[workflows.State]int{workflows.StateCancelled: 2, workflows.StateSkipped: 1}, result.Counts)
		require.Equal(t, 2, p.effects(t, "CancelTask"), "the builds have cleaned up")
		happened := history(t, c, "fleet-cancelled")
		requireFleet(t, happened, 2)
		record(t, happened, "fleet-cancelled")
	})
	t.Run("terminated", func(t *testing.T) {
		imported, cancelled := p.effects(t, "ImportImage"), p.effects(t, "CancelTask")
		run := p.fleet(t, c, "fleet-terminated", `{"documents": [{"name": "orphan", "region": "cn-hangzhou", `+importOneDisk+
			`, "batchCompute": {}, "matrix": {"variables": {"n": ["1", "2"]}}}]}`)
		eventually(t, "two imports run", func() bool { return p.effects(t, "ImportImage") == imported+2 })
		require.NoError(t, c.TerminateWorkflow(context.Background(), run.GetID(), "", ""))
		for _, id := range []string{"orphan-1", "orphan-2"} {
			var stopped *temporal.CanceledError
			require.ErrorAs(t, c.GetWorkflow(context.Background(), id, "").Get(context.Background(), nil), &stopped)
		}
		require.Equal(t, cancelled+2, p.effects(t, "CancelTask"), "the builds have cleaned up")
	})
	t.Run("a build that runs already", func(t *testing.T) {
		taken := `{"name": "taken", "region": "cn-hangzhou", ` + importOneDisk + `, "batchCompute": {}}`
		first, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: "taken", TaskQueue: "kiln"}, "BuildGoldenImage", json.RawMessage(taken))
		require.NoError(t, err)
		var result workflows.FleetResult
		require.NoError(t, p.fleet(t, c, "fleet-partial", `{"documents": [`+taken+`, {"name": "gone", "region": "cn-hangzhou", "source": {"imageId": "m-none"}, "template": {}},
			{"name": "good", "region": "cn-hangzhou", `+onTop+`, "template": {}}]}`).Get(context.Background(), &result))
		require.Equal(t, workflows.OutcomePartial, result.Outcome)
		require.Equal(t, []string{workflows.AlreadyRunning, ""}, []string{result.Members[0].Code, result.Members[0].RunID})
		require.Equal(t, workflows.StateFailed, result.Members[1].State)
		require.NotEmpty(t, result.Members[1].Code)
		require.Equal(t, workflows.StateSucceeded, result.Members[2].State)
		require.Equal(t, []string{"3 builds", "cn-hangzhou", "partial"}, attributes(t, c, "fleet-partial"))
		require.NoError(t, first.Get(context.Background(), nil), "the one that ran goes on")
		record(t, history(t, c, "fleet-partial"), "fleet-partial")
	})
}

// A fleet whose workers are killed again and again runs each build once, and none too many.
func TestFleetSurvivesItsWorkers(t *testing.T) {
	p := up(t, "--speed", "300", "--headless", "--no-worker")
	c := p.temporal(t)
	another := func() *process {
		return start(t, p.env(t), kilnBin(t), "worker", "--poll-interval", "100ms", "--heartbeat-timeout", "2s", "--call-timeout", "5s")
	}
	worker := another()
	const builds = 12
	var values []string
	for i := range builds {
		values = append(values, fmt.Sprintf(`"%d"`, i))
	}
	run := p.fleet(t, c, "hardy", `{"maxParallel": 3, "documents": [{"name": "hardy", "region": "cn-hangzhou", `+onTop+`, "template": {},
		"matrix": {"variables": {"n": [`+strings.Join(values, ", ")+`]}}}]}`)
	for _, begun := range []int{2, 8} {
		eventually(t, fmt.Sprintf("%d executions were started", begun), func() bool { return p.effects(t, "StartImagePipelineExecution") >= begun })
		worker.kill()
		worker = another()
	}
	var result workflows.FleetResult
	require.NoError(t, run.Get(context.Background(), &result))
	require.Equal(t, map[workflows.State]int{workflows.StateSucceeded: builds}, result.Counts)
	require.Equal(t, builds, p.effects(t, "StartImagePipelineExecution"))
	requireFleet(t, history(t, c, "hardy"), 3)
}

// Documents that are large bring a real server to suggest another run after a few builds.
func TestFleetStartedWithMuchToCarry(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	const builds = 14
	padding := strings.Repeat("x", 400_000)
	var values []string
	for i := range builds {
		values = append(values, fmt.Sprintf(`"%d"`, i))
	}
	run := p.fleet(t, c, "fleet-continued", `{"maxParallel": 2, "documents": [{"name": "much", "region": "cn-hangzhou", `+onTop+`, "template": {},
		"variables": {"padding": "`+padding+`"}, "matrix": {"variables": {"n": [`+strings.Join(values, ", ")+`]}}}]}`)
	firstRun := run.GetRunID()
	var result workflows.FleetResult
	require.NoError(t, run.Get(context.Background(), &result))
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
	require.NotEqual(t, firstRun, result.RunID, "the fleet did not continue as new")
	require.Len(t, result.Members, builds)
	require.Equal(t, builds, p.effects(t, "StartImagePipelineExecution"), "each build ran once")
	for i, m := range result.Members {
		require.Equal(t, fmt.Sprintf("much-%d", i), m.ID)
		require.Equal(t, workflows.StateSucceeded, m.State)
	}
	require.Equal(t, result.Members, fleetProgress(t, c, "fleet-continued").Members)
	for name, runID := range map[string]string{"fleet-continued": firstRun, "fleet-continuing": result.RunID} {
		happened := historyOf(t, c, "fleet-continued", runID)
		requireFleet(t, happened, 2)
		record(t, without(happened, padding), name)
	}
}

// without takes a text out of what went in and what was handed on, so that a history is
// worth keeping. At two builds at a time the size of a document changes nothing else.
func without(happened *historypb.History, text string) *historypb.History {
	for _, event := range happened.GetEvents() {
		for _, input := range []*commonpb.Payloads{
			event.GetWorkflowExecutionStartedEventAttributes().GetInput(),
			event.GetStartChildWorkflowExecutionInitiatedEventAttributes().GetInput(),
			event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetInput(),
		} {
			for _, payload := range input.GetPayloads() {
				payload.Data = bytes.ReplaceAll(payload.GetData(), []byte(text), []byte("x"))
			}
		}
	}
	return happened
}
