package testsuite

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Chance in the pauses of retries makes two runs of a plot differ a little, so a smaller one
// gets more than one try to go wrong in the same way.
const (
	triesToFail   = 2
	longestShrink = time.Minute
)

// shrink makes a plot as small as it gets while it still breaks the same promise.
func shrink(t *testing.T, p plot, found violation) (plot, violation) {
	smallest, is := p, found
	began := time.Now()
	for again := true; again; {
		again = false
		for _, smaller := range smallest.smaller() {
			if time.Since(began) > longestShrink {
				break
			}
			if v, fails := smaller.breaks(t, found.Invariant); fails {
				smallest, is, again = smaller, v, true
				break
			}
		}
	}
	return smallest, is
}

// breaks tells whether a plot breaks a promise, and how.
func (p plot) breaks(t *testing.T, invariant string) (violation, bool) {
	for range triesToFail {
		for _, v := range p.play(t).violations {
			if v.Invariant == invariant {
				return v, true
			}
		}
	}
	return violation{}, false
}

// smaller are plots with something left out, the boldest first. All of them can be played.
func (p plot) smaller() (all []plot) {
	add := func(change func(*plot)) {
		one := p.clone()
		change(&one)
		claims := one.clone()
		claims.keepClaims()
		if one.text() != p.text() && one.text() == claims.text() && one.playable() {
			all = append(all, one)
		}
	}
	for size := (len(p.Events) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at+size <= len(p.Events); at += size {
			add(func(one *plot) { one.Events = slices.Delete(one.Events, at, at+size) })
		}
	}
	for n := range p.Builds {
		if len(p.Builds) > 1 {
			add(func(one *plot) { one.Builds = slices.Delete(one.Builds, n, n+1) })
		}
	}
	for n := range p.Planted {
		add(func(one *plot) { one.Planted = slices.Delete(one.Planted, n, n+1) })
	}
	for n := range p.Builds {
		for _, simplify := range simplerShapes {
			add(func(one *plot) { simplify(&one.Builds[n].Shape); one.Builds[n].Shape.mend() })
		}
		add(func(one *plot) { one.Builds[n].After, one.Builds[n].Then = 0, false })
		add(func(one *plot) { one.Builds[n].Again = nil })
		add(func(one *plot) { one.Builds[n].Again = one.Builds[n].Again[:max(0, len(one.Builds[n].Again)-1)] })
	}
	for n := range p.Events {
		for _, simplify := range simplerEvents {
			add(func(one *plot) { simplify(&one.Events[n]) })
		}
		for _, part := range p.Events[n].parts() {
			add(func(one *plot) { one.Events[n].Weather.Set = part })
		}
	}
	add(func(one *plot) { one.Speed = 10 })
	return all
}

// playable tells whether all documents are valid.
func (p plot) playable() bool {
	for _, b := range p.Builds {
		if _, err := spec.Read("document", []byte(b.Shape.document("ip-x")), spec.Options{}); err != nil {
			return false
		}
	}
	return true
}

var simplerShapes = []func(*shape){
	func(s *shape) { s.Register = false },
	func(s *shape) { s.Components = nil },
	func(s *shape) { s.Components = s.Components[:max(0, len(s.Components)-1)] },
	func(s *shape) { s.Components = s.Components[min(1, len(s.Components)):] },
	func(s *shape) { s.Template = false },
	func(s *shape) { s.Source = "image" },
	func(s *shape) { s.Source, s.Template = "image", true },
	func(s *shape) { s.Disks, s.ImportName = min(1, s.Disks), "" },
	func(s *shape) { s.Tests = false },
	func(s *shape) { s.Regions = nil },
	func(s *shape) { s.FixedName = false },
	func(s *shape) { s.Family, s.Tags = "", nil },
	func(s *shape) { s.OnFailure = "" },
	func(s *shape) { s.OnCancel = "" },
	func(s *shape) { s.Remove = nil },
	func(s *shape) { s.Remove = s.Remove[:max(0, len(s.Remove)-1)] },
	func(s *shape) { s.Retries = nil },
}

var simplerEvents = []func(*event){
	func(e *event) {
		change(e.Fault, func(f *emulator.Fault) { f.From, f.To, f.Probability, f.Seed = 0, 1, 0, 0 })
	},
	func(e *event) { change(e.Fault, func(f *emulator.Fault) { f.To = min(f.To, max(1, f.From)) }) },
	func(e *event) { change(e.Fault, func(f *emulator.Fault) { f.When = emulator.Before }) },
	func(e *event) { change(e.Weather, func(w *weather) { w.From = instant{} }) },
	func(e *event) { change(e.Weather, func(w *weather) { w.For = 0 }) },
	func(e *event) { change(e.Loss, func(l *loss) { l.In = 0 }) },
	func(e *event) { change(e.Loss, func(l *loss) { l.Attempt = 1 }) },
	func(e *event) { change(e.Kill, func(m *instant) { m.N = min(m.N, 1) }) },
	func(e *event) { change(e.Cancel, func(c *cancel) { c.At.N = min(c.At.N, 1) }) },
	func(e *event) { change(e.Act, func(a *act) { a.At.N = min(a.At.N, 1) }) },
}

func change[T any](thing *T, how func(*T)) {
	if thing != nil {
		how(thing)
	}
}

// parts are the states of an event's weather with one thing less.
func (e event) parts() (all []emulator.Conditions) {
	if e.Weather == nil {
		return nil
	}
	var whole map[string]any
	text, _ := json.Marshal(e.Weather.Set)
	_ = json.Unmarshal(text, &whole)
	for _, name := range slices.Sorted(maps.Keys(whole)) {
		less := maps.Clone(whole)
		delete(less, name)
		text, _ := json.Marshal(less)
		var part emulator.Conditions
		_ = json.Unmarshal(text, &part)
		all = append(all, part)
	}
	return all
}
