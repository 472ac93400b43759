package starter

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// Build times begin at this moment, two minutes before the fake time does.
var dawn = time.Date(1999, 12, 31, 23, 58, 0, 0, time.UTC)

func after(seconds int) *time.Time {
	t := dawn.Add(time.Duration(seconds) * time.Second)
	return &t
}

// progress is a build with an import and a registration in these states.
func progress(state, first, second workflows.State) *workflows.Progress {
	p := &workflows.Progress{
		BuildID: "web-base", RunID: "run-1", Name: "web-base", Region: "cn-hangzhou", State: state, Step: workflows.StepImport,
		Steps: []workflows.StepProgress{
			{Name: workflows.StepImport, State: first, StartedAt: after(1), Attempts: 1},
			{Name: workflows.StepRegister, State: second},
		},
	}
	if first != workflows.StateRunning {
		p.Steps[0].FinishedAt, p.Steps[0].ResourceID, p.Step = after(42), "m-import", workflows.StepRegister
	}
	if second != workflows.StatePending {
		p.Steps[1].StartedAt = after(43)
	}
	if second == workflows.StateSucceeded {
		p.Steps[1].FinishedAt, p.Steps[1].ResourceID = after(59), "img-1"
	}
	return p
}

const (
	pending   = workflows.StatePending
	running   = workflows.StateRunning
	succeeded = workflows.StateSucceeded
	failed    = workflows.StateFailed
)

func finished() workflows.Result {
	return workflows.Result{
		BuildID: "web-base", RunID: "run-1", Name: "web-base", Region: "cn-hangzhou", Outcome: workflows.OutcomeSucceeded,
		ImageID: "m-golden", ImageName: "web-base_exec-1", ImportedImageID: "m-import", ImportTaskID: "t-1",
		Components: []workflows.ResultComponent{{Name: "nginx", Version: "1.24.0", ID: "ic-1"}, {Name: "hardening", Version: "2.0.0", ID: "ic-2", Adopted: true}},
		PipelineID: "ip-1", ExecutionID: "exec-1", BatchComputeImageID: "img-1",
		Fingerprint: "9f86d081884c7d65", StartedAt: dawn, FinishedAt: *after(60),
	}
}

// goodBuild runs its two steps and ends well.
func goodBuild(t *testing.T) *fakeTemporal {
	t.Helper()
	importing := progress(running, running, pending)
	half := []*workflowpb.PendingActivityInfo{{State: enumspb.PENDING_ACTIVITY_STATE_STARTED, Attempt: 1,
		HeartbeatDetails: beat(t, activities.Heartbeat{Percent: 52, Detail: "task t-1 is Processing"})}}
	return &fakeTemporal{
		frames: []frame{
			{progress: importing},
			{progress: importing, acts: half},
			{progress: importing, acts: half},
			{progress: progress(running, succeeded, running)},
			{progress: progress(succeeded, succeeded, succeeded), status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED},
		},
		result: finished(),
	}
}

// badBuild ends at once with err.
func badBuild(err error) *fakeTemporal {
	return &fakeTemporal{
		frames: []frame{{progress: progress(failed, succeeded, failed), status: enumspb.WORKFLOW_EXECUTION_STATUS_FAILED}},
		end:    err,
	}
}

func failureOfType(code string, details ...any) error {
	return sdktemporal.NewApplicationErrorWithOptions("register web-base: it broke", code, sdktemporal.ApplicationErrorOptions{Details: details})
}

// terminated is a build that was terminated while it imported, with a worker that answers.
func terminated() *fakeTemporal {
	importing := progress(running, running, pending)
	importing.Resources = slices.Clone(keptLedger[:2])
	importing.Resources[1].State = workflows.ResourceMade
	return &fakeTemporal{
		frames: []frame{{progress: importing, status: enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED}},
		end:    &sdktemporal.TerminatedError{},
	}
}

// unanswered is a build without a worker.
func unanswered(f *fakeTemporal) *fakeTemporal {
	f.noQueue = true
	for i := range f.frames {
		f.frames[i].progress = nil
	}
	return f
}

func with(failure workflows.Failure, lines []workflows.Resource) workflows.Failure {
	failure.Resources = lines
	return failure
}

var refused = workflows.Failure{
	Code: "InvalidImageName.Duplicated", HTTPStatus: 400, Message: "The specified image name already exists.", RequestID: "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E",
	Class: "stop", Step: workflows.StepRegister, Advice: "choose another batchCompute.name",
	Resources: keptLedger,
}

// keptLedger is that of a build that made everything but the registration.
var keptLedger = []workflows.Resource{
	{Step: workflows.StepImport, Kind: workflows.KindImage, Region: "cn-hangzhou", ID: "m-import", Name: "web-base-import-0a1b2c3d", Token: "0a1b2c3d", State: workflows.ResourceMade},
	{Step: workflows.StepImport, Kind: workflows.KindTask, Region: "cn-hangzhou", ID: "t-1", Of: "m-import", Token: "0a1b2c3d", State: workflows.ResourceOver},
	{Step: "components/0", Kind: workflows.KindComponent, Region: "cn-hangzhou", ID: "ic-1", Name: "nginx 1.24.0", Token: "1b2c3d4e", State: workflows.ResourceMade},
	{Step: "components/1", Kind: workflows.KindComponent, Region: "cn-hangzhou", ID: "ic-2", Name: "hardening 2.0.0", State: workflows.ResourceAdopted},
	{Step: workflows.StepTemplate, Kind: workflows.KindTemplate, Region: "cn-hangzhou", ID: "ip-1", Name: "web-base", Token: "2c3d4e5f", State: workflows.ResourceMade},
	{Step: workflows.StepExecution, Kind: workflows.KindExecution, Region: "cn-hangzhou", ID: "exec-1", Of: "ip-1", Token: "3d4e5f60", State: workflows.ResourceOver},
	{Step: workflows.StepExecution, Kind: workflows.KindImage, Region: "cn-hangzhou", ID: "m-golden", Name: "web-base_exec-1", Of: "exec-1", Token: "2c3d4e5f", State: workflows.ResourceMade},
	{Step: workflows.StepRegister, Kind: workflows.KindRegistration, Region: "cn-hangzhou", Of: "m-golden", Name: "web-base", Token: "4e5f6071", State: workflows.ResourceRefused},
}

// removedLedger is keptLedger after a clean-up.
func removedLedger() []workflows.Resource {
	lines := slices.Clone(keptLedger)
	for i := range lines {
		if lines[i].State == workflows.ResourceMade {
			lines[i].State = workflows.ResourceRemoved
		}
	}
	return lines
}

// stuckLedger is removedLedger with what can be in the way of a clean-up.
func stuckLedger() []workflows.Resource {
	lines := removedLedger()
	lines[4].State, lines[4].Reason = workflows.ResourceLeft, "Forbidden.RAM: User not authorized to operate on the specified resource."
	lines[6].State, lines[6].Reason = workflows.ResourceLeft, "ImageUseShared: The specified image is shared."
	lines[7].State = workflows.ResourceAsked
	return lines
}

func cancelledWith(lines []workflows.Resource) error {
	return sdktemporal.NewCanceledError(workflows.Cancellation{Resources: lines})
}

func TestBuild(t *testing.T) {
	partly := finished()
	partly.Outcome, partly.Warnings = workflows.OutcomePartial, []string{"copy to cn-beijing: QuotaExceed.Image"}
	lean := finished()
	lean.Resources = append(removedLedger()[:6], keptLedger[6:]...)
	untidy := finished()
	untidy.Resources = append(stuckLedger()[:6], keptLedger[6:]...)
	untidy.Outcome, untidy.Warnings = workflows.OutcomePartial, []string{"template ip-1 is left: Forbidden.RAM: User not authorized to operate on the specified resource."}
	for _, test := range []struct {
		name   string
		args   []string
		change func(*fakeTemporal)
		server *fakeTemporal
		exit   int
	}{
		{name: "succeeds"},
		{name: "succeeds in json", args: []string{"-o", "json", "--progress", "none"}},
		{name: "tells its progress in json", args: []string{"-o", "jsonl", "--progress", "json"}},
		{name: "fails", server: badBuild(failureOfType(refused.Code, refused)), exit: cli.ExitFailed},
		{name: "fails in json", server: badBuild(failureOfType(refused.Code, refused)), args: []string{"-o", "json", "--progress", "none"}, exit: cli.ExitFailed},
		{name: "fails without details", server: badBuild(failureOfType("wrapError")), exit: cli.ExitFailed},
		{name: "fails in its image tests", server: badBuild(failureOfType(activities.ImageTestsFailed, workflows.Failure{Code: activities.ImageTestsFailed, Message: "test nginx failed"})), exit: cli.ExitTests},
		{name: "is refused by the worker", server: badBuild(failureOfType(activities.InvalidBuild, workflows.Failure{Code: activities.InvalidBuild, Message: "2:1: unknown field"})), exit: cli.ExitUsage},
		{name: "fails and cleans up", server: badBuild(failureOfType(refused.Code, with(refused, removedLedger()))), exit: cli.ExitFailed},
		{name: "fails before its first step", server: badBuild(failureOfType("InvalidArgument", workflows.Failure{Code: "InvalidArgument", Message: "search attributes"})), exit: cli.ExitFailed},
		{name: "is cancelled", server: badBuild(cancelledWith(removedLedger())), exit: cli.ExitCancelled},
		{name: "is cancelled and cannot remove everything", server: badBuild(cancelledWith(stuckLedger())), exit: cli.ExitCancelled},
		{name: "is terminated", server: terminated(), exit: cli.ExitFailed},
		{name: "is terminated while no worker runs", server: unanswered(terminated()), exit: cli.ExitFailed},
		{name: "is partly successful", change: func(f *fakeTemporal) { f.result = partly }, exit: cli.ExitPartial},
		{name: "succeeds and removes what it was made with", change: func(f *fakeTemporal) { f.result = lean }},
		{name: "succeeds and cannot remove everything", change: func(f *fakeTemporal) { f.result = untidy }, exit: cli.ExitPartial},
		{name: "runs already", change: func(f *fakeTemporal) {
			f.startErr = serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "run-1")
		}},
		{name: "runs already and nobody wants progress", args: []string{"--progress", "none"}, change: func(f *fakeTemporal) {
			f.startErr = serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "run-1")
		}},
		{name: "detached", args: []string{"--detach"}},
		{name: "detached in json", args: []string{"--detach", "-o", "json"}},
		{name: "outlasts the wait", args: []string{"--wait-timeout", "3s"}, change: func(f *fakeTemporal) { f.frames = f.frames[:1] }, exit: cli.ExitTimeout},
		{name: "is left alone by Ctrl-C", change: func(f *fakeTemporal) { f.frames, f.interruptAfter = f.frames[:1], 3*time.Second }, exit: cli.ExitInterrupted},
		{name: "waits for a worker", change: func(f *fakeTemporal) {
			f.noQueue = true
			f.frames = append([]frame{{}, {}}, f.frames...)
		}},
		{name: "goes on while the server is away", change: func(f *fakeTemporal) {
			away := frame{err: serviceerror.NewUnavailable("connection refused")}
			f.frames = append(f.frames[:2:2], append([]frame{away, away}, f.frames[2:]...)...)
		}},
		{name: "ends without a last word", change: func(f *fakeTemporal) {
			f.frames[len(f.frames)-1].progress, f.noQueue = nil, true
		}},
		{name: "vanishes with its server", change: func(f *fakeTemporal) {
			f.frames = append(f.frames[:2:2], frame{err: serviceerror.NewNotFound("workflow not found")})
		}, exit: cli.ExitFailed},
		{name: "may not be looked at", change: func(f *fakeTemporal) {
			f.frames = []frame{{err: serviceerror.NewPermissionDenied("no read access", "")}}
		}, exit: cli.ExitConnection},
		{name: "may not be started", change: func(f *fakeTemporal) { f.startErr = serviceerror.NewNamespaceNotFound("default") }, exit: cli.ExitConnection},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.server == nil {
				test.server = goodBuild(t)
			}
			if test.change != nil {
				test.change(test.server)
			}
			got := kiln(t, test.server, append([]string{"build", "-"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

func TestBuildProgressInJSONIsOneDocumentALine(t *testing.T) {
	got := kiln(t, goodBuild(t), "build", "-", "--progress", "json")
	var events []string
	for line := range strings.Lines(got.stderr) {
		var e struct {
			Event string    `json:"event"`
			Time  time.Time `json:"time"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		require.NotZero(t, e.Time)
		events = append(events, e.Event)
	}
	require.Equal(t, []string{"started", "progress", "progress", "progress", "progress"}, events, "a look without news is no event")
}

// A namespace that no worker has prepared yet does not refuse the start.
func TestBuildStartsWhereItsAttributesAreUnknown(t *testing.T) {
	server := goodBuild(t)
	server.unmapped = true
	require.Zero(t, kiln(t, server, "build", "-").exit)
	require.Zero(t, server.start.TypedSearchAttributes.Size())
}

func TestBuildStartsTheWorkflow(t *testing.T) {
	for _, test := range []struct {
		name  string
		env   string
		args  []string
		id    string
		queue string
	}{
		{"the id is the document's name", "", nil, "web-base", "kiln"},
		{"the id is the user's", "", []string{"--build-id", "web-base-94"}, "web-base-94", "kiln"},
		{"the task queue comes from the environment", "team", nil, "web-base", "team"},
		{"a flag wins over it", "team", []string{"--task-queue", "mine"}, "web-base", "mine"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("KILN_TASK_QUEUE", test.env)
			server := goodBuild(t)
			require.Zero(t, kiln(t, server, append([]string{"build", "-"}, test.args...)...).exit)
			require.Equal(t, test.id, server.start.ID)
			require.Equal(t, test.queue, server.start.TaskQueue)
			require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, server.start.WorkflowIDConflictPolicy)
			require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, server.start.WorkflowIDReusePolicy)
			require.True(t, server.start.WorkflowExecutionErrorWhenAlreadyStarted)
			require.Equal(t, workflows.StartAttributes("web-base", "cn-hangzhou"), server.start.TypedSearchAttributes)
			require.Equal(t, "web-base in cn-hangzhou", server.start.StaticSummary)
			require.Len(t, server.args, 1)
			require.Equal(t, "web-base.qcow2", server.args[0].(spec.Build).Source.Import.Disks[0].Object)
		})
	}
}

func TestBuildRefusesBeforeAnyEffect(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"a build id with a space", []string{"-", "--build-id", "web base"}, `build id "web base": want a letter or digit`},
		{"a variable without a value", []string{"-", "--var", "release"}, "--var release: want KEY=VALUE"},
		{"a file that is not there", []string{"nowhere.yaml"}, "read the build document: open nowhere.yaml: no such file or directory"},
		{"a wait for less than nothing", []string{"-", "--wait-timeout", "-3s"}, "--wait-timeout -3s: want a time above zero"},
		{"a wait that does not wait", []string{"-", "--detach", "--wait-timeout", "1s"}, "--detach does not wait"},
		{"an address that is none", []string{"-", "--address", "http://x"}, "want HOST:PORT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goodBuild(t)
			got := kiln(t, server, append([]string{"build"}, test.args...)...)
			require.Equal(t, cli.ExitUsage, got.exit)
			require.Contains(t, got.stderr, test.says)
			require.Empty(t, got.stdout)
			require.Nil(t, server.args, "nothing was started")
		})
	}
}

func TestEnding(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		exit int
		says string
	}{
		{"a time-out", sdktemporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil), cli.ExitFailed, "ran into the time limit of its workflow"},
		{"an error that says nothing of the build", errors.New("decode: junk"), cli.ExitFailed, "read how build web-base ended: decode: junk"},
	} {
		t.Run(test.name, func(t *testing.T) {
			is := ending("web-base", test.err)
			require.Nil(t, is.failure)
			require.False(t, is.told)
			require.Contains(t, is.says, test.says)
			require.Equal(t, test.exit, is.exit)
		})
	}
}

func TestPlainLinesKeepStillWhileNothingHappens(t *testing.T) {
	s := midway().Steps[1]
	line := plainLine(s)
	s.Percent = 49
	require.Equal(t, line, plainLine(s), "percents come in tens")
	s.Retry = &retry{Attempt: 2, NextAt: at(12), Failure: "denied"}
	line = plainLine(s)
	s.Retry.NextAt = at(24)
	require.Equal(t, line, plainLine(s), "a clock that runs is no news")
}
