package spec

var imageRules = []func(*checker){
	(*checker).imageTexts,
	(*checker).imageNeedsTemplate,
}

func (c *checker) imageTexts() {
	c.text(c.Image.Name, imagePrefix, "image", "name")
	c.text(c.Image.Family, imageName, "image", "family")
	c.text(c.Image.Description, description, "image", "description")
}

// imageNeedsTemplate refuses settings of an image that no template makes.
func (c *checker) imageNeedsTemplate() {
	image := c.root.get("image")
	if image == nil || c.runsTemplate() {
		return
	}
	for _, f := range image.fields {
		c.fault(path{"image", f.name}, "%s is a setting of the image that a template makes, and there is none; "+
			"add components or a template, or set it in source.import", f.name)
	}
}
