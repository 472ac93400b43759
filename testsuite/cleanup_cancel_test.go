package testsuite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// kept is golden that keeps what a cancelled build made.
var kept = with(golden, `"onCancel": "keep"`)

// with is a document with more sections.
func with(document string, sections ...string) string {
	return strings.TrimSuffix(strings.TrimSpace(document), "}") + ", " + strings.Join(sections, ", ") + "}"
}

// interruption is a moment of a call at which the build is cancelled.
type interruption struct {
	name  string
	fault emulator.Fault // of the call
	state emulator.Conditions
	after time.Duration // since the call
}

// interruptions are the moments of a creating call that make a difference.
func interruptions(api string) []interruption {
	busy := emulator.Fault{To: 3, Do: emulator.Refuse, Code: "OperationConflict"}
	if api == registers {
		busy.Code = "StateConflict"
	}
	return []interruption{
		{name: "before its effect", fault: emulator.Fault{To: 1, Do: emulator.Delay, DelayMs: 10_000}, after: time.Second},
		{name: "its answer is held", fault: emulator.Fault{To: 1, Do: emulator.Delay, When: emulator.After, DelayMs: 10_000}, after: time.Second},
		{name: "it hangs and has no effect", fault: emulator.Fault{To: 1, Do: emulator.Hang}, after: time.Second},
		{name: "it hangs and has its effect", fault: emulator.Fault{To: 1, Do: emulator.Hang, When: emulator.After}, after: time.Second},
		{name: "in the pause after an answer was lost", fault: emulator.Fault{To: 1, Do: emulator.Reset, When: emulator.After}, after: 250 * time.Millisecond},
		{name: "in the pause after a call was lost", fault: emulator.Fault{To: 1, Do: emulator.Reset}, after: 250 * time.Millisecond},
		{name: "in the pause after a breakdown", fault: emulator.Fault{To: 9, Do: emulator.Refuse, Code: "ServiceUnavailable"}, after: 5 * time.Second},
		{name: "while what a lost call made is looked for", fault: emulator.Fault{To: 1, Do: emulator.Reset, When: emulator.After},
			state: emulator.Conditions{ListLagReal: emulator.Duration(15 * time.Second)}, after: 3 * time.Second},
		{name: "while it waits for a conflict", fault: busy, after: 10 * time.Second},
		{name: "while it is throttled", fault: emulator.Fault{To: 3, Do: emulator.Refuse, Code: "Throttling"}, after: 10 * time.Second},
		{name: "after the answer", after: 250 * time.Millisecond},
	}
}

func TestCleanupCancelledCalls(t *testing.T) {
	for _, api := range mutations {
		for _, i := range interruptions(api) {
			if api == registers && i.fault.Do == "" {
				continue // the build is over then
			}
			for wish, document := range map[string]string{"cleanup": golden, "keep": kept} {
				t.Run(fmt.Sprint(api, " ", i.name, " ", wish), func(t *testing.T) {
					t.Parallel()
					bubble(t, func(y *yard) {
						require.NoError(t, y.server.Set(i.state))
						tr := y.hold()
						v := tr.run(order{document: document}.cancelledAt(y, i.of(y, api)))
						tr.cancelled(v, wish)
					})
				})
			}
		}
	}
}

// of plans the fault and returns the moment.
func (i interruption) of(y *yard, api string) moment {
	if i.fault.Do == "" {
		return later(called(api, 1), i.after)
	}
	i.fault.Action = api
	y.plan(i.fault)
	return later(met(1), i.after)
}

// cancelled holds the end of a cancelled build against what is there.
func (tr *trial) cancelled(v verdict, wish string) {
	tr.t.Helper()
	require.NotNil(tr.t, v.left, "%v", v.err)
	require.Equal(tr.t, workflows.StateCancelled, v.progress.State)
	remain := tr.remains("golden")
	if wish == "keep" {
		require.Empty(tr.t, tr.deletions(), "nothing is removed")
		for _, one := range remain {
			require.NotContains(tr.t, one, "execution ")
			require.NotContains(tr.t, one, "task ")
		}
		require.Subset(tr.t, remain, inState(v.left.Resources, workflows.ResourceMade))
	} else {
		require.Empty(tr.t, remain)
		require.Empty(tr.t, inState(v.left.Resources, workflows.ResourceAsked, workflows.ResourceMade, workflows.ResourceLeft))
	}
	tr.judge()
}

// deletions are the calls that removed something, as "DeleteImage m-…".
func (y *yard) deletions() []string { return y.about("Delete") }

// cancellations are the calls that ended a run.
func (y *yard) cancellations() []string { return y.about("Cancel") }

// about are the calls of a verb with what they are about, in their order.
func (y *yard) about(verb string) []string {
	var all []string
	for _, r := range y.requests(func(r request) bool { return strings.HasPrefix(r.Action, verb) }) {
		all = append(all, r.Action+" "+targetOf(r))
	}
	return all
}

// three is golden with three components.
var three = strings.Replace(golden, `"components": [`, `"components": [{"name": "curl", "version": "2.0.0", "content": "RUN echo curl"},
	{"name": "probe", "version": "1.0.0", "type": "Test", "content": "RUN echo probe"}, `, 1)

// Components are made at once: one may be there, one under way and one lost.
func TestCleanupCancelledComponents(t *testing.T) {
	for wish, document := range map[string]string{"cleanup": three, "keep": with(three, `"onCancel": "keep"`)} {
		bubble(t, func(y *yard) {
			y.plan(
				emulator.Fault{Action: "CreateImageComponent", Params: map[string]string{"Name": "curl"}, To: 1, Do: emulator.Delay, DelayMs: 20_000},
				emulator.Fault{Action: "CreateImageComponent", Params: map[string]string{"Name": "probe"}, To: 1, Do: emulator.Hang, When: emulator.After})
			tr := y.hold()
			v := tr.run(order{document: document}.cancelledAt(y, later(met(2), time.Second)))
			require.Len(t, y.resources("CreateImageComponent"), 3)
			tr.cancelled(v, wish)
		})
	}
}
