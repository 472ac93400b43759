package errcode

import (
	"regexp"
	"strings"
	"unicode"
)

// choose picks the row that an answer means out of rows of one API and code.
func choose(rows []*row, status int, message string) Entry {
	if best := closest(rows, status, message); best != nil {
		return best.Entry
	}
	return shared(rows, status)
}

// closest is the row whose documented message covers most of the given one, or the one
// documented with any or no message; the status breaks ties. Nil when there is none.
func closest(rows []*row, status int, message string) *row {
	if len(rows) == 1 {
		return rows[0]
	}
	text := foldText(message)
	var best *row
	score := -1
	for _, r := range rows {
		if !r.text.matches(text) {
			continue
		}
		s := 2 * r.text.size
		if r.Status == status {
			s++
		}
		if s > score {
			best, score = r, s
		}
	}
	return best
}

// shared is what rows of one code have in common when the message is none of theirs.
func shared(rows []*row, status int) Entry {
	e := rows[0].Entry
	for _, r := range rows {
		if r.Status == status {
			e = r.Entry
			break
		}
	}
	for _, r := range rows {
		if r.Class != e.Class {
			e.Class = Stop
		}
		if r.Meaning != e.Meaning {
			e.Meaning = "The code has several meanings, and the message is none of those that Kiln knows."
		}
		if r.Advice != e.Advice {
			e.Advice = readReference(r.API)
		}
		if r.Message != e.Message {
			e.Message = ""
		}
	}
	return e
}

// pattern returns the row whose code, such as missing{parametername}, stands for a
// folded code that names a parameter or quota there.
func pattern(rows []*row, folded string) *row {
	for _, r := range rows {
		prefix, _, _ := strings.Cut(foldCode(r.Code), "{")
		name, ok := strings.CutPrefix(folded, prefix)
		if ok && name != "" && !strings.Contains(name, ".") {
			return r
		}
	}
	return nil
}

// template is a documented message as the literal pieces between its placeholders.
type template struct {
	pieces []string
	size   int // letters and digits in all pieces
}

// placeholder is where a documented message stands for anything: %s, {Name}, and the N
// of Tag.N.Key.
var placeholder = regexp.MustCompile(`%s|\{[^}]*\}|\.[nN]\b`)

func newTemplate(message string) template {
	var t template
	for _, piece := range placeholder.Split(message, -1) {
		if piece = foldText(piece); piece != "" {
			t.pieces = append(t.pieces, piece)
			t.size += len(piece)
		}
	}
	return t
}

// matches finds the pieces in their order anywhere in a folded message, so that a
// wrapping such as "code: 400, … request id: …" does not matter.
func (t template) matches(folded string) bool {
	for _, piece := range t.pieces {
		_, after, found := strings.Cut(folded, piece)
		if !found {
			return false
		}
		folded = after
	}
	return true
}

// misspelt maps spellings of the service to the correct ones; the service mixes both.
var misspelt = strings.NewReplacer(
	"acount", "account", "onwer", "owner", "forbbiden", "forbidden", "deined", "denied",
	"paramter", "parameter", "paramater", "parameter", //nolint:misspell // the service's spelling
	"coping", "copying",
)

func foldCode(code string) string { return misspelt.Replace(strings.ToLower(code)) }

// foldText keeps letters and digits in lower case: white space, quotation marks and
// punctuation differ between a documented message and the one that arrives.
func foldText(message string) string {
	return misspelt.Replace(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, message))
}
