package emulator

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// jsonBody is the body of a Batch Compute call: an object, and where its faults go.
type jsonBody struct {
	params
	members map[string]json.RawMessage
}

// jsonBody reads the body as strictly as JSON is written: no comma after the last
// member, nothing behind the object.
func (c *call) jsonBody() (jsonBody, error) {
	if !utf8.Valid(c.body) || !json.Valid(c.body) {
		return jsonBody{}, refuse(c.api, "InvalidJsonFormat")
	}
	body := jsonBody{params: c.params}
	if err := json.Unmarshal(c.body, &body.members); err != nil || body.members == nil {
		return jsonBody{}, refuse(c.api, "InvalidHttpBody")
	}
	for name, value := range body.members {
		c.line.Params[name] = plain(value)
	}
	return body, nil
}

// plain is a string's text, and anything else as it was sent.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil && string(value) != "null" {
		return text
	}
	return string(value)
}

// text is a member that has to be a string of so many characters.
func (b jsonBody) text(name string, low, high int, mandatory bool) string {
	value, sent := b.members[name]
	if !sent {
		if mandatory {
			b.note(refuse(b.api, "Missing"+name, name))
		}
		return ""
	}
	var text string
	if json.Unmarshal(value, &text) != nil || string(value) == "null" {
		b.note(invalidMember(b.api, name, "Its type must be string."))
	}
	if !lengthIn(text, low, high) {
		b.note(invalidMember(b.api, name, fmt.Sprintf("Its length must be in [%d, %d].", low, high)))
	}
	return text
}
