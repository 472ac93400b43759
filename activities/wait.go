package activities

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Watcher shows a waiting activity what the cloud says of one thing, look by look: at
// once, then each time it looks again, until the caller breaks off, ctx is done or the
// worker stops. A look that failed is yielded as its error. A thing that is not there is
// alicloud.ErrNotFound. All waits of a worker share one (package watch).
type Watcher interface {
	// Task shows an import task. The image that it makes, empty when not known, may tell of
	// its end.
	Task(ctx context.Context, region, id, imageID string) iter.Seq2[alicloud.Task, error]
	Image(ctx context.Context, region, id string) iter.Seq2[alicloud.Image, error]
	Execution(ctx context.Context, region, id string) iter.Seq2[alicloud.Execution, error]
	// Runs shows the executions of a template.
	Runs(ctx context.Context, region, pipelineID string) iter.Seq2[[]alicloud.Execution, error]
}

// graceLooks is how often a thing that was just made may be missing before it is gone:
// the cloud's answers lag behind its own writes. A Watcher looks at it at longer pauses.
const graceLooks = 5

// waiting is one wait for one thing.
type waiting struct {
	what   string // such as "task t-1"
	pulse  *pulse
	seen   bool
	misses int // in a row
	streak
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

// failed notes a look that failed and returns the failure when looking again cannot help.
func (w *waiting) failed(ctx context.Context, err error) error {
	if errors.Is(err, alicloud.ErrNotFound) {
		w.misses++
		if w.seen || w.misses >= graceLooks {
			return Ended(Disappeared, w.what+" does not exist any more", "Find out who deleted it, then build again.")
		}
		w.pulse.say(Heartbeat{Detail: w.what + " is not visible yet"})
		return nil
	}
	if stopsAfter(err, w.streak) {
		return failureAfter(ctx, "look at "+w.what, err, false, w.streak)
	}
	w.pulse.say(Heartbeat{Detail: fmt.Sprintf("looking at %s again: %v", w.what, err)})
	return nil
}

// sightings are the looks at the thing of a wait that saw it. The error, if one comes, is
// the failure of the wait and the last.
func sightings[T any](ctx context.Context, w *waiting, looks iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for thing, err := range looks {
			w.streak = w.and(err)
			if err != nil {
				if err = w.failed(ctx, err); err == nil {
					continue
				}
			}
			if !yield(thing, err) || err != nil {
				return
			}
		}
	}
}

// handOverPause is until another worker takes a wait over: by then the one that stops has
// ceased to ask for work.
const handOverPause = 100 * time.Millisecond

// handOver is the error of a wait that ended without an answer: cancelled, or the
// worker stops and another one takes the wait over at once.
func handOver(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return temporal.NewApplicationErrorWithOptions("the worker stops; another one goes on with the wait", "WorkerStopped",
		temporal.ApplicationErrorOptions{NextRetryDelay: handOverPause, Category: temporal.ApplicationErrorCategoryBenign})
}
