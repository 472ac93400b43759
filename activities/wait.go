package activities

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Watcher shows a waiting activity what the cloud says of one thing, look by look: at
// once, then each time it looks again, until the caller breaks off, ctx is done or the
// worker stops. A look that failed is yielded as its error. A thing that is not there is
// alicloud.ErrNotFound.
type Watcher interface {
	Task(ctx context.Context, region, id string) iter.Seq2[alicloud.Task, error]
	Image(ctx context.Context, region, id string) iter.Seq2[alicloud.Image, error]
	Execution(ctx context.Context, region, id string) iter.Seq2[alicloud.Execution, error]
	// Runs shows the executions of a template.
	Runs(ctx context.Context, region, pipelineID string) iter.Seq2[[]alicloud.Execution, error]
}

// graceLooks is how often a thing that was just made may be missing before it is gone:
// the cloud's answers lag behind its own writes.
const graceLooks = 5

// waiting is one wait for one thing.
type waiting struct {
	what   string // such as "task t-1"
	pulse  *pulse
	seen   bool
	misses int
}

// saw notes a look at a thing that is not done. A status that is not among the running
// ones is waited on as well, and said.
func (w *waiting) saw(percent int, status string, running ...string) {
	w.seen, w.misses = true, 0
	detail := w.what + " is " + status
	if !slices.Contains(running, status) {
		detail += ", a state kiln does not know; waiting on"
	}
	w.pulse.say(Heartbeat{Percent: percent, Detail: detail})
}

// missed notes a look that failed and returns the failure when looking again cannot help.
func (w *waiting) missed(ctx context.Context, err error) error {
	if errors.Is(err, alicloud.ErrNotFound) {
		w.misses++
		if w.seen || w.misses >= graceLooks {
			return Ended(Disappeared, w.what+" does not exist any more", "Find out who deleted it, then build again.")
		}
		w.pulse.say(Heartbeat{Detail: w.what + " is not visible yet"})
		return nil
	}
	if stops(err) {
		return failure(ctx, "look at "+w.what, err)
	}
	w.pulse.say(Heartbeat{Detail: fmt.Sprintf("looking at %s again: %v", w.what, err)})
	return nil
}

// sightings are the looks at the thing of a wait that saw it. The error, if one comes, is
// the failure of the wait and the last.
func sightings[T any](ctx context.Context, w *waiting, looks iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for thing, err := range looks {
			if err != nil {
				if err = w.missed(ctx, err); err == nil {
					continue
				}
			}
			if !yield(thing, err) || err != nil {
				return
			}
		}
	}
}

// handOver is the error of a wait that ended without an answer: cancelled, or the
// worker stops and another one takes the wait over at once.
func handOver(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return temporal.NewApplicationErrorWithOptions("the worker stops; another one goes on with the wait", "WorkerStopped",
		temporal.ApplicationErrorOptions{NextRetryDelay: time.Second, Category: temporal.ApplicationErrorCategoryBenign})
}

// Poller is a Watcher that looks for each wait by itself.
type Poller struct {
	Cloud    Looker
	Interval time.Duration // default 15 s
}

// Looker is the part of ECS that says how things are.
type Looker interface {
	Task(ctx context.Context, region, id string) (alicloud.Task, error)
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
	Execution(ctx context.Context, region, id string) (alicloud.Execution, error)
	Executions(ctx context.Context, q alicloud.ExecutionQuery) ([]alicloud.Execution, error)
}

// Task looks at an import task.
func (p *Poller) Task(ctx context.Context, region, id string) iter.Seq2[alicloud.Task, error] {
	return poll(ctx, p.Interval, func() (alicloud.Task, error) { return p.Cloud.Task(ctx, region, id) })
}

// Image looks at an image.
func (p *Poller) Image(ctx context.Context, region, id string) iter.Seq2[alicloud.Image, error] {
	return poll(ctx, p.Interval, func() (alicloud.Image, error) {
		images, err := p.Cloud.Images(ctx, alicloud.ImageQuery{Region: region, ID: id})
		if err == nil && len(images) == 0 {
			err = alicloud.ErrNotFound
		}
		if err != nil {
			return alicloud.Image{}, err
		}
		return images[0], nil
	})
}

// Execution looks at a run of a template.
func (p *Poller) Execution(ctx context.Context, region, id string) iter.Seq2[alicloud.Execution, error] {
	return poll(ctx, p.Interval, func() (alicloud.Execution, error) { return p.Cloud.Execution(ctx, region, id) })
}

// Runs looks at the runs of a template.
func (p *Poller) Runs(ctx context.Context, region, pipelineID string) iter.Seq2[[]alicloud.Execution, error] {
	return poll(ctx, p.Interval, func() ([]alicloud.Execution, error) {
		return p.Cloud.Executions(ctx, alicloud.ExecutionQuery{Region: region, PipelineID: pipelineID})
	})
}

func poll[T any](ctx context.Context, interval time.Duration, look func() (T, error)) iter.Seq2[T, error] {
	if interval == 0 {
		interval = 15 * time.Second
	}
	return func(yield func(T, error) bool) {
		stopping := activity.GetWorkerStopChannel(ctx)
		for {
			thing, err := look()
			if ctx.Err() != nil || !yield(thing, err) {
				return
			}
			select {
			case <-time.After(max(interval, backOff(err))):
			case <-ctx.Done():
				return
			case <-stopping:
				return
			}
		}
	}
}

// backOff is how long the cloud wants to be left alone after a look that failed.
func backOff(err error) time.Duration {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return 0
	}
	return retryDelay(refused, 1, time.Now())
}
