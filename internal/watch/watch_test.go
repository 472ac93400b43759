package watch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// world is a cloud in which things end at their time. It answers after a tenth of a second.
type world struct {
	begun   time.Time
	ends    map[string]time.Time // of tasks, images, executions and templates by id
	fails   map[string]bool
	hidden  map[string]bool // not in the lists
	noList  error
	noScout error // when all images are listed that have been made
	down    error // for everything
	silent  bool  // no percentages
	bystand int   // images of others

	mu    sync.Mutex
	calls []call
	lists int // of images under way
	most  int // of them at a time
}

type call struct {
	api string
	ids int
	at  time.Time
}

func (w *world) note(api string, ids int) {
	w.mu.Lock()
	w.calls = append(w.calls, call{api, ids, time.Now()})
	w.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
}

func (w *world) count(api string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(slices.DeleteFunc(slices.Clone(w.calls), func(c call) bool { return c.api != api }))
}

func (w *world) status(id, running, done string) (string, error) {
	end, ok := w.ends[id]
	switch {
	case !ok:
		return "", alicloud.ErrNotFound
	case time.Now().Before(end):
		return running, nil
	case w.fails[id]:
		return "Failed", nil
	}
	return done, nil
}

func (w *world) task(id string) (alicloud.Task, error) {
	status, err := w.status(id, "Processing", "Finished")
	return alicloud.Task{ID: id, Status: status}, err
}

func (w *world) Task(_ context.Context, _, id string) (alicloud.Task, error) {
	w.note("DescribeTaskAttribute", 1)
	if w.down != nil {
		return alicloud.Task{}, w.down
	}
	task, err := w.task(id)
	if !w.silent && err == nil {
		task.Percent = int(100 * time.Since(w.begun) / w.ends[id].Sub(w.begun))
	}
	if task.Status == "Failed" {
		task.ErrorCode = "InvalidFormat"
	}
	return task, err
}

func (w *world) Tasks(_ context.Context, _ string, ids []string) ([]alicloud.Task, error) {
	w.note("DescribeTasks", len(ids))
	var tasks []alicloud.Task
	for _, id := range ids {
		if task, err := w.task(id); err == nil && !w.hidden[id] {
			tasks = append(tasks, task)
		}
	}
	return tasks, cmp.Or(w.down, w.noList)
}

func (w *world) Images(_ context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error) {
	if q.ID != "" {
		w.note("DescribeImages by id", 1)
		status, err := w.status(q.ID, "Creating", "Available")
		if err != nil {
			return nil, nil
		}
		return []alicloud.Image{{ID: q.ID, Status: status}}, nil
	}
	images := make([]alicloud.Image, w.bystand)
	for id := range w.ends {
		status, _ := w.status(id, "Creating", "Available")
		if q.Statuses == nil || status != "Creating" && w.begun.After(q.Since) {
			images = append(images, alicloud.Image{ID: id, Status: status})
		}
	}
	if q.Statuses != nil && w.noScout != nil {
		w.note("DescribeImages in vain", 0)
		return nil, w.noScout
	}
	w.mu.Lock()
	w.lists++
	w.most = max(w.most, w.lists)
	w.mu.Unlock()
	var pages sync.WaitGroup
	for range len(images)/imagesAtOnce + 1 {
		pages.Go(func() { w.note("DescribeImages", len(images)) })
	}
	pages.Wait()
	w.mu.Lock()
	w.lists--
	w.mu.Unlock()
	return images, nil
}

func (w *world) Execution(_ context.Context, _, id string) (alicloud.Execution, error) {
	w.note("DescribeImagePipelineExecutions", 1)
	status, err := w.status(id, "BUILDING", "SUCCESS")
	return alicloud.Execution{ID: id, Status: status}, err
}

func (w *world) Executions(_ context.Context, q alicloud.ExecutionQuery) ([]alicloud.Execution, error) {
	w.note("DescribeImagePipelineExecutions", 1)
	status, err := w.status(q.PipelineID, "BUILDING", "SUCCESS")
	return []alicloud.Execution{{ID: "exec-1", Status: status}}, err
}

// things that end in a minute or so, each a second after the one before.
func things(n int, first time.Duration) map[string]time.Time {
	ends := map[string]time.Time{}
	for i := range n {
		ends[fmt.Sprintf("t-%d", i)] = time.Now().Add(first + time.Duration(i)*time.Second)
	}
	return ends
}

// await waits for a task to finish and returns when that was noticed.
func await(ctx context.Context, w *Watcher, id string) (alicloud.Task, time.Time) {
	for task, err := range w.Task(ctx, "r", id, "") {
		if err == nil && task.Status != "Processing" {
			return task, time.Now()
		}
	}
	return alicloud.Task{}, time.Time{}
}

func awaitAll(t *testing.T, w *Watcher, ends map[string]time.Time) (latest time.Duration) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for id, end := range ends {
		all.Go(func() {
			_, seen := await(t.Context(), w, id)
			mu.Lock()
			defer mu.Unlock()
			latest = max(latest, seen.Sub(end))
		})
	}
	all.Wait()
	return latest
}

func TestManyTasksShareACall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &world{ends: things(100, 28*time.Minute)}
		latest := awaitAll(t, New(t.Context(), cloud, Options{}), cloud.ends)
		require.LessOrEqual(t, cloud.count("DescribeTasks"), 300, "half an hour of a hundred waits")
		require.LessOrEqual(t, cloud.count("DescribeTaskAttribute"), 10*few, "the last few alone")
		require.LessOrEqual(t, latest, 10*time.Second)
	})
}

func TestOneTaskIsLookedAtWhereItMayEnd(t *testing.T) {
	for _, test := range []struct {
		name   string
		silent bool
		latest time.Duration
	}{
		{"by its percentage", false, 6 * time.Second},
		{"by those before it, as often as is fair", true, 2*time.Minute + time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := &world{silent: test.silent}
				watcher := New(t.Context(), cloud, Options{})
				for seconds := 1700; seconds < 1900; seconds += 7 {
					cloud.begun, cloud.calls, cloud.ends = time.Now(), nil, things(1, time.Duration(seconds)*time.Second)
					require.LessOrEqual(t, awaitAll(t, watcher, cloud.ends), test.latest)
					require.LessOrEqual(t, len(cloud.calls), 38)
				}
			})
		})
	}
}

// What was shown along with others has cost nothing, so the last few are not looked at less.
func TestTheLastFewAreNoticedAsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &world{ends: map[string]time.Time{}, begun: time.Now()}
		for i := range 10 {
			cloud.ends[fmt.Sprintf("t-%d", i)] = time.Now().Add(27*time.Minute + time.Duration(i)*40*time.Second)
		}
		require.LessOrEqual(t, awaitAll(t, New(t.Context(), cloud, Options{}), cloud.ends), 15*time.Second)
	})
}

func TestLookFollowsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &world{ends: things(20, time.Hour)}
		cloud.ends["late"] = time.Now()
		watcher := New(t.Context(), cloud, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		for id := range things(20, 0) {
			go await(ctx, watcher, id)
		}
		time.Sleep(10 * time.Minute)
		asked := time.Now()
		_, seen := await(ctx, watcher, "late")
		require.Less(t, seen.Sub(asked), 3*time.Second)
		cancel()
	})
}

func TestFailureIsSeenInOneLookWithItsReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &world{ends: things(50, time.Minute), fails: map[string]bool{"t-7": true}}
		watcher := New(t.Context(), cloud, Options{})
		var others sync.WaitGroup
		for id := range cloud.ends {
			if id != "t-7" {
				others.Go(func() { await(t.Context(), watcher, id) })
			}
		}
		var seen []alicloud.Task
		for task, err := range watcher.Task(t.Context(), "r", "t-7", "") {
			require.NoError(t, err)
			if task.Status == "Processing" {
				continue
			}
			seen = append(seen, task)
			break
		}
		require.Equal(t, []alicloud.Task{{ID: "t-7", Status: "Failed", ErrorCode: "InvalidFormat"}}, seen)
		others.Wait()
	})
}

func TestTasksThatTheListDoesNotShowAreLookedAtAlone(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(*world)
	}{
		{"the list lags", func(w *world) { w.hidden = map[string]bool{"t-1": true} }},
		{"the list may not be read", func(w *world) { w.noList = &alicloud.Error{Code: "Forbidden.RAM", HTTPStatus: 403} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := &world{ends: things(10, time.Minute)}
				test.spoil(cloud)
				require.LessOrEqual(t, awaitAll(t, New(t.Context(), cloud, Options{}), cloud.ends), 20*time.Second)
			})
		})
	}
}

func TestOutageIsShownToEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		outage := &alicloud.Error{Code: "ServiceUnavailable", HTTPStatus: 503, RetryAfter: time.Minute}
		cloud := &world{ends: things(10, time.Hour), down: outage}
		watcher := New(t.Context(), cloud, Options{})
		var all sync.WaitGroup
		for id := range cloud.ends {
			all.Go(func() {
				begun, looks := time.Now(), 0
				for _, err := range watcher.Task(t.Context(), "r", id, "") {
					if looks++; !errors.Is(err, outage) {
						t.Errorf("look %d shows %v", looks, err)
					}
					if looks == 3 {
						break
					}
				}
				if took := time.Since(begun); took < time.Minute {
					t.Errorf("the cloud was not left alone: %s", took)
				}
			})
		}
		all.Wait()
	})
}

func TestImagesAreListedWhenThatIsCheaper(t *testing.T) {
	for _, test := range []struct {
		name    string
		waiting int
		bystand int
		most    int // calls
	}{
		{"one by one", 2, 0, 4},
		{"by a list of one page", 80, 0, 10},
		{"by a list that takes long", 900, 2000, 100},
		{"one by one when the list is long", 20, 10_000, 160},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := &world{ends: things(0, 0), bystand: test.bystand}
				for i := range test.waiting {
					cloud.ends[fmt.Sprintf("m-%d", i)] = time.Now()
				}
				watcher := New(t.Context(), cloud, Options{})
				var all sync.WaitGroup
				for id := range cloud.ends {
					all.Go(func() {
						for image, err := range watcher.Image(t.Context(), "r", id) {
							if err == nil && image.Status == "Available" {
								break
							}
						}
					})
				}
				all.Wait()
				require.LessOrEqual(t, len(cloud.calls), test.most)
				require.LessOrEqual(t, cloud.most, 1, "a list shows everything")
			})
		})
	}
}

func TestThoseWhoWaitForOneTemplateShareItsLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &world{ends: map[string]time.Time{"ip-1": time.Now().Add(10 * time.Minute)}}
		watcher := New(t.Context(), cloud, Options{})
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				for runs, err := range watcher.Runs(t.Context(), "r", "ip-1") {
					if err == nil && runs[0].Status == "SUCCESS" {
						break
					}
				}
			})
		}
		all.Wait()
		require.Less(t, len(cloud.calls), 60)
	})
}

func TestThingThatIsNotThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, err := range New(t.Context(), &world{}, Options{}).Execution(t.Context(), "r", "exec-0") {
			require.ErrorIs(t, err, alicloud.ErrNotFound)
			break
		}
	})
}

func TestWaitEnds(t *testing.T) {
	for _, test := range []struct {
		name string
		end  func(w *Watcher, caller context.CancelFunc, all context.CancelFunc, stop chan struct{})
	}{
		{"with its caller", func(_ *Watcher, caller, _ context.CancelFunc, _ chan struct{}) { caller() }},
		{"with the watcher", func(_ *Watcher, _, all context.CancelFunc, _ chan struct{}) { all() }},
		{"when the caller is to stop", func(_ *Watcher, _, _ context.CancelFunc, stop chan struct{}) { close(stop) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				all, endAll := context.WithCancel(t.Context())
				caller, endCaller := context.WithCancel(t.Context())
				defer endAll()
				defer endCaller()
				stop := make(chan struct{})
				cloud := &world{ends: things(1, time.Hour)}
				watcher := New(all, cloud, Options{Stopping: func(context.Context) <-chan struct{} { return stop }})
				over := make(chan struct{})
				go func() {
					await(caller, watcher, "t-0")
					close(over)
				}()
				time.Sleep(time.Minute)
				asked := time.Now()
				test.end(watcher, endCaller, endAll, stop)
				<-over
				require.Zero(t, time.Since(asked), "no look is waited for")
				synctest.Wait()
				made := len(cloud.calls)
				time.Sleep(time.Hour)
				require.Len(t, cloud.calls, made, "nobody waits, nobody looks")
			})
		})
	}
}

func TestSlowCallerSeesTheLastLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &world{ends: things(1, 10*time.Minute)}
		var seen []string
		for task, err := range New(t.Context(), cloud, Options{}).Task(t.Context(), "r", "t-0", "") {
			require.NoError(t, err)
			if seen = append(seen, task.Status); task.Status == "Finished" {
				break
			}
			time.Sleep(20 * time.Minute)
		}
		require.Equal(t, []string{"Processing", "Finished"}, seen)
	})
}

func TestThingThatIsNotThereYetIsNotAskedForAllTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &world{ends: things(20, time.Hour)}
		watcher := New(t.Context(), cloud, Options{})
		ctx, cancel := context.WithCancel(t.Context())
		for id := range cloud.ends {
			go await(ctx, watcher, id)
		}
		begun, misses := time.Now(), 0
		for _, err := range watcher.Task(ctx, "r", "t-none", "") {
			require.ErrorIs(t, err, alicloud.ErrNotFound)
			if misses++; misses == 5 {
				break
			}
		}
		require.GreaterOrEqual(t, time.Since(begun), time.Minute)
		cancel()
	})
}

// broken is a cloud whose client has a fault.
type broken struct{ *world }

func (broken) Execution(context.Context, string, string) (alicloud.Execution, error) {
	panic("no such field")
}

func TestPanicIsALookThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		for _, err := range New(t.Context(), broken{}, Options{}).Execution(t.Context(), "r", "exec-1") {
			require.EqualError(t, err, "panic: no such field")
			if looks++; looks == 2 {
				break
			}
		}
	})
}

func TestRestAfterALookThatFailed(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 40, 0, time.UTC)
	d := newDesk(common{opts: Options{Shortest: time.Second}}, kind[alicloud.Task]{}, "r")
	for _, test := range []struct {
		name string
		err  error
		want time.Duration
	}{
		{"a throttle lasts for the rest of the minute", &alicloud.Error{Code: "Throttling.User"}, 20 * time.Second},
		{"whatever the case of its code", &alicloud.Error{Code: "throttling.api"}, 20 * time.Second},
		{"or for as long as the cloud says", &alicloud.Error{Code: "Throttling", RetryAfter: 7 * time.Second}, 7 * time.Second},
		{"as does any other refusal", &alicloud.Error{Code: "ServiceUnavailable", RetryAfter: 7 * time.Second}, 7 * time.Second},
		{"which else asks for none", &alicloud.Error{Code: "ServiceUnavailable"}, 0},
		{"what is not there is left alone for a while", &alicloud.Error{Code: "InvalidTaskId.NotFound", Err: alicloud.ErrNotFound}, absent * time.Second},
		{"a fault of our own asks for nothing", context.DeadlineExceeded, 0},
	} {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, d.rest(test.err, now)) })
	}
}
