package testsuite

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/workflows"
)

// Every row of the documents is raised in real builds: as it is documented, in other
// words, and by itself wherever a valid document or a state of the cloud can cause it.
func TestMatrixDocumentedRows(t *testing.T) {
	rows := documentedRows()
	seen := make([]observed, len(rows))
	t.Run("rows", func(t *testing.T) {
		for n, e := range rows {
			t.Run(fmt.Sprintf("%03d %s %s", n+1, e.API, e.Code), func(t *testing.T) {
				t.Parallel()
				seen[n] = observe(t, e)
			})
		}
	})
	compareMatrix(t, rows, seen)
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

// observed is what was seen of a row.
type observed struct {
	causes []string // how it comes about by itself
	ends   []string // of the builds that met it, as "1 call, fails"
}

// end is how a build ended that called an API so often.
func end(when string, calls int, v verdict) string {
	text := fmt.Sprintf("%s: %d calls, ", when, calls)
	if calls == 1 {
		text = when + ": 1 call, "
	}
	if v.err != nil {
		return text + "fails"
	}
	return text + "succeeds"
}

// observe raises a row in every way there is.
func observe(t *testing.T, e errcode.Entry) observed {
	s := sayingOf(e.API, e)
	seen := observed{ends: prove(t, s)}
	require.Equal(t, seen.ends, prove(t, s.disguised()), "other words make no difference")
	for _, other := range whatExists {
		if other.api == e.API && other.code == e.Code && len(other.faults) == 0 && e.Class == errcode.Reconcile {
			seen.causes = append(seen.causes, other.name)
		}
	}
	for _, w := range waysOf(e) {
		t.Log(w.because)
		if w.early() {
			proveEarly(t, w)
			seen.causes = append(seen.causes, w.because+" (Kiln refuses the document before any call)")
			continue
		}
		proveWay(t, w, s)
		because := w.because
		if w.never != "" {
			because += " (1 call, fails)"
		}
		seen.causes = append(seen.causes, because)
	}
	return seen
}

// prove raises an error in builds and holds them to its class.
func prove(t *testing.T, s saying) []string {
	switch s.class {
	case errcode.Retry:
		if s.tries > 0 {
			return proveTries(t, s)
		}
		return proveRetry(t, s)
	case errcode.Wait:
		return proveWait(t, s)
	case errcode.Reconcile:
		return proveReconcile(t, s)
	}
	return proveStop(t, s)
}

// proveStop: one call, and the build ends.
func proveStop(t *testing.T, s saying) (ends []string) {
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 0))
		v := y.build(order{document: golden})
		require.Equal(t, 1, y.stopped(v, s))
		ends = append(ends, end("at once", len(y.calls(s.api)), v))
	})
	return ends
}

// proveRetry: the third call succeeds.
func proveRetry(t *testing.T, s saying) (ends []string) {
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 2))
		v := y.build(order{document: golden})
		require.Equal(t, 3, y.succeeded(v, s.api))
		ends = append(ends, end("refused twice", len(y.calls(s.api)), v))
	})
	return ends
}

// proveTries: the last call that is tried succeeds; when it is refused as well, the build
// ends with the advice of the row, and knows of nothing that the call may have made unless
// the refusal leaves that open.
func proveTries(t *testing.T, s saying) (ends []string) {
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, s.tries-1))
		v := y.build(order{document: golden})
		require.Equal(t, s.tries, y.succeeded(v, s.api))
		ends = append(ends, end("refused until the last try", len(y.calls(s.api)), v))
	})
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 0))
		v := y.build(order{document: golden})
		require.Equal(t, s.tries, y.stopped(v, s))
		require.Equal(t, !s.unread, slices.ContainsFunc(v.failure.Resources, func(r workflows.Resource) bool {
			return strings.HasPrefix(string(r.Step), string(stepOf[s.api])) && r.State == workflows.ResourceAsked
		}))
		ends = append(ends, end("refused each time", len(y.calls(s.api)), v))
	})
	return ends
}

// proveWait: the build says what it waits for and goes on when that clears, or ends at
// the document's limit.
func proveWait(t *testing.T, s saying) (ends []string) {
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 2))
		v := y.build(order{document: golden, watch: everySecond(5 * time.Minute)})
		require.Equal(t, 3, y.succeeded(v, s.api))
		require.Contains(t, v.said, "waiting for "+s.code+" to clear: "+s.message)
		ends = append(ends, end("cleared after two refusals", len(y.calls(s.api)), v))
	})
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 0))
		began := time.Now()
		v := y.build(order{document: golden})
		require.Equal(t, 6, y.stopped(v, s), "at 0, 30 s, 1:30, 3:30, 7:30 and 10 min")
		require.GreaterOrEqual(t, time.Since(began), 10*time.Minute)
		ends = append(ends, end("not cleared in timeouts.conflict of 10 min", len(y.calls(s.api)), v))
	})
	return ends
}

func everySecond(until time.Duration) []time.Duration {
	var all []time.Duration
	for at := time.Second; at < until; at += time.Second {
		all = append(all, at)
	}
	return all
}

// proveReconcile: what exists is ours, made by a call that was answered with the refusal,
// and is adopted; or there is nothing of ours to be found, and the build ends.
func proveReconcile(t *testing.T, s saying) (ends []string) {
	bubble(t, func(y *yard) {
		f := s.fault(0, 1)
		f.When = emulator.After
		y.plan(f)
		v := y.build(order{document: golden})
		require.Equal(t, 1, y.succeeded(v, s.api))
		ends = append(ends, end("it is ours", len(y.calls(s.api)), v))
	})
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, 0))
		v := y.build(order{document: golden})
		require.Equal(t, 5, y.stopped(v, s), "lists may lag: it is looked for five times")
		require.Empty(t, y.resources(s.api))
		ends = append(ends, end("it is not listed", len(y.calls(s.api)), v))
	})
	for _, e := range whatExists {
		if e.api == s.api && e.code == s.code {
			bubble(t, func(y *yard) { ends = append(ends, y.meet(e)) })
		}
	}
	return ends
}

// proveWay lets a row come about by itself.
func proveWay(t *testing.T, w way, s saying) {
	s.message = "" // the cloud fills in what is wrong
	bubble(t, func(y *yard) {
		document := y.enter(w)
		there := len(y.calls(s.api))
		clear := func() { require.NoError(y.t, y.server.Set(w.after)) }
		v := y.build(order{document: document, at: map[time.Duration]func(){5 * time.Minute: clear}})
		switch {
		case w.never != "":
			require.Equal(t, s.code, v.typ, v.err)
			require.Contains(t, v.failure.Message, w.never)
			require.Equal(t, string(errcode.Stop), v.failure.Class)
			require.NotEqual(t, s.advice, v.failure.Advice, "there is nothing to wait for")
			require.Len(t, y.calls(s.api)[there:], 1)
			require.Equal(t, v.shown(), v.progress.Error)
		case s.class == errcode.Stop:
			require.Equal(t, 1, y.stopped(v, s))
		default:
			require.NoError(t, v.err)
			require.Greater(t, len(y.calls(s.api)), 1)
			require.Equal(t, s.code, y.calls(s.api)[len(y.calls(s.api))-2].Code)
		}
	})
}

// proveEarly: the document is refused before anything is called.
func proveEarly(t *testing.T, w way) {
	bubble(t, func(y *yard) {
		v := y.build(order{document: w.document})
		require.Equal(t, activities.InvalidBuild, v.typ)
		require.Empty(t, y.requests(func(request) bool { return true }))
	})
}
