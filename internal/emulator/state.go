package emulator

import (
	"cmp"
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
		tokens := t.tokens()
		for at, r := range t.store.rows {
			if slices.Contains(internalKinds, at.kind) {
				continue
			}
			text, err := json.Marshal(r)
			if err != nil {
				return err
			}
			shown := Resource{Kind: at.kind, Region: r.key().region, ID: at.id, Tokens: orNone(tokens[at.id])}
			shown.complete(text, state.Time)
			state.Resources = append(state.Resources, shown)
		}
		return nil
	})
	if err != nil {
		return State{}, fmt.Errorf("read the state: %w", err)
	}
	slices.SortFunc(state.Resources, func(a, b Resource) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Region, b.Region), cmp.Compare(a.ID, b.ID))
	})
	return state, nil
}

// internalKinds are of what the emulator keeps for itself.
var internalKinds = []string{Conditions{}.key().kind, counter{}.key().kind, token{}.key().kind}

// complete adds what is in the body.
func (r *Resource) complete(text []byte, now time.Time) {
	var known struct {
		Name     string
		Timeline timeline
	}
	_ = json.Unmarshal(text, &known) // a body that cannot be read has neither
	m, _ := known.Timeline.at(now)
	r.Name, r.Status, r.Body = known.Name, m.Status, text
}

// tokens are the tokens that each resource was asked for with.
func (t *tx) tokens() map[string][]string {
	tokens := map[string][]string{}
	for _, used := range list[token](t, "") {
		for _, id := range used.IDs {
			tokens[id] = append(tokens[id], used.Token)
		}
	}
	for _, texts := range tokens {
		slices.Sort(texts)
	}
	return tokens
}
