//go:build bench

package testsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/workflows"
)

// TestBench2Memory measures a worker that holds N waits: RUNS workers, one after the
// other, take the same builds over.
func TestBench2Memory(t *testing.T) {
	s := newSheet(t, 2, "A worker with many builds waiting")
	counts, window := s.numbers("N", 1000, 10000), time.Duration(s.number("WINDOW", 60))*time.Second
	var rows [][]string
	for _, n := range counts {
		began, tookOver := waiters(t, s, n, window)
		rows = append(rows, began.row(fmt.Sprintf("%d, begun by it", n)), tookOver.row(fmt.Sprintf("%d, taken over", n)))
	}
	s.say("Builds that wait for an import which does not end. The first worker began them, so it also holds their workflows; each run is a worker "+
		"that took all of them over from the one before. Memory in MB; CPU in ms a second over %s with all of them waiting, looks and heartbeats as in production.", window)
	s.table([]string{"builds waiting", "RSS", "RSS at most", "Go heap in use", "goroutines", "worker CPU", "server CPU", "cloud CPU", "all held after, s"}, rows)
}

// waitCost is what workers cost that hold waits.
type waitCost struct{ rss, peak, heap, goroutines, worker, server, cloud, after spread }

func (h waitCost) row(name string) []string {
	row := []string{name}
	for _, values := range []spread{h.rss, h.peak, h.heap, h.goroutines, h.worker, h.server, h.cloud, h.after} {
		row = append(row, values.String())
	}
	return row
}

// waiters measures the worker that begins n builds, and those that take them over.
func waiters(t *testing.T, s *sheet, n int, window time.Duration) (began, tookOver waitCost) {
	t.Helper()
	r := newRig(t)
	c := r.temporal(t)
	cloud := newBank(t, "--speed", "0.001")
	worker := r.hire(t, cloud, "--calls-per-minute", "1000000", "--api-calls-per-minute", "*=1000000") // so that it begins them in minutes
	since := time.Now()
	atOnce(t, 0, n, 20, func(i int) error {
		_, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: fmt.Sprintf("wait-%d", i), TaskQueue: workflows.DefaultTaskQueue},
			workflows.BuildType, importDocument(i))
		return err
	})
	began.measure(t, r, worker, cloud, n, since, window)
	for run := range s.runs {
		t.Logf("%d waiting, run %d of %d", n, run+1, s.runs)
		since = time.Now()
		worker.stop(t)
		worker = r.hire(t, cloud)
		tookOver.measure(t, r, worker, cloud, n, since, window)
	}
	return began, tookOver
}

// measure adds a worker, once it holds n waits.
func (h *waitCost) measure(t *testing.T, r *rig, worker *profiled, cloud *bank, n int, since time.Time, window time.Duration) {
	t.Helper()
	worker.holds(t, n)
	h.after = append(h.after, time.Since(since).Seconds())
	processes := []*process{worker.process, r.process, cloud.process}
	var before []time.Duration
	for _, p := range processes {
		before = append(before, p.cpu(t))
	}
	time.Sleep(window) // what is measured is what they do meanwhile
	for i, column := range []*spread{&h.worker, &h.server, &h.cloud} {
		*column = append(*column, float64((processes[i].cpu(t)-before[i]).Milliseconds())/window.Seconds())
	}
	h.rss, h.peak = append(h.rss, worker.memory(t, "VmRSS")), append(h.peak, worker.memory(t, "VmHWM"))
	h.heap, h.goroutines = append(h.heap, worker.heap(t)), append(h.goroutines, worker.goroutines(t))
}

// importDocument is a build that only imports.
func importDocument(i int) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"name": "wait-%d", "region": %q,
		"source": {"import": {"disks": [{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2"}]}}}`, i, benchRegions[i%len(benchRegions)]))
}

// holds waits until the worker has so many waits for imports under way.
func (p *profiled) holds(t *testing.T, n int) {
	t.Helper()
	deadline := time.Now().Add(time.Hour) // ten thousand take their time to start
	for waits := 0; waits < n; waits = p.waits(t) {
		require.True(t, time.Now().Before(deadline), "the worker holds %d waits of %d", waits, n)
		select {
		case <-p.exited:
			require.FailNow(t, "the worker ended", tail(p.stderr.String()))
		case <-time.After(time.Second):
		}
	}
}

var goroutineGroup = regexp.MustCompile(`(?m)^(\d+) @ `)

// waits counts the waits for imports that the worker has under way, by its goroutines.
func (p *profiled) waits(t *testing.T) int {
	t.Helper()
	profile, err := p.ask("goroutine?debug=1")
	require.NoError(t, err)
	waits := 0
	for group := range strings.SplitSeq(string(profile), "\n\n") {
		if count := goroutineGroup.FindStringSubmatch(group); count != nil && strings.Contains(group, ").AwaitImport") {
			n, err := strconv.Atoi(count[1])
			require.NoError(t, err)
			waits += n
		}
	}
	return waits
}

var goroutineTotal = regexp.MustCompile(`goroutine profile: total (\d+)`)

func (p *profiled) goroutines(t *testing.T) float64 {
	t.Helper()
	return p.measured(t, "goroutine?debug=1", goroutineTotal)
}

var heapInUse = regexp.MustCompile(`# HeapInuse = (\d+)`)

// heap is what Go's heap holds, in MB.
func (p *profiled) heap(t *testing.T) float64 {
	t.Helper()
	return p.measured(t, "heap?debug=1", heapInUse) / 1e6
}

func (p *profiled) measured(t *testing.T, profile string, value *regexp.Regexp) float64 {
	t.Helper()
	text, err := p.ask(profile)
	require.NoError(t, err)
	found := value.FindSubmatch(text)
	require.NotNil(t, found, "%s in %s", value, profile)
	number, err := strconv.ParseFloat(string(found[1]), 64)
	require.NoError(t, err)
	return number
}
