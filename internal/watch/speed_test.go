package watch

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// lists is a cloud whose lists show tasks that go on for ever, at once.
type lists struct{ Cloud }

func (lists) Tasks(_ context.Context, _ string, ids []string) ([]alicloud.Task, error) {
	tasks := make([]alicloud.Task, len(ids))
	for i, id := range ids {
		tasks[i] = alicloud.Task{ID: id, Status: "Processing"}
	}
	return tasks, nil
}

func (lists) Images(context.Context, alicloud.ImageQuery) ([]alicloud.Image, error) { return nil, nil }

// BenchmarkRound looks once at everything that ten thousand callers wait for, a hundred
// tasks a call.
func BenchmarkRound(b *testing.B) {
	const waiting = 10_000
	d := newDesk(common{ctx: b.Context(), opts: Options{Shortest: 5 * time.Second}}, tasksOf(lists{}, &gallery{})(), "r")
	d.running = true // by the benchmark
	for i := range waiting {
		d.join(fmt.Sprintf("t-%05d", i), "")
	}
	later := time.Now().Add(1000 * time.Hour) // when everything is due
	b.ReportAllocs()
	for b.Loop() {
		for range waiting / tasksAtOnce {
			batch, _, _ := d.next(later)
			if len(batch) != tasksAtOnce {
				b.Fatal(len(batch))
			}
			d.look(batch)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/waiting, "ns/wait")
}
