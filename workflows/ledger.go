package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// Kind says what a resource is.
type Kind = activities.Kind

// The kinds of resources.
const (
	KindTask         = activities.KindTask
	KindImage        = activities.KindImage
	KindComponent    = activities.KindComponent
	KindTemplate     = activities.KindTemplate
	KindExecution    = activities.KindExecution
	KindRegistration = activities.KindRegistration
)

// ResourceState says what became of a resource.
type ResourceState string

// The states of a resource.
const (
	ResourceAsked   ResourceState = "asked"   // the call was begun; whether it made something is not known
	ResourceRefused ResourceState = "refused" // the cloud refused; nothing was made
	ResourceMade    ResourceState = "made"    // the build made it, and it is there
	ResourceAdopted ResourceState = "adopted" // it was there before, and is not the build's
	ResourceOver    ResourceState = "over"    // a run that has ended
	ResourceRemoved ResourceState = "removed" // the build removed it, or found that it never came to be
	ResourceLeft    ResourceState = "left"    // the build was to remove it and could not
)

// Resource is a line of a build's ledger: one thing that it asked the cloud for. A build
// that goes on from an earlier run has that run's lines as well.
type Resource struct {
	Step   Step          `json:"step"` // components/N for the Nth component
	Kind   Kind          `json:"kind"`
	Region string        `json:"region"`
	ID     string        `json:"id,omitempty"` // empty while it is not known
	Of     string        `json:"of,omitempty"` // the template of an execution, the execution of an image, the image of a registration
	Name   string        `json:"name,omitempty"`
	Token  string        `json:"token,omitempty"`  // that it carries as a tag, or of the call that asked for it
	Epoch  int           `json:"epoch,omitempty"`  // of the token: how often the step was begun anew by decision
	Inputs string        `json:"inputs,omitempty"` // a digest of what was asked for, without the token
	State  ResourceState `json:"state"`
	Reason string        `json:"reason,omitempty"` // why it is left
	Unfit  string        `json:"unfit,omitempty"`  // why no later step may use it

	current bool // this run asked for it or uses it
}

// Exists tells whether the resource is the build's and may be there.
func (r *Resource) Exists() bool {
	return r.State == ResourceAsked || r.State == ResourceMade || r.State == ResourceLeft
}

// ledger is what a build asked the cloud for, in that order.
type ledger struct {
	lines []*Resource
	// claims are the lines of components that steps may go on with.
	claims map[Step]*Resource
}

// carry takes over the lines of an earlier run.
func (l *ledger) carry(lines []Resource) {
	for _, line := range lines {
		l.lines = append(l.lines, &line)
	}
}

// latest is the newest line of a step and kind, or nil.
func (l *ledger) latest(step Step, kind Kind) *Resource {
	for i := len(l.lines) - 1; i >= 0; i-- {
		if line := l.lines[i]; line.Step == step && line.Kind == kind {
			return line
		}
	}
	return nil
}

// ask writes down what is going to be asked for. What was asked for with the same inputs,
// and nobody knows what became of it, keeps its line and with it its token; anything else
// that the step had asked for before makes this a new epoch.
func (l *ledger) ask(want Resource) (line *Resource, again bool) {
	before := l.latest(want.Step, want.Kind)
	if before != nil && before.State == ResourceAsked && before.Inputs == want.Inputs {
		before.current = true
		return before, true
	}
	if before != nil {
		want.Epoch = before.Epoch + 1
	}
	want.State, want.current = ResourceAsked, true
	l.lines = append(l.lines, &want)
	return &want, false
}

// add writes down what turned up.
func (l *ledger) add(line Resource) *Resource {
	l.lines = append(l.lines, &line)
	return &line
}

// drop says that this run does not use what a step has made so far.
func (l *ledger) drop(step Step) {
	for _, line := range l.lines {
		if line.Step == step {
			line.current = false
		}
	}
}

// claim gives each component that is wanted the line of one that was made of the same
// inputs, wherever in the document that was. What one step has made is so never taken for
// the leftover of another.
func (l *ledger) claim(wanted []Resource) {
	l.claims = map[Step]*Resource{}
	for _, want := range wanted {
		line := l.last(func(line *Resource) bool {
			usable := line.State == ResourceMade || line.State == ResourceAdopted
			return line.Kind == KindComponent && line.Inputs == want.Inputs && usable && !l.claimed(line)
		})
		if line != nil {
			l.claims[want.Step] = line
		}
	}
}

func (l *ledger) claimed(line *Resource) bool {
	for _, step := range workflow.DeterministicKeys(l.claims) {
		if l.claims[step] == line {
			return true
		}
	}
	return false
}

// before is the line that a step may go on with, or the newest that it has.
func (l *ledger) before(want Resource) *Resource {
	if line := l.claims[want.Step]; line != nil && want.Kind == KindComponent {
		return line
	}
	return l.latest(want.Step, want.Kind)
}

// inUse tells whether this run has a resource with an id.
func (l *ledger) inUse(id string) bool {
	return l.last(func(line *Resource) bool { return line.current && line.ID == id && line.State == ResourceMade }) != nil
}

// last is the newest line that fits, or nil.
func (l *ledger) last(fits func(*Resource) bool) *Resource {
	for i := len(l.lines) - 1; i >= 0; i-- {
		if fits(l.lines[i]) {
			return l.lines[i]
		}
	}
	return nil
}

func (l *ledger) copy() []Resource {
	var lines []Resource
	for _, line := range l.lines {
		lines = append(lines, *line)
	}
	return lines
}

// digest is of what a step asks for.
func digest(inputs ...any) string {
	text, err := json.Marshal(inputs)
	if err != nil {
		panic(fmt.Sprintf("inputs of a step: %v", err)) // they are read from a document, so they can be written
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
