package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/internal/inventory"
)

// Tags that say which build and step a resource belongs to.
const (
	TagBuild = inventory.TagBuild
	TagToken = inventory.TagToken
)

// creation is a call that must have its effect once.
type creation[T any] struct {
	doing string // such as "import image golden"
	asked bool   // an earlier run of the build made the call, and nobody knows what became of it
	call  func() (T, error)
	// find looks for what an earlier call has made. Nothing there is ErrNotFound; something
	// that is not it is a taken.
	find func() (T, error)
	// never says why the conflict that refuses the call will not clear, and what to do; empty
	// when it may. Nil: it always may.
	never func() (why, advice string)
}

// taken is the error of a look that found something else in the place of what it looked for.
type taken struct{ what string }

func (t taken) Error() string { return t.what }

// once makes a thing, or adopts it when it is there already: after an attempt whose
// answer was lost it looks before it calls again, several times, since lists lag; and after
// a refusal that says that the thing exists it looks whether it is the one that was meant.
// Its failure says whether the thing may exist all the same.
func once[T any](ctx context.Context, c creation[T]) (thing T, adopted bool, err error) {
	before := recall(ctx)
	asked := before.asked(c.asked || attempt(ctx) > 1)
	if asked && !before.Held {
		found, err := c.find()
		var other taken
		switch {
		case err == nil:
			return found, true, nil
		case errors.Is(err, alicloud.ErrNotFound) && !before.Refused && before.Lost+1 < graceLooks:
			leave(ctx, trace{Lost: before.Lost + 1}, nil)
			return thing, false, notListed(c.doing, &alicloud.Error{Code: alicloud.CodeNoAnswer,
				Message: "no clear answer came to the call, and what it may have made is looked for"}, lostPause)
		case !errors.Is(err, alicloud.ErrNotFound) && !errors.As(err, &other):
			leave(ctx, before, err)
			return thing, false, failureToMake(ctx, c.doing, err, !before.Refused)
		}
	}
	thing, err = c.call()
	switch {
	case err == nil:
		return thing, false, nil
	case heldBack(err):
		leave(ctx, before.held(asked), err)
		return thing, false, failureToMake(ctx, c.doing, err, asked)
	}
	var refused *alicloud.Error
	if !errors.As(err, &refused) || !mayExist(lookUp(refused).Class) {
		leave(ctx, trace{Refused: answered(err)}, err)
		return thing, false, failureToMake(ctx, c.doing, err, !answered(err) || !hadNoEffect(lookUp(refused)))
	}
	leave(ctx, trace{Refused: true, Exists: before.Exists + 1}, err)
	return reconcile(ctx, c, refused, before.Exists+1 < graceLooks)
}

// hadNoEffect tells whether an answer leaves no doubt that the call did nothing.
func hadNoEffect(is errcode.Entry) bool { return is.Class == errcode.Stop || is.Unread }

// mayExist tells whether a refusal can come of the thing's being there: a conflict that
// clears by itself may be one with an earlier attempt of our own.
func mayExist(class errcode.Class) bool { return class == errcode.Reconcile || class == errcode.Wait }

// reconcile finds out what it is that exists, or is in the way. Patient: it may not be
// listed yet.
func reconcile[T any](ctx context.Context, c creation[T], refused *alicloud.Error, patient bool) (thing T, adopted bool, err error) {
	found, err := c.find()
	var other taken
	switch {
	case err == nil:
		return found, true, nil
	case !errors.Is(err, alicloud.ErrNotFound) && !errors.As(err, &other):
		return thing, false, failureToMake(ctx, c.doing, err, true)
	}
	class := lookUp(refused).Class
	if class == errcode.Wait && c.never != nil {
		if why, advice := c.never(); why != "" {
			return thing, false, neverClears(ctx, c.doing, refused, why, advice)
		}
	}
	switch {
	case other.what != "":
		exists := *refused
		exists.Message += " " + other.what
		return thing, false, failure(ctx, c.doing, &exists)
	case class == errcode.Reconcile && patient:
		return thing, false, notListed(c.doing, refused, existsPause)
	}
	return thing, false, failureToMake(ctx, c.doing, refused, true)
}

// neverClears is the failure of a call that met a conflict for which a build would wait in
// vain.
func neverClears(ctx context.Context, doing string, refused *alicloud.Error, why, advice string) error {
	is := failureIn(refused)
	is.Class, is.Advice, is.Attempt = errcode.Stop, advice, attempt(ctx)
	is.Message += " " + why
	is.MayExist = !answered(refused)
	return temporal.NewApplicationErrorWithOptions(doing+": "+is.Message, is.Code,
		temporal.ApplicationErrorOptions{NonRetryable: true, Details: []any{is}})
}

// The cloud's lists lag behind its own writes. The pauses before the next look for what a
// call without an answer may have made, and for what is said to exist.
const (
	lostPause   = 5 * time.Second
	existsPause = 15 * time.Second
)

// notListed is the failure of an attempt after which it is worth while to look again.
func notListed(doing string, refused *alicloud.Error, pause time.Duration) error {
	is := failureIn(refused)
	is.MayExist = true
	return temporal.NewApplicationErrorWithOptions(doing+": "+is.Message+"; it is not listed yet", is.Code,
		temporal.ApplicationErrorOptions{NextRetryDelay: pause, Details: []any{is}})
}

// owner says who made a resource, for people.
func owner(tags alicloud.Tags, createdAt string) string {
	by := "not made by Kiln"
	if build := tags[TagBuild]; build != "" {
		by = "made by build " + build
	}
	if createdAt != "" {
		by += ", created " + createdAt
	}
	return by
}

// attempt is the number of this attempt, from 1.
func attempt(ctx context.Context) int32 { return activity.GetInfo(ctx).Attempt }
