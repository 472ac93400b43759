package spec

import "slices"

// cleanupRules refuse to remove, or to begin anew, what the build does not have.
var cleanupRules = []func(*checker){
	(*checker).importedImageToRemove,
	(*checker).componentsToRemove,
	(*checker).templateToRemove,
	(*checker).runsToRepeat,
}

// importsImage tells whether the build means to import an image.
func (c *checker) importsImage() bool { return c.has("source", "import") }

// makesComponents tells whether the build means to make components, even when they have
// faults of their own. One that is named by its id exists already.
func (c *checker) makesComponents() bool {
	components := c.root.get("components")
	return components != nil && (components.kind != isList ||
		slices.ContainsFunc(components.items, func(item *node) bool { return item.get("id") == nil }))
}

func (c *checker) importedImageToRemove() {
	p := path{"onSuccess", "importedImage"}
	switch {
	case c.OnSuccess.ImportedImage != Remove:
	case !c.importsImage():
		c.fault(p, "%s is remove, but the build imports no image; leave it out", p.label())
	case !c.runsTemplate():
		c.fault(p, "%s is remove, but without a template the imported image is the result; add components or a template, or leave it out", p.label())
	}
}

// componentsToRemove asks for the template as well: the cloud deletes no component that
// a template uses. (ECS API reference, DeleteImageComponent, 2014-05-26.)
func (c *checker) componentsToRemove() {
	p := path{"onSuccess", "components"}
	switch {
	case c.OnSuccess.Components != Remove:
	case !c.makesComponents():
		c.fault(p, "%s is remove, but the build makes no components of its own; leave it out", p.label())
	case c.OnSuccess.Template != Remove:
		c.fault(p, "%s is remove, but no component can be deleted while a template uses it; set onSuccess.template: remove as well", p.label())
	}
}

func (c *checker) templateToRemove() {
	p := path{"onSuccess", "template"}
	switch {
	case c.OnSuccess.Template != Remove:
	case c.usesTemplate():
		c.fault(p, "%s is remove, but the template of template.id is not the build's own; leave it out", p.label())
	case !c.runsTemplate():
		c.fault(p, "%s is remove, but there is no template; add components or a template, or leave it out", p.label())
	}
}

func (c *checker) runsToRepeat() {
	if p := (path{"retries", "import"}); c.Retries.Import > 0 && !c.importsImage() {
		c.fault(p, "%s is %d, but the build imports no image; leave it out", p.label(), c.Retries.Import)
	}
	if p := (path{"retries", "execution"}); c.Retries.Execution > 0 && !c.runsTemplate() {
		c.fault(p, "%s is %d, but there is no template to execute; add components or a template, or leave it out", p.label(), c.Retries.Execution)
	}
}
