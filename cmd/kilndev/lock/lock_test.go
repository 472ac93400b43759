package lock_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/cmd/kilndev/lock"
)

func TestAFileHasOneHolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kiln.db")
	first, err := lock.Take(file)
	require.NoError(t, err)

	_, err = lock.Take(file)
	require.ErrorIs(t, err, lock.ErrTaken)
	require.ErrorContains(t, err, file)

	require.NoError(t, first.Release())
	second, err := lock.Take(file)
	require.NoError(t, err)
	require.NoError(t, second.Release())
}

func TestAFolderThatDoesNotExistIsNotTaken(t *testing.T) {
	_, err := lock.Take(filepath.Join(t.TempDir(), "missing", "kiln.db"))
	require.Error(t, err)
	require.NotErrorIs(t, err, lock.ErrTaken)
}
