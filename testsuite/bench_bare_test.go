//go:build bench

package testsuite

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// The bare workflow is the engine's own limit: as many activities as a build has, local
// ones first and the others on the same two task queues with the same options, that do
// nothing. Its worker is this test binary, run again.
const (
	bareAddress = "KILN_BENCH_BARE" // the server; makes TestBenchBareWorker a worker
	bareType    = "bareWorkflow"
	bareQueue   = "bare"
	bareWaits   = "bare-waits"
	bareReady   = "the bare worker polls"
)

// bareLayout are the activities of a bare workflow.
type bareLayout struct {
	Local int
	Waits []bool // the others in their order: whether each is a wait
}

func bareWorkflow(ctx workflow.Context, layout bareLayout) error {
	for range layout.Local {
		here := workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{StartToCloseTimeout: time.Minute})
		if err := workflow.ExecuteLocalActivity(here, bareActivity).Get(ctx, nil); err != nil {
			return err
		}
	}
	for _, waits := range layout.Waits {
		options := workflow.ActivityOptions{
			StartToCloseTimeout: 3 * time.Minute, ScheduleToCloseTimeout: time.Hour, WaitForCancellation: true, Summary: "Do nothing",
			RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute},
		}
		if waits {
			options = workflow.ActivityOptions{
				Summary: "Wait for nothing", TaskQueue: bareWaits, StartToCloseTimeout: time.Hour, ScheduleToCloseTimeout: time.Hour, HeartbeatTimeout: 2 * time.Minute,
				RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 1},
			}
		}
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, options), bareActivity).Get(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func bareActivity(context.Context) error { return nil }

// bareWorker starts a worker of bare workflows in a process of its own.
func (r *rig) bareWorker(t *testing.T) *process {
	t.Helper()
	p := start(t, environment(t, bareAddress+"="+r.TemporalAddress), os.Args[0], "-test.run=^TestBenchBareWorker$", "-test.timeout=0")
	p.said(t, bareReady)
	return p
}

// TestBenchBareWorker is that process.
func TestBenchBareWorker(t *testing.T) {
	address := os.Getenv(bareAddress)
	if address == "" {
		t.Skip("no worker of bare workflows was asked for")
	}
	c, err := client.Dial(client.Options{HostPort: address, Logger: log.NewStructuredLogger(discard)})
	require.NoError(t, err)
	defer c.Close()
	calls := sdkworker.New(c, bareQueue, sdkworker.Options{})
	calls.RegisterWorkflow(bareWorkflow)
	waits := sdkworker.New(c, bareWaits, sdkworker.Options{DisableWorkflowWorker: true, MaxConcurrentActivityExecutionSize: 20000})
	for _, w := range []sdkworker.Worker{calls, waits} {
		w.RegisterActivity(bareActivity)
		require.NoError(t, w.Start())
		defer w.Stop()
	}
	slog.Info(bareReady)
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, syscall.SIGTERM)
	<-asked
}
