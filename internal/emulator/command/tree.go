package command

import (
	"errors"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"
)

type kind int

const (
	null kind = iota
	text
	sequence
	table
)

// node is a YAML value. Every scalar is text, as it was written.
type node struct {
	line   int
	kind   kind
	value  string           // of a text
	items  []*node          // of a sequence
	keys   []string         // of a table, in their order
	values map[string]*node // of a table
}

// text is the text of a table's field, empty when it has none.
func (n *node) text(key string) string {
	if field := n.values[key]; field != nil {
		return field.value
	}
	return ""
}

func (n *node) children() []*node {
	children := n.items
	for _, key := range n.keys {
		children = append(children, n.values[key])
	}
	return children
}

// The documents write "key: {{ name }}", which YAML reads as a mapping. Braces therefore
// travel through the YAML parser as two characters that no text has.
const open, shut = "\uE000", "\uE001"

var (
	braces = regexp.MustCompile(`\{\{([^{}\n]*)\}\}`)
	back   = strings.NewReplacer(open, "{{", shut, "}}")
)

func (p *parser) tree(content string) (*node, *Fault) {
	file, err := yamlparser.ParseBytes([]byte(braces.ReplaceAllString(content, open+"${1}"+shut)), 0)
	if err != nil {
		return nil, p.broken(err)
	}
	var bodies []ast.Node
	for _, doc := range file.Docs {
		if doc.Body != nil {
			bodies = append(bodies, doc.Body)
		}
	}
	if len(bodies) != 1 {
		return nil, p.invalid("one YAML document is needed")
	}
	return p.node(bodies[0])
}

// broken is the fault of a syntax error, without the excerpt.
func (p *parser) broken(err error) *Fault {
	var syntax yaml.Error
	if errors.As(err, &syntax) && syntax.GetToken() != nil && syntax.GetToken().Position != nil {
		return p.invalid("line %d: %s", syntax.GetToken().Position.Line, back.Replace(syntax.GetMessage()))
	}
	return p.invalid("it is no YAML")
}

func (p *parser) node(n ast.Node) (*node, *Fault) {
	read := &node{}
	if token := n.GetToken(); token != nil && token.Position != nil {
		read.line = token.Position.Line
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return read, p.fill(read, n.Values)
	case *ast.MappingValueNode:
		return read, p.fill(read, []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		read.kind = sequence
		for _, value := range n.Values {
			item, fault := p.node(value)
			if fault != nil {
				return nil, fault
			}
			read.items = append(read.items, item)
		}
		return read, nil
	case *ast.NullNode:
		return read, nil
	case *ast.StringNode:
		read.kind, read.value = text, back.Replace(n.Value)
		return read, nil
	case *ast.LiteralNode:
		read.kind, read.value = text, back.Replace(n.Value.Value)
		return read, nil
	case ast.ScalarNode:
		read.kind, read.value = text, n.GetToken().Value
		return read, nil
	}
	// Anchors and tags are not in the documents, and aliases could multiply.
	return nil, p.invalid("line %d: %s is not supported", read.line, strings.ToLower(n.Type().String()))
}

func (p *parser) fill(read *node, pairs []*ast.MappingValueNode) *Fault {
	read.kind, read.values = table, map[string]*node{}
	for i, pair := range pairs {
		key, fault := p.node(pair.Key)
		if fault != nil {
			return fault
		}
		if key.kind != text {
			return p.invalid("line %d: a field's name has to be a text", key.line)
		}
		if i == 0 {
			read.line = key.line
		}
		if _, twice := read.values[key.value]; twice {
			return p.invalid("line %d: %s is there twice", key.line, key.value)
		}
		value, fault := p.node(pair.Value)
		if fault != nil {
			return fault
		}
		value.line = key.line // where a reader looks for it
		read.keys = append(read.keys, key.value)
		read.values[key.value] = value
	}
	return nil
}
