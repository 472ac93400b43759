package starter

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
)

func TestScheduleSteered(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*fakeSchedules)
		args   []string
		exit   int
		calls  []string
	}{
		{name: "paused", args: []string{"pause", "web-base"}, calls: []string{"pause web-base"}},
		{name: "paused with a reason", args: []string{"pause", "web-base", "--reason", "the bucket moves"}, calls: []string{"pause web-base"}},
		{name: "paused in json", args: []string{"pause", "web-base", "-o", "json"}, calls: []string{"pause web-base"}},
		{name: "paused already", change: pausedBefore, args: []string{"pause", "web-base"}},
		{name: "paused already, for another reason", change: pausedBefore, args: []string{"pause", "web-base", "--reason", "holidays"}, calls: []string{"pause web-base"}},
		{name: "paused in vain", change: func(s *fakeSchedules) { s.deaf = true }, args: []string{"pause", "web-base"}, exit: cli.ExitFailed, calls: []string{"pause web-base"}},
		{name: "resumed", change: pausedBefore, args: []string{"resume", "web-base"}, calls: []string{"unpause web-base"}},
		{name: "resumed with a reason", change: pausedBefore, args: []string{"resume", "web-base", "--reason", "it has moved", "-o", "json"}, calls: []string{"unpause web-base"}},
		{name: "resumed already", args: []string{"resume", "web-base"}},
		{name: "triggered", args: []string{"trigger", "web-base"}, calls: []string{"trigger web-base"}},
		{name: "triggered in json", args: []string{"trigger", "web-base", "-o", "json"}, calls: []string{"trigger web-base"}},
		{name: "triggered while a build runs", change: busy, args: []string{"trigger", "web-base"}, exit: cli.ExitFailed, calls: []string{"trigger web-base"}},
		{name: "triggered behind a build that runs", change: busy, args: []string{"trigger", "web-base", "--overlap-policy", "bufferone"}, calls: []string{"trigger web-base"}},
		{name: "triggered beside a build that runs", change: busy, args: []string{"trigger", "web-base", "--overlap-policy", "AllowAll"}, calls: []string{"trigger web-base"}},
		{name: "triggered in vain", change: func(s *fakeSchedules) { s.deaf = true }, args: []string{"trigger", "web-base"}, exit: cli.ExitFailed, calls: []string{"trigger web-base"}},
		{name: "backfilled", change: fiveNights, args: append(backfill, "--overlap-policy", "BufferAll"), calls: []string{"backfill web-base"}},
		{name: "backfilled in json", change: fiveNights, args: append(backfill, "-o", "json"), calls: []string{"backfill web-base"}},
		{name: "backfilled for more times than are listed", change: hourly(1001), args: longBackfill, calls: []string{"backfill web-base"}},
		{name: "backfilled for as many times as are listed", change: hourly(1000), args: longBackfill, calls: []string{"backfill web-base"}},
		{name: "backfilled for no time", args: backfill, exit: cli.ExitUsage},
		{name: "backfilled without times", args: backfill[:2], exit: cli.ExitUsage},
		{name: "backfilled from no time", args: []string{"backfill", "web-base", "--start-time", "yesterday", "--end-time", "2000-01-01T00:00:00Z"}, exit: cli.ExitUsage},
		{name: "backfilled backwards", args: []string{"backfill", "web-base", "--start-time", "2000-01-02T00:00:00Z", "--end-time", "2000-01-01T00:00:00Z"}, exit: cli.ExitUsage},
		{name: "deleted", args: []string{"delete", "web-base"}, calls: []string{"delete web-base"}},
		{name: "deleted while a build runs", change: busy, args: []string{"delete", "web-base"}, calls: []string{"delete web-base"}},
		{name: "deleted in json", args: []string{"delete", "web-base", "-o", "json"}, calls: []string{"delete web-base"}},
		{name: "of none", args: []string{"pause", "web-bas"}, exit: cli.ExitFailed},
		{name: "of none that is near", args: []string{"trigger", "production"}, exit: cli.ExitFailed},
		{name: "without an id", args: []string{"delete"}, exit: cli.ExitUsage},
		{name: "without a server", change: func(s *fakeSchedules) { s.err = serviceerror.NewUnavailable("connection refused") }, args: []string{"pause", "web-base"}, exit: cli.ExitConnection},
		{name: "without permission", change: func(s *fakeSchedules) { s.err = serviceerror.NewPermissionDenied("no", "") }, args: []string{"pause", "web-base"}, exit: cli.ExitConnection},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := nights(t)
			if test.change != nil {
				test.change(server.schedules)
			}
			got := kiln(t, server, append([]string{"schedule"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			require.Equal(t, test.calls, server.schedules.calls)
			golden(t, got.String())
		})
	}
}

var backfill = []string{"backfill", "web-base", "--start-time", "1999-12-27T00:00:00Z", "--end-time", "1999-12-31T23:59:59+01:00"}

var longBackfill = []string{"backfill", "web-base", "--start-time", "1999-01-01T00:00:00Z", "--end-time", "1999-12-31T23:00:00Z"}

// hourly are so many times until midnight, one an hour.
func hourly(n int) func(*fakeSchedules) {
	return func(s *fakeSchedules) {
		for i := range n {
			s.times = append(s.times, midnight.Add(time.Duration(i-n)*time.Hour))
		}
	}
}

func pausedBefore(s *fakeSchedules) {
	s.is["web-base"].Schedule.State.Paused, s.is["web-base"].Schedule.State.Note = true, "the bucket moves"
}

// busy has a build that runs.
func busy(s *fakeSchedules) {
	s.busy = true
	s.is["web-base"].Info.RunningWorkflows = []client.ScheduleWorkflowExecution{{WorkflowID: "web-base-1999-12-31T01:30:00Z", FirstExecutionRunID: "run-7"}}
}

func fiveNights(s *fakeSchedules) {
	for i := range 5 {
		s.times = append(s.times, midnight.Add(time.Duration(i-5)*24*time.Hour+90*time.Minute))
	}
}

// The JSON of a backfill says that its times are not all.
func TestBackfillTellsWhetherItsTimesAreAll(t *testing.T) {
	for _, test := range []struct {
		n    int
		more bool
	}{{999, false}, {1000, false}, {1001, true}, {2500, true}} {
		server := nights(t)
		hourly(test.n)(server.schedules)
		var is backfilled
		got := kiln(t, server, append([]string{"schedule", "-o", "json"}, longBackfill...)...)
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &is), got)
		require.Len(t, is.Times, min(test.n, 1000))
		require.Equal(t, test.more, is.MoreTimes, test.n)
	}
}

// What is asked of the server is what was meant.
func TestScheduleRequests(t *testing.T) {
	server := nights(t)
	fiveNights(server.schedules)
	require.Zero(t, kiln(t, server, append([]string{"schedule"}, backfill...)...).exit)
	asked := server.schedules.patch.(client.ScheduleBackfill)
	require.Equal(t, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, asked.Overlap, "as in the temporal CLI")
	require.Equal(t, "1999-12-27T00:00:00Z", asked.Start.UTC().Format(time.RFC3339))
	require.Equal(t, "1999-12-31T22:59:59Z", asked.End.UTC().Format(time.RFC3339))
	require.True(t, server.schedules.listed.StartTime.AsTime().Before(asked.Start), "the first time counts")

	require.Zero(t, kiln(t, server, "schedule", "trigger", "web-base").exit)
	require.Equal(t, client.ScheduleTriggerOptions{}, server.schedules.patch, "the schedule's own policy")
	require.Zero(t, kiln(t, server, "schedule", "trigger", "web-base", "--overlap-policy", "terminateother").exit)
	require.Equal(t, client.ScheduleTriggerOptions{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_TERMINATE_OTHER}, server.schedules.patch)
}

// The build that a trigger started is told from one whose time came at the same moment.
func TestScheduleTriggerBesideARegularRun(t *testing.T) {
	server := nights(t)
	is := server.schedules.is["web-base"]
	before := schedule{desc: &client.ScheduleDescription{Info: is.Info}}
	regular := client.ScheduleActionResult{ScheduleTime: is.Info.NextActionTimes[0], StartWorkflowResult: &client.ScheduleWorkflowExecution{WorkflowID: "regular"}}
	asked := client.ScheduleActionResult{ScheduleTime: midnight, StartWorkflowResult: &client.ScheduleWorkflowExecution{WorkflowID: "asked"}}
	after := func(actions ...client.ScheduleActionResult) schedule {
		return schedule{desc: &client.ScheduleDescription{Info: client.ScheduleInfo{RecentActions: actions}}}
	}
	require.Nil(t, after(regular).triggeredSince(before))
	require.Equal(t, "asked", after(asked, regular).triggeredSince(before).WorkflowID)
	require.Nil(t, after(asked).triggeredSince(after(asked)), "known before")
}

func TestSchedulePolicyThatIsNone(t *testing.T) {
	got := kiln(t, &fakeTemporal{}, "schedule", "trigger", "web-base", "--overlap-policy", "BuferOne")
	require.Contains(t, got.stderr, "want Skip, BufferOne, BufferAll, CancelOther, TerminateOther or AllowAll; did you mean BufferOne?")
}
