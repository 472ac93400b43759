package spec

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var componentRules = []func(*checker){
	func(c *checker) { c.eachComponent((*checker).existingComponent) },
	func(c *checker) { c.eachComponent((*checker).ownComponent) },
	func(c *checker) { c.eachComponent((*checker).componentContent) },
	func(c *checker) { c.eachComponent((*checker).componentFitsImage) },
	func(c *checker) { c.eachComponent((*checker).parameters) },
	(*checker).componentsDiffer,
}

func (c *checker) eachComponent(rule func(*checker, Component, path)) {
	for i, component := range c.Components {
		rule(c, component, path{"components", i})
	}
}

func (c *checker) existingComponent(component Component, p path) {
	if !c.has(p.join("id")...) {
		return
	}
	c.required(component.ID, id("ic-", "a component"), p.join("id")...)
	for _, f := range c.root.find(p).fields {
		if !slices.Contains([]string{"id", "type", "parameters"}, f.name) {
			c.fault(p.join(f.name), "%s cannot stand beside id: the existing component has its own; remove one of them", f.name)
		}
	}
}

func (c *checker) ownComponent(component Component, p path) {
	if c.has(p.join("id")...) {
		return
	}
	if !c.has(p.join("name")...) {
		c.fault(p.join("name"), "the component has no name; name it, or give the id of an existing one")
	}
	c.required(component.Name, resourceName, p.join("name")...)
	c.text(component.Version, version, p.join("version")...)
	c.text(component.Description, description, p.join("description")...)
	c.text(component.ResourceGroupID, resourceGroupID, p.join("resourceGroupId")...)
}

// maxVersionPart bounds each of the three numbers of a version.
const maxVersionPart = 999_999_999

func version(text string) string {
	const want = "want major.minor.patch, three whole numbers such as 1.4.0, each at most 999999999"
	if !versionShape.MatchString(text) {
		return want
	}
	for part := range strings.SplitSeq(text, ".") {
		if len(part) > len(fmt.Sprint(maxVersionPart)) {
			return want
		}
	}
	return ""
}

func (c *checker) componentContent(component Component, p path) {
	if c.has(p.join("id")...) {
		return
	}
	at := p.join("content")
	if component.Content == "" {
		c.fault(at, "the component has no content; write it under content, or name its file in contentFile")
		return
	}
	c.content(at, checkContent(component.Content, use{component: true, systemType: component.system()}))
}

// content reports problems where they are: in the line of a YAML block, else at the
// field with the number of the line.
func (c *checker) content(p path, problems []problem) {
	n := c.root.find(p)
	for _, problem := range problems {
		switch {
		case n == nil || problem.line == 0:
			c.fault(p, "%s is not valid: %s", p.label(), problem.message)
		case n.file != "":
			c.fault(p, "line %d of %s: %s", problem.line, n.file, problem.message)
		case n.body > 0:
			c.found.add(c.found.source.textOf(n.body+problem.line-1), p, problem.message)
		default:
			c.fault(p, "line %d of %s: %s", problem.line, p.label(), problem.message)
		}
	}
}

func (c *checker) componentFitsImage(component Component, p path) {
	if c.has(p.join("id")...) || c.osType() == "" || strings.EqualFold(component.system(), c.osType()) {
		return
	}
	c.fault(p.join("systemType"), "the component is for %s, but the disk to import is %s; set systemType", component.system(), c.osType())
}

var parameterName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// parameters go into a COMPONENT command, and its language documents no way to quote.
func (c *checker) parameters(component Component, p path) {
	declared := declaredParameters(component.Content)
	for _, name := range slices.Sorted(maps.Keys(component.Parameters)) {
		at, value := p.join("parameters", name), component.Parameters[name]
		switch {
		case !parameterName.MatchString(name):
			c.keyFault(at, "%s cannot name a parameter; want letters, digits, _ and -", quote(name))
		case value == "" || strings.ContainsAny(value, " \t\r\n\"'`\\") || strings.HasPrefix(value, "-"):
			c.fault(at, "%s is %s; a parameter's value cannot be empty, start with \"-\" or hold white space, quotes or \\", at.label(), quote(value))
		case component.Content != "" && !slices.Contains(declared, name):
			hint := didYouMean(name, declared)
			if hint == "" {
				hint = "; declare it under Parameters in the content's YAML form"
			}
			c.keyFault(at, "the content declares no parameter %s%s", quote(name), hint)
		}
	}
}

func (c *checker) componentsDiffer() {
	seen := map[[2]string]int{}
	for i, component := range c.Components {
		key := [2]string{component.Name, component.versionOrDerived()}
		if component.ID != "" || component.Name == "" {
			continue
		}
		if first, ok := seen[key]; ok {
			why := "name and version"
			if component.Version == "" {
				why = "name and content"
			}
			c.fault(path{"components", i, "name"}, "components[%d] has the same %s; remove one of them", first, why)
			continue
		}
		seen[key] = i
	}
}

func (c Component) system() string {
	if c.SystemType == "" {
		return "Linux"
	}
	return c.SystemType
}

// kind of the component: Build or Test.
func (c Component) kind() string {
	if c.Type == "" {
		return "Build"
	}
	return c.Type
}

// versionOrDerived is the version as given, or 1.A.B with A and B from the SHA-256 of
// type, system type and content: the same content has the same version everywhere.
func (c Component) versionOrDerived() string {
	if c.Version != "" {
		return c.Version
	}
	sum := sha256.Sum256([]byte(c.kind() + "\x00" + c.system() + "\x00" + c.Content))
	part := func(b []byte) uint64 { return binary.BigEndian.Uint64(b) % (maxVersionPart + 1) }
	return fmt.Sprintf("1.%d.%d", part(sum[:8]), part(sum[8:16]))
}
