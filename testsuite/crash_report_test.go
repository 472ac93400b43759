//go:build e2e

package testsuite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// toll is what happened to a cast.
type toll struct {
	mu     sync.Mutex
	kills  counts // by what was killed
	cuts   counts // by what was cut
	points counts // by the part of the story
	losses []time.Time
	builds []testimony
}

// counts are numbers of things by kind.
type counts map[string]int

func (c *counts) add(kind string, n int) {
	if *c == nil {
		*c = counts{}
	}
	(*c)[kind] += n
}

func (c counts) total() (n int) {
	for _, one := range c {
		n += one
	}
	return n
}

// String is such as "cloud 3, worker 12".
func (c counts) String() string {
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(c)) {
		kinds = append(kinds, fmt.Sprintf("%s %d", kind, c[kind]))
	}
	return strings.Join(kinds, ", ")
}

// lose kills a part of the cast that lives.
func (c *cast) lose(a *actor) {
	if !a.lives() {
		return
	}
	a.kill()
	kind, _, _ := strings.Cut(a.name, "-")
	c.toll.note(&c.toll.kills, kind)
}

// disturb changes a network so that something may be lost.
func (c *cast) disturb(what string, change func()) {
	change()
	c.toll.note(&c.toll.cuts, what)
}

// note counts a absence and keeps its moment.
func (y *toll) note(in *counts, kind string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	in.add(kind, 1)
	y.losses = append(y.losses, time.Now())
}

// report sums up what happened and what came of it.
type report struct {
	mu                                             sync.Mutex
	calls                                          int
	runs, kills, cuts, points, faults, made, wrong counts
	violations                                     []violation
}

// report is that of a cast.
func (c *cast) report(e evidence, violations []violation) *report {
	r := &report{
		calls: len(e.requests), runs: endsOf(e.builds),
		kills: c.toll.kills, cuts: c.toll.cuts, points: c.toll.points, faults: c.log.faults, made: madeByKind(e.requests),
		violations: violations,
	}
	for _, v := range violations {
		switch v.Invariant {
		case "nothing-lost", "finishes":
			r.wrong.add("lost", 1)
		case "doubled", "one-live":
			r.wrong.add("doubled", 1)
		default:
			r.wrong.add("other", 1)
		}
	}
	return r
}

// add adds what happened to another cast.
func (r *report) add(other *report) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls += other.calls
	r.violations = append(r.violations, other.violations...)
	for into, from := range map[*counts]counts{
		&r.runs: other.runs, &r.kills: other.kills, &r.cuts: other.cuts, &r.points: other.points, &r.faults: other.faults, &r.made: other.made, &r.wrong: other.wrong,
	} {
		for kind, n := range from {
			into.add(kind, n)
		}
	}
}

// String is the table, and below it what was wrong, so that the end of a log tells.
func (r *report) String() string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range []struct {
		what  string
		n     int
		kinds counts
	}{
		{"runs of builds", r.runs.total(), r.runs},
		{"kills", r.kills.total(), r.kills},
		{"networks cut", r.cuts.total(), r.cuts},
		{"points of death", r.points.total(), r.points},
		{"faults of the cloud", r.faults.total(), r.faults},
		{"resources made", r.made.total(), r.made},
		{"calls", r.calls, nil},
		{"lost", r.wrong["lost"], nil},
		{"doubled", r.wrong["doubled"], nil},
		{"other violations", r.wrong["other"], nil},
	} {
		_, _ = fmt.Fprintf(table, "%s\t%d\t%s\n", row.what, row.n, row.kinds) // into memory
	}
	_ = table.Flush()
	for _, v := range r.violations {
		_, _ = fmt.Fprintf(&text, "%s: %s\n", v.Invariant, v.Says)
	}
	return text.String()
}

// endsOf counts how runs ended, and among them apart those that were begun again.
func endsOf(runs []testimony) (all counts) {
	known := map[string]bool{}
	for _, b := range runs {
		end := "failed"
		switch {
		case b.result != nil:
			end = "succeeded"
		case b.cancellation != nil:
			end = "cancelled"
		}
		if known[b.id] {
			end += " after a retry"
		}
		known[b.id] = true
		all.add(end, 1)
	}
	return all
}

// prefixes is the kind of a resource by the beginning of its id.
var prefixes = map[string]string{"m": "images", "t": "tasks", "ic": "components", "ip": "templates", "exec": "executions", "img": "registrations"}

// madeByKind counts what the calls have made.
func madeByKind(requests []request) (all counts) {
	for _, r := range requests {
		if r.looks() || !r.made() {
			continue
		}
		for _, id := range r.ResourceIDs {
			prefix, _, _ := strings.Cut(id, "-")
			all.add(prefixes[prefix], 1)
		}
	}
	return all
}
