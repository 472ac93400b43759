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
}

func leave(ctx context.Context, t trace) {
	t.Attempt = attempt(ctx)
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
