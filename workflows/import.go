package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
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
		if imported.name, err = b.awaitImport(ctx, started); err != nil {
			return err
		}
		s.Detail = ""
		return nil
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
	err := b.call(ctx, s, request{summary: "import " + disk.ImageName, activity: ecs.ImportImage, in: in, out: &started})
	s.Attempts += int(started.Attempt)
	return started, err
}

// awaitImport returns the imported image's name.
func (b *build) awaitImport(ctx workflow.Context, started activities.ImportImageResult) (string, error) {
	var ecs *activities.Import
	var imported activities.AwaitImportResult
	in := activities.AwaitImportInput{Region: b.doc.Region, TaskID: started.TaskID, ImageID: started.ImageID}
	waiting := b.waiting(ctx, time.Duration(b.doc.Timeouts.Import), fmt.Sprintf("wait for import task %s of image %s", started.TaskID, started.ImageID))
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
