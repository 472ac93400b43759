package testsuite

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// known are promises that Kiln breaks today, by the plot in testdata/plots that shows it.
// Simulations count them and go on. Whoever mends one takes it out; its plot then has to
// break nothing.
var known = map[string]func(plot, violation) bool{
	// After the pause for a conflict the call is made without a look, although the conflict
	// may be one with its own effect.
	"conflict-with-its-own-effect": func(p plot, v violation) bool {
		return strings.Contains(v.Says, "ip-") && p.has(func(e event) bool { return e.Weather != nil && e.Weather.Set.TokensIgnored }) &&
			p.has(func(e event) bool {
				return e.Fault != nil && e.Fault.When == emulator.After && classOf(*e.Fault) == errcode.Wait
			})
	},
}

func (p plot) has(fits func(event) bool) bool { return slices.ContainsFunc(p.Events, fits) }

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
