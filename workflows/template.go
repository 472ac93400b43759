package workflows

import (
	"errors"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// makeTemplate makes the components and the image template, or returns the id of the one
// that the document names; empty when the build runs no template.
func (b *build) makeTemplate(ctx workflow.Context, base base) (id string, err error) {
	switch {
	case b.doc.Template == nil:
		return "", nil
	case b.doc.Template.ID != "":
		b.result.PipelineID = b.doc.Template.ID
		return b.result.PipelineID, nil
	}
	for range 3 {
		components, err := b.makeComponents(ctx)
		if err != nil {
			return "", err
		}
		id, err = b.createTemplateOf(ctx, base, components)
		if err == nil || !b.lostComponents(err) {
			return id, err
		}
	}
	return id, err
}

// lostComponents tells whether a template could not be made because a component that
// the build had found is gone: the build that made it may have cleaned up meanwhile.
func (b *build) lostComponents(err error) bool {
	var refused *temporal.ApplicationError
	if !errors.As(err, &refused) || refused.Type() != "ImageComponent.NotFound" {
		return false
	}
	lost := false
	for _, line := range b.ledger.lines {
		if line.Kind == KindComponent && line.State == ResourceAdopted {
			lost, line.State, line.current = true, ResourceRemoved, false
		}
	}
	return lost
}

func (b *build) createTemplateOf(ctx workflow.Context, base base, components []component) (string, error) {
	err := b.step(ctx, StepTemplate, func(s *StepProgress) error {
		in := activities.CreateTemplateInput{
			Region: b.doc.Region, BaseImageType: base.kind, BaseImage: base.id,
			Template: *b.doc.Template, Image: b.doc.Image,
		}
		in.Template.BuildContent = content(components, "Build", in.Template.BuildContent)
		in.Template.TestContent = content(components, "Test", in.Template.TestContent)
		want := Resource{Step: StepTemplate, Kind: KindTemplate, Name: in.Template.Name, Inputs: digest(in)}
		line, err := b.acquire(ctx, s, want, func(line *Resource, asked bool) error {
			in.Asked = asked
			return b.createTemplate(ctx, s, line, in)
		})
		if err != nil {
			return err
		}
		s.ResourceID, s.Token, b.result.PipelineID = line.ID, line.Token, line.ID
		return nil
	})
	return b.result.PipelineID, err
}

func (b *build) createTemplate(ctx workflow.Context, s *StepProgress, line *Resource, in activities.CreateTemplateInput) error {
	s.Token, in.Token = line.Token, line.Token
	in.Template.Tags = b.own(in.Template.Tags, line.Token)
	in.Image.Tags = b.own(in.Image.Tags, line.Token)
	var ecs *activities.Pipeline
	var made activities.CreateTemplateResult
	err := b.call(ctx, s, request{summary: "create template " + in.Template.Name, activity: ecs.CreateTemplate, in: in, out: &made})
	line.ID = made.PipelineID
	s.Attempts += int(made.Attempt)
	return err
}

// runTemplate runs the template and returns the golden image; without a template, that
// is the base image.
func (b *build) runTemplate(ctx workflow.Context, pipelineID string, base base) (string, error) {
	if pipelineID == "" {
		b.result.ImageID, b.result.ImageName = base.id, base.name
		return base.id, nil
	}
	err := b.step(ctx, StepExecution, func(s *StepProgress) error {
		return b.anew(s, activities.PipelineFailed, b.doc.Retries.Execution, func() error {
			return b.buildImage(ctx, s, pipelineID)
		})
	})
	return b.result.ImageID, err
}

// buildImage runs the template once, unless an earlier run of the build has the image.
func (b *build) buildImage(ctx workflow.Context, s *StepProgress, pipelineID string) error {
	inputs := digest(b.doc.Region, pipelineID, b.doc.Execution.Tags, b.exactName())
	image, err := b.reuse(ctx, s, Resource{Step: StepExecution, Kind: KindImage, Inputs: inputs})
	if err != nil {
		return err
	}
	if image != nil {
		s.ResourceID, s.Token = image.Of, image.Token
		b.result.ExecutionID, b.result.ImageID, b.result.ImageName = image.Of, image.ID, image.Name
		b.reuseCopies(image)
		return nil
	}
	want := Resource{Step: StepExecution, Kind: KindExecution, Of: pipelineID, Inputs: inputs}
	execution, err := b.acquire(ctx, s, want, func(line *Resource, asked bool) error {
		return b.startExecution(ctx, s, line, asked)
	})
	if err != nil {
		return err
	}
	s.ResourceID, s.Token, b.result.ExecutionID = execution.ID, execution.Token, execution.ID
	s.Detail = "waiting for execution " + execution.ID
	b.tellDetails(ctx)
	if err := b.awaitExecution(ctx, execution); err != nil {
		return err
	}
	s.Detail = ""
	return nil
}

// exactName is the name of the image to be, when the document wants exactly that.
func (b *build) exactName() string {
	if b.doc.Image.NameSuffix == "disable" {
		return b.doc.Image.Name
	}
	return ""
}

func (b *build) startExecution(ctx workflow.Context, s *StepProgress, line *Resource, asked bool) error {
	s.Token = line.Token
	var ecs *activities.Pipeline
	var started activities.StartExecutionResult
	in := activities.StartExecutionInput{
		Region: b.doc.Region, Token: line.Token, PipelineID: line.Of, ImageName: b.exactName(),
		Tags: b.own(b.doc.Execution.Tags, line.Token), Asked: asked,
	}
	err := b.call(ctx, s, request{
		summary: "start template " + line.Of, activity: ecs.StartExecution, in: in, out: &started,
		yield: func(ctx workflow.Context, limit time.Duration) (bool, error) {
			return b.awaitTurn(ctx, line.Of, line.Token, limit)
		},
	})
	line.ID = started.ExecutionID
	s.Attempts += int(started.Attempt)
	return err
}

// awaitTurn waits until no execution of the template runs: builds that share a template
// take turns.
func (b *build) awaitTurn(ctx workflow.Context, pipelineID, token string, limit time.Duration) (waited bool, err error) {
	var ecs *activities.Pipeline
	var turn activities.AwaitTurnResult
	in := activities.AwaitTurnInput{Region: b.doc.Region, PipelineID: pipelineID, Token: token}
	waiting := b.waiting(ctx, limit, "wait until template "+pipelineID+" is free")
	err = workflow.ExecuteActivity(waiting, ecs.AwaitTurn, in).Get(ctx, &turn)
	return turn.Waited, err
}

func (b *build) awaitExecution(ctx workflow.Context, execution *Resource) error {
	var ecs *activities.Pipeline
	var built activities.AwaitExecutionResult
	in := activities.AwaitExecutionInput{Region: b.doc.Region, ExecutionID: execution.ID, CopyRegions: b.copyRegions(), Token: b.imageToken(execution)}
	waiting := b.waiting(ctx, time.Duration(b.doc.Timeouts.Execution), "wait for execution "+execution.ID)
	err := workflow.ExecuteActivity(waiting, ecs.AwaitExecution, in).Get(ctx, &built)
	if err != nil {
		b.noteFailedExecution(ctx, execution, err)
		return err
	}
	execution.State = ResourceOver
	b.noteImage(execution, built.ImageID, built.Copies...).Name = built.ImageName
	b.result.ImageID, b.result.ImageName = built.ImageID, built.ImageName
	if built.Warning != "" {
		b.result.Warnings = append(b.result.Warnings, built.Warning)
	}
	return nil
}

// copyRegions are the other regions to which the template of the document distributes
// the image. Those of an existing template are not known.
func (b *build) copyRegions() []string {
	if b.doc.Template == nil || b.doc.Template.ID != "" {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(b.doc.Template.ToRegionIDs), func(region string) bool { return region == b.doc.Region })
}

// imageToken is the token that the images of an execution carry: the template's, which
// puts its tags on them.
func (b *build) imageToken(execution *Resource) string {
	if template := b.ledger.latest(StepTemplate, KindTemplate); template != nil {
		return template.Token
	}
	return execution.Token
}

// noteImage writes down the image that an execution made, once, with its copies. A copy
// that was not found may still come.
func (b *build) noteImage(execution *Resource, id string, copies ...activities.ImageCopy) *Resource {
	if id == "" {
		return nil
	}
	line := b.ledger.last(func(line *Resource) bool { return line.Kind == KindImage && line.ID == id })
	if line != nil {
		return line
	}
	made := Resource{
		Step: execution.Step, Kind: KindImage, Region: execution.Region, ID: id, Of: execution.ID, State: ResourceMade,
		Token: b.imageToken(execution), Epoch: execution.Epoch, Inputs: execution.Inputs, current: execution.current,
	}
	for _, region := range b.copyRegions() {
		line := made
		line.Region, line.ID, line.State = region, "", ResourceAsked
		for _, copied := range copies {
			if copied.Region == region {
				line.ID, line.State = copied.ImageID, ResourceMade
				b.result.Copies = append(b.result.Copies, ResultCopy(copied))
			}
		}
		b.ledger.add(line)
	}
	return b.ledger.add(made)
}

// reuseCopies takes the copies of an image over with it.
func (b *build) reuseCopies(image *Resource) {
	for _, line := range b.ledger.lines {
		if line.Kind != KindImage || line.Of != image.Of || line == image || !line.Exists() {
			continue
		}
		line.current = true
		if line.ID != "" {
			b.result.Copies = append(b.result.Copies, ResultCopy{Region: line.Region, ImageID: line.ID})
		}
	}
}

// noteFailedExecution writes down what is known of an execution after its wait has failed.
func (b *build) noteFailedExecution(ctx workflow.Context, execution *Resource, err error) {
	if ctx.Err() != nil {
		if !b.cleansUp(ctx) {
			var ecs *activities.Pipeline
			b.undo(ctx, "cancel execution "+execution.ID, ecs.CancelExecution,
				activities.CancelExecutionInput{Region: b.doc.Region, ExecutionID: execution.ID})
		}
		return
	}
	is := activities.FailureOf(err)
	if is.Code == activities.PipelineFailed || is.Code == activities.ImageTestsFailed {
		execution.State = ResourceOver
	}
	if image := b.noteImage(execution, is.ImageID); image != nil && is.Code == activities.ImageTestsFailed {
		image.Unfit = testsFailed
	}
}

// testsFailed is why an image is no golden image though it is there.
const testsFailed = "its tests failed"
