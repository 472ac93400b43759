package starter

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// frame is how the build is while it is looked at once.
type frame struct {
	status   enumspb.WorkflowExecutionStatus // default running
	progress *workflows.Progress             // nil: no worker answers
	fleet    *workflows.FleetProgress        // in place of it, of a fleet
	acts     []*workflowpb.PendingActivityInfo
	err      error // of the look itself
}

// fakeTemporal is a server with one build, which moves on by a frame at each look. The
// last frame stays.
type fakeTemporal struct {
	before     *fakeTemporal            // the earlier run of the build, until this one is started
	others     map[string]*fakeTemporal // other builds by their id, and other runs by theirs
	runID      string                   // default run-1
	firstRunID string                   // of one that continued as new
	frames     []frame
	looks      int
	// interruptAfter is when the user presses Ctrl-C; 0 is never.
	interruptAfter time.Duration
	noQueue        bool   // nobody polls the task queue while nobody answers
	typ            string // of the workflow; default a build's
	result         workflows.Result
	fleetResult    *workflows.FleetResult
	end            error // of a build that has no result
	begun          time.Time

	input      []*commonpb.Payload       // that the build was started with
	events     []*historypb.HistoryEvent // after its start; by default a worker has worked on it
	cron       string
	historyErr error
	queryErr   error
	asked      int
	state      workflows.State // the search attribute of that name, when there is one
	unmapped   bool            // the namespace does not know the search attributes
	startErr   error
	start      client.StartWorkflowOptions
	args       []any
	cancels    []client.CancelWorkflowOptions
	cancelErr  error
	updates    []client.UpdateWorkflowOptions
	updateErr  error // with which updates are refused
	deaf       bool  // nobody takes updates

	schedules *fakeSchedules
	ends      map[string]run // of other runs, by their id

	pages   []*workflowservice.ListWorkflowExecutionsResponse
	listErr error
	// wordless: the namespace does not know the search attribute of the state.
	wordless bool
	queries  []string
}

func (f *fakeTemporal) Close() {}

// of is the build with an id, or the run with one; by default the server's own.
func (f *fakeTemporal) of(id, runID string) *fakeTemporal {
	for _, key := range []string{runID, id} {
		if other := f.others[key]; other != nil {
			return other
		}
	}
	return f.latest()
}

// latest is the run of the build that is there at the moment.
func (f *fakeTemporal) latest() *fakeTemporal {
	if f.before != nil && f.args == nil {
		return f.before
	}
	return f
}

func (f *fakeTemporal) frame() frame { return f.frames[max(min(f.looks, len(f.frames))-1, 0)] }

func (f *fakeTemporal) DescribeWorkflowExecution(_ context.Context, id, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	f = f.of(id, runID)
	if len(f.frames) == 0 {
		return nil, serviceerror.NewNotFound("workflow not found for ID: " + id)
	}
	f.looks++
	now := f.frame()
	if now.err != nil {
		return nil, now.err
	}
	if now.status == 0 {
		now.status = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	}
	info := execution(id, now.status, f.begun)
	info.Execution.RunId = cmp.Or(f.runID, info.Execution.RunId)
	info.FirstRunId = f.firstRunID
	if data, err := converter.GetDefaultDataConverter().ToPayload(string(f.state)); err == nil && f.state != "" {
		info.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{workflows.AttrState.GetName(): data}}
	}
	if f.typ != "" {
		info.Type.Name = f.typ
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{
		WorkflowExecutionInfo: info,
		PendingActivities:     now.acts,
		ExecutionConfig:       &workflowpb.WorkflowExecutionConfig{TaskQueue: &taskqueuepb.TaskQueue{Name: "kiln"}},
	}, nil
}

// execution is a build as the server describes it. It took a minute.
func execution(id string, status enumspb.WorkflowExecutionStatus, begun time.Time) *workflowpb.WorkflowExecutionInfo {
	info := &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: id, RunId: "run-1"},
		Type:      &commonpb.WorkflowType{Name: workflows.BuildType},
		Status:    status,
		StartTime: timestamppb.New(begun),
	}
	if status != enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		info.CloseTime = timestamppb.New(begun.Add(time.Minute))
	}
	return info
}

func (f *fakeTemporal) QueryWorkflow(ctx context.Context, id, runID, _ string, _ ...any) (converter.EncodedValue, error) {
	f = f.of(id, runID)
	f.asked++
	if f.queryErr != nil {
		return nil, f.queryErr
	}
	if p := f.frame().fleet; p != nil {
		return payload{*p}, nil
	}
	if p := f.frame().progress; p != nil {
		return payload{*p}, nil
	}
	<-ctx.Done() // as the server: nobody answers
	return nil, ctx.Err()
}

// payload is a value that went through the default converter.
type payload struct{ value any }

func (p payload) HasValue() bool { return true }

func (p payload) Get(to any) error {
	data, err := converter.GetDefaultDataConverter().ToPayload(p.value)
	if err != nil {
		return err
	}
	return converter.GetDefaultDataConverter().FromPayload(data, to)
}

func (f *fakeTemporal) DescribeTaskQueue(context.Context, string, enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	f = f.latest()
	if now := f.frame(); f.noQueue && now.progress == nil && now.fleet == nil {
		return &workflowservice.DescribeTaskQueueResponse{}, nil
	}
	return &workflowservice.DescribeTaskQueueResponse{Pollers: []*taskqueuepb.PollerInfo{{LastAccessTime: timestamppb.New(time.Now())}}}, nil
}

func (f *fakeTemporal) ExecuteWorkflow(_ context.Context, opts client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	f.start, f.args = opts, args
	if f.unmapped && opts.TypedSearchAttributes.Size() > 0 {
		return nil, serviceerror.NewInvalidArgument("Namespace default has no mapping defined for search attribute KilnName")
	}
	return run{id: opts.ID}, f.startErr
}

func (f *fakeTemporal) GetWorkflow(_ context.Context, id, runID string) client.WorkflowRun {
	f = f.of(id, runID)
	if end, is := f.ends[runID]; is {
		return end
	}
	if f.fleetResult != nil {
		return run{id: id, result: *f.fleetResult, err: f.end}
	}
	return run{id: id, result: f.result, err: f.end}
}

type run struct {
	client.WorkflowRun
	id     string
	result any
	err    error
}

func (r run) GetID() string    { return r.id }
func (r run) GetRunID() string { return "run-1" }

func (r run) GetWithOptions(_ context.Context, to any, opts client.WorkflowRunGetOptions) error {
	if !opts.DisableFollowingRuns {
		return errors.New("it is not the run that was asked for")
	}
	if r.err != nil {
		return r.err
	}
	return payload{r.result}.Get(to)
}

// GetWorkflowHistory is the history of the one build, as far as anybody reads it.
func (f *fakeTemporal) GetWorkflowHistory(_ context.Context, id, runID string, _ bool, _ enumspb.HistoryEventFilterType) client.HistoryEventIterator {
	f = f.of(id, runID)
	began := &historypb.HistoryEvent{
		EventType: enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED,
		Attributes: &historypb.HistoryEvent_WorkflowExecutionStartedEventAttributes{
			WorkflowExecutionStartedEventAttributes: &historypb.WorkflowExecutionStartedEventAttributes{
				Input: &commonpb.Payloads{Payloads: f.input}, CronSchedule: f.cron,
				OriginalExecutionRunId: "run-original", FirstExecutionRunId: "run-first",
			}},
	}
	if f.events == nil {
		f.events = []*historypb.HistoryEvent{{EventType: enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED}}
	}
	return &iterator{append([]*historypb.HistoryEvent{began}, f.events...), f.historyErr}
}

type iterator struct {
	events []*historypb.HistoryEvent
	err    error
}

func (i *iterator) HasNext() bool { return i.err != nil || len(i.events) > 0 }

func (i *iterator) Next() (*historypb.HistoryEvent, error) {
	if i.err != nil {
		return nil, i.err
	}
	event := i.events[0]
	i.events = i.events[1:]
	return event, nil
}

// UpdateWorkflow takes a decision at midnight.
func (f *fakeTemporal) UpdateWorkflow(ctx context.Context, opts client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	f.updates = append(f.updates, opts)
	if f.deaf {
		<-ctx.Done() // as the server: nobody answers
		return nil, client.NewWorkflowUpdateServiceTimeoutOrCanceledError(ctx.Err())
	}
	said := opts.Args[0].(workflows.Decision)
	return updateHandle{verdict: workflows.Verdict{By: said.By, Reason: said.Reason, At: time.Now().UTC(), ImageID: "m-golden"}, err: f.updateErr}, nil
}

type updateHandle struct {
	client.WorkflowUpdateHandle
	verdict workflows.Verdict
	err     error
}

func (u updateHandle) Get(_ context.Context, to any) error {
	if u.err != nil {
		return u.err
	}
	return payload{u.verdict}.Get(to)
}

func (f *fakeTemporal) CancelWorkflowWithOptions(_ context.Context, opts client.CancelWorkflowOptions) error {
	f.cancels = append(f.cancels, opts)
	return f.cancelErr
}

func (f *fakeTemporal) ListWorkflow(_ context.Context, req *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	f.queries = append(f.queries, req.GetQuery())
	if f.wordless && strings.Contains(req.GetQuery(), "KilnState") {
		return nil, serviceerror.NewInvalidArgument("invalid query: Namespace default has no mapping defined for search attribute KilnState")
	}
	if f.listErr != nil || len(f.pages) == 0 {
		return &workflowservice.ListWorkflowExecutionsResponse{}, f.listErr
	}
	page := f.pages[0]
	f.pages = f.pages[1:]
	return page, nil
}

// outcome is what a command left behind.
type outcome struct {
	stdout, stderr string
	exit           int
}

func (o outcome) String() string {
	return fmt.Sprintf("exit %d\n--- stdout\n%s--- stderr\n%s", o.exit, o.stdout, o.stderr)
}

// kiln runs a command against a server, in fake time that begins at midnight. The
// document of a build comes through standard input.
func kiln(t *testing.T, server *fakeTemporal, args ...string) (o outcome) {
	t.Helper()
	t.Setenv("TEMPORAL_CONFIG_FILE", "/nonexistent")
	t.Setenv("TEMPORAL_ADDRESS", "here:7233")
	t.Setenv("TEMPORAL_NAMESPACE", "default")
	synctest.Test(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		server.begun = time.Now().Add(-2 * time.Minute)
		if server.before != nil {
			server.before.begun = server.begun.Add(-time.Hour)
		}
		for _, other := range server.others {
			other.begun = server.begun.Add(-time.Hour)
		}
		a := &app{
			Env:  cli.Env{In: strings.NewReader(document), Out: &out, Err: &errs, Version: "v1.2.3"},
			name: "kiln",
			now:  func() time.Time { return time.Now().UTC() },
			dial: func(context.Context, client.Options) (temporal, error) { return server, nil },
		}
		// Not cli.Main: it listens to signals, which come from outside of the fake time.
		root := newRoot(a)
		root.SilenceErrors, root.SilenceUsage = true, true
		root.SetArgs(args)
		root.SetOut(&out)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if server.interruptAfter > 0 {
			time.AfterFunc(server.interruptAfter, cancel)
		}
		if err := root.ExecuteContext(ctx); err != nil {
			o.exit = cli.ExitFailed
			var coded *cli.Error
			if errors.As(err, &coded) {
				o.exit = coded.Exit
			}
			_, _ = fmt.Fprintln(&errs, "Error:", err)
		}
		o.stdout, o.stderr = out.String(), errs.String()
	})
	return o
}

const document = `
name: web-base
region: cn-hangzhou
source:
  import:
    disks:
      - bucket: kiln-examples
        object: web-base.qcow2
`
