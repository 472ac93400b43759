package spec

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// path leads from a document's root to a value: names of fields and indices of items.
type path []any

var plainKey = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$-]*$`)

// String is the path as components[0].version; a key of another shape stands in brackets and quotes.
func (p path) String() string {
	var b strings.Builder
	for _, step := range p {
		switch step := step.(type) {
		case int:
			fmt.Fprintf(&b, "[%d]", step)
		case string:
			switch {
			case !plainKey.MatchString(step):
				fmt.Fprintf(&b, "[%q]", step)
			case b.Len() > 0:
				b.WriteString("." + step)
			default:
				b.WriteString(step)
			}
		}
	}
	return b.String()
}

func (p path) join(steps ...any) path { return append(slices.Clone(p), steps...) }

// label names a value in a message: its field, with the index when it is an item and
// with the section when the field's own name says too little.
func (p path) label() string {
	from := len(p) - 1
	for from > 0 && isIndex(p[from]) {
		from--
	}
	if from > 0 && slices.Contains([]any{"tags", "parameters", "variables", "onSuccess", "retries", "timeouts", "schedule"}, p[from-1]) {
		from--
	}
	if from < 0 {
		return "the document"
	}
	return p[from:].String()
}

func isIndex(step any) bool { _, ok := step.(int); return ok }
