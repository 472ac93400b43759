//go:build e2e

package testsuite

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/workflows"
)

// mutating are the calls that must have their effect once.
var mutating = []string{"ImportImage", "CreateImageComponent", "CreateImagePipeline", "StartImagePipelineExecution", "CreateImage"}

// A worker is killed in the middle of the import and its successor in the middle of the
// execution; the emulated cloud's own log is the witness.
func TestBuildSurvivesKilledWorkers(t *testing.T) {
	p := up(t, "--no-worker", "--speed", "120", "--headless")
	first := p.worker(t)
	started := p.kiln(t, "build", "../docs/examples/quickstart.yaml", "--detach")
	require.Zero(t, started.code, started.stderr)

	p.asked(t, "DescribeTaskAttribute", 2)
	first.kill()
	second := p.worker(t)
	p.asked(t, "DescribeImagePipelineExecutions", 2)
	second.kill()
	p.worker(t)

	watched := p.kiln(t, "watch", "web-base", "-o", "json")
	require.Zero(t, watched.code, watched.stderr)
	result := decode[workflows.Result](t, watched.stdout)
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
	for _, action := range mutating {
		require.Equal(t, 1, p.effects(t, action), action)
	}
}

// Everything that kilndev holds is killed while the import runs; started again on the
// same file, the build goes on where it was.
func TestBuildSurvivesTheWholeMachine(t *testing.T) {
	file := t.TempDir() + "/kiln.db"
	before := up(t, "--db-filename", file, "--speed", "120", "--headless")
	started := before.kiln(t, "build", "../docs/examples/quickstart.yaml", "--detach")
	require.Zero(t, started.code, started.stderr)
	before.asked(t, "DescribeTaskAttribute", 2)
	before.kill()

	after := up(t, "--db-filename", file, "--speed", "120", "--headless")
	watched := after.kiln(t, "watch", "web-base", "-o", "json")
	require.Zero(t, watched.code, watched.stderr)
	result := decode[workflows.Result](t, watched.stdout)
	require.NotEmpty(t, result.BatchComputeImageID)
	require.Zero(t, after.effects(t, "ImportImage"), "the import of before is the one that counts")
	require.Equal(t, 1, after.effects(t, "CreateImage"))
}

// A worker that is asked to stop hands its wait over at once.
func TestStoppedWorkerHandsItsWaitOver(t *testing.T) {
	p := up(t, "--no-worker", "--speed", "120", "--headless")
	first := p.worker(t)
	p.worker(t)
	started := p.kiln(t, "build", "../docs/examples/quickstart.yaml", "--detach")
	require.Zero(t, started.code, started.stderr)
	p.asked(t, "DescribeTaskAttribute", 2)
	require.Zero(t, first.stop(t), "a drained worker exits with 0")

	watched := p.kiln(t, "watch", "web-base")
	require.Zero(t, watched.code, watched.stderr)
	require.Equal(t, 1, p.effects(t, "ImportImage"))
}
