package emulator

import (
	"slices"
	"strings"
	"time"
)

// describeImages lists images. (ECS API reference, DescribeImages.)
func (c *call) describeImages() (reply, error) {
	running := c.running(c.line.Region, c.text("ImageId"))
	keep := c.imageFilters(running)
	page := c.readPageNumber()
	dryRun := c.boolean("DryRun", false)
	if err := c.fault(); err != nil {
		return nil, err
	}
	if dryRun {
		return nil, passed()
	}
	all := slices.DeleteFunc(c.imagesAskedFor(), func(i image) bool { return !keep.all(i) })
	shown := pageOf(page, all)
	items := make([]imageItem, 0, len(shown))
	for _, i := range shown {
		items = append(items, c.imageItem(i, running))
	}
	return page.reply(len(all), reply{"RegionId": c.line.Region, "Images": reply{"Image": items}}), nil
}

// imagesAskedFor are the images that the filters choose from: one when the call names it.
func (c *call) imagesAskedFor() []image {
	id := c.text("ImageId")
	if id == "" {
		return c.images(c.line.Region)
	}
	if one, found := c.findImage(c.line.Region, id); found {
		return []image{one}
	}
	return nil
}

// passed is the answer to a request that would be carried out without DryRun.
func passed() error {
	return refuse("", "DryRunOperation", "Request validation has been passed with DryRun flag set.")
}

type imageFilter []func(image) bool

func (f imageFilter) all(i image) bool {
	for _, keep := range f {
		if !keep(i) {
			return false
		}
	}
	return true
}

// imageFilters reads the filters in the order of the page and checks their values.
func (c *call) imageFilters(running []execution) imageFilter {
	filter := imageFilter{c.ownerFilter(), c.statusFilter(), c.usageFilter(running), c.publicFilter()}
	equal := func(name string, of func(image) string) {
		if want := c.text(name); want != "" {
			filter = append(filter, func(i image) bool { return of(i) == want })
		}
	}
	equal("ImageId", func(i image) string { return i.ID })
	if part := c.text("ImageName"); part != "" {
		filter = append(filter, func(i image) bool { return strings.Contains(i.Name, part) })
	}
	equal("ImageFamily", func(i image) string { return i.Family })
	equal("SnapshotId", snapshotID)
	equal("ResourceGroupId", func(i image) string { return i.ResourceGroupID })
	c.oneOf("Architecture", "", "InvalidArchitecture", "i386", "x86_64", "arm64")
	equal("Architecture", func(i image) string { return i.Made.Architecture })
	c.oneOf("OSType", "", "InvalidOSType", "linux", "windows")
	equal("OSType", func(i image) string { return i.Made.OSType })
	c.oneOf("ActionType", "", "", "CreateEcs", "ChangeOS")
	c.check(!c.has("InstanceType") || instanceTypeForm.MatchString(c.text("InstanceType")),
		"InvalidInstanceType.ValueNotSupported", c.text("InstanceType"))
	for _, name := range []string{"IsSupportCloudinit", "IsSupportIoOptimized"} {
		want := c.boolean(name, true)
		filter = append(filter, func(image) bool { return want }) // every image here supports both
	}
	c.boolean("ShowExpired", false)
	filter = append(filter, c.keyFilters()...)
	if tags := readTagFilter(c.params); len(tags) > 0 {
		filter = append(filter, func(i image) bool { return carries(i.Tags, tags) })
	}
	return filter
}

func (c *call) ownerFilter() func(image) bool {
	alias := c.oneOf("ImageOwnerAlias", "", "InvalidImageOwnerAlias.ValueNotSupported",
		"system", "self", "others", "marketplace")
	if c.has("ImageOwnerId") {
		c.check(alias == "others", "InvalidOperation.ImageOwnerIdUnsupported")
		c.check(accountForm.MatchString(c.text("ImageOwnerId")), "InvalidParamter")
	}
	return func(i image) bool { return alias == "" || alias == i.owner() }
}

func (i image) owner() string {
	if i.System {
		return "system"
	}
	return "self"
}

func (c *call) statusFilter() func(image) bool {
	if !c.has("Status") {
		return func(i image) bool { return i.status(c.now) == imageAvailable }
	}
	wanted := strings.Split(c.text("Status"), ",")
	for _, status := range wanted {
		c.check(slices.Contains(imageStates, status), "InvalidParamter")
	}
	return func(i image) bool { return slices.Contains(wanted, i.status(c.now)) }
}

func (c *call) usageFilter(running []execution) func(image) bool {
	usage := c.oneOf("Usage", "", "InvalidUsage", "instance", "none")
	return func(i image) bool { return usage == "" || usage == c.usage(i, running) }
}

// usage says whether an image is used by instances: those of the executions that run, or
// as the conditions say. A039.
func (c *call) usage(i image, running []execution) string {
	used := longest(c.conditions.ImageUse, i.ID) == usedByInstances
	for _, e := range running {
		used = used || e.use(i.ID, c.now) == usedByInstances
	}
	if used {
		return "instance"
	}
	return "none"
}

// publicFilter: no image here is a community image.
func (c *call) publicFilter() func(image) bool {
	public := c.boolean("IsPublic", false)
	c.check(!public || c.text("ImageOwnerAlias") == "others", "InvalidImageOwnerAlias.PublicImageUnsupported")
	return func(image) bool { return !public }
}

func (c *call) keyFilters() imageFilter {
	const layout = "2006-01-02T15:04Z"
	var filter imageFilter
	for _, item := range c.items("Filter") {
		value := item.text("Value")
		switch item.text("Key") {
		case "CreationStartTime", "CreationEndTime":
			at, err := time.Parse(layout, value)
			c.check(err == nil, "InvalidFilterValue")
			from := item.text("Key") == "CreationStartTime"
			filter = append(filter, func(i image) bool {
				return from && !i.Created.Before(at) || !from && !i.Created.After(at)
			})
		case "NetworkType":
			c.check(value == "vpc" || value == "classic", "InvalidFilterValue.NetworkType")
		case "CpuOnlineUpgrade", "CpuOnlineDowngrade", "MemoryOnlineUpgrade", "MemoryOnlineDowngrade":
			c.check(value == "supported" || value == "unsupported", "InvalidFilterValue")
			filter = append(filter, func(image) bool { return value == "unsupported" })
		default:
			c.check(false, "InvalidFilterKey.NotFound")
		}
	}
	return filter
}
