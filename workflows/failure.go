package workflows

import (
	"errors"
	"fmt"

	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/activities"
)

// Failure is why a build failed: the details of the build's ApplicationError, whose
// type is Code.
type Failure struct {
	Code       string `json:"code"`
	HTTPStatus int    `json:"httpStatus"` // 0 when no answer came
	Message    string `json:"message"`
	RequestID  string `json:"requestId"`
	Class      string `json:"class"`
	Step       Step   `json:"step"` // empty when the build had not begun
	Advice     string `json:"advice"`
	// Resources is the ledger: what the build asked the cloud for, and what became of it.
	Resources []Resource `json:"resources,omitempty"`
	// Approval that was given before the build failed.
	Approval *Verdict `json:"approval,omitempty"`
}

// Cancellation is what a cancelled build leaves: the details of its CanceledError.
type Cancellation struct {
	Resources []Resource `json:"resources,omitempty"`
	Approval  *Verdict   `json:"approval,omitempty"`
}

// stop makes the build's failure of a step's error: the activity's own type and
// details, which a plain wrap would hide. A cancellation stays what it is.
func stop(step Step, err error) error {
	if err == nil || temporal.IsCanceledError(err) {
		return err
	}
	is := activities.FailureOf(err)
	message := is.Message
	if step != "" {
		message = fmt.Sprintf("%s: %s", step, message)
	}
	return temporal.NewNonRetryableApplicationError(message, is.Code, nil, Failure{
		Code:       is.Code,
		HTTPStatus: is.HTTPStatus,
		Message:    is.Message,
		RequestID:  is.RequestID,
		Class:      string(is.Class),
		Step:       step,
		Advice:     is.Advice,
	})
}

// withLedger adds what a retry goes on from to the error that a build ends with.
func withLedger(err error, is Result) error {
	if temporal.IsCanceledError(err) {
		return temporal.NewCanceledError(Cancellation{Resources: is.Resources, Approval: is.Approval})
	}
	var refused *temporal.ApplicationError
	var failure Failure
	if !errors.As(err, &refused) || refused.Details(&failure) != nil {
		return err
	}
	failure.Resources, failure.Approval = is.Resources, is.Approval
	return temporal.NewNonRetryableApplicationError(refused.Message(), refused.Type(), nil, failure)
}

// typeOf is the type of the failure that a build ends with.
func typeOf(err error) string {
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) {
		return refused.Type()
	}
	return ""
}
