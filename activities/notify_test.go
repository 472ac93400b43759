package activities

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/internal/notify"
	"github.com/seed1230462e/kiln/internal/spec"
)

// receiver takes every event, or none.
type receiver struct {
	err error
	to  spec.Notification
	got Event
}

func (r *receiver) Send(_ context.Context, to spec.Notification, e Event) error {
	r.to, r.got = to, e
	return r.err
}

var told = NotifyInput{To: spec.Notification{Webhook: &spec.Webhook{URL: "https://example.com"}}, Event: Event{ID: "e-1", Kind: EventFailed}}

func notifying(r *receiver) (NotifyResult, error) {
	env := plain()
	env.RegisterActivity(&Notification{Sender: r})
	var ours *Notification
	value, err := env.ExecuteActivity(ours.Notify, told)
	if err != nil {
		return NotifyResult{}, err
	}
	var result NotifyResult
	return result, value.Get(&result)
}

func TestNotifyDelivers(t *testing.T) {
	var r receiver
	result, err := notifying(&r)
	require.NoError(t, err)
	require.Equal(t, NotifyResult{Attempt: 1}, result)
	require.Equal(t, told.To, r.to)
	require.Equal(t, told.Event, r.got)
}

func TestNotifyIsTriedAgainOnlyWhereThatCanHelp(t *testing.T) {
	for _, test := range []struct {
		name string
		said error
		want Failure
	}{
		{"an outage", &notify.Error{Reason: "answered 503 Service Unavailable", Status: 503, After: time.Hour},
			Failure{Code: Undelivered, HTTPStatus: 503, Message: "answered 503 Service Unavailable", Class: errcode.Retry, Attempt: 1}},
		{"a receiver that is gone", &notify.Error{Reason: "answered 410 Gone", Status: 410, Final: true, After: time.Hour},
			Failure{Code: Undeliverable, HTTPStatus: 410, Message: "answered 410 Gone", Class: errcode.Stop, Attempt: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := notifying(&receiver{err: test.said})
			require.Equal(t, test.want, FailureOf(err))
			var application *temporal.ApplicationError
			require.ErrorAs(t, err, &application)
			require.Equal(t, test.want.Class == errcode.Stop, application.NonRetryable())
			if !application.NonRetryable() {
				require.Equal(t, time.Hour, application.NextRetryDelay())
			}
		})
	}
	_, err := notifying(&receiver{err: errors.New("the worker stops")})
	require.ErrorContains(t, err, "the worker stops")
}

func TestPausesOfANotificationGrow(t *testing.T) {
	policy := &temporal.RetryPolicy{InitialInterval: 5 * time.Second, BackoffCoefficient: 2, MaximumInterval: 10 * time.Minute}
	for attempt, longest := range map[int32]time.Duration{1: 5 * time.Second, 2: 10 * time.Second, 7: 320 * time.Second, 8: 10 * time.Minute, 5000: 10 * time.Minute} {
		different := map[time.Duration]bool{}
		for range 50 {
			pause := notifyPause(activity.Info{RetryPolicy: policy, Attempt: attempt}, 0)
			require.GreaterOrEqual(t, pause, longest*3/4)
			require.LessOrEqual(t, pause, longest)
			different[pause] = true
		}
		require.Greater(t, len(different), 1, "builds do not come back at once")
	}
	require.Equal(t, time.Hour, notifyPause(activity.Info{RetryPolicy: policy, Attempt: 1}, time.Hour))
	require.Equal(t, time.Minute, notifyPause(activity.Info{Attempt: 3}, time.Minute), "a server that does not tell its policy")
}
