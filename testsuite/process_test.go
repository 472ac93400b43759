//go:build e2e || bench

package testsuite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The patience of a test with something that should happen. It bounds a failure and
// measures nothing.
const (
	patience = 2 * time.Minute
	glance   = 20 * time.Millisecond
)

// builtBinary is the path of a binary that make has built.
func builtBinary(t *testing.T, env string) string {
	t.Helper()
	path := os.Getenv(env)
	require.NotEmpty(t, path, "%s is not set: run the tests by `make e2e`", env)
	return path
}

func kilnBin(t *testing.T) string    { return builtBinary(t, "KILN_BIN") }
func kilndevBin(t *testing.T) string { return builtBinary(t, "KILNDEV_BIN") }

// buffer collects what a process says; it can be read while the process runs.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// process is a child process.
type process struct {
	cmd    *exec.Cmd
	stdout buffer
	stderr buffer
	exited chan struct{}
}

// environment of a child: nothing of the tester's own but the path, and a home of its own.
func environment(t *testing.T, extra ...string) []string {
	t.Helper()
	return append([]string{
		"PATH=" + os.Getenv("PATH"),
		"HOME=" + t.TempDir(),
		"ALIBABA_CLOUD_ECS_METADATA_DISABLED=true",
	}, extra...)
}

// start runs a command until the test ends.
func start(t *testing.T, env []string, name string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(name, args...), exited: make(chan struct{})}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = env, &p.stdout, &p.stderr
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.exited)
		_ = p.cmd.Wait() // the exit code is in ProcessState
	}()
	t.Cleanup(func() {
		p.signal(syscall.SIGKILL)
		<-p.exited
		if t.Failed() {
			t.Logf("%s %s\n--- stdout\n%s\n--- stderr\n%s", filepath.Base(name), strings.Join(args, " "), tail(p.stdout.String()), tail(p.stderr.String()))
		}
	})
	return p
}

// tail keeps a log of a failure readable.
func tail(text string) string {
	const keep = 8000
	if len(text) <= keep {
		return text
	}
	return "… " + text[len(text)-keep:]
}

func (p *process) signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) }

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.signal(syscall.SIGKILL)
	<-p.exited
}

// wait returns the exit code, -1 for one that was killed.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		require.FailNow(t, "the process does not end", p.cmd.String())
		return 0
	}
}

// stop asks the process to end and returns its exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	p.signal(syscall.SIGTERM)
	return p.wait(t)
}

// said waits until the process has written a text.
func (p *process) said(t *testing.T, text string) {
	t.Helper()
	eventually(t, "the process says "+text, func() bool {
		return strings.Contains(p.stderr.String(), text) || strings.Contains(p.stdout.String(), text)
	})
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patience, glance, "waiting until %s", what)
}

// outcome is what a command left behind.
type outcome struct {
	stdout, stderr string
	code           int
}

// runCommand runs a command to its end.
func runCommand(t *testing.T, env []string, name string, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// decode reads the one JSON value that a command printed.
func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var value T
	decoder := json.NewDecoder(strings.NewReader(text))
	require.NoError(t, decoder.Decode(&value), text)
	_, err := decoder.Token()
	require.ErrorIs(t, err, io.EOF, "more than one value: %s", text)
	return value
}
