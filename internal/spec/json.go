package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// jsonReader reads a valid JSON document into nodes. It exists beside the YAML reader
// because a build's document travels as JSON: every string that encoding/json writes
// comes back as it was.
type jsonReader struct {
	document []byte
	decoder  *json.Decoder
	offset   int // up to which line and column are known
	at       position
	found    *findings
}

func readJSON(document []byte, found *findings) *node {
	r := &jsonReader{document: document, decoder: json.NewDecoder(bytes.NewReader(document)), at: start, found: found}
	r.decoder.UseNumber()
	n, _ := r.value(nil)
	return n
}

// next is the next token and where it starts.
func (r *jsonReader) next() (json.Token, position) {
	from := int(r.decoder.InputOffset())
	for from < len(r.document) && bytes.IndexByte([]byte(" \t\r\n,:"), r.document[from]) >= 0 {
		from++
	}
	token, _ := r.decoder.Token() // the document is valid, so only its end is an error
	r.advance(from)
	return token, r.at
}

// advance moves the known position on to an offset.
func (r *jsonReader) advance(offset int) {
	for _, c := range string(r.document[r.offset:offset]) {
		r.at.column++
		if c == '\n' {
			r.at = position{r.at.line + 1, 1}
		}
	}
	r.offset = offset
}

// value reads one value; false at the end of a list or object.
func (r *jsonReader) value(p path) (*node, bool) {
	token, at := r.next()
	n := &node{at: at}
	switch token := token.(type) {
	case json.Delim:
		switch token {
		case '{':
			n.kind = isObject
			r.object(n, p)
		case '[':
			n.kind = isList
			for item, ok := r.value(p.join(0)); ok; item, ok = r.value(p.join(len(n.items))) {
				n.items = append(n.items, item)
			}
		default:
			return nil, false
		}
	case string:
		n.kind, n.text = isText, token
	case json.Number:
		n.asNumber(token.String())
	case bool:
		n.kind, n.text = isBoolean, fmt.Sprint(token)
	default:
		n.kind = isNull
	}
	return n, true
}

func (r *jsonReader) object(n *node, p path) {
	keys := keySet{}
	for {
		token, at := r.next()
		key, ok := token.(string)
		if !ok {
			return
		}
		value, _ := r.value(p.join(key))
		if keys.first(key, at, p, r.found) {
			n.fields = append(n.fields, field{key, at, value})
		}
	}
}

// asNumber makes the node a number, or text when no JSON number has that value.
func (n *node) asNumber(text string) {
	n.kind, n.text = isText, text
	if number, ok := jsonNumber(text); ok {
		n.kind, n.number = isNumber, number
	}
}

// keySet finds keys that an object has twice.
type keySet map[string]position

func (k keySet) first(name string, at position, p path, found *findings) bool {
	if first, ok := k[name]; ok {
		found.add(at, p.join(name), fmt.Sprintf("%s is given twice, first in line %d; keep one", quote(name), first.line))
		return false
	}
	k[name] = at
	return true
}

// plainJSONWords replace the decoder's messages that speak of its own workings.
var plainJSONWords = []struct{ says, means string }{
	{"'}' looking for beginning of object key", `there is a "," too many before this "}"`},
	{"']' looking for beginning of value", `there is a "," too many before this "]"`},
	{"looking for beginning of object key", `want a field here, such as "name": "value"`},
	{"after object key:value pair", `want "," or "}" here`},
	{"after array element", `want "," or "]" here`},
	{"after object key", `want ":" here`},
	{"unexpected end", "the document ends too early; close what is open"},
	{"in string literal", `the text in quotes does not end; close it with "`},
	{"after top-level value", "the document goes on after its end; want one document in a file"},
}

// jsonFault is what is wrong with a document that should be JSON.
func jsonFault(document []byte) (position, string) {
	err := json.Unmarshal(document, new(any))
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return start, fmt.Sprintf("not valid JSON: %v", err)
	}
	at := positionOf(document, int(syntax.Offset)-1)
	for _, word := range plainJSONWords {
		if strings.Contains(syntax.Error(), word.says) {
			return at, word.means
		}
	}
	return at, fmt.Sprintf("not valid JSON: %v", err)
}
