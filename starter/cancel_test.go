package starter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

func TestCancel(t *testing.T) {
	isRunning := frame{progress: progress(running, running, pending)}
	cancelled := frame{progress: progress(workflows.StateCancelled, workflows.StateCancelled, pending), status: enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED}
	skipped := stoodStill(workflows.OutcomeSkipped, pending)
	skipped.state = workflows.StateSkipped
	for _, test := range []struct {
		name   string
		args   []string
		server *fakeTemporal
		exit   int
		asked  bool
	}{
		{name: "asks and returns", server: &fakeTemporal{frames: []frame{isRunning}}, asked: true},
		{name: "in json", args: []string{"-o", "json"}, server: &fakeTemporal{frames: []frame{isRunning}}, asked: true},
		{name: "and wait", args: []string{"--wait"}, server: &fakeTemporal{frames: []frame{isRunning, isRunning, cancelled}, end: cancelledWith(removedLedger())}, asked: true},
		{name: "and wait for what is kept", args: []string{"--wait"}, server: &fakeTemporal{frames: []frame{isRunning, cancelled}, end: cancelledWith(keptLedger)}, asked: true},
		{name: "and wait for what cannot be removed", args: []string{"--wait"}, server: &fakeTemporal{frames: []frame{isRunning, cancelled}, end: cancelledWith(stuckLedger())}, exit: cli.ExitPartial, asked: true},
		{name: "and wait in json", args: []string{"--wait", "-o", "jsonl", "--progress", "none"}, server: &fakeTemporal{frames: []frame{isRunning, cancelled}, end: cancelledWith(keptLedger[:1])}, asked: true},
		{name: "and wait for a while", args: []string{"--wait", "--wait-timeout", "3s"}, server: &fakeTemporal{frames: []frame{isRunning}}, exit: cli.ExitTimeout, asked: true},
		{name: "and wait until Ctrl-C", args: []string{"--wait"}, server: &fakeTemporal{frames: []frame{isRunning}, interruptAfter: 3 * time.Second}, exit: cli.ExitInterrupted, asked: true},
		{name: "too late", args: []string{"--wait"}, server: goodBuild(t), exit: cli.ExitFailed, asked: true},
		{name: "a build that is over", server: &fakeTemporal{frames: []frame{cancelled}}, exit: cli.ExitUsage},
		{name: "a build that was skipped", server: skipped, exit: cli.ExitUsage},
		{name: "a build that has just ended", server: &fakeTemporal{frames: []frame{isRunning}, cancelErr: serviceerror.NewNotFound("workflow execution already completed")},
			exit: cli.ExitUsage, asked: true},
		{name: "an unknown build", server: &fakeTemporal{}, exit: cli.ExitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server, append([]string{"cancel", "web-base"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			require.Equal(t, test.asked, len(test.server.cancels) == 1)
			golden(t, got.String())
		})
	}
}

func TestCancelNamesRunAndReason(t *testing.T) {
	server := &fakeTemporal{frames: []frame{{progress: progress(running, running, pending)}}}
	require.Zero(t, kiln(t, server, "cancel", "web-base", "--reason", "wrong disk").exit)
	require.Equal(t, "wrong disk", server.cancels[0].Reason)
	require.Equal(t, "run-1", server.cancels[0].RunID)
}

// What is not there is a failure to every command, and what is over a refusal.
func TestRefusalsOfTheSameKindHaveTheSameCode(t *testing.T) {
	for _, command := range [][]string{{"status"}, {"watch"}, {"cancel"}, {"approve"}, {"reject", "--reason", "no"}, {"retry"}} {
		require.Equal(t, cli.ExitFailed, kiln(t, &fakeTemporal{}, append(command, "web-base")...).exit, "%s what is not there", command)
	}
	for _, command := range [][]string{{"cancel"}, {"approve"}, {"reject", "--reason", "no"}, {"retry"}} {
		over := goodBuild(t)
		over.frames = over.frames[len(over.frames)-1:]
		require.Equal(t, cli.ExitUsage, kiln(t, over, append(command, "web-base")...).exit, "%s what is over", command)
	}
}

func TestAWorkflowThatIsNoBuildIsLeftAlone(t *testing.T) {
	for _, command := range []string{"status", "watch", "cancel", "approve", "retry"} {
		got := kiln(t, &fakeTemporal{typ: "Payroll", frames: []frame{{}}}, command, "web-base")
		require.Equal(t, cli.ExitFailed, got.exit)
		require.Equal(t, "Error: web-base is no build but a workflow of type Payroll; `kiln list` shows the builds\n", got.stderr)
	}
}
