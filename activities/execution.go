package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// StartExecutionInput asks for a run of a template. Tags are complete.
type StartExecutionInput struct {
	Region     string            `json:"region"`
	Token      string            `json:"token"`
	PipelineID string            `json:"pipelineId"`
	ImageName  string            `json:"imageName,omitempty"` // when the image will have exactly this name
	Tags       map[string]string `json:"tags"`
	Asked      bool              `json:"asked,omitempty"` // an earlier run of the build asked with this token
}

// StartExecutionResult names the run.
type StartExecutionResult struct {
	ExecutionID string `json:"executionId"`
	Adopted     bool   `json:"adopted,omitempty"` // an earlier attempt had started it
	Attempt     int32  `json:"attempt"`
}

// StartExecution runs a template. One execution of a template runs at a time; when that
// is one of another build, the failure waits, and AwaitTurn tells when it is over. (ECS
// API reference, StartImagePipelineExecution, 2014-05-26.)
func (a *Pipeline) StartExecution(ctx context.Context, in StartExecutionInput) (StartExecutionResult, error) {
	id, adopted, err := once(ctx, creation[string]{
		doing: "start template " + in.PipelineID,
		asked: in.Asked,
		call: func() (string, error) {
			return a.ECS.StartExecution(ctx, alicloud.StartExecutionRequest{
				Region: in.Region, ClientToken: in.Token, PipelineID: in.PipelineID, Tags: in.Tags,
			})
		},
		find: func() (string, error) { return a.findExecution(ctx, in) },
	})
	if err != nil {
		return StartExecutionResult{}, err
	}
	activity.GetLogger(ctx).Info("Execution started", "execution_id", id, "adopted", adopted)
	return StartExecutionResult{ExecutionID: id, Adopted: adopted, Attempt: attempt(ctx)}, nil
}

// findExecution looks for the run of the template that carries the token, and for an image
// that has the name of the one to be.
func (a *Pipeline) findExecution(ctx context.Context, in StartExecutionInput) (string, error) {
	runs, err := a.ECS.Executions(ctx, alicloud.ExecutionQuery{
		Region: in.Region, PipelineID: in.PipelineID, Tags: alicloud.Tags{TagToken: in.Token},
	})
	if err != nil {
		return "", err
	}
	switch {
	case len(runs) > 0:
		return runs[0].ID, nil
	case in.ImageName != "":
		return "", imageNamed(ctx, a.ECS, in.Region, in.ImageName)
	}
	return "", alicloud.ErrNotFound
}

// AwaitExecutionInput names a run of a template.
type AwaitExecutionInput struct {
	Region      string `json:"region"`
	ExecutionID string `json:"executionId"`
	// CopyRegions are the other regions to which the template distributes the image, and
	// Token is the one that the copies carry.
	CopyRegions []string `json:"copyRegions,omitempty"`
	Token       string   `json:"token,omitempty"`
}

// AwaitExecutionResult is the image that came out.
type AwaitExecutionResult struct {
	ImageID   string `json:"imageId"`
	ImageName string `json:"imageName"`
	Warning   string `json:"warning,omitempty"` // of a run that succeeded in part
	// Copies are those that were found.
	Copies []ImageCopy `json:"copies,omitempty"`
}

// ImageCopy is a copy of an image in another region.
type ImageCopy struct {
	Region  string `json:"region"`
	ImageID string `json:"imageId"`
}

// AwaitExecution blocks until a run is over and its image can be used. Its failure is
// ImageTestsFailed or PipelineFailed with the cloud's message.
func (a *Pipeline) AwaitExecution(ctx context.Context, in AwaitExecutionInput) (AwaitExecutionResult, error) {
	return await(ctx, a.Room, func(ctx context.Context, pulse *pulse) (AwaitExecutionResult, error) {
		return a.awaitExecution(ctx, in, pulse)
	})
}

func (a *Pipeline) awaitExecution(ctx context.Context, in AwaitExecutionInput, pulse *pulse) (AwaitExecutionResult, error) {
	execution, err := a.awaitEnd(ctx, in, pulse)
	if err != nil {
		return AwaitExecutionResult{}, err
	}
	image, err := awaitImage(ctx, a.Watcher, in.Region, execution.ImageID, PipelineFailed, pulse)
	if err != nil {
		return AwaitExecutionResult{}, err
	}
	result := AwaitExecutionResult{ImageID: image.ID, ImageName: image.Name}
	if execution.Status == "PARTITION_SUCCESS" {
		result.Warning = fmt.Sprintf("execution %s succeeded in part: %s", in.ExecutionID, executionReason(execution))
	}
	result.Copies, err = a.copies(ctx, in, image.Name)
	return result, err
}

// copies finds the copies of the image by the tag that they carry, as the images of other
// executions of the template do, and by its name (A045). Where that may not be looked up,
// nothing is found.
func (a *Pipeline) copies(ctx context.Context, in AwaitExecutionInput, name string) ([]ImageCopy, error) {
	var copies []ImageCopy
	for _, region := range in.CopyRegions {
		found, err := a.ECS.Images(ctx, alicloud.ImageQuery{Region: region, Name: name, Tags: alicloud.Tags{TagToken: in.Token}})
		if err != nil && !stops(err) {
			return nil, failure(ctx, "look for the copy in "+region, err)
		}
		for _, image := range found {
			copies = append(copies, ImageCopy{Region: region, ImageID: image.ID})
		}
	}
	return copies, nil
}

func (a *Pipeline) awaitEnd(ctx context.Context, in AwaitExecutionInput, pulse *pulse) (alicloud.Execution, error) {
	wait := waiting{what: "execution " + in.ExecutionID, pulse: pulse}
	for execution, err := range sightings(ctx, &wait, a.Watcher.Execution(ctx, in.Region, in.ExecutionID)) {
		if err != nil {
			return alicloud.Execution{}, err
		}
		switch execution.Status {
		case "SUCCESS", "PARTITION_SUCCESS":
			return execution, imageOf(execution)
		case "TEST_FAILED":
			return execution, endedWith(execution.ImageID, ImageTestsFailed,
				fmt.Sprintf("execution %s made image %s, but its tests failed: %s", in.ExecutionID, execution.ImageID, executionReason(execution)),
				"Correct the image or the test components, then build again.")
		case "FAILED", "CANCELLED":
			return execution, endedWith(execution.ImageID, PipelineFailed,
				fmt.Sprintf("execution %s is %s: %s", in.ExecutionID, execution.Status, executionReason(execution)),
				"Correct what the message names in components or template, then build again.")
		}
		wait.saw(0, execution.Status, runningStates...)
	}
	return alicloud.Execution{}, handOver(ctx)
}

// imageOf is the failure of a run that claims success without an image.
func imageOf(execution alicloud.Execution) error {
	if execution.ImageID != "" {
		return nil
	}
	return Ended(PipelineFailed, fmt.Sprintf("execution %s is %s but names no image", execution.ID, execution.Status),
		"Look at the execution in the ECS console.")
}

func executionReason(execution alicloud.Execution) string {
	message := execution.Message
	if message == "" {
		message = execution.ErrorInfo
	}
	return reason(execution.ErrorCode, message)
}

// CancelExecutionInput names a run that is no longer wanted.
type CancelExecutionInput struct {
	Region      string `json:"region"`
	ExecutionID string `json:"executionId"`
}

// CancelExecution cancels a run (ECS CancelImagePipelineExecution). The cloud cancels in
// PREPARING, REPAIRING and BUILDING only; that it is too late is no failure: the result
// says so.
func (a *Pipeline) CancelExecution(ctx context.Context, in CancelExecutionInput) (CancelResult, error) {
	return cancelled(ctx, "cancel execution "+in.ExecutionID, a.ECS.CancelExecution(ctx, in.Region, in.ExecutionID))
}
