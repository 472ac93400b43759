package activities

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Importer is the part of ECS that brings in disk images.
type Importer interface {
	ImportImage(ctx context.Context, req alicloud.ImportImageRequest) (alicloud.ImportImageResponse, error)
	CancelTask(ctx context.Context, region, id string) error
}

// Import brings disk files from OSS into a custom image.
type Import struct {
	ECS     Importer
	Watcher Watcher
}

// ImportImageInput asks for an import. ImageName and Tags in Import are complete.
type ImportImageInput struct {
	Region string      `json:"region"`
	Token  string      `json:"token"`
	Import spec.Import `json:"import"`
}

// ImportImageResult names the image to be and the task that makes it.
type ImportImageResult struct {
	ImageID string `json:"imageId"`
	TaskID  string `json:"taskId"`
	Attempt int32  `json:"attempt"`
}

// ImportImage asks ECS to copy disk files from OSS into a custom image and returns once
// ECS accepts; AwaitImport follows the copy. A repeat with the same Token returns the
// first call's ids. (ECS API reference, ImportImage, 2014-05-26.)
func (a *Import) ImportImage(ctx context.Context, in ImportImageInput) (ImportImageResult, error) {
	res, err := a.ECS.ImportImage(ctx, importRequest(in))
	if err != nil {
		return ImportImageResult{}, failure("import image "+in.Import.ImageName, err)
	}
	activity.GetLogger(ctx).Info("Import accepted", "image_id", res.ImageID, "task_id", res.TaskID, "request_id", res.RequestID)
	return ImportImageResult{ImageID: res.ImageID, TaskID: res.TaskID, Attempt: attempt(ctx)}, nil
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
	Attempt   int32  `json:"attempt"`
}

// AwaitImport blocks until the task has finished and the image can be used. Its failure
// is ImportFailed with the reason that DescribeTaskAttribute gives.
func (a *Import) AwaitImport(ctx context.Context, in AwaitImportInput) (AwaitImportResult, error) {
	pulse := startPulse(ctx)
	defer pulse.stop()
	if err := a.awaitTask(ctx, in, pulse); err != nil {
		return AwaitImportResult{}, err
	}
	image, err := awaitImage(ctx, a.Watcher, in.Region, in.ImageID, ImportFailed, pulse)
	return AwaitImportResult{ImageName: image.Name, Attempt: attempt(ctx)}, err
}

func (a *Import) awaitTask(ctx context.Context, in AwaitImportInput, pulse *pulse) error {
	wait := waiting{what: "task " + in.TaskID, pulse: pulse}
	for task, err := range a.Watcher.Task(ctx, in.Region, in.TaskID) {
		if err != nil {
			if err := wait.missed(err); err != nil {
				return err
			}
			continue
		}
		switch task.Status {
		case "Finished":
			return nil
		case "Failed":
			return Ended(ImportFailed, fmt.Sprintf("import task %s failed: %s", in.TaskID, reason(task.ErrorCode, task.ErrorMessage)),
				"correct what the reason names (the disk file, its format or the import role) and build again")
		case "Deleted", "Cancelled", "Canceled":
			return Ended(ImportFailed, fmt.Sprintf("import task %s was cancelled outside this build", in.TaskID), "build again")
		}
		wait.saw(task.Percent, task.Status, "Waiting", "Pending", "Paused", "Processing")
	}
	return handOver(ctx)
}

// awaitImage blocks until an image is Available and returns it.
func awaitImage(ctx context.Context, watcher Watcher, region, id, failed string, pulse *pulse) (alicloud.Image, error) {
	wait := waiting{what: "image " + id, pulse: pulse}
	for image, err := range watcher.Image(ctx, region, id) {
		if err != nil {
			if err := wait.missed(err); err != nil {
				return alicloud.Image{}, err
			}
			continue
		}
		switch image.Status {
		case "Available":
			return image, nil
		case "CreateFailed", "UnAvailable", "Deprecated":
			return alicloud.Image{}, Ended(failed, fmt.Sprintf("image %s is %s", id, image.Status),
				"look at the image in the ECS console, then build again")
		}
		wait.saw(image.Percent, image.Status, "Waiting", "Creating")
	}
	return alicloud.Image{}, handOver(ctx)
}

// CancelImportInput names an import that is no longer wanted.
type CancelImportInput struct {
	Region string `json:"region"`
	TaskID string `json:"taskId"`
}

// CancelResult says what became of a request to cancel.
type CancelResult struct {
	Cancelled bool   `json:"cancelled"`
	Reason    string `json:"reason,omitempty"` // the cloud's, when it would not
}

// CancelImport cancels the task of an import (ECS CancelTask). A task that is over is no
// failure: the result says so.
func (a *Import) CancelImport(ctx context.Context, in CancelImportInput) (CancelResult, error) {
	return cancelled("cancel task "+in.TaskID, a.ECS.CancelTask(ctx, in.Region, in.TaskID))
}

// cancelled makes a result of a cancel call: a refusal that says "too late" is an answer.
func cancelled(doing string, err error) (CancelResult, error) {
	var refused *alicloud.Error
	if err == nil {
		return CancelResult{Cancelled: true}, nil
	}
	if errors.As(err, &refused) && lookUp(refused).Class == errcode.Reconcile {
		return CancelResult{Reason: refused.Code + ": " + refused.Message}, nil
	}
	return CancelResult{}, failure(doing, err)
}

// attempt is the number of this attempt, from 1.
func attempt(ctx context.Context) int32 { return activity.GetInfo(ctx).Attempt }

func reason(code, message string) string {
	switch {
	case code == "" && message == "":
		return "the cloud gives no reason"
	case code == "":
		return message
	}
	return code + ": " + message
}
