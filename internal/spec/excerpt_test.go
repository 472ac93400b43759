package spec

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExcerpt(t *testing.T) {
	long := strings.Repeat("0123456789", 30)
	tests := map[string]struct {
		document string
		at       position
		want     []string
	}{
		"the first line":                {"a: 1\nb: 2\nc: 3", position{1, 4}, []string{"> 1 | a: 1", "    |    ^", "  2 | b: 2"}},
		"the last line":                 {"a: 1\nb: 2", position{2, 1}, []string{"  1 | a: 1", "> 2 | b: 2", "    | ^"}},
		"a caret after the end":         {"a:", position{1, 5}, []string{"> 1 | a:", "    |     ^"}},
		"line numbers of two digits":    {strings.Repeat("x\n", 9) + "y", position{10, 1}, []string{"   8 | x", "   9 | x", "> 10 | y", "     | ^"}},
		"wide characters":               {"名: 字, x", position{1, 7}, []string{"> 1 | 名: 字, x", "    |         ^"}},
		"a tab takes one column":        {"\ta: 1", position{1, 2}, []string{"> 1 |  a: 1", "    |  ^"}},
		"a control character is hidden": {"a\x1b[31m: 1", position{1, 1}, []string{"> 1 | a\uFFFD[31m: 1", "    | ^"}},
		"a long line is cut around":     {long, position{1, 151}, []string{"> 1 | …" + long[77:176] + "…", "    | " + strings.Repeat(" ", 74) + "^"}},
		"no such line":                  {"a: 1", position{7, 1}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			want := strings.Join(test.want, "\n")
			if want != "" {
				want += "\n"
			}
			require.Equal(t, want, linesOf(test.document).excerpt(test.at))
		})
	}
}

func TestClosest(t *testing.T) {
	for word, want := range map[string]string{
		"sizegib": "sizeGiB", "formt": "format", "foramt": "format", "objcet": "object",
		"completely-different": "", "x": "", "": "",
	} {
		require.Equal(t, want, Closest(word, []string{"bucket", "format", "object", "sizeGiB"}), word)
	}
}
