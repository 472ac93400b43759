//go:build bench

package testsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/workflows"
)

// TestBench3Builds compares whole builds, in a cloud that takes no time, with the bare
// workflow. Both have turns at one server, and each begins every other run.
func TestBench3Builds(t *testing.T) {
	s := newSheet(t, 3, "Builds per second")
	n, levels := s.number("N", 700), s.numbers("CONCURRENCY", 10, 50)
	r := newRig(t)
	c := r.temporal(t)
	bare := r.bareWorker(t)
	layout := r.layout(t, c)
	rows := [][]string{}
	for _, level := range levels {
		var turns comparison
		for run := range s.runs {
			t.Logf("concurrency %d, run %d of %d", level, run+1, s.runs)
			name := fmt.Sprintf("%d-%d", level, run)
			sides := []func(){
				func() { turns.builds = append(turns.builds, r.builds(t, c, n, level, name)) },
				func() { turns.bares = append(turns.bares, r.bares(t, c, bare, layout, n, level, name)) },
			}
			sides[run%2]()
			sides[1-run%2]()
		}
		rows = append(rows, turns.rows(level)...)
	}
	s.say("A build imports a disk, makes a component and a template, runs it and registers the image: %d activities and "+
		"%d local. The bare workflow has the same, on the same two task queues with the same options, that do nothing. "+
		"%d of each a run, after a tenth more to warm up; a new one starts when one ends. CPU in ms for each workflow.",
		len(layout.Waits), layout.Local, n)
	s.table([]string{"at once", "a second", "of bare", "server CPU", "worker CPU", "worker ÷ server", "cloud CPU", "starter CPU"}, rows)
}

// turn is what came of one side's turn: workflows a second, and CPU in ms a workflow.
type turn struct{ rate, server, worker, cloud, starter float64 }

// comparison is the turns of both sides.
type comparison struct{ builds, bares []turn }

// rows show the builds, and the bare workflows below them.
func (c *comparison) rows(level int) [][]string {
	column := func(turns []turn, value func(turn) float64) string {
		var all spread
		for _, one := range turns {
			all = append(all, value(one))
		}
		return all.String()
	}
	var ratio spread
	for i := range c.builds {
		ratio = append(ratio, c.builds[i].rate/c.bares[i].rate)
	}
	row := func(name string, turns []turn, ratio string) []string {
		return []string{name, column(turns, func(t turn) float64 { return t.rate }), ratio,
			column(turns, func(t turn) float64 { return t.server }), column(turns, func(t turn) float64 { return t.worker }),
			column(turns, func(t turn) float64 { return t.worker / t.server }),
			column(turns, func(t turn) float64 { return t.cloud }), column(turns, func(t turn) float64 { return t.starter })}
	}
	return [][]string{
		row(strconv.Itoa(level)+", builds", c.builds, ratio.String()),
		row(strconv.Itoa(level)+", bare", c.bares, "1"),
	}
}

// quickBank is a cloud in which nothing takes time.
func quickBank(t *testing.T) *bank { return newBank(t, "--speed", "1000000") }

// hasty are the flags of a worker in that cloud, which no quota holds back.
var hasty = []string{"--poll-interval", "50ms", "--calls-per-minute", "10000000", "--api-calls-per-minute", "*=10000000,CreateImageComponent=10000000"}

// builds measures builds, with a cloud and a worker of their own.
func (r *rig) builds(t *testing.T, c client.Client, n, level int, name string) turn {
	t.Helper()
	cloud := quickBank(t)
	defer cloud.stop(t)
	worker := r.hire(t, cloud, hasty...)
	defer worker.stop(t)
	worker.profile(t, "worker-"+name)
	return r.measure(t, c, workflows.BuildType, worker.process, cloud.process, n, level, func(i int) error {
		return runToEnd(c, workflows.BuildType, benchDocument(i), client.StartWorkflowOptions{
			ID: fmt.Sprintf("build-%s-%d", name, i), TaskQueue: workflows.DefaultTaskQueue,
			TypedSearchAttributes: workflows.StartAttributes(fmt.Sprintf("web-%d", i), benchRegions[i%len(benchRegions)]), // as kiln build does
		})
	})
}

// bares measures bare workflows.
func (r *rig) bares(t *testing.T, c client.Client, worker *process, layout bareLayout, n, level int, name string) turn {
	t.Helper()
	return r.measure(t, c, bareType, worker, nil, n, level, func(i int) error {
		return runToEnd(c, bareType, layout, client.StartWorkflowOptions{ID: fmt.Sprintf("bare-%s-%d", name, i), TaskQueue: bareQueue})
	})
}

// runToEnd runs a workflow.
func runToEnd(c client.Client, workflowType string, input any, options client.StartWorkflowOptions) error {
	started, err := c.ExecuteWorkflow(context.Background(), options, workflowType, input)
	if err != nil {
		return err
	}
	return started.Get(context.Background(), nil)
}

// measure runs n workflows of a type, so many at once, after a tenth of that without
// measuring.
func (r *rig) measure(t *testing.T, c client.Client, workflowType string, worker, cloud *process, n, level int, one func(i int) error) turn {
	t.Helper()
	atOnce(t, n, n+max(n/10, level), level, one)
	began, before := time.Now(), r.spent(t, worker, cloud)
	atOnce(t, 0, n, level, one)
	after := r.spent(t, worker, cloud)
	each := func(i int) float64 { return float64(after[i]-before[i]) / float64(time.Millisecond) / float64(n) }
	is := turn{
		rate:   float64(n) / lastEnd(t, c, workflowType, began, n).Sub(began).Seconds(),
		server: each(0), worker: each(1), cloud: each(2), starter: each(3),
	}
	t.Logf("%s: %.1f a second; CPU of server %.1f, worker %.1f, cloud %.1f, starter %.1f ms each", workflowType, is.rate, is.server, is.worker, is.cloud, is.starter)
	return is
}

// lastEnd is when the last of n workflows ended by the server's clock. Whoever waits for
// them now and then hears of an end late, by as much as the 20 s of a long poll.
func lastEnd(t *testing.T, c client.Client, workflowType string, began time.Time, n int) (last time.Time) {
	t.Helper()
	query := fmt.Sprintf("WorkflowType = '%s' AND StartTime >= '%s' AND ExecutionStatus = 'Completed'", workflowType, began.UTC().Format(time.RFC3339Nano))
	eventually(t, "every workflow is listed", func() bool {
		found := 0
		request := &workflowservice.ListWorkflowExecutionsRequest{Query: query}
		for {
			page, err := c.ListWorkflow(context.Background(), request)
			require.NoError(t, err)
			for _, one := range page.GetExecutions() {
				if ended := one.GetCloseTime().AsTime(); ended.After(last) {
					last = ended
				}
			}
			found += len(page.GetExecutions())
			if request.NextPageToken = page.GetNextPageToken(); len(request.NextPageToken) == 0 {
				return found == n
			}
		}
	})
	return last
}

// spent is the CPU time so far of the server, the worker, the cloud and this process.
func (r *rig) spent(t *testing.T, worker, cloud *process) [4]time.Duration {
	t.Helper()
	spent := [4]time.Duration{r.cpu(t), worker.cpu(t)}
	if cloud != nil {
		spent[2] = cloud.cpu(t)
	}
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	spent[3] = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return spent
}

// atOnce calls one for each number from, to, so many at once.
func atOnce(t *testing.T, from, to, level int, one func(i int) error) {
	t.Helper()
	var next atomic.Int64
	next.Store(int64(from))
	errs := make([]error, level)
	var callers sync.WaitGroup
	for caller := range level {
		callers.Go(func() {
			for i := next.Add(1) - 1; i < int64(to) && errs[caller] == nil; i = next.Add(1) - 1 {
				errs[caller] = one(int(i))
			}
		})
	}
	callers.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
}

// layout is that of a bare workflow which has the activities of a build.
func (r *rig) layout(t *testing.T, c client.Client) bareLayout {
	t.Helper()
	r.builds(t, c, 1, 1, "layout")
	return layoutOf(history(t, c, "build-layout-0"))
}

func layoutOf(history *historypb.History) bareLayout {
	var layout bareLayout
	for _, event := range history.GetEvents() {
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			layout.Waits = append(layout.Waits, strings.HasSuffix(scheduled.GetTaskQueue().GetName(), "-waits"))
		}
		if event.GetMarkerRecordedEventAttributes().GetMarkerName() == "LocalActivity" {
			layout.Local++
		}
	}
	return layout
}

// benchRegions share the builds, since a region takes 1,000 new components a minute.
var benchRegions = []string{"cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen"}

// benchDocument is docs/examples/quickstart.yaml with names of its own.
func benchDocument(i int) json.RawMessage { return benchDocumentOf(i, "disks/base.qcow2", "QCOW2") }

// benchDocumentOf is that with another disk.
func benchDocumentOf(i int, disk, format string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"name": "web-%[1]d", "region": %[2]q,
		"source": {"import": {"platform": "Ubuntu", "architecture": "x86_64",
			"disks": [{"bucket": "kiln-examples", "object": %[3]q, "format": %[4]q}]}},
		"components": [{"name": "nginx-%[1]d", "content": "RUN apt-get update && apt-get install -y nginx\nRUN systemctl enable nginx\n"}],
		"template": {"internetMaxBandwidthOut": 10},
		"batchCompute": {"description": "Ubuntu with nginx"}}`, i, benchRegions[i%len(benchRegions)], disk, format))
}
