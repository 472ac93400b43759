package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// Tags that say which build and step a resource belongs to.
const (
	TagBuild = "kiln:build"
	TagToken = "kiln:token"
)

// creation is a call that must have its effect once.
type creation[T any] struct {
	doing string // such as "import image golden"
	call  func() (T, error)
	// find looks for what an earlier call has made. Nothing there is ErrNotFound; something
	// that is not it is a taken.
	find func() (T, error)
}

// taken is the error of a look that found something else in the place of what it looked for.
type taken struct{ what string }

func (t taken) Error() string { return t.what }

// once makes a thing, or adopts it when it is there already: after an attempt whose
// answer was lost it looks before it calls again, and after a refusal that says that
// the thing exists it looks whether it is the one that was meant.
func once[T any](ctx context.Context, c creation[T]) (thing T, adopted bool, err error) {
	if attempt(ctx) > 1 {
		found, err := c.find()
		if err == nil {
			return found, true, nil
		}
		if other := (taken{}); !errors.Is(err, alicloud.ErrNotFound) && !errors.As(err, &other) {
			return thing, false, failure(ctx, c.doing, err)
		}
	}
	thing, err = c.call()
	if err == nil {
		return thing, false, nil
	}
	var refused *alicloud.Error
	if !errors.As(err, &refused) || !mayExist(lookUp(refused).Class) {
		return thing, false, failure(ctx, c.doing, err)
	}
	return reconcile(ctx, c, refused)
}

// mayExist tells whether a refusal can come of the thing's being there: a conflict that
// clears by itself may be one with an earlier attempt of our own.
func mayExist(class errcode.Class) bool { return class == errcode.Reconcile || class == errcode.Wait }

// reconcile finds out what it is that exists.
func reconcile[T any](ctx context.Context, c creation[T], refused *alicloud.Error) (thing T, adopted bool, err error) {
	found, err := c.find()
	var other taken
	switch {
	case err == nil:
		return found, true, nil
	case errors.As(err, &other):
		exists := *refused
		exists.Message += " " + other.what
		return thing, false, failure(ctx, c.doing, &exists)
	case !errors.Is(err, alicloud.ErrNotFound):
		return thing, false, failure(ctx, c.doing, err)
	case lookUp(refused).Class == errcode.Reconcile && attempt(ctx) < graceLooks:
		// The cloud's lists lag behind its own writes.
		return thing, false, temporal.NewApplicationErrorWithOptions(
			fmt.Sprintf("%s: it exists (%s) but is not listed yet", c.doing, refused.Code), refused.Code,
			temporal.ApplicationErrorOptions{NextRetryDelay: retryDelay(refused, attempt(ctx), time.Now())})
	}
	return thing, false, failure(ctx, c.doing, refused)
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
