package signature_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

func TestNoncesMemoryForgetsAfterTheWindow(t *testing.T) {
	var nonces signature.NoncesMemory
	require.True(t, nonces.Use("a", probed))
	require.False(t, nonces.Use("a", probed.Add(2*signature.Window)))
	require.True(t, nonces.Use("a", probed.Add(2*signature.Window+time.Second)))
}

func TestNoncesMemoryIsBounded(t *testing.T) {
	nonces := signature.NoncesMemory{Max: 3}
	for i := range 4 {
		require.True(t, nonces.Use(fmt.Sprint(i), probed))
	}
	require.False(t, nonces.Use("3", probed), "the newest is remembered")
	require.True(t, nonces.Use("0", probed), "the oldest was forgotten")
}
