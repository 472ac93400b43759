//go:build e2e || bench

package testsuite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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

// Builds wait for half an hour, one and ten thousand of them, behind the quota of the
// account: what that costs, and how late they notice the end. Simulated time, so nothing
// depends on the machine.
func TestManyWaits(t *testing.T) {
	const account, late = 1000.0, 10 * time.Second
	for _, test := range []struct {
		n     int
		kind  waitKind
		looks float64 // of all of them
	}{
		{1, imports, 40},
		{100, imports, 400},
		{1000, imports, 4000},
		{10_000, imports, 12_000},
		{1, executions, 100},
		{100, executions, 8000},
	} {
		t.Run(fmt.Sprintf("%d %s", test.n, test.kind.name), func(t *testing.T) {
			var of waitsCounted
			of.add(waitsOf(t, test.n, rand.New(rand.NewPCG(1, 0)), test.kind))
			t.Logf("%s looks, at most %s calls in 60 s, 99 in 100 noticed after %s s", of.looks, of.busiest, of.p99)
			require.LessOrEqual(t, of.looks[0], test.looks)
			require.LessOrEqual(t, of.busiest[0], account)
			require.LessOrEqual(t, of.p99[0], late.Seconds())
			require.Zero(t, of.throttled[0])
		})
	}
}

// waitKind is what builds wait for.
type waitKind struct {
	name string
	play func(y *yard, cloud *alicloud.Cloud, n int, random *rand.Rand) []noticed
}

var (
	imports    = waitKind{"imports", importsWaiting}
	executions = waitKind{"executions", executionsWaiting}
)

// What a call takes the cloud in the simulations.
const waitLatency = 100 * time.Millisecond

// noticed is a wait: what it waited for, and when it went on.
type noticed struct {
	id string // of the task or execution
	at time.Time
}

// waitsPlayed is that of one run.
type waitsPlayed struct {
	requests []request
	lags     spread // in s
	waited   spread // how long each waited, in s
}

// waitsOf plays waits in a bubble.
func waitsOf(t *testing.T, n int, random *rand.Rand, kind waitKind) (of waitsPlayed) {
	t.Helper()
	dir := waitDisks(t)
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 22, 10, 0, 20, 0, time.UTC)))
		y := openYard(t, emulator.Options{OSSDir: dir})
		y.plan(emulator.Fault{Action: "*", Do: emulator.Delay, DelayMs: int(waitLatency.Milliseconds())})
		all := kind.play(y, y.behind(quota.Options{}), n, random)
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

// waitDisks is a folder with disks of all sizes, which take no room.
func waitDisks(t *testing.T) string {
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
		for task, err := range watcher.Task(ctx, hangzhou, started.TaskID, started.ImageID) {
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

// waitsCounted is what came of waits in each run.
type waitsCounted struct {
	looks, waited, busiest, throttled, p50, p99, most spread
	by                                                map[string]spread
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

func TestBusiest(t *testing.T) {
	var at []time.Time
	for _, second := range []int{0, 200, 30, 59, 60, 61, 119} {
		at = append(at, time.Unix(int64(second), 0))
	}
	require.Equal(t, 4, busiest(at), "30, 59, 60 and 61, or 60, 61 and 119 with 59 before")
	require.Zero(t, busiest(nil))
}
