package spec

import (
	"encoding/json"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// kind of a value in a document, in the words of a message.
type valueKind string

const (
	isObject  valueKind = "a mapping"
	isList    valueKind = "a list"
	isText    valueKind = "text"
	isNumber  valueKind = "a number"
	isBoolean valueKind = "true or false"
	isNull    valueKind = "empty"
	isOther   valueKind = "of another kind" // an alias, in the content of a component
)

// node is a value of a document with its place in the source, whether that is YAML or JSON.
type node struct {
	kind   valueKind
	text   string // a scalar as written, without its quotes
	number json.Number
	fields []field
	items  []*node
	at     position
	body   int    // the first line of a YAML block of text; 0 for other text
	lone   bool   // the text was nothing but a reference to a variable
	file   string // the text was read from this file
}

// field of an object, with the place of its key.
type field struct {
	name  string
	at    position
	value *node
}

func (n *node) field(name string) *field {
	if n != nil {
		for i := range n.fields {
			if n.fields[i].name == name {
				return &n.fields[i]
			}
		}
	}
	return nil
}

// get is the value of a field; nil when there is none.
func (n *node) get(name string) *node {
	if f := n.field(name); f != nil {
		return f.value
	}
	return nil
}

// set gives a field a value; a new one stands where its value does.
func (n *node) set(name string, value *node) {
	if f := n.field(name); f != nil {
		f.value = value
		return
	}
	n.fields = append(n.fields, field{name, value.at, value})
}

func (n *node) drop(name string) {
	n.fields = slices.DeleteFunc(n.fields, func(f field) bool { return f.name == name })
}

// clone is a copy that shares nothing with the node.
func (n *node) clone() *node {
	same := *n
	same.fields = slices.Clone(n.fields)
	for i := range same.fields {
		same.fields[i].value = n.fields[i].value.clone()
	}
	same.items = slices.Clone(n.items)
	for i := range same.items {
		same.items[i] = n.items[i].clone()
	}
	return &same
}

// step is the value one step down; nil when there is none.
func (n *node) step(s any) *node {
	switch s := s.(type) {
	case string:
		return n.get(s)
	case int:
		if n != nil && s < len(n.items) {
			return n.items[s]
		}
	}
	return nil
}

func (n *node) find(p path) *node {
	for _, s := range p {
		n = n.step(s)
	}
	return n
}

// place is where a fault of the value at a path points: at a scalar itself, at the key
// of a section, and for a value that is missing at the nearest thing around it.
func (n *node) place(p path) position {
	at := n.at
	if len(n.fields) > 0 {
		at = n.fields[0].at
	}
	for _, s := range p {
		next := n.step(s)
		if next == nil {
			return at
		}
		at = next.at
		if name, ok := s.(string); ok && (next.kind == isObject || next.kind == isList || next.kind == isNull) {
			at = n.field(name).at
		}
		if isIndex(s) && len(next.fields) > 0 {
			at = next.fields[0].at
		}
		n = next
	}
	return at
}

// keyPlace is where the key of the field at a path stands.
func (n *node) keyPlace(p path) position {
	name, _ := p[len(p)-1].(string)
	if f := n.find(p[:len(p)-1]).field(name); f != nil {
		return f.at
	}
	return n.place(p)
}

// locate turns the JSON pointer of a value into its path.
func (n *node) locate(pointer []string) path {
	var p path
	for _, s := range pointer {
		var step any = s
		if n != nil && n.kind == isList {
			step, _ = strconv.Atoi(s)
		}
		n = n.step(step)
		p = append(p, step)
	}
	return p
}

// value is the node as encoding/json would have decoded it, with json.Number.
func (n *node) value() any {
	switch n.kind {
	case isObject:
		object := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			object[f.name] = f.value.value()
		}
		return object
	case isList:
		list := make([]any, len(n.items))
		for i, item := range n.items {
			list[i] = item.value()
		}
		return list
	case isText:
		return n.text
	case isNumber:
		return n.number
	case isBoolean:
		return n.text == "true"
	default:
		return nil
	}
}

// each calls visit for the node and all below it, parents first.
func (n *node) each(p path, visit func(path, *node)) {
	visit(p, n)
	for _, f := range n.fields {
		f.value.each(p.join(f.name), visit)
	}
	for i, item := range n.items {
		item.each(p.join(i), visit)
	}
}

// maxExponent keeps a number such as 1e999999999 from filling the memory.
const maxExponent = 400

// jsonNumber is a JSON number in the shortest form of its value, so that 40.0 and 4e1
// are the whole number 40; false when the text is no such number or beyond any use.
func jsonNumber(text string) (json.Number, bool) {
	if !json.Valid([]byte(text)) || strings.IndexAny(text, "-0123456789") != 0 {
		return "", false
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if e, err := strconv.Atoi(exponent); err != nil || e > maxExponent || e < -maxExponent {
			return "", false
		}
	}
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		return "", false
	}
	if value.IsInt() {
		return json.Number(value.Num().String()), true
	}
	return json.Number(text), true
}
