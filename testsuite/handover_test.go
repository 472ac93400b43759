//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/workflows"
)

// Of two workers that hold forty waits one is lost, and the other goes on with all of them.
func TestWaitsMoveToAnotherWorker(t *testing.T) {
	for _, test := range []struct {
		name string
		// heartbeats: the time-out. With an hour only a wait that was handed over goes on
		// before the test gives up.
		heartbeats string
		lose       func(*process)
	}{
		{"that is killed", "4s", (*process).kill},
		{"that is stopped", "1h", func(p *process) { p.signal(syscall.SIGTERM) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := up(t, "--speed", "1", "--headless", "--no-worker")
			c := p.temporal(t)
			join := func(name string) *process {
				return start(t, p.env(t), kilnBin(t), "worker", "--identity", name, "--poll-interval", "1s", "--heartbeat-timeout", test.heartbeats)
			}
			lost := join("lost")
			join("heir")

			var builds []client.WorkflowRun
			for i := range 40 {
				name := fmt.Sprintf("waits-%d", i)
				run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: name, TaskQueue: "kiln"},
					"BuildGoldenImage", json.RawMessage(`{"name": "`+name+`", "region": "cn-hangzhou", `+importOneDisk+`}`))
				require.NoError(t, err)
				builds = append(builds, run)
			}
			var held map[string]bool
			eventually(t, "both workers hold waits, and nothing else is under way", func() bool {
				held = map[string]bool{}
				heldBy := map[string]int{}
				for _, run := range builds {
					wait := p.wait(t, c, run)
					if wait == nil {
						return false
					}
					held[run.GetID()] = wait.GetLastWorkerIdentity() == "lost"
					heldBy[wait.GetLastWorkerIdentity()]++
				}
				return heldBy["lost"] > 0 && heldBy["heir"] > 0
			})
			calls := p.calls(t, "ImportImage")

			at := time.Now()
			test.lose(lost)
			<-lost.exited
			last := time.Duration(0)
			for _, run := range builds {
				eventually(t, run.GetID()+" waits with the heir", func() bool {
					wait := p.wait(t, c, run)
					if wait == nil || wait.GetLastWorkerIdentity() != "heir" {
						return false
					}
					if held[run.GetID()] {
						last = max(last, wait.GetLastStartedTime().AsTime().Sub(at))
						return wait.GetAttempt() > 1
					}
					return true
				})
			}
			t.Logf("the last wait went on %s after its worker was lost", last.Round(time.Millisecond))

			p.conditions(t, `{status: {"t-*": Finished, "m-*": Available}}`)
			for _, run := range builds {
				var result workflows.Result
				require.NoError(t, run.Get(context.Background(), &result))
			}
			require.Equal(t, calls, p.calls(t, "ImportImage"), "nothing is begun anew")
		})
	}
}

// wait is the wait that a build is in, nil when it is in none.
func (p *machine) wait(t *testing.T, c client.Client, run client.WorkflowRun) *workflowpb.PendingActivityInfo {
	t.Helper()
	described, err := c.DescribeWorkflowExecution(context.Background(), run.GetID(), run.GetRunID())
	require.NoError(t, err)
	for _, pending := range described.GetPendingActivities() {
		if pending.GetActivityType().GetName() == "AwaitImport" && pending.GetState() == enumspb.PENDING_ACTIVITY_STATE_STARTED {
			return pending
		}
	}
	return nil
}
