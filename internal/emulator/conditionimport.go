package emulator

import (
	"slices"
	"strings"
)

// defaultImportRole is the role that ECS assumes to read OSS when a call names none.
const defaultImportRole = "AliyunECSImageImportDefaultRole"

// checkImport holds an import against the region, the licences and the cloud boxes.
func (c *call) checkImport(img image) {
	region := c.conditions.Regions[img.Region]
	c.check(!region.NoImport, "InvalidRegion.NotSupport")
	byol := slices.Contains(c.conditions.BYOLOnly, img.Made.Platform)
	c.check(!byol || c.text("LicenseType") == "BYOL", "InvalidLicenseType.BYOLOnly")
	if box := c.text("StorageLocationArn"); box != "" {
		c.check(slices.Contains(c.conditions.Known.CloudBoxes, box), "InvalidStorageLocation.NotFound", box)
		c.check(c.conditions.Roles.CloudBoxImageImport == "", "InvalidOperation.CloudBoxImageImportRoleRequired")
		c.check(c.conditions.Known.CloudBoxImport, "InvalidOperation.CloudBoxImageImportUnsupported")
	}
}

// checkImportName refuses a name that is taken: differently when the image that has it
// is in no state to be dealt with. A034.
func (c *call) checkImportName(img image) {
	if img.Name == "" || !c.imageNameTaken(img.Region, img.Name) {
		return
	}
	outOfOrder := slices.ContainsFunc(labelled[image](c.tx, img.Region, img.Name), func(i image) bool {
		return slices.Contains([]string{"Waiting", "UnAvailable"}, i.status(c.now))
	})
	c.check(!outOfOrder, "IncorrectImageStatus")
	c.check(false, "InvalidImageName.Duplicated")
}

// checkFormats refuses a format that the region does not import.
func (c *call) checkFormats(disks []imageDisk) {
	formats := c.conditions.Regions[c.line.Region].Formats
	for _, d := range disks {
		c.check(d.blank() || len(formats) == 0 || slices.Contains(formats, d.Format), "InvalidImageFormat.RegionNotSupported")
	}
}

// checkImportQuotas counts the images and their disks, of which each has a snapshot.
func (c *call) checkImportQuotas(img image) error {
	if len(c.conditions.Quotas) == 0 {
		return c.fault()
	}
	all := list[image](c.tx, img.Region)
	snapshots := len(img.Disks)
	for _, i := range all {
		snapshots += len(i.Disks)
	}
	c.check(c.within("images", len(all)+1), "QuotaExceed.Image")
	c.check(c.within("snapshots", snapshots), "QuotaExceed.Snapshot")
	return c.fault()
}

// within says whether a quota allows so many.
func (c *call) within(quota string, number int) bool {
	most, set := c.conditions.Quotas[quota]
	return !set || number <= most
}

// known says whether something exists, of a kind of which all may be known; empty is not
// asked for.
func known(all []string, one string) bool {
	return one == "" || len(all) == 0 || slices.Contains(all, one)
}

// The kinds of call for which an object can be out of reach.
type reader int

const (
	importer reader = iota
	templater
	starter
)

// outOfReach are the codes for an object out of reach, by who wants to read it; an empty
// one is no reason to refuse.
var outOfReach = map[string][3]string{
	"disabled":   {"InvalidAccountStatus.OSSDisabled", "InvalidOSSObject.NotAuthorized", "InvalidImagePipeline.OSSObjectNotAuthorized"},
	"elsewhere":  {"InvalidOSSBucket.NotFound", "InvalidImportImageOptionsDiskDeviceMappingsOSSObject.NotFound", "InvalidImagePipeline.OSSObjectNotFound"},
	"notMatched": {"InvalidOSSBucket.NotMatched", "InvalidImportImageOptionsDiskDeviceMappingsOSSObject.NotFound", "InvalidImagePipeline.OSSObjectNotFound"},
	"noRole":     {"NoSetRoletoECSServiceAcount", "InvalidOperation.NoRightAccessOSS", "InvalidOperation.NoRightAccessOSS"},
	"denied":     {"InvalidOSS.NotAuthorized", "InvalidOSSObject.NotAuthorized", "InvalidImagePipeline.OSSObjectNotAuthorized"},
	"encrypted":  {"InvalidOSSBucket.EncryptUnsupported", "InvalidOSSObject.NotAuthorized", "InvalidImagePipeline.OSSObjectNotAuthorized"},
	"archived":   {"InvalidOSSObject.NeedRestore", "InvalidOSSObject.NeedRestore", "InvalidImagePipeline.OSSObjectNeedRestore"},
	"importing":  {"ImageIsImporting", "InvalidOperation.OSSObjectIsImporting", ""},
	"flowLimit":  {"InvalidOSSBucket.FlowLimit", "", ""},
}

// checkReach refuses a disk file that the conditions put out of reach.
func (c *call) checkReach(who reader, d imageDisk, role string) {
	detail := "The flow of the bucket " + d.Bucket + " has reached its limit."
	bucket := c.conditions.OSS.Buckets[d.Bucket]
	if bucket == (Bucket{}) {
		bucket = c.conditions.OSS.Buckets["*"]
	}
	if bucket.NotMatched != "" {
		detail = bucket.NotMatched
	}
	for _, why := range c.reasons(bucket, d, role) {
		if code := outOfReach[why][who]; code != "" {
			c.check(false, code, detail)
		}
	}
}

// reasons are why a disk file is out of reach, the first to be met first.
func (c *call) reasons(bucket Bucket, d imageDisk, role string) []string {
	object := c.conditions.OSS.Objects[d.Bucket+"/"+d.Object]
	if object == (Object{}) {
		object = c.conditions.OSS.Objects["*"]
	}
	missing := c.conditions.Roles.ImageImport != "" && (role == "" || strings.EqualFold(role, defaultImportRole))
	var why []string
	for _, reason := range []struct {
		holds bool
		name  string
	}{
		{c.conditions.OSS.Disabled, "disabled"},
		{bucket.Region != "" && bucket.Region != c.line.Region, "elsewhere"},
		{bucket.NotMatched != "", "notMatched"},
		{missing, "noRole"},
		{bucket.Denied || object.Denied, "denied"},
		{bucket.Encrypted, "encrypted"},
		{object.Archived, "archived"},
		{object.Importing, "importing"},
		{bucket.FlowLimit, "flowLimit"},
	} {
		if reason.holds {
			why = append(why, reason.name)
		}
	}
	return why
}
