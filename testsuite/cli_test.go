//go:build e2e

package testsuite

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/workflows"
)

const quickstart = "../docs/examples/quickstart.yaml"

// The main job in one command, as a new user types it.
func TestKilndevRunBuildsTheQuickstart(t *testing.T) {
	done := runCommand(t, environment(t), kilndevBin(t), "run", quickstart, "-o", "json")
	require.Zero(t, done.code, done.stderr)
	result := decode[workflows.Result](t, done.stdout)
	for name, id := range map[string]string{
		"imageId": result.ImageID, "imageName": result.ImageName, "importedImageId": result.ImportedImageID,
		"importTaskId": result.ImportTaskID, "component": result.Components[0].ID, "pipelineId": result.PipelineID,
		"executionId": result.ExecutionID, "batchComputeImageId": result.BatchComputeImageID,
	} {
		require.NotEmpty(t, id, name)
	}
}

// Every example in the docs builds, from its file, against one kilndev.
func TestExamplesBuild(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	examples, err := filepath.Glob("../docs/examples/*.*")
	require.NoError(t, err)
	require.NotEmpty(t, examples)
	for _, example := range examples {
		if strings.Contains(example, "existing-template") {
			continue // needs a template id of this account; TestBuildStartedByTheBareTemporalAPI has it
		}
		if strings.Contains(example, "matrix") {
			continue // is a fleet, which TestFleetStartedByTheBareTemporalAPI builds
		}
		t.Run(filepath.Base(example), func(t *testing.T) {
			text, err := os.ReadFile(example)
			require.NoError(t, err)
			done := start(t, p.env(t), kilnBin(t), "build", example, "--build-id", filepath.Base(example), "-o", "json")
			if strings.Contains(string(text), "\napproval:") {
				awaitsApproval(t, p.temporal(t), filepath.Base(example))
				require.Zero(t, p.kiln(t, "approve", filepath.Base(example)).code)
			}
			require.Zero(t, done.wait(t), done.stderr.String())
			require.NotEmpty(t, decode[workflows.Result](t, done.stdout.String()).ImageID)
		})
	}
}

func TestFollowingABuild(t *testing.T) {
	p := up(t, "--speed", "60", "--headless")
	started := p.kiln(t, "build", quickstart, "--detach", "-o", "json")
	require.Zero(t, started.code, started.stderr)
	run := decode[struct{ BuildID, RunID string }](t, started.stdout)
	require.Equal(t, "web-base", run.BuildID)

	again := p.kiln(t, "build", quickstart, "--detach", "-o", "json")
	require.Zero(t, again.code, again.stderr)
	require.Contains(t, again.stderr, "already building")
	require.Equal(t, run.RunID, decode[struct{ RunID string }](t, again.stdout).RunID)

	p.asked(t, "DescribeTaskAttribute", 2)
	status := p.kiln(t, "status", "web-base", "-o", "json")
	require.Zero(t, status.code, status.stderr)
	progress := decode[workflows.Progress](t, status.stdout)
	require.Equal(t, workflows.StateRunning, progress.State)

	require.Equal(t, 3, p.kiln(t, "watch", "web-base", "--wait-timeout", "1s").code)

	watched := p.kiln(t, "watch", "web-base")
	require.Zero(t, watched.code, watched.stderr)
	require.Contains(t, watched.stdout, "img-")

	eventually(t, "the build is listed as succeeded", func() bool {
		listed := p.kiln(t, "list", "--state", "succeeded")
		return listed.code == 0 && strings.Contains(listed.stdout, "web-base") && strings.Contains(listed.stdout, "m-")
	})
}

func TestCancellingABuild(t *testing.T) {
	p := up(t, "--speed", "60", "--headless")
	require.Zero(t, p.kiln(t, "build", quickstart, "--detach").code)
	p.asked(t, "DescribeTaskAttribute", 1)
	cancelled := p.kiln(t, "cancel", "web-base")
	require.Zero(t, cancelled.code, cancelled.stderr)
	require.Equal(t, 7, p.kiln(t, "watch", "web-base").code)
	require.Equal(t, 1, p.effects(t, "CancelTask"))
}

func TestInterruptedBuildGoesOn(t *testing.T) {
	p := up(t, "--speed", "120", "--headless")
	build := start(t, p.env(t), kilnBin(t), "build", quickstart)
	p.asked(t, "DescribeTaskAttribute", 1)
	build.signal(syscall.SIGINT)
	require.Equal(t, 130, build.wait(t))
	require.Contains(t, build.stderr.String(), "kiln watch web-base")
	require.Zero(t, p.kiln(t, "watch", "web-base").code)
}

// What goes wrong before a build starts gets a sentence and an exit code.
func TestClearErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("name: web\nregion: cn-hangzhou\nsorce: {}\n"), 0o644))
	nobody := freeAddress(t)
	for _, test := range []struct {
		name string
		env  []string
		args []string
		code int
		says string
	}{
		{"a bad document", nil, []string{"validate", bad}, 2, bad + ":3:1"},
		{"a bad document to build", nil, []string{"build", bad}, 2, "source"},
		{"a file that is not there", nil, []string{"build", "none.yaml"}, 2, "none.yaml"},
		{"an unknown command", nil, []string{"biuld"}, 2, "build"},
		{"an unknown flag", nil, []string{"build", "--fiel"}, 2, "--fiel"},
		{"no Temporal server", []string{"TEMPORAL_ADDRESS=" + nobody}, []string{"build", quickstart}, 4, nobody},
		{"no Temporal server to list", []string{"TEMPORAL_ADDRESS=" + nobody}, []string{"list"}, 4, nobody},
		{"no credentials", []string{"TEMPORAL_ADDRESS=" + nobody}, []string{"worker"}, 4, "ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{"an endpoint that is no URL", []string{"TEMPORAL_ADDRESS=" + nobody, "ALIBABA_CLOUD_ACCESS_KEY_ID=a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=b"},
			[]string{"worker", "--ecs-endpoint", "nowhere"}, 2, "nowhere"},
	} {
		t.Run(test.name, func(t *testing.T) {
			done := runCommand(t, environment(t, test.env...), kilnBin(t), test.args...)
			require.Equal(t, test.code, done.code, done.stderr)
			require.Contains(t, done.stderr, test.says)
			require.NotContains(t, done.stderr, "goroutine")
			require.Empty(t, done.stdout)
		})
	}
}

func TestKilndevNamesAnEndpointThatDoesNotAnswer(t *testing.T) {
	nobody := freeAddress(t)
	done := runCommand(t, environment(t, "ALIBABA_CLOUD_ACCESS_KEY_ID=a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=b"), kilndevBin(t),
		"run", quickstart, "--ecs-endpoint", "http://"+nobody, "--batchcompute-endpoint", "http://"+nobody)
	require.Equal(t, 4, done.code, done.stderr)
	require.Contains(t, done.stderr, nobody)
}

// A worker may be started before its server.
func TestWorkerWaitsForItsServer(t *testing.T) {
	address := freeAddress(t)
	_, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	w := start(t, environment(t, "TEMPORAL_ADDRESS="+address, "ALIBABA_CLOUD_ACCESS_KEY_ID=kiln-dev", "ALIBABA_CLOUD_ACCESS_KEY_SECRET=kiln-dev-secret"),
		kilnBin(t), "worker", "--task-queue", "late", "--ecs-endpoint", "http://"+freeAddress(t), "--batchcompute-endpoint", "http://"+freeAddress(t))
	w.said(t, address)
	start(t, environment(t), kilndevBin(t), "up", "--port", port, "--ui-port", "0", "--emulator-port", "0", "--headless")
	w.said(t, "polling")
	require.Zero(t, w.stop(t))
}

func TestWorkerRefusesANamespaceThatDoesNotExist(t *testing.T) {
	p := up(t, "--headless")
	done := runCommand(t, p.env(t), kilnBin(t), "worker", "--namespace", "nowhere")
	require.Equal(t, 4, done.code, done.stderr)
	require.Contains(t, done.stderr, "nowhere")
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}
