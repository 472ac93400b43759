package activities

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// Types of failures that are no code of the cloud.
const (
	InvalidBuild     = "InvalidBuild"     // the document breaks a rule
	ImportFailed     = "ImportFailed"     // the import ended without a usable image
	PipelineFailed   = "PipelineFailed"   // the execution ended without a usable image
	ImageTestsFailed = "ImageTestsFailed" // the image was made, its tests failed
	Disappeared      = "Disappeared"      // what was waited for does not exist any more
	Timeout          = "Timeout"          // a step did not end within the document's timeout
)

// Failure is why an activity failed: the details of its ApplicationError, whose type is
// Code.
type Failure struct {
	Code       string        `json:"code"`
	HTTPStatus int           `json:"httpStatus"` // 0 when no answer came
	Message    string        `json:"message"`
	RequestID  string        `json:"requestId"`
	Class      errcode.Class `json:"class"`
	Advice     string        `json:"advice"`
}

// waitInterval is how long a conflict that clears by itself is left alone.
const waitInterval = 30 * time.Second

// failure gives a cloud error the shape Temporal's retries read: the cloud's code as
// the type, non-retryable when the catalogue says that waiting cannot help.
func failure(doing string, err error) error {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	entry := lookUp(refused)
	return temporal.NewApplicationErrorWithOptions(doing+": "+refused.Message, refused.Code, temporal.ApplicationErrorOptions{
		NonRetryable:   entry.Class == errcode.Stop || entry.Class == errcode.Reconcile,
		NextRetryDelay: retryDelay(entry, refused, time.Now()),
		Details: []any{Failure{
			Code:       refused.Code,
			HTTPStatus: refused.HTTPStatus,
			Message:    refused.Message,
			RequestID:  refused.RequestID,
			Class:      entry.Class,
			Advice:     entry.Advice,
		}},
	})
}

// retryDelay is how long the next attempt has to wait, or 0 to leave it to the retry
// policy. The cloud counts calls in windows of one minute, so what is throttled now
// passes in the next one (ECS guide, API throttling).
func retryDelay(entry errcode.Entry, refused *alicloud.Error, now time.Time) time.Duration {
	switch {
	case refused.RetryAfter > 0:
		return refused.RetryAfter
	case strings.Contains(refused.Code, "Throttling"):
		untilNextMinute := now.Truncate(time.Minute).Add(time.Minute).Sub(now)
		return untilNextMinute + rand.N(5*time.Second)
	case entry.Class == errcode.Wait:
		return waitInterval
	}
	return 0
}

// Ended is the failure of something that came to a bad end: a run in the cloud, or a
// build before it began.
func Ended(code, message, advice string) error {
	return temporal.NewApplicationErrorWithOptions(message, code, temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Details:      []any{Failure{Code: code, Message: message, Class: errcode.Stop, Advice: advice}},
	})
}

// FailureOf reads the failure out of an activity's error. An activity that ran out of
// time without one is a Timeout.
func FailureOf(err error) Failure {
	var refused *temporal.ApplicationError
	if !errors.As(err, &refused) {
		return Failure{Code: Timeout, Message: err.Error(), Class: errcode.Stop,
			Advice: "raise the timeout in the document, or find out why the cloud takes so long"}
	}
	var failure Failure
	if refused.HasDetails() && refused.Details(&failure) == nil && failure.Code != "" {
		return failure
	}
	return Failure{Code: refused.Type(), Message: refused.Message(), Class: errcode.Stop, Advice: "look at the worker's log"}
}

// Exists tells whether a call was refused because what it makes exists already.
func Exists(err error) bool {
	return err != nil && FailureOf(err).Class == errcode.Reconcile
}

// stops tells whether looking again after err cannot help.
func stops(err error) bool {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return false
	}
	return lookUp(refused).Class == errcode.Stop
}

func lookUp(refused *alicloud.Error) errcode.Entry {
	return errcode.Lookup(refused.API, refused.Code, refused.HTTPStatus, refused.Message)
}
