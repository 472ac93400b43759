package activities

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

func TestFailureKeepsTheCloudsWords(t *testing.T) {
	err := failure("import image golden", &alicloud.Error{API: "ImportImage", Code: "QuotaExceed.Image", HTTPStatus: 403,
		Message: "The Image Quota exceeds.", RequestID: "R-1"})
	var application *temporal.ApplicationError
	require.True(t, errors.As(err, &application))
	require.Equal(t, "QuotaExceed.Image", application.Type())
	require.True(t, application.NonRetryable())
	require.Equal(t, "import image golden: The Image Quota exceeds.", application.Message())
	is := FailureOf(err)
	require.NotEmpty(t, is.Advice)
	is.Advice = ""
	require.Equal(t, Failure{Code: "QuotaExceed.Image", HTTPStatus: 403, Message: "The Image Quota exceeds.", RequestID: "R-1", Class: errcode.Stop}, is)
}

func TestFailureRetriesOnlyWhatWaitingCanHelp(t *testing.T) {
	for _, test := range []struct {
		api, code, message string
		status             int
		final              bool
	}{
		{"ImportImage", "InternalError", "unknown error", 500, false},
		{"ImportImage", "Throttling.User", "flow control", 400, false},
		{"ImportImage", "NeverHeardOf", "?", 503, false},
		{"ImportImage", "NeverHeardOf", "?", 400, true},
		{"ImportImage", "ImageIsImporting", "The specified Image is importing.", 403, false},
		{"StartImagePipelineExecution", "InvalidImagePipeline.HasRunningExecution", "one runs", 403, false},
		{"CreateImageComponent", "InvalidComponentVersion.Exist", "exists", 403, true},
		{"ImportImage", alicloud.CodeNoAnswer, "reset", 0, false},
		{"ImportImage", alicloud.CodeBadAnswer, "HTML", 502, false},
		{"ImportImage", alicloud.CodeRedirected, "302", 302, true},
	} {
		t.Run(test.api+" "+test.code, func(t *testing.T) {
			err := failure("try", &alicloud.Error{API: test.api, Code: test.code, HTTPStatus: test.status, Message: test.message})
			var application *temporal.ApplicationError
			require.True(t, errors.As(err, &application))
			require.Equal(t, test.final, application.NonRetryable())
		})
	}
}

func TestRetryDelay(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 40, 0, time.UTC)
	delay := func(refused alicloud.Error) time.Duration { return retryDelay(lookUp(&refused), &refused, now) }

	throttled := delay(alicloud.Error{API: "ImportImage", Code: "Throttling", HTTPStatus: 400})
	require.GreaterOrEqual(t, throttled, 20*time.Second, "not before the cloud's next minute")
	require.Less(t, throttled, 26*time.Second)
	require.Equal(t, 7*time.Second, delay(alicloud.Error{API: "ImportImage", Code: "Throttling", RetryAfter: 7 * time.Second}))
	require.Equal(t, waitInterval, delay(alicloud.Error{API: "ImportImage", Code: "ImageIsImporting", HTTPStatus: 403}))
	require.Zero(t, delay(alicloud.Error{API: "ImportImage", Code: "InternalError", HTTPStatus: 500}), "left to the retry policy")
}

func TestFailureOfATimeout(t *testing.T) {
	require.Equal(t, Timeout, FailureOf(errors.New("activity StartToClose timeout")).Code)
}

func TestCancelThatComesTooLateIsAnAnswer(t *testing.T) {
	late := &alicloud.Error{API: "CancelTask", Code: "InvalidTaskId.IncorrectTaskStatus", HTTPStatus: 403, Message: "The specified task status is not invalid."}
	result, err := cancelled("cancel", late)
	require.NoError(t, err)
	require.Equal(t, CancelResult{Reason: "InvalidTaskId.IncorrectTaskStatus: The specified task status is not invalid."}, result)

	_, err = cancelled("cancel", &alicloud.Error{API: "CancelTask", Code: "Forbidden.RAM", HTTPStatus: 403})
	require.Error(t, err)
}
