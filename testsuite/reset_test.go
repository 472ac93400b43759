//go:build e2e

package testsuite

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/seed1230462e/kiln/workflows"
)

// An operator resets a finished build to its beginning. The run is another one, but the
// tokens are those of before, so the cloud gives its first answers and makes nothing new.
func TestResetBuildMakesNothingTwice(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	first, err := p.runBare(c, "web", stories[0].document)
	require.NoError(t, err)

	reset, err := c.ResetWorkflowExecution(context.Background(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", Reason: "test", RequestId: "once",
		WorkflowExecution:         &commonpb.WorkflowExecution{WorkflowId: "web", RunId: first.RunID},
		WorkflowTaskFinishEventId: 4, // the completion of the first workflow task
	})
	require.NoError(t, err)
	require.NotEqual(t, first.RunID, reset.RunId)
	var second workflows.Result
	require.NoError(t, c.GetWorkflow(context.Background(), "web", reset.RunId).Get(context.Background(), &second))

	require.Equal(t, first.Tokens, second.Tokens)
	require.Equal(t, first.ImageID, second.ImageID)
	require.Equal(t, first.BatchComputeImageID, second.BatchComputeImageID)
	for _, action := range mutating {
		require.Equal(t, 1, p.effects(t, action), action)
	}
}
