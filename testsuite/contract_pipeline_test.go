package testsuite

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"
)

type (
	pipelineRequest  = ecs.CreateImagePipelineRequest
	pipelineTag      = ecs.CreateImagePipelineRequestTag
	pipelineAdvanced = ecs.CreateImagePipelineRequestAdvancedOptions
	pipelineImage    = ecs.CreateImagePipelineRequestImageOptions
	pipelineImageTag = ecs.CreateImagePipelineRequestImageOptionsImageTags
	pipelineNvme     = ecs.CreateImagePipelineRequestImageOptionsImageFeatures
	pipelineImport   = ecs.CreateImagePipelineRequestImportImageOptions
	pipelineDisk     = ecs.CreateImagePipelineRequestImportImageOptionsDiskDeviceMappings
	pipelineFeatures = ecs.CreateImagePipelineRequestImportImageOptionsFeatures
	pipelineDiskTag  = ecs.CreateImagePipelineRequestImportImageOptionsImportImageTags
	pipelinesRequest = ecs.DescribeImagePipelinesRequest
	pipeline         = *ecs.DescribeImagePipelinesResponseBodyImagePipelineImagePipelineSet
)

// pipelineOn is a good template on an image.
func pipelineOn(imageID string) *pipelineRequest {
	return new(pipelineRequest).SetRegionId(hangzhou).SetBaseImageType("IMAGE").SetBaseImage(imageID).SetBuildContent("RUN true").
		SetImageOptions(new(pipelineImage).SetImageName("golden"))
}

// pipelineFromOSS is a good template that imports its base.
func pipelineFromOSS() *pipelineRequest {
	disk := new(pipelineDisk).SetOSSBucket(disks).SetOSSObject("disks/base.qcow2")
	return new(pipelineRequest).SetRegionId(hangzhou).SetBaseImageType("OSS").SetBuildContent("RUN true").
		SetImportImageOptions(new(pipelineImport).SetDiskDeviceMappings([]*pipelineDisk{disk}))
}

func pipelinesOf(region string) *pipelinesRequest { return new(pipelinesRequest).SetRegionId(region) }

// pipeline makes one and returns its id.
func (c *emulated) pipeline(t *testing.T, r *pipelineRequest) string {
	t.Helper()
	answer, err := c.ecs(t).CreateImagePipeline(r)
	require.NoError(t, err)
	return *answer.Body.ImagePipelineId
}

func (c *emulated) thePipeline(t *testing.T, id string) pipeline {
	t.Helper()
	answer, err := c.ecs(t).DescribeImagePipelines(pipelinesOf(hangzhou).SetImagePipelineId(dara.StringSlice([]string{id})))
	require.NoError(t, err)
	require.Len(t, answer.Body.ImagePipeline.ImagePipelineSet, 1)
	return answer.Body.ImagePipeline.ImagePipelineSet[0]
}

func TestContractCreateImagePipeline(t *testing.T) {
	c := emulate(t)
	base := *c.imported(t, importOfBase()).ImageId
	build := c.component(t, componentOf(taskDocument))
	check := c.component(t, componentOf("RUN true").SetComponentType("Test"))
	r := pipelineOn(base).
		SetName("template").SetDescription("makes golden images").SetClientToken("token-1").
		SetBuildContent("RUN echo 1\nCOMPONENT " + build + " --version 2.0 --retries 5").SetTestContent("COMPONENT " + check).
		SetInstanceType("ecs.g7.large").SetVSwitchId("vsw-bp1example").SetSystemDiskSize(60).SetInternetMaxBandwidthOut(10).
		SetDeleteInstanceOnFailure(false).SetRepairMode("Standard").SetResourceGroupId("rg-one").
		SetToRegionId(dara.StringSlice([]string{hangzhou, "cn-beijing"})).
		SetAddAccount([]*int64{dara.Int64(1234567890), dara.Int64(987654321)}).
		SetTag([]*pipelineTag{new(pipelineTag).SetKey("kiln:build").SetValue("web")}).
		SetAdvancedOptions(new(pipelineAdvanced).SetImageNameSuffix("disable").SetRetainCloudAssistant(true)).
		SetImageOptions(new(pipelineImage).SetImageName("golden").SetImageFamily("golden-family").SetDescription("golden").
			SetImageFeatures(new(pipelineNvme).SetNvmeSupport("auto")).
			SetImageTags([]*pipelineImageTag{new(pipelineImageTag).SetKey("team").SetValue("core")}))
	answer, err := c.ecs(t).CreateImagePipeline(r)
	require.NoError(t, err)
	requireFields(t, answer.Body, "RequestId ImagePipelineId")
	require.Regexp(t, requestID, *answer.Body.RequestId)
	require.Regexp(t, `^ip-[a-z0-9]+$`, *answer.Body.ImagePipelineId)

	made := c.thePipeline(t, *answer.Body.ImagePipelineId)
	requireFields(t, made, `ImagePipelineId CreationTime Name Description BaseImageType BaseImage BuildContent TestContent InstanceType
		VSwitchId SystemDiskSize InternetMaxBandwidthOut DeleteInstanceOnFailure RepairMode ToRegionIds AddAccounts ImageOptions
		AdvancedOptions ResourceGroupId Tags`)
	require.Equal(t, []string{"template", "makes golden images", "IMAGE", base, *r.BuildContent, *r.TestContent, "ecs.g7.large",
		"vsw-bp1example", "Standard", "rg-one", c.clock.Now().UTC().Format(time.RFC3339)},
		[]string{*made.Name, *made.Description, *made.BaseImageType, *made.BaseImage, *made.BuildContent, *made.TestContent, *made.InstanceType,
			*made.VSwitchId, *made.RepairMode, *made.ResourceGroupId, *made.CreationTime})
	require.Equal(t, []int32{60, 10}, []int32{*made.SystemDiskSize, *made.InternetMaxBandwidthOut})
	require.False(t, *made.DeleteInstanceOnFailure)
	require.Equal(t, []string{hangzhou, "cn-beijing"}, dara.StringSliceValue(made.ToRegionIds.ToRegionId))
	require.Equal(t, []string{"1234567890", "987654321"}, dara.StringSliceValue(made.AddAccounts.AddAccount))
	require.Equal(t, []string{"golden", "golden-family", "golden", "auto"}, []string{*made.ImageOptions.ImageName,
		*made.ImageOptions.ImageFamily, *made.ImageOptions.Description, *made.ImageOptions.ImageFeatures.NvmeSupport})
	require.Equal(t, "team=core", *made.ImageOptions.ImageTags.ImageTag[0].TagKey+"="+*made.ImageOptions.ImageTags.ImageTag[0].TagValue)
	require.Equal(t, "disable", *made.AdvancedOptions.ImageNameSuffix)
	require.True(t, *made.AdvancedOptions.RetainCloudAssistant)
	require.Equal(t, "kiln:build=web", *made.Tags.Tag[0].TagKey+"="+*made.Tags.Tag[0].TagValue)
}

func TestContractPipelineDefaults(t *testing.T) {
	c := emulate(t)
	id := c.pipeline(t, new(pipelineRequest).SetRegionId(hangzhou).SetBaseImageType("IMAGE").
		SetBaseImage(*c.imported(t, importOfBase()).ImageId))
	made := c.thePipeline(t, id)
	require.Equal(t, id, *made.Name, "the id where no name is given")
	require.Equal(t, []int32{40, 0}, []int32{*made.SystemDiskSize, *made.InternetMaxBandwidthOut})
	require.True(t, *made.DeleteInstanceOnFailure)
}

// The parameters before ImageOptions still count.
func TestContractPipelineWithTheOlderParameters(t *testing.T) {
	c := emulate(t)
	r := pipelineOn(*c.imported(t, importOfBase()).ImageId).SetImageName("older").SetImageFamily("older-family").SetNvmeSupport("supported")
	r.ImageOptions = nil
	id := c.start(t, c.pipeline(t, r))
	c.course(t, id)
	img := c.image(t, hangzhou, *c.execution(t, id).ImageId)
	require.Equal(t, []string{"older_" + id, "older-family", "supported"}, []string{*img.ImageName, *img.ImageFamily, *img.Features.NvmeSupport})
}

func TestContractPipelineFromOSS(t *testing.T) {
	c := emulate(t)
	r := pipelineFromOSS()
	r.ImportImageOptions.SetArchitecture("x86_64").SetOSType("linux").SetPlatform("Debian").SetBootMode("UEFI").SetLicenseType("Auto").
		SetRoleName("AliyunECSImageImportDefaultRole").SetImageName("imported").SetDescription("imported first").
		SetFeatures(new(pipelineFeatures).SetNvmeSupport("supported").SetImdsSupport("v2")).
		SetImportImageTags([]*pipelineDiskTag{new(pipelineDiskTag).SetKey("team").SetValue("core")})
	r.ImportImageOptions.DiskDeviceMappings[0].SetFormat("QCOW2").SetDiskImageSize(20)
	made := c.thePipeline(t, c.pipeline(t, r)).ImportImageOptions
	requireFields(t, made, `Architecture OSType Platform BootMode LicenseType RoleName ImageName Description Features DiskDeviceMappings
		ImportImageTags`)
	require.Equal(t, []string{"x86_64", "linux", "Debian", "UEFI", "Auto", "supported", "v2", "imported"}, []string{*made.Architecture,
		*made.OSType, *made.Platform, *made.BootMode, *made.LicenseType, *made.Features.NvmeSupport, *made.Features.ImdsSupport, *made.ImageName})
	disk := made.DiskDeviceMappings.DiskDeviceMapping[0]
	require.Equal(t, []string{disks, "disks/base.qcow2", "QCOW2"}, []string{*disk.OSSBucket, *disk.OSSObject, *disk.Format})
	require.EqualValues(t, 20, *disk.DiskImageSize)
	require.Equal(t, "team=core", *made.ImportImageTags.ImportImageTag[0].Key+"="+*made.ImportImageTags.ImportImageTag[0].Value)
}

func TestContractDescribeImagePipelines(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	base := *c.imported(t, importOfBase()).ImageId
	one := c.pipeline(t, pipelineOn(base).SetName("one").SetResourceGroupId("rg-one"))
	two := c.pipeline(t, pipelineOn(base).SetName("two").SetTag([]*pipelineTag{new(pipelineTag).SetKey("team").SetValue("core")}))
	for _, row := range []struct {
		claim  string
		change func(*pipelinesRequest)
		want   []string
	}{
		{"all", func(*pipelinesRequest) {}, []string{one, two}},
		{"by ids", func(r *pipelinesRequest) { r.SetImagePipelineId(dara.StringSlice([]string{two, "ip-none"})) }, []string{two}},
		{"by name", func(r *pipelinesRequest) { r.SetName("one") }, []string{one}},
		{"by a part of the name", func(r *pipelinesRequest) { r.SetName("on") }, nil},
		{"by resource group", func(r *pipelinesRequest) { r.SetResourceGroupId("rg-one") }, []string{one}},
		{"by tag", func(r *pipelinesRequest) {
			r.Tag = []*ecs.DescribeImagePipelinesRequestTag{new(ecs.DescribeImagePipelinesRequestTag).SetKey("team").SetValue("core")}
		}, []string{two}},
		{"of another region", func(r *pipelinesRequest) { r.SetRegionId("cn-beijing") }, nil},
	} {
		t.Run(row.claim, func(t *testing.T) {
			request := pipelinesOf(hangzhou)
			row.change(request)
			answer, err := client.DescribeImagePipelines(request)
			require.NoError(t, err)
			requireFields(t, answer.Body, "RequestId MaxResults NextToken TotalCount ImagePipeline")
			var got []string
			for _, p := range answer.Body.ImagePipeline.ImagePipelineSet {
				got = append(got, *p.ImagePipelineId)
			}
			require.ElementsMatch(t, row.want, got)
			require.EqualValues(t, len(row.want), *answer.Body.TotalCount)
		})
	}
	first, err := client.DescribeImagePipelines(pipelinesOf(hangzhou).SetMaxResults(1))
	require.NoError(t, err)
	require.NotEmpty(t, *first.Body.NextToken)
	second, err := client.DescribeImagePipelines(pipelinesOf(hangzhou).SetMaxResults(1).SetNextToken(*first.Body.NextToken))
	require.NoError(t, err)
	require.Empty(t, *second.Body.NextToken)
	require.NotEqual(t, *first.Body.ImagePipeline.ImagePipelineSet[0].ImagePipelineId,
		*second.Body.ImagePipeline.ImagePipelineSet[0].ImagePipelineId)
	_, err = client.DescribeImageComponents(componentsOf(hangzhou).SetNextToken(*first.Body.NextToken))
	requireRefusal(t, refusalOf(t, err), 403, "Invalid.NextToken", "The specified NextToken is not valid.")
}

func TestContractDescribeImagePipelinesRefusals(t *testing.T) {
	client := emulate(t).ecs(t)
	refuses(t, func() *pipelinesRequest { return pipelinesOf(hangzhou) }, client.DescribeImagePipelines, []refusal[pipelinesRequest]{
		{"no region", func(r *pipelinesRequest) { r.RegionId = nil }, 400, "MissingParameter", "%s"},
		{"21 ids", func(r *pipelinesRequest) {
			r.ImagePipelineId = dara.StringSlice(strings.Fields(strings.Repeat("ip-1 ", 21)))
		}, 400, "InvalidImagePipelineIdSize.ExceededMaxNumber", "%s"},
		{"a name that no template can have", func(r *pipelinesRequest) { r.SetName("1st") }, 400, "InvalidName.Malformed", "%s"},
		{"a token that no page gave", func(r *pipelinesRequest) { r.SetNextToken("invented") },
			403, "Invalid.NextToken", "The specified NextToken is not valid."},
		{"501 results", func(r *pipelinesRequest) { r.SetMaxResults(501) }, 400, "", "%s"},
	})
}

const (
	tagKeyText = `The specified Tag.N.Key is not valid. Tag keys cannot be empty or null, support up to 128 characters, ` +
		`cannot start with "aliyun" or "acs:", and cannot contain "http://" or "https://".`
	tagValueText = `The specified Tag.N.Value is not valid. Tag values support up to 128 characters, and cannot contain "http://" or "https://".`
)

func TestContractCreateImagePipelineRefusals(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	base := *c.imported(t, importOfBase().SetImageName("taken")).ImageId
	unfinished, err := client.ImportImage(importOfBase())
	require.NoError(t, err)
	test := c.component(t, componentOf("RUN true").SetComponentType("Test"))
	needy := c.component(t, componentOf("Parameters: {a: {Type: Number}}\nTasks:\n- {Name: a, Action: Reboot}"))

	rows := []refusal[pipelineRequest]{
		{"no region", func(r *pipelineRequest) { r.RegionId = nil }, 400, "MissingParameter", "%s"},
		{"an unknown region", func(r *pipelineRequest) { r.SetRegionId("mars-north-1") }, 404, "InvalidRegionId.NotFound", "%s"},
		{"a name that begins with a digit", func(r *pipelineRequest) { r.SetName("1st") }, 400, "InvalidName.Malformed", "%s"},
		{"a description of one letter", func(r *pipelineRequest) { r.SetDescription("d") }, 400, "InvalidDescription.Malformed", "%s"},
		{"a token of 65 letters", func(r *pipelineRequest) { r.SetClientToken(strings.Repeat("t", 65)) },
			400, "InvalidClientToken.Malformed", "%s"},
		{"no kind of base", func(r *pipelineRequest) { r.BaseImageType = nil }, 400, "MissingParameter", "%s"},
		{"an unknown kind of base", func(r *pipelineRequest) { r.SetBaseImageType("SNAPSHOT") },
			400, "InvalidBaseImageType.NotSupportedValue", "%s"},
		{"no base", func(r *pipelineRequest) { r.BaseImage = nil }, 400, "MissingParameter", "%s"},
		{"a base that is not there", func(r *pipelineRequest) { r.SetBaseImage("m-none") }, 404, "InvalidImage.NotFound", "%s"},
		{"a base that is not usable yet", func(r *pipelineRequest) { r.SetBaseImage(*unfinished.Body.ImageId) }, 404, "InvalidImage.NotFound", "%s"},
		{"a family without an image", func(r *pipelineRequest) { r.SetBaseImageType("IMAGE_FAMILY").SetBaseImage("golden-family") },
			404, "InvalidImage.NotFound", "%s"},
		{"an instance type that is none", func(r *pipelineRequest) { r.SetInstanceType("huge") },
			404, "InvalidInstanceType.NotFound", "The specified instance type does not exist."},
		{"a switch that is none", func(r *pipelineRequest) { r.SetVSwitchId("switch") },
			404, "InvalidVSwitchId.NotFound", "The specified VSwitchId does not exist."},
		{"a system disk of 19 GiB", func(r *pipelineRequest) { r.SetSystemDiskSize(19) }, 400, "InvalidSystemDiskSize.NotSupportedValue", "%s"},
		{"a system disk of 501 GiB", func(r *pipelineRequest) { r.SetSystemDiskSize(501) }, 400, "InvalidSystemDiskSize.NotSupportedValue", "%s"},
		{"a bandwidth of 101 Mbit/s", func(r *pipelineRequest) { r.SetInternetMaxBandwidthOut(101) },
			400, "InvalidInternetMaxBandwidthOut.NotSupportedValue", "%s"},
		{"an unknown repair mode", func(r *pipelineRequest) { r.SetRepairMode("Deep") },
			400, "InvalidParameter.RepairMode", "The specified parameter RepairMode is invalid."},
		{"21 regions", func(r *pipelineRequest) {
			r.ToRegionId = dara.StringSlice(strings.Fields(strings.Repeat("cn-beijing ", 21)))
		}, 400, "InvalidToRegionIdSize.ExceededMaxNumber", "%s"},
		{"a target region that is not there", func(r *pipelineRequest) { r.SetToRegionId(dara.StringSlice([]string{"mars-north-1"})) },
			404, "InvalidRegionId.NotFound", "%s"},
		{"21 accounts", func(r *pipelineRequest) { r.AddAccount = slices.Repeat([]*int64{dara.Int64(1)}, 21) },
			400, "InvalidAddAccountSize.ExceededMaxNumber", "%s"},
		{"an unknown resource group", func(r *pipelineRequest) { r.SetResourceGroupId("golden") },
			404, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."},

		{"an image name of 65 letters", func(r *pipelineRequest) { r.ImageOptions.SetImageName(strings.Repeat("a", 65)) },
			400, "InvalidImageName.Malformed", "%s"},
		{"an image family of one letter", func(r *pipelineRequest) { r.ImageOptions.SetImageFamily("a") },
			400, "InvalidImageFamily.Malformed", "The format of the specified image family is invalid."},
		{"an image description of one letter", func(r *pipelineRequest) { r.ImageOptions.SetDescription("d") },
			400, "InvalidImageOptions.Description", "The specified parameter ImageOptions.Description is invalid. " +
				"The length should be between 2 to 256 characters, and cannot start with http:// or https://."},
		{"an unknown NVMe mode", func(r *pipelineRequest) { r.ImageOptions.SetImageFeatures(new(pipelineNvme).SetNvmeSupport("maybe")) },
			400, "InvalidParameter.NvmeSupport", "The specified parameter NvmeSupport is invalid. The correct value should be in [%s]."},
		{"an unknown suffix", func(r *pipelineRequest) { r.SetAdvancedOptions(new(pipelineAdvanced).SetImageNameSuffix("date")) },
			400, "InvalidAdvancedOptions.ImageNameSuffix",
			"The specified parameter AdvancedOptions.ImageNameSuffix is invalid. The correct value should be in [%s]."},
		{"a fixed image name that is taken", func(r *pipelineRequest) {
			r.SetAdvancedOptions(new(pipelineAdvanced).SetImageNameSuffix("disable")).ImageOptions.SetImageName("taken")
		}, 400, "InvalidImageName.Duplicated", "The specified image name is already in use in the target region. Please try a different one."},
		{"a tag key twice", func(r *pipelineRequest) {
			r.Tag = []*pipelineTag{new(pipelineTag).SetKey("team"), new(pipelineTag).SetKey("team")}
		}, 400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."},
		{"a reserved tag key", func(r *pipelineRequest) { r.Tag = []*pipelineTag{new(pipelineTag).SetKey("acs:a")} },
			400, "InvalidTagKey.Malformed", tagKeyText},
		{"a tag value of 129 letters", func(r *pipelineRequest) {
			r.Tag = []*pipelineTag{new(pipelineTag).SetKey("team").SetValue(strings.Repeat("v", 129))}
		}, 400, "InvalidTagValue.Malformed", tagValueText},
		{"a bad tag of the image", func(r *pipelineRequest) {
			r.ImageOptions.SetImageTags([]*pipelineImageTag{new(pipelineImageTag).SetKey("aliyun")})
		}, 400, "InvalidTagKey.Malformed", tagKeyText},

		{"content above 16 KB", func(r *pipelineRequest) { r.SetBuildContent("RUN echo " + strings.Repeat("a", 16<<10)) },
			400, "InvalidBuildContent.LengthExceeded", "%s"},
		{"test content above 16 KB", func(r *pipelineRequest) { r.SetTestContent("RUN echo " + strings.Repeat("a", 16<<10)) },
			400, "InvalidParameter.TestContent", "%s."},
		{"128 commands", func(r *pipelineRequest) { r.SetBuildContent(strings.Repeat("RUN true\n", 128)) },
			400, "InvalidImageTemplateCommandSize.ExceededMaxNumber", "%s"},
		{"FROM behind another command", func(r *pipelineRequest) { r.SetBuildContent("RUN true\nFROM m-1") },
			400, "InvalidCommandOrder.FROM", "%s"},
		{"FROM twice", func(r *pipelineRequest) { r.SetBuildContent("FROM m-1\nFROM m-2") }, 400, "DuplicatedCommand.FROM", "%s"},
		{"FROM with two images", func(r *pipelineRequest) { r.SetBuildContent("FROM m-1 m-2") }, 400, "InvalidCommandContent.FROM", "%s"},
		{"a component that is not there", func(r *pipelineRequest) { r.SetBuildContent("COMPONENT ic-none") },
			404, "ImageComponent.NotFound", "%s."},
		{"a test component in the build", func(r *pipelineRequest) { r.SetBuildContent("COMPONENT " + test) },
			400, "InvalidImageComponent.NotSupported", "%s."},
		{"a component without the value that it needs", func(r *pipelineRequest) { r.SetBuildContent("COMPONENT " + needy) },
			400, "InvalidParameter.BuildContent", "%s."},
		{"a component with a value of the wrong type", func(r *pipelineRequest) { r.SetBuildContent("COMPONENT " + needy + " --a x") },
			400, "InvalidParameter.BuildContent", "%s."},
		{"a component with an unknown parameter", func(r *pipelineRequest) { r.SetTestContent("COMPONENT " + test + " --a 1") },
			400, "InvalidParameter.TestContent", "%s."},
		{"a fixed name that is none", func(r *pipelineRequest) {
			r.ImageOptions, r.AdvancedOptions = nil, new(ecs.CreateImagePipelineRequestAdvancedOptions).SetImageNameSuffix("disable")
		}, 400, "InvalidParameterCombination", "%s."},
	}
	for _, bad := range badContents {
		switch bad.code {
		case "InvalidCommand.Component", "NotSupportedCommand.FROM":
			continue // a template takes both
		case "InvalidParameter.Content":
			bad.code = "InvalidParameter.BuildContent"
		}
		rows = append(rows, refusal[pipelineRequest]{bad.claim, func(r *pipelineRequest) { r.SetBuildContent(bad.content) },
			bad.status, bad.code, bad.message})
	}
	refuses(t, func() *pipelineRequest { return pipelineOn(base) }, client.CreateImagePipeline, rows)
	left, err := client.DescribeImagePipelines(pipelinesOf(hangzhou))
	require.NoError(t, err)
	require.EqualValues(t, 0, *left.Body.TotalCount, "a refused call leaves nothing behind")
}

func TestContractPipelineFromOSSRefusals(t *testing.T) {
	c := emulate(t)
	type request = pipelineRequest
	options := func(r *request) *pipelineImport { return r.ImportImageOptions }
	disk := func(r *request) *pipelineDisk { return r.ImportImageOptions.DiskDeviceMappings[0] }
	wrong := func(name string) string {
		return fmt.Sprintf("The specified parameter ImportImageOptions.%s is invalid. The correct value should be in [%%s].", name)
	}
	refuses(t, pipelineFromOSS, c.ecs(t).CreateImagePipeline, []refusal[request]{
		{"no options", func(r *request) { r.ImportImageOptions = nil },
			404, "MissingParameter.ImportImageOptions", "The specified parameter ImportImageOptions is missing."},
		{"no disk", func(r *request) { r.ImportImageOptions = new(pipelineImport).SetOSType("linux") },
			404, "MissingParameter.ImageOptionsDiskDeviceMappings", "The specified parameter ImportImageOptions.DiskDeviceMappings is missing."},
		{"a disk without a bucket", func(r *request) { disk(r).OSSBucket = nil },
			404, "MissingParameter.ImportImageOptionsDiskDeviceMappingsOSSBucket",
			"The specified parameter ImportImageOptions.DiskDeviceMappings.OSSBucket is missing."},
		{"a disk without an object", func(r *request) { disk(r).OSSObject = nil },
			404, "MissingParameter.ImportImageOptionsDiskDeviceMappingsOSSObject",
			"The specified parameter ImportImageOptions.DiskDeviceMappings.OSSObject is missing."},
		{"18 disks", func(r *request) { options(r).DiskDeviceMappings = slices.Repeat(options(r).DiskDeviceMappings, 18) },
			400, "InvalidImportImageOptionsDiskDeviceMappings.LengthLimitExceeded",
			"The length of the specified parameter ImportImageOptions.DiskDeviceMappings exceeds the limit(17)."},
		{"a bucket in upper case", func(r *request) { disk(r).SetOSSBucket("Golden") },
			400, "InvalidParameter.ImportImageOptionsDiskDeviceMappingsOSSBucket",
			"The specified parameter ImportImageOptions.DiskDeviceMappings.OSSBucket is invalid. %s"},
		{"an object that is a URL", func(r *request) { disk(r).SetOSSObject("https://example.com/disk.raw") },
			400, "InvalidParameter.ImportImageOptionsDiskDeviceMappingsOSSObject",
			"The specified parameter ImportImageOptions.DiskDeviceMappings.OSSObject is invalid. %s"},
		{"an object that is not there", func(r *request) { disk(r).SetOSSObject("is-not-there.raw") },
			404, "InvalidImportImageOptionsDiskDeviceMappingsOSSObject.NotFound",
			"The specified ImportImageOptions.DiskDeviceMappings.OSSObject is not found in this region."},
		{"VMDK, which templates do not take", func(r *request) { disk(r).SetFormat("VMDK") },
			400, "InvalidParameter.ImportImageOptionsDiskDeviceMappingsFormat", wrong("DiskDeviceMappings.Format")},
		{"a QCOW2 that is declared as raw", func(r *request) { disk(r).SetFormat("RAW") },
			400, "InvalidParameter.ImportImageOptionsDiskDeviceMappingsFormat", wrong("DiskDeviceMappings.Format")},
		{"a disk above 2 TiB", func(r *request) { disk(r).SetDiskImageSize(2049) }, 400, "InvalidOperation.DiskImageSizeExceeded",
			"The disk size exceeds the limit. Please check the specified parameter ImportImageOptions.DiskDeviceMappings.DiskImageSize and " +
				"ImportImageOptions.DiskDeviceMappings.OSSObject. Ensure that each of them is between 1 and 2048 in size."},
		{"i386, which templates do not take", func(r *request) { options(r).SetArchitecture("i386") },
			400, "InvalidParameter.ImportImageOptionsArchitecture", wrong("Architecture")},
		{"an unknown system", func(r *request) { options(r).SetOSType("plan9") },
			400, "InvalidParameter.ImportImageOptionsOSType", wrong("OSType")},
		{"an unknown platform", func(r *request) { options(r).SetPlatform("BeOS") },
			400, "InvalidParameter.ImportImageOptionsPlatform", wrong("Platform")},
		{"an unknown boot mode", func(r *request) { options(r).SetBootMode("LILO") },
			400, "InvalidParameter.ImportImageOptionsBootMode", wrong("BootMode")},
		{"arm64 that boots by BIOS", func(r *request) { options(r).SetArchitecture("arm64").SetBootMode("BIOS") },
			400, "InvalidParameter.ImportImageOptionsBootMode", wrong("BootMode")},
		{"an unknown licence", func(r *request) { options(r).SetLicenseType("Floating") },
			400, "InvalidParameter.ImportImageOptionsLicenseType", wrong("LicenseType")},
		{"an unknown NVMe mode", func(r *request) { options(r).SetFeatures(new(pipelineFeatures).SetNvmeSupport("auto")) },
			400, "InvalidParameter.ImportImageOptionsFeaturesNvmeSupport", wrong("Features.NvmeSupport")},
	})
}

func TestContractTemplatesFindTheirComponents(t *testing.T) {
	c := emulate(t)
	base := *c.imported(t, importOfBase()).ImageId
	c.component(t, componentOf("RUN true").SetName("tools").SetComponentVersion("1.2.3"))
	account := value(c.image(t, hangzhou, base).ImageOwnerId)
	for _, separator := range []string{"/", ":"} {
		for version, found := range map[string]bool{"1.2.3": true, "1.*.*": true, "1.2.*": true, "2.*.*": false} {
			content := fmt.Sprintf("COMPONENT acs:ecs:cn-hangzhou:%d:imagecomponent/tools%s%s", account, separator, version)
			_, err := c.ecs(t).CreateImagePipeline(pipelineOn(base).SetBuildContent(content))
			if found {
				require.NoError(t, err, content)
				continue
			}
			requireRefusal(t, refusalOf(t, err), 404, "ImageComponent.NotFound", "%s.")
		}
	}
	c.pipeline(t, pipelineOn(base).SetBuildContent("FROM "+base+"\nRUN true"))
}

// A template on a Windows image takes Windows' commands and components alone.
func TestContractTemplatesFitTheirSystem(t *testing.T) {
	c := emulate(t)
	windows := *c.imported(t, importOf("disks/windows.vhd").SetOSType("windows").SetPlatform("Windows Server 2022").
		SetLicenseType("BYOL")).ImageId
	const script = "Tasks:\n- {Name: a, Action: RunPowerShellCommand, Properties: {commandContent: dir}}"
	for _, row := range []struct {
		claim, content, code string
	}{
		{"a task of Windows", script, ""},
		{"a line command", "RUN true", "InvalidImageTemplateCommand.NotSupported"},
		{"a task of Linux", strings.Replace(script, "PowerShell", "Shell", 1), "InvalidImageTemplateCommand.NotSupported"},
		{"a component for Windows", "COMPONENT " + c.component(t, componentOf(script).SetSystemType("Windows")), ""},
		{"a component for Linux", "COMPONENT " + c.component(t, componentOf("RUN true")), "InvalidImageComponent.NotSupported"},
	} {
		t.Run(row.claim, func(t *testing.T) {
			_, err := c.ecs(t).CreateImagePipeline(pipelineOn(windows).SetBuildContent(row.content))
			if row.code == "" {
				require.NoError(t, err)
				return
			}
			requireRefusal(t, refusalOf(t, err), 400, row.code, "%s")
		})
	}
}
