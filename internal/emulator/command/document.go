package command

import (
	"regexp"
	"slices"
	"strings"
)

// document reads the YAML form.
func (p *parser) document(content string) *Fault {
	root, fault := p.tree(content)
	if fault != nil {
		return fault
	}
	if root.kind != table {
		return p.invalid("line %d: a mapping with Tasks is needed", root.line)
	}
	if fault := p.onlyKeys(root, "the document", "Parameters", "Tasks"); fault != nil {
		return fault
	}
	if fault := p.parameters(root.values["Parameters"]); fault != nil {
		return fault
	}
	return p.tasks(root)
}

func (p *parser) onlyKeys(n *node, what string, known ...string) *Fault {
	for _, key := range n.keys {
		if !slices.Contains(known, key) {
			return p.invalid("line %d: %s has no field %s; there are %s", n.values[key].line, what, key, strings.Join(known, ", "))
		}
	}
	return nil
}

var parameterName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_-]*$`)

func (p *parser) parameters(n *node) *Fault {
	if n == nil || n.kind == null {
		return nil
	}
	if n.kind != table {
		return p.invalid("line %d: Parameters has to be a mapping of names", n.line)
	}
	for _, name := range n.keys {
		if fault := p.parameter(name, n.values[name]); fault != nil {
			return fault
		}
	}
	return nil
}

func (p *parser) parameter(name string, n *node) *Fault {
	if !parameterName.MatchString(name) {
		return p.invalid("line %d: %q is no name for a parameter", n.line, name)
	}
	if n.kind != table {
		return p.invalid("line %d: parameter %s takes Type and DefaultValue", n.line, name)
	}
	if fault := p.onlyKeys(n, "parameter "+name, "Type", "DefaultValue"); fault != nil {
		return fault
	}
	declared := Parameter{Name: name, Required: true}
	switch kind := n.text("Type"); Type(kind) {
	case String, Number, Boolean:
		declared.Type = Type(kind)
	default:
		return p.invalid("line %d: parameter %s has to have the Type String, Number or Boolean", n.line, name)
	}
	if value := n.values["DefaultValue"]; value != nil && value.kind != null {
		if value.kind != text || !declared.accepts(value.value) {
			return p.invalid("line %d: the DefaultValue of parameter %s is no %s", value.line, name, declared.Type)
		}
		declared.Default, declared.Required = value.value, false
	}
	p.script.Parameters = append(p.script.Parameters, declared)
	return nil
}

func (p *parser) tasks(root *node) *Fault {
	list := root.values["Tasks"]
	if list == nil || list.kind != sequence || len(list.items) == 0 {
		return p.invalid("Tasks has to be a list of at least one task")
	}
	outputs := map[string][]string{} // of the tasks so far
	for _, n := range list.items {
		if fault := p.count(); fault != nil {
			return fault
		}
		if n.kind != table {
			return p.invalid("line %d: a task takes Name, Action and Properties", n.line)
		}
		if fault := p.task(n, outputs); fault != nil {
			return fault
		}
	}
	return nil
}

func (p *parser) task(n *node, outputs map[string][]string) *Fault {
	name := n.text("Name")
	if name == "" {
		return p.invalid("line %d: the task has no Name", n.line)
	}
	if _, twice := outputs[name]; twice {
		return p.invalid("line %d: there are two tasks %s", n.line, name)
	}
	if fault := p.onlyKeys(n, "task "+name, "Name", "Action", "Properties"); fault != nil {
		return fault
	}
	does, fault := p.action(name, n)
	if fault != nil {
		return fault
	}
	if fault := p.properties(name, n, does, outputs); fault != nil {
		return fault
	}
	outputs[name] = does.outputs
	return nil
}

func (p *parser) action(task string, n *node) (action, *Fault) {
	name := n.text("Action")
	if name == "" {
		return action{}, p.invalid("line %d: task %s has no Action", n.line, task)
	}
	does, known := actions[name]
	at := line{number: n.values["Action"].line}
	const unsupported = "InvalidImageTemplateCommand.NotSupported"
	if !known {
		return does, at.fault(unsupported, "%s is no action", name)
	}
	if does.system != "" && p.system != "" && does.system != p.system {
		return does, at.fault(unsupported, "%s is for %s", name, does.system)
	}
	return does, nil
}

func (p *parser) properties(task string, n *node, does action, outputs map[string][]string) *Fault {
	given := n.values["Properties"]
	if given == nil || given.kind == null {
		given = &node{line: n.line, kind: table}
	}
	if given.kind != table {
		return p.invalid("line %d: the Properties of task %s have to be a mapping", given.line, task)
	}
	var names []string
	for _, property := range does.properties {
		names = append(names, property.name)
	}
	if fault := p.onlyKeys(given, n.text("Action"), names...); fault != nil {
		return fault
	}
	for _, property := range does.properties {
		if wrong := property.check(given.values[property.name]); wrong != "" {
			return p.invalid("line %d: task %s: property %s %s", given.line, task, property.name, wrong)
		}
	}
	return p.mentions(task, given, outputs)
}

var mention = regexp.MustCompile(`\{\{\s*([\p{L}_][\p{L}\p{N}_-]*)(?:\.([\p{L}_][\p{L}\p{N}_-]*))?\s*\}\}`)

// mentions checks every {{ parameter }} and {{ task.output }}. What has another shape in
// double braces belongs to the command.
func (p *parser) mentions(task string, n *node, outputs map[string][]string) *Fault {
	for _, m := range mention.FindAllStringSubmatch(n.value, -1) {
		name, output := m[1], m[2]
		switch {
		case output != "" && !slices.Contains(outputs[name], output):
			return p.invalid("line %d: task %s refers to %s.%s, which no task before it puts out", n.line, task, name, output)
		case output == "" && !slices.ContainsFunc(p.script.Parameters, func(d Parameter) bool { return d.Name == name }):
			return p.invalid("line %d: task %s refers to %s, which Parameters does not declare", n.line, task, name)
		}
	}
	for _, child := range n.children() {
		if fault := p.mentions(task, child, outputs); fault != nil {
			return fault
		}
	}
	return nil
}
