package inventory

import (
	"context"
	"errors"
	"slices"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Sight is a resource as the cloud shows it.
type Sight struct {
	ID        string
	Name      string
	ImageID   string // that an execution made
	Status    string // the cloud's own word; empty where there is none
	CreatedAt string // in the cloud's own words; empty when it does not say
	Ours      bool   // it is the build's
	Usable    bool   // a later step can go on with it
	Over      bool   // a run that has ended

	cancellable bool // a run that the cloud cancels in this state
}

// endedTasks are the states in which an import task is over. (ECS API reference,
// DescribeTasks, 2014-05-26, with older words for the same.)
var endedTasks = []string{"Finished", "Failed", "Deleted", "Cancelled", "Canceled"}

// endedStates are those in which an execution is over. (ECS API reference,
// DescribeImagePipelineExecutions, 2014-05-26.)
var endedStates = []string{"SUCCESS", "PARTITION_SUCCESS", "FAILED", "TEST_FAILED", "CANCELLED"}

// vainStates are those of an execution that has, or will have, no image to go on with.
var vainStates = []string{"CANCELLING", "CANCELLED", "FAILED", "TEST_FAILED"}

// cancellableStates are those in which the cloud cancels an execution. (ECS API
// reference, CancelImagePipelineExecution, 2014-05-26.)
var cancellableStates = []string{"PREPARING", "REPAIRING", "BUILDING"}

// Over tells whether a run of the kind is over in a state.
func (k Kind) Over(status string) bool {
	switch k {
	case KindTask:
		return slices.Contains(endedTasks, status)
	case KindExecution:
		return slices.Contains(endedStates, status)
	}
	return false
}

// See looks at a resource once. Nothing there is alicloud.ErrNotFound; lists lag, so that
// alone does not mean that there is nothing.
func (a Account) See(ctx context.Context, ref Ref) (Sight, error) {
	switch ref.Kind {
	case KindTask:
		return a.seeTask(ctx, ref)
	case KindImage:
		return a.seeImage(ctx, ref)
	case KindComponent:
		found, err := a.ECS.Components(ctx, alicloud.ComponentQuery{Region: ref.Region, IDs: ref.ids(), Tags: ref.tokenTag()})
		return first(found, err, func(c alicloud.Component) Sight {
			return Sight{ID: c.ID, Name: c.Name + " " + c.Version, CreatedAt: c.CreatedAt, Ours: ref.owned(c.Tags), Usable: true}
		})
	case KindTemplate:
		found, err := a.ECS.Pipelines(ctx, alicloud.PipelineQuery{Region: ref.Region, IDs: ref.ids(), Tags: ref.tokenTag()})
		return first(found, err, func(p alicloud.Pipeline) Sight {
			return Sight{ID: p.ID, Name: p.Name, CreatedAt: p.CreatedAt, Ours: ref.owned(p.Tags), Usable: true}
		})
	case KindExecution:
		return a.seeExecution(ctx, ref)
	case KindRegistration:
		return a.seeRegistration(ctx, ref)
	}
	return Sight{}, alicloud.ErrNotFound
}

// ids and tokenTag are the two ways to name a resource to a list.
func (r Ref) ids() []string {
	if r.ID == "" {
		return nil
	}
	return []string{r.ID}
}

func (r Ref) tokenTag() alicloud.Tags {
	if r.ID != "" {
		return nil
	}
	return alicloud.Tags{TagToken: r.Token}
}

func first[T any](found []T, err error, show func(T) Sight) (Sight, error) {
	if err == nil && len(found) == 0 {
		err = alicloud.ErrNotFound
	}
	if err != nil {
		return Sight{}, err
	}
	return show(found[0]), nil
}

// seeTask finds an import task by its id or by way of the image, which has the tags. The
// task of an image that is not shown is the build's by its id.
func (a Account) seeTask(ctx context.Context, ref Ref) (Sight, error) {
	images, err := a.ECS.Images(ctx, alicloud.ImageQuery{Region: ref.Region, Tags: alicloud.Tags{TagToken: ref.Token}})
	if err != nil {
		return Sight{}, err
	}
	var task alicloud.Task
	switch {
	case ref.ID != "":
		task, err = a.ECS.Task(ctx, ref.Region, ref.ID)
	case len(images) > 0:
		task, err = a.ECS.ImportTask(ctx, ref.Region, images[0].ID)
	default:
		err = alicloud.ErrNotFound
	}
	if err != nil {
		return Sight{}, err
	}
	over := KindTask.Over(task.Status)
	return Sight{ID: task.ID, Status: task.Status, CreatedAt: task.CreatedAt, Over: over, cancellable: !over,
		Ours: len(images) == 0 || ref.owned(images[0].Tags)}, nil
}

// seeImage finds an image. One that an existing template made carries the template's own
// tags: it is the build's when the build's execution names it.
func (a Account) seeImage(ctx context.Context, ref Ref) (Sight, error) {
	found, err := a.ECS.Images(ctx, alicloud.ImageQuery{Region: ref.Region, ID: ref.ID, Tags: ref.tokenTag()})
	is, err := first(found, err, func(i alicloud.Image) Sight {
		return Sight{ID: i.ID, Name: i.Name, Status: i.Status, CreatedAt: i.CreatedAt, Ours: ref.owned(i.Tags), Usable: i.Status == "Available"}
	})
	if err != nil || is.Ours || ref.Of == "" {
		return is, err
	}
	execution, err := a.ECS.Execution(ctx, ref.Region, ref.Of)
	if errors.Is(err, alicloud.ErrNotFound) {
		return is, nil
	}
	if err != nil {
		return Sight{}, err
	}
	is.Ours = execution.ImageID == is.ID && execution.Tags[TagBuild] == ref.BuildID
	return is, nil
}

func (a Account) seeExecution(ctx context.Context, ref Ref) (Sight, error) {
	show := func(e alicloud.Execution) Sight {
		return Sight{
			ID: e.ID, ImageID: e.ImageID, Status: e.Status, CreatedAt: e.CreatedAt, Ours: ref.owned(e.Tags), Usable: !slices.Contains(vainStates, e.Status),
			Over: KindExecution.Over(e.Status), cancellable: slices.Contains(cancellableStates, e.Status),
		}
	}
	if ref.ID != "" {
		execution, err := a.ECS.Execution(ctx, ref.Region, ref.ID)
		if err != nil {
			return Sight{}, err
		}
		return show(execution), nil
	}
	found, err := a.ECS.Executions(ctx, alicloud.ExecutionQuery{Region: ref.Region, PipelineID: ref.Of, Tags: ref.tokenTag()})
	return first(found, err, show)
}

// seeRegistration finds a registration by the image that is registered: Batch Compute
// takes no tags.
func (a Account) seeRegistration(ctx context.Context, ref Ref) (Sight, error) {
	registered, err := a.Batch.BatchImages(ctx, ref.Region)
	registered = slices.DeleteFunc(registered, func(i alicloud.BatchImage) bool {
		return i.ID != ref.ID && (ref.ID != "" || i.ECSImageID != ref.Of)
	})
	return first(registered, err, func(i alicloud.BatchImage) Sight {
		return Sight{ID: i.ID, Name: i.Name, CreatedAt: i.CreatedAt, Ours: i.ECSImageID == ref.Of, Usable: true}
	})
}
