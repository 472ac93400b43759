package starter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

const waiting = workflows.StateWaiting

// waits is a look at a build that waits for approval since a while.
func waits() frame {
	p := progress(running, succeeded, pending)
	p.State, p.Step = waiting, workflows.StepApproval
	p.Steps = []workflows.StepProgress{p.Steps[0],
		{Name: workflows.StepApproval, State: waiting, StartedAt: after(43), ResourceID: "m-golden", Detail: "waits for approval until 2000-01-04 00:00 UTC: look at the kernel"},
		{Name: workflows.StepRegister, State: pending}}
	return frame{progress: p}
}

// wasDecided is a look at a build about which somebody has decided.
func wasDecided(state workflows.State, detail string, status enumspb.WorkflowExecutionStatus) frame {
	f := waits()
	f.status = status
	f.progress.State = state
	f.progress.Steps[1].State, f.progress.Steps[1].FinishedAt, f.progress.Steps[1].Detail = state, after(50), detail
	return f
}

var rejection = workflows.Failure{
	Code: activities.Rejected, Message: "image m-golden was rejected by ann@laptop: the kernel is too old", Class: "stop", Step: workflows.StepApproval,
	Advice: "Correct what the reason names and go on with `kiln retry BUILD-ID -f FILE`; without -f it asks again for the same image.",
}

func notWaiting() error {
	return sdktemporal.NewNonRetryableApplicationError("build web-base does not wait for approval yet: it is in step import", workflows.NotWaiting, nil)
}

func TestDecisions(t *testing.T) {
	by := []string{"--by", "ann@laptop"}
	for _, test := range []struct {
		name   string
		args   []string
		server *fakeTemporal
		exit   int
		asked  int
	}{
		{name: "approve", args: append([]string{"approve", "web-base"}, by...), server: &fakeTemporal{frames: []frame{waits()}}, asked: 1},
		{name: "approve in json", args: append([]string{"approve", "web-base", "--reason", "boots", "-o", "json"}, by...), server: &fakeTemporal{frames: []frame{waits()}}, asked: 1},
		{name: "reject", args: append([]string{"reject", "web-base", "--reason", "the kernel is too old"}, by...), server: &fakeTemporal{frames: []frame{waits()}}, asked: 1},
		{name: "reject without a reason", args: []string{"reject", "web-base", "--reason", " "}, server: &fakeTemporal{frames: []frame{waits()}}, exit: cli.ExitUsage},
		{name: "approve what does not wait", args: []string{"approve", "web-base"}, exit: cli.ExitUsage, asked: 1,
			server: &fakeTemporal{frames: []frame{{progress: progress(running, running, pending)}}, updateErr: notWaiting()}},
		{name: "approve what is over", args: []string{"approve", "web-base"}, exit: cli.ExitUsage,
			server: &fakeTemporal{frames: []frame{wasDecided(failed, "", enumspb.WORKFLOW_EXECUTION_STATUS_FAILED)}}},
		{name: "approve what has just ended", args: []string{"approve", "web-base"}, exit: cli.ExitUsage, asked: 1,
			server: &fakeTemporal{frames: []frame{waits()}, updateErr: serviceerror.NewNotFound("workflow execution already completed")}},
		{name: "approve an unknown build", args: []string{"approve", "web-base"}, server: &fakeTemporal{}, exit: cli.ExitFailed},
		{name: "approve without a worker", args: []string{"approve", "web-base"}, exit: cli.ExitFailed, asked: 1,
			server: &fakeTemporal{frames: []frame{{}}, noQueue: true, deaf: true}},
		{name: "approve and give up", args: []string{"approve", "web-base"}, exit: cli.ExitInterrupted, asked: 1,
			server: &fakeTemporal{frames: []frame{waits()}, deaf: true, interruptAfter: 2 * time.Second}},
		{name: "approve by an old worker", args: []string{"approve", "web-base"}, exit: cli.ExitFailed, asked: 1,
			server: &fakeTemporal{frames: []frame{waits()}, updateErr: sdktemporal.NewApplicationError("unknown update approve. KnownUpdates=[]", "")}},
		{name: "approve without permission", args: []string{"approve", "web-base"}, exit: cli.ExitConnection, asked: 1,
			server: &fakeTemporal{frames: []frame{waits()}, updateErr: serviceerror.NewPermissionDenied("no", "")}},
		{name: "approve nothing", args: []string{"approve"}, server: &fakeTemporal{}, exit: cli.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server, test.args...)
			require.Equal(t, test.exit, got.exit, got)
			require.Len(t, test.server.updates, test.asked)
			golden(t, got.String())
		})
	}
}

func TestDecisionNamesRunAndWho(t *testing.T) {
	server := &fakeTemporal{frames: []frame{waits()}}
	require.Zero(t, kiln(t, server, "approve", "web-base").exit)
	asked := server.updates[0]
	require.Equal(t, []string{"web-base", "run-1", "approve"}, []string{asked.WorkflowID, asked.RunID, asked.UpdateName})
	require.Regexp(t, `^[^@]+@[^@]+$`, asked.Args[0].(workflows.Decision).By)

	require.Zero(t, kiln(t, server, "reject", "web-base", "--by", "ann", "--reason", "old").exit)
	require.Equal(t, "reject", server.updates[1].UpdateName)
	require.Equal(t, workflows.Decision{By: "ann", Reason: "old"}, server.updates[1].Args[0])
}

// Whoever follows a build sees that it waits, what to type, and what came of it.
func TestFollowingABuildThatWaits(t *testing.T) {
	completed, failedStatus := enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED
	released := finished()
	released.Approval = &workflows.Verdict{By: "ann@laptop", Reason: "boots", At: *after(50), ImageID: "m-golden"}
	for _, test := range []struct {
		name   string
		args   []string
		server *fakeTemporal
		exit   int
	}{
		{name: "status", args: []string{"status", "web-base"}, server: &fakeTemporal{frames: []frame{waits()}}},
		{name: "status in json", args: []string{"status", "web-base", "-o", "json"}, server: &fakeTemporal{frames: []frame{waits()}}},
		{name: "watch approved", args: []string{"watch", "web-base"}, server: &fakeTemporal{result: released, frames: []frame{
			waits(), waits(), wasDecided(succeeded, "approved by ann@laptop: boots", completed)}}},
		{name: "watch rejected", args: []string{"watch", "web-base"}, exit: cli.ExitCancelled, server: &fakeTemporal{end: failureOfType(rejection.Code, rejection), frames: []frame{
			waits(), waits(), wasDecided(failed, "", failedStatus)}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server, test.args...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

// The server of a command that brings its own listens somewhere else each time.
func TestWhatToTypeNamesTheServerThatNobodyKnows(t *testing.T) {
	s := &session{app: &app{name: "kilndev", alone: true}, opts: client.Options{HostPort: "127.0.0.1:41975"}}
	require.Equal(t, "`kilndev approve web-base --address 127.0.0.1:41975` lets it go on, "+
		"`kilndev reject web-base --address 127.0.0.1:41975 --reason WHY` ends it", s.howToDecide("web-base"))
}

func TestRetryCarriesTheApproval(t *testing.T) {
	given := &workflows.Verdict{By: "ann", ImageID: "m-golden", At: dawn}
	failure := refused
	failure.Approval = given
	killed := terminated()
	killed.frames[0].progress.Approval = given
	unseen := unanswered(terminated())
	unseen.events = []*historypb.HistoryEvent{{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED}}
	unseen.input = sent(t, read(t), workflows.Retry{Origin: "run-000", Approval: given})
	for name, before := range map[string]*fakeTemporal{
		"of a failure":                        badBuild(failureOfType(failure.Code, failure)),
		"of a cancellation":                   badBuild(sdktemporal.NewCanceledError(workflows.Cancellation{Approval: given})),
		"of a termination":                    killed,
		"of a run that no worker has touched": unseen,
	} {
		t.Run(name, func(t *testing.T) {
			server := goesOn(t, before)
			got := kiln(t, server, "retry", "web-base", "--detach")
			require.Zero(t, got.exit, got)
			require.Equal(t, given, server.args[1].(workflows.Retry).Approval)
		})
	}
}

func TestWaitingBuildsAreListedAndCompleted(t *testing.T) {
	server := &fakeTemporal{pages: []*workflowservice.ListWorkflowExecutionsResponse{{Executions: []*workflowpb.WorkflowExecutionInfo{
		listedBuild(t, "web-base", enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, dawn, map[string]string{"KilnState": "waiting"}),
		listedBuild(t, "db-base", enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, dawn, map[string]string{"KilnState": "running"}),
		listedBuild(t, "old-base", enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, dawn, map[string]string{"KilnState": "waiting"}),
	}}}}
	pages := server.pages
	got := kiln(t, server, "list")
	require.Regexp(t, `web-base +waiting `, got.stdout)
	require.Regexp(t, `db-base +running `, got.stdout)
	require.Regexp(t, `old-base +failed `, got.stdout)
	for _, command := range []string{"approve", "reject"} {
		server.pages = pages
		require.Equal(t, "web-base\twaiting\n:36\n", kiln(t, server, "__complete", command, "").stdout)
	}
}
