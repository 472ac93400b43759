package testsuite

import (
	"debug/elf"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestKilnIsStatic(t *testing.T) {
	binary, err := elf.Open(buildKiln(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, binary.Close()) })
	for _, part := range binary.Progs {
		require.NotEqual(t, elf.PT_INTERP, part.Type, "kiln asks for a dynamic linker")
	}
}
