package spec

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A bad document may start with comments that say what it is read with:
// "# var NAME=VALUE" sets a variable, "# files: none" reads no files.
func optionsOf(document string) Options {
	opts := Options{Vars: map[string]string{}, ReadFile: os.DirFS(filepath.Join("testdata", "bad")).(interface {
		ReadFile(string) ([]byte, error)
	}).ReadFile}
	for line := range strings.Lines(document) {
		setting, comment := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !comment {
			break
		}
		if name, value, ok := strings.Cut(strings.TrimPrefix(setting, "var "), "="); ok {
			opts.Vars[name] = value
		}
		if setting == "files: none" {
			opts.ReadFile = nil
		}
	}
	return opts
}

func TestBadDocuments(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.*")
	require.NoError(t, err)
	documents := 0
	for _, file := range files {
		if extension := filepath.Ext(file); extension != ".yaml" && extension != ".json" {
			continue
		}
		documents++
		t.Run(filepath.Base(file), func(t *testing.T) {
			document, err := os.ReadFile(file)
			require.NoError(t, err)
			is, err := Expand(filepath.Base(file), document, optionsOf(string(document)))
			require.Zero(t, is)
			var faults Faults
			require.ErrorAs(t, err, &faults)
			requireGolden(t, file+".golden", report(faults))
		})
	}
	require.GreaterOrEqual(t, documents, 71)
}

func report(faults Faults) string {
	var b strings.Builder
	for _, fault := range faults {
		b.WriteString(fault.String() + "\n" + fault.Excerpt + "\n")
	}
	return b.String()
}

func requireGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}
