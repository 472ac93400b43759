package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// Kind says what a resource is.
type Kind string

// The kinds of resources. Tasks and executions are runs: they are over some day, and
// removing one means to end it.
const (
	KindTask         Kind = "task"         // t-…, of an import
	KindImage        Kind = "image"        // m-…
	KindComponent    Kind = "component"    // ic-…
	KindTemplate     Kind = "template"     // ip-…
	KindExecution    Kind = "execution"    // exec-…
	KindRegistration Kind = "registration" // img-…, of Batch Compute
)

// Runs tells whether a resource is a run.
func (k Kind) Runs() bool { return k == KindTask || k == KindExecution }

// Owner is the part of ECS that shows what there is, and removes it.
type Owner interface {
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
	DeleteImage(ctx context.Context, region, id string) error
	Task(ctx context.Context, region, id string) (alicloud.Task, error)
	ImportTask(ctx context.Context, region, imageID string) (alicloud.Task, error)
	CancelTask(ctx context.Context, region, id string) error
	Components(ctx context.Context, q alicloud.ComponentQuery) ([]alicloud.Component, error)
	DeleteComponent(ctx context.Context, region, id string) error
	Pipelines(ctx context.Context, q alicloud.PipelineQuery) ([]alicloud.Pipeline, error)
	DeletePipeline(ctx context.Context, region, id string) error
	Execution(ctx context.Context, region, id string) (alicloud.Execution, error)
	Executions(ctx context.Context, q alicloud.ExecutionQuery) ([]alicloud.Execution, error)
	CancelExecution(ctx context.Context, region, id string) error
}

// Registrations is the part of Batch Compute that shows registrations, and removes them.
type Registrations interface {
	BatchImages(ctx context.Context, region string) ([]alicloud.BatchImage, error)
	UnregisterImage(ctx context.Context, region, id string) error
}

// Resources looks at what a build made, and removes it.
type Resources struct {
	ECS     Owner
	Batch   Registrations
	Watcher Watcher
}

// ResourceInput names a resource of a build: by its id or, where that is not known, by
// its token and what it is of.
type ResourceInput struct {
	Region  string `json:"region"`
	Kind    Kind   `json:"kind"`
	ID      string `json:"id,omitempty"`
	Of      string `json:"of,omitempty"`    // the template of an execution, the execution of an image, the image of a registration
	Token   string `json:"token,omitempty"` // of the call that asked for it
	BuildID string `json:"buildId"`
}

func (in ResourceInput) String() string { return string(in.Kind) + " " + in.ID }

// owned tells whether tags say that the build made what carries them.
func (in ResourceInput) owned(tags alicloud.Tags) bool {
	return tags[TagBuild] == in.BuildID && tags[TagToken] == in.Token
}

// LookResult is what a look showed. Without an ID there is nothing.
type LookResult struct {
	ID     string `json:"id,omitempty"`
	Status string `json:"status,omitempty"` // the cloud's own word; empty where there is none
	Usable bool   `json:"usable,omitempty"` // a later step can go on with it
}

// Look looks at a resource. One whose id is not known is looked for several times, since
// lists lag.
func (a *Resources) Look(ctx context.Context, in ResourceInput) (LookResult, error) {
	is, err := a.see(ctx, in)
	switch {
	case errors.Is(err, alicloud.ErrNotFound) && in.ID == "" && attempt(ctx) < graceLooks:
		return LookResult{}, notListed("look for "+string(in.Kind), &alicloud.Error{Code: alicloud.CodeNoAnswer,
			Message: "what a call without a clear answer may have made is looked for"}, lostPause)
	case errors.Is(err, alicloud.ErrNotFound):
		return LookResult{}, nil
	case err != nil:
		return LookResult{}, failure(ctx, "look at "+in.String(), err)
	}
	return LookResult{ID: is.id, Status: is.status, Usable: is.usable}, nil
}

// RemoveResult says what became of a request to remove a resource.
type RemoveResult struct {
	Gone   bool   `json:"gone"`             // it is not there any more; a run is over
	Reason string `json:"reason,omitempty"` // why nothing was done
}

// Remove removes a resource of the build, and nothing that is not the build's. A run that
// can be cancelled is; it is over when AwaitOver says so. (ECS API reference, DeleteImage,
// DeleteImageComponent, DeleteImagePipeline, CancelTask, CancelImagePipelineExecution,
// 2014-05-26; Batch Compute API reference, DeleteImage, DELETE /images.)
func (a *Resources) Remove(ctx context.Context, in ResourceInput) (RemoveResult, error) {
	is, err := a.see(ctx, in)
	switch {
	case errors.Is(err, alicloud.ErrNotFound): // lists lag, and the id is from the cloud's own answer
	case err != nil:
		return RemoveResult{}, failure(ctx, "look at "+in.String(), err)
	case !is.ours:
		return RemoveResult{Reason: in.String() + " does not carry the tags of this build"}, nil
	case in.Kind.Runs() && (is.over || !is.cancellable):
		return RemoveResult{Gone: is.over, Reason: in.String() + " is " + is.status}, nil
	}
	err = a.remove(ctx, in)
	var refused *alicloud.Error
	switch {
	case err == nil:
		activity.GetLogger(ctx).Info("Resource removed", "kind", in.Kind, "id", in.ID)
		return RemoveResult{Gone: !in.Kind.Runs()}, nil
	case missing(err):
		return RemoveResult{Gone: true}, nil
	case errors.As(err, &refused) && lookUp(refused).Class == errcode.Reconcile:
		return RemoveResult{Gone: !in.Kind.Runs(), Reason: reason(refused.Code, refused.Message)}, nil
	}
	return RemoveResult{}, failure(ctx, "remove "+in.String(), err)
}

func (a *Resources) remove(ctx context.Context, in ResourceInput) error {
	switch in.Kind {
	case KindTask:
		return a.ECS.CancelTask(ctx, in.Region, in.ID)
	case KindImage:
		return a.ECS.DeleteImage(ctx, in.Region, in.ID)
	case KindComponent:
		return a.ECS.DeleteComponent(ctx, in.Region, in.ID)
	case KindTemplate:
		return a.ECS.DeletePipeline(ctx, in.Region, in.ID)
	case KindExecution:
		return a.ECS.CancelExecution(ctx, in.Region, in.ID)
	case KindRegistration:
		return a.Batch.UnregisterImage(ctx, in.Region, in.ID)
	}
	return fmt.Errorf("a %s cannot be removed", in.Kind)
}

// missing tells whether a call was refused because what it is about does not exist.
func missing(err error) bool {
	var refused *alicloud.Error
	return errors.Is(err, alicloud.ErrNotFound) || errors.As(err, &refused) && slices.Contains(missingCodes, refused.Code)
}

// missingCodes say of the thing itself, not of a parameter, that it does not exist: the
// goal of a removal. Some of them stop a step that needs the thing.
var missingCodes = []string{
	"InvalidTaskId.NotFound", "InvalidImageId.NotFound", "InvalidImageComponent.NotFound", "InvalidImagePipeline.NotFound",
	"InvalidImagePipelineExecution.NotFound", "InvalidImagePipelineExecutionId.NotFound", "InvalidResource.NotFound",
}

// OverResult is how a run ended.
type OverResult struct {
	Status  string `json:"status"`            // empty: it does not exist any more
	ImageID string `json:"imageId,omitempty"` // that an execution made
}

// AwaitOver blocks until a run is over, however it ended.
func (a *Resources) AwaitOver(ctx context.Context, in ResourceInput) (OverResult, error) {
	pulse := startPulse(ctx)
	defer pulse.stop()
	wait := waiting{what: in.String(), pulse: pulse}
	over, err := a.awaitOver(ctx, in, &wait)
	if err != nil && FailureOf(err).Code == Disappeared {
		return OverResult{}, nil
	}
	return over, err
}

func (a *Resources) awaitOver(ctx context.Context, in ResourceInput, wait *waiting) (OverResult, error) {
	if in.Kind == KindTask {
		for task, err := range sightings(ctx, wait, a.Watcher.Task(ctx, in.Region, in.ID)) {
			if err != nil || slices.Contains(endedTasks, task.Status) {
				return OverResult{Status: task.Status}, err
			}
			wait.saw(task.Percent, task.Status, runningTasks...)
		}
		return OverResult{}, handOver(ctx)
	}
	for execution, err := range sightings(ctx, wait, a.Watcher.Execution(ctx, in.Region, in.ID)) {
		if err != nil || slices.Contains(endedStates, execution.Status) {
			return OverResult{Status: execution.Status, ImageID: execution.ImageID}, err
		}
		wait.saw(0, execution.Status, runningStates...)
	}
	return OverResult{}, handOver(ctx)
}
