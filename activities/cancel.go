package activities

import (
	"context"
	"errors"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// CancelResult says what became of a request to cancel.
type CancelResult struct {
	Cancelled bool   `json:"cancelled"`
	Reason    string `json:"reason,omitempty"` // the cloud's, when it would not
}

// cancelled makes a result of a cancel call: a refusal that says "too late" is an answer.
func cancelled(ctx context.Context, doing string, err error) (CancelResult, error) {
	var refused *alicloud.Error
	if err == nil {
		return CancelResult{Cancelled: true}, nil
	}
	if errors.As(err, &refused) && lookUp(refused).Class == errcode.Reconcile {
		return CancelResult{Reason: refused.Code + ": " + refused.Message}, nil
	}
	return CancelResult{}, callFailure(ctx, doing, err)
}
