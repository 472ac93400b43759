package testsuite

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/stretchr/testify/require"
)

type (
	importRequest = ecs.ImportImageRequest
	importDisk    = ecs.ImportImageRequestDiskDeviceMapping
	importTag     = ecs.ImportImageRequestTag
)

// importOf is a good ImportImage of these objects of the seeded bucket.
func importOf(objects ...string) *importRequest {
	r := new(importRequest).SetRegionId(hangzhou)
	for _, object := range objects {
		r.DiskDeviceMapping = append(r.DiskDeviceMapping, new(importDisk).SetOSSBucket(disks).SetOSSObject(object))
	}
	return r
}

func importOfBase() *importRequest { return importOf("disks/base.qcow2") }

// imported imports and returns the image once it is usable.
func (c *emulated) imported(t *testing.T, r *importRequest) image {
	t.Helper()
	answer, err := c.ecs(t).ImportImage(r)
	require.NoError(t, err)
	c.pass(20 * time.Minute)
	return c.image(t, value(r.RegionId), *answer.Body.ImageId)
}

func TestContractImportImageMakesTheImageThatWasAskedFor(t *testing.T) {
	c := emulate(t)
	r := importOf("disks/base.qcow2", "disks/data.raw").
		SetImageName("golden-base").SetDescription("made by the contract").
		SetArchitecture("x86_64").SetOSType("linux").SetPlatform("Debian").SetBootMode("UEFI").
		SetRoleName("AliyunECSImageImportDefaultRole").SetResourceGroupId("rg-bp67acfmxazb4p1").
		SetDetectionStrategy("Standard").SetClientToken("token-1").SetDryRun(false).
		SetFeatures(new(ecs.ImportImageRequestFeatures).SetNvmeSupport("supported").SetImdsSupport("v2")).
		SetTag([]*importTag{new(importTag).SetKey("kiln:build").SetValue("web"), new(importTag).SetKey("empty").SetValue("")})
	r.DiskDeviceMapping[0].SetFormat("QCOW2").SetDiskImageSize(40)
	r.DiskDeviceMapping[1].SetFormat("RAW").SetDiskImageSize(20)

	answer, err := c.ecs(t).ImportImage(r)
	require.NoError(t, err)
	requireFields(t, answer.Body, "RequestId ImageId TaskId RegionId")
	require.Regexp(t, requestID, *answer.Body.RequestId)
	require.Regexp(t, `^m-[a-z0-9]+$`, *answer.Body.ImageId)
	require.Regexp(t, `^t-[a-z0-9]+$`, *answer.Body.TaskId)
	require.Equal(t, hangzhou, *answer.Body.RegionId)

	c.pass(time.Hour)
	img := c.image(t, hangzhou, *answer.Body.ImageId)
	for field, pair := range map[string][2]string{
		"ImageName":       {"golden-base", value(img.ImageName)},
		"Description":     {"made by the contract", value(img.Description)},
		"Status":          {"Available", value(img.Status)},
		"Progress":        {"100%", value(img.Progress)},
		"Architecture":    {"x86_64", value(img.Architecture)},
		"OSType":          {"linux", value(img.OSType)},
		"Platform":        {"Debian", value(img.Platform)},
		"BootMode":        {"UEFI", value(img.BootMode)},
		"ResourceGroupId": {"rg-bp67acfmxazb4p1", value(img.ResourceGroupId)},
		"NvmeSupport":     {"supported", value(img.Features.NvmeSupport)},
		"ImdsSupport":     {"v2", value(img.Features.ImdsSupport)},
		"ImageOwnerAlias": {"self", value(img.ImageOwnerAlias)},
		"CreationTime":    {c.clock.Now().Add(-time.Hour / simulatedSpeed).UTC().Format(time.RFC3339), value(img.CreationTime)},
		"detection":       {"Finished", value(img.DetectionOptions.Status)},
	} {
		require.Equal(t, pair[0], pair[1], field)
	}
	tags := map[string]string{}
	for _, tag := range img.Tags.Tag {
		tags[value(tag.TagKey)] = value(tag.TagValue)
	}
	require.Equal(t, map[string]string{"kiln:build": "web", "empty": ""}, tags)
	require.Equal(t, []diskFacts{
		{"system", "40", "QCOW2", disks, "disks/base.qcow2"},
		{"data", "20", "RAW", disks, "disks/data.raw"},
	}, disksOf(img))
}

func TestContractImportImageWithDefaults(t *testing.T) {
	c := emulate(t)
	img := c.imported(t, importOfBase())
	require.Equal(t, "x86_64", value(img.Architecture))
	require.Equal(t, "linux", value(img.OSType))
	require.Equal(t, "Others Linux", value(img.Platform))
	require.Equal(t, "BIOS", value(img.BootMode))
	require.Equal(t, "v1", value(img.Features.ImdsSupport))

	arm := c.imported(t, importOf("disks/arm64.raw").SetArchitecture("arm64"))
	require.Equal(t, "UEFI", value(arm.BootMode), "the only boot mode of arm64")
}

// A format that is not declared is found in the bytes, whatever the object is called.
func TestContractImportImageRecognisesFormats(t *testing.T) {
	c := emulate(t)
	qcow2, err := os.ReadFile(filepath.Join(seeded, "base.qcow2"))
	require.NoError(t, err)
	c.put(t, "misnamed.raw", qcow2)
	c.put(t, "sparse.vmdk", vmdkHeader(5<<30))
	for object, want := range map[string]string{
		"disks/base.qcow2": "QCOW2", "disks/data.raw": "RAW", "disks/arm64.raw": "RAW", "disks/windows.vhd": "VHD",
		"misnamed.raw": "QCOW2", "sparse.vmdk": "VMDK",
	} {
		t.Run(object, func(t *testing.T) {
			require.Equal(t, want, disksOf(c.imported(t, importOf(object)))[0].Format)
			declared := importOf(object)
			declared.DiskDeviceMapping[0].SetFormat(want)
			require.Equal(t, want, disksOf(c.imported(t, declared))[0].Format)
		})
	}
}

// vmdkHeader is that of a hosted sparse disk of version 1.
func vmdkHeader(size uint64) []byte {
	header := make([]byte, 1<<16)
	copy(header, "KDMV")
	binary.LittleEndian.PutUint32(header[4:], 1)
	binary.LittleEndian.PutUint64(header[12:], size/512)
	return header
}

func TestContractImportImageHoldsTheDiskToTheFile(t *testing.T) {
	c := emulate(t)
	c.put(t, "three.raw", nil)
	require.NoError(t, os.Truncate(filepath.Join(c.opts.OSSDir, disks, "three.raw"), 2<<30+1))
	sized := func(gib int32) *importRequest {
		r := importOf("three.raw")
		r.DiskDeviceMapping[0].SetDiskImageSize(gib)
		return r
	}
	_, err := c.ecs(t).ImportImage(sized(2))
	requireRefusal(t, refusalOf(t, err), 400, "InvalidImageSize", "%s")
	require.Equal(t, "3", disksOf(c.imported(t, sized(3)))[0].Size)
	require.Equal(t, "2048", disksOf(c.imported(t, sized(2048)))[0].Size)
	require.Equal(t, "3", disksOf(c.imported(t, importOf("three.raw")))[0].Size, "when no size is given")
}

func TestContractImportImageTakesSeventeenDisks(t *testing.T) {
	c := emulate(t)
	objects := []string{"disks/base.qcow2"}
	for len(objects) < 17 {
		objects = append(objects, "disks/data.raw")
	}
	img := c.imported(t, importOf(append(objects, "is-not-there.raw")...))
	require.Len(t, disksOf(img), 17, "what comes behind is ignored without an error")
}

// Two editions of the page differ in whose name and description it is.
const (
	malformedName        = "The specified %s name is wrongly formed."
	malformedDescription = "The specified %s description is wrongly formed."
)

func TestContractImportImageRefusals(t *testing.T) {
	c := emulate(t)
	c.put(t, "empty.raw", nil)
	c.put(t, "disk.iso", []byte("no disk"))
	c.put(t, "short.vhd", changedVHD(t, 28, 1))
	c.put(t, "coarse.vhd", changedVHD(t, 32, 4<<20))
	client := c.ecs(t)
	_, err := client.ImportImage(importOfBase().SetImageName("taken"))
	require.NoError(t, err)
	first := func(r *importRequest) *importDisk { return r.DiskDeviceMapping[0] }
	windows := func(r *importRequest) *importRequest {
		return r.SetOSType("windows").SetPlatform("Windows Server 2022").SetLicenseType("BYOL")
	}

	refuses(t, importOfBase, client.ImportImage, []refusal[importRequest]{
		{"no region", func(r *importRequest) { r.RegionId = nil },
			400, "MissingParameter", `An input parameter "RegionId" that is mandatory for processing the request is not supplied.`},
		{"an unknown region", func(r *importRequest) { r.SetRegionId("mars-north-1") },
			400, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
		{"no disk", func(r *importRequest) { r.DiskDeviceMapping = nil },
			403, "MissingParameter.DiskDeviceMapping", "The specified parameter DiskDeviceMapping is not supplied."},
		{"a disk without a bucket", func(r *importRequest) { first(r).OSSBucket = nil },
			400, "MissingParameter", `An input parameter "DiskDeviceMapping.1.OSSBucket" that is mandatory for processing the request is not supplied.`},
		{"a disk without an object", func(r *importRequest) { first(r).OSSObject = nil },
			400, "MissingParameter", `An input parameter "DiskDeviceMapping.1.OSSObject" that is mandatory for processing the request is not supplied.`},
		{"data disks alone", func(r *importRequest) { *r = *importOf("", "disks/data.raw"); *first(r) = importDisk{} },
			400, "MissingParameter", `An input parameter "DiskDeviceMapping.1.OSSBucket" that is mandatory for processing the request is not supplied.`},

		{"a name that begins with a digit", func(r *importRequest) { r.SetImageName("1st") },
			400, "InvalidImageName.Malformed", malformedName},
		{"a name of one letter", func(r *importRequest) { r.SetImageName("a") },
			400, "InvalidImageName.Malformed", malformedName},
		{"a name of 129 letters", func(r *importRequest) { r.SetImageName(strings.Repeat("a", 129)) },
			400, "InvalidImageName.Malformed", malformedName},
		{"a name with a blank", func(r *importRequest) { r.SetImageName("golden base") },
			400, "InvalidImageName.Malformed", malformedName},
		{"a name that begins with aliyun", func(r *importRequest) { r.SetImageName("aliyun-base") },
			400, "InvalidImageName.Malformed", malformedName},
		{"a name that begins with acs:", func(r *importRequest) { r.SetImageName("acs:base") },
			400, "InvalidImageName.Malformed", malformedName},
		{"a name that is taken", func(r *importRequest) { r.SetImageName("taken") },
			400, "InvalidImageName.Duplicated", "The destination image is exist."},
		{"a description of one letter", func(r *importRequest) { r.SetDescription("d") },
			400, "InvalidDescription.Malformed", malformedDescription},
		{"a description that begins with https://", func(r *importRequest) { r.SetDescription("https://example.com") },
			400, "InvalidDescription.Malformed", malformedDescription},
		{"a description of 257 letters", func(r *importRequest) { r.SetDescription(strings.Repeat("d", 257)) },
			400, "InvalidDescription.Malformed", malformedDescription},
		{"an unknown resource group", func(r *importRequest) { r.SetResourceGroupId("golden") },
			404, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."},
		{"a token of 65 letters", func(r *importRequest) { r.SetClientToken(strings.Repeat("t", 65)) },
			400, "InvalidClientToken.Malformed", "The specified parameter clientToken is not valid."},
		{"a token that is not ASCII", func(r *importRequest) { r.SetClientToken("tökén") },
			400, "InvalidClientToken.Malformed", "The specified parameter clientToken is not valid."},

		{"an unknown architecture", func(r *importRequest) { r.SetArchitecture("sparc") },
			400, "InvalidArchitecture.Malformed", "The specified Architecture is wrongly formed."},
		{"an unknown system", func(r *importRequest) { r.SetOSType("plan9") },
			400, "InvalidOSType.Malformed", "The specified OSType is wrongly formed."},
		{"an unknown platform", func(r *importRequest) { r.SetPlatform("BeOS") },
			400, "InvalidPlatform.Malformed", "The specified Platform is wrongly formed."},
		{"an unknown boot mode", func(r *importRequest) { r.SetBootMode("LILO") },
			400, "InvalidBootMode.Malformed", `The specified parameter "BootMode" is malformed.`},
		{"arm64 that boots by BIOS", func(r *importRequest) { r.SetArchitecture("arm64").SetBootMode("BIOS") },
			400, "InvalidBootMode.NotSupport", "The specified parameter BootMode is not supported for current image architecture."},
		{"Windows on arm64", func(r *importRequest) { windows(r).SetArchitecture("arm64") },
			403, "InvalidArchitecture.PlatformUnsupported", "The OS platform you selected does not support the specified architecture."},
		{"an unknown licence", func(r *importRequest) { r.SetLicenseType("Floating") },
			400, "InvalidLicenseType.NotSupported", "The specified LicenseType is not supported."},
		{"Windows without a licence", func(r *importRequest) { windows(r).LicenseType = nil },
			400, "MissingParameter", `An input parameter "LicenseType" that is mandatory for processing the request is not supplied.`},
		{"an unknown detection", func(r *importRequest) { r.SetDetectionStrategy("Thorough") },
			400, "InvalidParameter.DetectionStrategy", "The specified parameter DetectionStrategy is invalid."},
		{"detection of a Windows image", func(r *importRequest) { windows(r).SetDetectionStrategy("Standard") },
			403, "ImageCheckUnsupported.WindowsImage", "Image check is unsupported for windows image."},
		{"an unknown metadata mode", func(r *importRequest) { r.Features = new(ecs.ImportImageRequestFeatures).SetImdsSupport("v3") },
			400, "InvalidParameter.FeaturesImdsSupport", "The specified parameter Features.ImdsSupport is not supported."},
		{"an unknown CloudBox", func(r *importRequest) { r.SetStorageLocationArn("arn:acs:cloudbox:cn-hangzhou:123:cloudbox/cb-1") },
			403, "InvalidStorageLocation.NotFound", "The specified cloud box storage location %s could not be found."},

		{"a bucket in upper case", func(r *importRequest) { first(r).SetOSSBucket("Golden") },
			400, "InvalidOSSBucket.Malformed", "The specified OSS bucket is wrongly formed."},
		{"a bucket of 64 letters", func(r *importRequest) { first(r).SetOSSBucket(strings.Repeat("b", 64)) },
			400, "InvalidOSSBucket.Malformed", "The specified OSS bucket is wrongly formed."},
		{"a bucket that is not there", func(r *importRequest) { first(r).SetOSSBucket("is-not-there") },
			400, "InvalidOSSBucket.NotFound", "The specified OSS bucket does not exist in this region."},
		{"an object that is a URL", func(r *importRequest) { first(r).SetOSSObject("http://example.com/disk.raw") },
			400, "InvalidOSSObject.Malformed", "The specified OSS object is wrongly formed."},
		{"an object of 1024 letters", func(r *importRequest) { first(r).SetOSSObject(strings.Repeat("o", 1024)) },
			400, "InvalidOSSObject.Malformed", "The specified OSS object is wrongly formed."},
		{"an object that is not there", func(r *importRequest) { first(r).SetOSSObject("is-not-there.raw") },
			400, "InvalidOSSObject.NotFound", "The specified OSS object does not exist in this region."},
		{"a data disk that is not there", func(r *importRequest) { *r = *importOf("disks/base.qcow2", "is-not-there.raw") },
			400, "InvalidOSSObject.NotFound", "The specified OSS object does not exist in this region."},
		{"an empty object", func(r *importRequest) { first(r).SetOSSObject("empty.raw") },
			400, "InvalidOSSObject.Size", "The specified OSS object size is zero."},
		{"an object that is no disk by its suffix", func(r *importRequest) { first(r).SetOSSObject("disk.iso") },
			400, "UnsupportedSuffix.OSSObject", "The specified OSS object suffix is not supported."},
		{"an unknown format", func(r *importRequest) { first(r).SetFormat("ISO") },
			400, "InvalidImageFormat.Malformed", "The specified Image Format is wrongly formed."},
		{"a QCOW2 that is declared as a VHD", func(r *importRequest) { first(r).SetFormat("VHD") },
			403, "InvalidImageFormat.Malformed", "%s"},
		{"a raw disk that is declared as a QCOW2", func(r *importRequest) { first(r).SetOSSObject("disks/data.raw").SetFormat("QCOW2") },
			403, "InvalidImageFormat.Malformed", "%s"},
		{"a VHD with too few blocks", func(r *importRequest) { first(r).SetOSSObject("short.vhd") },
			403, "InvalidVHDImage.IncorrectSize",
			"The specified size of the VHD image does not meet the 'header.MaxTableEntries * header.BlockSize' specification."},
		{"a VHD with blocks of 4 MiB", func(r *importRequest) { first(r).SetOSSObject("coarse.vhd") },
			403, "InvalidBlockSize.NotSupport", "%s"},
		{"a system disk of no size", func(r *importRequest) { first(r).SetDiskImageSize(0) },
			400, "InvalidImageSize", "%s"},
		{"a system disk above 2 TiB", func(r *importRequest) { first(r).SetDiskImageSize(2049) },
			400, "InvalidImageSize", "%s"},
		{"a data disk above 2 TiB", func(r *importRequest) {
			*r = *importOf("disks/base.qcow2", "disks/data.raw")
			r.DiskDeviceMapping[1].SetDiskImageSize(2049)
		}, 400, "InvalidDataDiskSize", "The specified DiskDeviceMapping.N.DiskImSize should be in the specified range."},
		{"a device that is none", func(r *importRequest) { first(r).SetDevice("C:") },
			403, "InvalidParameter.Malformed", `The specified parameter "DiskDeviceMapping.n.Device " is not valid.`},

		{"tag keys that differ in case alone", func(r *importRequest) {
			r.Tag = []*importTag{new(importTag).SetKey("Team"), new(importTag).SetKey("team")}
		}, 403, "TagKey.Duplication", "The TagKey has duplication with others, case-insensitive."},
		{"a reserved tag key", func(r *importRequest) { r.Tag = []*importTag{new(importTag).SetKey("acs:team")} },
			400, "InvalidTagKey.Malformed", "%s"},
		{"a tag value that is a URL", func(r *importRequest) {
			r.Tag = []*importTag{new(importTag).SetKey("team").SetValue("http://example.com")}
		}, 400, "InvalidTagValue.Malformed", "%s"},
		{"21 tags", func(r *importRequest) {
			for n := range 21 {
				r.Tag = append(r.Tag, new(importTag).SetKey(strings.Repeat("k", n+1)))
			}
		}, 400, "", "%s"},

		{"a dry run of a good request", func(r *importRequest) { r.SetDryRun(true) },
			400, "DRYRUN.SUCCESS", "This request is a dryrun request with successful result."},
		{"a dry run of a bad request", func(r *importRequest) { r.SetDryRun(true).SetImageName("taken") },
			400, "InvalidImageName.Duplicated", "The destination image is exist."},
	})

	tasks, err := client.DescribeTasks(new(ecs.DescribeTasksRequest).SetRegionId(hangzhou))
	require.NoError(t, err)
	require.EqualValues(t, 1, *tasks.Body.TotalCount, "a refused call leaves nothing behind")
}

// changedVHD is the seeded dynamic VHD with another number at an offset of its header.
func changedVHD(t *testing.T, offset int, number uint32) []byte {
	t.Helper()
	const checksum = 36
	disk, err := os.ReadFile(filepath.Join(seeded, "windows.vhd"))
	require.NoError(t, err)
	header := disk[512 : 512+1024]
	binary.BigEndian.PutUint32(header[offset:], number)
	binary.BigEndian.PutUint32(header[checksum:], 0)
	var sum uint32
	for _, b := range header {
		sum += uint32(b)
	}
	binary.BigEndian.PutUint32(header[checksum:], ^sum)
	return disk
}

func TestContractImageNames(t *testing.T) {
	c := emulate(t)
	for _, name := range []string{"ab", strings.Repeat("a", 128), "镜像", "golden.base:1.0_x-y", "Golden2"} {
		require.Equal(t, name, value(c.imported(t, importOfBase().SetImageName(name)).ImageName))
	}
}

// A name is free again in another region.
func TestContractImageNamesAreUniqueInTheirRegion(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	for _, region := range []string{hangzhou, "cn-beijing"} {
		_, err := client.ImportImage(importOfBase().SetRegionId(region).SetImageName("golden"))
		require.NoError(t, err)
		_, err = client.ImportImage(importOfBase().SetRegionId(region).SetImageName("golden"))
		requireRefusal(t, refusalOf(t, err), 400, "InvalidImageName.Duplicated", "The destination image is exist.")
	}
}
