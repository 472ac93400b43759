package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
)

func (Conditions) key() key { return key{kind: "conditions", id: "conditions"} }

// Conditions are those that hold now.
func (s *Server) Conditions() Conditions { return s.conditions.Load().clone() }

// Set replaces all conditions. They outlive a restart with a state file. What has begun
// goes on as it began.
func (s *Server) Set(to Conditions) error {
	to = to.clone()
	if err := to.check(); err != nil {
		return fmt.Errorf("conditions: %w", err)
	}
	s.setting.Lock()
	defer s.setting.Unlock()
	return s.keep(to)
}

// keep writes conditions down and lets them hold.
func (s *Server) keep(to Conditions) error {
	err := s.store.do(func(t *tx) error {
		t.save(to)
		return nil
	})
	if err != nil {
		return fmt.Errorf("keep conditions: %w", err)
	}
	s.conditions.Store(&to)
	return nil
}

// holding are the conditions for a call of an action. It may be the one with which they
// begin.
func (s *Server) holding(api string) (Conditions, error) {
	now := *s.conditions.Load()
	if now.Begin == "" {
		return now, nil
	}
	s.setting.Lock()
	defer s.setting.Unlock()
	now = *s.conditions.Load()
	switch {
	case now.Begin == "":
		return now, nil
	case !names(now.Begin, api):
		return Conditions{}, nil
	}
	now.Begin = ""
	return now, s.keep(now)
}

func (s *Server) loadConditions() error {
	return s.store.do(func(t *tx) error {
		before, _ := kept[Conditions](t, Conditions{}.key().id)
		s.conditions.Store(&before)
		return nil
	})
}

// clone is a copy that shares nothing, so that nobody changes conditions but by Set.
func (c Conditions) clone() Conditions {
	text, err := json.Marshal(c)
	var copied Conditions
	if err = errors.Join(err, json.Unmarshal(text, &copied)); err != nil {
		return c // what is made of strings, numbers and maps always encodes
	}
	return copied
}
