package command

import (
	"fmt"
	"iter"
	"strings"
)

// line is one line command, its continuations joined.
type line struct {
	number  int // of its first line, from 1
	name    string
	content string
}

// lines reads the Dockerfile form.
func (p *parser) lines(content string) *Fault {
	for l := range commandLines(content) {
		if fault := p.count(); fault != nil {
			return fault
		}
		if fault := p.line(l); fault != nil {
			return fault
		}
	}
	return nil
}

// commandLines joins what a backslash continues, and leaves out comments and blank
// lines, also between the parts of a command.
func commandLines(content string) iter.Seq[line] {
	return func(yield func(line) bool) {
		var joined strings.Builder
		start := 0
		emit := func() bool {
			text := strings.TrimSpace(joined.String())
			joined.Reset()
			number := start
			start = 0
			if text == "" {
				return true
			}
			name, rest := cutWord(text)
			return yield(line{number, strings.ToUpper(name), rest})
		}
		number := 0
		for raw := range strings.Lines(content) {
			number++
			text := strings.TrimSpace(raw)
			if text == "" || strings.HasPrefix(text, "#") {
				continue
			}
			if start == 0 {
				start = number
			}
			part, continues := strings.CutSuffix(text, `\`)
			if strings.HasSuffix(part, `\`) { // escaped
				part, continues = text, false
			}
			joined.WriteString(part)
			if !continues && !emit() {
				return
			}
		}
		emit()
	}
}

// cutWord takes the first word off.
func cutWord(text string) (word, rest string) {
	end := strings.IndexAny(text, " \t")
	if end < 0 {
		return text, ""
	}
	return text[:end], strings.TrimSpace(text[end:])
}

// rules say, of the commands that only act on the machine, what is wrong with a content
// that is not empty. FROM, COMPONENT and RESTART have codes of their own.
var rules = map[string]func(content string) string{
	"RUN":        shellFault,
	"ENV":        envFault,
	"WORKDIR":    workdirFault,
	"COPY":       copyFault,
	"USER":       userFault,
	"LABEL":      func(string) string { return "" }, // no code says that one is malformed
	"CMD":        execFault,
	"ENTRYPOINT": execFault,
}

func (p *parser) line(l line) *Fault {
	switch l.name {
	case "FROM":
		return p.base(l)
	case "COMPONENT": // A048: on Windows too
		return p.component(l)
	}
	rule, known := rules[l.name]
	switch {
	case !known && l.name != "RESTART":
		return l.fault("InvalidImageTemplateCommand.NotSupported", "%s is no command", l.name)
	case p.system == Windows:
		return l.fault("InvalidImageTemplateCommand.NotSupported", "%s is for Linux; Windows takes commands in YAML", l.name)
	case l.name == "RESTART" && l.content == "":
		return nil
	case l.name == "RESTART":
		return l.fault("NotEmptyCommandContent.RESTART", "RESTART takes nothing behind it")
	case l.content == "":
		return l.fault("EmptyCommandContent."+l.name, "%s has nothing behind it", l.name)
	}
	if wrong := rule(l.content); wrong != "" {
		return l.fault("InvalidCommandContent."+l.name, "%s %s", l.name, wrong)
	}
	return nil
}

// base reads FROM: the template's BaseImage decides, so it is checked and has no effect.
func (p *parser) base(l line) *Fault {
	switch {
	case p.place == Component:
		return l.fault("NotSupportedCommand.FROM", "FROM is not supported in a component")
	case p.from:
		return l.fault("DuplicatedCommand.FROM", "FROM is there already")
	case p.script.Commands > 1:
		return l.fault("InvalidCommandOrder.FROM", "FROM has to be the first command")
	}
	p.from = true
	if words, ok := split(l.content); !ok || len(words) != 1 {
		return l.fault("InvalidCommandContent.FROM", "FROM takes one image")
	}
	return nil
}

func (p *parser) component(l line) *Fault {
	if p.place == Component {
		return l.fault("InvalidCommand.Component", "Image component does not support component command")
	}
	reference, wrong := readReference(l.content)
	if wrong != "" {
		return p.invalid("line %d: COMPONENT %s", l.number, wrong)
	}
	reference.Line = l.number
	p.script.References = append(p.script.References, reference)
	return nil
}

func (l line) fault(code, format string, args ...any) *Fault {
	return &Fault{code, fmt.Sprintf("line %d: ", l.number) + fmt.Sprintf(format, args...)}
}
