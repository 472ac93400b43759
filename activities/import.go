package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Importer is the part of ECS that brings in disk images.
type Importer interface {
	ImportImage(ctx context.Context, req alicloud.ImportImageRequest) (alicloud.ImportImageResponse, error)
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
	ImportTask(ctx context.Context, region, imageID string) (alicloud.Task, error)
	CancelTask(ctx context.Context, region, id string) error
}

// Import brings disk files from OSS into a custom image.
type Import struct {
	ECS     Importer
	Watcher Watcher
	Room    *WaitingRoom // nil: waits block in their activity
}

// ImportImageInput asks for an import. ImageName and Tags in Import are complete.
type ImportImageInput struct {
	Region string      `json:"region"`
	Token  string      `json:"token"`
	Import spec.Import `json:"import"`
	Asked  bool        `json:"asked,omitempty"` // an earlier run of the build asked with this token
}

// ImportImageResult names the image to be and the task that makes it.
type ImportImageResult struct {
	ImageID string `json:"imageId"`
	TaskID  string `json:"taskId"`
	Adopted bool   `json:"adopted,omitempty"` // an earlier attempt had made it
	Attempt int32  `json:"attempt"`
}

// ImportImage asks ECS to copy disk files from OSS into a custom image and returns once
// ECS accepts; AwaitImport follows the copy. A repeat with the same Token returns the
// first call's ids. (ECS API reference, ImportImage, 2014-05-26.)
func (a *Import) ImportImage(ctx context.Context, in ImportImageInput) (ImportImageResult, error) {
	res, adopted, err := once(ctx, creation[alicloud.ImportImageResponse]{
		doing: "import image " + in.Import.ImageName,
		asked: in.Asked,
		call:  func() (alicloud.ImportImageResponse, error) { return a.ECS.ImportImage(ctx, importRequest(in)) },
		find:  func() (alicloud.ImportImageResponse, error) { return a.find(ctx, in) },
		never: func() (why, advice string) { return a.never(ctx, in) },
	})
	if err != nil {
		return ImportImageResult{}, err
	}
	activity.GetLogger(ctx).Info("Import accepted", "image_id", res.ImageID, "task_id", res.TaskID, "request_id", res.RequestID, "adopted", adopted)
	return ImportImageResult{ImageID: res.ImageID, TaskID: res.TaskID, Adopted: adopted, Attempt: attempt(ctx)}, nil
}

// find looks for the image that carries the token, and for one that has its name.
func (a *Import) find(ctx context.Context, in ImportImageInput) (alicloud.ImportImageResponse, error) {
	images, err := a.ECS.Images(ctx, alicloud.ImageQuery{Region: in.Region, Tags: alicloud.Tags{TagToken: in.Token}})
	if err != nil {
		return alicloud.ImportImageResponse{}, err
	}
	if len(images) == 0 {
		return alicloud.ImportImageResponse{}, imageNamed(ctx, a.ECS, in.Region, in.Import.ImageName)
	}
	task, err := a.ECS.ImportTask(ctx, in.Region, images[0].ID)
	return alicloud.ImportImageResponse{ImageID: images[0].ID, TaskID: task.ID}, err
}

// never looks at the image that has the name. (ECS API reference, ImportImage, older
// edition: IncorrectImageStatus. A034.)
func (a *Import) never(ctx context.Context, in ImportImageInput) (why, advice string) {
	why = stuck(ctx, a.ECS, alicloud.ImageQuery{Region: in.Region, Name: in.Import.ImageName}, "CreateFailed", "UnAvailable")
	return why, "Delete the image that has the name, or choose another source.import.imageName, then build again."
}

func importRequest(in ImportImageInput) alicloud.ImportImageRequest {
	disks := make([]alicloud.Disk, len(in.Import.Disks))
	for i, d := range in.Import.Disks {
		disks[i] = alicloud.Disk(d)
	}
	return alicloud.ImportImageRequest{
		Region:             in.Region,
		ClientToken:        in.Token,
		ImageName:          in.Import.ImageName,
		Description:        in.Import.Description,
		Architecture:       in.Import.Architecture,
		OSType:             in.Import.OSType,
		Platform:           in.Import.Platform,
		BootMode:           in.Import.BootMode,
		LicenseType:        in.Import.LicenseType,
		RoleName:           in.Import.RoleName,
		DetectionStrategy:  in.Import.DetectionStrategy,
		StorageLocationARN: in.Import.StorageLocationARN,
		ResourceGroupID:    in.Import.ResourceGroupID,
		NVMeSupport:        in.Import.Features.NVMeSupport,
		IMDSSupport:        in.Import.Features.IMDSSupport,
		Disks:              disks,
		Tags:               in.Import.Tags,
	}
}

// AwaitImportInput names an accepted import.
type AwaitImportInput struct {
	Region  string `json:"region"`
	TaskID  string `json:"taskId"`
	ImageID string `json:"imageId"`
}

// AwaitImportResult is the imported image.
type AwaitImportResult struct {
	ImageName string `json:"imageName"`
}

// AwaitImport blocks until the task has finished and the image can be used. Its failure
// is ImportFailed with the reason that DescribeTaskAttribute gives.
func (a *Import) AwaitImport(ctx context.Context, in AwaitImportInput) (AwaitImportResult, error) {
	return await(ctx, a.Room, func(ctx context.Context, pulse *pulse) (AwaitImportResult, error) {
		if err := a.awaitTask(ctx, in, pulse); err != nil {
			return AwaitImportResult{}, err
		}
		image, err := awaitImage(ctx, a.Watcher, in.Region, in.ImageID, ImportFailed, pulse)
		return AwaitImportResult{ImageName: image.Name}, err
	})
}

// runningTasks are the states in which an import task runs. (ECS API reference,
// DescribeTasks, 2014-05-26, with older words for the same.)
var runningTasks = []string{"Waiting", "Pending", "Paused", "Processing"}

func (a *Import) awaitTask(ctx context.Context, in AwaitImportInput, pulse *pulse) error {
	wait := waiting{what: "task " + in.TaskID, pulse: pulse}
	for task, err := range sightings(ctx, &wait, a.Watcher.Task(ctx, in.Region, in.TaskID, in.ImageID)) {
		if err != nil {
			return err
		}
		switch task.Status {
		case "Finished":
			return nil
		case "Failed":
			return Ended(ImportFailed, fmt.Sprintf("import task %s failed: %s", in.TaskID, reason(task.ErrorCode, task.ErrorMessage)),
				"Correct what the reason names (the disk file, its format or the import role) and build again.")
		case "Deleted", "Cancelled", "Canceled":
			return Ended(ImportFailed, fmt.Sprintf("import task %s was cancelled", in.TaskID), "Find out who cancelled it, then build again.")
		}
		wait.saw(task.Percent, task.Status, runningTasks...)
	}
	return handOver(ctx)
}

// CancelImportInput names an import that is no longer wanted.
type CancelImportInput struct {
	Region string `json:"region"`
	TaskID string `json:"taskId"`
}

// CancelImport cancels the task of an import (ECS CancelTask). A task that is over is no
// failure: the result says so.
func (a *Import) CancelImport(ctx context.Context, in CancelImportInput) (CancelResult, error) {
	return cancelled(ctx, "cancel task "+in.TaskID, a.ECS.CancelTask(ctx, in.Region, in.TaskID))
}
