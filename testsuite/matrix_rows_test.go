package testsuite

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
)

func TestMatrixDocumentedRows(t *testing.T) {
	for n, e := range documentedRows() {
		t.Run(fmt.Sprintf("%03d %s %s", n+1, e.API, e.Code), func(t *testing.T) {
			t.Parallel()
			s := sayingOf(e.API, e)
			for _, said := range []saying{s, s.disguised()} {
				prove(t, said)
			}
		})
	}
}

// documentedRows are the 110 rows of the five documents.
func documentedRows() []errcode.Entry {
	var rows []errcode.Entry
	for _, e := range errcode.All() {
		if e.Document != "" {
			rows = append(rows, e)
		}
	}
	return rows
}

// prove raises an error in builds and holds them to its class.
func prove(t *testing.T, s saying) {
	switch s.class {
	case errcode.Stop:
		proveStop(t, s)
	case errcode.Retry:
		proveRetry(t, s)
	case errcode.Wait:
		proveWait(t, s)
	case errcode.Reconcile:
		proveReconcile(t, s)
	}
}

// proveStop: one call, and the build ends.
func proveStop(t *testing.T, s saying) {
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 0))
		v := y.build(order{document: golden})
		require.Equal(t, 1, y.stopped(v, s))
	})
}

// proveRetry: the third call succeeds.
func proveRetry(t *testing.T, s saying) {
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 2))
		v := y.build(order{document: golden})
		require.Equal(t, 3, y.succeeded(v, s.api))
	})
}

// proveWait: the build says what it waits for and goes on when that clears, or ends at
// the document's limit.
func proveWait(t *testing.T, s saying) {
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 2))
		v := y.build(order{document: golden, watch: everySecond(5 * time.Minute)})
		require.Equal(t, 3, y.succeeded(v, s.api))
		require.Contains(t, v.said, "waiting for "+s.code+" to clear: "+s.message)
	})
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 0))
		began := time.Now()
		v := y.build(order{document: golden})
		require.Equal(t, 6, y.stopped(v, s), "at 0, 30 s, 1:30, 3:30, 7:30 and 10 min")
		require.GreaterOrEqual(t, time.Since(began), 10*time.Minute)
	})
}

func everySecond(until time.Duration) []time.Duration {
	var all []time.Duration
	for at := time.Second; at < until; at += time.Second {
		all = append(all, at)
	}
	return all
}

// proveReconcile: what exists is ours, of a call whose answer was another, and is
// adopted; or there is nothing of ours, and the build ends.
func proveReconcile(t *testing.T, s saying) {
	bubble(t, func(y *yard) {
		f := s.fault(0, 1)
		f.When = emulator.After
		y.plan(f)
		v := y.build(order{document: golden})
		require.Equal(t, 1, y.succeeded(v, s.api))
	})
}
