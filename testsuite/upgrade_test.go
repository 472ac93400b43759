//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// Builds that the worker of the last release has begun are finished by the worker of
// this tree: in the import, in the execution, and when they are cancelled on the way.
func TestUpgradedWorkerFinishesWhatTheOldOneBegan(t *testing.T) {
	old := os.Getenv("KILN_RELEASED_BIN")
	if _, err := os.Stat(old); err != nil {
		t.Skip("the worker of the last release is not there: its commit is not in this clone")
	}
	for _, test := range []struct {
		name, during string
		cancels      bool
	}{
		{"in the import", "DescribeTaskAttribute", false},
		{"in the execution", "DescribeImagePipelineExecutions", false},
		{"cancelled in the import", "DescribeTaskAttribute", true},
		{"cancelled in the execution", "DescribeImagePipelineExecutions", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := up(t, "--no-worker", "--speed", "300", "--headless")
			c := p.temporal(t)
			before := start(t, p.env(t), old, "worker", "--poll-interval", "100ms", "--heartbeat-timeout", "2s")
			run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: "upgraded", TaskQueue: "kiln"},
				"BuildGoldenImage", json.RawMessage(`{"name": "upgraded", "region": "cn-hangzhou", `+wholeChain+`}`))
			require.NoError(t, err)
			p.asked(t, test.during, 2)
			before.kill()
			if test.cancels {
				require.NoError(t, c.CancelWorkflow(context.Background(), "upgraded", ""))
			}
			p.worker(t)

			var result workflows.Result
			err = run.Get(context.Background(), &result)
			if test.cancels {
				var cancelled *temporal.CanceledError
				require.ErrorAs(t, err, &cancelled)
				var left workflows.Cancellation
				require.NoError(t, cancelled.Details(&left))
				var state emulator.State
				require.NoError(t, json.Unmarshal(p.admin(t, http.MethodGet, "state", ""), &state))
				for _, resource := range state.Resources {
					require.Contains(t, []string{"task", "execution"}, resource.Kind, "a build of before is cleaned up as well: %s in %v", resource.ID, left)
				}
				return
			}
			require.NoError(t, err)
			require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
			for _, action := range mutating {
				require.Equal(t, 1, p.effects(t, action), action)
			}
		})
	}
}
