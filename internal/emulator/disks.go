package emulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/seed1230462e/kiln/internal/emulator/disk"
	"github.com/seed1230462e/kiln/internal/emulator/ossfs"
)

const (
	gib        = 1 << 30
	maxDisks   = 17
	maxDiskGiB = 2048
)

// readImportDisks reads DiskDeviceMapping.N of ImportImage. The first is mandatory; what
// is numbered above 17 is ignored, as documented.
func (c *call) readImportDisks() []imageDisk {
	numbers := c.numbers("DiskDeviceMapping")
	c.check(len(numbers) > 0, "MissingParameter.DiskDeviceMapping")
	if len(numbers) > 0 && numbers[0] != 1 {
		numbers = slices.Insert(numbers, 0, 1)
	}
	var disks []imageDisk
	for _, n := range numbers {
		if n > maxDisks {
			break
		}
		disks = append(disks, c.in("DiskDeviceMapping."+strconv.Itoa(n)).importDisk(n == 1))
	}
	return disks
}

// importDisk reads one disk. A046: only the system disk has to have a file; a data disk
// without one is empty, and has to say how large it is.
func (p params) importDisk(system bool) imageDisk {
	var d imageDisk
	filed := system || p.has("OSSBucket") || p.has("OSSObject")
	if filed {
		d.Bucket, d.Object = p.diskFile()
	}
	d.Format = p.oneOf("Format", "", "InvalidImageFormat.Malformed", "RAW", "VHD", "QCOW2", "VMDK")
	code := "InvalidDataDiskSize"
	if system {
		code = "InvalidImageSize"
	}
	d.SizeGiB = p.number("DiskImSize", 0, 1, maxDiskGiB, code)
	d.SizeGiB = p.number("DiskImageSize", d.SizeGiB, 1, maxDiskGiB, code)
	p.check(filed || d.SizeGiB > 0, code)
	if p.has("Device") && !deviceForm.MatchString(p.text("Device")) {
		p.check(false, "InvalidParameter.Malformed")
	}
	return d
}

// diskFile reads where the file of a disk lies.
func (p params) diskFile() (bucket, object string) {
	bucket, object = p.required("OSSBucket"), p.required("OSSObject")
	p.check(bucket == "" || ossfs.ValidBucket(bucket), "InvalidOSSBucket.Malformed")
	p.check(objectKey(object), "InvalidOSSObject.Malformed")
	p.check(diskSuffix(object), "UnsupportedSuffix.OSSObject")
	return bucket, object
}

// readTemplateDisks reads ImportImageOptions.DiskDeviceMappings.N of CreateImagePipeline.
func (p params) readTemplateDisks() []imageDisk {
	const code = "InvalidParameter.ImportImageOptionsDiskDeviceMappings"
	items := p.items("DiskDeviceMappings")
	p.check(len(items) > 0 || p.empty(), "MissingParameter.ImageOptionsDiskDeviceMappings")
	p.check(len(items) <= maxDisks, "InvalidImportImageOptionsDiskDeviceMappings.LengthLimitExceeded")
	var disks []imageDisk
	for _, item := range items {
		d := imageDisk{Bucket: item.text("OSSBucket"), Object: item.text("OSSObject")}
		p.check(d.Bucket != "", "MissingParameter.ImportImageOptionsDiskDeviceMappingsOSSBucket")
		p.check(d.Object != "", "MissingParameter.ImportImageOptionsDiskDeviceMappingsOSSObject")
		p.check(ossfs.ValidBucket(d.Bucket), code+"OSSBucket")
		p.check(objectKey(d.Object), code+"OSSObject")
		d.Format = item.oneOf("Format", "", code+"Format", "RAW", "VHD", "QCOW2")
		d.SizeGiB = item.number("DiskImageSize", 0, 1, maxDiskGiB, "InvalidOperation.DiskImageSizeExceeded")
		disks = append(disks, d)
	}
	return disks
}

// measureImport reads the files behind the disks of an ImportImage, notes what is wrong
// with them, fills in formats and sizes, and returns their bytes.
func (c *call) measureImport(disks []imageDisk) (int64, error) {
	var total int64
	for n := range disks {
		d := &disks[n]
		if d.blank() {
			continue
		}
		c.checkReach(importer, *d, c.text("RoleName"))
		file, err := c.server.inspect(d.Bucket, d.Object)
		if err != nil {
			return 0, err
		}
		c.check(file.bucket, "InvalidOSSBucket.NotFound")
		c.check(file.object, "InvalidOSSObject.NotFound")
		c.noteDisk(d.fault(file))
		least := file.needs()
		if least > maxDiskGiB || d.SizeGiB != 0 && d.SizeGiB < least {
			c.note(refuseSaying(c.api, "InvalidImageSize", fmt.Sprintf(`The specified "DiskDeviceMapping.%d.DiskImageSize" `+
				`should be not less than system device size: the disk in the file has %d GiB.`, n+1, least)))
		}
		d.Format, d.SizeGiB = string(file.disk.Format), max(d.SizeGiB, least)
		total += file.bytes
	}
	return total, nil
}

// fault is why a disk file is not what was declared, or nothing that can be imported.
func (d imageDisk) fault(file diskFile) *disk.Fault {
	var wrong *disk.Fault
	if file.fault == nil && errors.As(file.disk.Check(d.Format), &wrong) {
		return wrong
	}
	return file.fault
}

// noteDisk notes what is wrong with a disk file, which brings its own wording.
func (c *call) noteDisk(fault *disk.Fault) {
	if fault != nil {
		c.note(&refusal{fault.Status, fault.Code, fault.Message})
	}
}

// measureTemplate is measureImport for the disks of a template.
func (c *call) measureTemplate(disks []imageDisk) error {
	for n := range disks {
		d := &disks[n]
		c.checkReach(templater, *d, c.text("ImportImageOptions.RoleName"))
		file, err := c.server.inspect(d.Bucket, d.Object)
		if err != nil {
			return err
		}
		c.check(file.object && file.bytes > 0, "InvalidImportImageOptionsDiskDeviceMappingsOSSObject.NotFound")
		fault := d.fault(file)
		c.check(fault == nil, "InvalidParameter.ImportImageOptionsDiskDeviceMappingsFormat", string(file.disk.Format))
		least := file.needs()
		c.check(least <= maxDiskGiB, "InvalidOperation.DiskImageSizeExceeded")
		c.check(d.SizeGiB == 0 || d.SizeGiB >= least, "InvalidParameterCombination", fmt.Sprintf(
			"ImportImageOptions.DiskDeviceMappings.%d.DiskImageSize is less than the %d GiB of the disk in the file.", n+1, least))
		d.Format, d.SizeGiB = string(file.disk.Format), max(d.SizeGiB, least)
	}
	return c.fault()
}

// objectsThere says whether the files of a template's disks still exist.
func (c *call) objectsThere(disks []imageDisk) (bool, error) {
	for _, d := range disks {
		file, err := c.server.inspect(d.Bucket, d.Object)
		if err != nil || !file.object {
			return false, err
		}
	}
	return true, nil
}
