// Package command reads the command language of Image Builder: what a component's
// Content and a template's BuildContent and TestContent hold.
//
// It follows the page "Commands supported by Image Builder" and the error tables of
// CreateImageComponent and CreateImagePipeline. Where they are silent it is lenient:
// names of line commands may be in lower case, as in a Dockerfile.
package command

import (
	"fmt"
	"strings"
)

// The limits of one content.
const (
	MaxBytes    = 16 << 10 // of UTF-8
	MaxCommands = 127      // line commands or tasks
)

// Place is the request parameter that holds the content.
type Place string

// The places.
const (
	Component Place = "Content"      // of CreateImageComponent
	Build     Place = "BuildContent" // of CreateImagePipeline
	Test      Place = "TestContent"  // of CreateImagePipeline
)

// System is what the commands run on. The empty one is not known: nothing is refused
// for its sake.
type System string

// The systems.
const (
	Linux   System = "Linux"
	Windows System = "Windows"
)

// Script is content that was understood.
type Script struct {
	Commands   int         // line commands or tasks
	Parameters []Parameter // declared, in their order
	References []Reference // the components that a template names, in their order
}

// Fault is what is wrong with content. Code is the one of the Place's action, and
// Message fills the %s of its documented wording, so it ends without a period.
type Fault struct {
	Code    string
	Message string
}

// Error is the code and the message.
func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Parse reads content. The error is a *Fault, the first there is; its code for content
// that is absent, too long, or not to be understood depends on the place. Empty content
// of a template is no fault: it is the same as none.
func Parse(content string, in Place, on System) (Script, error) {
	p := &parser{place: in, system: on}
	if fault := p.parse(content); fault != nil {
		return Script{}, fault
	}
	return p.script, nil
}

// parser is one reading of a content.
type parser struct {
	place  Place
	system System
	script Script
	from   bool // FROM was read
}

func (p *parser) parse(content string) *Fault {
	if content == "" {
		return p.absent()
	}
	if len(content) > MaxBytes {
		return p.tooLong(len(content))
	}
	var fault *Fault
	if isYAML(content) {
		fault = p.document(content)
	} else {
		fault = p.lines(content)
	}
	if fault == nil && p.script.Commands == 0 {
		return p.invalid("there is no command in it")
	}
	return fault
}

func (p *parser) absent() *Fault {
	if p.place != Component {
		return nil
	}
	return &Fault{"MissingParameter.Content", "The specified parameter Content is missing"}
}

// tooLong has no code of its own for TestContent.
func (p *parser) tooLong(size int) *Fault {
	message := fmt.Sprintf("The specified parameter %s has %d bytes, and %d are allowed", p.place, size, MaxBytes)
	if p.place == Test {
		return &Fault{"InvalidParameter.TestContent", message}
	}
	return &Fault{"Invalid" + string(p.place) + ".LengthExceeded", message}
}

// invalid is the fault that has no more precise code.
func (p *parser) invalid(format string, args ...any) *Fault {
	return &Fault{
		Code:    "InvalidParameter." + string(p.place),
		Message: "The specified parameter " + string(p.place) + " is invalid: " + fmt.Sprintf(format, args...),
	}
}

// count notes one more command.
func (p *parser) count() *Fault {
	p.script.Commands++
	if p.script.Commands > MaxCommands {
		return &Fault{"InvalidImageTemplateCommandSize.ExceededMaxNumber",
			fmt.Sprintf("The specified parameter %s has more than %d commands", p.place, MaxCommands)}
	}
	return nil
}

// isYAML tells the two forms apart by the first word that is no comment: a YAML key ends
// with a colon.
func isYAML(content string) bool {
	for line := range strings.Lines(content) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.ContainsAny(line[:1], "{[-\"'") {
			return true
		}
		return strings.HasPrefix(strings.TrimLeft(line, letters), ":")
	}
	return false
}

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
