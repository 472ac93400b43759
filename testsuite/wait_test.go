//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/workflows"
)

// Two builds share a template: the second waits for the first one's run and then has its own.
func TestBuildsThatShareATemplate(t *testing.T) {
	p := up(t, "--speed", "600", "--headless")
	c := p.temporal(t)
	template, err := p.runBare(c, "template", `{"name": "template", "region": "cn-hangzhou",
		"source": {"imageId": "m-bp1kilnubuntu2404x64"}, "template": {"buildContent": "RUN true"}}`)
	require.NoError(t, err)

	document := json.RawMessage(`{"name": "shared", "region": "cn-hangzhou", "template": {"id": "` + template.PipelineID + `"}}`)
	executions := map[string]bool{}
	var runs []client.WorkflowRun
	for _, id := range []string{"first-turn", "second-turn"} {
		before := p.calls(t, "StartImagePipelineExecution")
		run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: id, TaskQueue: "kiln"}, "BuildGoldenImage", document)
		require.NoError(t, err)
		p.asked(t, "StartImagePipelineExecution", before+1)
		runs = append(runs, run)
	}
	for _, run := range runs {
		var result workflows.Result
		require.NoError(t, run.Get(context.Background(), &result))
		executions[result.ExecutionID] = true
	}
	require.Len(t, executions, 2)
	waited := history(t, c, "second-turn")
	require.Contains(t, scheduled(waited), "AwaitTurn")
	record(t, waited, "second-turn")
}

// Waits that run out of the document's time end their builds with Timeout, and the server
// alone tells the time.
func TestWaitsThatRunOutOfTimeAreTimeouts(t *testing.T) {
	p := up(t, "--speed", "1", "--headless")
	c := p.temporal(t)
	var runs []client.WorkflowRun
	for n := range 8 {
		id := fmt.Sprintf("late-%d", n)
		run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: id, TaskQueue: "kiln"}, "BuildGoldenImage",
			json.RawMessage(`{"name": "`+id+`", "region": "cn-hangzhou", `+importOneDisk+`, "timeouts": {"import": "4s"}}`))
		require.NoError(t, err)
		runs = append(runs, run)
	}
	for _, run := range runs {
		var failed *temporal.ApplicationError
		require.ErrorAs(t, run.Get(context.Background(), nil), &failed)
		require.Equal(t, "Timeout", failed.Type())
	}
}

// A conflict that clears by itself is waited for, and `kiln status` says what for.
func TestBuildsThatWaitForAConflict(t *testing.T) {
	faults := filepath.Join(t.TempDir(), "faults.yaml")
	require.NoError(t, os.WriteFile(faults, []byte("- {action: ImportImage, from: 1, to: 1, do: refuse, code: ImageIsImporting}\n"), 0o644))
	p := up(t, "--speed", "3000", "--headless", "--faults", faults)
	c := p.temporal(t)
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: "conflict", TaskQueue: "kiln"},
		"BuildGoldenImage", json.RawMessage(`{"name": "conflict", "region": "cn-hangzhou", `+importOneDisk+`, "batchCompute": {}}`))
	require.NoError(t, err)
	eventually(t, "the status says what the build waits for", func() bool {
		return strings.Contains(p.kiln(t, "status", "conflict").stdout, "waiting for ImageIsImporting")
	})
	require.NoError(t, run.Get(context.Background(), nil))
	require.Equal(t, 1, p.effects(t, "ImportImage"))
	record(t, history(t, c, "conflict"), "conflict")
}
