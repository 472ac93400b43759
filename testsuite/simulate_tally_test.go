package testsuite

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed1230462e/kiln/internal/errcode"
)

// tally counts what happened in simulations.
type tally struct {
	counts map[string]int    // by what is counted
	cells  map[[2]string]int // faults that happened: by point and kind
}

func newTally() tally { return tally{counts: map[string]int{}, cells: map[[2]string]int{}} }

// add adds another tally.
func (t *tally) add(other tally) {
	for what, n := range other.counts {
		t.counts[what] += n
	}
	for cell, n := range other.cells {
		t.cells[cell] += n
	}
}

// tallyOf counts what happened on a stage.
func (s *stage) tallyOf(e evidence) tally {
	t := newTally()
	t.counts["runs"] = 1
	for _, b := range e.builds {
		t.counts["builds"]++
		switch {
		case b.result != nil:
			t.counts["builds that succeeded"]++
		case b.failure != nil:
			t.counts["builds that failed"]++
		case b.cancellation != nil:
			t.counts["builds that were cancelled"]++
		}
		if b.mustSucceed {
			t.counts["builds that had to succeed"]++
		}
	}
	for _, r := range e.requests {
		t.counts["calls"]++
		if mutates(r) && r.made() {
			t.counts["made by "+r.api()]++
		}
		if r.Fault != "" {
			kind := faultKind(r)
			t.counts["fault "+kind]++
			t.cells[[2]string{r.api(), kind}]++
		}
	}
	t.counts["cancels"] = s.cancels
	t.counts["attempts lost with their worker"] = len(e.losses)
	for where, n := range s.crew.happened {
		t.cells[[2]string{where[0], "worker lost, " + where[1]}] += n
	}
	return t
}

// faultKind is what happened to a call and on which side of its effect.
func faultKind(r request) string {
	kind := r.Fault
	if r.Fault == "refuse" {
		kind += " " + string(errcode.Classify(r.api(), r.Code, r.Status, r.Message))
	}
	if r.Effect != nil && *r.Effect {
		return kind + ", after"
	}
	return kind + ", before"
}

// table is what the counts say, in lines.
func (t tally) table(violations map[string]int) string {
	var page strings.Builder
	for _, what := range slices.Sorted(maps.Keys(t.counts)) {
		fmt.Fprintf(&page, "%10d  %s\n", t.counts[what], what)
	}
	others := 0
	for name, n := range violations {
		if name != "nothing-lost" && name != "doubled" {
			others += n
		}
	}
	fmt.Fprintf(&page, "%10d  lost\n%10d  doubled\n%10d  other violations\n", violations["nothing-lost"], violations["doubled"], others)
	return page.String()
}

// matrix is what happened where, as a table of a document.
func (t tally) matrix() string {
	var page strings.Builder
	for _, activities := range []bool{false, true} {
		points, kinds := map[string]bool{}, map[string]bool{}
		for cell := range t.cells {
			if strings.HasPrefix(cell[1], "worker lost") == activities {
				points[cell[0]], kinds[cell[1]] = true, true
			}
		}
		columns := slices.Sorted(maps.Keys(kinds))
		fmt.Fprintf(&page, "| | %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat(" --- |", len(columns)+1))
		for _, point := range slices.Sorted(maps.Keys(points)) {
			fmt.Fprintf(&page, "| `%s` |", point)
			for _, kind := range columns {
				fmt.Fprintf(&page, " %d |", t.cells[[2]string{point, kind}])
			}
			fmt.Fprintln(&page)
		}
		fmt.Fprintln(&page)
	}
	return page.String()
}
