package testsuite

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// trial is a cloud in which builds run and are judged at the end, by what the cloud has
// and by the auditor.
type trial struct {
	*yard
	evidence
	asked int // how many requests there were before
}

// hold opens a trial: what is there now is not the builds'.
func (y *yard) hold() *trial {
	tr := &trial{yard: y}
	tr.before = y.state()
	tr.excused = map[string]bool{}
	tr.asked = len(tr.log.read(tr.t))
	return tr
}

// run runs a build to its end and takes its testimony.
func (tr *trial) run(o order) verdict {
	tr.t.Helper()
	o.id = cmp.Or(o.id, "golden")
	v := tr.build(o)
	said := v.testimony(o.id)
	said.document, _ = spec.Read("document", []byte(o.document), spec.Options{})
	tr.builds = append(tr.builds, said)
	return v
}

// judge lets the auditor see everything.
func (tr *trial) judge() {
	tr.t.Helper()
	require.Empty(tr.t, audit(tr.seen()))
}

// seen is the evidence by now.
func (tr *trial) seen() evidence {
	tr.t.Helper()
	seen := tr.evidence
	seen.after, seen.requests = tr.state(), tr.log.read(tr.t)[tr.asked:]
	return seen
}

// remains are what is there of a build, as "image m-…": things, and runs that are not over.
func (tr *trial) remains(build string) []string {
	tr.t.Helper()
	var all []string
	for _, thing := range newDocket(tr.seen()).things {
		if thing.build == build && thing.there() && !thing.over() {
			all = append(all, kindOf[thing.Kind]+" "+thing.ID)
		}
	}
	return sorted(all)
}

// kindOf is the word that a ledger has for what the emulator keeps.
var kindOf = map[string]string{
	"image": "image", "task": "task", "component": "component", "pipeline": "template", "execution": "execution", "batchimage": "registration",
}

// over tells a run that has ended.
func (t thing) over() bool {
	return slices.Contains([]string{"Finished", "Failed", "Deleted", "SUCCESS", "PARTITION_SUCCESS", "TEST_FAILED", "FAILED", "CANCELLED"}, t.Status)
}

// lines are those of a ledger as "import image m-… removed", sorted.
func lines(ledger []workflows.Resource) []string {
	var all []string
	for _, line := range ledger {
		all = append(all, strings.Join([]string{string(line.Step), string(line.Kind), cmp.Or(line.ID, "?"), string(line.State)}, " "))
	}
	return all
}

// inState are the lines of a ledger that are in one of some states, as "image m-…".
func inState(ledger []workflows.Resource, states ...workflows.ResourceState) []string {
	var all []string
	for _, line := range ledger {
		if slices.Contains(states, line.State) {
			all = append(all, string(line.Kind)+" "+line.ID)
		}
	}
	return sorted(all)
}

// moment is something that comes to be in a cloud.
type moment func(y *yard) bool

// longestWait for a moment, in the bubble's time.
const longestWait = 4 * time.Hour

// until waits for a moment, and fails the test when it does not come.
func (y *yard) until(comes moment) bool {
	for began := time.Now(); time.Since(began) < longestWait; time.Sleep(250 * time.Millisecond) {
		if comes(y) {
			return true
		}
	}
	y.t.Error("the moment did not come")
	return false
}

// called is the moment of the nth call of an API.
func called(api string, times int) moment {
	return func(y *yard) bool { return len(y.calls(api)) >= times }
}

// met is the moment of the nth call that a fault happens to.
func met(times int) moment {
	return func(y *yard) bool {
		hits := 0
		for _, fault := range y.server.Faults() {
			hits += fault.Hits
		}
		return hits >= times
	}
}

// later is some time after a moment.
func later(comes moment, by time.Duration) moment {
	var came time.Time
	return func(y *yard) bool {
		if came.IsZero() && comes(y) {
			came = time.Now()
		}
		return !came.IsZero() && time.Since(came) >= by
	}
}

// is the moment at which a thing of a kind is in a status.
func is(kind, status string) moment {
	return func(y *yard) bool {
		return slices.ContainsFunc(y.state().Resources, func(r emulator.Resource) bool { return r.Kind == kind && r.Status == status })
	}
}

// cancelledAt cancels a build at a moment.
func (o order) cancelledAt(y *yard, comes moment) order {
	o.meanwhile = func(cancel func()) {
		if y.until(comes) {
			cancel()
		}
	}
	return o
}
