package spec

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRead: no input panics, a refusal is always a Faults that points into the document,
// and what is accepted reads back the same.
func FuzzRead(f *testing.F) {
	for _, pattern := range []string{"testdata/bad/*.yaml", "testdata/bad/*.json", examples + "/*.yaml", examples + "/*.json"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, file := range files {
			document, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(document)
		}
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		is, err := Expand("fuzz", document, Options{ReadFile: func(string) ([]byte, error) { return []byte("RUN true"), nil }})
		if err != nil {
			var faults Faults
			require.ErrorAs(t, err, &faults)
			require.NotEmpty(t, faults)
			for _, fault := range faults {
				require.Positive(t, fault.Line)
				require.Positive(t, fault.Column)
				require.NotEmpty(t, fault.Message)
			}
			return
		}
		if len(is.Members) <= 16 { // more take long, and tell nothing new
			requireBuildsOfDocuments(t, is)
		}
	})
}
