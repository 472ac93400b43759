package testsuite

import (
	"slices"
	"strings"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/stretchr/testify/require"
)

type (
	image         = *ecs.DescribeImagesResponseBodyImagesImage
	imagesRequest = ecs.DescribeImagesRequest
	imageTag      = ecs.DescribeImagesRequestTag
	imageFilter   = ecs.DescribeImagesRequestFilter
)

const anyStatus = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"

func imagesOf(region string) *imagesRequest { return new(imagesRequest).SetRegionId(region) }

// image is one image in any status.
func (c *emulated) image(t *testing.T, region, id string) image {
	t.Helper()
	answer, err := c.ecs(t).DescribeImages(imagesOf(region).SetImageId(id).SetStatus(anyStatus))
	require.NoError(t, err)
	require.Len(t, answer.Body.Images.Image, 1)
	return answer.Body.Images.Image[0]
}

// diskFacts are what an image says of one of its disks.
type diskFacts struct{ Type, Size, Format, Bucket, Object string }

func disksOf(img image) []diskFacts {
	var all []diskFacts
	for _, d := range img.DiskDeviceMappings.DiskDeviceMapping {
		all = append(all, diskFacts{value(d.Type), value(d.Size), value(d.Format), value(d.ImportOSSBucket), value(d.ImportOSSObject)})
	}
	return all
}

func TestContractDescribeImagesFields(t *testing.T) {
	c := emulate(t)
	id := value(c.imported(t, importOfBase().SetDetectionStrategy("Standard").SetLicenseType("BYOL").
		SetTag([]*importTag{new(importTag).SetKey("team").SetValue("core")})).ImageId)
	answer, err := c.ecs(t).DescribeImages(imagesOf(hangzhou).SetImageId(id))
	require.NoError(t, err)
	requireFields(t, answer.Body, "RequestId RegionId PageNumber PageSize TotalCount Images")
	img := answer.Body.Images.Image[0]
	requireFields(t, img, `ImageId ImageName ImageFamily ImageVersion Description Status Progress Size Architecture OSType Platform
		OSName OSNameEn BootMode CreationTime ImageOwnerAlias ImageOwnerId IsCopied IsPublic IsSelfShared IsSubscribed IsSupportCloudinit
		IsSupportIoOptimized LoginAsNonRootSupported ProductCode ResourceGroupId SupplierName Usage
		DiskDeviceMappings Tags DetectionOptions Features`)
	requireFields(t, img.DiskDeviceMappings.DiskDeviceMapping[0],
		"Type Device Size Format SnapshotId ImportOSSBucket ImportOSSObject Progress RemainTime Encrypted")
	requireFields(t, img.Tags.Tag[0], "TagKey TagValue")
	requireFields(t, img.DetectionOptions, "Status Items")
	requireFields(t, img.Features,
		"NvmeSupport ImdsSupport CpuOnlineUpgrade CpuOnlineDowngrade MemoryOnlineUpgrade MemoryOnlineDowngrade")
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, *img.CreationTime)
}

// An image that is being imported shows only to those who ask for its status.
func TestContractAnImageComesWithItsTask(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	begun, err := client.ImportImage(importOfBase())
	require.NoError(t, err)
	id, task := *begun.Body.ImageId, *begun.Body.TaskId
	for range 40 {
		status := value(c.image(t, hangzhou, id).Status)
		shown, err := client.DescribeImages(imagesOf(hangzhou).SetImageId(id))
		require.NoError(t, err)
		if c.task(t, task).status == "Finished" {
			require.Equal(t, "Available", status)
			require.Len(t, shown.Body.Images.Image, 1)
			return
		}
		require.Contains(t, []string{"Waiting", "Creating"}, status)
		require.Empty(t, shown.Body.Images.Image)
		c.pass(30 * time.Second)
	}
	t.Fatal("the import did not end")
}

func TestContractDescribeImagesFilters(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	mine := c.imported(t, importOfBase().SetImageName("golden-linux").SetResourceGroupId("rg-one").
		SetTag([]*importTag{new(importTag).SetKey("team").SetValue("core"), new(importTag).SetKey("stage").SetValue("test")}))
	arm := c.imported(t, importOf("disks/arm64.raw").SetImageName("golden-arm").SetArchitecture("arm64"))
	windows := c.imported(t, importOf("disks/windows.vhd").SetImageName("golden-windows").SetOSType("windows").
		SetPlatform("Windows Server 2019").SetLicenseType("BYOL"))
	tag := func(key, text string) *imageTag { return new(imageTag).SetKey(key).SetValue(text) }
	filter := func(key, text string) *imageFilter { return new(imageFilter).SetKey(key).SetValue(text) }
	late := c.clock.Now().Add(time.Minute).UTC().Format("2006-01-02T15:04Z")

	for _, row := range []struct {
		claim  string
		change func(*imagesRequest)
		want   []image
	}{
		{"the caller's own", func(*imagesRequest) {}, []image{mine, arm, windows}},
		{"by id", func(r *imagesRequest) { r.SetImageId(*arm.ImageId) }, []image{arm}},
		{"by an id that is not there", func(r *imagesRequest) { r.SetImageId("m-none") }, nil},
		{"by a part of the name", func(r *imagesRequest) { r.SetImageName("golden") }, []image{mine, arm, windows}},
		{"by name", func(r *imagesRequest) { r.SetImageName("golden-arm") }, []image{arm}},
		{"by architecture", func(r *imagesRequest) { r.SetArchitecture("arm64") }, []image{arm}},
		{"by system", func(r *imagesRequest) { r.SetOSType("windows") }, []image{windows}},
		{"by resource group", func(r *imagesRequest) { r.SetResourceGroupId("rg-one") }, []image{mine}},
		{"by snapshot", func(r *imagesRequest) { r.SetSnapshotId(*mine.DiskDeviceMappings.DiskDeviceMapping[0].SnapshotId) }, []image{mine}},
		{"by tag", func(r *imagesRequest) { r.Tag = []*imageTag{tag("team", "core")} }, []image{mine}},
		{"by all tags", func(r *imagesRequest) { r.Tag = []*imageTag{tag("team", "core"), tag("stage", "live")} }, nil},
		{"in other states", func(r *imagesRequest) { r.SetStatus("Creating,CreateFailed") }, nil},
		{"used by instances", func(r *imagesRequest) { r.SetUsage("instance") }, nil},
		{"not used by instances", func(r *imagesRequest) { r.SetUsage("none") }, []image{mine, arm, windows}},
		{"that others share", func(r *imagesRequest) { r.SetImageOwnerAlias("others") }, nil},
		{"of another region", func(r *imagesRequest) { r.SetRegionId("cn-beijing") }, nil},
		{"made after now", func(r *imagesRequest) { r.Filter = []*imageFilter{filter("CreationStartTime", late)} }, nil},
		{"made before now", func(r *imagesRequest) { r.Filter = []*imageFilter{filter("CreationEndTime", late)} }, []image{mine, arm, windows}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			request := imagesOf(hangzhou).SetImageOwnerAlias("self")
			row.change(request)
			answer, err := client.DescribeImages(request)
			require.NoError(t, err)
			require.ElementsMatch(t, imageIDs(row.want), imageIDs(answer.Body.Images.Image))
			require.EqualValues(t, len(row.want), *answer.Body.TotalCount)
		})
	}
}

func imageIDs(images []image) []string {
	ids := []string{}
	for _, img := range images {
		ids = append(ids, value(img.ImageId))
	}
	return ids
}

func TestContractSystemImages(t *testing.T) {
	c := emulate(t)
	mine := c.imported(t, importOfBase())
	system, err := c.ecs(t).DescribeImages(imagesOf(hangzhou).SetImageOwnerAlias("system"))
	require.NoError(t, err)
	require.NotEmpty(t, system.Body.Images.Image)
	for _, img := range system.Body.Images.Image {
		require.Equal(t, "system", value(img.ImageOwnerAlias))
		require.Equal(t, "Available", value(img.Status))
	}
	all, err := c.ecs(t).DescribeImages(imagesOf(hangzhou))
	require.NoError(t, err)
	require.ElementsMatch(t, append(imageIDs(system.Body.Images.Image), *mine.ImageId), imageIDs(all.Body.Images.Image),
		"without an owner the list has all of them")
}

func TestContractDescribeImagesPages(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	var want []string
	for range 12 {
		want = append(want, *c.imported(t, importOfBase()).ImageId)
	}
	own := func() *imagesRequest { return imagesOf(hangzhou).SetImageOwnerAlias("self") }
	first, err := client.DescribeImages(own())
	require.NoError(t, err)
	require.Equal(t, []int32{1, 10, 12}, []int32{*first.Body.PageNumber, *first.Body.PageSize, *first.Body.TotalCount})
	require.Len(t, first.Body.Images.Image, 10, "the default")

	var got []string
	for page := range int32(4) {
		answer, err := client.DescribeImages(own().SetPageNumber(page + 1).SetPageSize(5))
		require.NoError(t, err)
		require.EqualValues(t, 12, *answer.Body.TotalCount)
		require.Equal(t, page+1, *answer.Body.PageNumber)
		got = append(got, imageIDs(answer.Body.Images.Image)...)
	}
	slices.Sort(got)
	slices.Sort(want)
	require.Equal(t, want, got, "every image once, and none behind the last page")
}

func TestContractDescribeImagesRefusals(t *testing.T) {
	client := emulate(t).ecs(t)
	filter := func(key, text string) func(*imagesRequest) {
		return func(r *imagesRequest) { r.Filter = []*imageFilter{new(imageFilter).SetKey(key).SetValue(text)} }
	}
	refuses(t, func() *imagesRequest { return imagesOf(hangzhou) }, client.DescribeImages, []refusal[imagesRequest]{
		{"no region", func(r *imagesRequest) { r.RegionId = nil },
			400, "MissingParameter", `The input parameter "RegionId" that is mandatory for processing this request is not supplied.`},
		{"an unknown region", func(r *imagesRequest) { r.SetRegionId("mars-north-1") },
			404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
		{"an unknown owner", func(r *imagesRequest) { r.SetImageOwnerAlias("friends") },
			400, "InvalidImageOwnerAlias.ValueNotSupported", "The specified ImageOwnerAlias value is not supported."},
		{"an owner's id for one's own images", func(r *imagesRequest) { r.SetImageOwnerAlias("self").SetImageOwnerId(123) },
			400, "InvalidOperation.ImageOwnerIdUnsupported",
			`The parameter "ImageOwnerId" is not supported in this context, it is only valid when querying shared images or community images.`},
		{"public images that are one's own", func(r *imagesRequest) { r.SetIsPublic(true).SetImageOwnerAlias("self") },
			400, "InvalidImageOwnerAlias.PublicImageUnsupported",
			"When querying images, the parameter ImageOwnerAlias should be others while specified parameter IsPublic is true."},
		{"an unknown status", func(r *imagesRequest) { r.SetStatus("Available,Ripe") },
			400, "InvalidParamter", "Invalid Parameter."},
		{"an unknown architecture", func(r *imagesRequest) { r.SetArchitecture("sparc") },
			404, "InvalidArchitecture", "The specified Architecture is not valid."},
		{"an unknown system", func(r *imagesRequest) { r.SetOSType("plan9") },
			404, "InvalidOSType", "The specified OSType is not valid."},
		{"an unknown usage", func(r *imagesRequest) { r.SetUsage("decoration") },
			404, "InvalidUsage", "The specified Usage is not valid."},
		{"an instance type that is none", func(r *imagesRequest) { r.SetInstanceType("huge") },
			400, "InvalidInstanceType.ValueNotSupported",
			"The specified instance type %s does not exist. You can use the DescribeInstanceTypes API to query the available instance types."},
		{"an unknown filter", filter("Colour", "red"), 404, "InvalidFilterKey.NotFound", "The specified Filter Key is not found."},
		{"a filter's time that is none", filter("CreationStartTime", "yesterday"),
			404, "InvalidFilterValue", "The specified Filter Value is not valid."},
		{"an unknown network", filter("NetworkType", "token-ring"),
			400, "InvalidFilterValue.NetworkType", "The specified networkType value in the Filter is invalid."},
		{"21 tags", func(r *imagesRequest) {
			for n := range 21 {
				r.Tag = append(r.Tag, new(imageTag).SetKey(strings.Repeat("k", n+1)))
			}
		}, 400, "InvalidTagCount", "The specified tags are beyond the permitted range."},
		{"a tag value without a key", func(r *imagesRequest) { r.Tag = []*imageTag{new(imageTag).SetValue("core")} },
			400, "InvalidTag.Mismatch", "The specified Tag.n.Key and Tag.n.Value are not match."},
		{"page 0", func(r *imagesRequest) { r.SetPageNumber(0) }, 400, "", "%s"},
		{"a page of 101", func(r *imagesRequest) { r.SetPageSize(101) }, 400, "", "%s"},
		{"a dry run", func(r *imagesRequest) { r.SetDryRun(true) }, 400, "DryRunOperation", "%s"},
	})
}

func TestContractDescribeRegions(t *testing.T) {
	client := emulate(t).ecs(t)
	for language, want := range map[string]string{"": "华东1（杭州）", "zh-CN": "华东1（杭州）", "en-US": "China (Hangzhou)"} {
		request := new(ecs.DescribeRegionsRequest).SetResourceType("instance")
		if language != "" {
			request.SetAcceptLanguage(language)
		}
		answer, err := client.DescribeRegions(request)
		require.NoError(t, err)
		regions := answer.Body.Regions.Region
		i := slices.IndexFunc(regions, func(r *ecs.DescribeRegionsResponseBodyRegionsRegion) bool { return value(r.RegionId) == hangzhou })
		require.GreaterOrEqual(t, i, 0)
		requireFields(t, regions[i], "RegionId RegionEndpoint LocalName Status")
		require.Equal(t, want, *regions[i].LocalName, language)
	}
	_, err := client.DescribeRegions(new(ecs.DescribeRegionsRequest).SetResourceType("spaceship"))
	requireRefusal(t, refusalOf(t, err), 400, "", "%s")
}
