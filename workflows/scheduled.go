package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// The search attributes that Temporal gives the runs of a schedule.
var (
	AttrScheduledBy = temporal.NewSearchAttributeKeyKeyword("TemporalScheduledById")
	AttrScheduledAt = temporal.NewSearchAttributeKeyTime("TemporalScheduledStartTime")
)

// stamp is how a time is written into the names of a scheduled run: in UTC, so that no
// two are the same, whatever the schedule's zone does to its clocks.
const stamp = "20060102T150405Z"

// occasion is what a schedule started a run for.
type occasion struct {
	Schedule string    `json:"schedule"`
	At       time.Time `json:"at"` // the time that the schedule meant
}

// readOccasion reads which schedule started the build, and when it meant to; nil for a
// build that no schedule started. A retry is for the occasion of the run it goes on from.
func (b *build) readOccasion(ctx workflow.Context) *occasion {
	if b.retry != nil {
		return b.retry.occasion()
	}
	attributes := workflow.GetTypedSearchAttributes(ctx)
	schedule, scheduled := attributes.GetKeyword(AttrScheduledBy)
	at, timed := attributes.GetTime(AttrScheduledAt)
	if !scheduled || !timed {
		return nil
	}
	return &occasion{Schedule: schedule, At: at.UTC()}
}

// dated gives the images of a scheduled run names of their own.
func (b *build) dated() {
	if b.occasion == nil {
		return
	}
	at := b.occasion.At.Format(stamp)
	b.result.Schedule, b.result.ScheduledAt = b.occasion.Schedule, &b.occasion.At
	if b.doc.Image.Name != "" {
		b.doc.Image.Name += "-" + at
	}
	if disk := b.doc.Source.Import; disk != nil && disk.ImageName != "" {
		named := *disk
		named.ImageName += "-" + at
		b.doc.Source.Import = &named
	}
}

// standsStill tells whether a scheduled run has nothing to do: it falls into a freeze
// window, or nothing that goes into the image has changed since the last success. Its
// result has the ids of that success then.
func (b *build) standsStill(ctx workflow.Context) (bool, error) {
	if b.occasion == nil || b.doc.Schedule == nil || b.retry != nil {
		return false, nil
	}
	var last Result
	if workflow.HasLastCompletionResult(ctx) && workflow.GetLastCompletionResult(ctx, &last) != nil {
		last = Result{} // of another workflow, so it says nothing
	}
	if b.frozen != "" {
		b.takeOver(last, OutcomeSkipped)
		b.result.SkipReason = b.frozen
		return true, nil
	}
	if b.doc.Schedule.When == spec.Always {
		return false, nil
	}
	if err := b.fingerprint(ctx); err != nil {
		return false, err
	}
	b.result.Changed = changes(last.Inputs, b.result.Inputs)
	if last.Fingerprint != b.result.Fingerprint || !last.whole() {
		return false, nil
	}
	there, err := b.isThere(ctx, last)
	if err != nil || !there {
		return false, err
	}
	b.takeOver(last, OutcomeUnchanged)
	return true, nil
}

// fingerprint looks at everything that goes into the image.
func (b *build) fingerprint(ctx workflow.Context) error {
	var inputs *activities.Inputs
	var is activities.FingerprintResult
	s := StepProgress{}
	err := b.call(ctx, &s, request{
		summary: "look at what goes into the image", activity: inputs.Fingerprint, out: &is,
		in: activities.FingerprintInput{Build: b.doc, Document: b.result.Fingerprint},
	})
	if err != nil {
		return stop("", err)
	}
	b.result.Fingerprint, b.result.Inputs = is.Fingerprint, is.Parts
	return nil
}

// changes are the names of the parts that differ, in order.
func changes(before, now map[string]string) []string {
	var changed []string
	for _, name := range workflow.DeterministicKeys(now) {
		if before[name] != now[name] {
			changed = append(changed, name)
		}
	}
	for _, name := range workflow.DeterministicKeys(before) {
		if _, still := now[name]; !still {
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return changed
}

// whole tells whether a result is one of a success that needs no repetition. One that only
// left something behind is.
func (r Result) whole() bool {
	if r.ImageID == "" {
		return false
	}
	return r.Outcome != OutcomePartial || slices.ContainsFunc(r.Resources, func(line Resource) bool { return line.State == ResourceLeft })
}

// isThere looks whether what the last success made is still there.
func (b *build) isThere(ctx workflow.Context, last Result) (bool, error) {
	lines := []*Resource{{Kind: KindImage, Region: last.Region, ID: last.ImageID}}
	if b.doc.BatchCompute != nil {
		lines = append(lines, &Resource{Kind: KindRegistration, Region: last.Region, ID: last.BatchComputeImageID, Of: last.ImageID})
	}
	for _, line := range lines {
		var ours *activities.Resources
		var is activities.LookResult
		s := StepProgress{}
		err := b.call(ctx, &s, request{summary: "look at " + string(line.Kind) + " " + line.ID, activity: ours.Look, in: b.input(line), out: &is})
		if err != nil {
			return false, stop("", err)
		}
		if !is.Usable {
			b.result.Changed = append(b.result.Changed, string(line.Kind)+" "+line.ID)
			return false, nil
		}
	}
	return true, nil
}

// takeOver makes the result of a run that built nothing of that of the last success.
func (b *build) takeOver(last Result, outcome Outcome) {
	now := b.result
	b.result = last
	b.result.BuildID, b.result.RunID, b.result.Name, b.result.Region = now.BuildID, now.RunID, now.Name, now.Region
	b.result.Outcome, b.result.Unchanged = outcome, outcome == OutcomeUnchanged
	b.result.Schedule, b.result.ScheduledAt, b.result.StartedAt = now.Schedule, now.ScheduledAt, now.StartedAt
	b.result.Tokens, b.result.Resources, b.result.Warnings, b.result.Changed, b.result.SkipReason = map[Step]string{}, nil, nil, nil, ""
	if b.result.Components == nil {
		b.result.Components, b.result.Copies, b.result.SharedWith = now.Components, now.Copies, now.SharedWith
	}
}

// pauseSchedule lets the schedule pause after too many failures in a row. That it cannot
// is said in the log, and is never the reason why the build ended.
func (b *build) pauseSchedule(ctx workflow.Context, err error) {
	if err == nil || temporal.IsCanceledError(err) || b.occasion == nil || b.doc.Schedule == nil || b.doc.Schedule.PauseAfterFailures == 0 {
		return
	}
	var schedules *activities.Schedules
	in := activities.NoteFailureInput{
		Schedule: b.occasion.Schedule, BuildID: b.id, RunID: b.result.RunID,
		Limit: int(b.doc.Schedule.PauseAfterFailures), Code: typeOf(err),
	}
	limited := workflow.WithScheduleToCloseTimeout(b.calling(ctx, "count the failures of schedule "+in.Schedule), undoTimeout)
	if err := workflow.ExecuteActivity(limited, schedules.NoteFailure, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("Failures of the schedule not counted", "schedule", in.Schedule, "error", err)
	}
}
