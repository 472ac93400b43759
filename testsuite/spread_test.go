//go:build e2e || bench

package testsuite

import (
	"fmt"
	"slices"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// spread is a value as it came out in each run.
type spread []float64

// String is the median, and the least and the most when there is more than one.
func (s spread) String() string {
	if len(s) == 0 {
		return "–"
	}
	if len(s) == 1 {
		return digits(s[0])
	}
	return fmt.Sprintf("%s (%s–%s)", digits(s.quantile(0.5)), digits(slices.Min(s)), digits(slices.Max(s)))
}

// quantile is the value below which a share of the values lies, between two if need be.
func (s spread) quantile(share float64) float64 {
	sorted := slices.Sorted(slices.Values(s))
	at := share * float64(len(sorted)-1)
	below := int(at)
	above := min(below+1, len(sorted)-1)
	return sorted[below] + (at-float64(below))*(sorted[above]-sorted[below])
}

// digits shows a value by about three digits.
func digits(x float64) string {
	switch {
	case x == float64(int64(x)):
		return strconv.FormatInt(int64(x), 10)
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func TestSpread(t *testing.T) {
	require.Equal(t, "3 (1–20)", spread{3, 1, 20}.String())
	require.Equal(t, "2.50", spread{2.5}.String())
	require.Equal(t, "–", spread{}.String())
	require.InDelta(t, 1.5, spread{2, 1}.quantile(0.5), 1e-9)
	require.InDelta(t, 99, spread(numbersTo(100)).quantile(0.99), 0.1)
}

func numbersTo(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i + 1)
	}
	return all
}
