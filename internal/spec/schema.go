package spec

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

//go:generate go test . -run TestSchemaIsGeneratedFromTheTypes -update

//go:embed build.schema.json
var schemaText []byte

// Schema is the JSON Schema (draft-07) of a document.
func Schema() []byte { return bytes.Clone(schemaText) }

// compiledSchema is built once; the schema is part of the program, so a fault in it is a
// fault of the program.
var compiledSchema = sync.OnceValue(func() *jsonschema.Schema {
	const name = "build.schema.json"
	decoded, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaText))
	if err != nil {
		panic(err)
	}
	// Editors let a reference to a variable stand for any value. Here the references have
	// been replaced, so what is left of the kind is wrong.
	decoded.(map[string]any)["definitions"].(map[string]any)["Reference"] = false
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource(name, decoded); err != nil {
		panic(err)
	}
	return plain(compiler.MustCompile(name))
})

// plain follows references, and takes the first of "a value or a variable in its place".
func plain(s *jsonschema.Schema) *jsonschema.Schema {
	for s != nil {
		switch {
		case s.Ref != nil:
			s = s.Ref
		case len(s.AnyOf) > 0:
			s = s.AnyOf[0]
		default:
			return s
		}
	}
	return nil
}

// below is the schema of a field or item; nil when the schema knows none.
func below(s *jsonschema.Schema, step any) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	if name, ok := step.(string); ok {
		if property, ok := s.Properties[name]; ok {
			return plain(property)
		}
		free, _ := s.AdditionalProperties.(*jsonschema.Schema)
		return plain(free)
	}
	items, _ := s.Items.(*jsonschema.Schema)
	return plain(items)
}

func schemaAt(p path) *jsonschema.Schema {
	s := compiledSchema()
	for _, step := range p {
		s = below(s, step)
	}
	return s
}

func wants(s *jsonschema.Schema, types ...string) bool {
	return s != nil && s.Types != nil && slices.ContainsFunc(s.Types.ToStrings(), func(t string) bool {
		return slices.Contains(types, t)
	})
}

// takeTypes gives a value that came from a variable alone the type that its field wants.
func takeTypes(n *node, s *jsonschema.Schema) {
	if n.lone && n.kind == isText {
		text := strings.TrimSpace(n.text)
		if wants(s, "integer", "number") {
			n.asNumber(text)
		}
		if wants(s, "boolean") && (text == "true" || text == "false") {
			n.kind, n.text = isBoolean, text
		}
	}
	for _, f := range n.fields {
		takeTypes(f.value, below(s, f.name))
	}
	for i, item := range n.items {
		takeTypes(item, below(s, i))
	}
}

// validationOf are the faults that validate would report.
func validationOf(root *node, found *findings) *findings {
	all := &findings{file: found.file, source: found.source}
	validate(root, all)
	return all
}

// validate reports every place where the document does not fit the schema.
func validate(root *node, found *findings) {
	var invalid *jsonschema.ValidationError
	if err := compiledSchema().Validate(root.value()); errors.As(err, &invalid) {
		reportLeaves(root, invalid, found)
	}
}

func reportLeaves(root *node, e *jsonschema.ValidationError, found *findings) {
	causes := e.Causes
	if _, choice := e.ErrorKind.(*kind.AnyOf); choice {
		causes = causes[:1] // the second choice is a reference, which nothing satisfies
	}
	if len(causes) > 0 {
		for _, cause := range causes {
			reportLeaves(root, cause, found)
		}
		return
	}
	if found.full() {
		return
	}
	p := root.locate(e.InstanceLocation)
	if missing, ok := e.ErrorKind.(*kind.Required); ok {
		for _, name := range missing.Missing {
			reportMissing(root, p.join(name), found)
		}
		return
	}
	found.add(root.place(p), p, p.label()+" "+complaint(root.find(p), schemaAt(p), e.ErrorKind))
}

func reportMissing(root *node, p path, found *findings) {
	message := p.label() + " is missing"
	if s := schemaAt(p); s != nil && s.Description != "" {
		what, _, _ := strings.Cut(s.Description, ".")
		if !unicode.IsUpper(rune(what[1])) { // no abbreviation
			what = strings.ToLower(what[:1]) + what[1:]
		}
		message += ": " + what
	}
	found.add(root.place(p), p, message)
}

// complaint says what a value is and what it should be.
func complaint(n *node, s *jsonschema.Schema, fault jsonschema.ErrorKind) string {
	const wantDuration = "is %s; want a duration such as 90m or 6h"
	switch fault := fault.(type) {
	case *kind.Type:
		if s != nil && s.Pattern != nil && n.kind == isNumber {
			return fmt.Sprintf(wantDuration, n.text)
		}
		return wrongType(n, fault.Want)
	case *kind.Enum:
		return fmt.Sprintf("is %s; %s", n.shown(), wantOneOf(n.text, fault.Want))
	case *kind.Pattern:
		return fmt.Sprintf(wantDuration, n.shown())
	case *kind.Minimum:
		return fmt.Sprintf("is %s; want at least %s", n.text, whole(fault.Want))
	case *kind.Maximum:
		return fmt.Sprintf("is %s; want at most %s", n.text, whole(fault.Want))
	case *kind.MinItems:
		return fmt.Sprintf("is empty; want at least %d", fault.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("has %d items; want at most %d", fault.Got, fault.Want)
	}
	return fmt.Sprintf("does not fit the schema: %v", fault)
}

// wanted is how a message names the types of a schema.
var wanted = map[string]string{
	"string": "text", "integer": "a whole number", "boolean": "true or false",
	"object": "a mapping of fields", "array": `a list, with "- " before each item`,
}

func wrongType(n *node, want []string) string {
	words := make([]string, len(want))
	for i, w := range want {
		words[i] = wanted[w]
	}
	wish := strings.Join(words, " or ")
	switch {
	case n.kind == isNull && slices.Contains(want, "object"):
		return "is empty; leave it out, or write {} for its defaults"
	case n.kind == isNull:
		return "is empty; give it a value, or leave it out"
	case slices.Contains(want, "string") && (n.kind == isNumber || n.kind == isBoolean):
		return fmt.Sprintf("is %s %s; want text: put it in quotes", n.kind.article(), n.text)
	case n.kind == isObject || n.kind == isList:
		return fmt.Sprintf("is %s; want %s", n.kind, wish)
	}
	return fmt.Sprintf("is %s; want %s", n.shown(), wish)
}

func (k valueKind) article() string {
	if k == isNumber {
		return "the number"
	}
	return "the value"
}

// shown is a scalar as a message shows it.
func (n *node) shown() string {
	if n.kind == isText {
		return quote(n.text)
	}
	return n.text
}

// wantOneOf lists the values of a choice; of a long one only the closest, if one is close.
func wantOneOf(got string, values []any) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = fmt.Sprint(v)
	}
	if len(words) == 1 {
		return "want " + words[0]
	}
	if best := Closest(got, words); best != "" && len(words) > 8 {
		return fmt.Sprintf("did you mean %s?", quote(best))
	}
	return "want one of " + strings.Join(words, ", ")
}

func whole(r *big.Rat) string { return r.RatString() }
