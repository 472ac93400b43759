package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// base is the image that a build starts from, in the words of CreateImagePipeline.
type base struct {
	kind string // IMAGE or IMAGE_FAMILY
	id   string
	name string // of an imported image
}

// importDisks brings in the disks of the document and returns the base image.
func (b *build) importDisks(ctx workflow.Context) (base, error) {
	source := b.doc.Source
	switch {
	case source.ImageFamily != "":
		return base{kind: "IMAGE_FAMILY", id: source.ImageFamily}, nil
	case source.Import == nil:
		return base{kind: "IMAGE", id: source.ImageID}, nil
	}
	imported := base{kind: "IMAGE"}
	err := b.step(ctx, StepImport, func(s *StepProgress) error {
		s.Token = b.token(ctx, StepImport)
		started, err := b.startImport(ctx, s)
		if err != nil {
			return err
		}
		s.ResourceID, b.result.ImportTaskID = started.ImageID, started.TaskID
		s.Detail = "waiting for task " + started.TaskID
		b.tellDetails(ctx)
		imported.name, err = b.awaitImport(ctx, started)
		return err
	})
	imported.id = b.result.ImportedImageID
	return imported, err
}

func (b *build) startImport(ctx workflow.Context, s *StepProgress) (activities.ImportImageResult, error) {
	disk := *b.doc.Source.Import
	disk.Tags = b.own(disk.Tags, s.Token)
	if disk.ImageName == "" {
		disk.ImageName = fmt.Sprintf("%s-import-%s", b.doc.Name, s.Token[:8])
	}
	var ecs *activities.Import // names the methods; the worker holds the real one
	var started activities.ImportImageResult
	in := activities.ImportImageInput{Region: b.doc.Region, Token: s.Token, Import: disk}
	err := workflow.ExecuteActivity(b.calling(ctx, "import "+disk.ImageName), ecs.ImportImage, in).Get(ctx, &started)
	s.Attempts = int(started.Attempt)
	return started, err
}

// awaitImport returns the imported image's name.
func (b *build) awaitImport(ctx workflow.Context, started activities.ImportImageResult) (string, error) {
	var ecs *activities.Import
	var imported activities.AwaitImportResult
	in := activities.AwaitImportInput{Region: b.doc.Region, TaskID: started.TaskID, ImageID: started.ImageID}
	waiting := b.waiting(ctx, b.doc.Timeouts.Import, fmt.Sprintf("wait for import task %s of image %s", started.TaskID, started.ImageID))
	if err := workflow.ExecuteActivity(waiting, ecs.AwaitImport, in).Get(ctx, &imported); err != nil {
		if ctx.Err() != nil {
			b.undo(ctx, "cancel import task "+started.TaskID, ecs.CancelImport,
				activities.CancelImportInput{Region: b.doc.Region, TaskID: started.TaskID})
		}
		return "", err
	}
	b.result.ImportedImageID = started.ImageID
	return imported.ImageName, nil
}

// component is a component that the template can use.
type component struct {
	spec.Component
	id      string
	token   string
	adopted bool
	attempt int32
}

// makeComponents makes or adopts the components of the document, all at once, and
// returns them in the document's order.
func (b *build) makeComponents(ctx workflow.Context) ([]component, error) {
	if len(b.doc.Components) == 0 {
		return nil, nil
	}
	components := make([]component, len(b.doc.Components))
	err := b.step(ctx, StepComponents, func(s *StepProgress) error {
		failures := make([]error, len(components))
		all := workflow.NewWaitGroup(ctx)
		for i, c := range b.doc.Components {
			components[i] = component{Component: c, id: c.ID}
			if c.ID != "" {
				continue
			}
			components[i].token = b.token(ctx, Step(fmt.Sprintf("%s/%d", StepComponents, i)))
			all.Add(1)
			workflow.Go(ctx, func(ctx workflow.Context) {
				defer all.Done()
				failures[i] = b.makeComponent(ctx, &components[i])
			})
		}
		all.Wait(ctx)
		b.noteComponents(s, components)
		for _, err := range failures {
			if err != nil {
				return err
			}
		}
		return nil
	})
	return components, err
}

// makeComponent makes a component, or adopts the one that exists with its name and version.
func (b *build) makeComponent(ctx workflow.Context, c *component) error {
	var ecs *activities.Component
	var made activities.ComponentResult
	want := c.Component
	want.Tags = b.own(want.Tags, c.token)
	title := c.Name + " " + c.Version
	err := workflow.ExecuteActivity(b.calling(ctx, "create component "+title), ecs.CreateComponent,
		activities.CreateComponentInput{Region: b.doc.Region, Token: c.token, Component: want}).Get(ctx, &made)
	if activities.Exists(err) {
		c.adopted = true
		err = workflow.ExecuteActivity(b.calling(ctx, "adopt component "+title), ecs.AdoptComponent,
			activities.AdoptComponentInput{Region: b.doc.Region, Component: c.Component}).Get(ctx, &made)
	}
	c.id, c.attempt = made.ID, made.Attempt
	return err
}

// noteComponents puts what became of the components into the books.
func (b *build) noteComponents(s *StepProgress, components []component) {
	var ids, tokens []string
	adopted := 0
	for _, c := range components {
		if c.id == "" {
			continue
		}
		ids = append(ids, c.id)
		s.Attempts = max(s.Attempts, int(c.attempt))
		if c.token != "" {
			tokens = append(tokens, c.token)
		}
		if c.adopted {
			adopted++
		}
		b.result.Components = append(b.result.Components, ResultComponent{Name: c.Name, Version: c.Version, ID: c.id, Adopted: c.adopted})
	}
	s.ResourceID, s.Token = strings.Join(ids, ","), strings.Join(tokens, ",")
	s.Detail = fmt.Sprintf("%d components", len(ids))
	if adopted > 0 {
		s.Detail += fmt.Sprintf(", %d of them existed", adopted)
	}
}

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
		err := workflow.ExecuteActivity(b.calling(ctx, "create template "+in.Template.Name), ecs.CreateTemplate, in).Get(ctx, &made)
		s.ResourceID, s.Attempts = made.PipelineID, int(made.Attempt)
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
		return b.awaitExecution(ctx, executionID)
	})
	return b.result.ImageID, err
}

func (b *build) startExecution(ctx workflow.Context, s *StepProgress, pipelineID string) (string, error) {
	var ecs *activities.Pipeline
	var started activities.StartExecutionResult
	in := activities.StartExecutionInput{
		Region: b.doc.Region, Token: s.Token, PipelineID: pipelineID, Tags: b.own(b.doc.Execution.Tags, s.Token),
	}
	err := workflow.ExecuteActivity(b.calling(ctx, "start template "+pipelineID), ecs.StartExecution, in).Get(ctx, &started)
	s.Attempts = int(started.Attempt)
	return started.ExecutionID, err
}

func (b *build) awaitExecution(ctx workflow.Context, executionID string) error {
	var ecs *activities.Pipeline
	var built activities.AwaitExecutionResult
	in := activities.AwaitExecutionInput{Region: b.doc.Region, ExecutionID: executionID}
	waiting := b.waiting(ctx, b.doc.Timeouts.Execution, "wait for execution "+executionID)
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

// register makes the golden image known to Batch Compute.
func (b *build) register(ctx workflow.Context, imageID string) error {
	if b.doc.BatchCompute == nil {
		return nil
	}
	return b.step(ctx, StepRegister, func(s *StepProgress) error {
		s.Token = b.token(ctx, StepRegister)
		var batch *activities.Registration
		var registered activities.RegisterImageResult
		in := activities.RegisterImageInput{Region: b.doc.Region, Token: s.Token, ECSImageID: imageID, BatchCompute: *b.doc.BatchCompute}
		err := workflow.ExecuteActivity(b.calling(ctx, "register image "+imageID), batch.RegisterImage, in).Get(ctx, &registered)
		s.ResourceID, s.Attempts = registered.ImageID, int(registered.Attempt)
		b.result.BatchComputeImageID = registered.ImageID
		return err
	})
}
