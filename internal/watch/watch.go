// Package watch looks at what many callers wait for: one call shows up to a hundred
// things, and looks come often where a thing may end and seldom elsewhere.
//
// A desk is where the things of one kind in one region are looked at. What it holds is in
// memory only, and only while somebody waits: a caller that begins anew loses nothing.
package watch

import (
	"cmp"
	"context"
	"iter"
	"sync"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Cloud is the part of ECS that says how things are.
type Cloud interface {
	Task(ctx context.Context, region, id string) (alicloud.Task, error)
	Tasks(ctx context.Context, region string, ids []string) ([]alicloud.Task, error)
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
	Execution(ctx context.Context, region, id string) (alicloud.Execution, error)
	Executions(ctx context.Context, q alicloud.ExecutionQuery) ([]alicloud.Execution, error)
}

// DefaultShortest is the shortest pause of a Watcher that is told no other.
const DefaultShortest = 5 * time.Second

// Options of a Watcher. The zero value means the defaults.
type Options struct {
	// Shortest pause between two looks at a thing; default DefaultShortest. The longest
	// are in proportion to it (pace.go).
	Shortest time.Duration
	// Stopping returns a channel that is closed when the caller with this context is to
	// leave although the context goes on; nil for none.
	Stopping func(ctx context.Context) <-chan struct{}
}

// Watcher shows callers what the cloud says of one thing, look by look: at once, then
// each time it looks again, until the caller breaks off, its context is done or it is to
// stop. A look that failed is shown as its error, a thing that is not there as
// alicloud.ErrNotFound. A caller that is slow sees the last look. It is safe for
// concurrent use.
type Watcher struct {
	tasks      hall[alicloud.Task]
	images     hall[alicloud.Image]
	executions hall[alicloud.Execution]
	runs       hall[[]alicloud.Execution]
}

// New returns a Watcher whose looks end with ctx.
func New(ctx context.Context, cloud Cloud, opts Options) *Watcher {
	opts.Shortest = cmp.Or(opts.Shortest, DefaultShortest)
	if opts.Stopping == nil {
		opts.Stopping = func(context.Context) <-chan struct{} { return nil }
	}
	common := common{ctx: ctx, opts: opts}
	gallery := &gallery{lasts: times(opts.Shortest, fresh)}
	return &Watcher{
		tasks:      newHall(common, tasksOf(cloud, gallery)),
		images:     newHall(common, imagesOf(cloud, gallery)),
		executions: newHall(common, executionsOf(cloud)),
		runs:       newHall(common, runsOf(cloud)),
	}
}

// Task looks at an import task. One that failed is shown with its reason. The image that
// it makes, empty when that is not known, may tell of its end.
func (w *Watcher) Task(ctx context.Context, region, id, imageID string) iter.Seq2[alicloud.Task, error] {
	return w.tasks.watch(ctx, region, id, imageID)
}

// Image looks at an image.
func (w *Watcher) Image(ctx context.Context, region, id string) iter.Seq2[alicloud.Image, error] {
	return w.images.watch(ctx, region, id, "")
}

// Execution looks at a run of a template.
func (w *Watcher) Execution(ctx context.Context, region, id string) iter.Seq2[alicloud.Execution, error] {
	return w.executions.watch(ctx, region, id, "")
}

// Runs looks at the runs of a template.
func (w *Watcher) Runs(ctx context.Context, region, pipelineID string) iter.Seq2[[]alicloud.Execution, error] {
	return w.runs.watch(ctx, region, pipelineID, "")
}

// common is what all desks of a Watcher share.
type common struct {
	ctx  context.Context
	opts Options
}

// hall is the desks of one kind.
type hall[T any] struct {
	common
	make func() kind[T] // of a new desk

	mu    sync.Mutex
	desks map[string]*desk[T] // by region
}

func newHall[T any](c common, make func() kind[T]) hall[T] {
	return hall[T]{common: c, make: make, desks: map[string]*desk[T]{}}
}

// in is the desk of a region.
func (h *hall[T]) in(region string) *desk[T] {
	h.mu.Lock()
	defer h.mu.Unlock()
	d := h.desks[region]
	if d == nil {
		d = newDesk(h.common, h.make(), region)
		h.desks[region] = d
	}
	return d
}

func (h *hall[T]) watch(ctx context.Context, region, id, makes string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		desk := h.in(region)
		place := desk.join(id, makes)
		defer desk.leave(place)
		stopping := h.opts.Stopping(ctx)
		for {
			select {
			case s := <-place.news:
				if ctx.Err() != nil || !yield(s.thing, s.err) {
					return
				}
			case <-ctx.Done():
				return
			case <-stopping:
				return
			case <-h.ctx.Done():
				return
			}
		}
	}
}
