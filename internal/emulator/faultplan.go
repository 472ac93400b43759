package emulator

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// plan are the faults to come.
type plan struct {
	mu     sync.Mutex
	faults []Fault
}

// Plan adds faults behind those that are planned. When one of them is not well formed,
// none is added.
func (s *Server) Plan(faults ...Fault) error {
	added := make([]Fault, 0, len(faults))
	for n, f := range faults {
		if err := f.check(); err != nil {
			return fmt.Errorf("fault %d: %w", n+1, err)
		}
		f.Params = maps.Clone(f.Params)
		added = append(added, f)
	}
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	s.plan.faults = append(s.plan.faults, added...)
	return nil
}

// ClearFaults forgets all planned faults. What hangs goes on hanging.
func (s *Server) ClearFaults() {
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	s.plan.faults = nil
}

// Faults are the planned faults, with what has come of them so far.
func (s *Server) Faults() []Fault {
	s.plan.mu.Lock()
	defer s.plan.mu.Unlock()
	all := slices.Clone(s.plan.faults)
	for n := range all {
		all[n].Params = maps.Clone(all[n].Params)
	}
	return all
}

// next counts a call and returns the fault that happens to it, nil for none. Its Hits
// tell which time this is.
func (p *plan) next(api string, params map[string]string) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	var happens *Fault
	for n := range p.faults {
		f := &p.faults[n]
		if !f.matches(api, params) {
			continue
		}
		f.Calls++
		if happens == nil && f.happens() {
			f.Hits++
			now := *f
			happens = &now
		}
	}
	return happens
}

// happens says whether a fault happens to the call that it counted last.
func (f *Fault) happens() bool {
	switch {
	case f.Calls < f.From || f.To > 0 && f.Calls > f.To:
		return false
	case f.Probability == 0:
		return true
	}
	//nolint:gosec // chance that can be repeated is the point
	return rand.New(rand.NewPCG(f.Seed, uint64(f.Calls))).Float64() < f.Probability
}
