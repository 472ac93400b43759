package emulator

import (
	"errors"
	"fmt"
)

// ErrUnknown is the answer to an id that no resource has.
var ErrUnknown = errors.New("there is no such resource")

// Delete removes a resource behind everybody's back: an image, task, component,
// template, execution or registration, and nothing that belongs to it. An id that
// nothing has is ErrUnknown.
func (s *Server) Delete(id string) error {
	err := s.store.do(func(t *tx) error {
		done, err := t.exec(`DELETE FROM resource WHERE id = ? AND kind <> ?`, id, Conditions{}.key().kind)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n > 0 {
			return err
		}
		return ErrUnknown
	})
	if err != nil {
		return fmt.Errorf("delete %s: %w", id, err)
	}
	return nil
}
