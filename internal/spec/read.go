package spec

import "strings"

// Options of Read. The zero value reads a document that stands alone.
type Options struct {
	// Vars override the document's variables.
	Vars map[string]string
	// ReadFile returns the content of a file that the document names (contentFile,
	// buildContentFile, testContentFile), by the path as written. Nil refuses such
	// names: a document that is sent to a workflow carries its content itself.
	ReadFile func(path string) ([]byte, error)
}

// Fault is one thing wrong with a document.
type Fault struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Path    string `json:"path"`   // such as components[0].version; empty for a syntax fault
	Message string `json:"message"`
	Excerpt string `json:"excerpt,omitempty"` // the lines around the fault with a caret, for people
}

// Faults are all the faults of one document, in the order of the lines.
type Faults []Fault

// Error lists the faults, one line each, as file:line:column: message.
func (f Faults) Error() string {
	var b strings.Builder
	for i, fault := range f {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(fault.Message)
	}
	return b.String()
}

// Read parses a document, fills the defaults and checks every rule. name is the file's
// name for the faults. The error is a Faults with everything that is wrong.
func Read(name string, document []byte, opts Options) (Build, error) { return Build{}, nil }

// Schema is the JSON Schema (draft-07) of a document.
func Schema() []byte { return nil }

// Fingerprint is the hex SHA-256 of what the document means: equal for documents that
// differ in order, comments and spelled-out defaults only.
func (b Build) Fingerprint() string { return "" }
