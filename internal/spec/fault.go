package spec

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Fault is one thing wrong with a document.
type Fault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Path    string `json:"path"`   // such as components[0].version; empty for a syntax fault
	Message string `json:"message"`
	Excerpt string `json:"excerpt,omitempty"` // the lines around the fault with a caret, for people
}

// String is the fault on one line, file:line:column: message.
func (f Fault) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Faults are all the faults of one document, in the order of the lines.
type Faults []Fault

// Error lists the faults, one line each, as file:line:column: message.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// maxFaults is how many faults of one document are worth reading.
const maxFaults = 100

// manyFaults is from where on faults are only counted: finding the place of each takes time.
const manyFaults = 10 * maxFaults

// findings collects what is wrong with a document, stage by stage: what a stage finds
// at a path that an earlier stage has already found fault with is a consequence, and dropped.
type findings struct {
	file   string
	source source
	faults Faults
	closed int             // faults before this one are of earlier stages
	known  map[string]bool // their paths
	more   int             // faults beyond many
}

// full counts a fault and tells whether to leave it at that.
func (f *findings) full() bool {
	if len(f.faults) < manyFaults {
		return false
	}
	f.more++
	return true
}

func (f *findings) add(at position, p path, message string) {
	where := p.String()
	if where == "" || !f.known[where] {
		f.faults = append(f.faults, Fault{File: f.file, Line: at.line, Column: at.column, Path: where, Message: message})
	}
}

// silence drops what later stages say about a path.
func (f *findings) silence(p path) {
	if f.known == nil {
		f.known = map[string]bool{}
	}
	f.known[p.String()] = true
}

// after are findings of a stage after this one. The newest faults belong to it as well, so
// that what it says about their paths is dropped.
func (f *findings) after(newest int) *findings {
	next := &findings{file: f.file, source: f.source, known: map[string]bool{}}
	maps.Copy(next.known, f.known)
	for _, fault := range f.faults[len(f.faults)-newest:] {
		next.known[fault.Path] = true
	}
	return next
}

// takeOver adds the faults of another stage that fit.
func (f *findings) takeOver(from *findings, fits func(Fault) bool) {
	for _, fault := range from.faults {
		if fits(fault) && !f.known[fault.Path] {
			f.faults = append(f.faults, fault)
		}
	}
}

// endStage closes the current stage.
func (f *findings) endStage() {
	if f.known == nil {
		f.known = map[string]bool{}
	}
	for _, fault := range f.faults[f.closed:] {
		f.known[fault.Path] = true
	}
	f.closed = len(f.faults)
}

// lineWithin is the line of a file or field with which a message begins, or 0.
func lineWithin(message string) (line int) {
	_, _ = fmt.Sscanf(message, "line %d of", &line)
	return line
}

// inOrder returns the faults in the order of the lines, each once, with their excerpts;
// nil when there are none.
func (f *findings) inOrder() error {
	if len(f.faults) == 0 {
		return nil
	}
	faults := slices.Clone(f.faults)
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(lineWithin(a.Message), lineWithin(b.Message)), cmp.Compare(a.Message, b.Message))
	})
	faults = slices.CompactFunc(faults, func(a, b Fault) bool { return a.String() == b.String() })
	if more := len(faults) - maxFaults + f.more; len(faults) > maxFaults {
		faults = faults[:maxFaults+1]
		faults[maxFaults].Message = fmt.Sprintf("and %d more faults from here on", more)
	}
	for i, fault := range faults {
		faults[i].Excerpt = f.source.excerpt(position{fault.Line, fault.Column})
	}
	return faults
}
