package alicloud

import (
	"bytes"
	"cmp"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// accept keeps an answer that is one JSON object.
func (x *exchange) accept() {
	var head struct{ RequestID text }
	if !bytes.HasPrefix(bytes.TrimLeft(x.body, " \t\r\n"), []byte("{")) {
		x.bad("is not a JSON object", nil)
		return
	}
	if err := json.Unmarshal(x.body, &head); err != nil {
		x.bad("is broken", err)
		return
	}
	if head.RequestID != "" {
		x.requestID = x.clean(string(head.RequestID))
	}
	x.answered = true
}

// refusalAnswer is an error document. Old Batch Compute servers say ErrorCode for Code,
// and a gateway may write XML whatever the request accepts.
type refusalAnswer struct {
	Code, ErrorCode, Message text
	RequestID                text `xml:"RequestId"`
}

// read takes JSON, or XML with the same names; what is neither is judged as JSON.
func (a *refusalAnswer) read(body []byte) error {
	err := json.Unmarshal(body, a)
	if err != nil && xml.Unmarshal(body, a) == nil && cmp.Or(a.Code, a.ErrorCode) != "" {
		return nil
	}
	return err
}

// refused reads an error answer.
func (x *exchange) refused() {
	var answer refusalAnswer
	if err := answer.read(x.body); err != nil {
		x.bad("is no error document", err)
		return
	}
	code := cmp.Or(answer.Code, answer.ErrorCode)
	if code == "" {
		x.bad("names no error code", nil)
		return
	}
	if answer.RequestID != "" {
		x.requestID = x.clean(string(answer.RequestID))
	}
	x.fail(x.clean(string(code)), x.clean(string(answer.Message)), nil)
}

// decode reads the fields of an accepted answer that the caller asks for.
func (x *exchange) decode(answer any) error {
	if err := json.Unmarshal(x.body, answer); err != nil {
		x.bad("is not as documented", err)
		return x.err
	}
	if owing, ok := answer.(interface{ owed() string }); ok {
		if missing := owing.owed(); missing != "" {
			x.bad("has no "+missing, nil)
			return x.err
		}
	}
	return nil
}

// bad records an answer that cannot be used, with its beginning.
func (x *exchange) bad(what string, err error) {
	message := fmt.Sprintf("the answer of %s %s", x.service, what)
	if err != nil {
		message += ": " + x.clean(jsonFault(err))
	}
	if start := excerpt(x.clean(string(x.body[:min(len(x.body), 4096)]))); start != "" {
		message += ": " + start
	}
	x.fail(CodeBadAnswer, message, err)
}

func (x *exchange) fail(code, message string, err error) {
	x.err = &Error{
		API: x.API, Code: code, HTTPStatus: x.status, Message: message, RequestID: x.requestID, Err: err,
	}
}

// jsonFault says what is wrong with a document without naming our types.
func jsonFault(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field == "" {
			return "it is a JSON " + wrong.Value
		}
		return wrong.Field + " is a JSON " + wrong.Value
	}
	return err.Error()
}

// maxMessage bounds a text of the cloud in an error, in bytes.
const maxMessage = 2048

// shortestSecret is the least that is taken out of a text, in bytes. Real secrets have 30 or
// more. Those of a test cloud may be as short as "sk", which stands in many a word: without
// it a code such as InvalidTaskId.NotFound would be another one.
const shortestSecret = 8

// clean takes the secrets out of a text of the cloud, bounds it and makes it one line.
func (x *exchange) clean(s string) string {
	for _, secret := range x.secrets {
		if len(secret) >= shortestSecret {
			s = strings.ReplaceAll(s, secret, "***")
		}
	}
	if len(s) > maxMessage {
		s = s[:maxMessage] + "…"
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
}

// excerpt quotes the beginning of a body.
func excerpt(s string) string {
	const limit = 120
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit]) + "…"
	}
	if s == "" {
		return ""
	}
	return strconv.Quote(s)
}

// text is a JSON string, or a number or boolean in its place: the service's examples
// and its answers differ in that.
type text string

func (t *text) UnmarshalJSON(data []byte) error {
	switch data[0] {
	case '"':
		return json.Unmarshal(data, (*string)(t))
	case '{', '[':
		return errors.New("an object or list stands in the place of a text")
	case 'n':
		*t = ""
	default:
		*t = text(data)
	}
	return nil
}

// id is a JSON string, or nothing: a number in its place names no resource, so the answer
// is none that can be used.
type id string

func (i *id) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, (*string)(i)) }

// percent reads "45%" as 45, within 0 to 100.
func (t text) percent() int {
	n, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(string(t)), "%"), 64)
	if err != nil || math.IsNaN(n) {
		return 0
	}
	return int(max(0, min(100, n)))
}

// number reads a count, 0 when it is none.
func (t text) number() int {
	n, err := strconv.Atoi(string(t))
	if err != nil {
		return 0
	}
	return n
}

// boolean reads true or false, and nil when the answer does not say.
func (t text) boolean() *bool {
	b, err := strconv.ParseBool(string(t))
	if err != nil {
		return nil
	}
	return &b
}
