package spec

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkRead reads and checks documents, as the command line does and each build does
// again.
func BenchmarkRead(b *testing.B) {
	for _, name := range []string{"quickstart.yaml", "full.yaml", "minimal.json"} {
		file := filepath.Join(examples, name)
		document, err := os.ReadFile(file)
		require.NoError(b, err)
		opts := Options{ReadFile: func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(examples, name)) }}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				if _, err := Read(file, document, opts); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
