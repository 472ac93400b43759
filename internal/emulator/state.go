package emulator

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// State returns everything there is, by kind, region and id, whatever the conditions hide.
// An image that an execution is yet to make has no status.
func (s *Server) State() (State, error) {
	state := State{Time: s.opts.Now().UTC(), Resources: []Resource{}}
	err := s.store.do(func(t *tx) error {
		tokens, err := t.tokens()
		if err != nil {
			return err
		}
		rows, err := t.query(`SELECT kind, region, id, body FROM resource WHERE kind <> ? ORDER BY kind, region, id`,
			Conditions{}.key().kind)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r := Resource{}
			var text []byte
			if err := rows.Scan(&r.Kind, &r.Region, &r.ID, &text); err != nil {
				return err
			}
			r.complete(text, state.Time)
			r.Tokens = orNone(tokens[r.ID])
			state.Resources = append(state.Resources, r)
		}
		return rows.Err()
	})
	if err != nil {
		return State{}, fmt.Errorf("read the state: %w", err)
	}
	return state, nil
}

// complete adds what is in the body.
func (r *Resource) complete(text []byte, now time.Time) {
	var known struct {
		Name     string
		Timeline timeline
	}
	_ = json.Unmarshal(text, &known) // a body that cannot be read has neither
	m, _ := known.Timeline.at(now)
	r.Name, r.Status, r.Body = known.Name, m.Status, slices.Clone(text)
}

// tokens are the tokens that each resource was asked for with.
func (t *tx) tokens() (map[string][]string, error) {
	rows, err := t.query(`SELECT token, ids FROM token ORDER BY token`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	tokens := map[string][]string{}
	for rows.Next() {
		var token string
		var text []byte
		var ids []string
		if err := rows.Scan(&token, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(text, &ids); err != nil {
			return nil, err
		}
		for _, id := range ids {
			tokens[id] = append(tokens[id], token)
		}
	}
	return tokens, rows.Err()
}
