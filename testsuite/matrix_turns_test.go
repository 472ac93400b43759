package testsuite

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
)

// Builds that share a template run it one after the other. Who came first runs first; who
// of those that wait is next is left to their looks.
func TestMatrixSharedTemplate(t *testing.T) {
	bubble(t, func(y *yard) {
		document := running(anotherTemplate(y))
		ids := []string{"first", "second", "third", "fourth"}
		verdicts := make([]verdict, len(ids))
		var all sync.WaitGroup
		for n, id := range ids {
			all.Go(func() {
				time.Sleep(time.Duration(7*n) * time.Second)
				verdicts[n] = y.build(order{id: id, document: document, watch: everySecond(time.Minute)})
			})
		}
		all.Wait()
		executions := map[string]bool{}
		for n, v := range verdicts {
			require.NoError(t, v.err, ids[n])
			executions[v.result.ExecutionID] = true
		}
		require.Len(t, executions, len(ids), "each build has a run of its own")
		require.Equal(t, "exec-bp1000000000001", verdicts[0].result.ExecutionID)
		require.Contains(t, verdicts[1].said, "waiting for InvalidImagePipeline.HasRunningExecution to clear: "+
			"The execution exec-bp1000000000001 of the specified image pipeline is running.")
		require.Contains(t, verdicts[1].beats[0], "waiting for execution exec-bp1000000000001 of template ip-bp1000000000001, made by build first")
		made := 0
		for _, a := range y.calls(starts) {
			if a.made() {
				made++
			}
		}
		require.Equal(t, len(ids), made)
	})
}

// A template that is busy beyond timeouts.conflict ends the build with that conflict.
func TestMatrixTemplateThatStaysBusy(t *testing.T) {
	bubble(t, func(y *yard) {
		require.NoError(t, y.server.Set(emulator.Conditions{Executions: emulator.Executions{Stuck: true}}))
		document := busyTemplate(y)
		began := time.Now()
		v := y.build(order{document: document})
		require.Equal(t, "InvalidImagePipeline.HasRunningExecution", v.typ, v.err)
		require.Equal(t, "wait", v.failure.Class)
		require.GreaterOrEqual(t, time.Since(began), 10*time.Minute)
		require.LessOrEqual(t, len(y.calls(starts)), 4)
	})
}

// The execution that keeps the template busy is our own, of a call whose answer was lost:
// it is adopted at once.
func TestMatrixOwnExecutionIsAdopted(t *testing.T) {
	bubble(t, func(y *yard) {
		y.set(func(c *emulator.Conditions) { c.TokensIgnored = true })
		y.plan(emulator.Fault{Action: starts, To: 1, Do: emulator.Refuse, When: emulator.After, Code: "InvalidImagePipeline.HasRunningExecution"})
		v := y.build(order{document: golden, watch: everySecond(3 * time.Minute)})
		require.Equal(t, 1, y.succeeded(v, starts))
		for _, said := range v.said {
			require.NotContains(t, said, "HasRunningExecution")
		}
	})
}
