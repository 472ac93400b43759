package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/seed1230462e/kiln/internal/spec"
)

// ReadFleetInput holds what a fleet was started with, as JSON.
type ReadFleetInput struct {
	Text    string `json:"text"`
	FleetID string `json:"fleetId"`
}

// ReadFleetResult is what the documents of a fleet stand for, when it did not name its
// builds itself.
type ReadFleetResult struct {
	Builds []FleetBuild `json:"builds,omitempty"`
}

// FleetBuild is one build of a fleet.
type FleetBuild struct {
	ID       string    `json:"id"`
	Document int       `json:"document"` // its place among the documents
	Cell     spec.Cell `json:"cell,omitzero"`
}

// Limits of fleets.
const (
	// FleetSize is how large a fleet may be, in bytes of JSON. Temporal takes 2 MiB in one
	// argument or result.
	FleetSize = 2_000_000
	// MostParallel is how many builds of a fleet may run at a time.
	MostParallel = 1000
)

// MemberSize is room for what becomes of a build, in bytes of JSON. Its id is its name as well.
// A fleet that continues as new carries it, and its result has it.
func MemberSize(id string) int { return 432 + 2*len(id) }

// MaxBuildID is the longest build id, in characters: it is the value of the tag TagBuild.
const MaxBuildID = 128

// fleetText is a fleet as somebody starts it. Other fields are refused, for they would be
// misspelt.
type fleetText struct {
	Name        string            `json:"name"`
	Documents   []json.RawMessage `json:"documents"`
	Builds      []fleetTextBuild  `json:"builds"`
	MaxParallel int               `json:"maxParallel"`
	FailFast    bool              `json:"failFast"`
	Done        []json.RawMessage `json:"done"`
	StartedAt   *time.Time        `json:"startedAt"`
}

type fleetTextBuild struct {
	FleetBuild
	Retry json.RawMessage `json:"retry"`
}

// ReadFleet checks a fleet and all of its documents, and finds its builds. Its failure is
// InvalidBuild.
func (*Document) ReadFleet(_ context.Context, in ReadFleetInput) (ReadFleetResult, error) {
	fleet, err := readFleet(in.Text)
	if err != nil {
		return ReadFleetResult{}, invalidFleet("the argument is no fleet: %v", err)
	}
	builds, err := fleet.builds()
	if err == nil {
		err = fleet.check(in.FleetID, builds)
	}
	if err != nil {
		return ReadFleetResult{}, err
	}
	if len(fleet.Builds) > 0 {
		return ReadFleetResult{}, nil
	}
	return ReadFleetResult{Builds: builds}, nil
}

func invalidFleet(format string, args ...any) error {
	return Ended(InvalidBuild, fmt.Sprintf(format, args...),
		`Start a fleet with a JSON object such as {"documents": [{"name": "web", …}], "maxParallel": 10}, or with kiln build.`)
}

func readFleet(text string) (fleetText, error) {
	var fleet fleetText
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&fleet)
	switch {
	case err != nil:
	case len(fleet.Documents) == 0:
		err = fmt.Errorf("it has no documents")
	case fleet.MaxParallel < 0 || fleet.MaxParallel > MostParallel:
		err = fmt.Errorf("maxParallel is %d; want 1 to %d, or leave it out", fleet.MaxParallel, MostParallel)
	}
	return fleet, err
}

// builds are those of the fleet: what it names, or all that its documents stand for.
func (f fleetText) builds() ([]FleetBuild, error) {
	var builds []FleetBuild
	if len(f.Builds) > 0 {
		for _, named := range f.Builds {
			builds = append(builds, named.FleetBuild)
		}
		return builds, f.checkNamed(builds)
	}
	for i, document := range f.Documents {
		is, err := spec.Expand(fmt.Sprintf("documents[%d]", i), document, spec.Options{NamesOnly: true})
		if err != nil {
			return nil, invalidFleet("the document documents[%d] is not valid:\n%v", i, err)
		}
		for _, m := range is.Members {
			builds = append(builds, FleetBuild{ID: m.Build.Name, Document: i, Cell: m.Cell})
		}
	}
	return builds, nil
}

// checkNamed reads the documents of the builds that a fleet names.
func (f fleetText) checkNamed(builds []FleetBuild) error {
	patterns := make([]spec.Pattern, len(f.Documents))
	for i, document := range f.Documents {
		var err error
		if patterns[i], err = spec.PatternOf(document); err != nil {
			return invalidFleet("the document documents[%d] is not valid: %v", i, err)
		}
	}
	for _, build := range builds {
		if build.Document < 0 || build.Document >= len(patterns) {
			return invalidFleet("the build %q is of documents[%d], and there are %d documents", build.ID, build.Document, len(patterns))
		}
		pattern := patterns[build.Document]
		if !pattern.Has(build.Cell) {
			return invalidFleet("the build %q is of a cell that documents[%d] does not have: %v", build.ID, build.Document, build.Cell)
		}
		document, err := pattern.Document(build.Cell)
		if err == nil {
			_, err = spec.Read(fmt.Sprintf("documents[%d]", build.Document), document, spec.Options{})
		}
		if err != nil {
			return invalidFleet("the document of the build %q is not valid:\n%v", build.ID, err)
		}
	}
	return nil
}

// check wants ids that tell the builds apart, and a fleet that Temporal can hold.
func (f fleetText) check(fleetID string, builds []FleetBuild) error {
	taken := map[string]bool{}
	for _, done := range f.Done {
		var member struct{ ID string }
		if err := json.Unmarshal(done, &member); err != nil {
			return invalidFleet("the argument is no fleet: done: %v", err)
		}
		taken[member.ID] = true
	}
	for _, build := range builds {
		switch n := utf8.RuneCountInString(build.ID); {
		case n == 0 || n > MaxBuildID:
			return invalidFleet("the build id %q has %d characters; want 1 to %d", build.ID, n, MaxBuildID)
		case build.ID == fleetID:
			return invalidFleet("the build %q has the id of the fleet; start the fleet with another workflow id", build.ID)
		case taken[build.ID]:
			return invalidFleet("two builds have the id %q; a fleet tells its builds apart by their ids", build.ID)
		}
		taken[build.ID] = true
	}
	if size := f.size(builds); size > FleetSize {
		return invalidFleet("the fleet is too large: its %d documents and what becomes of its %d builds take about %d bytes, and Temporal holds %d; make several fleets of it",
			len(f.Documents), len(builds)+len(f.Done), size, FleetSize)
	}
	return nil
}

// size is what a fleet takes at most, in any of its runs: its documents, and each build
// either as what is to run or as what became of it.
func (f fleetText) size(builds []FleetBuild) int {
	size := 0
	for _, document := range f.Documents {
		size += len(document) + 1
	}
	for _, done := range f.Done {
		size += len(done) + 1
	}
	for i, build := range builds {
		text, _ := json.Marshal(build) // of texts and numbers
		before := len(text) + 1
		if i < len(f.Builds) {
			before += len(f.Builds[i].Retry) + len(`"retry":,`)
		}
		size += max(before, MemberSize(build.ID))
	}
	return size
}
