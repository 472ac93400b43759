package activities

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

func TestFailureKeepsTheCloudsWords(t *testing.T) {
	err := failureOf(plain(), &alicloud.Error{API: "ImportImage", Code: "QuotaExceed.Image", HTTPStatus: 403,
		Message: "The Image Quota exceeds.", RequestID: "R-1"})
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, "QuotaExceed.Image", application.Type())
	require.True(t, application.NonRetryable())
	require.Equal(t, "import image golden: The Image Quota exceeds.", application.Message())
	is := FailureOf(err)
	require.NotEmpty(t, is.Advice)
	is.Advice = ""
	require.Equal(t, Failure{Code: "QuotaExceed.Image", HTTPStatus: 403, Message: "The Image Quota exceeds.", RequestID: "R-1", Class: errcode.Stop, Attempt: 1}, is)
}

// failureOf is the failure of an activity whose call was refused.
func failureOf(env *testsuite.TestActivityEnvironment, refused *alicloud.Error) error {
	call := func(ctx context.Context) error { return failure(ctx, "import image golden", refused) }
	env.RegisterActivity(call)
	_, err := env.ExecuteActivity(call)
	return err
}

func plain() *testsuite.TestActivityEnvironment {
	return new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
}

func TestFailureRetriesOnlyWhatRepeatingCanHelp(t *testing.T) {
	for _, test := range []struct {
		api, code, message string
		status             int
		final              bool
	}{
		{"ImportImage", "InternalError", "unknown error", 500, false},
		{"ImportImage", "Throttling.User", "flow control", 400, false},
		{"ImportImage", "NeverHeardOf", "?", 503, false},
		{"ImportImage", "NeverHeardOf", "?", 400, true},
		{"ImportImage", "ImageIsImporting", "The specified Image is importing.", 403, true},
		{"StartImagePipelineExecution", "InvalidImagePipeline.HasRunningExecution", "one runs", 403, true},
		{"CreateImageComponent", "InvalidComponentVersion.Exist", "exists", 403, true},
		{"ImportImage", alicloud.CodeNoAnswer, "reset", 0, false},
		{"ImportImage", alicloud.CodeBadAnswer, "HTML", 502, false},
		{"ImportImage", alicloud.CodeRedirected, "302", 302, true},
	} {
		t.Run(test.api+" "+test.code, func(t *testing.T) {
			err := failureOf(plain(), &alicloud.Error{API: test.api, Code: test.code, HTTPStatus: test.status, Message: test.message})
			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			require.Equal(t, test.final, application.NonRetryable())
		})
	}
}

func TestUnknownCodeIsMarkedAndCounted(t *testing.T) {
	counted := counter{}
	env := func() *testsuite.TestActivityEnvironment {
		var suite testsuite.WorkflowTestSuite
		suite.SetMetricsHandler(counted)
		return suite.NewTestActivityEnvironment()
	}
	unknown := &alicloud.Error{API: "ImportImage", Code: "NeverHeardOf", HTTPStatus: 400}
	known := &alicloud.Error{API: "ImportImage", Code: "QuotaExceed.Image", HTTPStatus: 403}
	require.True(t, FailureOf(failureOf(env(), unknown)).Unknown)
	require.False(t, FailureOf(failureOf(env(), known)).Unknown)
	require.Equal(t, counter{"ImportImage NeverHeardOf": 1}, counted)
}

// counter counts unknown codes by API and code.
type counter map[string]int64

func (c counter) WithTags(tags map[string]string) client.MetricsHandler {
	return tagged{MetricsHandler: client.MetricsNopHandler, c: c, name: tags["api"] + " " + tags["code"]}
}
func (c counter) Counter(string) client.MetricsCounter { return client.MetricsNopHandler.Counter("") }
func (c counter) Gauge(string) client.MetricsGauge     { return client.MetricsNopHandler.Gauge("") }
func (c counter) Timer(string) client.MetricsTimer     { return client.MetricsNopHandler.Timer("") }

type tagged struct {
	client.MetricsHandler
	c    counter
	name string
}

func (t tagged) WithTags(tags map[string]string) client.MetricsHandler { return t.c.WithTags(tags) }
func (t tagged) Counter(name string) client.MetricsCounter {
	if name != "kiln_unknown_codes" {
		return client.MetricsNopHandler.Counter(name)
	}
	return t
}
func (t tagged) Inc(n int64) { t.c[t.name] += n }

func TestRetryDelay(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 40, 0, time.UTC)
	throttled := retryDelay(&alicloud.Error{Code: "Throttling.User"}, 1, now)
	require.GreaterOrEqual(t, throttled, 20*time.Second, "not before the cloud's next minute")
	require.Less(t, throttled, 26*time.Second)
	require.GreaterOrEqual(t, retryDelay(&alicloud.Error{Code: "Rejected.throttling"}, 1, now), 20*time.Second, "whatever the case")
	require.Equal(t, 7*time.Second, retryDelay(&alicloud.Error{Code: "Throttling", RetryAfter: 7 * time.Second}, 1, now))
	for attempt, middle := range map[int32]time.Duration{1: time.Second, 2: 2 * time.Second, 4: 8 * time.Second, 7: time.Minute, 1000: time.Minute} {
		delay := retryDelay(&alicloud.Error{Code: "InternalError"}, attempt, now)
		require.InDelta(t, middle.Seconds(), delay.Seconds(), middle.Seconds()/4, "attempt %d", attempt)
	}
}

func TestFailureOfATimeout(t *testing.T) {
	require.Equal(t, Timeout, FailureOf(errors.New("activity StartToClose timeout")).Code)
}

func TestCancelThatComesTooLateIsAnAnswer(t *testing.T) {
	late := &alicloud.Error{API: "CancelTask", Code: "InvalidTaskId.IncorrectTaskStatus", HTTPStatus: 403, Message: "The specified task status is not invalid."}
	ctx := context.Background()
	result, err := cancelled(ctx, "cancel", late)
	require.NoError(t, err)
	require.Equal(t, CancelResult{Reason: "InvalidTaskId.IncorrectTaskStatus: The specified task status is not invalid."}, result)
}
