package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// trace is what an attempt of a call leaves to the next one, in its heartbeat. An attempt
// that leaves none, because its worker was lost, may have had its effect.
type trace struct {
	Attempt int32 `json:"attempt"`
	Refused bool  `json:"refused,omitempty"` // the call was answered, and had no effect
	Lost    int   `json:"lost,omitempty"`    // looks that found nothing since a call without an answer
	Exists  int   `json:"exists,omitempty"`  // looks that found nothing of what is said to exist
	Held    bool  `json:"held,omitempty"`    // the call was held back, after the looks that it needs
	Asked   bool  `json:"asked,omitempty"`   // with Held: an attempt before may have made the call
	streak
}

// streak is how often in a row the cloud has refused with one code.
type streak struct {
	Code  string `json:"code,omitempty"`
	Times int    `json:"times,omitempty"`
}

// and is the streak after what came next, nil for a call that went well. A call that was
// held back asked nobody.
func (s streak) and(err error) streak {
	var refused *alicloud.Error
	switch {
	case heldBack(err):
		return s
	case !errors.As(err, &refused):
		return streak{}
	case refused.Code != s.Code:
		return streak{Code: refused.Code, Times: 1}
	}
	return streak{Code: s.Code, Times: s.Times + 1}
}

// asked tells whether the call may have been made before: as it seems, unless all that was
// done since is that it was held back.
func (t trace) asked(seems bool) bool {
	if t.Held {
		return t.Asked
	}
	return seems
}

// held is the trace of an attempt whose call was held back: the next one makes the call
// without looking once more.
func (t trace) held(asked bool) trace {
	t.Held, t.Asked = true, asked
	return t
}

// leave leaves a trace of an attempt that ends with err; nil when nothing refused it.
func leave(ctx context.Context, t trace, err error) {
	t.Attempt, t.streak = attempt(ctx), recall(ctx).and(err)
	activity.RecordHeartbeat(ctx, t)
}

// recall is the trace of the attempt before.
func recall(ctx context.Context) trace {
	var t trace
	if !activity.HasHeartbeatDetails(ctx) || activity.GetHeartbeatDetails(ctx, &t) != nil || t.Attempt != attempt(ctx)-1 {
		return trace{}
	}
	return t
}

// answered tells whether a call that failed was answered by the service itself, which then
// did nothing. A 5xx leaves that open. (ECS guide, How to ensure idempotence.)
func answered(err error) bool {
	var refused *alicloud.Error
	return errors.As(err, &refused) && refused.Code != alicloud.CodeBadAnswer && refused.HTTPStatus >= 400 && refused.HTTPStatus < 500
}

// heldBack tells whether a call was not made at all, because of the limits on calls.
func heldBack(err error) bool {
	var refused *alicloud.Error
	return errors.As(err, &refused) && refused.Code == alicloud.CodeHeldBack
}
