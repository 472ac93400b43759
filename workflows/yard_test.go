package workflows

import (
	"encoding/json"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// yard is where the builds of a fleet run in a test: each takes a minute and succeeds,
// unless told otherwise. One that fails takes half a minute, so that it never ends in one
// moment with its neighbours.
type yard struct {
	running, most int
	began         []string // the names in their documents, in order
	documents     map[string]string
	retries       map[string]string
	ends          map[string]error
	outcomes      map[string]Outcome
	cleanUp       time.Duration       // that a cancelled build takes
	finishes      bool                // a cancelled build comes to its end all the same
	onBegin       func(env *yardTest) // after each begin
	env           *yardTest
}

type yardTest struct {
	*testsuite.TestWorkflowEnvironment
	yard *yard
}

func (y *yard) build(ctx workflow.Context, document, retry converter.RawValue) (Result, error) {
	var doc spec.Build
	if err := json.Unmarshal(document.Payload().GetData(), &doc); err != nil {
		return Result{}, err
	}
	y.began = append(y.began, doc.Name)
	y.documents[doc.Name], y.retries[doc.Name] = string(document.Payload().GetData()), string(retry.Payload().GetData())
	y.running++
	y.most = max(y.most, y.running)
	defer func() { y.running-- }()
	if y.onBegin != nil {
		y.onBegin(y.env)
	}
	takes := time.Minute
	if y.ends[doc.Name] != nil {
		takes /= 2
	}
	if err := workflow.Sleep(ctx, takes); err != nil {
		disconnected, cancel := workflow.NewDisconnectedContext(ctx)
		defer cancel()
		_ = workflow.Sleep(disconnected, y.cleanUp)
		if !y.finishes {
			return Result{}, temporal.NewCanceledError(Cancellation{})
		}
	}
	if err := y.ends[doc.Name]; err != nil {
		return Result{}, err
	}
	outcome := OutcomeSucceeded
	if other := y.outcomes[doc.Name]; other != "" {
		outcome = other
	}
	return Result{Name: doc.Name, Region: doc.Region, Outcome: outcome, ImageID: "m-" + doc.Name}, nil
}

// place is a fresh environment for a run of a fleet in the yard.
func (y *yard) place(t *testing.T) *yardTest {
	t.Helper()
	if y.documents == nil {
		y.documents, y.retries = map[string]string{}, map[string]string{}
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	y.env = &yardTest{suite.NewTestWorkflowEnvironment(), y}
	y.env.SetTestTimeout(time.Minute)
	y.env.RegisterWorkflowWithOptions(BuildFleet, workflow.RegisterOptions{Name: FleetType})
	y.env.RegisterWorkflowWithOptions(y.build, workflow.RegisterOptions{Name: BuildType})
	y.env.RegisterActivity(&activities.Document{})
	return y.env
}

func (e *yardTest) fleet(t *testing.T, argument string) (FleetResult, error) {
	t.Helper()
	e.ExecuteWorkflow(FleetType, raw(argument))
	require.True(t, e.IsWorkflowCompleted())
	var result FleetResult
	if err := e.GetWorkflowError(); err != nil {
		return result, err
	}
	require.NoError(t, e.GetWorkflowResult(&result))
	return result, nil
}

// fleetProgress is the answer of a fleet that has ended.
func (e *yardTest) fleetProgress(t *testing.T) FleetProgress {
	t.Helper()
	answer, err := e.QueryWorkflow(ProgressQuery)
	require.NoError(t, err)
	var progress FleetProgress
	require.NoError(t, answer.Get(&progress))
	return progress
}

// runs runs a fleet through all of its runs, each with the argument that the one before
// left, and returns the arguments as well.
func (y *yard) runs(t *testing.T, argument string) (FleetResult, []Fleet) {
	t.Helper()
	var carried []Fleet
	payload := raw(argument)
	for {
		env := y.place(t)
		if len(carried) > 0 {
			env.SetContinuedExecutionRunID("the run before")
		}
		env.ExecuteWorkflow(FleetType, payload)
		var again *workflow.ContinueAsNewError
		if err := env.GetWorkflowError(); !errors.As(err, &again) {
			require.NoError(t, err)
			var result FleetResult
			require.NoError(t, env.GetWorkflowResult(&result))
			return result, carried
		}
		require.Equal(t, FleetType, again.WorkflowType.Name)
		require.Zero(t, y.running, "nothing runs on while the fleet continues as new")
		next := again.Input.GetPayloads()[0]
		var fleet Fleet
		require.NoError(t, json.Unmarshal(next.GetData(), &fleet))
		require.LessOrEqual(t, len(next.GetData()), activities.FleetSize)
		carried, payload = append(carried, fleet), converter.NewRawValue(&commonpb.Payload{Metadata: next.GetMetadata(), Data: next.GetData()})
	}
}
