// Package workflows tells the story of a build: import a disk, make components and a
// template, run it, register the image. It is deterministic and does no I/O; what
// touches the cloud is in package activities.
package workflows

import (
	"cmp"
	"fmt"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Defaults of Options.
const (
	DefaultHeartbeatTimeout = 2 * time.Minute
	DefaultCallTimeout      = 3 * time.Minute
)

// Options of the workflows of a worker. The zero value means the defaults.
type Options struct {
	// HeartbeatTimeout after which a wait whose worker is lost starts again on another;
	// default DefaultHeartbeatTimeout. A wait beats at four fifths of it.
	HeartbeatTimeout time.Duration
	// CallTimeout after which a call whose worker is lost counts as lost; default
	// DefaultCallTimeout, beyond the connect and read timeouts of one request.
	CallTimeout time.Duration
	// NotifyRetry is for notifications that do not get through.
	NotifyRetry NotifyRetry
}

// Register registers the workflows with a worker.
func Register(r worker.WorkflowRegistry, opts Options) {
	opts.HeartbeatTimeout = cmp.Or(opts.HeartbeatTimeout, DefaultHeartbeatTimeout)
	opts.CallTimeout = cmp.Or(opts.CallTimeout, DefaultCallTimeout)
	r.RegisterWorkflowWithOptions(opts.BuildGoldenImage, registration)
	r.RegisterWorkflowWithOptions(opts.NotifyBuildEnded, workflow.RegisterOptions{Name: NotifyType})
	r.RegisterWorkflowWithOptions(BuildFleet, workflow.RegisterOptions{Name: FleetType})
}

// BuildGoldenImage makes a golden image and registers it with Batch Compute, as its
// document says. The document comes undecoded, so that one that is no valid JSON ends
// the build with a clear failure. retry is a Retry, or left out. ProgressQuery tells which
// Step is running.
func (o Options) BuildGoldenImage(ctx workflow.Context, document, retry converter.RawValue) (Result, error) {
	b, err := begin(ctx, o, document, retry)
	if err == nil {
		err = b.tell(ctx)
	}
	b.cleanUp(ctx, err)
	b.pauseSchedule(ctx, err)
	return b.end(ctx, err)
}

// tell is the story. What a document leaves out is skipped.
func (b *build) tell(ctx workflow.Context) error {
	if still, err := b.standsStill(ctx); still || err != nil {
		return err
	}
	base, err := b.importDisks(ctx)
	if err != nil {
		return err
	}
	pipelineID, err := b.makeTemplate(ctx, base)
	if err != nil {
		return err
	}
	imageID, err := b.runTemplate(ctx, pipelineID, base)
	if err != nil {
		return err
	}
	if err := b.awaitApproval(ctx, imageID); err != nil {
		return err
	}
	if err := b.register(ctx, imageID); err != nil {
		return err
	}
	return ctx.Err() // the cancellation may have come while the last call was under way
}

// build is one build while it runs.
type build struct {
	opts     Options
	id       string
	doc      spec.Build
	retry    *Retry    // nil unless the build goes on from an earlier run
	occasion *occasion // nil unless a schedule started the build
	frozen   string    // the freeze window that the occasion falls into
	gate     gate
	ledger   ledger
	progress *Progress
	result   Result
}

// begin reads the document and says that the build runs.
func begin(ctx workflow.Context, opts Options, document, retry converter.RawValue) (*build, error) {
	info := workflow.GetInfo(ctx)
	b := &build{
		opts:     opts,
		id:       info.WorkflowExecution.ID,
		progress: &Progress{BuildID: info.WorkflowExecution.ID, RunID: info.WorkflowExecution.RunID, State: StateRunning, Steps: []StepProgress{}},
		result: Result{
			BuildID:    info.WorkflowExecution.ID,
			RunID:      info.WorkflowExecution.RunID,
			Components: []ResultComponent{},
			Copies:     []ResultCopy{},
			SharedWith: []string{},
			Tokens:     map[Step]string{},
			StartedAt:  info.WorkflowStartTime,
		},
	}
	err := workflow.SetQueryHandlerWithOptions(ctx, ProgressQuery, b.tellProgress,
		workflow.QueryHandlerOptions{Description: "Which step is running, and how the others ended"})
	if err != nil {
		return b, err
	}
	if err := b.takeDecisions(ctx); err != nil {
		return b, err
	}
	if err := b.readRetry(retry); err != nil {
		return b, stop("", err)
	}
	b.occasion = b.readOccasion(ctx)
	if err := b.readDocument(ctx, document); err != nil {
		return b, stop("", err)
	}
	b.dated()
	b.plan()
	return b, b.beFound(ctx)
}

// beFound sets the search attributes that the build was not started with.
func (b *build) beFound(ctx workflow.Context) error {
	has, want := workflow.GetTypedSearchAttributes(ctx), StartAttributes(b.doc.Name, b.doc.Region)
	for _, key := range []temporal.SearchAttributeKeyKeyword{AttrName, AttrRegion, AttrState} {
		is, _ := has.GetKeyword(key)
		if wanted, _ := want.GetKeyword(key); is != wanted {
			return workflow.UpsertTypedSearchAttributes(ctx, want.Copy())
		}
	}
	return nil
}

func (b *build) readDocument(ctx workflow.Context, document converter.RawValue) error {
	if err := checkBuildID(b.id); err != nil {
		return err
	}
	var documents *activities.Document
	var read activities.ReadDocumentResult
	in := activities.ReadDocumentInput{Text: string(document.Payload().GetData())}
	if b.occasion != nil {
		in.At = &b.occasion.At
	}
	if err := workflow.ExecuteLocalActivity(reading(ctx), documents.ReadDocument, in).Get(ctx, &read); err != nil {
		return err
	}
	b.doc, b.frozen = read.Build, read.Frozen
	b.result.Name, b.result.Region, b.result.Fingerprint = read.Build.Name, read.Build.Region, read.Fingerprint
	b.progress.Name, b.progress.Region = read.Build.Name, read.Build.Region
	return nil
}

// plan lists the steps that the document asks for.
func (b *build) plan() {
	for _, step := range StepsOf(b.doc) {
		b.progress.Steps = append(b.progress.Steps, StepProgress{Name: step, State: StatePending})
	}
}

// end closes the books: the final state, the search attributes and the result.
func (b *build) end(ctx workflow.Context, err error) (Result, error) {
	b.progress.end(err, b.result.Outcome)
	b.tellDetails(ctx)
	b.result.FinishedAt = workflow.Now(ctx)
	b.result.Resources = b.ledger.copy()
	b.result.Outcome = cmp.Or(b.result.Outcome, OutcomeSucceeded)
	for _, line := range b.result.Resources {
		if line.State == ResourceLeft {
			b.result.Warnings = append(b.result.Warnings, fmt.Sprintf("%s %s is left: %s", line.Kind, line.ID, line.Reason))
		}
	}
	if len(b.result.Warnings) > 0 {
		b.result.Outcome = OutcomePartial
	}
	b.notify(ctx, err)
	updates := []temporal.SearchAttributeUpdate{AttrState.ValueSet(string(b.progress.State))}
	if b.result.ImageID != "" {
		updates = append(updates, AttrImageID.ValueSet(b.result.ImageID))
	}
	// A cancelled build writes its last state as well.
	disconnected, _ := workflow.NewDisconnectedContext(ctx)
	if upsertErr := workflow.UpsertTypedSearchAttributes(disconnected, updates...); err == nil {
		err = upsertErr
	}
	if handleErr := workflow.Await(disconnected, func() bool { return workflow.AllHandlersFinished(disconnected) }); err == nil {
		err = handleErr // no decision goes without its answer
	}
	return b.result, withLedger(err, b.result)
}
