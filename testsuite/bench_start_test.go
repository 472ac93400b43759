//go:build bench

package testsuite

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestBench7Start measures how soon the binaries are there, in turns, and how big they are.
func TestBench7Start(t *testing.T) {
	s := newSheet(t, 7, "Start-up and size")
	r, cloud := newRig(t), quickBank(t)
	there := *r.machine
	there.CloudURL, there.AccessKeyID, there.AccessKeySecret = cloud.CloudURL, cloud.AccessKeyID, cloud.AccessKeySecret
	box := []string{"up", "-o", "json", "--port", "0", "--ui-port", "0", "--emulator-port", "0"}
	starts := []struct {
		name   string
		ready  string // what it says once it is there; empty: it has ended
		binary string
		args   func() []string
		took   spread
	}{
		{name: "`kiln version`", binary: kilnBin(t), args: func() []string { return []string{"version"} }},
		{name: "`kiln validate` of an example", binary: kilnBin(t), args: func() []string { return []string{"validate", "../docs/examples/quickstart.yaml"} }},
		{name: "`kiln worker` until it polls", ready: "Worker started polling", binary: kilnBin(t), args: func() []string { return []string{"worker", "--log-format", "json"} }},
		{name: "`kilndev up` until it says where, in memory", ready: "temporalAddress", binary: kilndevBin(t), args: func() []string { return box }},
		{name: "`kilndev up` until it says where, with a new file", ready: "temporalAddress", binary: kilndevBin(t), args: func() []string {
			return append(box, "--db-filename", filepath.Join(t.TempDir(), "kiln.db"))
		}},
	}
	for range s.runs {
		for i := range starts {
			one := &starts[i]
			one.took = append(one.took, started(t, there.env(t), one.ready, one.binary, one.args()...).Seconds()*1000)
		}
	}
	var rows [][]string
	for _, one := range starts {
		rows = append(rows, []string{one.name, one.took.String()})
	}
	s.table([]string{"start", "ms"}, rows)
	rows = nil
	for _, binary := range []string{kilnBin(t), kilndevBin(t)} {
		info, err := os.Stat(binary)
		require.NoError(t, err)
		rows = append(rows, []string{"`" + filepath.Base(binary) + "`", digits(float64(info.Size()) / 1e6)})
	}
	s.table([]string{"binary", "MB"}, rows)
}

// started is how long a command takes until it says a text, or to its end when the text is
// empty.
func started(t *testing.T, env []string, ready, binary string, args ...string) time.Duration {
	t.Helper()
	said := &herald{text: []byte(ready), at: make(chan time.Time, 1)}
	cmd := exec.Command(binary, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, said, said
	began := time.Now()
	require.NoError(t, cmd.Start())
	ended := make(chan time.Time, 1)
	go func() { _ = cmd.Wait(); ended <- time.Now() }() // the exit code is in ProcessState
	if ready == "" {
		end := <-ended
		require.Zero(t, cmd.ProcessState.ExitCode(), said.heard.String())
		return end.Sub(began)
	}
	select {
	case at := <-said.at:
		require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
		<-ended
		return at.Sub(began)
	case <-ended:
		require.Fail(t, "it ended before it was there", said.heard.String())
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		require.Fail(t, "it is not there", said.heard.String())
	}
	return 0
}

// herald notes when a text has been written.
type herald struct {
	mu    sync.Mutex
	text  []byte
	heard bytes.Buffer
	at    chan time.Time
}

func (s *herald) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := bytes.Contains(s.heard.Bytes(), s.text)
	s.heard.Write(p)
	if !before && bytes.Contains(s.heard.Bytes(), s.text) {
		s.at <- time.Now()
	}
	return len(p), nil
}
