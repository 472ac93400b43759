package inventory

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// Removal says what became of a request to remove a resource.
type Removal struct {
	Gone   bool   `json:"gone"`             // it is not there any more; a run is over
	Reason string `json:"reason,omitempty"` // why nothing was done
}

// Remove removes a resource of a build, and nothing that is not the build's: one look, and
// one call at most. A run that can be cancelled is; it is over some time after that. (ECS API
// reference, DeleteImage, DeleteImageComponent, DeleteImagePipeline, CancelTask,
// CancelImagePipelineExecution, 2014-05-26; Batch Compute API reference, DeleteImage,
// DELETE /images.)
func (a Account) Remove(ctx context.Context, ref Ref) (Removal, error) {
	is, err := a.See(ctx, ref)
	switch {
	case errors.Is(err, alicloud.ErrNotFound): // lists lag, and the id is from the cloud's own answer
	case err != nil:
		return Removal{}, err
	case !is.Ours:
		return Removal{Reason: ref.String() + " does not carry the tags of this build"}, nil
	case ref.Kind.Runs() && (is.Over || !is.cancellable):
		return Removal{Gone: is.Over, Reason: ref.String() + " is " + is.Status}, nil
	}
	err = a.remove(ctx, ref)
	var refused *alicloud.Error
	switch {
	case err == nil:
		return Removal{Gone: !ref.Kind.Runs()}, nil
	case missing(err):
		return Removal{Gone: true}, nil
	case errors.As(err, &refused) && exists(refused):
		return Removal{Gone: !ref.Kind.Runs(), Reason: refused.Code + ": " + refused.Message}, nil
	}
	return Removal{}, err
}

func (a Account) remove(ctx context.Context, ref Ref) error {
	switch ref.Kind {
	case KindTask:
		return a.ECS.CancelTask(ctx, ref.Region, ref.ID)
	case KindImage:
		return a.ECS.DeleteImage(ctx, ref.Region, ref.ID)
	case KindComponent:
		return a.ECS.DeleteComponent(ctx, ref.Region, ref.ID)
	case KindTemplate:
		return a.ECS.DeletePipeline(ctx, ref.Region, ref.ID)
	case KindExecution:
		return a.ECS.CancelExecution(ctx, ref.Region, ref.ID)
	case KindRegistration:
		return a.Batch.UnregisterImage(ctx, ref.Region, ref.ID)
	}
	return fmt.Errorf("a %s cannot be removed", ref.Kind)
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

// exists tells whether a refusal says that what was asked for is so already.
func exists(refused *alicloud.Error) bool {
	return errcode.Classify(refused.API, refused.Code, refused.HTTPStatus, refused.Message) == errcode.Reconcile
}
