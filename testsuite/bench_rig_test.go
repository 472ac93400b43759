//go:build bench

package testsuite

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rig is a Temporal server on a file, in a process of its own.
type rig struct{ *machine }

// newRig starts the server, which knows of no cloud.
func newRig(t *testing.T) *rig {
	t.Helper()
	nowhere := "http://127.0.0.1:9" // the discard port: a server without a worker calls no cloud
	return &rig{up(t, "--no-worker", "--headless", "--log-level", "error", "--ecs-endpoint", nowhere, "--db-filename", filepath.Join(t.TempDir(), "temporal.db"))}
}

// bank is an emulated cloud in a process of its own.
type bank struct {
	*process
	CloudURL        string
	AccessKeyID     string
	AccessKeySecret string
}

// newBank starts a cloud without a log.
func newBank(t *testing.T, args ...string) *bank {
	t.Helper()
	b := &bank{process: start(t, environment(t), kilndevBin(t),
		append([]string{"emulator", "-o", "json", "--port", "0", "--emulator-log", os.DevNull}, args...)...)}
	eventually(t, "the cloud says where it listens", func() bool { return strings.HasSuffix(b.stdout.String(), "\n") })
	require.NoError(t, json.Unmarshal([]byte(b.stdout.String()), b))
	return b
}

// profiled is a worker in a process of its own, whose profiles can be read.
type profiled struct {
	*process
	profiles string
}

var profilesAt = regexp.MustCompile(`"url":"([^"]+)"`)

// hire starts a worker between the server and a cloud, and returns when it polls.
func (r *rig) hire(t *testing.T, b *bank, args ...string) *profiled {
	t.Helper()
	there := *r.machine
	there.CloudURL, there.AccessKeyID, there.AccessKeySecret = b.CloudURL, b.AccessKeyID, b.AccessKeySecret
	p := &profiled{process: start(t, there.env(t), kilnBin(t),
		append([]string{"worker", "--log-format", "json", "--pprof-address", "127.0.0.1:0"}, args...)...)}
	p.said(t, "Worker started polling")
	p.profiles = profilesAt.FindStringSubmatch(p.stderr.String())[1]
	return p
}

// profile writes what the worker does with its CPU in the next seconds to a file of the
// folder that KILN_BENCH_PROFILE names, for go tool pprof. The measuring goes on meanwhile.
func (p *profiled) profile(t *testing.T, name string) {
	t.Helper()
	folder := os.Getenv("KILN_BENCH_PROFILE")
	if folder == "" {
		return
	}
	done := make(chan struct{})
	t.Cleanup(func() { <-done })
	go func() {
		defer close(done)
		profile, err := p.ask("profile?seconds=10")
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name+".pprof"), profile, 0o644)
		}
		if err != nil {
			t.Logf("no profile of %s: %v", name, err)
		}
	}()
}

// ask reads a profile.
func (p *profiled) ask(what string) ([]byte, error) {
	answer, err := http.Get(p.profiles + what)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	return io.ReadAll(answer.Body)
}
