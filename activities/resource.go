package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/inventory"
)

// Kind says what a resource is.
type Kind = inventory.Kind

// The kinds of resources.
const (
	KindTask         = inventory.KindTask
	KindImage        = inventory.KindImage
	KindComponent    = inventory.KindComponent
	KindTemplate     = inventory.KindTemplate
	KindExecution    = inventory.KindExecution
	KindRegistration = inventory.KindRegistration
)

// Resources looks at what a build made, and removes it.
type Resources struct {
	ECS     inventory.ECS
	Batch   inventory.BatchCompute
	Watcher Watcher
	Room    *WaitingRoom // nil: waits block in their activity
}

func (a *Resources) account() inventory.Account { return inventory.Account{ECS: a.ECS, Batch: a.Batch} }

// ResourceInput names a resource of a build.
type ResourceInput = inventory.Ref

// LookResult is what a look showed. Without an ID there is nothing.
type LookResult struct {
	ID     string `json:"id,omitempty"`
	Status string `json:"status,omitempty"` // the cloud's own word; empty where there is none
	Usable bool   `json:"usable,omitempty"` // a later step can go on with it
}

// Look looks at a resource. One whose id is not known is looked for several times, since
// lists lag.
func (a *Resources) Look(ctx context.Context, in ResourceInput) (LookResult, error) {
	is, err := a.account().See(ctx, in)
	switch {
	case errors.Is(err, alicloud.ErrNotFound) && in.ID == "" && attempt(ctx) < graceLooks:
		return LookResult{}, notListed("look for "+string(in.Kind), &alicloud.Error{Code: alicloud.CodeNoAnswer,
			Message: "what a call without a clear answer may have made is looked for"}, lostPause)
	case errors.Is(err, alicloud.ErrNotFound):
		return LookResult{}, nil
	case err != nil:
		return LookResult{}, callFailure(ctx, "look at "+in.String(), err)
	}
	return LookResult{ID: is.ID, Status: is.Status, Usable: is.Usable}, nil
}

// RemoveResult says what became of a request to remove a resource.
type RemoveResult = inventory.Removal

// Remove removes a resource of the build, and nothing that is not the build's. A run that
// can be cancelled is; it is over when AwaitOver says so.
func (a *Resources) Remove(ctx context.Context, in ResourceInput) (RemoveResult, error) {
	done, err := a.account().Remove(ctx, in)
	if err != nil {
		return RemoveResult{}, callFailure(ctx, "remove "+in.String(), err)
	}
	if done.Reason == "" {
		activity.GetLogger(ctx).Info("Resource removed", "kind", in.Kind, "id", in.ID)
	}
	return done, nil
}

// OverResult is how a run ended.
type OverResult struct {
	Status  string `json:"status"`            // empty: it does not exist any more
	ImageID string `json:"imageId,omitempty"` // that an execution made
}

// AwaitOver blocks until a run is over, however it ended.
func (a *Resources) AwaitOver(ctx context.Context, in ResourceInput) (OverResult, error) {
	return await(ctx, a.Room, func(ctx context.Context, pulse *pulse) (OverResult, error) {
		wait := waiting{what: in.String(), pulse: pulse}
		over, err := a.awaitOver(ctx, in, &wait)
		if err != nil && FailureOf(err).Code == Disappeared {
			return OverResult{}, nil
		}
		return over, err
	})
}

func (a *Resources) awaitOver(ctx context.Context, in ResourceInput, wait *waiting) (OverResult, error) {
	if in.Kind == KindTask {
		for task, err := range sightings(ctx, wait, a.Watcher.Task(ctx, in.Region, in.ID, "")) {
			if err != nil || KindTask.Over(task.Status) {
				return OverResult{Status: task.Status}, err
			}
			wait.saw(task.Percent, task.Status, runningTasks...)
		}
		return OverResult{}, handOver(ctx)
	}
	for execution, err := range sightings(ctx, wait, a.Watcher.Execution(ctx, in.Region, in.ID)) {
		if err != nil || KindExecution.Over(execution.Status) {
			return OverResult{Status: execution.Status, ImageID: execution.ImageID}, err
		}
		wait.saw(0, execution.Status, runningStates...)
	}
	return OverResult{}, handOver(ctx)
}
