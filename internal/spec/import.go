package spec

import (
	"regexp"
	"slices"
	"strings"
)

// platforms of ImportImage by operating system, in the order of the API reference.
var (
	linuxPlatforms = []string{
		"Aliyun", "Anolis", "CentOS", "Ubuntu", "CoreOS", "SUSE", "Debian", "OpenSUSE", "FreeBSD", "RedHat",
		"Kylin", "UOS", "Fedora", "Fedora CoreOS", "CentOS Stream", "AlmaLinux", "Rocky Linux", "Gentoo",
		"Customized Linux", "Others Linux",
	}
	windowsPlatforms = []string{
		"Windows Server 2022", "Windows Server 2019", "Windows Server 2016", "Windows Server 2012",
		"Windows Server 2008", "Windows Server 2003", "Other Windows",
	}
)

var importRules = []func(*checker){
	(*checker).importTexts,
	(*checker).windowsImport,
	(*checker).linuxImport,
	(*checker).platformFitsOS,
	(*checker).armBootsByUEFI,
	(*checker).disks,
}

// osType of the imported disk; empty when the build imports none.
func (c *checker) osType() string {
	switch {
	case c.Source.Import == nil:
		return ""
	case c.Source.Import.OSType == "":
		return "linux"
	default:
		return c.Source.Import.OSType
	}
}

func (c *checker) importTexts() {
	in := c.Source.Import
	if in == nil {
		return
	}
	c.text(in.ImageName, imageName, "source", "import", "imageName")
	c.text(in.Description, description, "source", "import", "description")
	c.text(in.ResourceGroupID, resourceGroupID, "source", "import", "resourceGroupId")
	c.text(in.RoleName, shaped(roleShape, 1, 64, "the name of a RAM role, such as AliyunECSImageImportDefaultRole"),
		"source", "import", "roleName")
	c.text(in.StorageLocationARN, shaped(cloudBoxShape, 1, 256, "arn:acs:cloudbox:{RegionId}:{AliUid}:cloudbox/{CloudBoxId}"),
		"source", "import", "storageLocationArn")
}

func (c *checker) windowsImport() {
	if c.osType() != "windows" {
		return
	}
	if !c.has("source", "import", "licenseType") {
		c.fault(path{"source", "import", "licenseType"}, "licenseType is missing; windows needs one: Auto, Aliyun or BYOL")
	}
	if c.Source.Import.DetectionStrategy != "" {
		c.fault(path{"source", "import", "detectionStrategy"}, "detectionStrategy cannot be used with windows; leave it out")
	}
}

// linuxImport lets BYOL stand: some distributions are refused without it.
func (c *checker) linuxImport() {
	if license := c.Source.Import; c.osType() == "linux" && license.LicenseType != "" && license.LicenseType != "BYOL" {
		c.fault(path{"source", "import", "licenseType"},
			"licenseType %s is for Windows Server, but osType is linux; leave it out", license.LicenseType)
	}
}

func (c *checker) platformFitsOS() {
	in := c.Source.Import
	if in == nil || in.Platform == "" {
		return
	}
	p := path{"source", "import", "platform"}
	switch {
	case c.osType() == "linux" && slices.Contains(windowsPlatforms, in.Platform):
		c.fault(p, "platform is %q, but osType is linux; set osType: windows", in.Platform)
	case c.osType() == "windows" && slices.Contains(linuxPlatforms, in.Platform):
		c.fault(p, "platform is %q, but osType is windows; want one of %s", in.Platform, strings.Join(windowsPlatforms, ", "))
	}
}

func (c *checker) armBootsByUEFI() {
	if in := c.Source.Import; in != nil && in.Architecture == "arm64" && in.BootMode == "BIOS" {
		c.fault(path{"source", "import", "bootMode"}, "bootMode is BIOS, but arm64 boots by UEFI only; set UEFI or leave it out")
	}
}

func (c *checker) disks() {
	if c.Source.Import == nil {
		return
	}
	for i, disk := range c.Source.Import.Disks {
		c.required(disk.Bucket, bucket, "source", "import", "disks", i, "bucket")
		c.required(disk.Object, object, "source", "import", "disks", i, "object")
	}
}

var bucketShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?$`)

// bucket is the rule of names of OSS buckets.
func bucket(text string) string {
	if strings.Contains(text, "://") {
		return "want the bucket's name alone"
	}
	return shaped(bucketShape, 3, 63, `lower-case letters, digits and "-", with no "-" at either end`)(text)
}

const maxObjectKey = 1023

// object is the rule of keys of OSS objects.
func object(text string) string {
	switch {
	case strings.Contains(text, "://"):
		return "want the object's key in its bucket, such as disks/base.qcow2, and no URL"
	case strings.HasPrefix(text, "/") || strings.HasPrefix(text, `\`):
		return "an object's key does not start with a slash"
	case text == "":
		return "want the object's key in its bucket, such as disks/base.qcow2"
	case len(text) > maxObjectKey:
		return length(text, 1, maxObjectKey) + " bytes"
	}
	return ""
}
