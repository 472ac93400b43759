package emulator

import (
	"slices"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

// deleteImageComponent deletes a component that no template uses. (ECS API reference,
// DeleteImageComponent.)
func (c *call) deleteImageComponent() (reply, error) {
	id := c.required("ImageComponentId")
	if err := c.fault(); err != nil {
		return nil, err
	}
	one, found := find[component](c.tx, c.line.Region, id)
	if !found {
		return nil, refuse(c.api, "InvalidImageComponent.NotFound", "The specified ImageComponentId "+id+" is not found")
	}
	for _, p := range list[pipeline](c.tx, one.Region) {
		if p.uses(one) {
			return nil, refuse(c.api, "InvalidImageComponent.InUse",
				"The specified image component "+id+" is used by the image pipeline "+p.ID)
		}
	}
	c.tx.remove(one)
	return reply{}, nil
}

// uses says whether a template's commands mean a component: by its id, or by its name and
// a version that fits. A042.
func (p pipeline) uses(one component) bool {
	var references []command.Reference
	for place, content := range map[command.Place]string{command.Build: p.BuildContent, command.Test: p.TestContent} {
		script, err := command.Parse(content, place, "")
		if err != nil {
			continue // it was read when the template was made
		}
		references = append(references, script.References...)
	}
	return slices.ContainsFunc(references, func(r command.Reference) bool {
		if r.ID != "" {
			return r.ID == one.ID
		}
		return !foreign(r, one.Region) && r.Name == one.Name && r.Matches(one.Version)
	})
}
