//go:build bench

package testsuite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/quota"
	"github.com/seed1230462e/kiln/internal/watch"
)

// What a call takes the cloud in the simulations.
const benchLatency = 100 * time.Millisecond

// TestBench1And4Waits counts the calls to the cloud of builds that wait for half an hour, and
// how late each notices the end (figure 4). Simulated time, with the real client, quota
// and watcher of one worker; each run is a seed.
func TestBench1And4Waits(t *testing.T) {
	s := newSheet(t, 1, "Calls to the cloud for builds that wait, and how late they notice")
	counts := s.numbers("N", 1, 100, 1000, 10000)
	s.say("Each build imports, or runs a template, for 30 min ± 10 %% and then looks whether its image can be used. Calls that make something go as the " +
		"account's quota of 1,000 a minute lets them, the looks of one worker share it, and each call takes " + benchLatency.String() + ". " +
		"Beside it what a fixed poll of each build would ask: each 5 s as Packer does, 3 to 10 s as Terraform.")
	for _, kind := range []struct {
		name string
		play func(y *yard, cloud *alicloud.Cloud, n int, random *rand.Rand) []noticed
	}{{"imports", importsWaiting}, {"executions", executionsWaiting}} {
		var calls, lags [][]string
		for _, n := range counts {
			var of waitsCounted
			for run := range s.runs {
				t.Logf("%d %s, run %d of %d", n, kind.name, run+1, s.runs)
				of.add(waitsOf(t, n, rand.New(rand.NewPCG(s.seed, uint64(run))), kind.play))
			}
			calls, lags = append(calls, of.calls(n)), append(lags, of.lags(n))
		}
		s.say("### %s", strings.ToUpper(kind.name[:1])+kind.name[1:])
		s.table([]string{"waiting", "looks, all", "looks, each", "5 s poll, each", "3–10 s poll, each", "5 s poll ÷ Kiln", "most calls in 60 s", "5 s poll, in 60 s", "throttled"}, calls)
		s.table([]string{"waiting", "looks by", "noticed after, p50 s", "p99 s", "most s"}, lags)
	}
}

// noticed is a wait: what it waited for, and when it went on.
type noticed struct {
	id string // of the task or execution
	at time.Time
}

// waitsCounted is what came of waits in each run.
type waitsCounted struct {
	looks, waited, busiest, throttled, p50, p99, most spread
	by                                                map[string]spread
}

// waitsPlayed is that of one run.
type waitsPlayed struct {
	requests []request
	lags     spread // in s
	waited   spread // how long each waited, in s
}

// waitsOf plays waits in a bubble.
func waitsOf(t *testing.T, n int, random *rand.Rand, play func(*yard, *alicloud.Cloud, int, *rand.Rand) []noticed) (of waitsPlayed) {
	t.Helper()
	dir := benchDisks(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 22, 10, 0, 20, 0, time.UTC)))
		y := openYard(t, emulator.Options{OSSDir: dir})
		y.plan(emulator.Fault{Action: "*", Do: emulator.Delay, DelayMs: int(benchLatency.Milliseconds())})
		all := play(y, y.behind(quota.Options{}), n, random)
		lines := timelines(y)
		for _, one := range all {
			line := lines[one.id].Timeline
			require.NotEmpty(t, line, one.id)
			ended := line[len(line)-1].At
			of.lags = append(of.lags, one.at.Sub(ended).Seconds())
			of.waited = append(of.waited, ended.Sub(line[0].At).Seconds())
		}
		of.requests = y.requests(func(request) bool { return true })
	})
	require.Len(t, of.lags, n)
	return of
}

// leastDisk and mostDisk are the sizes in GiB whose imports take 27 and 33 minutes.
const leastDisk, mostDisk = 170, 230

// benchDisks is a folder with disks of all sizes, which take no room.
func benchDisks(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "golden"), 0o755))
	for size := leastDisk; size <= mostDisk; size++ {
		file := filepath.Join(dir, "golden", fmt.Sprintf("%d.raw", size))
		require.NoError(t, os.WriteFile(file, []byte("not empty"), 0o644))
		require.NoError(t, os.Truncate(file, int64(size)<<30))
	}
	return dir
}

// moments are those of a task or execution, in order: how the emulated cloud keeps them.
type moments struct{ Timeline []struct{ At time.Time } }

// timelines are those of all tasks and executions.
func timelines(y *yard) map[string]moments {
	state, err := y.server.State()
	require.NoError(y.t, err)
	lines := map[string]moments{}
	for _, r := range state.Resources {
		if r.Kind == "task" || r.Kind == "execution" {
			var line moments
			require.NoError(y.t, json.Unmarshal(r.Body, &line))
			lines[r.ID] = line
		}
	}
	return lines
}

// importsWaiting begins n imports at once and waits for each as the activities do.
func importsWaiting(y *yard, cloud *alicloud.Cloud, n int, random *rand.Rand) []noticed {
	watcher := watch.New(y.t.Context(), cloud, watch.Options{})
	sizes := make([]int, n)
	for i := range sizes {
		sizes[i] = leastDisk + random.IntN(mostDisk-leastDisk+1)
	}
	return together(y, n, func(ctx context.Context, i int) (noticed, error) {
		var started alicloud.ImportImageResponse
		err := insist(ctx, func(ctx context.Context) (err error) {
			started, err = cloud.ImportImage(ctx, alicloud.ImportImageRequest{
				Region: hangzhou, ClientToken: fmt.Sprintf("import_%d", i), ImageName: fmt.Sprintf("wait-%d", i),
				Disks: []alicloud.Disk{{Bucket: "golden", Object: fmt.Sprintf("%d.raw", sizes[i]), Format: "RAW"}},
			})
			return err
		})
		if err != nil {
			return noticed{}, err
		}
		for task, err := range watcher.Task(ctx, hangzhou, started.TaskID) {
			if err == nil && task.Status == "Finished" {
				break
			}
		}
		return noticed{started.TaskID, usableImage(ctx, watcher, started.ImageID)}, nil
	})
}

// executionsWaiting begins n executions of templates of their own, and waits for them.
func executionsWaiting(y *yard, cloud *alicloud.Cloud, n int, random *rand.Rand) []noticed {
	watcher := watch.New(y.t.Context(), cloud, watch.Options{})
	passes := make([]time.Duration, n) // beyond the 12 minutes of any execution
	for i := range passes {
		passes[i] = 15*time.Minute + time.Duration(random.Int64N(int64(6*time.Minute)))
	}
	turn := make(chan struct{}, 1) // the conditions are those of the next execution
	return together(y, n, func(ctx context.Context, i int) (noticed, error) {
		var template, execution string
		err := insist(ctx, func(ctx context.Context) (err error) {
			template, err = cloud.CreatePipeline(ctx, alicloud.CreatePipelineRequest{
				Region: hangzhou, ClientToken: fmt.Sprintf("template_%d", i), Name: fmt.Sprintf("wait-%d", i),
				BaseImageType: "IMAGE", BaseImage: "m-bp1kilnubuntu2404x64", BuildContent: "RUN true", ImageName: fmt.Sprintf("made-%d", i),
			})
			return err
		})
		if err != nil {
			return noticed{}, err
		}
		err = insist(ctx, func(ctx context.Context) (err error) {
			turn <- struct{}{}
			defer func() { <-turn }()
			y.set(func(c *emulator.Conditions) {
				c.Executions.Passes, c.Executions.PassesFor = "REPAIRING", emulator.Duration(passes[i])
			})
			execution, err = cloud.StartExecution(ctx, alicloud.StartExecutionRequest{Region: hangzhou, ClientToken: fmt.Sprintf("start_%d", i), PipelineID: template})
			return err
		})
		if err != nil {
			return noticed{}, err
		}
		var image string
		for is, err := range watcher.Execution(ctx, hangzhou, execution) {
			if err == nil && is.Status == "SUCCESS" {
				image = is.ImageID
				break
			}
		}
		return noticed{execution, usableImage(ctx, watcher, image)}, nil
	})
}

// usableImage waits until an image can be used, and returns when that was noticed.
func usableImage(ctx context.Context, watcher *watch.Watcher, id string) time.Time {
	for image, err := range watcher.Image(ctx, hangzhou, id) {
		if err == nil && image.Status == "Available" && (image.Usable == nil || *image.Usable) {
			break
		}
	}
	return time.Now()
}

// together plays n waits at the same time.
func together(y *yard, n int, one func(ctx context.Context, i int) (noticed, error)) []noticed {
	all, errs := make([]noticed, n), make([]error, n)
	var waits sync.WaitGroup
	for i := range n {
		waits.Go(func() { all[i], errs[i] = one(y.t.Context(), i) })
	}
	waits.Wait()
	require.NoError(y.t, errors.Join(errs...))
	return all
}

// add counts what a run asked for.
func (w *waitsCounted) add(of waitsPlayed) {
	looks, throttled := map[string]float64{}, 0.0
	var at []time.Time
	for _, r := range of.requests {
		at = append(at, r.Time)
		if strings.Contains(r.Code, "Throttling") {
			throttled++
		}
		if r.looks() {
			looks[r.Action]++
		}
	}
	total := 0.0
	for action, n := range looks {
		if w.by == nil {
			w.by = map[string]spread{}
		}
		w.by[action] = append(w.by[action], n)
		total += n
	}
	mean := 0.0
	for _, seconds := range of.waited {
		mean += seconds / float64(len(of.waited))
	}
	w.looks, w.waited, w.throttled = append(w.looks, total), append(w.waited, mean), append(w.throttled, throttled)
	w.busiest = append(w.busiest, float64(busiest(at)))
	w.p50, w.p99, w.most = append(w.p50, of.lags.quantile(0.5)), append(w.p99, of.lags.quantile(0.99)), append(w.most, slices.Max(of.lags))
}

// busiest is the greatest number of calls in any 60 seconds.
func busiest(at []time.Time) int {
	slices.SortFunc(at, time.Time.Compare)
	most, from := 0, 0
	for to := range at {
		for at[to].Sub(at[from]) >= time.Minute {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// calls is the row of n waits beside the arithmetic of a fixed poll.
func (w *waitsCounted) calls(n int) []string {
	waited := w.waited.quantile(0.5)
	var each, saved spread
	for i, looks := range w.looks {
		each = append(each, looks/float64(n))
		saved = append(saved, float64(n)*w.waited[i]/5/looks)
	}
	return []string{strconv.Itoa(n), w.looks.String(), each.String(), digits(waited / 5), digits(waited/10) + "–" + digits(waited/3),
		saved.String(), w.busiest.String(), strconv.Itoa(12 * n), w.throttled.String()}
}

// lags is the row of n waits that tells how late they noticed the end.
func (w *waitsCounted) lags(n int) []string {
	var by []string
	for _, action := range slices.Sorted(maps.Keys(w.by)) {
		by = append(by, fmt.Sprintf("%s %s", action, digits(w.by[action].quantile(0.5))))
	}
	return []string{strconv.Itoa(n), strings.Join(by, ", "), w.p50.String(), w.p99.String(), w.most.String()}
}

func TestBenchBusiest(t *testing.T) {
	var at []time.Time
	for _, second := range []int{0, 200, 30, 59, 60, 61, 119} {
		at = append(at, time.Unix(int64(second), 0))
	}
	require.Equal(t, 4, busiest(at), "30, 59, 60 and 61, or 60, 61 and 119 with 59 before")
	require.Zero(t, busiest(nil))
}
