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
		fixObject(n, s, p, found)
	}
	for _, f := range n.fields {
		fixFields(f.value, below(s, f.name), p.join(f.name), found)
	}
	for i, item := range n.items {
		fixFields(item, below(s, i), p.join(i), found)
	}
}

func fixObject(n *node, s *jsonschema.Schema, p path, found *findings) {
	free := maps.Clone(s.Properties)
	for _, f := range n.fields {
		delete(free, f.name)
	}
	kept := n.fields[:0]
	for _, f := range n.fields {
		if _, known := s.Properties[f.name]; known {
			kept = append(kept, f)
			continue
		}
		if found.full() {
			continue
		}
		means := Closest(f.name, slices.Sorted(maps.Keys(free)))
		found.add(f.at, p.join(f.name), "unknown field "+quote(f.name)+whereTo(f.name, means, s, p))
		if means != "" {
			delete(free, means)
			kept = append(kept, field{means, f.at, f.value})
		}
	}
	n.fields = kept
}

// whereTo tells what to do about an unknown field: take the name that it must mean, move
// it to the section that has it, or choose from what there is.
func whereTo(name, means string, s *jsonschema.Schema, p path) string {
	if means != "" {
		return fmt.Sprintf("; did you mean %s?", quote(means))
	}
	if homes := homesOf(name, compiledSchema(), nil); len(homes) > 0 && len(homes) <= 3 {
		return " here; it belongs in " + strings.Join(homes, " or ")
	}
	fields := slices.DeleteFunc(slices.Sorted(maps.Keys(s.Properties)), func(field string) bool { return field == schemaField })
	return fmt.Sprintf("; %s takes %s", p.label(), strings.Join(fields, ", "))
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
