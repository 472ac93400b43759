package emulator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/errcode"
)

// broken is a change to a good request, and what the documents answer to it.
type broken struct {
	claim   string
	changes []string
	status  int
	code    string
}

func (c *cloud) refusals(t *testing.T, action string, good args, rows []broken) {
	for _, row := range rows {
		t.Run(row.claim, func(t *testing.T) {
			c := *c
			c.t = t
			before := c.log.text()
			c.ecs(action, good.with(row.changes...)).refused(row.status, row.code)
			require.NotContains(t, strings.TrimPrefix(c.log.text(), before), `"resourceIds":["`)
		})
	}
}

var long = strings.Repeat("x", 300)

func tagged(prefix string, n int) []string {
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("%s.%d.Key", prefix, i+1), fmt.Sprint("k", i), fmt.Sprintf("%s.%d.Value", prefix, i+1), "v")
	}
	return pairs
}

func TestImportImageRefuses(t *testing.T) {
	c := newCloud(t)
	c.ecs("ImportImage", importArgs.with("ImageName", "taken")).ok()
	c.refusals(t, "ImportImage", importArgs, []broken{
		{"a name that is taken", []string{"ImageName", "taken"}, 400, "InvalidImageName.Duplicated"},
		{"a name of one letter", []string{"ImageName", "a"}, 400, "InvalidImageName.Malformed"},
		{"a name of 129 letters", []string{"ImageName", long[:129]}, 400, "InvalidImageName.Malformed"},
		{"a name that begins with a digit", []string{"ImageName", "1golden"}, 400, "InvalidImageName.Malformed"},
		{"a name with a blank", []string{"ImageName", "golden base"}, 400, "InvalidImageName.Malformed"},
		{"a name that begins with aliyun", []string{"ImageName", "aliyun-golden"}, 400, "InvalidImageName.Malformed"},
		{"a name that begins with acs:", []string{"ImageName", "acs:golden"}, 400, "InvalidImageName.Malformed"},
		{"a description of one letter", []string{"Description", "a"}, 400, "InvalidDescription.Malformed"},
		{"a description of 257 letters", []string{"Description", long[:257]}, 400, "InvalidDescription.Malformed"},
		{"a description that is a URL", []string{"Description", "https://a"}, 400, "InvalidDescription.Malformed"},
		{"an unknown architecture", []string{"Architecture", "riscv64"}, 400, "InvalidArchitecture.Malformed"},
		{"an unknown OS type", []string{"OSType", "bsd"}, 400, "InvalidOSType.Malformed"},
		{"an unknown platform", []string{"Platform", "BeOS"}, 400, "InvalidPlatform.Malformed"},
		{"a platform of another OS type", []string{"Platform", "Windows Server 2022", "OSType", "linux"}, 400, "InvalidPlatform.Malformed"},
		{"an unknown boot mode", []string{"BootMode", "GRUB"}, 400, "InvalidBootMode.Malformed"},
		{"arm64 with BIOS", []string{"Architecture", "arm64", "BootMode", "BIOS"}, 400, "InvalidBootMode.NotSupport"},
		{"Windows on arm64", []string{"Architecture", "arm64", "OSType", "windows", "LicenseType", "BYOL"}, 403, "InvalidArchitecture.PlatformUnsupported"},
		{"Windows without a licence", []string{"OSType", "windows"}, 400, "MissingParameter"},
		{"an unknown licence", []string{"LicenseType", "GPL"}, 400, "InvalidLicenseType.NotSupported"},
		{"an unknown detection strategy", []string{"DetectionStrategy", "Deep"}, 400, "InvalidParameter.DetectionStrategy"},
		{"detection on Windows", []string{"DetectionStrategy", "Standard", "OSType", "windows", "LicenseType", "BYOL"}, 403, "ImageCheckUnsupported.WindowsImage"},
		{"a cloud box, which nobody has", []string{"StorageLocationArn", "arn:acs:cloudbox:cn-hangzhou:1:cloudbox/cb-1"}, 403, "InvalidStorageLocation.NotFound"},
		{"a resource group of another form", []string{"ResourceGroupId", "group"}, 404, "InvalidResourceGroup.NotFound"},
		{"an unknown NVMe support", []string{"Features.NvmeSupport", "maybe"}, 400, "InvalidParameter"},
		{"an unknown metadata version", []string{"Features.ImdsSupport", "v3"}, 400, "InvalidParameter.FeaturesImdsSupport"},
		{"a boolean that is none", []string{"DryRun", "yes"}, 400, "InvalidParameter"},
		{"a token of 65 characters", []string{"ClientToken", long[:65]}, 400, "InvalidClientToken.Malformed"},
		{"a token outside ASCII", []string{"ClientToken", "tökén"}, 400, "InvalidClientToken.Malformed"},

		{"no disk", []string{"DiskDeviceMapping.1.OSSBucket", "-", "DiskDeviceMapping.1.OSSObject", "-"}, 403, "MissingParameter.DiskDeviceMapping"},
		{"no bucket", []string{"DiskDeviceMapping.1.OSSBucket", "-"}, 400, "MissingParameter"},
		{"no object", []string{"DiskDeviceMapping.1.OSSObject", "-"}, 400, "MissingParameter"},
		{"only a data disk", []string{"DiskDeviceMapping.1.OSSBucket", "-", "DiskDeviceMapping.1.OSSObject", "-",
			"DiskDeviceMapping.2.OSSBucket", "golden", "DiskDeviceMapping.2.OSSObject", "data.raw"}, 400, "MissingParameter"},
		{"a data disk without an object", []string{"DiskDeviceMapping.2.OSSBucket", "golden"}, 400, "MissingParameter"},
		{"a data disk without a bucket", []string{"DiskDeviceMapping.2.OSSObject", "data.raw", "DiskDeviceMapping.2.DiskImageSize", "7"}, 400, "MissingParameter"},
		{"a data disk without a file or a size", []string{"DiskDeviceMapping.2.Format", "RAW"}, 400, "InvalidDataDiskSize"},
		{"an empty data disk of 2049 GiB", []string{"DiskDeviceMapping.2.DiskImageSize", "2049"}, 400, "InvalidDataDiskSize"},
		{"a bucket in capitals", []string{"DiskDeviceMapping.1.OSSBucket", "Golden"}, 400, "InvalidOSSBucket.Malformed"},
		{"a bucket that ends with a dash", []string{"DiskDeviceMapping.1.OSSBucket", "golden-"}, 400, "InvalidOSSBucket.Malformed"},
		{"a bucket of 64 letters", []string{"DiskDeviceMapping.1.OSSBucket", long[:64]}, 400, "InvalidOSSBucket.Malformed"},
		{"an object that is a URL", []string{"DiskDeviceMapping.1.OSSObject", "http://a/b"}, 400, "InvalidOSSObject.Malformed"},
		{"an object of 1024 letters", []string{"DiskDeviceMapping.1.OSSObject", strings.Repeat("x", 1024)}, 400, "InvalidOSSObject.Malformed"},
		{"a packed object", []string{"DiskDeviceMapping.1.OSSObject", "disk.qcow2.gz"}, 400, "UnsupportedSuffix.OSSObject"},
		{"an unknown format", []string{"DiskDeviceMapping.1.Format", "ISO"}, 400, "InvalidImageFormat.Malformed"},
		{"a system disk of 0 GiB", []string{"DiskDeviceMapping.1.DiskImageSize", "0"}, 400, "InvalidImageSize"},
		{"a system disk of 2049 GiB", []string{"DiskDeviceMapping.1.DiskImageSize", "2049"}, 400, "InvalidImageSize"},
		{"a size that is no number", []string{"DiskDeviceMapping.1.DiskImageSize", "40GB"}, 400, "InvalidImageSize"},
		{"a data disk of 2049 GiB", []string{"DiskDeviceMapping.2.OSSBucket", "golden", "DiskDeviceMapping.2.OSSObject", "data.raw",
			"DiskDeviceMapping.2.DiskImageSize", "2049"}, 400, "InvalidDataDiskSize"},
		{"a device that is none", []string{"DiskDeviceMapping.1.Device", "C:"}, 403, "InvalidParameter.Malformed"},
		{"a bucket that is not there", []string{"DiskDeviceMapping.1.OSSBucket", "silver"}, 400, "InvalidOSSBucket.NotFound"},
		{"an object that is not there", []string{"DiskDeviceMapping.1.OSSObject", "disk.vhd"}, 400, "InvalidOSSObject.NotFound"},
		{"an object that is a folder", []string{"DiskDeviceMapping.1.OSSObject", "."}, 400, "InvalidOSSObject.NotFound"},
		{"an object outside the bucket", []string{"DiskDeviceMapping.1.OSSObject", "../golden/disk.qcow2"}, 400, "InvalidOSSObject.NotFound"},
		{"an empty object", []string{"DiskDeviceMapping.1.OSSObject", "empty.raw"}, 400, "InvalidOSSObject.Size"},
		{"a format that the file has not", []string{"DiskDeviceMapping.1.Format", "VHD"}, 403, "InvalidImageFormat.Malformed"},
		{"a disk smaller than the one in the file", []string{"DiskDeviceMapping.1.DiskImageSize", "19"}, 400, "InvalidImageSize"},

		{"21 tags", tagged("Tag", 21), 400, "InvalidTagCount"},
		{"a tag without a key", []string{"Tag.1.Value", "v"}, 400, "InvalidTagKey.Malformed"},
		{"a tag key that begins with aliyun", []string{"Tag.1.Key", "aliyun-k"}, 400, "InvalidTagKey.Malformed"},
		{"a tag key with a URL", []string{"Tag.1.Key", "k-http://"}, 400, "InvalidTagKey.Malformed"},
		{"a tag key of 129 letters", []string{"Tag.1.Key", long[:129]}, 400, "InvalidTagKey.Malformed"},
		{"a tag value that begins with acs:", []string{"Tag.1.Key", "k", "Tag.1.Value", "acs:v"}, 400, "InvalidTagValue.Malformed"},
		{"a tag value of 129 letters", []string{"Tag.1.Key", "k", "Tag.1.Value", long[:129]}, 400, "InvalidTagValue.Malformed"},
		{"tag keys that differ only in case", []string{"Tag.1.Key", "team", "Tag.2.Key", "TEAM"}, 403, "TagKey.Duplication"},

		{"a dry run that passes", []string{"DryRun", "true"}, 400, "DRYRUN.SUCCESS"},
		{"a dry run that does not", []string{"DryRun", "true", "ImageName", "taken"}, 400, "InvalidImageName.Duplicated"},
	})
}

func TestCreateImageComponentRefuses(t *testing.T) {
	c := newCloud(t)
	c.component("Name", "tools", "ComponentVersion", "1.0.0")
	good := args{"Name": "agent", "Content": "RUN true"}
	c.refusals(t, "CreateImageComponent", good, []broken{
		{"no content", []string{"Content", "-"}, 400, "MissingParameter.Content"},
		{"content of more than 16 KB", []string{"Content", "RUN " + strings.Repeat("x", 16<<10)}, 400, "InvalidContent.LengthExceeded"},
		{"an unknown command", []string{"Content", "INSTALL vim"}, 400, "InvalidImageTemplateCommand.NotSupported"},
		{"FROM", []string{"Content", "FROM ubuntu"}, 404, "NotSupportedCommand.FROM"},
		{"a component in a component", []string{"Content", "COMPONENT ic-1"}, 400, "InvalidCommand.Component"},
		{"RUN without a command", []string{"Content", "RUN"}, 400, "EmptyCommandContent.RUN"},
		{"RESTART with an argument", []string{"Content", "RESTART now"}, 400, "NotEmptyCommandContent.RESTART"},
		{"broken YAML", []string{"Content", "Tasks: [\n"}, 400, "InvalidParameter.Content"},
		{"a bad name", []string{"Name", "1"}, 400, "InvalidName.Malformed"},
		{"a description of one letter", []string{"Description", "d"}, 400, "InvalidDescription.Malformed"},
		{"an unknown system", []string{"SystemType", "linux"}, 400, "InvalidSystemType.NotSupportedValue"},
		{"an unknown type", []string{"ComponentType", "Deploy"}, 400, "InvalidComponentType.NotSupportedValue"},
		{"a version of two parts", []string{"ComponentVersion", "1.0"}, 400, "InvalidParameter.ComponentVersion"},
		{"a version with a wildcard", []string{"ComponentVersion", "1.0.*"}, 400, "InvalidParameter.ComponentVersion"},
		{"a negative version", []string{"ComponentVersion", "1.0.-1"}, 400, "InvalidParameter.ComponentVersion"},
		{"a version that the name has", []string{"Name", "tools", "ComponentVersion", "1.0.0"}, 403, "InvalidComponentVersion.Exist"},
		{"a resource group of another form", []string{"ResourceGroupId", "x"}, 404, "InvalidResourceGroup.NotFound"},
		{"21 tags", tagged("Tag", 21), 400, "InvalidTagCount"},
		{"a tag key twice", []string{"Tag.1.Key", "a", "Tag.2.Key", "a"}, 400, "Duplicate.TagKey"},
		{"a token of 65 characters", []string{"ClientToken", long[:65]}, 400, "InvalidClientToken.Malformed"},
	})
}

func TestCreateImagePipelineRefuses(t *testing.T) {
	c := newCloud(t)
	creating := c.ecs("ImportImage", importArgs.with("ImageName", "creating")).ok().text("ImageId")
	test := c.component("Name", "check", "ComponentType", "Test")
	windows := c.component("Name", "winrm", "SystemType", "Windows", "Content",
		"Tasks:\n- {Name: a, Action: RunPowerShellCommand, Properties: {commandContent: dir}}")
	c.refusals(t, "CreateImagePipeline", pipelineArgs, []broken{
		{"no base image type", []string{"BaseImageType", "-"}, 400, "MissingParameter"},
		{"an unknown base image type", []string{"BaseImageType", "ISO"}, 400, "InvalidBaseImageType.NotSupportedValue"},
		{"no base image", []string{"BaseImage", "-"}, 400, "MissingParameter"},
		{"an unknown base image", []string{"BaseImage", "m-none"}, 404, "InvalidImage.NotFound"},
		{"a base image that is not yet usable", []string{"BaseImage", creating}, 404, "InvalidImage.NotFound"},
		{"a base image of another region", []string{"BaseImage", creating, "RegionId", "cn-beijing"}, 404, "InvalidImage.NotFound"},
		{"an unknown family", []string{"BaseImageType", "IMAGE_FAMILY", "BaseImage", "none"}, 404, "InvalidImage.NotFound"},
		{"a bad name", []string{"Name", "-x"}, 400, "InvalidName.Malformed"},
		{"a description that is a URL", []string{"Description", "http://x"}, 400, "InvalidDescription.Malformed"},
		{"build content of more than 16 KB", []string{"BuildContent", "RUN " + strings.Repeat("x", 16<<10)}, 400, "InvalidBuildContent.LengthExceeded"},
		{"test content of more than 16 KB", []string{"TestContent", "RUN " + strings.Repeat("x", 16<<10)}, 400, "InvalidParameter.TestContent"},
		{"an unknown command", []string{"BuildContent", "INSTALL vim"}, 400, "InvalidImageTemplateCommand.NotSupported"},
		{"128 commands", []string{"BuildContent", strings.Repeat("RUN true\n", 128)}, 400, "InvalidImageTemplateCommandSize.ExceededMaxNumber"},
		{"FROM twice", []string{"BuildContent", "FROM a\nFROM b"}, 400, "DuplicatedCommand.FROM"},
		{"an unknown component", []string{"BuildContent", "COMPONENT ic-none"}, 404, "ImageComponent.NotFound"},
		{"an unknown version of a component", []string{"TestContent", "COMPONENT acs:ecs:cn-hangzhou:" + ownerID + ":imagecomponent/check/7.0.0"}, 404, "ImageComponent.NotFound"},
		{"a test component in build content", []string{"BuildContent", "COMPONENT " + test}, 400, "InvalidImageComponent.NotSupported"},
		{"a Windows component on Linux", []string{"BuildContent", "COMPONENT " + windows}, 400, "InvalidImageComponent.NotSupported"},
		{"a parameter that the component has not", []string{"TestContent", "COMPONENT " + test + " --level 3"}, 400, "InvalidParameter.TestContent"},
		{"line commands on Windows", []string{"BaseImage", "m-bp1kilnwin2022"}, 400, "InvalidImageTemplateCommand.NotSupported"},
		{"an instance type that is none", []string{"InstanceType", "t2.micro"}, 404, "InvalidInstanceType.NotFound"},
		{"a switch that is none", []string{"VSwitchId", "vpc-1"}, 404, "InvalidVSwitchId.NotFound"},
		{"a system disk of 19 GiB", []string{"SystemDiskSize", "19"}, 400, "InvalidSystemDiskSize.NotSupportedValue"},
		{"a system disk of 501 GiB", []string{"SystemDiskSize", "501"}, 400, "InvalidSystemDiskSize.NotSupportedValue"},
		{"101 Mbit/s", []string{"InternetMaxBandwidthOut", "101"}, 400, "InvalidInternetMaxBandwidthOut.NotSupportedValue"},
		{"a boolean that is none", []string{"DeleteInstanceOnFailure", "1"}, 400, "InvalidParameter"},
		{"an unknown repair mode", []string{"RepairMode", "Deep"}, 400, "InvalidParameter.RepairMode"},
		{"an unknown target region", []string{"ToRegionId.1", "mars-1"}, 404, "InvalidRegionId.NotFound"},
		{"21 target regions", numbered("ToRegionId", 21, "cn-beijing"), 400, "InvalidToRegionIdSize.ExceededMaxNumber"},
		{"21 accounts", numbered("AddAccount", 21, "123"), 400, "InvalidAddAccountSize.ExceededMaxNumber"},
		{"an account that is no number", []string{"AddAccount.1", "bob"}, 400, "InvalidParameter"},
		{"an image name of 65 letters", []string{"ImageOptions.ImageName", long[:65]}, 400, "InvalidImageName.Malformed"},
		{"an old image name of 65 letters", []string{"ImageOptions.ImageName", "-", "ImageName", long[:65]}, 400, "InvalidImageName.Malformed"},
		{"a family of one letter", []string{"ImageOptions.ImageFamily", "f"}, 400, "InvalidImageFamily.Malformed"},
		{"an image description of one letter", []string{"ImageOptions.Description", "d"}, 400, "InvalidImageOptions.Description"},
		{"an unknown NVMe support", []string{"ImageOptions.ImageFeatures.NvmeSupport", "v1"}, 400, "InvalidParameter.NvmeSupport"},
		{"a bad tag for the image", []string{"ImageOptions.ImageTags.1.Key", "acs:x"}, 400, "InvalidTagKey.Malformed"},
		{"a name suffix other than disable", []string{"AdvancedOptions.ImageNameSuffix", "enable"}, 400, "InvalidAdvancedOptions.ImageNameSuffix"},
		{"a fixed name that is none", []string{"AdvancedOptions.ImageNameSuffix", "disable", "ImageOptions.ImageName", "-"}, 400, "InvalidParameterCombination"},
		{"a fixed name that is taken", []string{"AdvancedOptions.ImageNameSuffix", "disable", "ImageOptions.ImageName", "creating"}, 400, "InvalidImageName.Duplicated"},
		{"a tag key twice", []string{"Tag.1.Key", "a", "Tag.2.Key", "a"}, 400, "Duplicate.TagKey"},
		{"a tag value with a URL", []string{"Tag.1.Key", "a", "Tag.1.Value", "see https://x"}, 400, "InvalidTagValue.Malformed"},
		{"a token outside ASCII", []string{"ClientToken", "é"}, 400, "InvalidClientToken.Malformed"},
	})
}

func numbered(name string, n int, value string) []string {
	var pairs []string
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("%s.%d", name, i+1), value)
	}
	return pairs
}

var (
	disk1        = "ImportImageOptions.DiskDeviceMappings.1."
	fromOSSArgs  = args{"BaseImageType": "OSS", disk1 + "OSSBucket": "golden", disk1 + "OSSObject": "disk.qcow2"}
	importOption = "ImportImageOptions."
)

func TestCreateImagePipelineFromOSSRefuses(t *testing.T) {
	c := newCloud(t)
	const code = "InvalidParameter.ImportImageOptions"
	var eighteen []string
	for n := range 18 {
		prefix := fmt.Sprintf("ImportImageOptions.DiskDeviceMappings.%d.", n+1)
		eighteen = append(eighteen, prefix+"OSSBucket", "golden", prefix+"OSSObject", "data.raw")
	}
	c.refusals(t, "CreateImagePipeline", fromOSSArgs, []broken{
		{"no import options", []string{disk1 + "OSSBucket", "-", disk1 + "OSSObject", "-"}, 404, "MissingParameter.ImportImageOptions"},
		{"no disk", []string{disk1 + "OSSBucket", "-", disk1 + "OSSObject", "-", importOption + "OSType", "linux"}, 404, "MissingParameter.ImageOptionsDiskDeviceMappings"},
		{"no bucket", []string{disk1 + "OSSBucket", "-"}, 404, "MissingParameter.ImportImageOptionsDiskDeviceMappingsOSSBucket"},
		{"no object", []string{disk1 + "OSSObject", "-"}, 404, "MissingParameter.ImportImageOptionsDiskDeviceMappingsOSSObject"},
		{"18 disks", eighteen, 400, "InvalidImportImageOptionsDiskDeviceMappings.LengthLimitExceeded"},
		{"a bucket in capitals", []string{disk1 + "OSSBucket", "GOLDEN"}, 400, code + "DiskDeviceMappingsOSSBucket"},
		{"an object that is a URL", []string{disk1 + "OSSObject", "http://a"}, 400, code + "DiskDeviceMappingsOSSObject"},
		{"VMDK, which only ImportImage takes", []string{disk1 + "Format", "VMDK"}, 400, code + "DiskDeviceMappingsFormat"},
		{"a format that the file has not", []string{disk1 + "Format", "RAW"}, 400, code + "DiskDeviceMappingsFormat"},
		{"2049 GiB", []string{disk1 + "DiskImageSize", "2049"}, 400, "InvalidOperation.DiskImageSizeExceeded"},
		{"less than the disk in the file", []string{disk1 + "DiskImageSize", "5"}, 400, "InvalidParameterCombination"},
		{"an object that is not there", []string{disk1 + "OSSObject", "none"}, 404, "InvalidImportImageOptionsDiskDeviceMappingsOSSObject.NotFound"},
		{"i386", []string{importOption + "Architecture", "i386"}, 400, code + "Architecture"},
		{"an unknown OS type", []string{importOption + "OSType", "bsd"}, 400, code + "OSType"},
		{"an unknown platform", []string{importOption + "Platform", "BeOS"}, 400, code + "Platform"},
		{"a platform of another OS type", []string{importOption + "Platform", "Ubuntu", importOption + "OSType", "windows"}, 400, code + "Platform"},
		{"an unknown boot mode", []string{importOption + "BootMode", "GRUB"}, 400, code + "BootMode"},
		{"arm64 with BIOS", []string{importOption + "Architecture", "arm64", importOption + "BootMode", "BIOS"}, 400, code + "BootMode"},
		{"an unknown licence", []string{importOption + "LicenseType", "GPL"}, 400, code + "LicenseType"},
		{"an unknown NVMe support", []string{importOption + "Features.NvmeSupport", "auto"}, 400, code + "FeaturesNvmeSupport"},
		{"an image name that is none", []string{importOption + "ImageName", "1"}, 400, "InvalidImageName.Malformed"},
		{"a bad tag", []string{importOption + "ImportImageTags.1.Key", "aliyun"}, 400, "InvalidTagKey.Malformed"},
	})
	require.NotEmpty(t, c.ecs("CreateImagePipeline", fromOSSArgs).ok().text("ImagePipelineId"))
}

func TestListingsRefuse(t *testing.T) {
	c := newCloud(t)
	for _, row := range []struct {
		action string
		broken
	}{
		{"DescribeTasks", broken{"page 0", []string{"PageNumber", "0"}, 400, "InvalidParameter"}},
		{"DescribeTasks", broken{"a page of 101", []string{"PageSize", "101"}, 400, "InvalidParameter"}},
		{"DescribeTasks", broken{"101 task ids", []string{"TaskIds", strings.Repeat("t-1,", 100) + "t-1"}, 400, "InvalidParameter"}},
		{"DescribeTasks", broken{"101 resources", numbered("ResourceIds", 101, "m-1"), 400, "InvalidParameter"}},
		{"DescribeTasks", broken{"an unknown task action", []string{"TaskAction", "Import"}, 400, "InvalidParameter"}},
		{"DescribeTasks", broken{"a time without seconds", []string{"StartTime", "2026-11-21T12:00Z"}, 400, "InvalidParameter"}},
		{"DescribeTaskAttribute", broken{"no task", nil, 400, "MissingParameter"}},
		{"DescribeTaskAttribute", broken{"an unknown task", []string{"TaskId", "t-none"}, 400, "InvalidTaskId.NotFound"}},
		{"CancelTask", broken{"no task", nil, 400, "MissingParameter"}},
		{"CancelTask", broken{"an unknown task", []string{"TaskId", "t-none"}, 400, "InvalidTaskId.NotFound"}},
		{"DescribeImages", broken{"an unknown owner", []string{"ImageOwnerAlias", "me"}, 400, "InvalidImageOwnerAlias.ValueNotSupported"}},
		{"DescribeImages", broken{"an owner's id without others", []string{"ImageOwnerId", "123"}, 400, "InvalidOperation.ImageOwnerIdUnsupported"}},
		{"DescribeImages", broken{"an unknown status", []string{"Status", "Ready"}, 400, "InvalidParamter"}},
		{"DescribeImages", broken{"an unknown usage", []string{"Usage", "disk"}, 404, "InvalidUsage"}},
		{"DescribeImages", broken{"public ones of all", []string{"IsPublic", "true"}, 400, "InvalidImageOwnerAlias.PublicImageUnsupported"}},
		{"DescribeImages", broken{"an unknown architecture", []string{"Architecture", "amd64"}, 404, "InvalidArchitecture"}},
		{"DescribeImages", broken{"an unknown OS type", []string{"OSType", "Linux"}, 404, "InvalidOSType"}},
		{"DescribeImages", broken{"an unknown action", []string{"ActionType", "Delete"}, 400, "InvalidParameter"}},
		{"DescribeImages", broken{"an unknown instance type", []string{"InstanceType", "big"}, 400, "InvalidInstanceType.ValueNotSupported"}},
		{"DescribeImages", broken{"an unknown filter", []string{"Filter.1.Key", "Name"}, 404, "InvalidFilterKey.NotFound"}},
		{"DescribeImages", broken{"a time that is none", []string{"Filter.1.Key", "CreationStartTime", "Filter.1.Value", "now"}, 404, "InvalidFilterValue"}},
		{"DescribeImages", broken{"an unknown network", []string{"Filter.1.Key", "NetworkType", "Filter.1.Value", "lan"}, 400, "InvalidFilterValue.NetworkType"}},
		{"DescribeImages", broken{"a tag without a key", []string{"Tag.1.Value", "v"}, 400, "InvalidTag.Mismatch"}},
		{"DescribeImages", broken{"21 tags", tagged("Tag", 21), 400, "InvalidTagCount"}},
		{"DescribeImages", broken{"a dry run", []string{"DryRun", "true"}, 400, "DryRunOperation"}},
		{"DescribeImageComponents", broken{"21 ids", numbered("ImageComponentId", 21, "ic-1"), 400, "InvalidImageComponentIdSize.ExceededMaxNumber"}},
		{"DescribeImageComponents", broken{"a version without a name", []string{"ComponentVersion", "1.0.0"}, 400, "InvalidParameter.ComponentVersion"}},
		{"DescribeImageComponents", broken{"a version that is none", []string{"Name", "tools", "ComponentVersion", "latest"}, 400, "InvalidParameter.ComponentVersion"}},
		{"DescribeImageComponents", broken{"an unknown type", []string{"ComponentType", "build"}, 400, "InvalidComponentType.NotSupportedValue"}},
		{"DescribeImageComponents", broken{"an unknown system", []string{"SystemType", "BSD"}, 400, "InvalidSystemType.NotSupportedValue"}},
		{"DescribeImageComponents", broken{"an unknown owner", []string{"Owner", "self"}, 400, "InvalidParameter.Owner"}},
		{"DescribeImageComponents", broken{"a page of 501", []string{"MaxResults", "501"}, 400, "InvalidParameter"}},
		{"DescribeImageComponents", broken{"a page token that is none", []string{"NextToken", "2"}, 403, "Invalid.NextToken"}},
		{"DescribeImagePipelines", broken{"21 ids", numbered("ImagePipelineId", 21, "ip-1"), 400, "InvalidImagePipelineIdSize.ExceededMaxNumber"}},
		{"DescribeImagePipelines", broken{"a name that is none", []string{"Name", "1"}, 400, "InvalidName.Malformed"}},
		{"DescribeImagePipelines", broken{"a page token that is none", []string{"NextToken", "AAAA"}, 403, "Invalid.NextToken"}},
		{"DescribeImagePipelineExecutions", broken{"neither template nor execution", nil, 400, "MissingParameter.ImagePipelineId"}},
		{"DescribeImagePipelineExecutions", broken{"an unknown template", []string{"ImagePipelineId", "ip-none"}, 404, "InvalidImagePipeline.NotFound"}},
		{"DescribeImagePipelineExecutions", broken{"an unknown status", []string{"ExecutionId", "exec-1", "Status", "DONE"}, 400, "InvalidParameter.Status"}},
		{"DescribeImagePipelineExecutions", broken{"a page token that is none", []string{"ExecutionId", "exec-1", "NextToken", "x"}, 403, "Invalid.NextToken"}},
		{"StartImagePipelineExecution", broken{"no template", nil, 400, "MissingParameter"}},
		{"StartImagePipelineExecution", broken{"an unknown template", []string{"ImagePipelineId", "ip-none"}, 404, "InvalidImagePipeline.NotFound"}},
		{"StartImagePipelineExecution", broken{"a tag key twice", []string{"ImagePipelineId", "ip-1", "Tag.1.Key", "a", "Tag.2.Key", "a"}, 400, "Duplicate.TagKey"}},
		{"StartImagePipelineExecution", broken{"a registry of 513 letters", []string{"ImagePipelineId", "ip-1",
			"DockerRepositoryCredential.DockerRegistry", strings.Repeat("r", 513), "DockerRepositoryCredential.User", "kiln"}, 400,
			"InvalidDockerRepositoryCredential.DockerRegistryMalformed"}},
		{"StartImagePipelineExecution", broken{"a registry without a user", []string{"ImagePipelineId", "ip-1",
			"DockerRepositoryCredential.DockerRegistry", "registry.example.com"}, 400, "InvalidDockerRepositoryCredential.UserMalformed"}},
		{"StartImagePipelineExecution", broken{"a registry and a user, but no template", []string{"ImagePipelineId", "ip-1",
			"DockerRepositoryCredential", `{"DockerRegistry":"registry.example.com","User":"kiln"}`}, 404, "InvalidImagePipeline.NotFound"}},
		{"DescribeImages", broken{"a truth value in capitals", []string{"ShowExpired", "TRUE"}, 400, "InvalidParameter"}},
		{"CancelImagePipelineExecution", broken{"no execution", nil, 400, "MissingParameter"}},
		{"CancelImagePipelineExecution", broken{"an unknown execution", []string{"ExecutionId", "exec-none"}, 404, "InvalidImagePipelineExecution.NotFound"}},
	} {
		t.Run(row.action, func(t *testing.T) { c.refusals(t, row.action, args{}, []broken{row.broken}) })
	}
}

func TestFillPutsDetailsIntoAWording(t *testing.T) {
	for _, row := range []struct {
		wording string
		details []string
		want    string
	}{
		{"%s", []string{"It is wrong."}, "It is wrong."},
		{"%s.", []string{"It is wrong."}, "It is wrong."},
		{"%s.", []string{"It is wrong"}, "It is wrong."},
		{"should be in [%s].", []string{"a, b"}, "should be in [a, b]."},
		{`The "{ParameterName}" is`, []string{"X"}, `The "X" is`},
		{"of %s. Now %s.", []string{"a", "b"}, "of a. Now b."},
		{"of %s. Now %s.", []string{"a"}, "of a. Now ."},
		{"nothing left open", []string{"a"}, "nothing left open"},
		{"at %s", nil, "at "},
	} {
		require.Equal(t, row.want, fill(row.wording, row.details), row.wording)
	}
}

func TestWordingsAreTheDocuments(t *testing.T) {
	c := newCloud(t)
	c.ecs("ImportImage", importArgs.with("ImageName", "taken")).ok()
	for _, row := range []struct {
		changes []string
		want    string
	}{
		{[]string{"ImageName", "taken"}, "The destination image is exist."},
		{[]string{"RegionId", ""}, `An input parameter "RegionId" that is mandatory for processing the request is not supplied.`},
		{[]string{"DiskDeviceMapping.1.OSSBucket", "silver"}, "The specified OSS bucket does not exist in this region."},
		{[]string{"StorageLocationArn", "arn-1"}, "The specified cloud box storage location arn-1 could not be found."},
	} {
		require.Equal(t, row.want, c.ecs("ImportImage", importArgs.with(row.changes...)).text("Message"))
	}
	entry, found := errcode.Find("*", "IdempotentParameterMismatch")
	require.True(t, found)
	require.Equal(t, 400, entry.Status)
}
