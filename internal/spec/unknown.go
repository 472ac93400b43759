package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// fixFields reports the fields that the schema does not know. A field that is clearly a
// misspelling takes the right name from here on, so that its value is checked too and
// the field it means is not called missing; any other is left out.
func fixFields(n *node, s *jsonschema.Schema, p path, found *findings) {
	if n.kind == isObject && s != nil && len(s.Properties) > 0 {
		kept := n.fields[:0]
		for _, f := range n.fields {
			if _, known := s.Properties[f.name]; known {
				kept = append(kept, f)
				continue
			}
			message, means := unknownField(f.name, n, s, p)
			found.add(f.at, p.join(f.name), message)
			if means != "" {
				kept = append(kept, field{means, f.at, f.value})
			}
		}
		n.fields = kept
	}
	for _, f := range n.fields {
		fixFields(f.value, below(s, f.name), p.join(f.name), found)
	}
	for i, item := range n.items {
		fixFields(item, below(s, i), p.join(i), found)
	}
}

// unknownField says what is wrong with a field, and which free one it must mean.
func unknownField(name string, n *node, s *jsonschema.Schema, p path) (message, means string) {
	var all, free []string
	for _, property := range slices.Sorted(maps.Keys(s.Properties)) {
		if property != schemaField {
			all = append(all, property)
		}
		if n.field(property) == nil {
			free = append(free, property)
		}
	}
	message = "unknown field " + quote(name)
	if means = closest(name, free); means != "" {
		return message + fmt.Sprintf("; did you mean %s?", quote(means)), means
	}
	if homes := homesOf(name, compiledSchema(), nil); len(homes) > 0 && len(homes) <= 3 {
		return message + " here; it belongs in " + strings.Join(homes, " or "), ""
	}
	return message + fmt.Sprintf("; %s takes %s", p.label(), strings.Join(all, ", ")), ""
}

// homesOf lists the sections that have a field of the name.
func homesOf(name string, s *jsonschema.Schema, p path) []string {
	var homes []string
	if s == nil {
		return nil
	}
	for property := range s.Properties {
		if property == name && len(p) > 0 {
			homes = append(homes, p.String())
		}
		homes = append(homes, homesOf(name, below(s, property), p.join(property))...)
	}
	if s.Items != nil {
		homes = append(homes, homesOf(name, below(s, 0), p)...)
	}
	slices.Sort(homes)
	return homes
}
