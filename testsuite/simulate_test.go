package testsuite

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A simulation is settled by the environment, so that `make simulate` can.
const (
	simulateN      = "KILN_SIMULATE_N"      // how many plots; default some for a plain test run
	simulateSeed   = "KILN_SIMULATE_SEED"   // of the first; the others count up
	simulatePlot   = "KILN_SIMULATE_PLOT"   // a file with a plot to play instead
	simulateMatrix = "KILN_SIMULATE_MATRIX" // a file for the table of what happened where
	simulateQuick  = "KILN_SIMULATE_QUICK"  // any text: end with the first plot that breaks a promise, as it is
)

// TestSimulate plays plots from seeds: builds of all shapes in a cloud in which anything
// goes wrong, with workers that get lost. The auditor judges each. A plot that breaks a
// promise is made as small as it gets and printed.
func TestSimulate(t *testing.T) {
	if file := os.Getenv(simulatePlot); file != "" {
		playFile(t, file)
		return
	}
	c := &campaign{first: number(t, simulateSeed, 20261121), n: number(t, simulateN, 150), began: time.Now(), tally: newTally(), broken: map[string]int{}, known: map[string]int{}}
	t.Run("plots", func(t *testing.T) {
		for shard := range uint64(shards) {
			t.Run(strconv.FormatUint(shard, 10), func(t *testing.T) {
				t.Parallel()
				for seed := c.first + shard; seed < c.first+c.n && !c.over(); seed += shards {
					c.one(t, seed)
				}
			})
		}
	})
	c.report(t)
}

// shards run at the same time.
const shards = 2

// mostFindings is how many plots that break a promise are shown.
const mostFindings = 5

func number(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err, name)
	return n
}

// playFile plays a plot as it was printed.
func playFile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	p := readPlot(t, text)
	f := p.play(t)
	for _, v := range f.violations {
		t.Errorf("%s: %s", v.Invariant, v.Says)
	}
	fmt.Print(f.tally.table(countOf(f.violations)))
}

// readPlot reads a plot as it was printed.
func readPlot(t *testing.T, text []byte) plot {
	var p plot
	require.NoError(t, json.Unmarshal(text, &p))
	require.True(t, p.playable(), "a build's document is not valid")
	return p
}

// campaign is a number of simulations.
type campaign struct {
	first, n uint64
	began    time.Time

	mu     sync.Mutex
	tally  tally
	broken map[string]int // violations by invariant
	known  map[string]int // those that are known, by their plot
	shown  int
}

// one plays the plot of a seed.
func (c *campaign) one(t *testing.T, seed uint64) {
	p := generate(seed)
	f := p.play(t)
	c.mu.Lock()
	c.tally.add(f.tally)
	f.violations = slices.DeleteFunc(f.violations, func(v violation) bool {
		name := knownAs(p, v)
		if name != "" {
			c.known[name]++
		}
		return name != ""
	})
	for name, n := range countOf(f.violations) {
		c.broken[name] += n
	}
	if runs := c.tally.counts["runs"]; runs%250 == 0 {
		fmt.Printf("%d of %d plots, %d builds, %d violations, %v\n", runs, c.n, c.tally.counts["builds"], total(c.broken), time.Since(c.began).Round(time.Second))
	}
	show := len(f.violations) > 0 && c.shown < mostFindings
	if show {
		c.shown++
	}
	c.mu.Unlock()
	if show {
		expose(t, p, f.violations)
	}
}

// over tells whether one broken promise is enough, and there is one.
func (c *campaign) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return os.Getenv(simulateQuick) != "" && len(c.broken) > 0
}

// expose prints what a plot broke and the smallest plot that breaks it.
func expose(t *testing.T, p plot, violations []violation) {
	for _, v := range violations {
		t.Errorf("seed %d: %s: %s", p.Seed, v.Invariant, v.Says)
	}
	if os.Getenv(simulateQuick) != "" {
		return
	}
	smallest, v := shrink(t, p, violations[0])
	t.Errorf("the smallest plot that breaks %s: %s\n%s\nagain: make simulate SEED=%d N=1, or keep the plot in a file and: make simulate PLOT=FILE",
		violations[0].Invariant, v.Says, smallest.text(), p.Seed)
}

func (c *campaign) report(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(c.known)) {
		fmt.Printf("%10d  known: %s\n", c.known[name], name)
	}
	fmt.Printf("%splayed in %v\n", c.tally.table(c.broken), time.Since(c.began).Round(100*time.Millisecond))
	if file := os.Getenv(simulateMatrix); file != "" {
		require.NoError(t, os.WriteFile(file, []byte(c.tally.matrix()), 0o644))
	}
	require.Zero(t, total(c.broken), c.broken)
}

func countOf(violations []violation) map[string]int {
	counts := map[string]int{}
	for _, v := range violations {
		counts[v.Invariant]++
	}
	return counts
}

func total(counts map[string]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}
