package spec

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var (
	// reference to a variable, as GitHub Actions writes it. Shell's ${x} and the command
	// language's {{ x }} are none.
	reference = regexp.MustCompile(`\$\{\{\s*vars\.([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}`)
	// misspelt is text that must have been meant as a reference.
	misspelt     = regexp.MustCompile(`\$\{\{\s*(?i:vars?)\b[^}]*\}\}`)
	bareName     = regexp.MustCompile(`\$\{\{\s*([A-Za-z_][A-Za-z0-9_-]*)\s*\}\}`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)
)

// variables are the values that a document's references stand for.
type variables struct {
	values map[string]string
	found  *findings
}

// declareVariables reads the document's variables, with the values that override them
// put into the document: what was read holds the values it was made with.
func declareVariables(root *node, given map[string]string, found *findings) variables {
	v := variables{map[string]string{}, found}
	declared := root.get("variables")
	if declared != nil {
		for _, f := range declared.fields {
			v.declare(f, given)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		p := path{"variables", name}
		if declared.get(name) == nil {
			message := fmt.Sprintf("the variable %s is set, but the document does not declare it", quote(name))
			hint := didYouMean(name, v.names())
			if hint == "" {
				hint = "; add it under variables, or do not set it"
			}
			found.add(root.place(p[:1]), p, message+hint)
		}
	}
	return v
}

func (v variables) declare(f field, given map[string]string) {
	p := path{"variables", f.name}
	if !variableName.MatchString(f.name) {
		v.found.add(f.at, p, fmt.Sprintf("%s cannot name a variable; want a letter or _ first, then letters, digits, _ and -", quote(f.name)))
	}
	if value, ok := given[f.name]; ok {
		*f.value = node{kind: isText, text: value, at: f.value.at}
	}
	if f.value.kind != isText {
		return // the schema wants text, and says so
	}
	if reference.MatchString(f.value.text) || misspelt.MatchString(f.value.text) {
		v.found.add(f.value.at, p, fmt.Sprintf("the value of the variable %s refers to a variable; write the text itself", quote(f.name)))
	}
	v.values[f.name] = f.value.text
}

func (v variables) names() []string { return slices.Sorted(maps.Keys(v.values)) }

// fill puts the values of the variables into every text of the document. Values go into
// texts that are already parsed, so none can change the document's shape.
func (v variables) fill(root *node) {
	root.each(nil, func(p path, n *node) {
		if len(p) > 0 && p[0] == "variables" {
			return
		}
		if n.kind == isText {
			n.lone = reference.FindString(n.text) == strings.TrimSpace(n.text) && n.text != ""
			n.text = v.replace(n.text, n.at, p)
		}
		for _, f := range n.fields {
			if reference.MatchString(f.name) {
				v.found.add(f.at, p.join(f.name), "a key cannot hold a variable; write the key itself")
			}
		}
	})
}

// replace returns a text with the values in place of the references. What it cannot
// replace stays as it is, as a fault.
func (v variables) replace(text string, at position, p path) string {
	replaced := reference.ReplaceAllStringFunc(text, func(match string) string {
		name := reference.FindStringSubmatch(match)[1]
		value, ok := v.values[name]
		if !ok {
			hint := didYouMean(name, v.names())
			if hint == "" {
				hint = "; declare it under variables"
			}
			v.found.add(at, p, fmt.Sprintf("there is no variable %s%s", quote(name), hint))
			return match
		}
		return value
	})
	if misspelt := v.misspelt(reference.ReplaceAllString(text, "")); misspelt != "" {
		v.found.add(at, p, fmt.Sprintf("%s is no reference to a variable; write ${{ vars.name }}", quote(misspelt)))
	} else if replaced != text && (reference.MatchString(replaced) || v.misspelt(replaced) != "") {
		v.found.add(at, p, "the values of the variables put together another reference; write the text itself")
	}
	return replaced
}

// misspelt finds what was meant as a reference to a variable and is none.
func (v variables) misspelt(text string) string {
	if match := misspelt.FindString(text); match != "" {
		return match
	}
	for _, match := range bareName.FindAllStringSubmatch(text, -1) {
		if _, ok := v.values[match[1]]; ok {
			return match[0]
		}
	}
	return ""
}
