package spec

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// position in a document; lines and columns count from 1, columns in characters.
type position struct{ line, column int }

// start is where a fault of a whole document points.
var start = position{1, 1}

// source is a document's text as lines.
type source []string

func linesOf(document string) source {
	return strings.Split(strings.ReplaceAll(document, "\r\n", "\n"), "\n")
}

// textOf is where the text of a line starts.
func (s source) textOf(line int) position {
	if line > len(s) {
		return start
	}
	text := strings.TrimLeft(s[line-1], " \t")
	return position{line, len(s[line-1]) - len(text) + 1}
}

// positionOf is the position of the byte at an offset.
func positionOf(document []byte, offset int) position {
	before := string(document[:min(max(offset, 0), len(document))])
	lineStart := strings.LastIndexByte(before, '\n') + 1
	return position{strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[lineStart:]) + 1}
}

// Lines of an excerpt before and after the fault, and the widest that is shown of one.
const (
	linesBefore  = 2
	linesAfter   = 1
	excerptWidth = 100
)

// excerpt shows the lines around a position with a caret under the column.
func (s source) excerpt(at position) string {
	if at.line < 1 || at.line > len(s) {
		return ""
	}
	first, last := max(1, at.line-linesBefore), min(len(s), at.line+linesAfter)
	if last > at.line && strings.TrimSpace(s[last-1]) == "" {
		last--
	}
	digits := len(fmt.Sprint(last))
	skip := max(0, at.column-excerptWidth*3/4)
	var b strings.Builder
	for line := first; line <= last; line++ {
		mark := ' '
		if line == at.line {
			mark = '>'
		}
		shown := window(s[line-1], skip)
		fmt.Fprintf(&b, "%c %*d | %s\n", mark, digits, line, shown)
		if line == at.line {
			fmt.Fprintf(&b, "  %*s | %s^\n", digits, "", blanks(shown, at.column-1-skip))
		}
	}
	return b.String()
}

// window is the part of a line that an excerpt shows: from the character at skip, not
// too wide, and without characters that would move a terminal's cursor.
func window(line string, skip int) string {
	runes := []rune(line)
	cut := skip+excerptWidth < len(runes)
	runes = runes[min(skip, len(runes)):min(skip+excerptWidth, len(runes))]
	for i, r := range runes {
		switch {
		case r == '\t':
			runes[i] = ' '
		case !unicode.IsPrint(r):
			runes[i] = utf8.RuneError
		}
	}
	if skip > 0 && len(runes) > 0 {
		runes[0] = '…'
	}
	if cut {
		runes = append(runes, '…')
	}
	return strings.TrimRight(string(runes), " ")
}

// blanks are as wide as the first characters of a line.
func blanks(line string, characters int) string {
	var b strings.Builder
	for _, r := range line {
		if characters <= 0 {
			break
		}
		characters--
		b.WriteByte(' ')
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			b.WriteByte(' ')
		}
	}
	return b.String() + strings.Repeat(" ", max(0, characters))
}
