//go:build bench

package testsuite

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hardware says what the figures were measured on.
func hardware(t *testing.T) string {
	t.Helper()
	memory, err := strconv.ParseFloat(strings.TrimSuffix(fieldOf(t, "/proc/meminfo", "MemTotal"), " kB"), 64)
	require.NoError(t, err)
	return fmt.Sprintf("%s, %d cores, %.1f GiB, Linux %s",
		fieldOf(t, "/proc/cpuinfo", "model name"), runtime.NumCPU(), memory/(1<<20), textOf(t, "/proc/sys/kernel/osrelease"))
}

// versions says what was measured.
func versions(t *testing.T) string {
	t.Helper()
	kiln := decode[struct{ Version, Go string }](t, runCommand(t, environment(t), kilnBin(t), "version", "-o", "json").stdout)
	return fmt.Sprintf("Kiln %s, %s, Temporal server %s, SDK %s", kiln.Version, kiln.Go,
		linked(t, kilndevBin(t), "go.temporal.io/server"), linked(t, kilnBin(t), "go.temporal.io/sdk"))
}

// linked is the version of a module in a binary.
func linked(t *testing.T, binary, module string) string {
	t.Helper()
	info, err := buildinfo.ReadFile(binary)
	require.NoError(t, err)
	for _, dependency := range info.Deps {
		if dependency.Path == module {
			return strings.TrimPrefix(dependency.Version, "v")
		}
	}
	require.Fail(t, "not linked", module)
	return ""
}

// loadAverage is what else the machine was doing in the last minute.
func loadAverage(t *testing.T) string {
	t.Helper()
	return strings.Fields(textOf(t, "/proc/loadavg"))[0]
}

func textOf(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return strings.TrimSpace(string(text))
}

// fieldOf is the first value of a name in a file of lines such as "name: value".
func fieldOf(t *testing.T, file, name string) string {
	t.Helper()
	for line := range strings.Lines(textOf(t, file)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	require.Fail(t, "not there", "%s in %s", name, file)
	return ""
}

// jiffy is the unit of /proc's times, which Linux fixes for programs.
const jiffy = time.Second / 100

// cpu is the time that the process has had of the cores so far.
func (p *process) cpu(t *testing.T) time.Duration {
	t.Helper()
	stat := textOf(t, p.proc("stat"))
	fields := strings.Fields(stat[strings.LastIndex(stat, ")")+1:]) // the name before may hold anything
	var ticks time.Duration
	for _, field := range fields[11:13] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		require.NoError(t, err)
		ticks += time.Duration(n)
	}
	return ticks * jiffy
}

// memory is a size in the status of the process, such as VmRSS, in MB.
func (p *process) memory(t *testing.T, name string) float64 {
	t.Helper()
	kib, err := strconv.ParseFloat(strings.TrimSuffix(fieldOf(t, p.proc("status"), name), " kB"), 64)
	require.NoError(t, err)
	return kib * 1024 / 1e6
}

func (p *process) proc(file string) string {
	return fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file)
}
