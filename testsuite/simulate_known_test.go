package testsuite

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// known are promises that Kiln breaks today, by the plot in testdata/plots that shows it.
// Simulations count them and go on. Whoever mends one takes it out; its plot then has to
// break nothing.
var known = map[string]func(plot, violation) bool{}

// knownAs is the name under which a violation is known, if it is.
func knownAs(p plot, v violation) string {
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if known[name](p, v) {
			return name
		}
	}
	return ""
}

// TestSimulatePlots plays the smallest plots that ever broke a promise.
func TestSimulatePlots(t *testing.T) {
	files, err := filepath.Glob("testdata/plots/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			p := readPlot(t, text)
			broken := p.play(t).violations
			is, expected := known[name]
			switch {
			case !expected:
				require.Empty(t, broken)
			default:
				require.True(t, slices.ContainsFunc(broken, func(v violation) bool { return is(p, v) }),
					"it is mended: take %s out of known; %v", name, broken)
			}
		})
	}
}
