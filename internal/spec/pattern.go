package spec

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Pattern is one of an Expansion's documents, of which the documents of its builds are
// made. What comes out depends on the document and the cell alone.
type Pattern struct {
	document  json.RawMessage
	fields    map[string]json.RawMessage
	name      string
	region    string
	variables map[string]string
	matrix    *Matrix
}

// PatternOf takes a document apart. It checks nothing beyond what it needs; Expand does.
func PatternOf(document []byte) (Pattern, error) {
	p := Pattern{document: document}
	if err := json.Unmarshal(document, &p.fields); err != nil {
		return p, err
	}
	for _, field := range []struct {
		name string
		into any
	}{{"name", &p.name}, {"region", &p.region}, {"variables", &p.variables}, {"matrix", &p.matrix}} {
		if value, ok := p.fields[field.name]; ok {
			if err := json.Unmarshal(value, field.into); err != nil {
				return p, fmt.Errorf("%s: %w", field.name, err)
			}
		}
	}
	return p, nil
}

// Has tells whether a cell is one of the document's.
func (p Pattern) Has(cell Cell) bool {
	if p.matrix == nil {
		return cell.Region == "" && cell.Variant == "" && len(cell.Variables) == 0
	}
	return p.matrix.has(cell)
}

// Title is the name that the document itself has.
func (p Pattern) Title() string { return fillIn(p.name, p.variables) }

// Name is that of the build of a cell.
func (p Pattern) Name(cell Cell) string {
	if p.matrix == nil {
		return p.Title()
	}
	return memberName(p.name, fillIn(p.name, p.values(cell)), cell)
}

// Region is that of the build of a cell.
func (p Pattern) Region(cell Cell) string {
	if cell.Region != "" {
		return cell.Region
	}
	return fillIn(p.region, p.values(cell))
}

func (p Pattern) values(cell Cell) map[string]string {
	values := map[string]string{}
	maps.Copy(values, p.variables)
	if p.matrix != nil {
		maps.Copy(values, p.matrix.values(cell))
	}
	return values
}

// Document is that of the build of a cell: without the matrix, with the name, the region
// and the variables of the build.
func (p Pattern) Document(cell Cell) (json.RawMessage, error) {
	if p.matrix == nil {
		return p.document, nil
	}
	fields := map[string]any{}
	for name, value := range p.fields {
		fields[name] = value
	}
	delete(fields, "matrix")
	fields["name"], fields["variables"] = p.Name(cell), p.values(cell)
	if cell.Region != "" {
		fields["region"] = cell.Region
	}
	return json.Marshal(fields)
}

// fillIn puts values in the place of references; one that has none stays.
func fillIn(text string, values map[string]string) string {
	return reference.ReplaceAllStringFunc(text, func(match string) string {
		if value, ok := values[reference.FindStringSubmatch(match)[1]]; ok {
			return value
		}
		return match
	})
}

// notInNames are the characters that the name of a build cannot have.
var notInNames = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// memberName is the name of the build of a cell: the document's with what the matrix has
// chosen, but for what the document's name refers to itself. base is the document's name
// with the values of the variables; one that is no name stays what it is.
//
// What does not fit into a name is left out or cut, and the name then ends in a digest of
// the cell. The name depends on nothing else, so a matrix that grows renames nothing.
func memberName(name, base string, cell Cell) string {
	if buildName(base) != "" {
		return base
	}
	is, exact := base, true
	for _, chosen := range cell.choices() {
		if refersTo(name, chosen.variable) {
			continue
		}
		legal := strings.Trim(notInNames.ReplaceAllString(chosen.value, "-"), "-")
		exact = exact && legal == chosen.value
		if legal != "" {
			is += "-" + legal
		}
	}
	if exact && len(is) <= maxImagePrefix {
		return is
	}
	tail := "-" + cell.digest()
	return strings.TrimRight(is[:min(len(is), maxImagePrefix-len(tail))], "-._") + tail
}

// choice is one thing that a cell has chosen, and the variable that says it in texts.
type choice struct{ variable, value string }

// choices are those of a cell, in the order in which names have them.
func (c Cell) choices() []choice {
	var all []choice
	if c.Variant != "" {
		all = append(all, choice{variantVariable, c.Variant})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		all = append(all, choice{name, c.Variables[name]})
	}
	if c.Region != "" {
		all = append(all, choice{regionVariable, c.Region})
	}
	return all
}

// refersTo tells whether a text refers to a variable.
func refersTo(text, variable string) bool {
	for _, match := range reference.FindAllStringSubmatch(text, -1) {
		if match[1] == variable {
			return true
		}
	}
	return false
}

// digest tells cells apart.
func (c Cell) digest() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err) // text and maps of text always marshal
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:4])
}

// String is the cell for people.
func (c Cell) String() string {
	var parts []string
	if c.Variant != "" {
		parts = append(parts, "variant "+c.Variant)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Variables)) {
		parts = append(parts, fmt.Sprintf("%s %s", name, quote(c.Variables[name])))
	}
	if c.Region != "" {
		parts = append(parts, "region "+c.Region)
	}
	return strings.Join(parts, ", ")
}
