package starter

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// nights is a server that has the schedule of nightly.yaml, which it writes as well.
func nights(t *testing.T, change ...func(*client.ScheduleDescription)) *fakeTemporal {
	t.Helper()
	server := &fakeTemporal{schedules: &fakeSchedules{}}
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("nightly.yaml", []byte(document+nightly), 0o600))
	require.Zero(t, kiln(t, server, "schedule", "create", "nightly.yaml").exit)
	server.schedules.calls = nil
	for _, c := range change {
		c(server.schedules.is["web-base"])
	}
	return server
}

// rewrite replaces words of nightly.yaml.
func rewrite(t *testing.T, pairs ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile("nightly.yaml", []byte(strings.NewReplacer(pairs...).Replace(document+nightly)), 0o600))
}

func TestScheduleCreate(t *testing.T) {
	for _, test := range []struct {
		name    string
		section string
		args    []string
		refuses error
		exit    int
		calls   []string
	}{
		{name: "from a section", section: nightly, calls: []string{"create web-base"}},
		{name: "from flags", args: []string{"--cron", "0 3 * * 0", "--time-zone", "Asia/Shanghai", "--jitter", "10m"}, calls: []string{"create web-base"}},
		{name: "in json", section: nightly, args: []string{"-o", "json"}, calls: []string{"create web-base"}},
		{name: "as a trial", section: nightly, args: []string{"--dry-run"}},
		{name: "as a trial in json", section: nightly, args: []string{"--dry-run", "-o", "json"}},
		{name: "without times", exit: cli.ExitUsage},
		{name: "with a fault in the section", section: strings.Replace(nightly, "30 2", "30 25", 1), exit: cli.ExitUsage},
		{name: "with faults in the flags", section: nightly, args: []string{"--jitter", "soon", "--interval", "6x"}, exit: cli.ExitUsage},
		{name: "with times that the server refuses", section: nightly,
			refuses: serviceerror.NewInvalidArgument("Invalid schedule spec: Hour is not in range [0-23]"), exit: cli.ExitUsage, calls: []string{"create web-base"}},
		{name: "before a worker ran", section: nightly,
			refuses: serviceerror.NewInvalidArgument("Namespace default has no mapping defined for search attribute KilnName"), calls: []string{"create web-base", "create web-base"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &fakeTemporal{schedules: &fakeSchedules{refuses: test.refuses}}
			t.Chdir(t.TempDir())
			require.NoError(t, os.WriteFile("web.yaml", []byte(document+test.section), 0o600))
			got := kiln(t, server, append([]string{"schedule", "create", "web.yaml"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			require.Equal(t, test.calls, server.schedules.calls)
			golden(t, got.String())
		})
	}
}

func TestScheduleCreatePaused(t *testing.T) {
	server := &fakeTemporal{}
	require.Zero(t, kiln(t, server, "schedule", "create", "-", "--cron", "@daily", "--paused").exit)
	require.True(t, server.schedules.is["web-base"].Schedule.State.Paused)
}

// A document that has been applied changes nothing when it is applied again, whatever was
// steered by hand meanwhile.
func TestScheduleCreateAgain(t *testing.T) {
	steered := func(is *client.ScheduleDescription) {
		state := is.Schedule.State
		state.Paused, state.Note, state.LimitedActions, state.RemainingActions = true, "the bucket moves", true, 3
	}
	server := nights(t, steered)
	for _, args := range [][]string{{"create", "nightly.yaml"}, {"update", "nightly.yaml"}, {"create", "nightly.yaml", "--paused=false"}, {"create", "nightly.yaml", "--dry-run"}} {
		got := kiln(t, server, append([]string{"schedule"}, args...)...)
		require.Zero(t, got.exit, got)
		require.Contains(t, got.stdout, "schedule web-base unchanged")
		require.Empty(t, server.schedules.calls, "the server is not asked for anything")
	}
	got := kiln(t, server, "schedule", "create", "nightly.yaml", "-o", "json")
	golden(t, got.String())
}

func TestScheduleUpdate(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*client.ScheduleDescription)
		edit   []string // of the document
		args   []string
		exit   int
		calls  []string
	}{
		{name: "by a document", edit: []string{"30 2", "15 3", "web-base.qcow2", "web-base-2.qcow2"}, args: []string{"nightly.yaml"}, calls: []string{"update web-base"}},
		{name: "by a document in json", edit: []string{"30 2", "15 3"}, args: []string{"nightly.yaml", "-o", "json"}, calls: []string{"update web-base"}},
		{name: "by a document as a trial", edit: []string{"30 2", "15 3"}, args: []string{"nightly.yaml", "--dry-run"}},
		{name: "by flags", args: []string{"web-base", "--jitter", "10m", "--overlap-policy", "BUFFERONE"}, calls: []string{"update web-base"}},
		{name: "by flags to what it is", args: []string{"web-base", "--cron", "30 2 * * *"}},
		{name: "by other times", args: []string{"web-base", "--interval", "6h"}, calls: []string{"update web-base"}},
		{name: "of the task queue", args: []string{"web-base", "--task-queue", "other"}, calls: []string{"update web-base"}},
		{name: "of what another client changed", change: func(is *client.ScheduleDescription) {
			is.Schedule.Policy.Overlap = enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL
			is.Schedule.Spec.Calendars[0].Hour = []client.ScheduleRange{{Start: 5, End: 6, Step: 1}}
		}, args: []string{"nightly.yaml"}, calls: []string{"update web-base"}},
		{name: "by nothing", args: []string{"web-base"}, exit: cli.ExitUsage},
		{name: "by variables", args: []string{"web-base", "--var", "a=b"}, exit: cli.ExitUsage},
		{name: "by bad flags", args: []string{"web-base", "--time-zone", "Asia/Beijing"}, exit: cli.ExitUsage},
		{name: "of none", args: []string{"web-bsae", "--jitter", "1m"}, exit: cli.ExitFailed},
		{name: "of one that is not there yet", edit: []string{"name: web-base", "name: web-bas"}, args: []string{"nightly.yaml"}, exit: cli.ExitFailed},
		{name: "that never takes effect", args: []string{"web-base", "--jitter", "1m"}, exit: cli.ExitFailed, calls: []string{"update web-base"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := nights(t)
			if test.change != nil {
				test.change(server.schedules.is["web-base"])
			}
			server.schedules.deaf = strings.Contains(test.name, "never")
			rewrite(t, test.edit...)
			got := kiln(t, server, append([]string{"schedule", "update"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			require.Equal(t, test.calls, server.schedules.calls)
			golden(t, got.String())
		})
	}
}

// Of what people steer, an update takes over only what the document says anew.
func TestScheduleUpdateKeepsWhatWasSteered(t *testing.T) {
	server := nights(t, func(is *client.ScheduleDescription) {
		is.Schedule.State = &client.ScheduleState{Paused: true, Note: "the bucket moves", LimitedActions: true, RemainingActions: 3}
		is.Schedule.Action.(*client.ScheduleWorkflowAction).WorkflowRunTimeout = time.Hour
	})
	is := func() *client.Schedule { return &server.schedules.is["web-base"].Schedule }

	rewrite(t, "30 2", "15 3", "every night", "each night")
	require.Zero(t, kiln(t, server, "schedule", "update", "nightly.yaml").exit)
	require.Equal(t, &client.ScheduleState{Paused: true, Note: "the bucket moves", LimitedActions: true, RemainingActions: 3}, is().State)
	require.Equal(t, time.Hour, is().Action.(*client.ScheduleWorkflowAction).WorkflowRunTimeout)

	require.Zero(t, kiln(t, server, "schedule", "resume", "web-base").exit)
	require.Equal(t, "each night", is().State.Note, "the notes of the document are back")

	rewrite(t, "30 2", "15 3", "every night", "by night\n  remainingActions: 9")
	require.Zero(t, kiln(t, server, "schedule", "update", "nightly.yaml").exit)
	require.Equal(t, &client.ScheduleState{Note: "by night", LimitedActions: true, RemainingActions: 9}, is().State)

	rewrite(t, "30 2", "15 3", "every night", "by night")
	require.Zero(t, kiln(t, server, "schedule", "update", "nightly.yaml").exit)
	require.Equal(t, &client.ScheduleState{Note: "by night"}, is().State)
}

// bare is a server with a schedule that `temporal schedule create` made: its document
// says nothing of when it runs.
func bare(t *testing.T, kind, document string) *fakeTemporal {
	t.Helper()
	server := &fakeTemporal{schedules: &fakeSchedules{is: map[string]*client.ScheduleDescription{}}}
	payload, err := converter.GetDefaultDataConverter().ToPayload(converter.NewRawValue(&commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(document)}))
	require.NoError(t, err)
	server.schedules.is["bare"] = server.schedules.keep(client.ScheduleOptions{
		Spec: client.ScheduleSpec{
			CronExpressions: []string{"0 12 * * MON-FRI"},
			Intervals:       []client.ScheduleIntervalSpec{{Every: 6 * time.Hour, Offset: 5 * time.Minute}},
			Skip:            []client.ScheduleCalendarSpec{{Month: []client.ScheduleRange{{Start: 12}}, DayOfMonth: []client.ScheduleRange{{Start: 24, End: 26}}, Hour: []client.ScheduleRange{{End: 23}}, Minute: []client.ScheduleRange{{End: 59}}, Second: []client.ScheduleRange{{End: 59}}, DayOfWeek: []client.ScheduleRange{{End: 6}}}},
		},
		Action: &client.ScheduleWorkflowAction{ID: "bare-build", Workflow: kind, Args: []any{payload}, TaskQueue: "kiln"},
	})
	server.schedules.is["bare"].Info = client.ScheduleInfo{CreatedAt: midnight, NextActionTimes: []time.Time{midnight.Add(12 * time.Hour)}}
	return server
}

const bareDocument = `{"name": "web-base", "region": "cn-hangzhou", "source": {"imageId": "m-1"}, "batchCompute": {}}`

func TestScheduleOfAnotherClient(t *testing.T) {
	for _, test := range []struct {
		name     string
		kind     string
		document string
		args     []string
		exit     int
	}{
		{name: "described", kind: workflows.BuildType, document: bareDocument, args: []string{"describe", "bare"}},
		{name: "listed", kind: workflows.BuildType, document: bareDocument, args: []string{"list"}},
		{name: "updated by flags", kind: workflows.BuildType, document: bareDocument, args: []string{"update", "bare", "--jitter", "1m"}},
		{name: "brought up to date", kind: workflows.BuildType, document: bareDocument, args: []string{"create", "-", "--schedule-id", "bare", "--cron", "@daily"}},
		{name: "with a document that is none, described", kind: workflows.BuildType, document: `{"name": "web"}`, args: []string{"describe", "bare"}},
		{name: "with a document that is none, updated", kind: workflows.BuildType, document: `{"name": "web"}`, args: []string{"update", "bare", "--jitter", "1m"}, exit: cli.ExitUsage},
		{name: "with a document that is none, brought up to date", kind: workflows.BuildType, document: `{"name": "web"}`, args: []string{"create", "-", "--schedule-id", "bare", "--cron", "@daily"}},
		{name: "of another kind, described", kind: "Orders", document: `{}`, args: []string{"describe", "bare"}, exit: cli.ExitFailed},
		{name: "of another kind, listed", kind: "Orders", document: `{}`, args: []string{"list"}},
		{name: "of another kind, overwritten", kind: "Orders", document: `{}`, args: []string{"create", "-", "--schedule-id", "bare", "--cron", "@daily"}, exit: cli.ExitFailed},
		{name: "of another kind, deleted", kind: "Orders", document: `{}`, args: []string{"delete", "bare"}, exit: cli.ExitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := bare(t, test.kind, test.document)
			got := kiln(t, server, append([]string{"schedule"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			if test.exit != 0 {
				require.Empty(t, server.schedules.calls)
			}
			golden(t, got.String())
		})
	}
}

// midnight is when kiln's clock begins.
var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// outcomes gives the schedule of nightly.yaml a run of each outcome, a day each.
func outcomes(t *testing.T, server *fakeTemporal) {
	t.Helper()
	started := &server.schedules.is["web-base"].Info
	result := func(outcome workflows.Outcome, why string) run {
		return run{result: workflows.Result{Outcome: outcome, ImageID: "m-1", SkipReason: why}}
	}
	var page workflowservice.ListWorkflowExecutionsResponse
	server.ends = map[string]run{}
	for i, is := range []struct {
		state  workflows.State
		status enumspb.WorkflowExecutionStatus
		end    run
	}{
		{workflows.StateSucceeded, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, result(workflows.OutcomeSucceeded, "")},
		{workflows.StateSucceeded, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, result(workflows.OutcomePartial, "")},
		{workflows.StateUnchanged, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, result(workflows.OutcomeUnchanged, "")},
		{workflows.StateSkipped, enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, result(workflows.OutcomeSkipped, "frozen from 1999-12-24 to 1999-12-31: holidays")},
		{workflows.StateFailed, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, run{err: sdktemporal.NewApplicationError("it failed", "ImportFailed", workflows.Failure{Code: "ImportFailed"})}},
		{workflows.StateCancelled, enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, run{err: sdktemporal.NewCanceledError()}},
		{workflows.StateRunning, enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, run{err: &sdktemporal.TerminatedError{}}},
		{workflows.StateRunning, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, run{}},
	} {
		at := midnight.Add(time.Duration(i-8)*24*time.Hour + 90*time.Minute)
		info := execution("web-base-"+at.Format(time.RFC3339), is.status, at)
		info.Execution.RunId = fmt.Sprintf("run-%d", i)
		info.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
			workflows.AttrScheduledAt.GetName(): searchPayload(t, at), workflows.AttrState.GetName(): searchPayload(t, string(is.state)),
		}}
		server.ends[info.Execution.RunId] = is.end
		page.Executions = append([]*workflowpb.WorkflowExecutionInfo{info}, page.Executions...)
		started.RecentActions = append(started.RecentActions, client.ScheduleActionResult{
			ScheduleTime: at, StartWorkflowResult: &client.ScheduleWorkflowExecution{WorkflowID: info.Execution.WorkflowId, FirstExecutionRunID: info.Execution.RunId},
		})
	}
	server.pages = []*workflowservice.ListWorkflowExecutionsResponse{&page}
	started.NumActions, started.NumActionsSkippedOverlap, started.NumActionsMissedCatchupWindow = 8, 2, 1
	started.RunningWorkflows = []client.ScheduleWorkflowExecution{*started.RecentActions[7].StartWorkflowResult}
}

func searchPayload(t *testing.T, value any) *commonpb.Payload {
	t.Helper()
	payload, err := converter.GetDefaultDataConverter().ToPayload(value)
	require.NoError(t, err)
	return payload
}

func TestScheduleDescribe(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*client.ScheduleDescription)
		ran    bool
		args   []string
		exit   int
	}{
		{name: "before its first run"},
		{name: "with runs", ran: true},
		{name: "with runs in json", ran: true, args: []string{"-o", "json"}},
		{name: "in jsonl", args: []string{"-o", "jsonl"}},
		{name: "that is paused", ran: true, change: func(is *client.ScheduleDescription) {
			is.Schedule.State.Paused, is.Schedule.State.Note = true, "paused by kiln after 3 failures in a row; the last: build web-base-1999-12-31T01:30:00Z failed with ImportFailed"
		}},
		{name: "that has ended", change: func(is *client.ScheduleDescription) {
			is.Info.NextActionTimes = nil
			is.Schedule.State.LimitedActions = true
		}},
		{name: "with all there is", change: func(is *client.ScheduleDescription) {
			is.Schedule.Spec.Jitter, is.Schedule.Spec.StartAt, is.Schedule.Spec.EndAt = 10*time.Minute, midnight, midnight.Add(1000*time.Hour)
			is.Schedule.Policy = &client.SchedulePolicies{Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL, CatchupWindow: 36 * time.Hour, PauseOnFailure: true}
			is.Schedule.State.LimitedActions, is.Schedule.State.RemainingActions = true, 5
			is.Info.LastUpdateAt = midnight.Add(time.Hour)
		}},
		{name: "with less", args: []string{"--limit", "101"}, exit: cli.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := nights(t)
			if test.change != nil {
				test.change(server.schedules.is["web-base"])
			}
			if test.ran {
				outcomes(t, server)
			}
			got := kiln(t, server, append([]string{"schedule", "describe", "web-base"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

// A build that the server has started and does not list yet is shown all the same.
func TestScheduleDescribeOfABuildThatIsNotListedYet(t *testing.T) {
	server := nights(t)
	outcomes(t, server)
	server.pages[0].Executions = server.pages[0].Executions[1:]
	server.frames = []frame{{}}
	got := kiln(t, server, "schedule", "describe", "web-base")
	require.Contains(t, got.stdout, "web-base-1999-12-31T01:30:00Z  running")
	require.Equal(t, []string{"WorkflowType = 'BuildGoldenImage' AND (TemporalScheduledById = 'web-base')"}, server.queries)
}

func TestScheduleList(t *testing.T) {
	for _, test := range []struct {
		name   string
		server func(t *testing.T) *fakeTemporal
		args   []string
		exit   int
	}{
		{name: "none", server: func(*testing.T) *fakeTemporal { return &fakeTemporal{} }},
		{name: "none in json", server: func(*testing.T) *fakeTemporal { return &fakeTemporal{} }, args: []string{"-o", "json"}},
		{name: "some", server: someSchedules},
		{name: "some in json", server: someSchedules, args: []string{"-o", "json"}},
		{name: "some in jsonl", server: someSchedules, args: []string{"-o", "jsonl"}},
		{name: "without a namespace", exit: cli.ExitConnection, server: func(*testing.T) *fakeTemporal {
			return &fakeTemporal{schedules: &fakeSchedules{err: serviceerror.NewNamespaceNotFound("default")}}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server(t), append([]string{"schedule", "list"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

// someSchedules are the nightly one with its runs, a paused one, one that has ended and one of
// another kind.
func someSchedules(t *testing.T) *fakeTemporal {
	t.Helper()
	server := nights(t)
	outcomes(t, server)
	paused, ended := bare(t, workflows.BuildType, bareDocument).schedules.is["bare"], bare(t, workflows.BuildType, bareDocument).schedules.is["bare"]
	paused.Schedule.State.Paused, paused.Schedule.State.Note = true, "the bucket moves"
	ended.Info.NextActionTimes = nil
	server.schedules.is["db-base"], server.schedules.is["old-base"] = paused, ended
	server.schedules.is["orders"] = bare(t, "Orders", "{}").schedules.is["bare"]
	server.schedules.is["web-base"].SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{
		"KilnName": searchPayload(t, "web-base"), "KilnRegion": searchPayload(t, "cn-hangzhou"),
	}}
	return server
}

func TestSchedulesAreCompleted(t *testing.T) {
	for _, command := range []string{"describe", "update", "pause", "resume", "trigger", "backfill", "delete"} {
		got := kiln(t, someSchedules(t), "__complete", "schedule", command, "")
		require.Equal(t, "db-base\tpaused\nold-base\tended\nweb-base\tactive\n:36\n", got.stdout, command)
	}
	got := kiln(t, someSchedules(t), "__complete", "list", "--schedule", "")
	require.Contains(t, got.stdout, "web-base\tactive\n")
	got = kiln(t, someSchedules(t), "__complete", "schedule", "create", "--overlap-policy", "")
	require.Contains(t, got.stdout, "BufferOne\n")
	got = kiln(t, &fakeTemporal{schedules: &fakeSchedules{err: serviceerror.NewUnavailable("gone")}}, "__complete", "schedule", "pause", "")
	require.Equal(t, ":4\n", got.stdout, "no server, no names, no error")
}

// The id of a schedule may be the one that its document has anyway.
func TestScheduleOfAnotherClientThatIsCalledAsItsDocument(t *testing.T) {
	server := bare(t, workflows.BuildType, bareDocument)
	server.schedules.is["web-base"] = server.schedules.is["bare"]
	for _, want := range []string{"web-base updated", "web-base unchanged"} {
		got := kiln(t, server, "schedule", "update", "web-base", "--jitter", "1m")
		require.Zero(t, got.exit, got)
		require.Contains(t, got.stdout, want)
	}
}

// A run that built nothing tells why, and names no image that is none.
func TestScheduledBuildThatWasSkipped(t *testing.T) {
	var out strings.Builder
	require.NoError(t, printResult(&out, workflows.Result{
		BuildID: "web-2026-12-24T02:30:00Z", RunID: "run-1", Region: "cn-hangzhou", Outcome: workflows.OutcomeSkipped, SkipReason: "frozen: holidays",
	}, nil))
	require.Equal(t, "Build web-2026-12-24T02:30:00Z was skipped in 0s\n\n  reason  frozen: holidays\n  run id  run-1\n", out.String())
}
