package starter

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiff(t *testing.T) {
	require.Empty(t, diff("a\nb\n", "a\nb\n"))
	require.Equal(t, "+ a\n+ b\n", diff("", "a\nb\n"))
	require.Equal(t, "- a\n+ b\n", diff("a\n", "b\n"))
	require.Equal(t, "  c\n  d\n  e\n- f\n+ F\n  g\n", diff("a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nd\ne\nF\ng\n"))
	many := strings.Repeat("x\n", 3000)
	require.Equal(t, 2*3002, strings.Count(diff("a\n"+many+"b\n", "b\n"+strings.ToUpper(many)+"a\n"), "\n"), "too many to look for the fewest")
	require.Equal(t, "+ 0\n  1\n  2\n  3\n  …\n  7\n  8\n  9\n- x\n", diff("1\n2\n3\n4\n5\n6\n7\n8\n9\nx\n", "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"))
}
