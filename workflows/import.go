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
		return b.anew(s, activities.ImportFailed, b.doc.Retries.Import, func() error {
			var err error
			imported.name, err = b.importDisk(ctx, s)
			return err
		})
	})
	imported.id = b.result.ImportedImageID
	return imported, err
}

// importDisk imports the disks into an image and returns its name, which is not told of an
// image that an earlier run imported.
func (b *build) importDisk(ctx workflow.Context, s *StepProgress) (name string, err error) {
	var task *Resource
	want := Resource{Step: StepImport, Kind: KindImage, Inputs: digest(b.doc.Region, b.doc.Source.Import)}
	image, err := b.acquire(ctx, s, want, func(image *Resource, asked bool) error {
		task, _ = b.ledger.ask(Resource{Step: StepImport, Kind: KindTask, Region: image.Region, Inputs: image.Inputs})
		task.Token = image.Token
		return b.startImport(ctx, s, image, task, asked)
	})
	if err != nil {
		return "", err
	}
	task = b.ledger.latest(StepImport, KindTask)
	s.ResourceID, s.Token, b.result.ImportTaskID = image.ID, image.Token, task.ID
	task.current = true
	if task.State != ResourceOver {
		s.Detail = "waiting for task " + task.ID
		b.tellDetails(ctx)
		if image.Name, err = b.awaitImport(ctx, task); err != nil {
			return "", err
		}
		s.Detail = ""
	}
	b.result.ImportedImageID = image.ID
	return image.Name, nil
}

func (b *build) startImport(ctx workflow.Context, s *StepProgress, image, task *Resource, asked bool) error {
	s.Token = image.Token
	disk := *b.doc.Source.Import
	disk.Tags = b.own(disk.Tags, image.Token)
	if disk.ImageName == "" {
		disk.ImageName = fmt.Sprintf("%s-import-%s", b.doc.Name, image.Token[:8])
	}
	image.Name = disk.ImageName
	var ecs *activities.Import // names the methods; the worker holds the real one
	var started activities.ImportImageResult
	in := activities.ImportImageInput{Region: b.doc.Region, Token: image.Token, Import: disk, Asked: asked}
	err := b.call(ctx, s, request{summary: "import " + disk.ImageName, activity: ecs.ImportImage, in: in, out: &started})
	s.Attempts += int(started.Attempt)
	switch {
	case err == nil:
		image.ID, task.ID, task.Of, task.State = started.ImageID, started.TaskID, started.ImageID, ResourceMade
	case !uncertain(err):
		task.State = ResourceRefused
	}
	return err
}

// awaitImport returns the imported image's name.
func (b *build) awaitImport(ctx workflow.Context, task *Resource) (string, error) {
	var ecs *activities.Import
	var imported activities.AwaitImportResult
	in := activities.AwaitImportInput{Region: b.doc.Region, TaskID: task.ID, ImageID: task.Of}
	waiting := b.waiting(ctx, time.Duration(b.doc.Timeouts.Import), fmt.Sprintf("wait for import task %s of image %s", task.ID, task.Of))
	err := workflow.ExecuteActivity(waiting, ecs.AwaitImport, in).Get(ctx, &imported)
	switch {
	case err == nil || activities.FailureOf(err).Code == activities.ImportFailed:
		task.State = ResourceOver
	case ctx.Err() != nil && !b.cleansUp(ctx):
		b.undo(ctx, "cancel import task "+task.ID, ecs.CancelImport,
			activities.CancelImportInput{Region: b.doc.Region, TaskID: task.ID})
	}
	return imported.ImageName, err
}
