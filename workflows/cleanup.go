package workflows

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// cleanupVersion is the change after which a cancelled build removes what it made, where
// before it only cancelled what ran.
const cleanupVersion = "cleanup"

func (b *build) cleansUp(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, cleanupVersion, workflow.DefaultVersion, 1) >= 1
}

// cleanUp removes what the document does not want to keep, the newest first, within the
// document's timeout. It never changes how the build ended: what could not be removed is
// left, and the ledger says why.
func (b *build) cleanUp(ctx workflow.Context, err error) {
	if temporal.IsCanceledError(err) && !b.cleansUp(ctx) {
		return
	}
	unwanted := b.unwanted(err)
	if b.doc.Name == "" || b.ledger.last(unwanted) == nil {
		return // without its document a build has asked for nothing, and knows no wish
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	limited, cancel := workflow.WithCancel(ctx)
	limit := b.cleanupLimit()
	workflow.Go(ctx, func(ctx workflow.Context) {
		if workflow.Sleep(ctx, limit) == nil {
			cancel()
		}
	})
	_ = b.step(ctx, StepCleanup, func(s *StepProgress) error { return b.removeAll(limited, s, unwanted) })
}

// cleanupLimit is the document's timeout. Only a history from before there was one has none:
// documents that are read now always do.
func (b *build) cleanupLimit() time.Duration {
	return cmp.Or(time.Duration(b.doc.Timeouts.Cleanup), 2*time.Hour)
}

// removeAll removes the lines that fit, and says with its error that some are left.
func (b *build) removeAll(ctx workflow.Context, s *StepProgress, fits func(*Resource) bool) error {
	tried := map[*Resource]bool{}
	left := 0
	for {
		line := b.ledger.last(func(line *Resource) bool { return fits(line) && !tried[line] })
		if line == nil {
			break
		}
		tried[line] = true
		b.remove(ctx, s, line)
		if line.Kind == KindTask && line.State == ResourceOver {
			b.lookAfter(ctx, s, line, fits)
		}
		if line.Exists() {
			left++
			line.State, line.Reason = ResourceLeft, cmp.Or(line.Reason, "the time to clean up ran out")
		}
	}
	s.Detail = fmt.Sprintf("%d removed", len(tried)-left)
	if left > 0 {
		s.Detail += fmt.Sprintf(", %d left", left)
		return errors.New(s.Detail)
	}
	return nil
}

// lookAfter sees whether an import that was ended left an image, when that is to stay.
func (b *build) lookAfter(ctx workflow.Context, s *StepProgress, task *Resource, unwanted func(*Resource) bool) {
	image := b.ledger.last(func(line *Resource) bool {
		return line.Kind == KindImage && line.Token == task.Token && line.Exists() && !unwanted(line)
	})
	if image == nil {
		return
	}
	var ours *activities.Resources
	var is activities.LookResult
	err := b.call(ctx, s, request{summary: "look for the image of task " + task.ID, activity: ours.Look, in: b.input(image), out: &is})
	switch {
	case err != nil: // the line stays as it was
	case is.ID == "":
		image.State = ResourceRemoved
	default:
		image.ID, image.State = is.ID, ResourceMade
	}
}

// unwanted tells what of the ledger is to go now that the build has ended.
func (b *build) unwanted(err error) func(*Resource) bool {
	return func(line *Resource) bool {
		switch {
		case !line.Exists() || b.named(line):
			return false
		case err == nil:
			return !line.current || b.spent(line)
		case temporal.IsCanceledError(err):
			return b.doc.OnCancel != spec.Keep || line.Kind.Runs()
		}
		return b.doc.OnFailure == spec.Cleanup
	}
}

// named tells whether the document names a resource by its id, or the template that it was
// made for: that of an earlier run is somebody's choice by then, and stays.
func (b *build) named(line *Resource) bool {
	var template string
	if b.doc.Template != nil {
		template = b.doc.Template.ID
	}
	ids := []string{b.doc.Source.ImageID, template}
	for _, c := range b.doc.Components {
		ids = append(ids, c.ID)
	}
	made := b.ledger.last(func(other *Resource) bool { return other.Kind == KindTemplate && other.ID == template })
	return line.ID != "" && slices.Contains(ids, line.ID) ||
		template != "" && made != nil && line.Step.among([]Step{StepImport, StepComponents})
}

// spent tells whether a resource of a build that succeeded is not wanted any more.
func (b *build) spent(line *Resource) bool {
	wish := b.doc.OnSuccess
	switch line.Step.root() {
	case StepImport:
		return wish.ImportedImage == spec.Remove
	case StepComponents:
		return wish.Components == spec.Remove
	case StepTemplate:
		return wish.Template == spec.Remove
	}
	return false
}

// remove removes one resource. What became of it is in its line; a line that is left as
// it was met a cancelled context.
func (b *build) remove(ctx workflow.Context, s *StepProgress, line *Resource) {
	err := b.tryRemove(ctx, s, line)
	if err == nil || temporal.IsCanceledError(err) {
		return
	}
	is := activities.FailureOf(err)
	line.State, line.Reason = ResourceLeft, fmt.Sprintf("%s: %s", is.Code, is.Message)
	workflow.GetLogger(ctx).Warn("Resource left", "kind", line.Kind, "id", line.ID, "code", is.Code)
}

func (b *build) tryRemove(ctx workflow.Context, s *StepProgress, line *Resource) error {
	var ours *activities.Resources
	if line.ID == "" {
		var is activities.LookResult
		err := b.call(ctx, s, request{summary: fmt.Sprintf("look for the %s of step %s", line.Kind, line.Step), activity: ours.Look, in: b.input(line), out: &is})
		if err != nil {
			return err
		}
		switch {
		case is.ID == "", b.ledger.inUse(is.ID): // copies of all executions carry the template's token
			line.State = ResourceRemoved
			return nil
		case line.Kind == KindRegistration && !b.made(line.Of):
			line.State = ResourceLeft
			line.Reason = fmt.Sprintf("registration %s of image %s may be somebody else's", is.ID, line.Of)
			return nil
		}
		line.ID = is.ID
	}
	if run := b.runLeft(line); run != nil {
		line.State, line.Reason = ResourceLeft, fmt.Sprintf("execution %s of it is left, and would go with it", run.ID)
		return nil
	}
	name := fmt.Sprintf("%s %s", line.Kind, line.ID)
	s.Detail = "removing " + name
	b.tellDetails(ctx)
	var done activities.RemoveResult
	err := b.call(ctx, s, request{summary: "remove " + name, activity: ours.Remove, in: b.input(line), out: &done})
	switch {
	case line.Kind == KindTask && done.Gone:
		line.State = ResourceOver
	case line.Kind.Runs() && !temporal.IsCanceledError(err):
		// An execution that is over may have an image, and one that may not be cancelled ends by itself.
		return b.awaitOver(ctx, line, err)
	case err != nil:
		return err
	case done.Gone:
		line.State = ResourceRemoved
	default:
		line.State, line.Reason = ResourceLeft, done.Reason
	}
	return nil
}

// runLeft is an execution of a template that may go on. The cloud deletes executions with
// their template, and nothing would tell which image comes out.
func (b *build) runLeft(template *Resource) *Resource {
	return b.ledger.last(func(line *Resource) bool {
		return line.Kind == KindExecution && line.Of == template.ID && template.Kind == KindTemplate && line.State == ResourceLeft
	})
}

// awaitOver waits until a run that is not wanted any more is over; the image that an
// execution made all the same goes into the ledger, to be removed as well. When the wait
// fails too, the refusal to end the run is the reason.
func (b *build) awaitOver(ctx workflow.Context, run *Resource, refused error) error {
	var ours *activities.Resources
	var over activities.OverResult
	limit := b.cleanupLimit() + time.Minute // the clean-up's own comes first
	waiting := b.waiting(ctx, limit, fmt.Sprintf("wait until %s %s is over", run.Kind, run.ID))
	err := workflow.ExecuteActivity(waiting, ours.AwaitOver, b.input(run)).Get(ctx, &over)
	switch {
	case err != nil && refused != nil:
		return refused
	case err != nil:
		return err
	}
	run.State = ResourceOver
	if image := b.noteImage(run, over.ImageID); image != nil && over.Status == "TEST_FAILED" {
		image.Unfit = testsFailed
	}
	return nil
}
