package starter

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/stretchr/testify/require"
	activitypb "go.temporal.io/api/activity/v1"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/workflows"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

func at(seconds int) *time.Time {
	t := noon.Add(time.Duration(seconds) * time.Second)
	return &t
}

// midway is a build whose execution is running, ten minutes after its start.
func midway() snapshot {
	snap := snapshot{StartedAt: *at(-600)}
	snap.BuildID, snap.Region, snap.State, snap.Step = "web-base", "cn-hangzhou", workflows.StateRunning, workflows.StepExecution
	snap.Steps = []step{
		{StepProgress: workflows.StepProgress{Name: workflows.StepImport, State: workflows.StateSucceeded, Percent: 100, StartedAt: at(-599), FinishedAt: at(-300), ResourceID: "m-bp67acfmxazb4p"}},
		{StepProgress: workflows.StepProgress{Name: workflows.StepExecution, State: workflows.StateRunning, Percent: 48, StartedAt: at(-123), Detail: "execution exec-1 is BUILDING"}},
		{StepProgress: workflows.StepProgress{Name: workflows.StepRegister, State: workflows.StatePending}},
	}
	return snap
}

func TestRender(t *testing.T) {
	for _, test := range []struct {
		name   string
		width  int
		change func(*snapshot)
	}{
		{name: "running step", change: func(*snapshot) {}},
		{name: "narrow terminal", width: 40, change: func(*snapshot) {}},
		{name: "step that is tried again", change: func(s *snapshot) {
			s.Steps[1].Retry = &retry{Attempt: 4, NextAt: at(12), Failure: "Throttling: start execution: Request was denied due to request throttling."}
		}},
		{name: "step that waits for approval", width: 100, change: func(s *snapshot) {
			s.State, s.Note = workflows.StateWaiting, (&session{app: &app{name: "kiln"}}).howToDecide("web-base")
			s.Steps[1].State, s.Steps[1].FinishedAt, s.Steps[1].Detail = workflows.StateSucceeded, at(-94), ""
			s.Steps[2] = step{StepProgress: workflows.StepProgress{Name: workflows.StepApproval, State: workflows.StateWaiting, StartedAt: at(-93),
				ResourceID: "m-bp67acfmxazb4p", Detail: "waits for approval until 2026-03-07 11:58 UTC: look at the kernel"}}
		}},
		{name: "no worker", change: func(s *snapshot) { s.Note = "no worker is polling task queue kiln: start one with `kiln worker`" }},
		{name: "failed build", change: func(s *snapshot) {
			s.State, s.FinishedAt = workflows.StateFailed, at(-3)
			s.Steps[1].State, s.Steps[1].FinishedAt = workflows.StateFailed, at(-3)
		}},
		{name: "retried build", change: func(s *snapshot) {
			s.Steps[0].Detail = "reused image m-bp67acfmxazb4p: what goes into it has not changed"
		}},
		{name: "clean-up that failed", change: func(s *snapshot) {
			s.State, s.FinishedAt = workflows.StateFailed, at(-3)
			s.Steps[1].State, s.Steps[1].FinishedAt = workflows.StateFailed, at(-30)
			s.Steps[2] = step{StepProgress: workflows.StepProgress{Name: workflows.StepCleanup, State: workflows.StateFailed, StartedAt: at(-30), FinishedAt: at(-3), Detail: "2 removed, 1 left"}}
		}},
		{name: "cancelled build", change: func(s *snapshot) {
			s.State, s.FinishedAt = workflows.StateCancelled, at(3000)
			s.Steps[1].State, s.Steps[1].FinishedAt = workflows.StateCancelled, at(3600)
			s.Steps[1].Detail = "cancel execution exec-1: done"
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			snap := midway()
			test.change(&snap)
			var out bytes.Buffer
			for _, line := range render(snap, noon, test.width) {
				_, _ = lipgloss.Fprintln(&out, line)
			}
			golden(t, out.String())
		})
	}
}

func TestRenderStaysInTheWidth(t *testing.T) {
	snap := midway()
	snap.Note = strings.Repeat("wide ", 100)
	for _, line := range render(snap, noon, 33) {
		require.LessOrEqual(t, lipgloss.Width(line), 33)
	}
}

func TestLiveViewRepaintsItsOwnLines(t *testing.T) {
	var out bytes.Buffer
	v := &liveView{w: &out, now: func() time.Time { return noon }, size: func() (int, int) { return 80, 24 }}
	v.show(midway())
	require.NotContains(t, out.String(), "\x1b[")
	out.Reset()
	v.show(midway())
	require.True(t, strings.HasPrefix(out.String(), "\x1b[4A\r\x1b[J"), "four lines up, then clear: %q", out.String())
}

func TestLiveViewStaysOnTheScreen(t *testing.T) {
	height := 5
	var out bytes.Buffer
	v := &liveView{w: &out, now: func() time.Time { return noon }, size: func() (int, int) { return 80, height }}
	require.Len(t, v.lines(midway()), 4, "four lines and the cursor's fit")
	height = 4
	require.Len(t, v.lines(midway()), 2)
	require.Contains(t, v.lines(midway())[1], "execution", "the step that runs")
	height = 2
	require.Len(t, v.lines(midway()), 1)
	height = 0
	require.Len(t, v.lines(midway()), 4, "a terminal that does not know its size")
	over := midway()
	over.FinishedAt = at(0)
	require.Len(t, v.lines(over), 4, "nothing repaints the last look")
}

func TestTook(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": -time.Second, "41s": 41*time.Second + 300*time.Millisecond, "1m00s": 59*time.Second + 900*time.Millisecond,
		"2m03s": 123 * time.Second, "1h02m": 62*time.Minute + 5*time.Second, "26h00m": 26 * time.Hour,
	} {
		require.Equal(t, want, took(d))
	}
}

func beat(t *testing.T, h any) *commonpb.Payloads {
	t.Helper()
	details, err := converter.GetDefaultDataConverter().ToPayloads(h)
	require.NoError(t, err)
	return details
}

func refusal(code, message string) *failurepb.Failure {
	return &failurepb.Failure{Message: message, FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
		ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: code, Details: &commonpb.Payloads{}},
	}}
}

func TestPendingActivities(t *testing.T) {
	started, scheduled := enumspb.PENDING_ACTIVITY_STATE_STARTED, enumspb.PENDING_ACTIVITY_STATE_SCHEDULED
	heartbeat := beat(t, activities.Heartbeat{Percent: 61, Detail: "task t-1 is Processing"})
	for _, test := range []struct {
		name    string
		acts    []*workflowpb.PendingActivityInfo
		says    string
		percent int
	}{
		{"a heartbeat says how far the step is",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 1, HeartbeatDetails: heartbeat}}, "task t-1 is Processing", 61},
		{"a heartbeat that says less leaves the percent alone",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 1, HeartbeatDetails: beat(t, activities.Heartbeat{Detail: "image m-1 is Creating"})}}, "image m-1 is Creating", 48},
		{"the heartbeat of a call, which is for the call alone",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 1, HeartbeatDetails: beat(t, map[string]int{"lost": 1})}}, "execution exec-1 is BUILDING", 48},
		{"a heartbeat that is none is left aside",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 1, HeartbeatDetails: &commonpb.Payloads{Payloads: []*commonpb.Payload{{Data: []byte("junk")}}}}}, "execution exec-1 is BUILDING", 48},
		{"a call that waits for its next attempt says when and why",
			[]*workflowpb.PendingActivityInfo{{State: scheduled, Attempt: 4, LastFailure: refusal("Throttling", "start\nexecution: denied"), NextAttemptScheduleTime: timestamppb.New(*at(12))}},
			"attempt 4, next in 12s: Throttling: start execution: denied", 48},
		{"a later attempt that runs says why it was needed",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 2, LastFailure: &failurepb.Failure{Message: "connection refused"}}}, "attempt 2: connection refused", 48},
		{"a later attempt that runs says why it was needed, whatever it noted for itself",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 2, HeartbeatDetails: beat(t, map[string]int{"lost": 1}), LastFailure: &failurepb.Failure{Message: "connection refused"}}}, "attempt 2: connection refused", 48},
		{"a wait that moved to another worker just goes on",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 2, HeartbeatDetails: heartbeat, LastFailure: &failurepb.Failure{Message: "heartbeat timeout"}}}, "task t-1 is Processing", 61},
		{"a wait whose worker was killed says so",
			[]*workflowpb.PendingActivityInfo{{State: started, Attempt: 2, LastFailure: &failurepb.Failure{Message: "activity Heartbeat timeout", FailureInfo: &failurepb.Failure_TimeoutFailureInfo{
				TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{TimeoutType: enumspb.TIMEOUT_TYPE_HEARTBEAT}}}}}, "attempt 2: its worker was lost", 48},
		{"of several calls the one in most trouble speaks",
			[]*workflowpb.PendingActivityInfo{
				{State: started, Attempt: 1, HeartbeatDetails: heartbeat},
				{State: scheduled, Attempt: 2, LastFailure: refusal("A", "a")},
				{State: scheduled, Attempt: 3, LastFailure: refusal("B", "b")},
			}, "attempt 3: B: b", 48},
		{"a call that no worker takes says so after a minute",
			[]*workflowpb.PendingActivityInfo{{State: scheduled, Attempt: 1, ScheduledTime: timestamppb.New(*at(-60)), ActivityType: &commonpb.ActivityType{Name: "AwaitExecution"},
				ActivityOptions: &activitypb.ActivityOptions{TaskQueue: &taskqueuepb.TaskQueue{Name: "kiln-waits"}}}},
			"no worker has taken AwaitExecution from task queue kiln-waits yet", 48},
		{"a call that was just scheduled says nothing",
			[]*workflowpb.PendingActivityInfo{{State: scheduled, Attempt: 1, ScheduledTime: timestamppb.New(*at(-5))}}, "execution exec-1 is BUILDING", 48},
	} {
		t.Run(test.name, func(t *testing.T) {
			snap := midway()
			snap.pending(test.acts, noon)
			require.Equal(t, test.says, doing(snap.Steps[1], noon))
			require.Equal(t, test.percent, snap.Steps[1].Percent)
			require.Equal(t, midway().Steps[0], snap.Steps[0], "a step that does not run stays as it is")
		})
	}
}
