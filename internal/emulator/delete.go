package emulator

import (
	"errors"
	"fmt"
	"slices"
)

// ErrUnknown is the answer to an id that no resource has.
var ErrUnknown = errors.New("there is no such resource")

// Delete removes a resource behind everybody's back: an image, task, component,
// template, execution or registration, and nothing that belongs to it. An id that
// nothing has is ErrUnknown.
func (s *Server) Delete(id string) error {
	err := s.store.do(func(t *tx) error {
		found := false
		for kind := range kinds {
			at := place{kind, id}
			if t.store.rows[at] != nil && !slices.Contains(internalKinds, kind) {
				t.put(at, nil)
				found = true
			}
		}
		if found {
			return nil
		}
		return ErrUnknown
	})
	if err != nil {
		return fmt.Errorf("delete %s: %w", id, err)
	}
	return nil
}
