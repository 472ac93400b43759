package spec

import "strings"

var sourceRules = []func(*checker){
	(*checker).oneSource,
	(*checker).sourceTexts,
	(*checker).somethingToDo,
	(*checker).existingTemplateStandsAlone,
}

// usesTemplate tells whether the document names an existing template.
func (c *checker) usesTemplate() bool { return c.has("template", "id") }

func (c *checker) oneSource() {
	if c.usesTemplate() {
		return
	}
	var given []string
	for _, name := range []string{"import", "imageId", "imageFamily"} {
		if c.has("source", name) {
			given = append(given, name)
		}
	}
	switch len(given) {
	case 0:
		c.fault(path{"source"}, "source is missing; give it one of import, imageId and imageFamily")
	case 1:
	default:
		c.fault(path{"source", given[1]}, "source has %s; keep exactly one", strings.Join(given, " and "))
	}
}

func (c *checker) sourceTexts() {
	c.required(c.Source.ImageID, imageID, "source", "imageId")
	c.required(c.Source.ImageFamily, imageFamily, "source", "imageFamily")
}

// somethingToDo refuses builds that would end before they begin: an existing image with
// no template that changes it. Registering an image by its id is something.
func (c *checker) somethingToDo() {
	if c.runsTemplate() || c.has("source", "import") {
		return
	}
	switch {
	case c.has("source", "imageFamily"):
		c.fault(path{"source", "imageFamily"}, "there is nothing to build from the image family; add components or a template")
	case c.has("source", "imageId") && !c.has("batchCompute"):
		c.fault(path{"source", "imageId"}, "there is nothing to do with the image; add components, a template or batchCompute")
	}
}

func (c *checker) existingTemplateStandsAlone() {
	if !c.usesTemplate() {
		return
	}
	for _, section := range []string{"source", "components", "image"} {
		if c.has(section) {
			c.fault(path{section}, "%s cannot stand beside template.id: the existing template has its own; remove one of them", section)
		}
	}
	for _, f := range c.root.get("template").fields {
		if f.name != "id" {
			c.fault(path{"template", f.name}, "%s cannot stand beside template.id: the existing template has its own; remove one of them", f.name)
		}
	}
}
