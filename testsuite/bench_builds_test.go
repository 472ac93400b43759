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

// legs of each side in a run.
const legs = 5

// TestBench3Builds compares whole builds, in a cloud that takes no time, with the bare
// workflow at one server, and with one that has the search attributes of a build. They take
// turns leg by leg, so that all meet the same machine, which is never quite quiet.
func TestBench3Builds(t *testing.T) {
	s := newSheet(t, 3, "Builds per second")
	n, levels := s.number("N", 700), s.numbers("CONCURRENCY", 10, 50)
	r := newRig(t)
	c := r.temporal(t)
	var layout bareLayout
	t.Run("layout", func(t *testing.T) { layout = r.layout(t, c) })
	rows := [][]string{}
	for _, level := range levels {
		var turns comparison
		for run := range s.runs {
			t.Run(fmt.Sprintf("%d-%d", level, run), func(t *testing.T) {
				for i, turn := range r.compare(t, c, layout, n, level, run) {
					turns[i] = append(turns[i], turn)
				}
			})
		}
		rows = append(rows, turns.rows(level)...)
	}
	s.say("A build imports a disk, makes a component and a template, runs it and registers the image: %d activities and "+
		"%d local. The bare workflow has the same, on the same two task queues with the same options, that do nothing; with "+
		"attributes it is started with the search attributes of a build. "+
		"%d of each a run, after a tenth more to warm up, in %d legs by turns. In a leg a new one starts when one ends; a leg "+
		"begins when the last one has left nothing to do. CPU in ms for each workflow.", len(layout.Waits), layout.Local, n, legs)
	s.table([]string{"at once", "a second", "of bare", "server CPU", "worker CPU", "worker ÷ server", "cloud CPU", "starter CPU"}, rows)
}

// The sides that are compared, in the order of the rows; all are held against the bare one.
var sideNames = [...]string{"builds", "bare", "bare, with attributes"}

const bareSide = 1

// compare is one run: the turns of the sides.
func (r *rig) compare(t *testing.T, c client.Client, layout bareLayout, n, level, run int) (turns [len(sideNames)]turn) {
	t.Helper()
	worker := r.bareWorker(t)
	sides := [len(sideNames)]*side{r.builds(t), r.bares(worker, layout), r.bares(worker, layout)}
	sides[2].attributes = true
	for i, s := range sides {
		s.name = fmt.Sprintf("%d-%d-%d", i, level, run)
		r.leg(t, c, s, max(n/10, level), level)
	}
	for leg := range legs {
		for turn := range sides {
			i := (run + leg + turn) % len(sides)
			turns[i].add(r.leg(t, c, sides[i], n/legs, level))
		}
	}
	for i, name := range sideNames {
		t.Logf("%s: %s", name, turns[i])
	}
	return turns
}

// turn is what one side did in a run or a leg, how long it took, and the CPU of the server,
// the worker, the cloud and the starter.
type turn struct {
	n     int
	took  time.Duration
	spent [4]time.Duration
}

func (t *turn) add(leg turn) {
	t.n += leg.n
	t.took += leg.took
	for i, spent := range leg.spent {
		t.spent[i] += spent
	}
}

func (t turn) rate() float64 { return float64(t.n) / t.took.Seconds() }

// cpu is that of one of the four, in ms a workflow.
func (t turn) cpu(i int) float64 {
	return float64(t.spent[i]) / float64(time.Millisecond) / float64(t.n)
}

func (t turn) String() string {
	return fmt.Sprintf("%.1f a second; CPU of server %.1f, worker %.1f, cloud %.1f, starter %.1f ms each", t.rate(), t.cpu(0), t.cpu(1), t.cpu(2), t.cpu(3))
}

// comparison is the turns of the sides.
type comparison [len(sideNames)][]turn

// rows show a side each.
func (c *comparison) rows(level int) (rows [][]string) {
	for i, name := range sideNames {
		column := func(value func(turn) float64) string {
			var all spread
			for _, one := range c[i] {
				all = append(all, value(one))
			}
			return all.String()
		}
		var ratio spread
		for run, one := range c[i] {
			ratio = append(ratio, one.rate()/c[bareSide][run].rate())
		}
		rows = append(rows, []string{strconv.Itoa(level) + ", " + name, column(turn.rate), ratio.String(),
			column(func(t turn) float64 { return t.cpu(0) }), column(func(t turn) float64 { return t.cpu(1) }),
			column(func(t turn) float64 { return t.cpu(1) / t.cpu(0) }),
			column(func(t turn) float64 { return t.cpu(2) }), column(func(t turn) float64 { return t.cpu(3) })})
	}
	return rows
}

// quickBank is a cloud in which nothing takes time.
func quickBank(t *testing.T) *bank { return newBank(t, "--speed", "1000000") }

// hasty are the flags of a worker in that cloud, which no quota holds back.
var hasty = []string{"--poll-interval", "50ms", "--calls-per-minute", "10000000", "--api-calls-per-minute", "*=10000000,CreateImageComponent=10000000"}

// side is one of those that are compared.
type side struct {
	name          string // begins the ids of its workflows
	workflowType  string
	input         func(i int) any
	queue         string
	attributes    bool     // those of a build, as kiln build sets them
	worker, cloud *process // no cloud: nil
	begun         int
}

// builds have a cloud and a worker of their own.
func (r *rig) builds(t *testing.T) *side {
	t.Helper()
	cloud := quickBank(t)
	worker := r.hire(t, cloud, hasty...)
	worker.profile(t, strings.ReplaceAll(t.Name(), "/", "-"))
	return &side{
		workflowType: workflows.BuildType, input: func(i int) any { return benchDocument(i) },
		queue: workflows.DefaultTaskQueue, attributes: true, worker: worker.process, cloud: cloud.process,
	}
}

// bares are bare workflows.
func (r *rig) bares(worker *process, layout bareLayout) *side {
	return &side{workflowType: bareType, input: func(int) any { return layout }, queue: bareQueue, worker: worker}
}

// run runs the workflow with this number to its end.
func (s *side) run(c client.Client, id string, i int) error {
	options := client.StartWorkflowOptions{ID: id, TaskQueue: s.queue}
	if s.attributes {
		options.TypedSearchAttributes = workflows.StartAttributes(fmt.Sprintf("web-%d", i), benchRegions[i%len(benchRegions)])
	}
	started, err := c.ExecuteWorkflow(context.Background(), options, s.workflowType, s.input(i))
	if err != nil {
		return err
	}
	return started.Get(context.Background(), nil)
}

// leg runs n workflows of a side, so many at once.
func (r *rig) leg(t *testing.T, c client.Client, s *side, n, level int) turn {
	t.Helper()
	r.rest(t)
	from := s.begun
	s.begun += n
	began, before := time.Now(), r.spent(t, s)
	atOnce(t, from, s.begun, level, func(i int) error {
		return s.run(c, fmt.Sprintf("%s-%d", s.name, i), i)
	})
	is := turn{n: n, spent: r.spent(t, s)}
	for i := range before {
		is.spent[i] -= before[i]
	}
	is.took = lastEnd(t, c, s.workflowType, began, n).Sub(began)
	return is
}

// rest waits until the server has nothing to do but to keep house.
func (r *rig) rest(t *testing.T) {
	t.Helper()
	const window, idle = time.Second, 0.1
	since, before := time.Now(), r.cpu(t)
	eventually(t, "the server rests", func() bool {
		if time.Since(since) < window {
			return false
		}
		spent := r.cpu(t) - before
		since, before = time.Now(), before+spent
		return spent.Seconds() < idle*window.Seconds()
	})
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
func (r *rig) spent(t *testing.T, s *side) [4]time.Duration {
	t.Helper()
	spent := [4]time.Duration{r.cpu(t), s.worker.cpu(t)}
	if s.cloud != nil {
		spent[2] = s.cloud.cpu(t)
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
	require.NoError(t, r.builds(t).run(c, "layout", 0))
	return layoutOf(history(t, c, "layout"))
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
