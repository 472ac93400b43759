package starter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdktemporal "go.temporal.io/sdk/temporal"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// fakeSchedules is a server with schedules, which it keeps as a server does: without cron
// expressions, and with its own defaults.
type fakeSchedules struct {
	workflowservice.WorkflowServiceClient // none of it but ListScheduleMatchingTimes

	is      map[string]*client.ScheduleDescription
	err     error // of every call
	refuses error // of creations and updates
	calls   []string
	busy    bool // a build runs, so nothing can start
	deaf    bool // it does nothing of what it is asked for
	times   []time.Time
	listed  *workflowservice.ListScheduleMatchingTimesRequest // the first

	created client.ScheduleOptions // of the last call
	patch   any
}

func (f *fakeTemporal) ScheduleClient() client.ScheduleClient {
	if f.schedules == nil {
		f.schedules = &fakeSchedules{}
	}
	return f.schedules
}

func (f *fakeTemporal) WorkflowService() workflowservice.WorkflowServiceClient {
	return f.ScheduleClient().(*fakeSchedules)
}

func (f *fakeSchedules) Create(_ context.Context, opts client.ScheduleOptions) (client.ScheduleHandle, error) {
	f.calls = append(f.calls, "create "+opts.ID)
	if err := f.refuse(opts.TypedSearchAttributes); err != nil {
		return nil, err
	}
	if _, exists := f.is[opts.ID]; exists {
		return nil, sdktemporal.ErrScheduleAlreadyRunning
	}
	if f.is == nil {
		f.is = map[string]*client.ScheduleDescription{}
	}
	f.created = opts
	f.is[opts.ID] = f.keep(opts)
	return fakeHandle{f, opts.ID}, nil
}

// refuse is the refusal of a creation or update. That of unknown search attributes is for
// those who send them.
func (f *fakeSchedules) refuse(attributes sdktemporal.SearchAttributes) error {
	var invalid *serviceerror.InvalidArgument
	if errors.As(f.refuses, &invalid) && unregistered(f.refuses) && attributes.Size() == 0 {
		return f.err
	}
	return errors.Join(f.err, f.refuses)
}

// keep describes a schedule as a server does that was asked for it. It runs in five hours.
func (f *fakeSchedules) keep(opts client.ScheduleOptions) *client.ScheduleDescription {
	desc := &client.ScheduleDescription{
		Schedule: client.Schedule{
			Policy: &client.SchedulePolicies{Overlap: opts.Overlap, CatchupWindow: opts.CatchupWindow, PauseOnFailure: opts.PauseOnFailure},
			State: &client.ScheduleState{Note: opts.Note, Paused: opts.Paused, LimitedActions: opts.RemainingActions > 0,
				RemainingActions: opts.RemainingActions},
		},
		Info:                  client.ScheduleInfo{CreatedAt: time.Now(), NextActionTimes: []time.Time{time.Now().Add(5 * time.Hour)}},
		Memo:                  memo(opts.Memo),
		TypedSearchAttributes: opts.TypedSearchAttributes,
	}
	action := *opts.Action.(*client.ScheduleWorkflowAction)
	desc.Schedule.Action, desc.Schedule.Spec = &action, &opts.Spec
	canonical(desc)
	return desc
}

func memo(fields map[string]any) *commonpb.Memo {
	m := &commonpb.Memo{Fields: map[string]*commonpb.Payload{}}
	for name, value := range fields {
		m.Fields[name], _ = converter.GetDefaultDataConverter().ToPayload(value)
	}
	return m
}

// canonical is what the server makes of a schedule before it keeps it.
func canonical(desc *client.ScheduleDescription) {
	policy, runs, action := desc.Schedule.Policy, *desc.Schedule.Spec, desc.Schedule.Action.(*client.ScheduleWorkflowAction)
	policy.Overlap = max(policy.Overlap, enumspb.SCHEDULE_OVERLAP_POLICY_SKIP)
	if policy.CatchupWindow == 0 {
		policy.CatchupWindow = defaultCatchup
	}
	for _, line := range runs.CronExpressions {
		if read, err := parseCron(line); err == nil && read.interval == nil {
			runs.Calendars = append(runs.Calendars, calendarSpec(read.calendar))
		} else if err == nil {
			runs.Intervals = append(runs.Intervals, intervalSpec(*read.interval))
		}
	}
	runs.CronExpressions = nil
	desc.Schedule.Spec = &runs
	for i, arg := range action.Args {
		if _, is := arg.(*commonpb.Payload); !is {
			action.Args[i], _ = converter.GetDefaultDataConverter().ToPayload(arg)
		}
	}
}

func (f *fakeSchedules) List(context.Context, client.ScheduleListOptions) (client.ScheduleListIterator, error) {
	var entries []*client.ScheduleListEntry
	for _, id := range slices.Sorted(maps.Keys(f.is)) {
		is := f.is[id]
		action := is.Schedule.Action.(*client.ScheduleWorkflowAction)
		entry := client.ScheduleListEntry{
			ID: id, Spec: is.Schedule.Spec, Note: is.Schedule.State.Note, Paused: is.Schedule.State.Paused, Memo: is.Memo,
			RecentActions: is.Info.RecentActions, NextActionTimes: is.Info.NextActionTimes,
			SearchAttributes: is.SearchAttributes,
		}
		entry.WorkflowType.Name = action.Workflow.(string)
		entries = append(entries, &entry)
	}
	return &scheduleIterator{entries}, f.err
}

type scheduleIterator struct{ entries []*client.ScheduleListEntry }

func (i *scheduleIterator) HasNext() bool { return len(i.entries) > 0 }

func (i *scheduleIterator) Next() (*client.ScheduleListEntry, error) {
	entry := i.entries[0]
	i.entries = i.entries[1:]
	return entry, nil
}

func (f *fakeSchedules) ListScheduleMatchingTimes(_ context.Context, req *workflowservice.ListScheduleMatchingTimesRequest, _ ...grpc.CallOption) (*workflowservice.ListScheduleMatchingTimesResponse, error) {
	if f.listed == nil {
		f.listed = req
	}
	var answer workflowservice.ListScheduleMatchingTimesResponse
	for _, at := range f.times {
		if at.After(req.GetStartTime().AsTime()) && !at.After(req.GetEndTime().AsTime()) && len(answer.StartTime) < 1000 { // as the server
			answer.StartTime = append(answer.StartTime, timestamppb.New(at))
		}
	}
	return &answer, f.err
}

func (f *fakeSchedules) GetHandle(_ context.Context, id string) client.ScheduleHandle {
	return fakeHandle{f, id}
}

type fakeHandle struct {
	server *fakeSchedules
	id     string
}

func (h fakeHandle) GetID() string { return h.id }

func (h fakeHandle) Describe(context.Context) (*client.ScheduleDescription, error) {
	if h.server.err != nil {
		return nil, h.server.err
	}
	is := h.server.is[h.id]
	if is == nil {
		return nil, serviceerror.NewNotFound("schedule not found")
	}
	seen, action, policy, state := *is, *is.Schedule.Action.(*client.ScheduleWorkflowAction), *is.Schedule.Policy, *is.Schedule.State
	action.Args, action.Memo = slices.Clone(action.Args), maps.Clone(action.Memo)
	seen.Schedule.Action, seen.Schedule.Policy, seen.Schedule.State = &action, &policy, &state
	return &seen, nil
}

// call notes a request that changes something, and tells what there is to change.
func (h fakeHandle) call(name string, with any) (*client.ScheduleDescription, error) {
	h.server.calls = append(h.server.calls, name+" "+h.id)
	h.server.patch = with
	seen, err := h.Describe(context.Background())
	if err != nil || h.server.deaf {
		return seen, err
	}
	return h.server.is[h.id], nil
}

func (h fakeHandle) Delete(context.Context) error {
	_, err := h.call("delete", nil)
	delete(h.server.is, h.id)
	return err
}

func (h fakeHandle) Update(ctx context.Context, opts client.ScheduleUpdateOptions) error {
	seen, err := h.Describe(ctx)
	if err != nil {
		return err
	}
	update, err := opts.DoUpdate(client.ScheduleUpdateInput{Description: *seen})
	if err != nil {
		return err
	}
	is, err := h.call("update", update)
	if err != nil {
		return err
	}
	var attributes sdktemporal.SearchAttributes
	if update.TypedSearchAttributes != nil {
		attributes = *update.TypedSearchAttributes
	}
	if err := h.server.refuse(attributes); err != nil {
		return err
	}
	is.Schedule = *update.Schedule
	canonical(is)
	return nil
}

func (h fakeHandle) Pause(_ context.Context, opts client.SchedulePauseOptions) error {
	is, err := h.call("pause", opts)
	if err == nil {
		is.Schedule.State.Paused, is.Schedule.State.Note = true, opts.Note
	}
	return err
}

func (h fakeHandle) Unpause(_ context.Context, opts client.ScheduleUnpauseOptions) error {
	is, err := h.call("unpause", opts)
	if err == nil {
		is.Schedule.State.Paused, is.Schedule.State.Note = false, opts.Note
	}
	return err
}

func (h fakeHandle) Trigger(_ context.Context, opts client.ScheduleTriggerOptions) error {
	is, err := h.call("trigger", opts)
	if err == nil {
		h.server.start(h.id, is, opts.Overlap, time.Now())
	}
	return err
}

func (h fakeHandle) Backfill(_ context.Context, opts client.ScheduleBackfillOptions) error {
	is, err := h.call("backfill", opts.Backfill[0])
	for _, at := range h.server.times {
		if err == nil {
			h.server.start(h.id, is, opts.Backfill[0].Overlap, at)
		}
	}
	return err
}

// start starts a build, or leaves it out or lets it wait while another one runs.
func (f *fakeSchedules) start(id string, is *client.ScheduleDescription, overlap enumspb.ScheduleOverlapPolicy, at time.Time) {
	if overlap == enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED {
		overlap = is.Schedule.Policy.Overlap
	}
	switch {
	case f.busy && overlap == enumspb.SCHEDULE_OVERLAP_POLICY_SKIP:
		is.Info.NumActionsSkippedOverlap++
		return
	case f.busy && overlap != enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL:
		return
	}
	is.Info.NumActions++
	is.Info.RecentActions = append(is.Info.RecentActions, client.ScheduleActionResult{
		ScheduleTime: at, ActualTime: time.Now(),
		StartWorkflowResult: &client.ScheduleWorkflowExecution{WorkflowID: id + "-" + at.UTC().Format(time.RFC3339), FirstExecutionRunID: fmt.Sprintf("run-%d", is.Info.NumActions)},
	})
}
