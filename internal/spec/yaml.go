package spec

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// syntaxFault is why a text is no YAML, and where.
type syntaxFault struct {
	at      position
	message string
}

// parseYAML parses a text into its documents that hold something. The parser has
// panicked on odd input before, so a panic counts as a syntax fault.
func parseYAML(text string) (bodies []ast.Node, fault *syntaxFault) {
	defer func() {
		if recover() != nil {
			fault = &syntaxFault{start, "not valid YAML"}
		}
	}()
	file, err := parser.ParseBytes([]byte(text), 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, yamlFault(err, text)
	}
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.DirectiveType {
			bodies = append(bodies, doc.Body)
		}
	}
	return bodies, nil
}

// plainWords replace the parser's messages that speak of its own workings.
var plainWords = []struct{ says, means string }{
	{`found character '	'`, "a tab cannot indent YAML; use spaces"},
	{"mapping value is not allowed", `a field cannot start here: check the indentation, and put text that holds ": " in quotes`},
	{"value is not allowed in this context", "a value cannot stand here: check the indentation"},
	{"end character of double-quoted", `the text in quotes does not end; close it with "`},
	{"end character of single-quoted", "the text in quotes does not end; close it with '"},
	{"',' or ']' must be specified", `the list does not end; add "," or "]"`},
	{"sequence end token ']'", `the list does not end; close it with "]"`},
	{"',' or '}' must be specified", `the mapping does not end; add "," or "}"`},
	{"flow map content", `a mapping in braces is not complete; put text that starts with "{" in quotes`},
	{"reserved character", "text cannot start with this character; put it in quotes"},
	{"non-map value is specified", `want a field, such as "name: value"`},
	{"unexpected key name", `want a field, such as "name: value"`},
}

func yamlFault(err error, text string) *syntaxFault {
	var located yaml.Error
	if !errors.As(err, &located) {
		return &syntaxFault{start, fmt.Sprintf("not valid YAML: %v", err)}
	}
	fault := &syntaxFault{tokenPlace(located.GetToken()), "not valid YAML: " + located.GetMessage()}
	for _, word := range plainWords {
		if strings.Contains(located.GetMessage(), word.says) {
			fault.message = word.means
			break
		}
	}
	if lines := linesOf(text); fault.at.line <= len(lines) && strings.HasPrefix(lines[fault.at.line-1], "\t") {
		fault.message = plainWords[0].means
	}
	return fault
}

func tokenPlace(t *token.Token) position {
	if t == nil || t.Position == nil {
		return start
	}
	return position{max(1, t.Position.Line), max(1, t.Position.Column)}
}

// yamlReader turns the parser's nodes into ours. What YAML has beyond JSON (anchors,
// aliases, merge keys, tags) is refused.
type yamlReader struct{ found *findings }

func (r yamlReader) node(n ast.Node, p path) *node {
	out := &node{kind: isNull, at: tokenPlace(n.GetToken())}
	switch n := n.(type) {
	case *ast.MappingNode:
		r.object(out, n.Values, p)
	case *ast.MappingValueNode:
		r.object(out, []*ast.MappingValueNode{n}, p)
	case *ast.SequenceNode:
		out.kind = isList
		for i, item := range n.Values {
			out.items = append(out.items, r.node(item, p.join(i)))
		}
	case *ast.LiteralNode:
		out.kind, out.text = isText, n.Value.Value
		if n.Start.Type == token.LiteralType {
			out.body = out.at.line + 1
		}
	case *ast.StringNode:
		out.kind, out.text = isText, n.Value
	case *ast.IntegerNode:
		out.asNumber(fmt.Sprint(n.Value))
		out.text = n.Token.Value
	case *ast.FloatNode:
		out.asNumber(strings.TrimPrefix(n.Token.Value, "+"))
	case *ast.BoolNode:
		out.kind, out.text = isBoolean, fmt.Sprint(n.Value)
	case *ast.InfinityNode, *ast.NanNode:
		out.kind, out.text = isText, n.GetToken().Value
	case *ast.NullNode:
	default:
		out.kind = isOther
		r.refuse(n, p)
	}
	return out
}

func (r yamlReader) refuse(n ast.Node, p path) {
	message := "this is more than a build document needs; write a plain value"
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode:
		message = "anchors and aliases are not allowed in a build document; write the value out"
	case *ast.TagNode:
		message = "YAML tags are not allowed in a build document; put text in quotes and leave the tag out"
	}
	r.found.add(tokenPlace(n.GetToken()), p, message)
}

func (r yamlReader) object(out *node, values []*ast.MappingValueNode, p path) {
	out.kind = isObject
	keys := keySet{}
	for i, pair := range values {
		at := tokenPlace(pair.Key.GetToken())
		if i == 0 && out.at.line == at.line {
			out.at.column = min(out.at.column, at.column)
		}
		name, ok := keyName(pair.Key)
		if !ok {
			message := "a key has to be plain text"
			if pair.Key.IsMergeKey() {
				message = "merge keys are not allowed in a build document; write the fields out"
			}
			r.found.add(at, p, message)
			continue
		}
		value := &node{kind: isNull, at: at}
		if pair.Value != nil {
			value = r.node(pair.Value, p.join(name))
		}
		if keys.first(name, at, p, r.found) {
			out.fields = append(out.fields, field{name, at, value})
		}
	}
}

func keyName(key ast.MapKeyNode) (string, bool) {
	switch key := key.(type) {
	case *ast.StringNode:
		return key.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode:
		return key.GetToken().Value, true
	}
	return "", false
}
