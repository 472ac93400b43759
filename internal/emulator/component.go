package emulator

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

// component is a named, versioned piece of a build.
type component struct {
	ID, Region, Name, Description, SystemType, Type, Version, Content, ResourceGroupID string
	Parameters                                                                         []command.Parameter
	Tags                                                                               []tag
	Created                                                                            time.Time
}

func (c component) key() key { return key{"component", c.Region, c.ID, []string{c.Name}} }

// createImageComponent stores a component. (ECS API reference, CreateImageComponent.)
func (c *call) createImageComponent() (reply, error) {
	made, err := c.readComponent()
	if err != nil {
		return nil, err
	}
	made.ID = c.newID("ic", made.Region)
	if made.Name == "" {
		made.Name = made.ID
	}
	if err := c.version(&made); err != nil {
		return nil, err
	}
	if err := checkQuota[component](c, "components", "QuotaExceed.ImageComponent",
		"The quota of image components is used up"); err != nil {
		return nil, err
	}
	c.tx.save(made)
	return reply{"ImageComponentId": made.ID}, nil
}

func (c *call) readComponent() (component, error) {
	made := component{
		Region: c.line.Region, Name: c.text("Name"), Description: c.text("Description"),
		ResourceGroupID: c.text("ResourceGroupId"), Created: c.now,
	}
	c.check(made.Name == "" || buildName(made.Name), "InvalidName.Malformed", "The specified Name is wrongly formed.")
	c.checkDescription(made.Description)
	made.SystemType = c.oneOf("SystemType", "Linux", "InvalidSystemType.NotSupportedValue", "Linux", "Windows")
	c.check(c.buildable(made.SystemType), "InvalidImage.OsTypeUnsupported")
	made.Type = c.oneOf("ComponentType", "Build", "InvalidComponentType.NotSupportedValue", "Build", "Test")
	made.Version = c.text("ComponentVersion")
	c.check(made.Version == "" || versionForm.MatchString(made.Version), "InvalidParameter.ComponentVersion")
	made.Content = c.text("Content")
	made.Parameters = c.readScript(made.Content, command.Component, command.System(made.SystemType)).Parameters
	c.checkResourceGroup()
	made.Tags = readTags(c.params, "Tag")
	return made, c.fault()
}

// readScript reads commands and notes what is wrong with them.
func (c *call) readScript(content string, in command.Place, on command.System) command.Script {
	script, err := command.Parse(content, in, on)
	c.noteFault(err)
	return script
}

// noteFault notes a fault in commands, which brings its own wording.
func (c *call) noteFault(err error) {
	var fault *command.Fault
	if errors.As(err, &fault) {
		c.check(false, fault.Code, fault.Message)
	}
}

func (c *call) checkDescription(text string) {
	c.check(text == "" || description(text), "InvalidDescription.Malformed", "The specified Description is wrongly formed.")
}

// version gives a component without a version the next major one of its name, and
// refuses a version that the name has.
func (c *call) version(made *component) error {
	highest := 0
	for _, other := range labelled[component](c.tx, made.Region, made.Name) {
		highest = max(highest, versionParts(other.Version)[0])
		if other.Version == made.Version {
			return refuse(c.api, "InvalidComponentVersion.Exist")
		}
	}
	if made.Version != "" && c.takenElsewhere(made.Name+"/"+made.Version, "*/*") {
		return refuse(c.api, "InvalidComponentVersion.Exist")
	}
	if made.Version == "" {
		made.Version = fmt.Sprintf("%d.0.0", highest+1)
	}
	return nil
}

// versionParts are the three numbers of a version.
func versionParts(version string) [3]int {
	var parts [3]int
	for n, text := range strings.SplitN(version, ".", 3) {
		parts[n], _ = strconv.Atoi(text) // checked when the component was created
	}
	return parts
}

// versionMatches compares a version with a pattern such as 1.0.*.
func versionMatches(version, pattern string) bool {
	parts, wanted := strings.Split(version, "."), strings.Split(pattern, ".")
	for n := range wanted {
		if wanted[n] != "*" && wanted[n] != parts[n] {
			return false
		}
	}
	return true
}
