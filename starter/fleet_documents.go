package starter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// batch is what the documents of one command stand for.
type batch struct {
	documents []json.RawMessage
	members   []spec.Member // Document is a place in documents
	files     []string      // of each member
	matrix    bool          // a document has one
}

// single tells whether the documents stand for one build, and not for a fleet of one.
func (b batch) single() bool { return len(b.documents) == 1 && !b.matrix }

// add adds what a file stands for.
func (b *batch) add(file string, is spec.Expansion) {
	for _, member := range is.Members {
		member.Document += len(b.documents)
		b.members, b.files = append(b.members, member), append(b.files, file)
	}
	b.documents = append(b.documents, is.Documents...)
	b.matrix = b.matrix || is.Matrix
}

// readBatch reads and checks documents. The faults of all of them are shown before the
// first one is an error.
func (a *app) readBatch(ctx context.Context, files, pairs []string) (batch, error) {
	vars, err := parseVars(pairs)
	if err != nil {
		return batch{}, err
	}
	var b batch
	var bad []string
	var unread []error
	faulty := 0
	for _, file := range files {
		is, err := expandDocument(ctx, a.In, file, vars)
		var faults spec.Faults
		switch {
		case ctx.Err() != nil:
			return batch{}, ctx.Err()
		case errors.As(err, &faults):
			printFaults(a.Err, faults)
			bad, faulty = append(bad, called(file)), faulty+len(faults)
		case err != nil:
			unread = append(unread, err)
		default:
			b.add(called(file), is)
		}
	}
	if len(bad) > 0 {
		unread = append(unread, fmt.Errorf("%s: %s; nothing was started", strings.Join(bad, ", "), count(faulty, "fault")))
	}
	if len(unread) > 0 {
		return batch{}, cli.Fail(cli.ExitUsage, errors.Join(unread...))
	}
	return b, nil
}

// expandDocument reads and checks a document that may have a matrix, as readDocument does
// one without.
func expandDocument(ctx context.Context, in io.Reader, file string, vars map[string]string) (spec.Expansion, error) {
	return parseDocument(ctx, in, file, vars, spec.Expand)
}

// checkMembers refuses builds that could not be told apart, or whose names are no ids.
func (b batch) checkMembers(fleetID string) error {
	first := map[string]int{}
	for i, member := range b.members {
		name := member.Build.Name
		earlier, twice := first[name]
		switch {
		case twice && b.files[earlier] == b.files[i]:
			return refusef("%s gives the name %s to two builds, and builds are told apart by their names; nothing was started", b.files[i], name)
		case twice:
			return refusef("%s and %s both name their build %s, and builds are told apart by their names; nothing was started", b.files[earlier], b.files[i], name)
		case name == fleetID:
			return refusef("the fleet cannot have the id %s, which is that of the build in %s: name another with --fleet-id", fleetID, b.files[i])
		}
		if err := checkID("name", name, ""); err != nil {
			return refusef("%s: %w; nothing was started", b.files[i], err)
		}
		first[name] = i
	}
	return nil
}

func refusef(format string, args ...any) error {
	return cli.Fail(cli.ExitUsage, fmt.Errorf(format, args...))
}

// fleetID is the id of a fleet that the user has not named. It is the same each time, so that the
// command finds its fleet again: the name of the one document, or the folder that the
// files have in common.
func (b batch) fleetID(files []string) string {
	id := folderName(files)
	if len(files) == 1 {
		var document struct{ Name string }
		_ = json.Unmarshal(b.documents[0], &document) // it was read before
		id = cmp.Or(validID(document.Name), validID(baseName(files[0])), id)
	}
	if slices.ContainsFunc(b.members, func(m spec.Member) bool { return m.Build.Name == id }) {
		id += "-fleet"
	}
	return id
}

func baseName(file string) string {
	base := filepath.Base(called(file))
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// folderName is the name of the deepest folder that holds all files; "fleet" when that has none.
func folderName(files []string) string {
	var common []string
	for i, file := range files {
		if file == stdin {
			file = "./" + stdin
		}
		full, err := filepath.Abs(file)
		if err != nil {
			return "fleet"
		}
		folders := strings.Split(filepath.Dir(full), string(filepath.Separator))
		if i == 0 {
			common = folders
		}
		same := 0
		for same < min(len(common), len(folders)) && common[same] == folders[same] {
			same++
		}
		common = common[:same]
	}
	if len(common) == 0 {
		return "fleet"
	}
	return cmp.Or(validID(common[len(common)-1]), "fleet")
}

// validID is a text if it can be an id, and empty otherwise.
func validID(text string) string {
	if !buildIDs.MatchString(text) {
		return ""
	}
	return text
}

// checkSize refuses a fleet that Temporal would not take, and says how much of it would fit.
func checkSize(fleet workflows.Fleet, b batch) error {
	size, fit := inputSize(fleet), 0
	for i, member := range b.members {
		if size += activities.MemberSize(member.Build.Name); i == 0 || b.members[i-1].Document != member.Document {
			size += len(b.documents[member.Document])
		}
		if size <= activities.FleetSize {
			fit++
		}
	}
	if fit == len(b.members) {
		return nil
	}
	return refusef("%s are %.1f MB, and Temporal takes 2 MB for one fleet: the first %d fit; split them into several fleets, each with its own --fleet-id",
		count(len(b.members), "build"), float64(size)/1e6, fit)
}

// inputSize is the size of a fleet as JSON, but for its documents.
func inputSize(fleet workflows.Fleet) int {
	documents := len(fleet.Documents)
	fleet.Documents = nil
	data, _ := json.Marshal(fleet) // of texts and numbers
	return len(data) + documents   // with their commas
}
