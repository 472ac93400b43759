//go:build e2e

package testsuite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// actor is a process that is killed and started again.
type actor struct {
	t       *testing.T
	name    string
	address string // where it listens, if it does
	program string
	args    func() []string
	env     []string
	ready   string // what it says when it is
	said    string // the file of all that it has said, in all its lives

	mu     sync.Mutex
	cmd    *exec.Cmd // nil while it is dead
	exited chan struct{}
	from   int64 // where its life begins in said
}

func (c *cast) newActor(name, address, program, ready string, args func() []string) *actor {
	a := &actor{t: c.t, name: name, address: address, program: program, args: args, ready: ready,
		env: environment(c.t), said: filepath.Join(c.folder, name+".log")}
	c.t.Cleanup(a.kill)
	return a
}

// start begins a life of the actor, unless it lives.
func (a *actor) start() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cmd != nil {
		return
	}
	said, err := os.OpenFile(a.said, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	require.NoError(a.t, err)
	defer func() { _ = said.Close() }() // the process has its own
	info, err := said.Stat()
	require.NoError(a.t, err)
	a.from = info.Size()
	a.cmd = exec.Command(a.program, a.args()...)
	a.cmd.Env, a.cmd.Stdout, a.cmd.Stderr = a.env, said, said
	require.NoError(a.t, a.cmd.Start())
	a.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		defer close(exited)
		_ = cmd.Wait() // the exit code is in ProcessState
	}(a.cmd, a.exited)
}

// lives tells whether the actor was started and not killed since.
func (a *actor) lives() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.cmd != nil
}

// kill ends the actor as a power cut would. One that has ended by itself is a fault.
func (a *actor) kill() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.cmd == nil {
		return
	}
	_ = a.cmd.Process.Signal(syscall.SIGKILL)
	<-a.exited
	if status := a.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		a.t.Errorf("%s has ended by itself with %d:\n%s", a.name, status.ExitStatus(), tail(a.saidInThisLife()))
	}
	a.cmd = nil
}

// saidInThisLife is what the actor has said since its start.
func (a *actor) saidInThisLife() string {
	text, err := os.ReadFile(a.said)
	require.NoError(a.t, err)
	return string(text[a.from:])
}

// says tells whether the actor has said a text since its start.
func (a *actor) says(text string) bool {
	return strings.Contains(a.saidInThisLife(), text)
}

// awaitSaying waits until the actor has said a text since its start.
func (a *actor) awaitSaying(t *testing.T, text string) {
	t.Helper()
	eventually(t, a.name+" says "+text, func() bool { return a.says(text) })
}
