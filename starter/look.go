package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// How long a look waits: for the server, and for a worker to answer the query.
const (
	callTimeout  = 5 * time.Second
	queryTimeout = 3 * time.Second
)

// look sees how a build is. A server that does not answer is an error for which
// cli.Unreachable is true; any other error is a sentence.
func (s *session) look(ctx context.Context, buildID, runID string) (snapshot, error) {
	desc, err := s.describe(ctx, buildID, runID)
	if err != nil {
		return snapshot{}, err
	}
	return s.see(ctx, desc)
}

// see sees how a build is that the server has described.
func (s *session) see(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse) (snapshot, error) {
	snap := introduce(desc.GetWorkflowExecutionInfo())
	if snap.closed() {
		return s.lookBack(ctx, snap, desc, true)
	}
	s.ask(ctx, &snap, taskQueue(desc))
	snap.pending(desc.GetPendingActivities(), s.now())
	if snap.State == workflows.StateWaiting && snap.Note == "" {
		snap.Note = s.howToDecide(snap.BuildID)
	}
	return snap, nil
}

// describe asks the server for a build.
func (s *session) describe(ctx context.Context, buildID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	desc, err := s.describeEither(ctx, buildID, runID)
	if err == nil && isFleet(desc) {
		return nil, cli.Fail(cli.ExitFailed, fmt.Errorf("%[1]s is no build but a fleet of builds; `%[2]s status %[1]s` shows it, `%[2]s list --fleet %[1]s` lists its builds", buildID, s.name))
	}
	return desc, err
}

// describeEither asks the server for a build or a fleet, whichever has the id.
func (s *session) describeEither(ctx context.Context, buildID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	desc, err := s.DescribeWorkflowExecution(ctx, buildID, runID)
	if cli.Unreachable(err) {
		return nil, err
	}
	if err != nil {
		return nil, s.explainRun(buildID, runID, err)
	}
	if kind := kindOf(desc); kind != workflows.BuildType && kind != workflows.FleetType {
		return nil, cli.Fail(cli.ExitFailed, fmt.Errorf("%s is no build but a workflow of type %s; `%s list` shows the builds", buildID, kind, s.name))
	}
	return desc, nil
}

func kindOf(desc *workflowservice.DescribeWorkflowExecutionResponse) string {
	return desc.GetWorkflowExecutionInfo().GetType().GetName()
}

func isFleet(desc *workflowservice.DescribeWorkflowExecutionResponse) bool {
	return kindOf(desc) == workflows.FleetType
}

// lookBack sees how a build ended. The history has the end, so no worker is needed; one
// that is there adds the steps, when they are wanted, and the ledger of a build that did not tell it.
func (s *session) lookBack(ctx context.Context, snap snapshot, desc *workflowservice.DescribeWorkflowExecutionResponse, steps bool) (snapshot, error) {
	var result workflows.Result
	err := s.resultOf(ctx, snap.BuildID, snap.RunID, &result)
	if err != nil && cli.Unreachable(err) {
		return snapshot{}, err
	}
	if err != nil {
		snap.ended = ending(snap.BuildID, err)
	} else {
		snap.conclude(result)
	}
	told, silence := err == nil || snap.ended.told, ""
	if steps || !told {
		silence = s.askBack(ctx, &snap, taskQueue(desc))
	}
	if err == nil {
		snap.Resources, snap.Approval = result.Resources, result.Approval
		snap.Name, snap.Region = result.Name, result.Region
		snap.end = s.partial(result)
		return snap, nil
	}
	if snap.Error = snap.ended.failure; told {
		snap.Resources, snap.Approval = snap.ended.ledger, snap.ended.approval
	} else {
		snap.silence = silence
	}
	snap.end = s.lastWords(snap)
	return snap, nil
}

// resultOf reads how a run ended that is over. It waits for no later run, as a cron or a retry
// policy of the workflow would have.
func (s *session) resultOf(ctx context.Context, id, runID string, result any) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	return s.GetWorkflow(ctx, id, runID).GetWithOptions(ctx, result, client.WorkflowRunGetOptions{DisableFollowingRuns: true})
}

// askBack asks a build that is over, when there is a worker to answer for it, and returns
// why there is no answer. The end is known, with or without the steps.
func (s *session) askBack(ctx context.Context, snap *snapshot, taskQueue string) (silence string) {
	if polled, _ := s.polled(ctx, taskQueue); !polled {
		return s.silence(ctx, taskQueue, nil)
	}
	s.ask(ctx, snap, taskQueue)
	silence, snap.Note = snap.Note, ""
	return silence
}

func taskQueue(desc *workflowservice.DescribeWorkflowExecutionResponse) string {
	return desc.GetExecutionConfig().GetTaskQueue().GetName()
}

// ask puts the build's own answer into the snapshot, or a note about why there is none.
func (s *session) ask(ctx context.Context, snap *snapshot, taskQueue string) {
	asking, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	value, err := s.QueryWorkflow(asking, snap.BuildID, snap.RunID, workflows.ProgressQuery)
	var progress workflows.Progress
	if err == nil {
		err = value.Get(&progress)
	}
	if err == nil {
		snap.answered(progress)
		return
	}
	if ctx.Err() == nil {
		snap.Note = s.silence(ctx, taskQueue, err)
	}
}

// silence says why a build does not answer.
func (s *session) silence(ctx context.Context, taskQueue string, err error) string {
	var failed *serviceerror.QueryFailed
	if errors.As(err, &failed) {
		return "the worker cannot say how far the build is: " + failed.Message
	}
	polled, lookErr := s.polled(ctx, taskQueue)
	switch {
	case lookErr != nil:
		return "the server does not say who polls task queue " + taskQueue
	case !polled:
		return fmt.Sprintf("no worker is polling task queue %s: start one with `%s worker`", taskQueue, s.name)
	}
	return "waiting for a worker of task queue " + taskQueue + " to answer"
}

// pollerAge is how long ago a living worker may have polled last: a poll takes a minute
// at most, and the server remembers the dead for five.
const pollerAge = 90 * time.Second

func (s *session) polled(ctx context.Context, taskQueue string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	res, err := s.DescribeTaskQueue(ctx, taskQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW)
	if err != nil {
		return false, err
	}
	for _, poller := range res.GetPollers() {
		if s.now().Sub(poller.GetLastAccessTime().AsTime()) < pollerAge {
			return true, nil
		}
	}
	return false, nil
}
