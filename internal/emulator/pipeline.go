package emulator

import (
	"slices"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

// The kinds of base image.
const (
	baseImage  = "IMAGE"
	baseFamily = "IMAGE_FAMILY"
	baseOSS    = "OSS"
)

// pipeline is an image template.
type pipeline struct {
	ID, Region, Name, Description string
	BaseImageType, BaseImage      string
	BuildContent, TestContent     string
	InstanceType, VSwitchID       string
	SystemDiskSize, Bandwidth     int
	DeleteInstanceOnFailure       bool
	RepairMode                    string
	ToRegions, AddAccounts        []string
	Image                         imageOptions
	NameSuffix                    string
	RetainCloudAssistant          bool
	Import                        importOptions
	ResourceGroupID               string
	Tags                          []tag
	Created                       time.Time
}

// imageOptions are those of the image that an execution makes.
type imageOptions struct {
	Name, Family, Description, NvmeSupport string
	Tags                                   []tag
}

// importOptions are those of a base image that comes from OSS.
type importOptions struct {
	Made                                                made
	Disks                                               []imageDisk
	RoleName, ImageName, Description, RetentionStrategy string
	RetainImportedImage                                 bool
	Tags                                                []tag
}

func (p pipeline) key() key { return key{kind: "pipeline", region: p.Region, id: p.ID} }

// createImagePipeline stores a template that could be executed now. (ECS API reference, CreateImagePipeline.)
func (c *call) createImagePipeline() (reply, error) {
	p := c.readPipeline()
	if err := c.fault(); err != nil {
		return nil, err
	}
	if err := c.measureTemplate(p.Import.Disks); err != nil {
		return nil, err
	}
	base, found := c.base(p)
	if !found {
		return nil, refuse(c.api, "InvalidImage.NotFound", "The specified BaseImage "+p.BaseImage+" is not found in this region.")
	}
	if err := c.checkBuild(p, base); err != nil {
		return nil, err
	}
	if err := c.checkTargetName(p); err != nil {
		return nil, err
	}
	if err := checkQuota[pipeline](c, "pipelines", "QuotaExceed.ImagePipeline",
		"The quota of image templates is used up"); err != nil {
		return nil, err
	}
	p.ID = c.newID("ip", p.Region)
	if p.Name == "" {
		p.Name = p.ID
	}
	c.tx.save(p)
	return reply{"ImagePipelineId": p.ID}, nil
}

// base is the image that a template starts from; for OSS it is yet to be imported.
func (c *call) base(p pipeline) (image, bool) {
	switch p.BaseImageType {
	case baseOSS:
		return image{Region: p.Region, Made: p.Import.Made, Disks: p.Import.Disks, OSNameEn: p.Import.Made.Platform}, true
	case baseFamily:
		return c.newestOfFamily(p.Region, p.BaseImage)
	}
	img, found := c.findImage(p.Region, p.BaseImage)
	return img, found && img.usable(c.now)
}

// checkBuild holds a template's commands against its base and against the components
// there are.
func (c *call) checkBuild(p pipeline, base image) error {
	c.checkBase(p, base)
	if err := c.fault(); err != nil {
		return err
	}
	system := command.Linux
	if base.windows() {
		system = command.Windows
	}
	for _, r := range c.readScript(p.BuildContent, command.Build, system).References {
		if err := c.checkReference(p.Region, r, command.Build, system); err != nil {
			return err
		}
	}
	for _, r := range c.readScript(p.TestContent, command.Test, system).References {
		if err := c.checkReference(p.Region, r, command.Test, system); err != nil {
			return err
		}
	}
	return c.fault()
}

func (c *call) checkReference(regionID string, r command.Reference, place command.Place, system command.System) error {
	used, found := c.resolve(regionID, r)
	if !found {
		return refuse(c.api, "ImageComponent.NotFound", "The specified image component "+r.String()+" is not found.")
	}
	c.check(used.Type+"Content" == string(place), "InvalidImageComponent.NotSupported",
		"The image component "+r.String()+" is of type "+used.Type+" and cannot be used in "+string(place)+".")
	c.check(used.SystemType == string(system), "InvalidImageComponent.NotSupported",
		"The image component "+r.String()+" is for "+used.SystemType+" and the base image is not.")
	c.noteFault(command.Bind(r, used.Parameters, place))
	return nil
}

// resolve finds the component that a reference means: of several versions, the highest.
func (c *call) resolve(regionID string, r command.Reference) (component, bool) {
	if r.ID != "" {
		return find[component](c.tx, regionID, r.ID)
	}
	if foreign(r, regionID) {
		return component{}, false
	}
	namesakes := slices.DeleteFunc(labelled[component](c.tx, regionID, r.Name), func(one component) bool { return !r.Matches(one.Version) })
	if len(namesakes) == 0 {
		return component{}, false
	}
	return slices.MaxFunc(namesakes, func(a, b component) int {
		x, y := versionParts(a.Version), versionParts(b.Version)
		return slices.Compare(x[:], y[:])
	}), true
}

// foreign says whether a full name means a component of another region or account.
func foreign(r command.Reference, regionID string) bool {
	return r.Region != "" && r.Region != regionID || r.Account != "" && r.Account != ownerID
}

// checkTargetName refuses a fixed image name that is taken where the image will be.
func (c *call) checkTargetName(p pipeline) error {
	if p.NameSuffix != "disable" {
		return nil
	}
	for _, regionID := range p.targets() {
		if c.imageNameTaken(regionID, p.Image.Name) {
			return refuse(c.api, "InvalidImageName.Duplicated")
		}
	}
	return nil
}

// targets are the regions in which an execution leaves an image, the template's first.
func (p pipeline) targets() []string {
	targets := []string{p.Region}
	for _, regionID := range p.ToRegions {
		if !slices.Contains(targets, regionID) {
			targets = append(targets, regionID)
		}
	}
	return targets
}
