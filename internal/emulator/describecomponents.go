package emulator

import "slices"

// componentItem is a component as DescribeImageComponents shows it.
type componentItem struct {
	ImageComponentID string `json:"ImageComponentId"`
	Name             string
	Description      string
	ComponentType    string
	ComponentVersion string
	SystemType       string
	Owner            string
	Content          string
	CreationTime     string
	ResourceGroupID  string `json:"ResourceGroupId"`
	Tags             tagItems
	Parameters       parameterItems
}

type parameterItems struct{ Parameter []parameterItem }

// parameterItem is a parameter that a component declares.
type parameterItem struct{ Name, Type, DefaultValue string }

func (c component) item() componentItem {
	parameters := make([]parameterItem, 0, len(c.Parameters))
	for _, p := range c.Parameters {
		parameters = append(parameters, parameterItem{p.Name, string(p.Type), p.Default})
	}
	return componentItem{
		ImageComponentID: c.ID, Name: c.Name, Description: c.Description, ComponentType: c.Type, ComponentVersion: c.Version,
		SystemType: c.SystemType, Owner: "SELF", Content: c.Content, CreationTime: seconds(c.Created),
		ResourceGroupID: c.ResourceGroupID, Tags: tagItems{orNone(c.Tags)}, Parameters: parameterItems{parameters},
	}
}

// describeImageComponents lists components. Those of the service (Owner ALIYUN) are not
// emulated: that list is empty.
func (c *call) describeImageComponents() (reply, error) {
	ids := c.list("ImageComponentId")
	c.check(len(ids) <= 20, "InvalidImageComponentIdSize.ExceededMaxNumber", "At most 20 component ids may be given.")
	keep := c.componentFilter()
	page := c.readPageToken()
	if err := c.fault(); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(pick[component](c.tx, c.line.Region, ids), func(one component) bool { return !keep(one) })
	shown, next := pageFrom(c.api, page, all)
	items := []componentItem{}
	for _, one := range shown {
		items = append(items, one.item())
	}
	return page.reply(len(all), next, reply{"ImageComponent": reply{"ImageComponentSet": items}}), nil
}

func (c *call) componentFilter() func(component) bool {
	name, version := c.text("Name"), c.text("ComponentVersion")
	c.check(version == "" || name != "" && versionPattern.MatchString(version), "InvalidParameter.ComponentVersion")
	kind := c.oneOf("ComponentType", "", "InvalidComponentType.NotSupportedValue", "Build", "Test")
	system := c.oneOf("SystemType", "", "InvalidSystemType.NotSupportedValue", "Linux", "Windows")
	owner := c.oneOf("Owner", "SELF", "InvalidParameter.Owner", "SELF", "ALIYUN")
	group, tags := c.text("ResourceGroupId"), readTagFilter(c.params)
	return func(one component) bool {
		return owner == "SELF" && (name == "" || name == one.Name) &&
			(version == "" || versionMatches(one.Version, version)) &&
			(kind == "" || kind == one.Type) && (system == "" || system == one.SystemType) &&
			(group == "" || group == one.ResourceGroupID) && carries(one.Tags, tags)
	}
}
