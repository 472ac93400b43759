package starter

import (
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

func TestStatus(t *testing.T) {
	completed, failedStatus := enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
	for _, test := range []struct {
		name   string
		args   []string
		server *fakeTemporal
		exit   int
	}{
		{name: "of a running build", server: &fakeTemporal{frames: []frame{{progress: progress(running, succeeded, running)}}}},
		{name: "of a running build in json", args: []string{"-o", "json"}, server: &fakeTemporal{frames: []frame{{progress: progress(running, succeeded, running)}}}},
		{name: "of a running build without a worker", server: &fakeTemporal{noQueue: true, frames: []frame{{}}}},
		{name: "of a finished build", server: &fakeTemporal{result: finished(), frames: []frame{{progress: progress(succeeded, succeeded, succeeded), status: completed}}}},
		{name: "of a finished build without a worker", server: &fakeTemporal{noQueue: true, result: finished(), frames: []frame{{status: completed}}}},
		{name: "of a build that was skipped", server: stoodStill(workflows.OutcomeSkipped, pending)},
		{name: "of a build that was skipped in json", args: []string{"-o", "json"}, server: stoodStill(workflows.OutcomeSkipped, pending)},
		{name: "of a build that was skipped and says so", server: stoodStill(workflows.OutcomeSkipped, workflows.StateSkipped)},
		{name: "of a build that is unchanged", server: stoodStill(workflows.OutcomeUnchanged, pending)},
		{name: "of a build that is unchanged without a worker", server: unanswered(stoodStill(workflows.OutcomeUnchanged, pending))},
		{name: "of a build that waits without a worker", server: &fakeTemporal{noQueue: true, state: workflows.StateWaiting, frames: []frame{{}}}},
		{name: "of a failed build without a worker", server: &fakeTemporal{noQueue: true, end: failureOfType(refused.Code, refused), frames: []frame{{status: failedStatus}}}},
		{name: "of a failed build in json", args: []string{"-o", "json"}, server: &fakeTemporal{noQueue: true, end: failureOfType(refused.Code, refused), frames: []frame{{status: failedStatus}}}},
		{name: "of a terminated build that thinks it runs", server: terminated()},
		{name: "of a terminated build in json", args: []string{"-o", "json"}, server: terminated()},
		{name: "of an unknown run", args: []string{"--run-id", "run-2"}, server: &fakeTemporal{}, exit: cli.ExitFailed},
		{name: "of a run that is none", args: []string{"--run-id", "run-2"}, server: &fakeTemporal{frames: []frame{{err: serviceerror.NewInvalidArgument("Invalid RunId.")}}}, exit: cli.ExitUsage},
		{name: "of an unknown build", server: &fakeTemporal{}, exit: cli.ExitFailed},
		{name: "of a server that went away", server: &fakeTemporal{frames: []frame{{err: serviceerror.NewUnavailable("connection refused")}}}, exit: cli.ExitConnection},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server, append([]string{"status", "web-base"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

// stoodStill is a run of a schedule that had nothing to do. Its namespace knows no search
// attributes, so only its result tells the outcome; its steps are as its worker left them.
func stoodStill(outcome workflows.Outcome, steps workflows.State) *fakeTemporal {
	says := progress(workflows.State(outcome), pending, pending)
	says.Step, says.Steps = "", []workflows.StepProgress{{Name: workflows.StepImport, State: steps}, {Name: workflows.StepRegister, State: steps}}
	result := finished()
	result.Outcome, result.Unchanged = outcome, outcome == workflows.OutcomeUnchanged
	if outcome == workflows.OutcomeSkipped {
		result.SkipReason = "frozen from 1999-12-24 to 2000-01-03: holidays"
	}
	return &fakeTemporal{result: result, frames: []frame{{progress: says, status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED}}}
}

func TestWatchEndsAsTheBuildDoes(t *testing.T) {
	for _, test := range []struct {
		name   string
		server *fakeTemporal
		exit   int
	}{
		{"well", goodBuild(t), cli.ExitOK},
		{"skipped", stoodStill(workflows.OutcomeSkipped, pending), cli.ExitOK},
		{"cancelled", badBuild(cancelledWith(nil)), cli.ExitCancelled},
		{"not at all", &fakeTemporal{}, cli.ExitFailed},
		{"without a server", &fakeTemporal{frames: []frame{{err: serviceerror.NewUnavailable("connection refused")}}}, cli.ExitConnection},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server, "watch", "web-base")
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}
