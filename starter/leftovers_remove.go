package starter

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed1230462e/kiln/internal/inventory"
)

// sweeper removes leftovers in the order in which the cloud allows it.
type sweeper struct {
	*session
	found search
	todo  []leftover
	going map[string]string // executions that may go on, by their template
}

func (s *session) sweeper(found search) *sweeper {
	w := &sweeper{session: s, found: found, going: map[string]string{}, todo: slices.Clone(found.leftovers)}
	for _, p := range found.parts {
		maps.Copy(w.going, p.going)
	}
	return w
}

// sweep tells what became of each leftover. The error is one after which nothing more is to
// be removed.
func (w *sweeper) sweep(ctx context.Context, tell func(swept)) error {
	for len(w.todo) > 0 {
		slices.SortStableFunc(w.todo, func(x, y leftover) int { return x.rank - y.rank })
		next := w.todo[0]
		w.todo = w.todo[1:]
		is := swept{leftover: next, Outcome: outcomeKept}
		err := w.one(ctx, &is)
		if err != nil {
			return err
		}
		tell(is)
	}
	return nil
}

// one removes one leftover, unless its build runs again.
func (w *sweeper) one(ctx context.Context, is *swept) error {
	latest, err := w.latestRun(ctx, is.BuildID)
	run, going := w.going[is.ID]
	switch {
	case err != nil:
		return err
	case latest != nil && !w.found.books.knows(latest.GetExecution().GetRunId()):
		is.Reason = fmt.Sprintf("a new run of build %s has begun: %s", is.BuildID, latest.GetExecution().GetRunId())
	case is.Kind == inventory.KindTemplate && going:
		// The cloud deletes executions with their template, and nothing would tell which image comes out.
		is.Reason = fmt.Sprintf("execution %s of it may go on, and would go with it", run)
	case is.Kind.Runs():
		err = w.end(ctx, is)
	default:
		err = w.remove(ctx, is)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		is.Code, is.Reason = inventory.Code(err), err.Error()
	}
	return nil
}

func (w *sweeper) remove(ctx context.Context, is *swept) error {
	removal, err := patiently(ctx, func() (inventory.Removal, error) { return w.found.account.Remove(ctx, is.ref) })
	switch {
	case err != nil:
		return err
	case removal.Gone:
		is.Outcome = outcomeRemoved
	default:
		is.Reason = removal.Reason
	}
	return nil
}

// end ends a run. An image that came out of it all the same is to be removed as well.
func (w *sweeper) end(ctx context.Context, is *swept) error {
	removal, err := patiently(ctx, func() (inventory.Removal, error) { return w.found.account.Remove(ctx, is.ref) })
	if err != nil || !removal.Gone && removal.Reason != "" {
		is.Reason = removal.Reason
		return err
	}
	sight, err := w.awaitOver(ctx, is.ref)
	switch {
	case err != nil:
		return err
	case !sight.Over:
		is.Reason = fmt.Sprintf("%s was cancelled and is still %s", is.ref, sight.Status)
		return nil
	}
	is.Outcome = outcomeEnded
	delete(w.going, is.ref.Of)
	w.add(is.leftover, sight.ImageID)
	return nil
}

// add adds the image of an execution that has ended.
func (w *sweeper) add(execution leftover, imageID string) {
	known := slices.ContainsFunc(w.todo, func(l leftover) bool { return l.ID == imageID })
	if imageID == "" || known {
		return
	}
	image := execution.ref
	image.Kind, image.ID, image.Of = inventory.KindImage, imageID, execution.ID
	if l := w.found.books.verdict(inventory.Item{Ref: image}, ""); l.State == fateLeftover {
		w.todo = append(w.todo, l)
	}
}

// How long a run that was cancelled may take to end, and how often that is looked at.
const (
	overLimit    = 10 * time.Minute
	overInterval = 2 * time.Second
)

// awaitOver waits until a run that was cancelled is over: until then its template cannot
// be removed. One that is not there any more is over.
func (w *sweeper) awaitOver(ctx context.Context, ref inventory.Ref) (inventory.Sight, error) {
	waiting := false
	for end := w.now().Add(overLimit); ; {
		is, err := patiently(ctx, func() (inventory.Sight, error) { return w.found.account.See(ctx, ref) })
		switch {
		case inventory.NotFound(err):
			return inventory.Sight{Over: true}, nil
		case err != nil || is.Over || w.now().After(end):
			return is, err
		}
		if !waiting {
			_, _ = fmt.Fprintf(w.Err, "waiting for the end of %s\n", ref)
			waiting = true
		}
		if err := sleep(ctx, overInterval); err != nil {
			return is, err
		}
	}
}
