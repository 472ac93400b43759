package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// makeTemplate makes the image template, or returns the id of the one that the document
// names; empty when the build runs no template.
func (b *build) makeTemplate(ctx workflow.Context, base base, components []component) (string, error) {
	switch {
	case b.doc.Template == nil:
		return "", nil
	case b.doc.Template.ID != "":
		b.result.PipelineID = b.doc.Template.ID
		return b.result.PipelineID, nil
	}
	err := b.step(ctx, StepTemplate, func(s *StepProgress) error {
		s.Token = b.token(ctx, StepTemplate)
		in := activities.CreateTemplateInput{
			Region: b.doc.Region, Token: s.Token,
			BaseImageType: base.kind, BaseImage: base.id,
			Template: *b.doc.Template, Image: b.doc.Image,
		}
		in.Template.BuildContent = content(components, "Build", in.Template.BuildContent)
		in.Template.TestContent = content(components, "Test", in.Template.TestContent)
		in.Template.Tags = b.own(in.Template.Tags, s.Token)
		in.Image.Tags = b.own(in.Image.Tags, s.Token)

		var ecs *activities.Pipeline
		var made activities.CreateTemplateResult
		err := b.call(ctx, s, request{summary: "create template " + in.Template.Name, activity: ecs.CreateTemplate, in: in, out: &made})
		s.ResourceID = made.PipelineID
		s.Attempts += int(made.Attempt)
		b.result.PipelineID = made.PipelineID
		return err
	})
	return b.result.PipelineID, err
}

// runTemplate runs the template and returns the golden image; without a template, that
// is the base image.
func (b *build) runTemplate(ctx workflow.Context, pipelineID string, base base) (string, error) {
	if pipelineID == "" {
		b.result.ImageID, b.result.ImageName = base.id, base.name
		return base.id, nil
	}
	err := b.step(ctx, StepExecution, func(s *StepProgress) error {
		s.Token = b.token(ctx, StepExecution)
		executionID, err := b.startExecution(ctx, s, pipelineID)
		if err != nil {
			return err
		}
		s.ResourceID, b.result.ExecutionID = executionID, executionID
		s.Detail = "waiting for execution " + executionID
		b.tellDetails(ctx)
		if err := b.awaitExecution(ctx, executionID); err != nil {
			return err
		}
		s.Detail = ""
		return nil
	})
	return b.result.ImageID, err
}

func (b *build) startExecution(ctx workflow.Context, s *StepProgress, pipelineID string) (string, error) {
	var ecs *activities.Pipeline
	var started activities.StartExecutionResult
	in := activities.StartExecutionInput{
		Region: b.doc.Region, Token: s.Token, PipelineID: pipelineID, Tags: b.own(b.doc.Execution.Tags, s.Token),
	}
	if b.doc.Image.NameSuffix == "disable" {
		in.ImageName = b.doc.Image.Name
	}
	err := b.call(ctx, s, request{
		summary: "start template " + pipelineID, activity: ecs.StartExecution, in: in, out: &started,
		yield: func(ctx workflow.Context, limit time.Duration) (bool, error) {
			return b.awaitTurn(ctx, pipelineID, s.Token, limit)
		},
	})
	s.Attempts += int(started.Attempt)
	return started.ExecutionID, err
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

func (b *build) awaitExecution(ctx workflow.Context, executionID string) error {
	var ecs *activities.Pipeline
	var built activities.AwaitExecutionResult
	in := activities.AwaitExecutionInput{Region: b.doc.Region, ExecutionID: executionID}
	waiting := b.waiting(ctx, time.Duration(b.doc.Timeouts.Execution), "wait for execution "+executionID)
	if err := workflow.ExecuteActivity(waiting, ecs.AwaitExecution, in).Get(ctx, &built); err != nil {
		if ctx.Err() != nil {
			b.undo(ctx, "cancel execution "+executionID, ecs.CancelExecution,
				activities.CancelExecutionInput{Region: b.doc.Region, ExecutionID: executionID})
		}
		return err
	}
	b.result.ImageID, b.result.ImageName = built.ImageID, built.ImageName
	if built.Warning != "" {
		b.result.Warnings = append(b.result.Warnings, built.Warning)
	}
	return nil
}
