package activities

import (
	"context"
	"fmt"
)

// runningStates are those in which an execution runs. (ECS API reference,
// DescribeImagePipelineExecutions, 2014-05-26.)
var runningStates = []string{"PREPARING", "REPAIRING", "BUILDING", "TESTING", "DISTRIBUTING", "RELEASING", "CANCELLING"}

// AwaitTurnInput names a template that is busy.
type AwaitTurnInput struct {
	Region     string `json:"region"`
	PipelineID string `json:"pipelineId"`
	Token      string `json:"token,omitempty"` // of the build that waits
}

// AwaitTurnResult says whether there was anything to wait for, so that the turn is now.
type AwaitTurnResult struct {
	Waited bool `json:"waited"`
}

// AwaitTurn blocks until no execution of a template runs, or one that carries the token
// and is there to be adopted.
func (a *Pipeline) AwaitTurn(ctx context.Context, in AwaitTurnInput) (AwaitTurnResult, error) {
	return await(ctx, a.Room, func(ctx context.Context, pulse *pulse) (AwaitTurnResult, error) {
		return a.awaitTurn(ctx, in, pulse)
	})
}

func (a *Pipeline) awaitTurn(ctx context.Context, in AwaitTurnInput, pulse *pulse) (AwaitTurnResult, error) {
	wait := waiting{what: "template " + in.PipelineID, pulse: pulse}
	var result AwaitTurnResult
	for runs, err := range sightings(ctx, &wait, a.Watcher.Runs(ctx, in.Region, in.PipelineID)) {
		if err != nil {
			return result, err
		}
		running := ""
		for _, run := range runs {
			switch {
			case KindExecution.Over(run.Status):
			case in.Token != "" && run.Tags[TagToken] == in.Token:
				return AwaitTurnResult{Waited: true}, nil // at once, before it ends
			default:
				running = fmt.Sprintf("execution %s of template %s, %s", run.ID, in.PipelineID, owner(run.Tags, run.CreatedAt))
			}
		}
		if running == "" {
			return result, nil
		}
		result.Waited = true
		pulse.say(Heartbeat{Detail: "waiting for " + running})
	}
	return result, handOver(ctx)
}
