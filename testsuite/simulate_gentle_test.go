package testsuite

import (
	"slices"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// gentle tells whether all that a plot does is transient or harmless, so that every
// build of it has to succeed.
func (s plot) gentle() bool {
	return !slices.ContainsFunc(s.Events, func(e event) bool { return !s.gentleEvent(e) }) &&
		!slices.ContainsFunc(s.Planted, func(p planted) bool { return !s.gentlePlanted(p) }) && !s.namesClash()
}

func (s plot) gentleEvent(e event) bool {
	switch {
	case e.Cancel != nil:
		return false
	case e.Fault != nil:
		return e.Fault.To > 0 && gentleFault(*e.Fault)
	case e.Weather != nil:
		return gentleWeather(*e.Weather)
	case e.Act != nil:
		return s.gentleThing(e.Act.Do, e.Act.Name, e.Act.Version, e.Act.Content)
	}
	return true
}

func (s plot) gentlePlanted(p planted) bool {
	return s.gentleThing(p.Kind, p.Name, p.Version, p.Content)
}

// gentleThing tells whether a thing of somebody else is in no build's way, or as good as
// the build's own.
func (s plot) gentleThing(kind, name, version, content string) bool {
	switch kind {
	case "delete":
		return false
	case "image":
		return !s.uses(func(one shape) bool { return one.ImportName == name || one.Name == name && one.runs() })
	case "component":
		return !s.uses(func(one shape) bool {
			return slices.ContainsFunc(one.Components, func(p piece) bool {
				return p.Name == name && p.Version == version && (p.Content != content || p.Test)
			})
		})
	}
	return true
}

// namesClash tells whether two builds want one name for two things, or one removes what
// another one may use.
func (s plot) namesClash() bool {
	contents := map[string]string{}
	for _, b := range s.Builds {
		for _, p := range b.Shape.Components {
			if p.Version == "" {
				continue
			}
			is := p.Content + p.kind()
			if was, known := contents[p.Name]; known && was != is {
				return true
			}
			contents[p.Name] = is
		}
	}
	return len(s.Builds) > 1 && s.uses(func(one shape) bool { return slices.Contains(one.Remove, "components") })
}

// gentleFault tells whether a fault is one after which a repeat helps, when it ends.
func gentleFault(f emulator.Fault) bool {
	look := slices.ContainsFunc([]string{"Describe", "List", "Get"}, func(verb string) bool { return strings.HasPrefix(actionName(f.Action), verb) })
	undo := slices.Contains(undoing, f.Action)
	switch f.Do {
	case emulator.Redirect:
		return false
	case emulator.Empty:
		return !look && f.Action != "*" // an empty list says that there is nothing
	case emulator.Refuse:
		switch class := classOf(f); class {
		case errcode.Retry:
			return errcode.Lookup(f.Action, f.Code, f.Status, f.Message).Tries == 0 // several of them end a build
		case errcode.Wait:
			return f.Action != "*"
		case errcode.Reconcile:
			return f.When == emulator.After && !look && !undo && f.Action != "*" // then it says the truth
		}
		return false
	}
	return true
}

func actionName(api string) string { return strings.TrimPrefix(api, "BatchCompute.") }

// classOf is how Kiln takes a planned refusal. One of every API is of the worst class of all.
func classOf(f emulator.Fault) errcode.Class {
	apis := []string{f.Action}
	if f.Action == "*" {
		apis = slices.Concat(mutations, watched, undoing)
	}
	class := errcode.Retry
	for _, api := range apis {
		if is := errcode.Classify(api, f.Code, f.Status, f.Message); is != errcode.Retry {
			class = is
		}
	}
	return class
}

// gentleWeather tells whether a state of the cloud lets every build succeed in the end.
func gentleWeather(w weather) bool {
	c := w.Set
	c.TokensIgnored = false
	if w.From == (instant{}) { // one that begins later hides what was seen already
		c.ListLag, c.ListLagReal = 0, 0
	}
	c.Executions.Passes, c.Executions.PassesFor, c.Executions.Image.UsableAfter, c.Imports.Image.UsableAfter = "", 0, 0, 0
	if w.For > 0 && time.Duration(w.For) <= 20*time.Minute {
		c.Flow, c.Maintenance = emulator.Flow{}, nil
	}
	return same(c, emulator.Conditions{})
}

// keepClaims takes out what Kiln does not claim to bear: a service that honours no token,
// together with answers that hide for long what was made, or calls that wake up late; and
// such a call after the build has cleaned up, whose effect nobody is left to remove.
func (s *plot) keepClaims() {
	ignored := slices.ContainsFunc(s.Events, func(e event) bool { return e.Weather != nil && e.Weather.Set.TokensIgnored })
	for n := range s.Events {
		e := &s.Events[n]
		if w := e.Weather; w != nil && ignored {
			w.Set.ListLag = 0
			w.Set.ListLagReal = min(w.Set.ListLagReal, seconds(15))
		}
		if l := e.Loss; l != nil && l.Moment == lostStalled && (ignored || s.undoes() && !s.gentle()) {
			l.Moment, l.In = lostAfter, 0
		}
		if f := e.Fault; f != nil && f.Do == emulator.Empty && ignored {
			f.Do = emulator.Truncate
		}
	}
}
