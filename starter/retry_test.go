package starter

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// sent are arguments as a run was started with them.
func sent(t *testing.T, arguments ...any) []*commonpb.Payload {
	t.Helper()
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(arguments...)
	require.NoError(t, err)
	return payloads.GetPayloads()
}

// read is the document of the tests, as build sends it.
func read(t *testing.T) spec.Build {
	t.Helper()
	build, err := readDocument(t.Context(), strings.NewReader(document+"batchCompute: {}\n"), stdin, nil)
	require.NoError(t, err)
	return build
}

// goesOn is a server on which run-0 of a build has ended, and the next run reuses its import.
func goesOn(t *testing.T, before *fakeTemporal) *fakeTemporal {
	t.Helper()
	const reused = "reused image m-import: what goes into it has not changed"
	before.runID = "run-0"
	if before.input == nil {
		before.input = sent(t, read(t))
	}
	after := goodBuild(t)
	after.before = before
	for _, f := range after.frames {
		if s := &f.progress.Steps[0]; s.State == succeeded {
			s.Detail = reused
		}
	}
	return after
}

// failedToRegister is the run that failed in its last step.
func failedToRegister() *fakeTemporal { return badBuild(failureOfType(refused.Code, refused)) }

func cancelledBuild(lines []workflows.Resource) *fakeTemporal {
	return &fakeTemporal{
		frames: []frame{{progress: progress(workflows.StateCancelled, workflows.StateCancelled, pending), status: enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED}},
		end:    cancelledWith(lines),
	}
}

func TestRetry(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		before *fakeTemporal
		change func(*fakeTemporal)
		exit   int
	}{
		{name: "goes on from the failed step", before: failedToRegister()},
		{name: "goes on from a named step", args: []string{"--from", "register"}, before: failedToRegister()},
		{name: "goes on from the run that is meant", args: []string{"--run-id", "run-0", "--detach"}, before: failedToRegister()},
		{name: "goes on with a changed document", args: []string{"-f", "-", "--progress", "plain"}, before: failedToRegister()},
		{name: "goes on after a cancel", args: []string{"--detach"}, before: cancelledBuild(removedLedger())},
		{name: "goes on after a termination", args: []string{"--detach"}, before: terminated()},
		{name: "tells its progress in json", args: []string{"-o", "jsonl", "--progress", "json"}, before: failedToRegister(),
			change: func(f *fakeTemporal) { f.frames = f.frames[3:] }},
		{name: "detached in json", args: []string{"--detach", "-o", "json", "--progress", "none"}, before: failedToRegister()},
		{name: "fails again", before: failedToRegister(), change: func(f *fakeTemporal) {
			bad := failedToRegister()
			f.frames, f.end = bad.frames, bad.end
		}, exit: cli.ExitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goesOn(t, test.before)
			if test.change != nil {
				test.change(server)
			}
			got := kiln(t, server, append([]string{"retry", "web-base"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

func TestRetryStartsFromWhatTheRunLeft(t *testing.T) {
	of := func(change func(*fakeTemporal)) *fakeTemporal {
		f := failedToRegister()
		change(f)
		return f
	}
	retriedBefore := sent(t, read(t), workflows.Retry{RunID: "run-00", Origin: "run-000", Resources: keptLedger[:2]})
	unseen := []*historypb.HistoryEvent{{EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED}}
	for _, test := range []struct {
		name   string
		args   []string
		before *fakeTemporal
		want   workflows.Retry
	}{
		{"a failure", nil, failedToRegister(), workflows.Retry{RunID: "run-0", Origin: "run-first", Resources: keptLedger}},
		{"a failure, from a step on", []string{"--from", "register"}, failedToRegister(),
			workflows.Retry{RunID: "run-0", Origin: "run-first", From: "register", Resources: keptLedger}},
		{"a retry that failed", nil, of(func(f *fakeTemporal) { f.input = retriedBefore }),
			workflows.Retry{RunID: "run-0", Origin: "run-000", Resources: keptLedger}},
		{"one of a cron's runs", nil, of(func(f *fakeTemporal) { f.cron = "@daily" }),
			workflows.Retry{RunID: "run-0", Origin: "run-original", Resources: keptLedger}},
		{"a run with a second argument that is no retry", nil, of(func(f *fakeTemporal) { f.input = sent(t, read(t), 42) }),
			workflows.Retry{RunID: "run-0", Origin: "run-first", Resources: keptLedger}},
		{"a run with an empty second argument", nil, of(func(f *fakeTemporal) { f.input = sent(t, read(t), nil) }),
			workflows.Retry{RunID: "run-0", Origin: "run-first", Resources: keptLedger}},
		{"a failure that no worker can add to", nil, unanswered(failedToRegister()),
			workflows.Retry{RunID: "run-0", Origin: "run-first", Resources: keptLedger}},
		{"a cancellation", nil, cancelledBuild(removedLedger()), workflows.Retry{RunID: "run-0", Origin: "run-first", Resources: removedLedger()}},
		{"a termination", nil, terminated(), workflows.Retry{RunID: "run-0", Origin: "run-first", Resources: terminated().frames[0].progress.Resources}},
		{"a retry that was terminated before a worker saw it", nil, func() *fakeTemporal {
			f := unanswered(terminated())
			f.input, f.events = retriedBefore, unseen
			return f
		}(), workflows.Retry{RunID: "run-0", Origin: "run-000", Resources: keptLedger[:2]}},
		{"a build that was terminated before a worker saw it", nil, func() *fakeTemporal {
			f := unanswered(terminated())
			f.events = unseen
			return f
		}(), workflows.Retry{RunID: "run-0", Origin: "run-first"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goesOn(t, test.before)
			got := kiln(t, server, append([]string{"retry", "web-base", "--detach"}, test.args...)...)
			require.Zero(t, got.exit, got)
			require.Len(t, server.args, 2)
			require.Equal(t, test.want, server.args[1])
			require.Equal(t, server.before.input[0], server.args[0].(converter.RawValue).Payload(), "the document as it was sent")
			require.Equal(t, "web-base", server.start.ID)
			require.Equal(t, "kiln", server.start.TaskQueue, "that of the earlier run")
			require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, server.start.WorkflowIDConflictPolicy)
			require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, server.start.WorkflowIDReusePolicy)
			require.True(t, server.start.WorkflowExecutionErrorWhenAlreadyStarted)
			require.Contains(t, server.start.StaticDetails, "Goes on from run run-0")
		})
	}
}

func TestRetryWithAChangedDocument(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("other.yaml", []byte("name: other\nregion: cn-hangzhou\nvariables: {image: m-1}\nsource: {imageId: '${{ vars.image }}'}\nbatchCompute: {}\n"), 0o600))
	server := goesOn(t, failedToRegister())
	got := kiln(t, server, "retry", "web-base", "--detach", "--file", "other.yaml", "--var", "image=m-2")
	require.Zero(t, got.exit, got)
	require.Equal(t, "web-base", server.start.ID, "the build id stays")
	require.Equal(t, "other", server.args[0].(spec.Build).Name)
	require.Equal(t, "m-2", server.args[0].(spec.Build).Source.ImageID)
}

func TestRetryIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("bad.yaml", []byte("name: web-base\nregoin: cn-hangzhou\nsource: {imageId: m-1}\n"), 0o600))
	completed := &fakeTemporal{result: finished(), frames: []frame{{progress: progress(succeeded, succeeded, succeeded), status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED}}}
	vague := failedToRegister()
	vague.input = sent(t, map[string]string{"name": "web-base", "regoin": "cn-hangzhou"})
	unread := failedToRegister()
	unread.historyErr = serviceerror.NewUnavailable("connection refused")
	dumb := terminated()
	dumb.queryErr = serviceerror.NewQueryFailed("nondeterministic workflow")
	for _, test := range []struct {
		name   string
		args   []string
		before *fakeTemporal
		change func(*fakeTemporal)
		exit   int
	}{
		{name: "of an unknown build", before: &fakeTemporal{}, exit: cli.ExitFailed},
		{name: "of a workflow that is no build", before: &fakeTemporal{typ: "Payroll", frames: []frame{{}}}, exit: cli.ExitFailed},
		{name: "of a build that still runs", before: &fakeTemporal{frames: []frame{{progress: progress(running, running, pending)}}}, exit: cli.ExitUsage},
		{name: "of a build that succeeded", before: completed, exit: cli.ExitUsage},
		{name: "of a build that was skipped", before: stoodStill(workflows.OutcomeSkipped, pending), exit: cli.ExitUsage},
		{name: "of a build that is unchanged", before: stoodStill(workflows.OutcomeUnchanged, pending), exit: cli.ExitUsage},
		{name: "of a run that is not the latest", args: []string{"--run-id", "run-00"}, before: failedToRegister(), exit: cli.ExitUsage},
		{name: "from a misspelt step", args: []string{"--from", "tmeplate"}, before: failedToRegister(), exit: cli.ExitUsage},
		{name: "from lunch", args: []string{"--from", "lunch"}, before: failedToRegister(), exit: cli.ExitUsage},
		{name: "from a step that the document does not have", args: []string{"--from", "template"}, before: failedToRegister(), exit: cli.ExitUsage},
		{name: "with a document that has faults", args: []string{"-f", "bad.yaml"}, before: failedToRegister(), exit: cli.ExitUsage},
		{name: "of a document that has faults", before: vague, exit: cli.ExitUsage},
		{name: "with variables of no document", args: []string{"--var", "a=b"}, before: failedToRegister(), exit: cli.ExitUsage},
		{name: "that waits and does not", args: []string{"--detach", "--wait-timeout", "1s"}, before: failedToRegister(), exit: cli.ExitUsage},
		{name: "of a terminated build without a worker", before: unanswered(terminated()), exit: cli.ExitUsage},
		{name: "of a terminated build that cannot be replayed", before: dumb, exit: cli.ExitUsage},
		{name: "of an end that nobody can read", before: badBuild(errors.New("decode: junk")), exit: cli.ExitFailed},
		{name: "while the server goes away", before: unread, exit: cli.ExitConnection},
		{name: "that somebody else was faster with", before: failedToRegister(), change: func(f *fakeTemporal) {
			f.startErr = serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "run-2")
		}, exit: cli.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goesOn(t, test.before)
			if test.change != nil {
				test.change(server)
			}
			got := kiln(t, server, append([]string{"retry", "web-base"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			require.Empty(t, got.stdout)
			if test.change == nil {
				require.Nil(t, server.args, "nothing was started")
			}
			golden(t, got.String())
		})
	}
}

func TestWhatCanBeRetriedIsCompleted(t *testing.T) {
	server := threeBuilds(t)
	server.pages[1].Executions = append(server.pages[1].Executions,
		listedBuild(t, "db-base", enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, dawn.AddDate(0, 0, -3), nil),
		listedBuild(t, "bad-base", enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED, dawn.AddDate(0, 0, -4), nil),
		listedBuild(t, "bad-base", enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, dawn.AddDate(0, 0, -5), nil))
	got := kiln(t, server, "__complete", "retry", "")
	require.Equal(t, "old-base\tfailed\nbad-base\tcancelled\n:36\n", got.stdout, "db-base runs again")

	fleets := &fakeTemporal{pages: []*workflowservice.ListWorkflowExecutionsResponse{{Executions: []*workflowpb.WorkflowExecutionInfo{
		listedBuild(t, "images", enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, dawn, map[string]string{"KilnState": "partial"}),
		listedBuild(t, "nightly", enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, dawn, map[string]string{"KilnState": "succeeded"}),
	}}}}
	require.Equal(t, "images\tpartial\n:36\n", kiln(t, fleets, "__complete", "retry", "").stdout)

	got = kiln(t, &fakeTemporal{}, "__complete", "retry", "web-base", "--from", "")
	require.Equal(t, "import\ncomponents\ntemplate\nexecution\napproval\nregister\n:36\n", got.stdout)
	got = kiln(t, &fakeTemporal{}, "__complete", "retry", "web-base", "--file", "")
	require.Equal(t, "yaml\nyml\njson\n:8\n", got.stdout)
}

// A retry keeps the day for which a schedule had started the first run.
func TestRetryKeepsTheOccasion(t *testing.T) {
	meant := time.Date(2026, 11, 20, 3, 30, 0, 0, time.UTC)
	attributes := func(values ...any) map[string]*commonpb.Payload {
		payloads := sent(t, values...)
		return map[string]*commonpb.Payload{workflows.AttrScheduledBy.GetName(): payloads[0], workflows.AttrScheduledAt.GetName(): payloads[1]}
	}
	for _, test := range []struct {
		name   string
		retry  *workflows.Retry
		fields map[string]*commonpb.Payload
		by     string
		at     *time.Time
	}{
		{"of a run that a schedule started", nil, attributes("nightly", meant), "nightly", &meant},
		{"of a run that went on from such a one", &workflows.Retry{Schedule: "nightly", ScheduledAt: &meant}, nil, "nightly", &meant},
		{"and has none where no schedule was", nil, nil, "", nil},
		{"nor where its name alone is known", nil, map[string]*commonpb.Payload{workflows.AttrScheduledBy.GetName(): sent(t, "nightly")[0]}, "", nil},
		{"nor where the time is none", nil, attributes("nightly", "soon"), "", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			started := &historypb.WorkflowExecutionStartedEventAttributes{SearchAttributes: &commonpb.SearchAttributes{IndexedFields: test.fields}}
			by, at := occasionOf(test.retry, started)
			require.Equal(t, test.by, by)
			require.Equal(t, test.at, at)
			retry := previous{schedule: by, scheduledAt: at}.retry("")
			require.Equal(t, test.by, retry.Schedule)
			require.Equal(t, test.at, retry.ScheduledAt)
		})
	}
}
