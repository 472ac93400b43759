package starter

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	enumspb "go.temporal.io/api/enums/v1"

	"github.com/seed1230462e/kiln/internal/cli"
)

// temporal is what the commands need of a Temporal client.
type temporal interface {
	ExecuteWorkflow(ctx context.Context, opts client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	GetWorkflow(ctx context.Context, workflowID, runID string) client.WorkflowRun
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
	GetWorkflowHistory(ctx context.Context, workflowID, runID string, longPoll bool, filter enumspb.HistoryEventFilterType) client.HistoryEventIterator
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	DescribeTaskQueue(ctx context.Context, taskQueue string, kind enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error)
	ListWorkflow(ctx context.Context, req *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error)
	UpdateWorkflow(ctx context.Context, opts client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error)
	CancelWorkflowWithOptions(ctx context.Context, opts client.CancelWorkflowOptions) error
	ScheduleClient() client.ScheduleClient
	WorkflowService() workflowservice.WorkflowServiceClient
	Close()
}

// dialer connects to Temporal.
type dialer func(ctx context.Context, opts client.Options) (temporal, error)

func dial(ctx context.Context, opts client.Options) (temporal, error) { return cli.Dial(ctx, opts) }

// session is a connection that knows where it leads and how to say what went wrong.
type session struct {
	temporal
	*app
	opts client.Options
}

func (a *app) open(ctx context.Context, opts client.Options) (*session, error) {
	t, err := a.dial(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &session{temporal: t, app: a, opts: opts}, nil
}

// explainRun turns an error of a look at one run of a build into a sentence.
func (s *session) explainRun(buildID, runID string, err error) error {
	var missing *serviceerror.NotFound
	var invalid *serviceerror.InvalidArgument
	switch {
	case runID != "" && errors.As(err, &missing):
		return cli.Fail(cli.ExitFailed, fmt.Errorf("no run %s of build %s in namespace %s; `%s list -o json` shows what there is", runID, buildID, s.opts.Namespace, s.name))
	case errors.As(err, &invalid) && strings.Contains(invalid.Message, "RunId"):
		return cli.Fail(cli.ExitUsage, fmt.Errorf("--run-id %s: want a run id such as `%s list -o json` shows", runID, s.name))
	}
	return s.explain("look at build "+buildID, buildID, err)
}

// explain turns an error of a call about a build into a sentence.
func (s *session) explain(doing, buildID string, err error) error {
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("no build %s in namespace %s; `%s list` shows what there is", buildID, s.opts.Namespace, s.name))
	}
	var coded *cli.Error
	if explained := cli.Explain(err, s.opts); errors.As(explained, &coded) {
		return explained
	}
	return cli.Fail(cli.ExitFailed, fmt.Errorf("%s: %w", doing, err))
}
