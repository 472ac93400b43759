package workflows

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// When a run of a fleet leaves the rest to another, unless the server wants it earlier.
const (
	mostEvents  = 10_000
	mostHistory = 8 << 20 // bytes
)

// What may be on its way to the server at a time: a message to it holds 4 MB.
const (
	mostStarting      = 1 << 20 // bytes
	mostStartingCount = 100
)

// BuildFleet runs many builds as its children, so many at a time. The argument is a Fleet;
// it comes undecoded, so that rubbish ends the fleet with a clear failure. ProgressQuery
// tells where the builds are.
func BuildFleet(ctx workflow.Context, argument converter.RawValue) (FleetResult, error) {
	f, err := beginFleet(ctx, argument)
	if err == nil {
		f.run(ctx)
	}
	if err == nil && f.goesOn(ctx) {
		return FleetResult{}, f.continueAsNew(ctx)
	}
	return f.end(ctx, err)
}

// fleet is a fleet while it runs.
type fleet struct {
	Fleet
	id, runID string
	startedAt time.Time
	state     State
	patterns  []spec.Pattern
	members   []FleetMember // those that are done come first
	next      int           // the member to begin next
	begun     int           // in this run
	running   int
	// starting are the builds that the server has not taken yet, and their size.
	starting, startingSize int
}

// beginFleet reads the fleet and says that it runs.
func beginFleet(ctx workflow.Context, argument converter.RawValue) (*fleet, error) {
	info := workflow.GetInfo(ctx)
	f := &fleet{
		id: info.WorkflowExecution.ID, runID: info.WorkflowExecution.RunID,
		startedAt: info.WorkflowStartTime, state: StateRunning, members: []FleetMember{},
	}
	err := workflow.SetQueryHandlerWithOptions(ctx, ProgressQuery, f.progress,
		workflow.QueryHandlerOptions{Description: "Where each build of the fleet is"})
	if err == nil {
		err = f.read(ctx, argument)
	}
	if err != nil {
		return f, err
	}
	f.tellDetails(ctx)
	return f, f.upsert(ctx, StateRunning)
}

// read reads the argument. What an earlier run of the fleet has read is not checked again,
// so that a stricter check never breaks a fleet that is running.
func (f *fleet) read(ctx workflow.Context, argument converter.RawValue) error {
	text := argument.Payload().GetData()
	invalid := json.Unmarshal(text, &f.Fleet)
	continued := workflow.GetInfo(ctx).ContinuedExecutionRunID != "" && f.StartedAt != nil && len(f.Builds) > 0
	if !continued || invalid != nil {
		if err := f.check(ctx, text); err != nil {
			return err
		}
	}
	if invalid != nil {
		return activities.Ended(activities.InvalidBuild, fmt.Sprintf("the argument is no fleet: %v", invalid), "Start a fleet with a JSON object.")
	}
	f.MaxParallel = cmp.Or(f.MaxParallel, DefaultParallel)
	if continued {
		f.startedAt = *f.StartedAt
	}
	return f.list()
}

// check lets an activity check the fleet, and find its builds when it does not name them.
func (f *fleet) check(ctx workflow.Context, text []byte) error {
	var documents *activities.Document
	var read activities.ReadFleetResult
	in := activities.ReadFleetInput{Text: string(text), FleetID: f.id}
	if err := workflow.ExecuteLocalActivity(readingAll(ctx), documents.ReadFleet, in).Get(ctx, &read); err != nil {
		return err
	}
	for _, build := range read.Builds {
		f.Builds = append(f.Builds, FleetBuild{ID: build.ID, Document: build.Document, Cell: build.Cell})
	}
	return nil
}

// list makes a member of each build.
func (f *fleet) list() error {
	for _, document := range f.Documents {
		pattern, err := spec.PatternOf(document)
		if err != nil {
			return activities.Ended(activities.InvalidBuild, fmt.Sprintf("a document of the fleet: %v", err), "Correct the document.")
		}
		f.patterns = append(f.patterns, pattern)
	}
	f.members = append(f.members, f.Done...)
	f.next = len(f.members)
	for _, build := range f.Builds {
		pattern := f.patterns[build.Document]
		f.members = append(f.members, FleetMember{
			ID: build.ID, Name: pattern.Name(build.Cell), Region: pattern.Region(build.Cell), State: StatePending,
		})
	}
	if f.Name == "" && len(f.patterns) == 1 {
		f.Name = f.patterns[0].Title()
	}
	f.Name = cmp.Or(f.Name, fmt.Sprintf("%d builds", len(f.members)))
	return nil
}

// run begins builds as long as the fleet goes on in this run, and waits until all that
// were begun have ended, however that may be.
func (f *fleet) run(ctx workflow.Context) {
	for f.goesOn(ctx) && !f.full(ctx) {
		if err := workflow.Await(ctx, f.mayBegin); err != nil {
			break
		}
		if f.goesOn(ctx) && !f.full(ctx) {
			f.beginNext(ctx)
		}
	}
	disconnected, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	_ = workflow.Await(disconnected, func() bool { return f.running == 0 })
}

// goesOn tells whether there is a build to begin.
func (f *fleet) goesOn(ctx workflow.Context) bool {
	failedFast := f.FailFast && slices.ContainsFunc(f.members, FleetMember.bad)
	return f.next < len(f.members) && ctx.Err() == nil && !failedFast
}

// full tells whether the rest is better left to another run. Each run begins a build, so
// that a fleet comes to its end whatever it is made of.
func (f *fleet) full(ctx workflow.Context) bool {
	info := workflow.GetInfo(ctx)
	return f.begun > 0 && (info.GetContinueAsNewSuggested() ||
		info.GetCurrentHistoryLength() > mostEvents || info.GetCurrentHistorySize() > mostHistory)
}

// mayBegin tells whether there is room for the next build.
func (f *fleet) mayBegin() bool {
	fits := f.starting == 0 || f.starting < mostStartingCount && f.startingSize+f.weight(f.upNext()) <= mostStarting
	return f.running < f.MaxParallel && fits
}

func (f *fleet) upNext() FleetBuild { return f.Builds[f.next-len(f.Done)] }

// weight is about how large a build is on its way to the server, in bytes.
func (f *fleet) weight(build FleetBuild) int {
	weight := len(f.Documents[build.Document])
	if build.Retry != nil {
		weight += 512 * len(build.Retry.Resources)
	}
	return weight
}

// beginNext begins a build and follows it to its end in a coroutine of its own.
func (f *fleet) beginNext(ctx workflow.Context) {
	build, m := f.upNext(), &f.members[f.next]
	f.next++
	f.begun++
	m.State, m.StartedAt = StateRunning, now(ctx)
	document, err := f.patterns[build.Document].Document(build.Cell)
	if err != nil {
		m.fail(ctx, activities.Ended(activities.InvalidBuild, err.Error(), "Correct the document."))
		return
	}
	arguments := []any{document}
	if build.Retry != nil {
		arguments = append(arguments, *build.Retry)
	}
	child := workflow.ExecuteChildWorkflow(f.childOptions(ctx, m), BuildType, arguments...)
	weight := f.weight(build)
	f.running, f.starting, f.startingSize = f.running+1, f.starting+1, f.startingSize+weight
	workflow.Go(ctx, func(ctx workflow.Context) {
		var is workflow.Execution
		err := child.GetChildWorkflowExecution().Get(ctx, &is)
		m.RunID = is.RunID
		f.starting, f.startingSize = f.starting-1, f.startingSize-weight
		if err == nil {
			err = m.follow(ctx, child)
		}
		m.fail(ctx, err)
		f.running--
		f.tellDetails(ctx)
	})
	f.tellDetails(ctx)
}

func (f *fleet) childOptions(ctx workflow.Context, m *FleetMember) workflow.Context {
	return workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:            m.ID,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		ParentClosePolicy:     enumspb.PARENT_CLOSE_POLICY_REQUEST_CANCEL,
		WaitForCancellation:   true,
		StaticSummary:         fmt.Sprintf("build %d of %d of fleet %s: %s in %s", f.next, len(f.members), f.id, m.Name, m.Region),
	})
}

// continueAsNew leaves the rest to another run of the fleet. Builds begin in their order and
// all that were begun have ended, so those that are done are the first ones.
func (f *fleet) continueAsNew(ctx workflow.Context) error {
	rest := f.Fleet
	rest.StartedAt = &f.startedAt
	rest.Builds = f.Builds[f.next-len(f.Done):]
	rest.Done = f.members[:f.next]
	rest.Documents = slices.Clone(f.Documents)
	for i := range rest.Documents {
		if !slices.ContainsFunc(rest.Builds, func(build FleetBuild) bool { return build.Document == i }) {
			rest.Documents[i] = json.RawMessage("null") // nothing needs it any more
		}
	}
	return workflow.NewContinueAsNewError(ctx, FleetType, rest)
}

// end closes the books of a fleet, which err kept from beginning.
func (f *fleet) end(ctx workflow.Context, err error) (FleetResult, error) {
	for i := f.next; i < len(f.members); i++ {
		f.members[i].State = StateSkipped
	}
	is := FleetResult{
		FleetID: f.id, RunID: f.runID, Outcome: f.outcome(ctx, err), Counts: f.counts(), Members: f.members,
		StartedAt: f.startedAt, FinishedAt: workflow.Now(ctx),
	}
	f.state = is.Outcome.state()
	f.tellDetails(ctx)
	disconnected, cancel := workflow.NewDisconnectedContext(ctx)
	defer cancel()
	upsertErr := f.upsert(disconnected, State(is.Outcome))
	switch {
	case is.Outcome == OutcomeCancelled:
		return is, temporal.NewCanceledError(is)
	case err != nil:
		return is, stop("", err)
	case is.Outcome == OutcomeFailed:
		return is, temporal.NewNonRetryableApplicationError(f.whyFailed(), FleetFailed, nil, is)
	}
	return is, upsertErr
}

func (f *fleet) upsert(ctx workflow.Context, state State) error {
	updates := []temporal.SearchAttributeUpdate{AttrState.ValueSet(string(state))}
	if len(f.members) > 0 {
		updates = append(updates, AttrName.ValueSet(f.Name), AttrRegion.ValueSet(f.region()))
	}
	return workflow.UpsertTypedSearchAttributes(ctx, updates...)
}

// region is the one in which all builds are, or how many there are.
func (f *fleet) region() string {
	var regions []string
	for _, m := range f.members {
		if !slices.Contains(regions, m.Region) {
			regions = append(regions, m.Region)
		}
	}
	if len(regions) == 1 {
		return regions[0]
	}
	return fmt.Sprintf("%d regions", len(regions))
}

// now is the time as a member tells it: a thousand members are to stay small.
func now(ctx workflow.Context) *time.Time {
	at := workflow.Now(ctx).UTC().Truncate(time.Millisecond)
	return &at
}
