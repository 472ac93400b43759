package workflows

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

const asksFirst = `"approval": {"timeout": "48h", "reason": "look at the kernel"}`

// answer is what became of an update.
type answer struct {
	verdict  Verdict
	err      error // with which it was refused
	accepted bool
}

func (a *answer) Accept()          { a.accepted = true }
func (a *answer) Reject(err error) { a.err = err }
func (a *answer) Complete(success any, err error) {
	if err == nil {
		a.verdict = success.(Verdict)
	}
	a.err = errors.Join(a.err, err)
}

// refused is why a decision was not taken.
func (a *answer) refused(t *testing.T, kind string) string {
	t.Helper()
	require.False(t, a.accepted, "a decision that is refused leaves nothing in the history")
	var refused *temporal.ApplicationError
	require.ErrorAs(t, a.err, &refused)
	require.Equal(t, kind, refused.Type())
	return refused.Message()
}

// decide sends an update when the build has been waiting for some time: nothing else
// takes hours here.
func decide(env *testsuite.TestWorkflowEnvironment, after time.Duration, update string, said ...any) *answer {
	var a answer
	env.RegisterDelayedCallback(func() { env.UpdateWorkflow(update, "", &a, said...) }, after)
	return &a
}

// states are what the search attribute was set to.
func attributeStates(env *testsuite.TestWorkflowEnvironment) *[]string {
	var states []string
	env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		if state, ok := args.Get(0).(temporal.SearchAttributes).GetKeyword(AttrState); ok {
			states = append(states, state)
		}
	}).Return(nil)
	return &states
}

func TestApprovedBuildGoesOn(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	seen := attributeStates(env)
	began := env.Now()
	var waiting Progress
	var before []string
	env.RegisterDelayedCallback(func() { waiting, before = progressOf(t, env), c.calls }, time.Hour)
	a := decide(env, 2*time.Hour, ApproveUpdate, Decision{By: "ann@laptop", Reason: "boots"})
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst)))

	var result Result
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, OutcomeSucceeded, result.Outcome)
	require.Equal(t, "img-1", result.BatchComputeImageID)
	require.NoError(t, a.err)
	require.Equal(t, &a.verdict, result.Approval)
	require.WithinDuration(t, began.Add(2*time.Hour), result.Approval.At, time.Minute)
	require.Equal(t, Verdict{By: "ann@laptop", Reason: "boots", At: result.Approval.At, ImageID: "m-golden"}, a.verdict)

	require.NotContains(t, before, "RegisterImage", "nothing is released before")
	require.Equal(t, StateWaiting, waiting.State)
	require.Equal(t, StepApproval, waiting.Step)
	step := waiting.of(StepApproval)
	require.Equal(t, StateWaiting, step.State)
	require.NotNil(t, step.StartedAt)
	require.Equal(t, "m-golden", step.ResourceID)
	require.Regexp(t, `^waits for approval until \d{4}-\d\d-\d\d \d\d:\d\d UTC: look at the kernel$`, step.Detail)
	require.Equal(t, []string{"running", "waiting", "running", "succeeded"}, *seen)

	over := progressOf(t, env)
	require.Equal(t, []Step{StepExecution, StepApproval, StepRegister}, []Step{over.Steps[0].Name, over.Steps[1].Name, over.Steps[2].Name})
	require.Equal(t, StateSucceeded, over.of(StepApproval).State)
	require.Equal(t, "approved by ann@laptop: boots", over.of(StepApproval).Detail)
	require.Equal(t, result.Approval, over.Approval)
}

// `temporal workflow update execute --name approve` sends no argument.
func TestBuildIsApprovedWithoutAWord(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	decide(env, time.Hour, ApproveUpdate)
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, asksFirst)))
	var result Result
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, "somebody", result.Approval.By)
	require.Equal(t, "m-golden", result.ImageID)
}

func TestRejectedBuildFailsAndIsNotReleased(t *testing.T) {
	for keeps, left := range map[string][]string{
		"keep":    {"image m-golden made"},
		"cleanup": {"image m-golden removed"},
	} {
		t.Run(keeps, func(t *testing.T) {
			var c cloud
			env := environment(t, &c)
			seen := attributeStates(env)
			first := decide(env, time.Hour, RejectUpdate, Decision{By: "ann@laptop", Reason: "wrong kernel"})
			env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst, `"onFailure": "`+keeps+`"`)))

			failure := failureIn(t, env.GetWorkflowError(), activities.Rejected)
			require.Equal(t, "image m-golden was rejected by ann@laptop: wrong kernel", failure.Message)
			require.Equal(t, StepApproval, failure.Step)
			require.Equal(t, "stop", failure.Class)
			require.NotEmpty(t, failure.Advice)
			require.Nil(t, failure.Approval)
			require.Subset(t, states(failure.Resources), left)
			require.NotContains(t, c.calls, "RegisterImage")
			require.NoError(t, first.err)
			progress := progressOf(t, env)
			require.Equal(t, StateFailed, progress.of(StepApproval).State)
			require.Equal(t, []string{"running", "waiting", "running", "failed"}, *seen)
		})
	}
}

func TestBuildIsRejectedOnce(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	decide(env, time.Hour, RejectUpdate, Decision{By: "ann@laptop", Reason: "wrong kernel"})
	again := map[string]*answer{RejectUpdate: {}, ApproveUpdate: {}}
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		for update, a := range again {
			if info.ActivityType.Name == "Remove" { // it is cleaning up
				env.RegisterDelayedCallback(func() { env.UpdateWorkflow(update, "", a, Decision{By: "bob"}) }, 0)
			}
		}
	})
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst, `"onFailure": "cleanup"`)))
	require.Contains(t, failureIn(t, env.GetWorkflowError(), activities.Rejected).Message, "ann@laptop")
	for _, a := range again {
		require.Equal(t, "build default-test-workflow-id does not wait for approval any more: image m-golden was rejected by ann@laptop: wrong kernel",
			a.refused(t, NotWaiting))
	}
}

func TestBuildThatNobodyApprovesFails(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	began := env.Now()
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst)))
	failure := failureIn(t, env.GetWorkflowError(), activities.ApprovalTimeout)
	require.Equal(t, "nobody has approved image m-golden within 48h0m0s", failure.Message)
	require.Equal(t, StepApproval, failure.Step)
	require.NotContains(t, c.calls, "RegisterImage")
	require.GreaterOrEqual(t, env.Now().Sub(began), 48*time.Hour)
}

func TestWaitingBuildIsCancelledAtOnce(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	seen := attributeStates(env)
	began := env.Now()
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Hour)
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst, `"onCancel": "keep"`)))
	require.Contains(t, ledgerOf(t, env), "image m-golden made")
	progress := progressOf(t, env)
	require.Equal(t, StateCancelled, progress.of(StepApproval).State)
	require.Less(t, env.Now().Sub(began), 2*time.Hour)
	require.NotContains(t, c.calls, "RegisterImage")
	require.Equal(t, []string{"running", "waiting", "running", "cancelled"}, *seen)
}

func TestDecisionsThatNobodyWaitsFor(t *testing.T) {
	during := func(activityType, document string) *answer {
		var c cloud
		var a answer
		env := environment(t, &c)
		env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
			if info.ActivityType.Name == activityType {
				env.RegisterDelayedCallback(func() { env.UpdateWorkflow(ApproveUpdate, "", &a, Decision{}) }, 0)
			}
		})
		decide(env, time.Hour, ApproveUpdate)
		env.ExecuteWorkflow(BuildType, raw(document))
		require.NoError(t, env.GetWorkflowError())
		return &a
	}
	const id = "build default-test-workflow-id "
	require.Equal(t, id+"does not wait for approval yet: it is in step execution",
		during("AwaitExecution", document(standsOver, registered, asksFirst)).refused(t, NotWaiting))
	require.Equal(t, id+"does not wait for approval any more: image m-golden was approved by somebody",
		during("RegisterImage", document(standsOver, registered, asksFirst)).refused(t, NotWaiting))
	require.Equal(t, id+"waits for nobody's approval: its document has no section approval",
		during("AwaitExecution", document(standsOver, registered)).refused(t, NotWaiting))
}

func TestDecisionsThatSayTooMuch(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	by := decide(env, time.Hour, ApproveUpdate, Decision{By: strings.Repeat("长", 257)})
	reason := decide(env, time.Hour, RejectUpdate, Decision{Reason: strings.Repeat("长", 1025)})
	fits := decide(env, 2*time.Hour, ApproveUpdate, Decision{By: strings.Repeat("长", 256), Reason: strings.Repeat("长", 1024)})
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, asksFirst)))
	require.Equal(t, "by is longer than 256 characters", by.refused(t, InvalidDecision))
	require.Equal(t, "reason is longer than 1024 characters", reason.refused(t, InvalidDecision))
	require.NoError(t, fits.err)
	require.NoError(t, env.GetWorkflowError())
}

// rejectedBuild is the ledger of a build whose image somebody has rejected.
func rejectedBuild(t *testing.T, c *cloud) []Resource {
	t.Helper()
	env := environment(t, c)
	decide(env, time.Hour, RejectUpdate)
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst)))
	lines := failureIn(t, env.GetWorkflowError(), activities.Rejected).Resources
	c.calls = nil
	return lines
}

func TestRetryAfterARejectionAsksAgainForTheSameImage(t *testing.T) {
	for _, from := range []Step{"", StepApproval} {
		var c cloud
		retry := Retry{RunID: "r-1", Origin: "r-1", From: from, Resources: rejectedBuild(t, &c)}
		env := environment(t, &c)
		a := decide(env, time.Hour, ApproveUpdate, Decision{By: "ann"})
		env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst)), retry)
		require.NoError(t, env.GetWorkflowError())
		require.Equal(t, "m-golden", a.verdict.ImageID)
		require.Equal(t, []string{"RegisterImage"}, c.calls, "the image is used again")
	}
}

func TestApprovalHoldsForTheRetryOfALaterStep(t *testing.T) {
	text := document(standsOver, registered, asksFirst)
	approvedBuild := func(c *cloud) Failure {
		c.refuse = map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role")}
		env := environment(t, c)
		decide(env, time.Hour, ApproveUpdate, Decision{By: "ann", Reason: "boots"})
		env.ExecuteWorkflow(BuildType, raw(text))
		c.refuse = nil
		return failureIn(t, env.GetWorkflowError(), "InvalidRoleArn")
	}
	var c cloud
	failure := approvedBuild(&c)
	require.Equal(t, "ann", failure.Approval.By)
	retry := Retry{RunID: "r-1", Origin: "r-1", Resources: failure.Resources, Approval: failure.Approval}

	result, env, err := retried(t, &c, retry, text)
	require.NoError(t, err)
	require.Equal(t, failure.Approval, result.Approval)
	progress := progressOf(t, env)
	require.Equal(t, "approved by ann: boots", progress.of(StepApproval).Detail)

	t.Run("unless the step is begun anew", func(t *testing.T) {
		var c cloud
		failure := approvedBuild(&c)
		retry := Retry{RunID: "r-1", Origin: "r-1", From: StepApproval, Resources: failure.Resources, Approval: failure.Approval}
		_, _, err := retried(t, &c, retry, text)
		require.Nil(t, failureIn(t, err, activities.ApprovalTimeout).Approval)
	})
	t.Run("unless the image is another one", func(t *testing.T) {
		retry := retry
		retry.Approval = &Verdict{By: "ann", ImageID: "m-another"}
		_, _, err := retried(t, &c, retry, text)
		failureIn(t, err, activities.ApprovalTimeout)
	})
	t.Run("and is kept by a run that does not come so far", func(t *testing.T) {
		env := environment(t, &c)
		c.refuse = map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role")}
		env.RegisterDelayedCallback(env.CancelWorkflow, 0)
		env.ExecuteWorkflow(BuildType, raw(text), retry)
		var cancelled *temporal.CanceledError
		var left Cancellation
		require.ErrorAs(t, env.GetWorkflowError(), &cancelled)
		require.NoError(t, cancelled.Details(&left))
		require.Equal(t, failure.Approval, left.Approval)
	})
}

func TestWhoIsListedIsToldThatTheBuildWaits(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	var tellings []Telling
	var ids []string
	env.OnWorkflow(NotifyType, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, in Telling) (Told, error) {
		tellings = append(tellings, in)
		ids = append(ids, workflow.GetInfo(ctx).WorkflowExecution.ID)
		return Told{}, nil
	})
	decide(env, time.Hour, ApproveUpdate)
	toWaits := strings.Replace(toFailures, `"failed"`, `"waiting"`, 1)
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst, `"notifications": [`+strings.Join([]string{toAll, toFailures, toWaits}, ", ")+`]`)))
	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, []string{"default-test-workflow-id/notify-waiting/default-test-run-id", "default-test-workflow-id/notify/default-test-run-id"}, ids)
	require.Equal(t, []activities.EventKind{activities.EventWaiting, activities.EventSucceeded}, []activities.EventKind{tellings[0].Kind, tellings[1].Kind})
	require.Equal(t, []int{0, 2}, indices(tellings[0]))
	require.Equal(t, []int{0}, indices(tellings[1]))

	told, wait := tellings[0].Ending, tellings[0].Ending.Approval
	require.Equal(t, []string{"waiting", "m-golden", "name of m-golden", ""}, []string{told.Outcome, told.ImageID, told.ImageName, told.BatchComputeImageID})
	require.True(t, told.FinishedAt.IsZero())
	require.Equal(t, "look at the kernel", wait.Reason)
	require.Equal(t, 48*time.Hour, wait.Until.Sub(wait.Since))
	require.Nil(t, tellings[1].Ending.Approval)
	require.NotEqual(t, eventID(tellings[0], 0), eventID(tellings[1], 0))
}

// Both decisions, and the end of a wait without one, are in histories that replay.
func TestHistoriesCoverTheDecisions(t *testing.T) {
	for file, event := range map[string]string{
		"approved": `"name": "approve"`, "rejected": `"name": "reject"`, "approved-at-last": `"name": "approve"`,
		"approval-timeout": `EVENT_TYPE_TIMER_FIRED`, "cancelled-waiting": `EVENT_TYPE_TIMER_CANCELED`,
		"telling-to-wait": `EVENT_TYPE_ACTIVITY_TASK_COMPLETED`,
	} {
		text, err := os.ReadFile(filepath.Join("testdata/histories/next", file+".json"))
		require.NoError(t, err)
		if !strings.Contains(string(text), event) { // require.Contains would print all of it
			t.Errorf("history %s has no %s", file, event)
		}
	}
}

// That nobody can be told is no reason to wait any less, nor one to call the build a
// partial success.
func TestBuildWaitsThoughNobodyCanBeTold(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	env.OnWorkflow(NotifyType, mock.Anything, mock.Anything).Return(Told{}, testsuite.ErrMockStartChildWorkflowFailed)
	decide(env, time.Hour, ApproveUpdate, Decision{By: "ann"})
	env.ExecuteWorkflow(BuildType, raw(document(standsOver, registered, asksFirst, `"notifications": [`+toAll+`]`)))
	var result Result
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, OutcomeSucceeded, result.Outcome)
	progress := progressOf(t, env)
	require.Contains(t, progress.of(StepApproval).Detail, "nobody was told that the build waits: ")
	require.Contains(t, progress.of(StepApproval).Detail, "; approved by ann")
}
