package workflows

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/notify"
	"github.com/seed1230462e/kiln/internal/spec"
)

const (
	toAll      = `{"webhook": {"url": "https://hooks.example.com/kiln", "secretEnv": "KILN_NOTIFY_HOOK"}}`
	toFailures = `{"on": ["failed", "cancelled"], "dingTalk": {"tokenEnv": "KILN_NOTIFY_TOKEN"}}`
	toSuccess  = `{"on": ["succeeded"], "webhook": {"url": "https://ci.example.com"}}`
	standsOver = `"template": {"id": "ip-old"}`
)

func notified(who ...string) string {
	return document(standsOver, registered, `"notifications": [`+strings.Join(who, ", ")+`]`)
}

// told runs a build in an environment and returns what it would tell, and as what.
func told(env *testsuite.TestWorkflowEnvironment, document string) (tellings []Telling, ids []string) {
	env.OnWorkflow(NotifyType, mock.Anything, mock.Anything).Return(func(ctx workflow.Context, in Telling) (Told, error) {
		tellings = append(tellings, in)
		ids = append(ids, workflow.GetInfo(ctx).WorkflowExecution.ID)
		return Told{}, workflow.Sleep(ctx, 24*time.Hour)
	}).Maybe()
	env.ExecuteWorkflow(BuildType, raw(document))
	return tellings, ids
}

func indices(in Telling) (is []int) {
	for _, listed := range in.Listed {
		is = append(is, listed.Index)
	}
	return is
}

func TestWhoIsListedIsToldOfTheEndsThatFit(t *testing.T) {
	refused := map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "The role is not valid.")}
	for _, test := range []struct {
		name    string
		cloud   *cloud
		cancel  bool
		kind    activities.EventKind
		outcome string
		listed  []int
	}{
		{"success", &cloud{}, false, activities.EventSucceeded, "succeeded", []int{0, 2}},
		{"partial success", &cloud{partial: true}, false, activities.EventSucceeded, "partial", []int{0, 2}},
		{"failure", &cloud{refuse: refused}, false, activities.EventFailed, "failed", []int{0, 1}},
		{"cancellation", &cloud{stuck: "exec-1"}, true, activities.EventCancelled, "cancelled", []int{0, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := environment(t, test.cloud)
			if test.cancel {
				cancelDuring(env, "AwaitExecution")
			}
			tellings, ids := told(env, notified(toAll, toFailures, toSuccess))
			require.True(t, env.IsWorkflowCompleted(), "the build does not wait for the deliveries")
			require.Len(t, tellings, 1)
			require.Equal(t, []string{"default-test-workflow-id/notify/default-test-run-id"}, ids)
			require.Equal(t, test.kind, tellings[0].Kind)
			require.Equal(t, test.listed, indices(tellings[0]))
			require.Equal(t, test.outcome, tellings[0].Ending.Outcome)
			require.Equal(t, "default-test-workflow-id", tellings[0].Ending.BuildID)
			require.Equal(t, "default-test-run-id", tellings[0].Ending.RunID)
			require.Equal(t, "cn-hangzhou", tellings[0].Ending.Region)
			require.False(t, tellings[0].Ending.FinishedAt.IsZero())
		})
	}
}

func TestEndIsToldAsTheResultHasIt(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	tellings, _ := told(env, document(standsOver, registered, `"notifications": [`+toAll+`]`))
	var result Result
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, activities.Ending{
		BuildID: result.BuildID, RunID: result.RunID, Name: "web", Region: "cn-hangzhou", Outcome: "succeeded",
		ImageID: "m-golden", ImageName: "name of m-golden", BatchComputeImageID: "img-1",
		StartedAt: result.StartedAt, FinishedAt: result.FinishedAt,
	}, tellings[0].Ending)
	require.Equal(t, &spec.Webhook{URL: "https://hooks.example.com/kiln", SecretEnv: "KILN_NOTIFY_HOOK"}, tellings[0].Listed[0].To.Webhook)
}

func TestFailureIsToldWithItsReason(t *testing.T) {
	c := cloud{refuse: map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "The role is not valid.")}}
	env := environment(t, &c)
	tellings, _ := told(env, notified(toAll))
	failure := failureIn(t, env.GetWorkflowError(), "InvalidRoleArn")
	require.Equal(t, &activities.EndedReason{
		Code: "InvalidRoleArn", Message: failure.Message, RequestID: "R-1", Class: "stop", Advice: failure.Advice, Step: "register",
	}, tellings[0].Ending.Error)
	require.Empty(t, tellings[0].Ending.ImageID, "a failed build offers no image")
}

func TestUnchangedAndSkippedAreKindsOfTheirOwn(t *testing.T) {
	for outcome, kind := range map[Outcome]activities.EventKind{OutcomeUnchanged: activities.EventUnchanged, OutcomeSkipped: activities.EventSkipped} {
		b := build{id: "web", result: Result{RunID: "run", Outcome: outcome, ImageID: "m-last", Schedule: "nightly", SkipReason: "frozen"}}
		b.doc.Notifications = []spec.Notification{{On: []string{"succeeded"}}, {On: []string{string(outcome)}}, {}}
		require.Equal(t, kind, b.kind(nil))
		require.Equal(t, []int{1, 2}, indices(Telling{Listed: b.listed(kind)}))
		require.Equal(t, activities.Ending{BuildID: "web", RunID: "run", Schedule: "nightly", Outcome: string(outcome), ImageID: "m-last", SkipReason: "frozen"},
			b.ending(kind))
	}
}

func TestNobodyIsToldWhoDoesNotWantToBe(t *testing.T) {
	for name, document := range map[string]string{
		"no notifications":  document(standsOver, registered),
		"another end":       notified(toFailures),
		"no valid document": notified(`{}`),
	} {
		t.Run(name, func(t *testing.T) {
			var c cloud
			tellings, _ := told(environment(t, &c), document)
			require.Empty(t, tellings)
		})
	}
}

// That nobody can be told is said in the result, and no reason to call the build a partial success.
func TestBuildSucceedsWhenNobodyCanBeTold(t *testing.T) {
	var c cloud
	env := environment(t, &c)
	env.OnWorkflow(NotifyType, mock.Anything, mock.Anything).Return(Told{}, testsuite.ErrMockStartChildWorkflowFailed)
	env.ExecuteWorkflow(BuildType, raw(notified(toAll)))
	var result Result
	require.NoError(t, env.GetWorkflowResult(&result))
	require.Equal(t, OutcomeSucceeded, result.Outcome)
	require.Len(t, result.Warnings, 1)
	require.Contains(t, result.Warnings[0], "nobody was told how the build ended: ")
}

// Temporal refuses a long id, and with it the whole build.
func TestNotifyIDFitsWhereTemporalTakesTheLeast(t *testing.T) {
	run := "01a2000b-e65e-76c8-8e9f-4f23eba32137"
	for kind, word := range map[activities.EventKind]string{activities.EventFailed: "/notify/", activities.EventWaiting: "/notify-waiting/"} {
		require.Equal(t, "web"+word+run, notifyID("web", run, kind))
		long := notifyID(strings.Repeat("网", 128), run, kind)
		require.LessOrEqual(t, len(long), 255)
		require.Greater(t, len(long), 250)
		require.True(t, utf8.ValidString(long))
		require.True(t, strings.HasSuffix(long, word+run))
	}
}

// Another id for the same event would make receivers take a duplicate for news.
func TestEventIDNeverChanges(t *testing.T) {
	in := Telling{Kind: activities.EventFailed, Ending: activities.Ending{BuildID: "web", RunID: "01a2000b-e65e-76c8-8e9f-4f23eba32137"}}
	require.Equal(t, "d244499690c0ee0ed1cd4b5cccaf256d", eventID(in, 0))
	require.Regexp(t, `^[0-9a-f]{32}$`, eventID(in, 0))

	different := map[string]bool{eventID(in, 0): true, eventID(in, 1): true}
	in.Kind = activities.EventCancelled
	different[eventID(in, 0)] = true
	in.Ending.RunID = "another"
	different[eventID(in, 0)] = true
	require.Len(t, different, 4)
}

func TestWhatIsToldIsShort(t *testing.T) {
	b := build{progress: &Progress{Error: &Failure{Message: strings.Repeat("长", 5000), Advice: strings.Repeat("x", 5000)}}}
	for range 100 {
		b.result.Warnings = append(b.result.Warnings, strings.Repeat("w", 5000))
	}
	is := b.ending(activities.EventFailed)
	require.Len(t, is.Error.Message, 1998)
	require.True(t, utf8.ValidString(is.Error.Message))
	require.Len(t, is.Error.Advice, 2000)
	is = b.ending(activities.EventSucceeded)
	require.Len(t, is.Warnings, 6)
	require.Equal(t, "and 95 more", is.Warnings[5])
}

// receivers take events by the host of their URL, the robot by "dingTalk". A host refuses
// as often as is said, for ever when a refusal is final.
type receivers struct {
	env    *testsuite.TestWorkflowEnvironment
	mu     sync.Mutex
	refuse map[string][]error
	ids    map[string][]string
	times  map[string][]time.Time
}

func (r *receivers) Send(_ context.Context, to spec.Notification, e activities.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	who := receiver(to)
	r.ids[who] = append(r.ids[who], e.ID)
	r.times[who] = append(r.times[who], r.env.Now())
	if n := len(r.ids[who]); n <= len(r.refuse[who]) {
		return r.refuse[who][n-1]
	}
	return nil
}

func later(status int) error {
	return &notify.Error{Reason: fmt.Sprintf("answered %d", status), Status: status}
}

// telling runs the workflow that tells three receivers how a build ended.
func telling(t *testing.T, opts Options, refuse map[string][]error) (*receivers, *testsuite.TestWorkflowEnvironment) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	r := &receivers{env: env, refuse: refuse, ids: map[string][]string{}, times: map[string][]time.Time{}}
	Register(env, opts)
	env.RegisterActivity(&activities.Notification{Sender: r})
	return r, env
}

var three = Telling{
	Kind:   activities.EventFailed,
	Ending: activities.Ending{BuildID: "web", RunID: "run-1", Outcome: "failed"},
	Listed: []Listed{
		{0, spec.Notification{Webhook: &spec.Webhook{URL: "https://a.example.com/hook"}}},
		{2, spec.Notification{DingTalk: &spec.DingTalk{TokenEnv: "KILN_NOTIFY_TOKEN"}}},
		{3, spec.Notification{Webhook: &spec.Webhook{URL: "https://b.example.com"}}},
	},
}

func TestEveryNotificationIsTriedUntilItIsDelivered(t *testing.T) {
	r, env := telling(t, Options{}, map[string][]error{"webhook a.example.com": {
		later(500), later(0), &notify.Error{Reason: "answered 429", Status: 429, After: time.Hour}, later(503)}})
	env.ExecuteWorkflow(NotifyType, three)
	var told Told
	require.NoError(t, env.GetWorkflowResult(&told))
	require.Equal(t, Told{BuildID: "web", RunID: "run-1", Deliveries: []Delivery{
		{Index: 0, To: "webhook a.example.com", EventID: eventID(three, 0), Delivered: true, Attempts: 5},
		{Index: 2, To: "dingTalk", EventID: eventID(three, 2), Delivered: true, Attempts: 1},
		{Index: 3, To: "webhook b.example.com", EventID: eventID(three, 3), Delivered: true, Attempts: 1},
	}}, told)

	id := eventID(three, 0)
	require.Equal(t, []string{id, id, id, id, id}, r.ids["webhook a.example.com"], "duplicates carry the same id")
	times := r.times["webhook a.example.com"]
	require.GreaterOrEqual(t, times[3].Sub(times[2]), time.Hour, "the receiver said when")
	require.Equal(t, r.times["dingTalk"][0], times[0], "nobody waits for another receiver")
}

func TestNotificationIsGivenUp(t *testing.T) {
	gone := &notify.Error{Reason: "answered 410 Gone: the receiver wants no more", Status: 410, Final: true}
	r, env := telling(t, Options{NotifyRetry: NotifyRetry{Pause: time.Minute, Limit: 10 * time.Minute}},
		map[string][]error{"webhook a.example.com": {later(500), gone}, "dingTalk": slices.Repeat([]error{later(503)}, 10)})
	began := env.Now()
	env.ExecuteWorkflow(NotifyType, three)

	var failed *temporal.ApplicationError
	require.ErrorAs(t, env.GetWorkflowError(), &failed)
	require.Equal(t, NotDelivered, failed.Type())
	require.Equal(t, "notifications[0], webhook a.example.com: answered 410 Gone: the receiver wants no more; "+
		"notifications[2], dingTalk: given up: answered 503", failed.Message())
	var told Told
	require.NoError(t, failed.Details(&told))
	require.Equal(t, int32(2), told.Deliveries[0].Attempts)
	require.Equal(t, int32(4), told.Deliveries[1].Attempts, "after 0, 1, 3 and 7 minutes")
	require.Len(t, r.ids["dingTalk"], 4)
	require.True(t, told.Deliveries[2].Delivered)
	require.LessOrEqual(t, env.Now().Sub(began), 10*time.Minute)
}

func TestNotificationHasADayByDefault(t *testing.T) {
	r, env := telling(t, Options{}, map[string][]error{"dingTalk": {later(503), later(503)}})
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		require.Equal(t, 24*time.Hour, info.ScheduleToCloseTimeout)
		require.Greater(t, info.StartToCloseTimeout, 15*time.Second, "a request has as long as that")
	})
	env.ExecuteWorkflow(NotifyType, three)
	require.NoError(t, env.GetWorkflowError())
	times := r.times["dingTalk"]
	require.Equal(t, []time.Duration{5 * time.Second, 10 * time.Second}, []time.Duration{times[1].Sub(times[0]), times[2].Sub(times[1])})
}

func TestNotificationsCanBeCancelled(t *testing.T) {
	_, env := telling(t, Options{}, map[string][]error{"dingTalk": slices.Repeat([]error{later(503)}, 10)})
	env.RegisterDelayedCallback(env.CancelWorkflow, time.Minute)
	env.ExecuteWorkflow(NotifyType, three)
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()))
}
