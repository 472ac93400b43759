package spec

import (
	"fmt"
	"slices"
)

var templateRules = []func(*checker){
	func(c *checker) {
		if c.Template != nil {
			c.required(c.Template.ID, id("ip-", "an image template"), "template", "id")
		}
	},
	(*checker).templateTexts,
	(*checker).distribution,
	func(c *checker) {
		if c.Template != nil {
			c.templateContent("buildContent", c.Template.BuildContent, "Build")
			c.templateContent("testContent", c.Template.TestContent, "Test")
		}
	},
	(*checker).executionNeedsTemplate,
}

func (c *checker) templateTexts() {
	if !c.buildsTemplate() || c.Template == nil {
		return
	}
	t := c.Template
	c.text(t.Name, resourceName, "template", "name")
	c.text(t.Description, description, "template", "description")
	c.text(t.ResourceGroupID, resourceGroupID, "template", "resourceGroupId")
	c.text(t.VSwitchID, id("vsw-", "a VSwitch"), "template", "vSwitchId")
	c.text(t.InstanceType, shaped(instanceTypeShape, 5, 64, "an instance type such as ecs.g7.large"), "template", "instanceType")
}

func (c *checker) distribution() {
	if c.Template == nil {
		return
	}
	for i, to := range c.Template.ToRegionIDs {
		c.required(to, region, "template", "toRegionIds", i)
		if first := slices.Index(c.Template.ToRegionIDs, to); first < i {
			c.fault(path{"template", "toRegionIds", i}, "toRegionIds has %s twice; keep one", to)
		}
	}
	for i, account := range c.Template.AddAccounts {
		if first := slices.Index(c.Template.AddAccounts, account); first < i {
			c.fault(path{"template", "addAccounts", i}, "addAccounts has %d twice; keep one", account)
		}
	}
}

// componentLine is the length of a COMPONENT command without its parameters: an id of
// the service has up to 23 characters.
const componentLine = len("COMPONENT ") + 23 + len("\n")

// templateContent checks content to which the build adds a COMPONENT command, which is
// of the line form, for each component of a kind.
func (c *checker) templateContent(name, content, kind string) {
	if content == "" {
		return
	}
	p := path{"template", name}
	components, added := 0, 0
	for _, component := range c.Components {
		if component.kind() == kind {
			components++
			added += component.lineLength()
		}
	}
	if components > 0 && isYAMLForm(content) {
		c.fault(p, "%s is in the YAML form, so no component of type %s can go before it; move its tasks into a component", name, kind)
		return
	}
	if len(content) <= maxContent && len(content)+added > maxContent {
		c.fault(p, "%s has %d bytes, and the COMPONENT commands of the components about %d; want at most %d together", name, len(content), added, maxContent)
	}
	c.content(p, checkContent(content, use{systemType: c.systemType()}))
	if lines := len(splitCommands(content)); !isYAMLForm(content) && lines <= maxCommands && lines+components > maxCommands {
		c.fault(p, "%s has %d commands, and the components add %d; want at most %d together", name, lines, components, maxCommands)
	}
}

func (c Component) lineLength() int {
	n := componentLine
	for name, value := range c.Parameters {
		n += len(fmt.Sprintf(" --%s %s", name, value))
	}
	return n
}

// systemType of the image that the template builds; empty when unknown.
func (c *checker) systemType() string {
	return map[string]string{"linux": "Linux", "windows": "Windows"}[c.osType()]
}

func (c *checker) executionNeedsTemplate() {
	if !c.runsTemplate() && c.has("execution", "tags") {
		c.fault(path{"execution", "tags"}, "there is no template to execute; add components or a template, or remove execution")
	}
}
