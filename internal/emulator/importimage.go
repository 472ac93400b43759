package emulator

import (
	"strings"
	"time"
)

// Of an import in simulated time: how long it waits, works on any file, and works on each
// GiB of it.
const (
	importWaits  = 30 * time.Second
	importWorks  = 9*time.Minute + 30*time.Second
	importPerGiB = 6 * time.Second
)

// platforms are the operating systems that an import may name. (ECS API reference, ImportImage.)
var platforms = []string{
	"Aliyun", "Anolis", "CentOS", "Ubuntu", "CoreOS", "SUSE", "Debian", "OpenSUSE", "FreeBSD", "RedHat", "Kylin", "UOS",
	"Fedora", "Fedora CoreOS", "CentOS Stream", "AlmaLinux", "Rocky Linux", "Gentoo", "Customized Linux", "Others Linux",
	"Windows Server 2022", "Windows Server 2019", "Windows Server 2016", "Windows Server 2012", "Windows Server 2008",
	"Windows Server 2003", "Other Windows",
}

func windowsPlatform(platform string) bool { return strings.Contains(platform, "Windows") }

// importImage starts to make an image from disk files in OSS. (ECS API reference, ImportImage.)
func (c *call) importImage() (reply, error) {
	img := c.readImport()
	dryRun := c.boolean("DryRun", false)
	if err := c.fault(); err != nil {
		return nil, err
	}
	c.checkImport(img)
	c.checkImportName(img)
	fileBytes, err := c.measureImport(img.Disks)
	if err != nil {
		return nil, err
	}
	c.checkFormats(img.Disks)
	if err := c.checkImportQuotas(img); err != nil {
		return nil, err
	}
	if dryRun {
		return nil, refuse(c.api, "DRYRUN.SUCCESS")
	}
	return c.startImport(img, fileBytes), nil
}

// readImport reads the parameters in the order of the page.
func (c *call) readImport() image {
	img := image{
		Region: c.line.Region, Name: c.text("ImageName"), Description: c.text("Description"),
		ResourceGroupID: c.text("ResourceGroupId"), Created: c.now,
	}
	c.check(img.Name == "" || imageName(img.Name), "InvalidImageName.Malformed")
	c.check(img.Description == "" || description(img.Description), "InvalidDescription.Malformed")
	img.Made = c.readMade()
	img.OSNameEn = img.Made.Platform
	img.Detect = c.oneOf("DetectionStrategy", "", "InvalidParameter.DetectionStrategy", "Standard") != ""
	c.check(!img.Detect || img.Made.OSType != "windows", "ImageCheckUnsupported.WindowsImage")
	c.checkResourceGroup()
	img.Disks = c.readImportDisks()
	img.Tags = readTags(c.params, "Tag")
	return img
}

// readMade reads what the image is said to be made of. Platform and OSType each follow
// from the other when only one is given.
func (c *call) readMade() made {
	m := made{
		Architecture: c.oneOf("Architecture", "x86_64", "InvalidArchitecture.Malformed", "i386", "x86_64", "arm64"),
		Platform:     c.oneOf("Platform", "", "InvalidPlatform.Malformed", platforms...),
		OSType:       c.oneOf("OSType", "", "InvalidOSType.Malformed", "linux", "windows"),
	}
	m.OSType, m.Platform = osAndPlatform(m.OSType, m.Platform)
	windows := m.OSType == "windows"
	c.check(windows == windowsPlatform(m.Platform), "InvalidPlatform.Malformed")
	m.BootMode = c.oneOf("BootMode", bootMode(m.Architecture), "InvalidBootMode.Malformed", "BIOS", "UEFI")
	c.check(m.Architecture != "arm64" || m.BootMode == "UEFI", "InvalidBootMode.NotSupport")
	c.check(m.Architecture != "arm64" || !windows, "InvalidArchitecture.PlatformUnsupported")
	if windows {
		m.LicenseType = c.required("LicenseType")
	}
	c.oneOf("LicenseType", "", "InvalidLicenseType.NotSupported", "Auto", "Aliyun", "BYOL")
	m.NvmeSupport = c.in("Features").oneOf("NvmeSupport", "unsupported", "", "supported", "unsupported")
	m.ImdsSupport = c.in("Features").oneOf("ImdsSupport", "v1", "InvalidParameter.FeaturesImdsSupport", "v1", "v2")
	return m
}

func osAndPlatform(osType, platform string) (string, string) {
	switch {
	case osType == "" && windowsPlatform(platform):
		osType = "windows"
	case osType == "":
		osType = "linux"
	}
	switch {
	case platform != "":
	case osType == "windows":
		platform = "Other Windows"
	default:
		platform = "Others Linux"
	}
	return osType, platform
}

func bootMode(architecture string) string {
	if architecture == "arm64" {
		return "UEFI"
	}
	return "BIOS"
}

func (c *call) checkResourceGroup() {
	id := c.text("ResourceGroupId")
	c.check(id == "" || resourceGroupForm.MatchString(id), "InvalidResourceGroup.NotFound")
	c.check(known(c.conditions.Known.ResourceGroups, id), "InvalidResourceGroup.NotFound")
}

// startImport makes the image and the task that works on it, at the pace of its files.
func (c *call) startImport(img image, fileBytes int64) reply {
	img.ID = c.newID("m", img.Region)
	if img.Name == "" {
		img.Name = img.ID
	}
	works := importWorks + time.Duration(float64(importPerGiB)*float64(fileBytes)/gib)
	work := task{Region: img.Region, Action: "ImportImage", ImageID: img.ID, Created: c.now}
	work.Timeline = schedule(c.now, c.server.opts.Speed,
		stage{taskWaiting, importWaits}, stage{taskProcessing, works}, stage{status: taskFinished})
	work.Ends = work.Timeline.end()
	img.Timeline = timeline{{imageCreating, c.now}, {imageAvailable, work.Ends}}
	c.turnOut(&work, &img)
	work.ID = c.newID("t", img.Region)
	c.tx.save(img)
	c.tx.save(work)
	return reply{"ImageId": img.ID, "TaskId": work.ID, "RegionId": img.Region}
}
