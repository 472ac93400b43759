//go:build e2e

package testsuite

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/workflows"
)

// chainFile is a document with every step, whose one component runs a command.
func chainFile(t *testing.T, name, command string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".yaml")
	text := fmt.Sprintf("name: %s\nregion: cn-hangzhou\n"+
		"source: {import: {disks: [{bucket: kiln-examples, object: disks/base.qcow2, format: QCOW2, sizeGiB: 40}]}}\n"+
		"components: [{name: %s-tool, content: RUN %s}]\nbatchCompute: {}\n", name, name, command)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

// asks counts the calls of each action that make something, whatever became of them.
func (p *machine) asks(t *testing.T) map[string]int {
	t.Helper()
	asks := map[string]int{}
	for _, action := range mutating {
		asks[action] = p.calls(t, action)
	}
	return asks
}

// since are the calls of each action that came after some others.
func (p *machine) since(t *testing.T, before map[string]int) map[string]int {
	t.Helper()
	calls := map[string]int{}
	for action, now := range p.asks(t) {
		if now > before[action] {
			calls[action] = now - before[action]
		}
	}
	return calls
}

// failsToRegister builds a document while Batch Compute has no role, and mends that.
func (p *machine) failsToRegister(t *testing.T, id, file string) {
	t.Helper()
	p.conditions(t, noBatchRole)
	built := p.kiln(t, "build", file, "--build-id", id)
	require.Equal(t, 1, built.code, built.stderr)
	require.Contains(t, built.stderr, "left in the cloud:\n  image ")
	require.Contains(t, built.stderr, "`kiln retry "+id+"` goes on from there")
	p.conditions(t, ``)
}

// resultOf is what the latest run of a build returned.
func (p *machine) resultOf(t *testing.T, id string) workflows.Result {
	t.Helper()
	status := p.kiln(t, "status", id, "-o", "json")
	require.Zero(t, status.code, status.stderr)
	is := decode[struct {
		RunID     string
		Resources []workflows.Resource
		Result    *workflows.Result
	}](t, status.stdout)
	require.NotNil(t, is.Result, status.stdout)
	require.NotEmpty(t, is.Resources)
	return *is.Result
}

func TestRetryAfterARegistrationThatFailed(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	for id, args := range map[string][]string{"from-register": {"--from", "register"}, "from-there": nil} {
		t.Run(id, func(t *testing.T) {
			p.failsToRegister(t, id, chainFile(t, id, "true"))
			before := p.asks(t)
			retried := p.kiln(t, append([]string{"retry", id}, args...)...)
			require.Zero(t, retried.code, retried.stderr)
			require.Equal(t, map[string]int{"CreateImage": 1}, p.since(t, before))
			require.Contains(t, retried.stderr, "which failed in step register (InvalidRoleArn)")
			result := p.resultOf(t, id)
			for _, reused := range []string{"image " + result.ImportedImageID, "component " + result.Components[0].ID, "template " + result.PipelineID, "image " + result.ImageID} {
				says := "reused " + reused + ": what goes into it has not changed"
				require.Contains(t, retried.stderr, says)
				require.Contains(t, retried.stdout, says)
			}
			require.NotEmpty(t, result.BatchComputeImageID)
		})
	}
}

// A retry that fails can be retried: the tokens go on from those of the first run.
func TestRetryOfARetry(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	p.failsToRegister(t, "twice", chainFile(t, "twice", "true"))
	before := p.asks(t)
	p.conditions(t, noBatchRole)
	failed := p.kiln(t, "retry", "twice", "--progress", "none")
	require.Equal(t, 1, failed.code, failed.stderr)
	p.conditions(t, ``)
	retried := p.kiln(t, "retry", "twice", "--from", "execution")
	require.Zero(t, retried.code, retried.stderr)
	require.Equal(t, map[string]int{"StartImagePipelineExecution": 1, "CreateImage": 2}, p.since(t, before))
	require.Equal(t, workflows.OutcomeSucceeded, p.resultOf(t, "twice").Outcome)
	tokens := map[string]bool{}
	for _, r := range p.requests(t) {
		if r.Action == "CreateImage" {
			require.False(t, tokens[r.token()], "a refused call has no effect, so the next one has a token of its own")
			tokens[r.token()] = true
		}
	}
	require.Len(t, tokens, 3)
}

func TestRetryWithAnotherComponent(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	p.failsToRegister(t, "changed", chainFile(t, "changed", "true"))
	before := p.asks(t)
	retried := p.kiln(t, "retry", "changed", "-f", chainFile(t, "changed", "false"))
	require.Zero(t, retried.code, retried.stderr)
	require.Equal(t, map[string]int{"CreateImageComponent": 1, "CreateImagePipeline": 1, "StartImagePipelineExecution": 1, "CreateImage": 1}, p.since(t, before))
	result := p.resultOf(t, "changed")
	require.Contains(t, retried.stderr, "reused image "+result.ImportedImageID)
	require.Contains(t, retried.stdout, "made anew: what goes into component ")
	require.Contains(t, retried.stdout, "removed ")
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome, result.Warnings)
}

// Terminated in the middle of its import, a build goes on with that import.
func TestRetryOfATerminatedBuild(t *testing.T) {
	p := up(t, "--no-worker", "--speed", "120", "--headless")
	first := p.worker(t)
	require.Zero(t, p.kiln(t, "build", quickstart, "--detach").code)
	p.asked(t, "DescribeTaskAttribute", 2)
	require.NoError(t, p.temporal(t).TerminateWorkflow(context.Background(), "web-base", "", "for the test"))
	watched := p.kiln(t, "watch", "web-base")
	require.Equal(t, 1, watched.code, watched.stderr)
	require.Regexp(t, `(?m)^  task +t-\S+ .* may still run$`, watched.stderr)
	require.Zero(t, first.stop(t))

	refused := p.kiln(t, "retry", "web-base")
	require.Equal(t, 2, refused.code, refused.stderr)
	require.Contains(t, refused.stderr, "only a worker can tell what it made")

	p.worker(t)
	retried := p.kiln(t, "retry", "web-base")
	require.Zero(t, retried.code, retried.stderr)
	require.Contains(t, retried.stderr, "which was terminated")
	for action, calls := range p.asks(t) {
		require.Equal(t, 1, calls, action)
	}
	require.Contains(t, retried.stdout, "reused image "+p.resultOf(t, "web-base").ImportedImageID)
}

func TestRetryOfACancelledBuild(t *testing.T) {
	p := up(t, "--speed", "120", "--headless")
	require.Zero(t, p.kiln(t, "build", quickstart, "--detach").code)
	p.asked(t, "DescribeTaskAttribute", 2)
	cancelled := p.kiln(t, "cancel", "web-base", "--wait")
	require.Zero(t, cancelled.code, cancelled.stderr)
	require.Contains(t, cancelled.stdout, "nothing is left in the cloud")
	require.Contains(t, cancelled.stdout, "`kiln retry web-base` starts it again")

	retried := p.kiln(t, "retry", "web-base")
	require.Zero(t, retried.code, retried.stderr)
	require.Contains(t, retried.stderr, "which was cancelled")
	require.Equal(t, 2, p.effects(t, "ImportImage"), "the first one is gone")
	for _, action := range mutating[1:] {
		require.Equal(t, 1, p.effects(t, action), action)
	}
}

func TestRetryRefuses(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	file := chainFile(t, "refused", "true")
	p.failsToRegister(t, "failed", file)
	started := p.kiln(t, "build", file, "--build-id", "succeeded", "--progress", "none", "-o", "json")
	require.Zero(t, started.code, started.stderr)
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("name: web\nregoin: cn-hangzhou\nsource: {imageId: m-1}\n"), 0o600))
	imports := p.calls(t, "ImportImage")
	p.conditions(t, `imports: {stuck: true}`)
	require.Zero(t, p.kiln(t, "build", file, "--build-id", "running", "--detach").code)
	p.asked(t, "ImportImage", imports+1)
	before := p.asks(t)
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"a build that runs", []string{"running"}, "build running still runs"},
		{"a build that succeeded", []string{"succeeded"}, "nothing to retry"},
		{"an unknown step", []string{"failed", "--from", "regster"}, "did you mean register?"},
		{"a step that the document does not have", []string{"failed", "--from", "components", "-f", "../docs/examples/register-only.yaml"}, "its steps are import, register"},
		{"a document with faults", []string{"failed", "-f", bad}, bad + ":2:1"},
		{"a run that is not the latest", []string{"failed", "--run-id", "0195e1f0-0000-7000-8000-000000000000"}, "not the latest"},
	} {
		t.Run(test.name, func(t *testing.T) {
			refused := p.kiln(t, append([]string{"retry"}, test.args...)...)
			require.Equal(t, 2, refused.code, refused.stderr)
			require.Contains(t, refused.stderr, test.says)
			require.Empty(t, refused.stdout)
		})
	}
	unknown := p.kiln(t, "retry", "nobody")
	require.Equal(t, 1, unknown.code, "as of every command")
	require.Contains(t, unknown.stderr, "no build nobody")
	require.Empty(t, p.since(t, before))
}
