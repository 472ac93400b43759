package activities

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/internal/notify"
	"github.com/seed1230462e/kiln/internal/spec"
)

type (
	// Event is how a build ended, on its way to one receiver.
	Event = notify.Event
	// EventKind is what an event tells.
	EventKind = notify.Kind
	// Ending is how a build ended.
	Ending = notify.Ending
	// EndedCopy is a copy of its image.
	EndedCopy = notify.Copy
	// EndedReason is why it failed.
	EndedReason = notify.Failure
	// AwaitedApproval is what a build waits for.
	AwaitedApproval = notify.Approval
)

// The kinds of events.
const (
	EventWaiting   = notify.Waiting
	EventSucceeded = notify.Succeeded
	EventFailed    = notify.Failed
	EventCancelled = notify.Cancelled
	EventUnchanged = notify.Unchanged
	EventSkipped   = notify.Skipped
)

// Types of the failures of a delivery.
const (
	Undelivered   = "Undelivered"   // another attempt may get through
	Undeliverable = "Undeliverable" // none will
)

// Sender delivers an event to a receiver by one request. Its errors are *notify.Error.
type Sender interface {
	Send(ctx context.Context, to spec.Notification, e Event) error
}

// Notification tells who asked for it how a build ended.
type Notification struct{ Sender Sender }

// NotifyInput asks for one delivery.
type NotifyInput struct {
	To    spec.Notification `json:"to"`
	Event Event             `json:"event"`
}

// NotifyResult is a delivery that was accepted.
type NotifyResult struct {
	Attempt int32 `json:"attempt"`
}

// Notify delivers one event to one receiver, at least once: an attempt whose answer was
// lost is followed by another one with the same id.
func (a *Notification) Notify(ctx context.Context, in NotifyInput) (NotifyResult, error) {
	if err := a.Sender.Send(ctx, in.To, in.Event); err != nil {
		return NotifyResult{}, undelivered(ctx, err)
	}
	activity.GetLogger(ctx).Info("Notification delivered", "build_id", in.Event.Ending.BuildID, "event_id", in.Event.ID)
	return NotifyResult{Attempt: attempt(ctx)}, nil
}

// undelivered gives the error of a Sender the shape that Temporal's retries read.
func undelivered(ctx context.Context, err error) error {
	var is *notify.Error
	if !errors.As(err, &is) {
		return err
	}
	failure := Failure{Code: Undelivered, HTTPStatus: is.Status, Message: is.Reason, Class: errcode.Retry, Attempt: attempt(ctx)}
	options := temporal.ApplicationErrorOptions{NextRetryDelay: notifyPause(activity.GetInfo(ctx), is.After)}
	if is.Final {
		failure.Code, failure.Class = Undeliverable, errcode.Stop
		options = temporal.ApplicationErrorOptions{NonRetryable: true}
	}
	options.Details = []any{failure}
	return temporal.NewApplicationErrorWithOptions(is.Reason, failure.Code, options)
}

// notifyPause is how long the next attempt has to wait: as the retry policy says, less up
// to a quarter so that many builds do not come back at once, and not before the receiver
// wants it. Zero leaves it to the policy.
func notifyPause(info activity.Info, after time.Duration) time.Duration {
	policy := info.RetryPolicy
	if policy == nil || policy.InitialInterval <= 0 {
		return after
	}
	pause := float64(policy.InitialInterval) * math.Pow(max(policy.BackoffCoefficient, 1), float64(info.Attempt-1))
	if longest := policy.MaximumInterval; longest > 0 {
		pause = min(pause, float64(longest))
	}
	return max(time.Duration(pause*(0.75+rand.Float64()/4)), after)
}
