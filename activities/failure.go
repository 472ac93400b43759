package activities

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"
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
	Rejected         = "Rejected"         // somebody has rejected the image
	ApprovalTimeout  = "ApprovalTimeout"  // nobody has approved the image within the document's timeout
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
	Unknown    bool          `json:"unknown,omitempty"` // the catalogue has no row for the code
	Attempt    int32         `json:"attempt,omitempty"` // of the call that failed, from 1
	// MayExist: the call was to make something, and it is not certain that it did not.
	MayExist bool `json:"mayExist,omitempty"`
	// ImageID is the image that a run made although it failed.
	ImageID string `json:"imageId,omitempty"`
}

// Throttled tells whether the cloud only asked to come back later. That alone never
// fails a build.
func (f Failure) Throttled() bool { return strings.Contains(f.Code, "Throttling") }

// callFailure is the failure of a call that leaves no trace but how often in a row it was refused.
func callFailure(ctx context.Context, doing string, err error) error {
	var refused *alicloud.Error
	if errors.As(err, &refused) && lookUp(refused).Tries > 0 {
		leave(ctx, trace{}, err)
	}
	return failure(ctx, doing, err)
}

// failure gives a cloud error the shape Temporal's retries read: the cloud's code as
// the type, and retryable only when the catalogue says so. What has to wait is left to
// the workflow, which shows what it waits for.
func failure(ctx context.Context, doing string, err error) error {
	return failureToMake(ctx, doing, err, false)
}

// failureToMake is the failure of a call that was to make something.
func failureToMake(ctx context.Context, doing string, err error, mayExist bool) error {
	return failureAfter(ctx, doing, err, mayExist, recall(ctx).and(err))
}

// failureAfter is the failure that ends a streak of refusals, or goes on with it.
func failureAfter(ctx context.Context, doing string, err error, mayExist bool, so streak) error {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	is := failureIn(refused)
	is.Attempt, is.MayExist = attempt(ctx), mayExist
	if is.Unknown {
		activity.GetMetricsHandler(ctx).WithTags(map[string]string{"api": refused.API, "code": refused.Code}).Counter("kiln_unknown_codes").Inc(1)
	}
	return temporal.NewApplicationErrorWithOptions(doing+": "+refused.Message, refused.Code, temporal.ApplicationErrorOptions{
		NonRetryable:   is.Class != errcode.Retry || lookUp(refused).WornOut(so.Times),
		NextRetryDelay: retryDelay(refused, is.Attempt, time.Now()),
		Details:        []any{is},
	})
}

// failureIn is what an error of the cloud comes to.
func failureIn(refused *alicloud.Error) Failure {
	entry := lookUp(refused)
	return Failure{
		Code:       refused.Code,
		HTTPStatus: refused.HTTPStatus,
		Message:    refused.Message,
		RequestID:  refused.RequestID,
		Class:      entry.Class,
		Advice:     entry.Advice,
		Unknown:    !entry.Known,
	}
}

// longestDelay is as far as pauses grow.
const longestDelay = time.Minute

// retryDelay is how long the attempt after the given one has to wait: what the cloud
// asks for; the rest of the minute when it throttles; otherwise a second that doubles with
// each attempt, give or take a quarter so that many builds do not come back at once.
func retryDelay(refused *alicloud.Error, attempt int32, now time.Time) time.Duration {
	switch {
	case refused.RetryAfter > 0:
		return refused.RetryAfter
	case refused.Throttled():
		return alicloud.UntilNextMinute(now) + rand.N(5*time.Second)
	}
	delay := min(time.Second<<min(attempt-1, 10), longestDelay)
	return delay*3/4 + rand.N(delay/2)
}

// Ended is the failure of something that came to a bad end: a run in the cloud, or a
// build before it began.
func Ended(code, message, advice string) error { return endedWith("", code, message, advice) }

// endedWith is Ended for a run that left an image.
func endedWith(imageID, code, message, advice string) error {
	return temporal.NewApplicationErrorWithOptions(message, code, temporal.ApplicationErrorOptions{
		NonRetryable: true,
		Details:      []any{Failure{Code: code, Message: message, Class: errcode.Stop, Advice: advice, ImageID: imageID}},
	})
}

// FailureOf reads the failure out of an activity's error. An activity that ran out of
// time without one is a Timeout.
func FailureOf(err error) Failure {
	var refused *temporal.ApplicationError
	if !errors.As(err, &refused) {
		return Failure{Code: Timeout, Message: "It did not end within the timeout of the document.", Class: errcode.Stop, MayExist: true,
			Advice: "Raise the timeout in the document, or find out why the cloud takes so long."}
	}
	var failure Failure
	if refused.HasDetails() && refused.Details(&failure) == nil && failure.Code != "" {
		return failure
	}
	return Failure{Code: refused.Type(), Message: refused.Message(), Class: errcode.Stop, MayExist: true, Advice: "Look at the worker's log."}
}

// DelayOf is how long the attempt after a failure of an activity has to wait.
func DelayOf(err error) time.Duration {
	var refused *temporal.ApplicationError
	if !errors.As(err, &refused) {
		return 0
	}
	return refused.NextRetryDelay()
}

// Waits tells whether a call was refused because of a conflict that clears by itself.
func (f Failure) Waits() bool { return f.Class == errcode.Wait }

// stops tells whether looking again after err cannot help.
func stops(err error) bool { return stopsAfter(err, streak{}) }

// stopsAfter is stops when err ends a streak of refusals.
func stopsAfter(err error, so streak) bool {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return false
	}
	is := lookUp(refused)
	return is.Class == errcode.Stop || is.WornOut(so.Times)
}

func lookUp(refused *alicloud.Error) errcode.Entry {
	return errcode.Lookup(refused.API, refused.Code, refused.HTTPStatus, refused.Message)
}

func reason(code, message string) string {
	switch {
	case code == "" && message == "":
		return "the cloud gives no reason"
	case code == "":
		return message
	}
	return code + ": " + message
}
