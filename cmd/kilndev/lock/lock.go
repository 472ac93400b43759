// Package lock keeps two processes from serving one file.
package lock

import (
	"errors"
	"fmt"

	"github.com/gofrs/flock"
)

// ErrTaken says that another process serves the file.
var ErrTaken = errors.New("another kilndev is using")

// Lock is held until Release, or until the process ends, however it ends.
type Lock struct{ flock *flock.Flock }

// Take locks a file by a lock file beside it, FILE.lock, which stays. It returns
// ErrTaken when another process holds the lock.
func Take(file string) (*Lock, error) {
	f := flock.New(file + ".lock")
	free, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", file, err)
	}
	if !free {
		return nil, fmt.Errorf("%w %s: stop it, or name another file", ErrTaken, file)
	}
	return &Lock{flock: f}, nil
}

// Release gives the file free. A nil lock is free already.
func (l *Lock) Release() error {
	if l == nil {
		return nil
	}
	return l.flock.Unlock()
}
