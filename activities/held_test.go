package activities

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// components is a cloud that answers each call with the next of what it has, counts looks,
// and has nothing.
type components struct {
	answers []error
	looks   []error // of the first looks; nil is an empty list
	calls   int
	looked  int
}

func (c *components) CreateComponent(context.Context, alicloud.CreateComponentRequest) (string, error) {
	c.calls++
	return "ic-1", c.answers[c.calls-1]
}

func (c *components) Components(context.Context, alicloud.ComponentQuery) ([]alicloud.Component, error) {
	c.looked++
	if c.looked <= len(c.looks) {
		return nil, c.looks[c.looked-1]
	}
	return nil, nil
}

// attempts makes an interceptor that numbers the attempts of an activity.
type attempts struct {
	interceptor.WorkerInterceptorBase
	number int32
}

func (a *attempts) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	i := &numbered{attempts: a}
	i.Next = next
	return i
}

type numbered struct {
	interceptor.ActivityInboundInterceptorBase
	attempts *attempts
}

func (n *numbered) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	return n.Next.Init(&numberedInfo{interceptor.ActivityOutboundInterceptorBase{Next: outbound}, n.attempts})
}

type numberedInfo struct {
	interceptor.ActivityOutboundInterceptorBase
	attempts *attempts
}

func (n *numberedInfo) GetInfo(ctx context.Context) activity.Info {
	info := n.Next.GetInfo(ctx)
	info.Attempt = n.attempts.number
	return info
}

// try runs an attempt with what the one before has left, and returns what it leaves.
func (c *components) try(number int32, before *trace, asked bool) (trace, error) {
	return tryOf(number, before, func(ctx context.Context) error {
		_, err := (&Component{ECS: c}).CreateComponent(ctx, CreateComponentInput{Token: "tok", Asked: asked})
		return err
	})
}

// tryOf is try of any call.
func tryOf(number int32, before *trace, do func(context.Context) error) (trace, error) {
	env := plain()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&attempts{number: number}}})
	if before != nil {
		env.SetHeartbeatDetails(*before)
	}
	var left trace
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
		_ = details.Get(&left)
	})
	env.RegisterActivity(do)
	_, err := env.ExecuteActivity(do)
	return left, err
}

// A call that was held back from the first attempt on was never made.
func TestWhatIsHeldBackWasNotMade(t *testing.T) {
	held := &alicloud.Error{API: "CreateImageComponent", Code: alicloud.CodeHeldBack, Message: "held back", RetryAfter: 25 * time.Second}
	c := &components{answers: []error{held, held, nil}}
	left, err := c.try(1, nil, false)
	require.False(t, FailureOf(err).MayExist)
	require.Equal(t, 25*time.Second, DelayOf(err))
	require.True(t, FailureOf(err).Throttled(), "that alone never fails a build")
	left, err = c.try(2, &left, false)
	require.False(t, FailureOf(err).MayExist)
	_, err = c.try(3, &left, false)
	require.NoError(t, err)
	require.Zero(t, c.looked, "there is nothing to look for")
}

// What an attempt before may have made is looked for as ever: five times before the call is
// made again, however often looks and call are held back.
func TestWhatIsHeldBackAfterALostAnswerMayExist(t *testing.T) {
	held := &alicloud.Error{API: "CreateImageComponent", Code: alicloud.CodeHeldBack, RetryAfter: time.Minute}
	lost := &alicloud.Error{API: "CreateImageComponent", Code: alicloud.CodeNoAnswer}
	c := &components{answers: []error{lost, held, held, lost, nil}, looks: []error{held, nil, held}}
	var left trace
	var err error
	step := func(number int32, calls, looks int, mayExist bool) {
		t.Helper()
		left, err = c.try(number, &left, false)
		require.Equal(t, []any{calls, looks}, []any{c.calls, c.looked}, "calls and looks by attempt %d", number)
		require.Equal(t, mayExist, FailureOf(err).MayExist)
	}
	step(1, 1, 0, true) // lost
	step(2, 1, 1, true) // the look is held back
	step(3, 1, 2, true) // nothing there yet
	step(4, 1, 3, true) // held back
	step(5, 1, 4, true)
	step(6, 1, 5, true)
	step(7, 1, 6, true)
	step(8, 2, 7, true) // the fifth look found nothing, and the call is held back
	step(9, 3, 7, true) // no further look
	step(10, 4, 7, true)
	step(11, 4, 8, true) // the answer was lost again
}

// refusals is a cloud that refuses in turn with codes; an empty one is no refusal.
func refusals(codes ...string) []error {
	var answers []error
	for _, code := range codes {
		if code == "" {
			answers = append(answers, nil)
			continue
		}
		status := 400
		if code == alicloud.CodeNoAnswer || code == alicloud.CodeHeldBack {
			status = 0
		}
		answers = append(answers, &alicloud.Error{API: "CreateImageComponent", Code: code, HTTPStatus: status, Message: "as documented"})
	}
	return answers
}

const (
	expired = "InvalidTimeStamp.Expired"
	unclear = "UnknownError"
)

// A refusal that repeats although each try is signed anew ends the call; one that does not
// is tried again.
func TestRefusalThatRepeatsIsFinal(t *testing.T) {
	lost, held := alicloud.CodeNoAnswer, alicloud.CodeHeldBack
	for _, test := range []struct {
		name     string
		calls    []string // the answers to the calls
		looks    []string // the answers to the looks before them
		attempts int32    // the last of which is final
		mayExist bool
		ends     string // with which code; empty: well
	}{
		{name: "once", calls: []string{expired, ""}, attempts: 2},
		{name: "twice in a row", calls: []string{expired, expired}, attempts: 2, ends: expired},
		{name: "twice with a call between that was held back", calls: []string{expired, held, expired}, attempts: 3, ends: expired},
		{name: "twice with another refusal between", calls: []string{expired, "SignatureNonceUsed", expired, ""}, attempts: 4},
		{name: "a fixed token", calls: []string{"InvalidSecurityToken.Expired", "InvalidSecurityToken.Expired"}, attempts: 2, ends: "InvalidSecurityToken.Expired"},
		{name: "a token of another key", calls: []string{"InvalidSecurityToken.MismatchWithAccessKey", "InvalidSecurityToken.MismatchWithAccessKey"},
			attempts: 2, ends: "InvalidSecurityToken.MismatchWithAccessKey"},
		{name: "at a look for what a lost call made", calls: []string{lost}, looks: []string{expired, expired}, attempts: 3, ends: expired, mayExist: true},
		{name: "at the look after a call", calls: []string{expired}, looks: []string{expired}, attempts: 2, ends: expired},
		{name: "four times for an unknown reason", calls: []string{unclear, unclear, unclear, unclear, ""}, attempts: 5},
		{name: "five times for an unknown reason", calls: []string{unclear, unclear, unclear, unclear, unclear}, attempts: 5, ends: unclear, mayExist: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := &components{answers: refusals(test.calls...), looks: refusals(test.looks...)}
			var left trace
			var err error
			for number := range test.attempts {
				if number > 0 {
					var application *temporal.ApplicationError
					require.ErrorAs(t, err, &application)
					require.False(t, application.NonRetryable(), "attempt %d", number)
				}
				left, err = c.try(number+1, &left, false)
			}
			require.Equal(t, len(test.calls), c.calls)
			if test.ends == "" {
				require.NoError(t, err)
				return
			}
			failure := refused(t, err, test.ends)
			require.Equal(t, test.mayExist, failure.MayExist)
			require.Equal(t, errcode.Lookup("CreateImageComponent", test.ends, 400, "").Advice, failure.Advice)
		})
	}
}

// So does one of a call that makes nothing.
func TestRefusalThatRepeatsEndsALook(t *testing.T) {
	is := &alicloud.Error{API: "CancelTask", Code: expired, HTTPStatus: 400}
	look := func(ctx context.Context) error {
		_, err := cancelled(ctx, "cancel", is)
		return err
	}
	left, err := tryOf(1, nil, look)
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.False(t, application.NonRetryable())
	_, err = tryOf(2, &left, look)
	refused(t, err, expired)
}

func TestWhatAnEarlierRunAskedForIsLookedForFirst(t *testing.T) {
	held := &alicloud.Error{API: "CreateImageComponent", Code: alicloud.CodeHeldBack, RetryAfter: time.Minute}
	c := &components{answers: []error{held, nil}}
	var left trace
	for number := range int32(graceLooks) {
		var err error
		left, err = c.try(number+1, &left, true)
		require.True(t, FailureOf(err).MayExist)
	}
	require.Equal(t, []int{1, graceLooks}, []int{c.calls, c.looked})
	_, err := c.try(graceLooks+1, &left, true)
	require.NoError(t, err)
	require.Equal(t, []int{2, graceLooks}, []int{c.calls, c.looked})
}
