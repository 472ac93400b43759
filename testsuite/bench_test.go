//go:build bench

package testsuite

// The benchmarks measure and judge nothing: each prints tables for docs/benchmarks.md.
// What is compared runs in turns against the same server in the same run, so that the
// ratio stands although the machine is never quiet. `make bench` runs them.

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// sheet is what is printed of one figure.
type sheet struct {
	t      *testing.T
	figure int
	runs   int
	seed   uint64
	began  time.Time
	load   string
	knobs  []string
	text   strings.Builder
}

// newSheet begins the sheet of a figure. It is printed when the test ends well.
func newSheet(t *testing.T, figure int, title string) *sheet {
	t.Helper()
	s := &sheet{t: t, figure: figure, began: time.Now().UTC(), load: loadAverage(t)}
	s.runs = s.number("RUNS", 5)
	s.seed = uint64(s.number("SEED", 1))
	fmt.Fprintf(&s.text, "\n## %d. %s\n\n", figure, title)
	t.Cleanup(func() {
		if !t.Failed() && !t.Skipped() {
			s.print()
		}
	})
	return s
}

// number is a setting of the benchmark, which the printed command names.
func (s *sheet) number(name string, otherwise int) int {
	s.t.Helper()
	return s.numbers(name, otherwise)[0]
}

// numbers is a setting that may be a list.
func (s *sheet) numbers(name string, otherwise ...int) []int {
	s.t.Helper()
	values := otherwise
	if text := os.Getenv("KILN_BENCH_" + name); text != "" {
		values = nil
		for field := range strings.SplitSeq(text, ",") {
			value, err := strconv.Atoi(field)
			require.NoError(s.t, err, name)
			require.Positive(s.t, value, name)
			values = append(values, value)
		}
	}
	s.knobs = append(s.knobs, name+"="+strings.ReplaceAll(strings.Trim(fmt.Sprint(values), "[]"), " ", ","))
	return values
}

// table adds a table; the first column is text.
func (s *sheet) table(head []string, rows [][]string) {
	fmt.Fprintf(&s.text, "| %s |\n|%s\n", strings.Join(head, " | "), " --- |"+strings.Repeat(" ---: |", len(head)-1))
	for _, row := range rows {
		fmt.Fprintf(&s.text, "| %s |\n", strings.Join(row, " | "))
	}
	s.text.WriteString("\n")
}

// say adds a paragraph.
func (s *sheet) say(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n\n", args...) }

// print writes the sheet, with where it comes from, to standard output and to the end of
// the file that KILN_BENCH_OUT names.
func (s *sheet) print() {
	fmt.Fprintf(&s.text, "%s. Medians of %d runs (least–most).\n\nMeasured %s in %s, load %s at the start, on %s: `make bench FIGURE=%d %s`\n",
		versions(s.t), s.runs, s.began.Format("2006-01-02 15:04 UTC"), time.Since(s.began).Round(time.Second), s.load, hardware(s.t),
		s.figure, strings.Join(s.knobs, " "))
	fmt.Println(s.text.String())
	if file := os.Getenv("KILN_BENCH_OUT"); file != "" {
		out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		require.NoError(s.t, err)
		_, err = out.WriteString(s.text.String())
		require.NoError(s.t, err)
		require.NoError(s.t, out.Close())
	}
}
