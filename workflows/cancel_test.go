package workflows

import (
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// A server lets the attempt of a cancelled call come to its end, which may be a failure.
func TestFailureOfACancelledStepIsACancellation(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		b := build{progress: &Progress{}}
		ctx, cancel := workflow.WithCancel(ctx)
		err := b.step(ctx, StepImport, func(*StepProgress) error {
			cancel()
			return activities.Ended("NoAnswer", "no answer came", "Look.")
		})
		require.Equal(t, StateCancelled, b.progress.of(StepImport).State)
		return err
	})
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()))
}

// ledgerOf is what a cancelled build says that it leaves.
func ledgerOf(t *testing.T, env *testsuite.TestWorkflowEnvironment) []string {
	t.Helper()
	var cancelled *temporal.CanceledError
	var left Cancellation
	require.ErrorAs(t, env.GetWorkflowError(), &cancelled)
	require.NoError(t, cancelled.Details(&left))
	return states(left.Resources)
}

func TestRunThatMayNotBeCancelledIsWaitedOut(t *testing.T) {
	c := cloud{stuck: "exec-1", refuse: map[string]error{"CancelExecution exec-1": refusal(cancels, "Forbidden.RAM", 403, "not allowed")}}
	env := environment(t, &c)
	cancelDuring(env, "AwaitExecution")
	env.ExecuteWorkflow(BuildType, raw(document(`"template": {"id": "ip-old"}`)))
	require.Equal(t, []string{"execution exec-1 over", "image m-golden removed"}, ledgerOf(t, env))
}

const cancels = "CancelImagePipelineExecution"

func TestKeptImageOfACancelledImportIsLookedFor(t *testing.T) {
	for gone, state := range map[string]string{"m-import": "removed", "": "made"} {
		c := cloud{stuck: "t-1", gone: gone}
		env := environment(t, &c)
		cancelDuring(env, "AwaitImport")
		env.ExecuteWorkflow(BuildType, raw(document(imported, registered, `"onCancel": "keep"`)))
		require.Equal(t, []string{"image m-import " + state, "task t-1 over"}, ledgerOf(t, env))
		require.Equal(t, []string{"CancelTask t-1"}, removals(&c))
	}
}

// A registration carries no tags: that of an image which was there may be somebody else's.
func TestUncertainRegistrationOfSomebodyElsesImageStays(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	env.OnActivity("Look", mock.Anything, mock.Anything).Return(activities.LookResult{ID: "img-theirs", Usable: true}, nil)
	retry := Retry{RunID: "r-1", Origin: "r-1", Resources: []Resource{
		{Step: StepRegister, Kind: KindRegistration, Region: "cn-hangzhou", Of: "m-old", Token: "tok", Inputs: "others", State: ResourceAsked}}}
	env.ExecuteWorkflow(BuildType, raw(document(`"source": {"imageId": "m-old"}`, registered)), retry)
	var result Result
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, "registration img-theirs of image m-old may be somebody else's", result.Resources[0].Reason)
	require.Empty(t, removals(&c))
}
