package starter

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/workflows"
)

const (
	cancelledState = workflows.StateCancelled
	skipped        = workflows.StateSkipped
)

// inImages works in a folder that holds three documents in images.
func inImages(t *testing.T) []string {
	t.Helper()
	t.Chdir(t.TempDir())
	var files []string
	for _, name := range []string{"web", "db", "queue"} {
		files = append(files, writeImage(t, name, name))
	}
	return files
}

func writeImage(t *testing.T, file, name string) string {
	t.Helper()
	file = filepath.Join("images", file+".yaml")
	require.NoError(t, os.MkdirAll("images", 0o750))
	text := fmt.Sprintf("name: %s\nregion: cn-hangzhou\nsource: {imageId: m-1}\nbatchCompute: {}\n", name)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// members are the builds of the three documents, in these states.
func members(web, db, queue workflows.State) []workflows.FleetMember {
	return []workflows.FleetMember{member("web", web, 1), member("db", db, 2), member("queue", queue, 3)}
}

func member(id string, state workflows.State, began int) workflows.FleetMember {
	m := workflows.FleetMember{ID: id, Name: id, Region: "cn-hangzhou", State: state}
	if state != pending && state != skipped {
		m.RunID, m.StartedAt = "run-"+id, after(began)
	}
	if m.RunID != "" && state != running {
		m.FinishedAt = after(began + 40)
	}
	switch state {
	case succeeded:
		m.Outcome, m.ImageID = string(succeeded), "m-"+id
	case failed:
		m.Code, m.Step = refused.Code, workflows.StepRegister
		m.Message = "The specified image name already exists.\nThere is more to it."
	case running:
		m.Step = workflows.StepImport
	}
	return m
}

func countsOf(of []workflows.FleetMember) map[workflows.State]int {
	counts := map[workflows.State]int{}
	for _, m := range of {
		counts[m.State]++
	}
	return counts
}

func fleetProgress(of []workflows.FleetMember) *workflows.FleetProgress {
	return &workflows.FleetProgress{FleetID: "images", RunID: "run-1", State: running, Counts: countsOf(of), Members: of}
}

func fleetResult(outcome workflows.Outcome, of []workflows.FleetMember) workflows.FleetResult {
	return workflows.FleetResult{FleetID: "images", RunID: "run-1", Outcome: outcome, Counts: countsOf(of), Members: of, StartedAt: dawn, FinishedAt: *after(60)}
}

// fleetServer runs a fleet of the three documents that ends with these builds.
func fleetServer(status enumspb.WorkflowExecutionStatus, outcome workflows.Outcome, end []workflows.FleetMember) *fakeTemporal {
	result := fleetResult(outcome, end)
	return &fakeTemporal{
		typ: workflows.FleetType,
		frames: []frame{
			{fleet: fleetProgress(members(running, running, pending))},
			{fleet: fleetProgress(members(succeeded, running, pending))},
			{fleet: fleetProgress(members(succeeded, running, running))},
			{fleet: fleetProgress(end), status: status},
		},
		fleetResult: &result,
	}
}

func goodFleet() *fakeTemporal {
	return fleetServer(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, workflows.OutcomeSucceeded, members(succeeded, succeeded, succeeded))
}

func partialFleet() *fakeTemporal {
	return fleetServer(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, workflows.OutcomePartial, members(succeeded, failed, succeeded))
}

// wired is an error as a client has it, with details that are still encoded.
func wired(err error) error {
	converter := sdktemporal.GetDefaultFailureConverter()
	return converter.FailureToError(converter.ErrorToFailure(err))
}

// failedFleet tells its result in the details of its failure.
func failedFleet() *fakeTemporal {
	f := fleetServer(enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, "failed", members(failed, failed, failed))
	f.end = wired(failureOfType("FleetFailed", *f.fleetResult))
	return f
}

// cancelledFleetServer had one build done and one running.
func cancelledFleetServer() *fakeTemporal {
	f := fleetServer(enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, "cancelled", members(succeeded, cancelledState, skipped))
	f.end = wired(sdktemporal.NewCanceledError(*f.fleetResult))
	return f
}

// terminatedFleet was cut off while two builds ran.
func terminatedFleet() *fakeTemporal {
	f := fleetServer(enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, "", members(succeeded, running, running))
	f.end = &sdktemporal.TerminatedError{}
	return f
}

// continued is a fleet whose first run went on as run-1.
func continued() *fakeTemporal {
	last := goodFleet()
	last.firstRunID = "run-0"
	first := &fakeTemporal{
		typ: workflows.FleetType, runID: "run-0",
		frames: []frame{
			{fleet: fleetProgress(members(running, running, pending))},
			{status: enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW},
		},
		events: []*historypb.HistoryEvent{{
			EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
			Attributes: &historypb.HistoryEvent_WorkflowExecutionContinuedAsNewEventAttributes{
				WorkflowExecutionContinuedAsNewEventAttributes: &historypb.WorkflowExecutionContinuedAsNewEventAttributes{NewExecutionRunId: "run-1"},
			}}},
	}
	first.others = map[string]*fakeTemporal{"run-1": last}
	return first
}
