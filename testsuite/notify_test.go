//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/seed1230462e/kiln/workflows"
)

const (
	hookSecret  = "whsec_plJ3nmyCDGBKInavdOK15jsl1zZbLxUL"
	robotToken  = "5a2f1f7c9d3b48e6a1c0d4e8b7f6a593"
	robotSecret = "SEC0f4b3a2c1d5e6f7a8b9c0d1e2f3a4b5c"

	buildsOnTop = `"source": {"imageId": "m-bp1kilnubuntu2404x64"}, "template": {"buildContent": "RUN true"}`
)

// told runs kilndev and a worker that knows the secrets of the receivers.
func told(t *testing.T, speed string, flags ...string) (*machine, *process) {
	t.Helper()
	p := up(t, "--speed", speed, "--headless", "--no-worker")
	return p, p.teller(t, flags...)
}

// teller starts a worker that does not wait long before it tries again to tell somebody.
func (p *machine) teller(t *testing.T, flags ...string) *process {
	t.Helper()
	env := append(p.env(t), "KILN_NOTIFY_HOOK="+hookSecret, "KILN_NOTIFY_TOKEN="+robotToken, "KILN_NOTIFY_SIGN="+robotSecret)
	all := append([]string{"worker", "--poll-interval", "100ms", "--heartbeat-timeout", "2s", "--notification-pause", "100ms"}, flags...)
	return start(t, env, kilnBin(t), all...)
}

func toHook(url string, on ...string) string {
	return notification(fmt.Sprintf(`"webhook": {"url": %q, "secretEnv": "KILN_NOTIFY_HOOK"}`, url), on)
}

func toRobot(url string, on ...string) string {
	return notification(fmt.Sprintf(`"dingTalk": {"url": %q, "tokenEnv": "KILN_NOTIFY_TOKEN", "secretEnv": "KILN_NOTIFY_SIGN"}`, url), on)
}

func notification(to string, on []string) string {
	if len(on) == 0 {
		return "{" + to + "}"
	}
	return `{"on": ["` + strings.Join(on, `", "`) + `"], ` + to + "}"
}

func tells(name, sections string, who ...string) string {
	return `{"name": "` + name + `", "region": "cn-hangzhou", ` + sections + `, "notifications": [` + strings.Join(who, ", ") + `]}`
}

// notifying is the workflow that tells how a run ended, and told what became of it.
func notifying(c client.Client, id, run string) client.WorkflowRun {
	return c.GetWorkflow(context.Background(), id+"/notify/"+run, "")
}

// toldOf waits until everybody was told, or given up.
func toldOf(t *testing.T, c client.Client, id, run string) (workflows.Told, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var told workflows.Told
	err := notifying(c, id, run).Get(ctx, &told)
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) {
		require.Equal(t, workflows.NotDelivered, failed.Type())
		require.NoError(t, failed.Details(&told))
	}
	return told, err
}

// runOf is the id of the run that a build had.
func runOf(t *testing.T, c client.Client, id string) string {
	t.Helper()
	desc, err := c.DescribeWorkflowExecution(context.Background(), id, "")
	require.NoError(t, err)
	return desc.GetWorkflowExecutionInfo().GetExecution().GetRunId()
}

// requireNoSecret looks for the secrets in everything that a build and its notifications
// leave in Temporal, and in what the worker says.
func requireNoSecret(t *testing.T, c client.Client, worker *process, ids ...string) {
	t.Helper()
	for _, id := range ids {
		packed, err := protojson.Marshal(history(t, c, id))
		require.NoError(t, err)
		decoded := decodedPayloads(string(packed))
		for _, secret := range []string{hookSecret, hookSecret[len("whsec_"):], robotToken, robotSecret} {
			require.NotContains(t, decoded, secret, "the history of %s", id)
			require.NotContains(t, worker.stderr.String()+worker.stdout.String(), secret, "the worker's log")
		}
	}
}

// A notification reaches its receiver whatever that does first, and another one that is
// refused for good does not keep it.
func TestBuildsThatTell(t *testing.T) {
	p, worker := told(t, "3000")
	c := p.temporal(t)
	hook := receive(t, fails, hangs, limits, takes)
	robot := receive(t, busy, greets)
	gone := receive(t, leaves)
	quiet := receive(t, takes)

	result, err := p.runBare(c, "told", tells("told", buildsOnTop, toHook(hook.URL+"/kiln"), toRobot(robot.URL+"/robot/send"), toHook(gone.URL), toHook(quiet.URL, "failed", "cancelled")))
	require.NoError(t, err)
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
	require.Empty(t, result.Warnings)

	told, err := toldOf(t, c, "told", result.RunID)
	require.ErrorContains(t, err, "notifications[2], webhook "+gone.host()+": answered 410 Gone: the receiver wants no more")
	require.Len(t, told.Deliveries, 3)
	require.Equal(t, []bool{true, true, false}, []bool{told.Deliveries[0].Delivered, told.Deliveries[1].Delivered, told.Deliveries[2].Delivered})
	require.Equal(t, []int32{4, 2, 1}, []int32{told.Deliveries[0].Attempts, told.Deliveries[1].Attempts, told.Deliveries[2].Attempts})

	got := hook.all(t)
	require.Len(t, got, 4)
	for _, one := range got {
		require.NoError(t, one.verify(hookSecret))
		require.Equal(t, told.Deliveries[0].EventID, one.header.Get("webhook-id"), "duplicates carry the same id")
		require.Equal(t, got[0].body, one.body)
		require.Equal(t, "application/cloudevents+json", one.header.Get("Content-Type"))
	}
	require.False(t, got[3].at.Before(got[2].at.Add(time.Second)), "Retry-After is kept to")
	requireEvent(t, got[3], "succeeded", result)

	messages := robot.all(t)
	require.Len(t, messages, 2)
	for _, one := range messages {
		require.NoError(t, one.verifyRobot(robotToken, robotSecret))
		require.Contains(t, string(one.body), "Kiln: told succeeded")
		require.Contains(t, string(one.body), result.ImageID)
	}
	require.Len(t, gone.all(t), 1)
	require.NotEqual(t, got[0].header.Get("webhook-id"), gone.all(t)[0].header.Get("webhook-id"))
	require.Empty(t, quiet.all(t))

	child := "told/notify/" + result.RunID
	requireNoSecret(t, c, worker, "told", child)
	requireSummaries(t, history(t, c, child))
	requireNotABuild(t, p, child)
	record(t, history(t, c, "told"), "told")
	record(t, history(t, c, child), "telling")

	p.resetToBegin(t, c, child)
	eventually(t, "who was told is told again", func() bool { return len(hook.all(t)) == 5 })
	require.Equal(t, got[0].header.Get("webhook-id"), hook.all(t)[4].header.Get("webhook-id"), "the ids of before")
}

// requireEvent checks an event against the build's own result.
func requireEvent(t *testing.T, got received, kind string, result workflows.Result) {
	t.Helper()
	var event struct {
		SpecVersion, ID, Source, Type, Subject string
		Time                                   time.Time
		Data                                   struct{ BuildID, RunID, Name, Region, Outcome, ImageID string }
	}
	require.NoError(t, json.Unmarshal(got.body, &event))
	require.Equal(t, "1.0", event.SpecVersion)
	require.Equal(t, got.header.Get("webhook-id"), event.ID)
	require.Equal(t, "/kiln/default/"+result.BuildID, event.Source)
	require.Equal(t, "io.kiln.build."+kind, event.Type)
	require.Equal(t, result.BuildID, event.Subject)
	require.True(t, result.FinishedAt.Equal(event.Time))
	require.Equal(t, []string{result.BuildID, result.RunID, result.Name, result.Region, string(result.Outcome), result.ImageID},
		[]string{event.Data.BuildID, event.Data.RunID, event.Data.Name, event.Data.Region, event.Data.Outcome, event.Data.ImageID})
}

// requireNotABuild: the command line takes the workflow that tells for no build.
func requireNotABuild(t *testing.T, p *machine, id string) {
	t.Helper()
	listed := p.kiln(t, "list", "-o", "json")
	require.Zero(t, listed.code, listed.stderr)
	require.Contains(t, listed.stdout, "told")
	require.NotContains(t, listed.stdout, "/notify/")
	for _, verb := range []string{"status", "watch", "cancel", "retry"} {
		refused := p.kiln(t, verb, id)
		require.NotZero(t, refused.code, verb)
		require.Contains(t, refused.stderr, "is no build", verb)
	}
}

func (p *machine) resetToBegin(t *testing.T, c client.Client, id string) {
	t.Helper()
	_, err := c.ResetWorkflowExecution(context.Background(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", Reason: "test", RequestId: id, WorkflowTaskFinishEventId: 4, // the completion of the first workflow task
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: runOf(t, c, id)},
	})
	require.NoError(t, err)
}

// The ends that are no success are told too, and only to who wants to hear of them.
func TestNotificationsOfOtherEnds(t *testing.T) {
	p, worker := told(t, "600")
	c := p.temporal(t)
	hook, robot := receive(t, takes), receive(t, greets)

	p.conditions(t, noBatchRole)
	_, err := p.runBare(c, "failing", tells("failing", wholeChain, toHook(hook.URL, "failed"), toRobot(robot.URL, "failed"), toHook(hook.URL, "succeeded")))
	var failed *temporal.ApplicationError
	require.ErrorAs(t, err, &failed)
	told, err := toldOf(t, c, "failing", runOf(t, c, "failing"))
	require.NoError(t, err)
	require.Len(t, told.Deliveries, 2)
	event := hook.all(t)[0]
	require.NoError(t, event.verify(hookSecret))
	for _, want := range []string{`"type":"io.kiln.build.failed"`, `"code":"InvalidRoleArn"`, `"class":"stop"`, `"step":"register"`, `"advice":"`, `"requestId":"`} {
		require.Contains(t, string(event.body), want)
	}
	message := robot.all(t)[0]
	require.NoError(t, message.verifyRobot(robotToken, robotSecret))
	require.Contains(t, string(message.body), "Code InvalidRoleArn")
	require.Contains(t, string(message.body), "Advice: ")
	requireNoSecret(t, c, worker, "failing", "failing/notify/"+told.RunID)

	p.conditions(t, ``)
	before := p.calls(t, "DescribeTaskAttribute")
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: "cancelled", TaskQueue: "kiln"}, "BuildGoldenImage",
		json.RawMessage(tells("cancelled", wholeChain, toHook(hook.URL, "cancelled"))))
	require.NoError(t, err)
	p.asked(t, "DescribeTaskAttribute", before+1)
	require.NoError(t, c.CancelWorkflow(context.Background(), "cancelled", ""))
	require.True(t, temporal.IsCanceledError(run.Get(context.Background(), nil)))
	_, err = toldOf(t, c, "cancelled", run.GetRunID())
	require.NoError(t, err)
	require.Contains(t, string(hook.all(t)[1].body), `"type":"io.kiln.build.cancelled"`)
}

// A scheduled run that builds nothing is told as what it is.
func TestNotificationsOfRunsThatBuildNothing(t *testing.T) {
	p, _ := told(t, "3000")
	c := p.temporal(t)
	hook := receive(t, takes)
	frozen := p.plainSchedule(t, c, "frozen", tells("frozen", buildsOnTop+`, "schedule": {"freeze": [{"from": "2000-01-01", "to": "2999-01-01", "reason": "for good"}]}`,
		toHook(hook.URL, "skipped"), toHook(hook.URL, "succeeded", "unchanged")))
	result := resultOf(t, c, night(t, c, frozen))
	require.Equal(t, workflows.OutcomeSkipped, result.Outcome)
	_, err := toldOf(t, c, result.BuildID, result.RunID)
	require.NoError(t, err)
	got := hook.all(t)
	require.Len(t, got, 1)
	requireEvent(t, got[0], "skipped", result)
	require.Contains(t, string(got[0].body), `"schedule":"frozen"`)
	require.Contains(t, string(got[0].body), `"skipReason":"frozen from 2000-01-01 to 2999-01-01: for good"`)

	nightly := p.plainSchedule(t, c, "nightly", tells("nightly", buildsOnTop+`, "schedule": {"when": "changed"}`, toHook(hook.URL, "unchanged")))
	made := resultOf(t, c, night(t, c, nightly))
	require.Equal(t, workflows.OutcomeSucceeded, made.Outcome)
	result = resultOf(t, c, night(t, c, nightly))
	require.Equal(t, workflows.OutcomeUnchanged, result.Outcome)
	_, err = toldOf(t, c, result.BuildID, result.RunID)
	require.NoError(t, err)
	got = hook.all(t)
	require.Len(t, got, 2)
	requireEvent(t, got[1], "unchanged", result)
	require.Equal(t, made.ImageID, result.ImageID)
}

// A receiver that is down for good delays no build and fails none.
func TestNotificationsThatDoNotGetThrough(t *testing.T) {
	p, worker := told(t, "3000", "--notification-limit", "3s")
	c := p.temporal(t)
	nobody := deadAddress(t)
	result, err := p.runBare(c, "unheard", tells("unheard", buildsOnTop, toHook("http://"+nobody+"/secret-path"), toRobot("http://"+nobody), `{"webhook": {"url": "http://`+nobody+`", "secretEnv": "KILN_NOTIFY_MISSING"}}`))
	require.NoError(t, err)
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
	require.Empty(t, result.Warnings)

	told, err := toldOf(t, c, "unheard", result.RunID)
	require.Error(t, err)
	for _, one := range told.Deliveries[:2] {
		require.Greater(t, one.Attempts, int32(2))
		require.Contains(t, one.Reason, "given up: no answer: ")
		require.Contains(t, one.Reason, "connection refused")
	}
	require.Equal(t, "the worker's environment has no KILN_NOTIFY_MISSING: set it and start the worker again", told.Deliveries[2].Reason)
	require.Equal(t, int32(1), told.Deliveries[2].Attempts)
	require.NotContains(t, err.Error(), "secret-path")
	require.NotContains(t, worker.stderr.String(), "access_token")
	requireNoSecret(t, c, worker, "unheard", "unheard/notify/"+result.RunID)
}

// The build is over while a receiver still does not answer; when the worker that asks it
// dies, another one delivers the same event.
func TestNotificationOutlivesBuildAndWorker(t *testing.T) {
	p, worker := told(t, "3000")
	c := p.temporal(t)
	hook := receive(t, hangs, takes)
	result, err := p.runBare(c, "outlived", tells("outlived", buildsOnTop, toHook(hook.URL)))
	require.NoError(t, err)
	eventually(t, "the receiver is asked", func() bool { return len(hook.all(t)) == 1 })
	desc, err := c.DescribeWorkflowExecution(context.Background(), "outlived/notify/"+result.RunID, "")
	require.NoError(t, err)
	require.Equal(t, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, desc.GetWorkflowExecutionInfo().GetStatus())
	worker.kill()
	p.teller(t)
	_, err = toldOf(t, c, "outlived", result.RunID)
	require.NoError(t, err)
	got := hook.all(t)
	require.Len(t, got, 2)
	require.NoError(t, got[1].verify(hookSecret))
	require.Equal(t, got[0].header.Get("webhook-id"), got[1].header.Get("webhook-id"))
}

// A build is reset to its last task, after it began to tell how it ended: it goes on with
// what its history has.
func TestResetOfABuildThatHasTold(t *testing.T) {
	p, _ := told(t, "3000")
	c := p.temporal(t)
	hook := receive(t, takes)
	first, err := p.runBare(c, "again", tells("again", buildsOnTop, toHook(hook.URL)))
	require.NoError(t, err)
	_, err = toldOf(t, c, "again", first.RunID)
	require.NoError(t, err)
	var last int64 // the completion of the last workflow task
	for _, event := range history(t, c, "again").GetEvents() {
		if event.GetEventType() == enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			last = event.GetEventId()
		}
	}
	reset, err := c.ResetWorkflowExecution(context.Background(), &workflowservice.ResetWorkflowExecutionRequest{
		Namespace: "default", Reason: "test", RequestId: "once", WorkflowTaskFinishEventId: last,
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: "again", RunId: first.RunID},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var second workflows.Result
	require.NoError(t, c.GetWorkflow(ctx, "again", reset.GetRunId()).Get(ctx, &second))
	require.Empty(t, second.Warnings)
	require.Equal(t, first.ImageID, second.ImageID)
	require.Len(t, hook.all(t), 1)
}

// deadAddress is one that nobody listens on.
func deadAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}
