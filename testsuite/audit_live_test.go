package testsuite

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/workflows"
)

// twins: more than one live resource of a step, unless the step was begun anew by decision.
func (d *docket) twins() (found []string) {
	type place struct{ build, step, kind, region string }
	living := map[place][]string{}
	for id, t := range d.things {
		if t.build == "" || !t.live() || d.excused[id] {
			continue
		}
		where := place{t.build, d.step(t), t.Kind, t.Region}
		living[where] = append(living[where], id)
	}
	for where, ids := range living {
		var tokens []string
		for _, id := range ids {
			tokens = append(tokens, d.token(d.things[id]))
		}
		slices.Sort(tokens)
		if len(ids) > 1 && (len(slices.Compact(slices.Clone(tokens))) < len(tokens) || !d.decided(where.build, tokens)) {
			found = append(found, fmt.Sprintf("build %s has %d live resources of the kind %s from step %s in %q: %s",
				where.build, len(ids), where.kind, where.step, where.region, strings.Join(sorted(ids), ", ")))
		}
	}
	return sorted(found)
}

// step is the step that a thing comes from, or its token when no call tells.
func (d *docket) step(t thing) string {
	if maker, made := d.makers[t.ID]; made {
		return stepOfCall(maker)
	}
	token := d.token(t)
	at := slices.IndexFunc(d.calls, func(c creating) bool { return c.token() == token })
	if at < 0 {
		return token
	}
	return d.calls[at].step
}

// doubled: two effects of one token, whether or not both are still there; and effects of
// two tokens of one step, unless the step was begun anew by decision.
func (d *docket) doubled() (found []string) {
	type effect struct{ build, api, token string }
	effects := map[effect][]string{}
	type step struct{ build, step string }
	tokens := map[step][]string{}
	for _, c := range d.calls {
		if c.build == "" || !c.made() {
			continue
		}
		e := effect{c.build, c.api(), c.token()}
		effects[e] = append(effects[e], strings.Join(c.ResourceIDs, "+"))
		s := step{c.build, c.step}
		tokens[s] = append(tokens[s], c.token())
	}
	for e, made := range effects {
		if len(made) > 1 {
			found = append(found, fmt.Sprintf("%s of build %s took effect %d times with the token %s: %s", e.api, e.build, len(made), e.token, strings.Join(made, ", ")))
		}
	}
	for s, sent := range tokens {
		if sent = slices.Compact(slices.Sorted(slices.Values(sent))); len(sent) > 1 && !d.decided(s.build, sent) {
			found = append(found, fmt.Sprintf("step %s of build %s took effect with %d tokens, and the ledger does not say why: %s",
				s.step, s.build, len(sent), strings.Join(sent, ", ")))
		}
	}
	return sorted(found)
}

// foreign: creating calls without an owner, changes to what no build made, and things of
// before that are not as they were.
func (d *docket) foreign() (found []string) {
	for _, r := range d.requests {
		switch {
		case r.Service == "oss" || r.looks() || strings.HasPrefix(r.token(), strangersToken) || len(r.Params) == 0 && r.Status >= 400:
		case mutates(r):
			if d.buildOf(r) == "" && r.Params["DryRun"] != "true" && r.made() {
				found = append(found, fmt.Sprintf("%s made %s for no build: the tags are %v and the token %q", r.api(), strings.Join(r.ResourceIDs, ", "), tagsOf(r), r.token()))
			}
		case r.Params["Force"] == "true":
			found = append(found, fmt.Sprintf("%s was called by force for %s", r.api(), targetOf(r)))
		default:
			id := targetOf(r)
			if d.owner(id) == "" {
				found = append(found, fmt.Sprintf("%s was called for %s, which is no build's", r.api(), id))
			}
		}
	}
	for _, was := range d.before.Resources {
		now, there := d.things[was.ID]
		switch {
		case d.excused[was.ID]:
		case !there:
			found = append(found, fmt.Sprintf("the %s %s was there before the builds and is gone", was.Kind, was.ID))
		case !bytes.Equal(was.Body, now.Body):
			found = append(found, fmt.Sprintf("the %s %s was there before the builds and is changed: from %s to %s", was.Kind, was.ID, was.Body, now.Body))
		}
	}
	return sorted(found)
}

// targetOf is the id that a call is about.
func targetOf(r request) string {
	for _, name := range []string{"ImageId", "TaskId", "ExecutionId", "ImageComponentId", "ImagePipelineId"} {
		if id := r.Params[name]; id != "" {
			return id
		}
	}
	return r.Path[strings.LastIndex(r.Path, "/")+1:]
}

// owner is the build that a resource belongs to, which may be gone.
func (d *docket) owner(id string) string {
	if maker, made := d.makers[id]; made {
		return d.buildOf(maker)
	}
	if t, there := d.things[id]; there || !d.gaps {
		return t.build
	}
	for build, b := range d.books { // the line of the call that made it was lost with the cloud
		if slices.ContainsFunc(b.ledger, func(line workflows.Resource) bool { return line.ID == id && line.State != workflows.ResourceAdopted }) {
			return build
		}
	}
	return ""
}

// lost: live resources of a build that it does not name and that no token in its books
// leads to.
func (d *docket) lost() (found []string) {
	for _, id := range slices.Sorted(maps.Keys(d.things)) {
		t := d.things[id]
		if t.build != "" && t.live() && !d.excused[id] && !d.recorded(t) {
			found = append(found, fmt.Sprintf("the %s %s of build %s is live, and the build does not know of it", t.Kind, id, t.build))
		}
	}
	return found
}

// recorded tells whether a thing is in the books of its build.
func (d *docket) recorded(t thing) bool {
	b := d.books[t.build]
	if len(b.ledger) == 0 {
		return b.named[t.ID] || b.tokens[d.token(t)] || b.tokens[t.tags[activities.TagToken]]
	}
	return slices.ContainsFunc(b.ledger, func(line workflows.Resource) bool {
		switch {
		case line.State == workflows.ResourceRemoved || line.State == workflows.ResourceRefused:
			return false
		case line.ID == t.ID:
			return true
		case line.ID == "":
			return line.Token != "" && (line.Token == d.token(t) || line.Token == t.tags[activities.TagToken]) // which leads to it
		}
		run := d.things[line.ID] // an image that is still to come is known by its run
		return line.State != workflows.ResourceOver && run.Kind == "execution" && slices.Contains(run.images, t.ID)
	})
}
