package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Options of Read. The zero value reads a document that stands alone.
type Options struct {
	// Vars override the document's variables.
	Vars map[string]string
	// ReadFile returns the content of a file that the document names (contentFile,
	// buildContentFile, testContentFile), by the path as written. Nil refuses such
	// names: a document that is sent to a workflow carries its content itself.
	ReadFile func(path string) ([]byte, error)
	// NamesOnly lets Expand return nothing but the name and the region of each build of a
	// matrix: a thousand builds of a large document take a thousand times its memory.
	NamesOnly bool
}

// MaxDocument is the size of the largest document, in bytes.
const MaxDocument = 1 << 20

const (
	byteOrderMark = "\uFEFF"
	// schemaField is how JSON documents name their schema for editors.
	schemaField = "$schema"
)

// Read parses a document, checks every rule and fills the defaults. name is the file's
// name for the faults. The error is a Faults with everything that is wrong.
//
// What it returns stands alone: the variables have their values in every text, and hold
// them in Variables; the files are inlined. As JSON it is a document again, which reads
// back as the same Build. A document with a matrix is none of one Build; see Expand.
func Read(name string, document []byte, opts Options) (Build, error) {
	root, found := open(name, document)
	switch {
	case root == nil:
		return Build{}, found.inOrder()
	case root.field("matrix") != nil:
		standsForMany(root, found)
		return Build{}, found.inOrder()
	}
	return readBuild(root, opts, found)
}

// TooLarge are the faults of a document that was not read, since it has more than
// MaxDocument; size is how much, in words.
func TooLarge(name, size string) Faults {
	return Faults{{File: name, Line: 1, Column: 1, Message: tooLarge(size)}}
}

func tooLarge(size string) string {
	return fmt.Sprintf("the document has %s; want at most %d (1 MiB)", size, MaxDocument)
}

// open is the document as nodes whose fields have the right names; nil when its faults
// leave nothing to check.
func open(name string, document []byte) (*node, *findings) {
	document = bytes.TrimPrefix(document, []byte(byteOrderMark))
	found := &findings{file: name, source: linesOf(string(document))}
	root := parse(name, document, found)
	if root != nil {
		found.endStage()
		fixFields(root, compiledSchema(), nil, found)
	}
	return root, found
}

// readBuild reads the nodes of a document of one build, which it changes.
func readBuild(root *node, opts Options, found *findings) (Build, error) {
	vars := declareVariables(root, opts.Vars, found)
	vars.fill(root)
	inlineFiles(root, vars, opts.ReadFile)
	takeTypes(root, compiledSchema())
	found.endStage()
	validate(root, found)
	found.endStage()
	checkDurations(root, found)
	found.endStage()
	build, err := decode(root)
	if err != nil && len(found.faults) == 0 {
		found.add(start, nil, fmt.Sprintf("the document does not decode: %v", err))
	}
	check(root, build, found)
	if err := found.inOrder(); err != nil {
		return Build{}, err
	}
	return build.withDefaults().asJSON()
}

// parse is the document as nodes; nil when its faults leave nothing to check.
func parse(name string, document []byte, found *findings) *node {
	at, message := start, ""
	var root *node
	switch {
	case len(document) > MaxDocument:
		message = tooLarge(fmt.Sprintf("%d bytes", len(document)))
	case !utf8.Valid(document):
		at, message = notUTF8(document), "the document is not UTF-8 text"
	case len(bytes.TrimSpace(document)) == 0:
		message = "the document is empty; `kiln init` writes one to start from"
	case json.Valid(document):
		root = readJSON(document, found)
	case strings.HasSuffix(name, ".json"):
		at, message = jsonFault(document)
	default:
		root, at, message = readYAML(string(document), found)
	}
	if root != nil && root.kind != isObject {
		at, message = root.at, fmt.Sprintf("the document is %s; want a mapping of fields such as name and region", root.kind)
	}
	if message != "" {
		found.add(at, nil, message)
		return nil
	}
	return root
}

func readYAML(text string, found *findings) (*node, position, string) {
	bodies, fault := parseYAML(strings.ReplaceAll(text, "\r\n", "\n"))
	switch {
	case fault != nil:
		return nil, fault.at, fault.message
	case len(bodies) == 0:
		return nil, start, "the document is empty; `kiln init` writes one to start from"
	case len(bodies) > 1:
		at := yamlReader{&findings{}}.node(bodies[1], nil).place(nil)
		return nil, at, "a second document starts here; want one document in a file"
	}
	return yamlReader{found}.node(bodies[0], nil), start, ""
}

func notUTF8(document []byte) position {
	offset := 0
	for offset < len(document) {
		r, size := utf8.DecodeRune(document[offset:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		offset += size
	}
	return positionOf(document, offset)
}

// decode makes a Build of the nodes. Values of a wrong type, which the schema has
// reported, are left out.
func decode(root *node) (Build, error) {
	var build Build
	data, err := json.Marshal(root.value())
	if err != nil {
		return build, err
	}
	err = json.Unmarshal(data, &build)
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) {
		return build, fmt.Errorf("%s", wrongType.Field)
	}
	return build, err
}

// asJSON is the Build as its JSON says it, so that nil and empty do not differ between a
// document and the same document sent on.
func (b Build) asJSON() (Build, error) {
	data, err := json.Marshal(b)
	if err != nil {
		return Build{}, err
	}
	var same Build
	err = json.Unmarshal(data, &same)
	return same, err
}
