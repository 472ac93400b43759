package command

import (
	"maps"
	"slices"
	"strconv"
)

// Type is the type of a parameter.
type Type string

// The types.
const (
	String  Type = "String"
	Number  Type = "Number"
	Boolean Type = "Boolean"
)

// Parameter is one that a content declares.
type Parameter struct {
	Name     string
	Type     Type
	Default  string // as text
	Required bool   // there is no default
}

// accepts tells whether text is a value of the parameter's type.
func (p Parameter) accepts(text string) bool {
	switch p.Type {
	case Number:
		_, err := strconv.ParseFloat(text, 64)
		return err == nil
	case Boolean:
		return text == "true" || text == "false"
	}
	return true
}

// Bind checks the values that a reference gives to the component's parameters. The error
// is a *Fault of the place that holds the reference.
func Bind(r Reference, declared []Parameter, in Place) error {
	p := &parser{place: in}
	for _, name := range slices.Sorted(maps.Keys(r.Values)) {
		i := slices.IndexFunc(declared, func(d Parameter) bool { return d.Name == name })
		if i < 0 {
			return p.invalid("line %d: component %s has no parameter %s", r.Line, r, name)
		}
		if !declared[i].accepts(r.Values[name]) {
			return p.invalid("line %d: parameter %s of component %s is no %s", r.Line, name, r, declared[i].Type)
		}
	}
	for _, d := range declared {
		if _, given := r.Values[d.Name]; d.Required && !given {
			return p.invalid("line %d: component %s needs a value for its parameter %s", r.Line, r, d.Name)
		}
	}
	return nil
}
