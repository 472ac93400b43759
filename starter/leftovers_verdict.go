package starter

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/seed1230462e/kiln/internal/inventory"
	"github.com/seed1230462e/kiln/workflows"
)

// fate is whether a resource is a leftover.
type fate string

// The fates. What is in use is not listed.
const (
	fateInUse    fate = ""
	fateLeftover fate = "leftover"
	fateUnknown  fate = "unknown" // it may be in use
)

// leftover is a resource that a build made and that nothing uses, as far as is known.
type leftover struct {
	Kind      inventory.Kind `json:"kind"`
	ID        string         `json:"id"`
	Name      string         `json:"name,omitempty"`
	Region    string         `json:"region"`
	BuildID   string         `json:"buildId"`
	RunID     string         `json:"runId,omitempty"`  // whose ledger has it last
	Status    string         `json:"status,omitempty"` // the cloud's own word
	CreatedAt *time.Time     `json:"createdAt,omitempty"`
	State     fate           `json:"state"` // leftover or unknown
	Why       string         `json:"why"`
	Retry     bool           `json:"retry,omitempty"` // a retry of the build can still use it

	ref  inventory.Ref
	rank int // in which order it is removed
}

// judge finds the leftovers among what the cloud shows. named is the build that the user
// has named, or empty.
func (b books) judge(items []inventory.Item, named string) []leftover {
	items = slices.Clone(items)
	slices.SortStableFunc(items, func(x, y inventory.Item) int { return rankOf(x.Kind) - rankOf(y.Kind) })
	var all []leftover
	registered := map[string]leftover{} // the registrations that stay, by their image
	for _, item := range items {
		l := b.verdict(item, named)
		if stays, held := registered[item.ID]; item.Kind == inventory.KindImage && held && l.State == fateLeftover {
			l.State, l.Why = stays.State, fmt.Sprintf("it is registered as %s, of which no more is known", stays.ID)
		}
		if item.Kind == inventory.KindRegistration && l.State != fateLeftover {
			registered[item.Of] = l
		}
		if l.State != fateInUse {
			all = append(all, l)
		}
	}
	return all
}

// verdict is what the books say of a resource. The newest run whose ledger has it decides.
func (b books) verdict(item inventory.Item, named string) leftover {
	l := leftover{Kind: item.Kind, ID: item.ID, Name: item.Name, Region: item.Region, BuildID: item.BuildID, Status: item.Status,
		CreatedAt: createdAt(item.CreatedAt), ref: item.Ref, rank: rankOf(item.Kind)}
	owner, line := b.owner(item)
	if owner != nil {
		l.claim(*owner, *line)
	}
	switch {
	case b.uses(item, l.BuildID):
	case owner == nil:
		l.State, l.Why = b.stranger(item, named)
	default:
		l.State, l.Why = b.owned(*owner, *line, item.Kind)
		l.Retry = l.State == fateLeftover && b.retryable(*owner, *line)
	}
	return l
}

// retryable tells whether a retry, which goes on from the latest run, can use it.
func (b books) retryable(owner ran, line workflows.Resource) bool {
	there := line.State == workflows.ResourceMade || line.State == workflows.ResourceAsked
	return there && !owner.succeeded() && b.of(owner.BuildID)[0].RunID == owner.RunID
}

// claim takes over what the ledger of the build says: an image can carry the tags of the
// build whose template made it.
func (l *leftover) claim(owner ran, line workflows.Resource) {
	l.RunID = owner.RunID
	if line.Kind == l.Kind && l.ref.Of == "" {
		l.ref.Of = line.Of
	}
	if l.BuildID != owner.BuildID {
		l.BuildID, l.ref.BuildID, l.ref.Token = owner.BuildID, owner.BuildID, line.Token
	}
	if line.Step == workflows.StepImport && l.Kind == inventory.KindImage {
		l.rank = rankImported
	}
}

// owner is the newest run whose ledger has a resource as its own, with the line: by its id,
// by the token of a call whose answer was lost, or by the execution that made it.
func (b books) owner(item inventory.Item) (*ran, *workflows.Resource) {
	for _, has := range []func(ran, workflows.Resource) bool{
		func(_ ran, line workflows.Resource) bool { return line.Kind == item.Kind && line.ID == item.ID },
		func(r ran, line workflows.Resource) bool { return asked(r, line, item) },
		func(_ ran, line workflows.Resource) bool {
			return item.Kind == inventory.KindImage && line.Kind == inventory.KindExecution && line.ID != "" && line.ID == item.Of
		},
	} {
		for i := range b {
			for j, line := range b[i].Lines {
				if line.State != workflows.ResourceAdopted && has(b[i], line) {
					return &b[i], &b[i].Lines[j]
				}
			}
		}
	}
	return nil, nil
}

// asked tells whether a run's line without an id is of a resource. A registration carries
// no tags: it has those of its image, which may be of the build that made the template.
func asked(r ran, line workflows.Resource, item inventory.Item) bool {
	switch {
	case line.ID != "" || line.Kind != item.Kind || line.Region != item.Region:
		return false
	case line.Kind == inventory.KindRegistration:
		return line.Of == item.Of && line.Name == item.Name
	}
	return r.BuildID == item.BuildID && line.Token == item.Token
}

func (r ran) succeeded() bool { return r.State == workflows.StateSucceeded }

// uses tells whether a build that runs or has succeeded uses what another has made: it
// found it, it runs it or it has registered it.
func (b books) uses(item inventory.Item, maker string) bool {
	for _, r := range b {
		if !r.running() && !r.succeeded() {
			continue
		}
		for _, line := range r.Lines {
			found := line.State == workflows.ResourceAdopted && line.Kind == item.Kind && line.ID == item.ID
			gone := line.State == workflows.ResourceRefused || line.State == workflows.ResourceRemoved
			if found || r.BuildID != maker && line.Of == item.ID && !gone {
				return true
			}
		}
	}
	return false
}

// owned is the fate of what a run has in its ledger.
func (b books) owned(owner ran, line workflows.Resource, kind inventory.Kind) (fate, string) {
	for _, r := range b.of(owner.BuildID) {
		switch {
		case r.RunID == owner.RunID:
			return decide(owner, line, kind)
		case r.Silence != "" && r.running():
			return fateInUse, ""
		case r.Silence != "":
			return fateUnknown, silent(r)
		}
	}
	return fateUnknown, "" // it is one of them
}

// decide is the fate of what a run, the newest that tells of it, has in its ledger. An
// image can be known by the line of its execution alone.
func decide(owner ran, line workflows.Resource, kind inventory.Kind) (fate, string) {
	switch {
	case owner.running():
		return fateInUse, ""
	case line.State == workflows.ResourceLeft:
		return fateLeftover, "the build could not remove it: " + cmp.Or(line.Reason, "the ledger does not say why")
	case line.State == workflows.ResourceRemoved:
		return fateLeftover, "the build had removed it, and it is there"
	case owner.succeeded():
		return fateInUse, ""
	case kind.Runs():
		return fateLeftover, "it still runs: the build " + owner.How
	case owner.Outside:
		return fateLeftover, "the build " + owner.How
	}
	return fateLeftover, "kept after the build " + owner.How
}

// stranger is the fate of what no ledger has.
func (b books) stranger(item inventory.Item, named string) (fate, string) {
	runs := b.of(item.BuildID)
	if len(runs) == 0 && item.BuildID == named {
		return fateLeftover, "Temporal does not know the build, which you have named"
	}
	if len(runs) == 0 {
		return fateUnknown, "Temporal does not know the build: it is of another namespace, or from before the retention"
	}
	for _, r := range runs {
		switch {
		case r.running():
			return fateInUse, ""
		case r.Silence != "":
			return fateUnknown, silent(r)
		}
	}
	if item.Kind == inventory.KindRegistration {
		return fateInUse, "" // somebody else has registered the image
	}
	return fateUnknown, "no run of the build that Temporal knows tells of it"
}

func silent(r ran) string {
	return fmt.Sprintf("run %s of the build %s, and only a worker can tell what it made: %s", r.RunID, r.How, r.Silence)
}

// The order of removal: first what keeps other things from being removed.
const (
	rankRegistration = iota
	rankRun
	rankImage
	rankTemplate
	rankComponent
	rankImported
)

func rankOf(kind inventory.Kind) int {
	switch kind {
	case inventory.KindRegistration:
		return rankRegistration
	case inventory.KindTask, inventory.KindExecution:
		return rankRun
	case inventory.KindTemplate:
		return rankTemplate
	case inventory.KindComponent:
		return rankComponent
	}
	return rankImage
}

// createdAt reads a time as the services write it; nil when it is none. (ECS writes it with
// seconds or without.)
func createdAt(text string) *time.Time {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z"} {
		if at, err := time.Parse(layout, text); err == nil {
			return &at
		}
	}
	return nil
}
