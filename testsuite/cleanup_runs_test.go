package testsuite

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// long is golden whose execution goes through all states.
var long = with(golden, `"template": {"repairMode": "Standard", "testContent": "RUN true", "toRegionIds": ["cn-hangzhou", "cn-beijing"]}`)

// A run is ended where the cloud ends it, and waited out where it does not: what comes out
// of it is the build's, and goes or stays as the document says.
func TestCleanupCancelledRuns(t *testing.T) {
	for _, run := range []struct {
		kind, status string
		ended        bool // by a call
	}{
		{"task", "Waiting", true}, {"task", "Processing", true}, {"task", "Finished", false},
		{"execution", "PREPARING", true}, {"execution", "REPAIRING", true}, {"execution", "BUILDING", true},
		{"execution", "TESTING", false}, {"execution", "DISTRIBUTING", false}, {"execution", "RELEASING", false}, {"execution", "SUCCESS", false},
	} {
		for wish, document := range map[string]string{"cleanup": long, "keep": with(long, `"onCancel": "keep"`)} {
			t.Run(fmt.Sprint(run.kind, " ", run.status, " ", wish), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					tr := y.hold()
					v := tr.run(order{document: document}.cancelledAt(y, is(run.kind, run.status)))
					require.Equal(t, run.ended, len(y.cancellations()) == 1, y.cancellations())
					require.LessOrEqual(t, len(y.cancellations()), 1)
					if wish == "keep" && run.kind == "execution" && !run.ended {
						require.Equal(t, 3, count(y.state(), "image"), "the imported one, the golden one and its copy")
						require.Len(t, inState(v.left.Resources, workflows.ResourceMade), 4, "those, a component and the template; the copy is known by its token")
					}
					tr.cancelled(v, wish)
				})
			})
		}
	}
}

// count is how many things of a kind there are.
func count(state emulator.State, kind string) int {
	return len(slices.DeleteFunc(slices.Clone(state.Resources), func(r emulator.Resource) bool { return r.Kind != kind || r.Status == "none" }))
}

// A run that the cloud does not cancel is waited out, whatever it says.
func TestCleanupRefusedCancellations(t *testing.T) {
	for _, refusal := range []struct {
		action, code string
		at           moment
	}{
		{"CancelTask", "CancelTaskFailed", is("task", "Processing")},
		{"CancelTask", "InvalidTaskId.IncorrectTaskStatus", is("task", "Processing")},
		{"CancelTask", "InvalidTaskId.TaskActionNotSupport", is("task", "Processing")},
		{"CancelTask", "Forbidden.RAM", is("task", "Waiting")},
		{cancels, "InvalidStatus.ImagePipelineExecution", is("execution", "BUILDING")},
		{cancels, "InvalidStatus.CancelFailed", is("execution", "BUILDING")},
		{cancels, "Forbidden.RAM", is("execution", "PREPARING")},
	} {
		for wish, document := range map[string]string{"cleanup": golden, "keep": kept} {
			t.Run(fmt.Sprint(refusal.action, " ", refusal.code, " ", wish), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					y.plan(emulator.Fault{Action: refusal.action, Do: emulator.Refuse, Code: refusal.code})
					tr := y.hold()
					v := tr.run(order{document: document}.cancelledAt(y, refusal.at))
					require.Len(t, y.cancellations(), 1)
					tr.cancelled(v, wish)
				})
			})
		}
	}
}

const cancels = "CancelImagePipelineExecution"

// Cancellations that get lost, or come too early, are made again.
func TestCleanupLostCancellations(t *testing.T) {
	for action, at := range map[string]moment{"CancelTask": is("task", "Processing"), cancels: is("execution", "BUILDING")} {
		for _, fault := range []emulator.Fault{
			{To: 1, Do: emulator.Reset}, {To: 1, Do: emulator.Reset, When: emulator.After}, {To: 1, Do: emulator.Hang, When: emulator.After},
			{To: 3, Do: emulator.Refuse, Code: "ServiceUnavailable"}, {To: 2, Do: emulator.Refuse, Code: "Throttling"},
			{To: 2, Do: emulator.Refuse, Code: "OperationConflict"},
		} {
			t.Run(fmt.Sprint(action, " ", fault.Do, " ", fault.When, " ", fault.Code), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					fault.Action = action
					y.plan(fault)
					tr := y.hold()
					tr.cancelled(tr.run(order{document: golden}.cancelledAt(y, at)), "cleanup")
				})
			})
		}
	}
}

// brief is golden whose clean-up takes half an hour at most.
var brief = strings.Replace(golden, `"timeouts": {`, `"timeouts": {"cleanup": "30m", `, 1)

// A run that never ends does not hold the build: it ends in time and says what is left.
func TestCleanupEndsInTime(t *testing.T) {
	for _, run := range []struct {
		kind, id, status string
		reasons          map[workflows.Kind]string
	}{
		{kind: "task", id: "t-*", status: "Paused"},
		{kind: "execution", id: "exec-*", status: "TESTING", reasons: map[workflows.Kind]string{
			workflows.KindTemplate: "execution exec-bp1000000000001 of it is left, and would go with it"}},
	} {
		t.Run(run.kind, func(t *testing.T) {
			bubble(t, func(y *yard) {
				if run.kind == "task" {
					y.plan(emulator.Fault{Action: "CancelTask", Do: emulator.Refuse, Code: "CancelTaskFailed"})
				}
				tr := y.hold()
				var cancelled time.Time
				v := tr.run(order{document: brief, meanwhile: func(cancel func()) {
					y.until(is(run.kind, map[string]string{"task": "Processing", "execution": "BUILDING"}[run.kind]))
					y.set(func(c *emulator.Conditions) { c.Status = map[string]string{run.id: run.status} })
					cancelled = time.Now()
					cancel()
				}})
				ended := time.Now() // the environment's own clock stands still while activities run
				require.NotNil(t, v.left)
				cleanup := v.progress.Steps[len(v.progress.Steps)-1]
				require.Equal(t, workflows.StepCleanup, cleanup.Name)
				require.Equal(t, workflows.StateFailed, cleanup.State)
				require.WithinDuration(t, cancelled.Add(30*time.Minute), ended, 3*time.Minute)
				for _, line := range v.left.Resources {
					if line.Kind != workflows.KindTask || run.kind == "task" {
						require.Equal(t, workflows.ResourceLeft, line.State, lines(v.left.Resources))
						require.Equal(t, cmp.Or(run.reasons[line.Kind], "the time to clean up ran out"), line.Reason)
					}
				}
				tr.judge()
			})
		})
	}
}

// A clean-up that has begun is not ended by a cancellation: the build ends as it would have.
func TestCleanupGoesOnWhenCancelled(t *testing.T) {
	bubble(t, func(y *yard) {
		y.set(func(c *emulator.Conditions) { c.Roles.BatchCompute = "missing" })
		y.plan(emulator.Fault{Action: "DeleteImagePipeline", To: 1, Do: emulator.Delay, DelayMs: 20_000})
		tr := y.hold()
		v := tr.run(order{document: with(golden, `"onFailure": "cleanup"`)}.cancelledAt(y, later(met(1), time.Second)))
		require.Equal(t, "InvalidRoleArn", v.typ, v.err)
		require.Equal(t, workflows.StateFailed, v.progress.State)
		require.Empty(t, tr.remains("golden"))
		tr.judge()
	})
	bubble(t, func(y *yard) {
		y.plan(emulator.Fault{Action: "DeleteImagePipeline", To: 1, Do: emulator.Delay, DelayMs: 20_000})
		tr := y.hold()
		v := tr.run(order{document: golden, meanwhile: func(cancel func()) {
			for _, at := range []moment{is("execution", "BUILDING"), later(met(1), time.Second), later(met(1), 3*time.Second)} {
				y.until(at)
				cancel()
			}
		}})
		tr.cancelled(v, "cleanup")
	})
}

// Before the first call there is nothing to remove.
func TestCleanupCancelledAtOnce(t *testing.T) {
	for wish, document := range map[string]string{"cleanup": golden, "keep": kept} {
		bubble(t, func(y *yard) {
			tr := y.hold()
			v := tr.run(order{document: document}.cancelledAt(y, func(*yard) bool { return true }))
			require.Empty(t, y.requests(mutates))
			require.Empty(t, v.left.Resources)
			tr.cancelled(v, wish)
		})
	}
}
