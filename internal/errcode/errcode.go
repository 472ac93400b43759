// Package errcode is the catalogue of cloud error codes the project knows.
//
// A row says what a code means for a build. A code with no row is Retry when the HTTP
// status is 5xx or the code speaks of throttling, and Stop otherwise, after the ECS
// guide "How to ensure idempotence".
package errcode

import (
	"slices"
	"strings"
)

// Class says what a build does about a code.
type Class string

// The classes.
const (
	Retry     Class = "retry"     // try again with the same token
	Wait      Class = "wait"      // a conflict that clears by itself: try again on a longer interval
	Reconcile Class = "reconcile" // something exists already: look it up, adopt it or stop
	Stop      Class = "stop"      // repeating cannot help
)

// Classes returns every class, the most hopeful first.
func Classes() []Class { return []Class{Retry, Wait, Reconcile, Stop} }

// Does says in a sentence what Kiln does about a code of the class.
func (c Class) Does() string {
	switch c {
	case Retry:
		return "Tries again with the same token after growing pauses, up to timeouts.call; throttling not before the cloud's next minute, and without limit."
	case Wait:
		return "Waits for the conflict to clear and tries again at growing intervals, up to timeouts.conflict."
	case Reconcile:
		return "Looks up what exists already: adopts it when it fits, otherwise stops and says what is there."
	}
	return "Makes no second call: the build ends at once with code, message, request id and advice."
}

// Entry is one row of the catalogue.
type Entry struct {
	Document string // which of the five API documents of a build, action/language; empty for a row from elsewhere
	API      string // action; * is any, BatchCompute.* any of Batch Compute
	Status   int    // HTTP status; 0 for codes of our own
	Code     string // {Name} stands for any name
	Message  string // as documented; %s and {Name} stand for anything; empty when not documented
	Source   string // where the row comes from
	Class    Class
	Meaning  string // what it says about the request or the account
	Advice   string // what to do next, naming the parameter, role, quota or command
	Known    bool   // false for a code that has no row
	Tries    int    // refusals in a row after which trying again is given up; 0: that depends on time alone
	Unread   bool   // the service turned the request away before it read it, so that it had no effect
}

// All returns every row, in the order of the documents.
func All() []Entry {
	c := loaded()
	all := make([]Entry, 0, len(c.rows))
	for _, r := range c.rows {
		all = append(all, r.Entry)
	}
	return all
}

// Find returns the first row of a code by exactly this spelling: of the API itself,
// then of its service, then of every API.
func Find(api, code string) (Entry, bool) {
	for _, scope := range scopes(api) {
		rows := loaded().exact[key{scope, foldCode(code)}]
		if i := slices.IndexFunc(rows, func(r *row) bool { return r.Code == code }); i >= 0 {
			return rows[i].Entry, true
		}
	}
	return Entry{}, false
}

// Classify returns the class of Lookup.
func Classify(api, code string, status int, message string) Class {
	return Lookup(api, code, status, message).Class
}

// Lookup says what an error answer means. Rows of the API come before rows of its
// service and rows of every API, and pattern rows such as Missing{ParameterName} come
// last. Among several rows of one code the message decides, wrapped or not; when it is
// none of theirs, the entry says what they share, and Stop when their classes differ.
// status is 0 when no answer came.
func Lookup(api, code string, status int, message string) Entry {
	folded := foldCode(code)
	for _, scope := range scopes(api) {
		if rows := loaded().exact[key{scope, folded}]; len(rows) > 0 {
			return choose(rows, status, message)
		}
	}
	if status < 500 && !throttles(code) {
		for _, scope := range scopes(api) {
			if r := pattern(loaded().patterns[scope], folded); r != nil {
				return r.Entry
			}
		}
	}
	return unknown(api, code, status, message)
}

// scopes are the API columns that hold rows for an API, nearest first.
func scopes(api string) []string {
	if strings.HasPrefix(api, "BatchCompute.") {
		return []string{api, "BatchCompute.*", "*"}
	}
	return []string{api, "*"}
}

func throttles(code string) bool {
	return strings.HasPrefix(code, "Throttling") || strings.HasSuffix(code, ".Throttling")
}

func unknown(api, code string, status int, message string) Entry {
	class := Stop
	if status >= 500 || status == 0 || throttles(code) {
		class = Retry
	}
	if code == "" {
		code = "(none)"
	}
	return Entry{
		API: api, Status: status, Code: code, Message: message, Class: class,
		Meaning: "The code " + code + " is unknown to Kiln.",
		Advice:  readReference(api),
	}
}

// readReference is the advice when no row says more.
func readReference(api string) string {
	advice := "Read the message and look the code up in the API reference"
	if action := strings.TrimPrefix(api, "BatchCompute."); action != "" && action != "*" {
		advice += " of " + action
	}
	return advice + "."
}
