package seed_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/cmd/kilndev/seed"
)

func TestIntoWritesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, seed.Into(dir))
	base := filepath.Join(dir, "kiln-examples", "disks", "base.qcow2")
	original, err := os.ReadFile(base)
	require.NoError(t, err)
	require.Equal(t, "QFI\xfb", string(original[:4]), "the magic number of QCOW2")

	mine := filepath.Join(dir, "kiln-examples", "disks", "data.raw")
	require.NoError(t, os.WriteFile(mine, []byte("mine"), 0o600))
	require.NoError(t, os.Remove(base))
	require.NoError(t, seed.Into(dir))

	kept, err := os.ReadFile(mine)
	require.NoError(t, err)
	require.Equal(t, "mine", string(kept))
	again, err := os.ReadFile(base)
	require.NoError(t, err)
	require.Equal(t, original, again)
}
