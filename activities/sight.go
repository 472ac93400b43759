package activities

import (
	"context"
	"errors"
	"slices"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// sight is a resource as the cloud shows it.
type sight struct {
	id, status  string
	ours        bool // it is the build's
	usable      bool
	over        bool // a run that has ended
	cancellable bool // a run that the cloud cancels in this state
}

// cancellableStates are those in which the cloud cancels an execution. (ECS API
// reference, CancelImagePipelineExecution, 2014-05-26.)
var cancellableStates = []string{"PREPARING", "REPAIRING", "BUILDING"}

// see looks at a resource once. Nothing there is ErrNotFound.
func (a *Resources) see(ctx context.Context, in ResourceInput) (sight, error) {
	switch in.Kind {
	case KindTask:
		return a.seeTask(ctx, in)
	case KindImage:
		return a.seeImage(ctx, in)
	case KindComponent:
		found, err := a.ECS.Components(ctx, alicloud.ComponentQuery{Region: in.Region, IDs: ids(in), Tags: tokenTag(in)})
		return first(found, err, func(c alicloud.Component) sight {
			return sight{id: c.ID, ours: in.owned(c.Tags), usable: true}
		})
	case KindTemplate:
		found, err := a.ECS.Pipelines(ctx, alicloud.PipelineQuery{Region: in.Region, IDs: ids(in), Tags: tokenTag(in)})
		return first(found, err, func(p alicloud.Pipeline) sight {
			return sight{id: p.ID, ours: in.owned(p.Tags), usable: true}
		})
	case KindExecution:
		return a.seeExecution(ctx, in)
	case KindRegistration:
		return a.seeRegistration(ctx, in)
	}
	return sight{}, alicloud.ErrNotFound
}

// ids and tokenTag are the two ways to name a resource to a list.
func ids(in ResourceInput) []string {
	if in.ID == "" {
		return nil
	}
	return []string{in.ID}
}

func tokenTag(in ResourceInput) alicloud.Tags {
	if in.ID != "" {
		return nil
	}
	return alicloud.Tags{TagToken: in.Token}
}

func first[T any](found []T, err error, show func(T) sight) (sight, error) {
	if err == nil && len(found) == 0 {
		err = alicloud.ErrNotFound
	}
	if err != nil {
		return sight{}, err
	}
	return show(found[0]), nil
}

// seeTask finds an import task by its id or by way of the image, which has the tags. The
// task of an image that is not shown is the build's by its id.
func (a *Resources) seeTask(ctx context.Context, in ResourceInput) (sight, error) {
	images, err := a.ECS.Images(ctx, alicloud.ImageQuery{Region: in.Region, Tags: alicloud.Tags{TagToken: in.Token}})
	if err != nil {
		return sight{}, err
	}
	var task alicloud.Task
	switch {
	case in.ID != "":
		task, err = a.ECS.Task(ctx, in.Region, in.ID)
	case len(images) > 0:
		task, err = a.ECS.ImportTask(ctx, in.Region, images[0].ID)
	default:
		err = alicloud.ErrNotFound
	}
	if err != nil {
		return sight{}, err
	}
	over := slices.Contains(endedTasks, task.Status)
	return sight{id: task.ID, status: task.Status, over: over, cancellable: !over,
		ours: len(images) == 0 || in.owned(images[0].Tags)}, nil
}

// seeImage finds an image. One that an existing template made carries the template's own
// tags: it is the build's when the build's execution names it.
func (a *Resources) seeImage(ctx context.Context, in ResourceInput) (sight, error) {
	found, err := a.ECS.Images(ctx, alicloud.ImageQuery{Region: in.Region, ID: in.ID, Tags: tokenTag(in)})
	is, err := first(found, err, func(i alicloud.Image) sight {
		return sight{id: i.ID, status: i.Status, ours: in.owned(i.Tags), usable: i.Status == "Available"}
	})
	if err != nil || is.ours || in.Of == "" {
		return is, err
	}
	execution, err := a.ECS.Execution(ctx, in.Region, in.Of)
	if errors.Is(err, alicloud.ErrNotFound) {
		return is, nil
	}
	if err != nil {
		return sight{}, err
	}
	is.ours = execution.ImageID == is.id && execution.Tags[TagBuild] == in.BuildID
	return is, nil
}

func (a *Resources) seeExecution(ctx context.Context, in ResourceInput) (sight, error) {
	show := func(e alicloud.Execution) sight {
		return sight{
			id: e.ID, status: e.Status, ours: in.owned(e.Tags), usable: true,
			over: slices.Contains(endedStates, e.Status), cancellable: slices.Contains(cancellableStates, e.Status),
		}
	}
	if in.ID != "" {
		execution, err := a.ECS.Execution(ctx, in.Region, in.ID)
		if err != nil {
			return sight{}, err
		}
		return show(execution), nil
	}
	found, err := a.ECS.Executions(ctx, alicloud.ExecutionQuery{Region: in.Region, PipelineID: in.Of, Tags: tokenTag(in)})
	return first(found, err, show)
}

// seeRegistration finds a registration by the image that is registered: Batch Compute
// takes no tags.
func (a *Resources) seeRegistration(ctx context.Context, in ResourceInput) (sight, error) {
	registered, err := a.Batch.BatchImages(ctx, in.Region)
	registered = slices.DeleteFunc(registered, func(i alicloud.BatchImage) bool {
		return i.ID != in.ID && (in.ID != "" || i.ECSImageID != in.Of)
	})
	return first(registered, err, func(i alicloud.BatchImage) sight {
		return sight{id: i.ID, ours: i.ECSImageID == in.Of, usable: true}
	})
}
