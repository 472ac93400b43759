package watch

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Of three thousand imports that end within six minutes, each is noticed in time, for a
// few calls: who has ended is seen in one list, and the image need not be asked for.
func TestCrowd(t *testing.T) {
	for _, test := range []struct {
		name   string
		refuse error
		late   time.Duration // one in a hundred, or more
		latest time.Duration
		one    int // images looked at by themselves: those of the last, who are no crowd
		calls  int // in any minute of the ends
	}{
		{"by scouts", nil, 10 * time.Second, 15 * time.Second, 3 * crowd / 2, 900},
		{"in their own time when scouts see nothing", &alicloud.Error{Code: "ServiceUnavailable", HTTPStatus: 503}, 30 * time.Second, 35 * time.Second, 3 * crowd, 1000},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := &world{begun: time.Now(), ends: map[string]time.Time{}, noScout: test.refuse}
				for i := range 3 * crowd {
					cloud.ends[fmt.Sprintf("t-%d", i)] = cloud.begun.Add(27*time.Minute + time.Duration(i)*6*time.Minute/(3*crowd))
				}
				watcher := New(t.Context(), cloud, Options{})
				var mu sync.Mutex
				var late []time.Duration
				var all sync.WaitGroup
				for id, end := range cloud.ends {
					all.Go(func() {
						for task, err := range watcher.Task(t.Context(), "r", id, id) {
							if err == nil && task.Status == "Finished" {
								break
							}
						}
						for image, err := range watcher.Image(t.Context(), "r", id) {
							if err == nil && image.Status == "Available" {
								break
							}
						}
						mu.Lock()
						defer mu.Unlock()
						late = append(late, time.Since(end))
					})
				}
				all.Wait()
				slices.Sort(late)
				require.LessOrEqual(t, late[len(late)*99/100], test.late)
				require.LessOrEqual(t, late[len(late)-1], test.latest)
				require.LessOrEqual(t, cloud.count("DescribeImages in vain"), 70, "one each half minute")
				require.Empty(t, slices.Collect(maps.Keys(watcher.tasks.in("r").makers)), "nobody waits")
				require.LessOrEqual(t, cloud.count("DescribeImages by id"), test.one)
				minutes := map[int]int{}
				for _, c := range cloud.calls {
					minutes[int(c.at.Sub(cloud.begun)/time.Minute)]++
				}
				for minute, calls := range minutes {
					require.LessOrEqual(t, calls, test.calls, "minute %d", minute)
				}
			})
		})
	}
}

// One that hangs for hours does not make the list of all that was made since then.
func TestScoutsLookBackAsFarAsThingsUsuallyTake(t *testing.T) {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	d := newDesk(common{}, kind[alicloud.Task]{}, "r")
	d.items["t-1"] = &item[alicloud.Task]{since: now.Add(-3 * time.Hour)}
	d.items["t-2"] = &item[alicloud.Task]{since: now.Add(-10 * time.Minute)}
	require.Equal(t, now.Add(-3*time.Hour-10*time.Second), d.eldest(now))
	for range enough {
		d.memory.learn(40 * time.Minute)
	}
	require.Equal(t, now.Add(-42*time.Minute-10*time.Second), d.eldest(now))
	delete(d.items, "t-1")
	require.Equal(t, now.Add(-10*time.Minute-10*time.Second), d.eldest(now))
}
