package emulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// params are the parameters of one call, or of one structure in it. The getters note the
// first fault they meet, so a handler reads all it needs in the documented order and
// asks fault once.
type params struct {
	api    string
	prefix string
	values map[string]string
	first  *error
}

func newParams(api string, values map[string]string) params {
	return params{api: api, values: values, first: new(error)}
}

// fault is the first refusal that a getter or a check noted.
func (p params) fault() error { return *p.first }

// note keeps a refusal unless an earlier one is kept already.
func (p params) note(err error) {
	if *p.first == nil {
		*p.first = err
	}
}

// check notes a documented refusal unless ok.
func (p params) check(ok bool, code string, details ...string) {
	if !ok {
		p.note(refuse(p.api, code, details...))
	}
}

// text is a parameter's value; empty when it was not sent.
func (p params) text(name string) string { return p.values[p.prefix+name] }

// has says whether a parameter has a value; an empty one counts as not sent.
func (p params) has(name string) bool { return p.text(name) != "" }

// required is the value of a mandatory parameter.
func (p params) required(name string) string {
	if !p.has(name) {
		p.note(missing(p.api, p.prefix+name))
	}
	return p.text(name)
}

// oneOf is the value of an enumeration, or its default. An empty code is the common one.
func (p params) oneOf(name, fallback, code string, allowed ...string) string {
	value := p.text(name)
	switch {
	case value == "":
		return fallback
	case slices.Contains(allowed, value):
	case code == "":
		p.note(invalid(p.api, p.prefix+name))
	default:
		p.note(refuse(p.api, code, allowedValues(p.api, code, p.prefix+name, allowed)))
	}
	return value
}

// number is a decimal integer in a range, or its default. An empty code is the common one.
func (p params) number(name string, fallback, low, high int, code string) int {
	if !p.has(name) {
		return fallback
	}
	n, err := strconv.Atoi(p.text(name))
	if err == nil && low <= n && n <= high {
		return n
	}
	if code == "" {
		p.note(invalid(p.api, p.prefix+name))
	} else {
		p.note(refuse(p.api, code, fmt.Sprintf("The specified parameter %s must be an integer from %d to %d.", p.prefix+name, low, high)))
	}
	return fallback
}

// boolean is true or false, or its default. Clients in Python write True and False.
func (p params) boolean(name string, fallback bool) bool {
	switch p.text(name) {
	case "":
	case "true", "True":
		return true
	case "false", "False":
		return false
	default:
		p.note(invalid(p.api, p.prefix+name))
	}
	return fallback
}

// instant is a time in the given layout; zero when it was not sent.
func (p params) instant(name, layout string) time.Time {
	if !p.has(name) {
		return time.Time{}
	}
	at, err := time.Parse(layout, p.text(name))
	if err != nil {
		p.note(invalid(p.api, p.prefix+name))
	}
	return at
}

// in is the structure name: its members are name.Member.
func (p params) in(name string) params {
	p.prefix += name + "."
	return p
}

// empty says whether a structure has no member at all.
func (p params) empty() bool {
	for name := range p.values {
		if strings.HasPrefix(name, p.prefix) {
			return false
		}
	}
	return true
}

// items are the structures of the list name, by number: name.1.Member, name.2.Member.
// Numbers may be left out; what is no number from 1 on is no item.
func (p params) items(name string) []params {
	var items []params
	for _, n := range p.numbers(name) {
		items = append(items, p.in(name+"."+strconv.Itoa(n)))
	}
	return items
}

// list are the values of the list name.
func (p params) list(name string) []string {
	var values []string
	for _, n := range p.numbers(name) {
		if value := p.text(name + "." + strconv.Itoa(n)); value != "" {
			values = append(values, value)
		}
	}
	return values
}

func (p params) numbers(name string) []int {
	var numbers []int
	for full := range p.values {
		rest, ok := strings.CutPrefix(full, p.prefix+name+".")
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if err == nil && n > 0 && strconv.Itoa(n) == number {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return slices.Compact(numbers)
}

// allowedValues is what an enumeration's wording leaves open: the bare list where the
// wording goes on to name it, a sentence where the wording is left to us.
func allowedValues(api, code, name string, allowed []string) string {
	list := strings.Join(allowed, ", ")
	if row, ok := documented(api, code); ok && strings.Contains(row.Message, "[%s]") {
		return list
	}
	return "The specified parameter " + name + " is invalid. The correct value should be in [" + list + "]."
}
