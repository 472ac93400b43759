package spec

import (
	"fmt"
	"slices"
)

// checker holds a document while its rules are checked: the decoded Build, without the
// values that the schema refused, and the nodes that tell where things stand.
type checker struct {
	Build
	root  *node
	found *findings
}

// rules are those that a schema cannot say, by section. A rule skips what is not given:
// the schema says what is missing.
var rules = slices.Concat(
	documentRules, sourceRules, importRules, componentRules, templateRules, imageRules,
	batchComputeRules, cleanupRules, tagRules, scheduleRules, freezeRules, notificationRules, approvalRules,
)

func check(root *node, build Build, found *findings) {
	c := &checker{build, root, found}
	for _, rule := range rules {
		rule(c)
	}
}

// has tells whether the document gives a value at a path.
func (c *checker) has(steps ...any) bool { return c.root.find(steps) != nil }

// fault reports what is wrong with the value at a path.
func (c *checker) fault(p path, format string, args ...any) {
	if !c.found.full() {
		c.found.add(c.root.place(p), p, fmt.Sprintf(format, args...))
	}
}

// keyFault reports what is wrong with the key of a field.
func (c *checker) keyFault(p path, format string, args ...any) {
	if !c.found.full() {
		c.found.add(c.root.keyPlace(p), p, fmt.Sprintf(format, args...))
	}
}

// A textRule says what a text should be, or nothing when it is that already.
type textRule func(text string) string

// text checks a text that is given; an empty text is one that is left out.
func (c *checker) text(value string, rule textRule, steps ...any) {
	if value == "" {
		return
	}
	c.required(value, rule, steps...)
}

// required checks a text that may not be empty either, when the document gives it.
func (c *checker) required(value string, rule textRule, steps ...any) {
	p := path(steps)
	if want := rule(value); want != "" && c.has(steps...) {
		c.fault(p, "%s is %s; %s", p.label(), quote(value), want)
	}
}

// buildsTemplate tells whether the build makes an image template of its own.
func (c *checker) buildsTemplate() bool {
	return c.Template != nil && c.Template.ID == "" || c.Template == nil && len(c.Components) > 0
}

// runsTemplate tells whether the build means to run an image template, even when the
// sections that say so have faults of their own.
func (c *checker) runsTemplate() bool {
	components := c.root.get("components")
	return c.has("template") || components != nil && (components.kind != isList || len(components.items) > 0)
}
