package testsuite

// The auditor holds what happened to what Kiln promises: nothing lost, nothing doubled. Its
// witnesses are the cloud's log and state; what the builds said has to agree with them. It
// is pure: simulations and crashes of real processes are judged by the same rules.

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// evidence is what is known of a time in a cloud. Nothing of it is changed by the audit.
type evidence struct {
	before   emulator.State // what was there already is not the builds'
	requests []request      // since then, in the cloud's order
	after    emulator.State // when everything is over
	builds   []testimony    // of runs with the same id, in their order
	// losses are the moments at which a worker, a server or the way between them was lost, so
	// that what the cloud had answered shortly before may have reached nobody.
	losses []time.Time
	strays []time.Time // when a worker that counted as lost went on with what it had in hand
	// gaps: the cloud was killed, so that its log may lack what it did last.
	gaps    bool
	poll    time.Duration     // between two looks of a wait; default 15 s
	excused map[string]bool   // ids of what the test itself removed or changed behind the builds' backs
	secrets []string          // that stand nowhere
	said    map[string]string // more texts that hold no secret, by where they stand: logs, metric tags
}

// testimony is what one run of a build said, and what was asked of it. A run that did not
// end has neither result nor failure nor cancellation.
type testimony struct {
	id           string
	document     spec.Build // with its defaults; the zero value when the document is no valid one
	result       *workflows.Result
	failure      *workflows.Failure
	cancellation *workflows.Cancellation
	progress     workflows.Progress // the last there was
	mustSucceed  bool               // all that went wrong was transient
	stuck        string             // why there is no end, where that is known
	history      *historypb.History // nil when there is none to be had
}

// violation is a broken promise.
type violation struct {
	Invariant string `json:"invariant"`
	Says      string `json:"says"`
}

// strangers begin their tokens so when they make something while builds run.
const strangersToken = "stranger"

// invariant is one promise, and finds what breaks it.
type invariant struct {
	name, promises string
	broken         func(*docket) []string
}

// invariants are all of them.
var invariants = []invariant{
	{"one-live", "a build has at most one live resource of a step in a region", (*docket).twins},
	{"doubled", "no step of a build takes effect twice", (*docket).doubled},
	{"foreign", "what is not a build's is neither changed nor removed", (*docket).foreign},
	{"truth", "what a build says is what the cloud has", (*docket).untrue},
	{"nothing-lost", "every live resource of a build is in its books", (*docket).lost},
	{"stop-is-stop", "after a refusal for good the step is not asked for again", (*docket).stubborn},
	{"one-token-one-meaning", "a token stands for one request", (*docket).ambiguous},
	{"budget", "looks and calls are as few as time and failures allow", (*docket).wasteful},
	{"secrets", "no secret leaves the worker", (*docket).leaked},
	{"finishes", "a build ends, and with success when all that went wrong was transient", (*docket).unfinished},
	{"history", "a build's history stays short and replays", (*docket).unreplayable},
}

// audit finds every broken promise.
func audit(e evidence) []violation {
	d := newDocket(e)
	var all []violation
	for _, i := range invariants {
		for _, says := range i.broken(d) {
			all = append(all, violation{i.name, says})
		}
	}
	return all
}

// docket is the evidence, put in order.
type docket struct {
	evidence
	things map[string]thing   // what is there afterwards, by id
	makers map[string]request // of each id, the call of a build that made it
	calls  []creating         // those of builds, in their order
	books  map[string]books   // by build
}

// creating is a call of a build that makes something.
type creating struct {
	request
	build, step string
}

// thing is a resource as the emulator keeps it.
type thing struct {
	emulator.Resource
	tags                        map[string]string
	ecsImageID, content, taskOf string
	images                      []string // of an execution
	build                       string   // whose it is; empty when it is nobody's of ours
}

// books are the ledgers of a build's runs in one, and the ids that it names elsewhere.
type books struct {
	ledger []workflows.Resource
	tokens map[string]bool // that the steps say they sent
	named  map[string]bool
}

func newDocket(e evidence) *docket {
	if e.poll == 0 {
		e.poll = 15 * time.Second
	}
	d := &docket{evidence: e, things: map[string]thing{}, makers: map[string]request{}, books: map[string]books{}}
	for _, b := range e.builds {
		d.books[b.id] = b.enter(d.books[b.id])
	}
	for _, r := range e.requests {
		if !mutates(r) || strings.HasPrefix(r.token(), strangersToken) || r.Params["DryRun"] == "true" {
			continue
		}
		c := creating{request: r, build: d.buildOf(r), step: stepOfCall(r)}
		d.calls = append(d.calls, c)
		if c.build != "" && r.made() {
			for _, id := range r.ResourceIDs {
				d.makers[id] = r
			}
		}
	}
	for _, r := range e.after.Resources {
		d.things[r.ID] = d.read(r)
	}
	return d
}

// enter adds what a run says to the books of its build. Of a line that several runs have,
// the last counts.
func (b testimony) enter(was books) books {
	now := books{ledger: slices.Clone(was.ledger), tokens: maps.Clone(was.tokens), named: maps.Clone(was.named)}
	if now.tokens == nil {
		now.tokens, now.named = map[string]bool{}, map[string]bool{}
	}
	for _, line := range b.ledger() {
		same := func(other workflows.Resource) bool {
			return other.Step == line.Step && other.Kind == line.Kind && other.Region == line.Region && other.Token == line.Token &&
				(other.ID == line.ID || other.ID == "")
		}
		if at := slices.IndexFunc(now.ledger, same); at >= 0 {
			now.ledger[at] = line
		} else {
			now.ledger = append(now.ledger, line)
		}
		now.tokens[line.Token] = true
	}
	for _, s := range b.progress.Steps {
		for token := range strings.SplitSeq(s.Token, ",") {
			now.tokens[token] = true
		}
		for id := range strings.SplitSeq(s.ResourceID, ",") {
			now.named[id] = true
		}
	}
	if r := b.result; r != nil {
		for _, token := range r.Tokens {
			now.tokens[token] = true
		}
		for _, id := range append(idsOf(*r), r.ImportTaskID) {
			now.named[id] = true
		}
	}
	return now
}

// testimony is what a verdict says under oath.
func (v verdict) testimony(id string) testimony {
	said := testimony{id: id, progress: v.progress}
	switch {
	case v.err == nil:
		said.result = &v.result
	case v.left != nil:
		said.cancellation = v.left
	default:
		said.failure = &v.failure
	}
	return said
}

// state is everything there is in the cloud.
func (y *yard) state() emulator.State {
	state, err := y.server.State()
	require.NoError(y.t, err)
	return state
}

// ledger is the run's, wherever it says it.
func (b testimony) ledger() []workflows.Resource {
	switch {
	case b.result != nil:
		return b.result.Resources
	case b.failure != nil:
		return b.failure.Resources
	case b.cancellation != nil:
		return b.cancellation.Resources
	}
	return b.progress.Resources
}

// idsOf are the resources of a result that stay, unless the document wants them removed.
func idsOf(r workflows.Result) []string {
	ids := []string{r.ImageID, r.ImportedImageID, r.PipelineID, r.ExecutionID, r.BatchComputeImageID}
	for _, c := range r.Components {
		ids = append(ids, c.ID)
	}
	for _, c := range r.Copies {
		ids = append(ids, c.ImageID)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}

// tagsOf are the tags that a request sends.
func tagsOf(r request) map[string]string {
	tags := map[string]string{}
	for n := 1; ; n++ {
		key, sent := r.Params[fmt.Sprintf("Tag.%d.Key", n)]
		if !sent {
			return tags
		}
		tags[key] = r.Params[fmt.Sprintf("Tag.%d.Value", n)]
	}
}

// buildOf is the build that made a call: it is in the tags, and for a registration, which
// has none, in the books.
func (d *docket) buildOf(r request) string {
	if build := tagsOf(r)[activities.TagBuild]; build != "" {
		if _, ours := d.books[build]; ours {
			return build
		}
		return ""
	}
	for build, b := range d.books {
		if r.Service == "batchcompute" && r.token() != "" && b.tokens[r.token()] {
			return build
		}
	}
	return ""
}

// stepOfCall is the step that a call belongs to; each component has a step of its own.
func stepOfCall(r request) string {
	if r.Action == "CreateImageComponent" {
		return fmt.Sprintf("%s %s %s", workflows.StepComponents, r.Params["Name"], r.Params["ComponentVersion"])
	}
	return string(stepOf[r.api()])
}

// read finds out what a resource is and whose.
func (d *docket) read(r emulator.Resource) thing {
	var body struct {
		EcsImageID, Content, ImageID string
		Tags                         []struct{ TagKey, TagValue string }
		Images                       []struct{ ID string }
	}
	_ = json.Unmarshal(r.Body, &body) // every kind has some of it
	t := thing{Resource: r, tags: map[string]string{}, ecsImageID: body.EcsImageID, content: body.Content, taskOf: body.ImageID}
	for _, tag := range body.Tags {
		t.tags[tag.TagKey] = tag.TagValue
	}
	for _, image := range body.Images {
		t.images = append(t.images, image.ID)
	}
	if maker, ours := d.makers[r.ID]; ours {
		t.build = d.buildOf(maker)
	} else if slices.ContainsFunc(d.before.Resources, func(was emulator.Resource) bool { return was.ID == r.ID }) {
		return t // whatever its tags say
	} else if _, known := d.books[t.tags[activities.TagBuild]]; known {
		t.build = t.tags[activities.TagBuild]
	} else {
		t.build = d.asker(r.Tokens)
	}
	return t
}

// asker is the build that sent one of the tokens. It tells whose a thing without tags is
// when the line of the call that made it was lost with the cloud.
func (d *docket) asker(tokens []string) string {
	for build, b := range d.books {
		if slices.ContainsFunc(tokens, func(token string) bool { return b.tokens[token] }) {
			return build
		}
	}
	return ""
}

// token is the one with which a thing was asked for.
func (d *docket) token(t thing) string {
	if maker, ours := d.makers[t.ID]; ours {
		return maker.token()
	}
	if token := t.tags[activities.TagToken]; token != "" || len(t.Tokens) == 0 {
		return token
	}
	return t.Tokens[0]
}

// live tells whether a thing is there to be used or paid for.
func (t thing) live() bool {
	switch t.Kind {
	case "image":
		return !slices.Contains([]string{"", "none", "CreateFailed"}, t.Status)
	case "task":
		return !slices.Contains([]string{"none", "Finished", "Failed", "Deleted"}, t.Status)
	case "execution":
		return !slices.Contains([]string{"none", "FAILED", "CANCELLING", "CANCELLED"}, t.Status)
	}
	return true
}

// there tells whether the cloud would show a thing.
func (t thing) there() bool {
	return t.ID != "" && t.Status != "none" && (t.Kind != "image" || t.Status != "")
}

// stray tells whether a call may be one of a worker that counted as lost.
func (d *docket) stray(r request) bool {
	return slices.ContainsFunc(d.strays, func(woke time.Time) bool {
		return !r.Time.Before(woke) && r.Time.Before(woke.Add(2*time.Minute))
	})
}

// lossSince tells whether something was lost at a moment or so shortly after it that what
// had been answered then may have reached nobody.
func (d *docket) lossSince(t time.Time) bool {
	return slices.ContainsFunc(d.losses, func(loss time.Time) bool {
		return !loss.Before(t) && loss.Before(t.Add(2*time.Minute))
	})
}

// decided tells whether the tokens are those of epochs that a build's books tell apart: it
// began the step anew by decision. A component may have had another place in the document.
func (d *docket) decided(build string, tokens []string) bool {
	type epoch struct {
		step  workflows.Step
		epoch int
	}
	epochs := map[epoch]bool{}
	for _, token := range slices.Compact(slices.Sorted(slices.Values(tokens))) {
		at := slices.IndexFunc(d.books[build].ledger, func(line workflows.Resource) bool { return line.Token == token })
		if at < 0 {
			return false
		}
		line := d.books[build].ledger[at]
		if epochs[epoch{line.Step, line.Epoch}] {
			return false
		}
		epochs[epoch{line.Step, line.Epoch}] = true
	}
	return true
}

// sorted is what a finder found, in an order that does not depend on chance.
func sorted(found []string) []string { slices.Sort(found); return found }
