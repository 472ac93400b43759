package emulator

import (
	"cmp"
	"fmt"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

// maxTargets is how many regions, and how many accounts, a template may name.
const maxTargets = 20

// readPipeline reads the parameters of CreateImagePipeline in the order of the page and
// checks what can be checked without looking anything up.
func (c *call) readPipeline() pipeline {
	p := pipeline{Region: c.line.Region, Name: c.text("Name"), Description: c.text("Description"), Created: c.now}
	c.check(p.Name == "" || buildName(p.Name), "InvalidName.Malformed", "The specified Name is wrongly formed.")
	c.checkDescription(p.Description)
	c.required("BaseImageType")
	p.BaseImageType = c.oneOf("BaseImageType", "", "InvalidBaseImageType.NotSupportedValue", baseImage, baseFamily, baseOSS)
	c.readBase(&p)
	p.BuildContent, p.TestContent = c.text("BuildContent"), c.text("TestContent")
	c.readScript(p.BuildContent, command.Build, "")
	c.readScript(p.TestContent, command.Test, "")
	c.readMachine(&p)
	c.readTargets(&p)
	c.readImageOptions(&p)
	if p.BaseImageType == baseOSS {
		p.Import = c.readImportOptions()
	}
	c.checkResourceGroup()
	p.ResourceGroupID = c.text("ResourceGroupId")
	p.Tags = readTags(c.params, "Tag")
	return p
}

// readBase reads what belongs to the kind of base image. A047: what belongs to another
// is not looked at.
func (c *call) readBase(p *pipeline) {
	if p.BaseImageType == baseOSS {
		c.check(!c.in("ImportImageOptions").empty(), "MissingParameter.ImportImageOptions")
		return
	}
	p.BaseImage = c.required("BaseImage")
	if p.BaseImageType == baseFamily {
		c.check(lengthIn(p.BaseImage, 2, 128), "InvalidImageFamily.Malformed")
	}
}

// readMachine reads what the build runs on.
func (c *call) readMachine(p *pipeline) {
	p.InstanceType, p.VSwitchID = c.text("InstanceType"), c.text("VSwitchId")
	c.check(p.InstanceType == "" || instanceTypeForm.MatchString(p.InstanceType), "InvalidInstanceType.NotFound")
	c.check(p.VSwitchID == "" || switchForm.MatchString(p.VSwitchID), "InvalidVSwitchId.NotFound")
	c.checkMachine(*p)
	p.SystemDiskSize = c.number("SystemDiskSize", 40, 20, 500, "InvalidSystemDiskSize.NotSupportedValue")
	p.Bandwidth = c.number("InternetMaxBandwidthOut", 0, 0, 100, "InvalidInternetMaxBandwidthOut.NotSupportedValue")
	p.DeleteInstanceOnFailure = c.boolean("DeleteInstanceOnFailure", true)
	p.RepairMode = c.oneOf("RepairMode", "", "InvalidParameter.RepairMode", "Standard")
}

// readTargets reads where the image goes.
func (c *call) readTargets(p *pipeline) {
	p.ToRegions, p.AddAccounts = c.list("ToRegionId"), c.list("AddAccount")
	c.check(len(p.ToRegions) <= maxTargets, "InvalidToRegionIdSize.ExceededMaxNumber", tooMany("ToRegionId"))
	c.check(len(p.AddAccounts) <= maxTargets, "InvalidAddAccountSize.ExceededMaxNumber", tooMany("AddAccount"))
	for _, regionID := range p.ToRegions {
		c.check(c.open(regionID), "InvalidRegionId.NotFound", "The specified ToRegionId "+regionID+" does not exist.")
	}
	for _, account := range p.AddAccounts {
		if !accountForm.MatchString(account) {
			c.note(invalid(c.api, "AddAccount"))
		}
	}
}

func tooMany(name string) string {
	return fmt.Sprintf("The number of the specified %s exceeds the limit of %d.", name, maxTargets)
}

// readImageOptions reads how the image will look. The parameters before ImageOptions
// still count where ImageOptions is silent.
func (c *call) readImageOptions(p *pipeline) {
	options := c.in("ImageOptions")
	p.Image = imageOptions{
		Name: cmp.Or(options.text("ImageName"), c.text("ImageName")), Description: options.text("Description"),
		Family: cmp.Or(options.text("ImageFamily"), c.text("ImageFamily")),
	}
	c.check(p.Image.Name == "" || imagePrefix(p.Image.Name), "InvalidImageName.Malformed", "The specified ImageName is wrongly formed.")
	c.check(p.Image.Family == "" || imageName(p.Image.Family), "InvalidImageFamily.Malformed")
	c.check(p.Image.Description == "" || description(p.Image.Description), "InvalidImageOptions.Description")
	nvme := []string{"supported", "unsupported", "auto"}
	old := c.oneOf("NvmeSupport", "auto", "InvalidParameter.NvmeSupport", nvme...)
	p.Image.NvmeSupport = options.in("ImageFeatures").oneOf("NvmeSupport", old, "InvalidParameter.NvmeSupport", nvme...)
	p.Image.Tags = readTags(options, "ImageTags")
	advanced := c.in("AdvancedOptions")
	p.NameSuffix = advanced.oneOf("ImageNameSuffix", "", "InvalidAdvancedOptions.ImageNameSuffix", "disable")
	c.check(p.NameSuffix == "" || p.Image.Name != "", "InvalidParameterCombination",
		"AdvancedOptions.ImageNameSuffix needs ImageOptions.ImageName.")
	p.RetainCloudAssistant = advanced.boolean("RetainCloudAssistant", false)
}

// readImportOptions reads the base image that comes from OSS.
func (c *call) readImportOptions() importOptions {
	const code = "InvalidParameter.ImportImageOptions"
	p := c.in("ImportImageOptions")
	m := made{
		Architecture: p.oneOf("Architecture", "x86_64", code+"Architecture", "x86_64", "arm64"),
		OSType:       p.oneOf("OSType", "", code+"OSType", "linux", "windows"),
		Platform:     p.oneOf("Platform", "", code+"Platform", platforms...),
		LicenseType:  p.oneOf("LicenseType", "Auto", code+"LicenseType", "Auto", "Aliyun", "BYOL"),
		NvmeSupport:  p.in("Features").oneOf("NvmeSupport", "unsupported", code+"FeaturesNvmeSupport", "supported", "unsupported"),
		ImdsSupport:  p.in("Features").oneOf("ImdsSupport", "v1", "", "v1", "v2"),
	}
	m.OSType, m.Platform = osAndPlatform(m.OSType, m.Platform)
	p.check((m.OSType == "windows") == windowsPlatform(m.Platform), code+"Platform", "a platform of the given OSType")
	m.BootMode = p.oneOf("BootMode", bootMode(m.Architecture), code+"BootMode", "BIOS", "UEFI")
	p.check(m.Architecture != "arm64" || m.BootMode == "UEFI", code+"BootMode", "UEFI")
	options := importOptions{
		Made: m, Disks: p.readTemplateDisks(), RoleName: p.text("RoleName"), ImageName: p.text("ImageName"),
		Description: p.text("Description"), RetentionStrategy: p.text("RetentionStrategy"),
		RetainImportedImage: p.boolean("RetainImportedImage", false), Tags: readTags(p, "ImportImageTags"),
	}
	p.check(options.ImageName == "" || imageName(options.ImageName), "InvalidImageName.Malformed",
		"The specified ImportImageOptions.ImageName is wrongly formed.")
	p.check(options.Description == "" || description(options.Description), "InvalidDescription.Malformed",
		"The specified ImportImageOptions.Description is wrongly formed.")
	return options
}
