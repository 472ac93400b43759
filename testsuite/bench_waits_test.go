//go:build bench

package testsuite

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestBench1And4Waits counts the calls to the cloud of builds that wait for half an hour, and
// how late each notices the end (figure 4). Simulated time, with the real client, quota
// and watcher of one worker; each run is a seed.
func TestBench1And4Waits(t *testing.T) {
	s := newSheet(t, 1, "Calls to the cloud for builds that wait, and how late they notice")
	counts := s.numbers("N", 1, 100, 1000, 10000)
	s.say("Each build imports, or runs a template, for 30 min ± 10 %% and then looks whether its image can be used. Calls that make something go as the " +
		"account's quota of 1,000 a minute lets them, the looks of one worker share it, and each call takes " + waitLatency.String() + ". " +
		"Beside it what a fixed poll of each build would ask: each 5 s as Packer does, 3 to 10 s as Terraform.")
	for _, kind := range []waitKind{imports, executions} {
		var calls, lags [][]string
		for _, n := range counts {
			var of waitsCounted
			for run := range s.runs {
				t.Logf("%d %s, run %d of %d", n, kind.name, run+1, s.runs)
				of.add(waitsOf(t, n, rand.New(rand.NewPCG(s.seed, uint64(run))), kind))
			}
			calls, lags = append(calls, of.calls(n)), append(lags, of.lags(n))
		}
		s.say("### %s", strings.ToUpper(kind.name[:1])+kind.name[1:])
		s.table([]string{"waiting", "looks, all", "looks, each", "5 s poll, each", "3–10 s poll, each", "5 s poll ÷ Kiln", "most calls in 60 s", "5 s poll, in 60 s", "throttled"}, calls)
		s.table([]string{"waiting", "looks by", "noticed after, p50 s", "p99 s", "most s"}, lags)
	}
}

// calls is the row of n waits beside the arithmetic of a fixed poll.
func (w *waitsCounted) calls(n int) []string {
	waited := w.waited.quantile(0.5)
	var each, saved spread
	for i, looks := range w.looks {
		each = append(each, looks/float64(n))
		saved = append(saved, float64(n)*w.waited[i]/5/looks)
	}
	return []string{strconv.Itoa(n), w.looks.String(), each.String(), digits(waited / 5), digits(waited/10) + "–" + digits(waited/3),
		saved.String(), w.busiest.String(), strconv.Itoa(12 * n), w.throttled.String()}
}

// lags is the row of n waits that tells how late they noticed the end.
func (w *waitsCounted) lags(n int) []string {
	var by []string
	for _, action := range slices.Sorted(maps.Keys(w.by)) {
		by = append(by, fmt.Sprintf("%s %s", action, digits(w.by[action].quantile(0.5))))
	}
	return []string{strconv.Itoa(n), strings.Join(by, ", "), w.p50.String(), w.p99.String(), w.most.String()}
}
