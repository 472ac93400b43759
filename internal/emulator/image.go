package emulator

import (
	"slices"
	"time"
)

// The image states that the emulator knows. (ECS API reference, DescribeImages.)
const (
	imageCreating     = "Creating"
	imageWaiting      = "Waiting"
	imageAvailable    = "Available"
	imageCreateFailed = "CreateFailed"
)

var imageStates = []string{"Creating", "Waiting", "Available", "UnAvailable", "CreateFailed", "Deprecated"}

// accountID owns everything that calls create: there is one account.
const (
	accountID = 1930000000000001
	ownerID   = "1930000000000001"
)

// image is a custom image, or one of the system's.
type image struct {
	ID, Region, Name, Family, Description string
	System                                bool
	OSNameEn                              string
	ResourceGroupID                       string
	Made                                  made
	Disks                                 []imageDisk
	Tags                                  []tag
	Detect                                bool
	Created                               time.Time
	Timeline                              timeline
	UsableFrom                            time.Time // zero: as soon as it is Available
	TellsUsable                           bool
	Copied                                bool      // from another region
	SharedFrom                            time.Time // with other accounts; zero: never
}

// made is what an image is made of; an image inherits it from its base.
type made struct {
	Architecture, OSType, Platform, BootMode, LicenseType string
	NvmeSupport, ImdsSupport                              string
}

// imageDisk is one disk of an image; bucket and object are empty unless it was imported.
type imageDisk struct {
	SizeGiB                int
	Format, Bucket, Object string
}

// blank says whether there is no file behind the disk.
func (d imageDisk) blank() bool { return d.Object == "" }

func (i image) key() key { return key{"image", i.Region, i.ID, []string{i.Name}} }

// status is the image's state; empty when it does not exist yet, or not any more.
func (i image) status(now time.Time) string {
	m, _ := i.Timeline.at(now)
	if m.Status == gone {
		return ""
	}
	return m.Status
}

// usable says whether something can be made of the image.
func (i image) usable(now time.Time) bool {
	return i.status(now) == imageAvailable && !now.Before(i.UsableFrom)
}

// ready is when the image is to be made.
func (i image) ready() time.Time { return i.Timeline[min(1, len(i.Timeline)-1)].At }

func (i image) progress(now time.Time) string { return percent(i.Timeline[0].At, i.ready(), now) }

func (i image) windows() bool { return i.Made.OSType == "windows" }

// findImage looks an image up by its id, among the system's too; an empty region is any.
func (c *call) findImage(regionID, id string) (image, bool) {
	for _, i := range systemImages(regionID) {
		if i.ID == id && c.see(&i) {
			return i, true
		}
	}
	i, found := find[image](c.tx, regionID, id)
	if !found || i.status(c.now) == "" {
		return image{}, false
	}
	return i, true
}

// images are all that exist in a region, the system's first, then in order of creation.
func (c *call) images(regionID string) []image {
	all := append(systemImages(regionID), list[image](c.tx, regionID)...)
	return slices.DeleteFunc(all, func(i image) bool { return i.System && !c.see(&i) || i.status(c.now) == "" })
}

// newestOfFamily is the newest usable image of a family.
func (c *call) newestOfFamily(regionID, family string) (newest image, found bool) {
	for _, i := range c.images(regionID) {
		if i.Family == family && i.usable(c.now) && !i.Created.Before(newest.Created) {
			newest, found = i, true
		}
	}
	return newest, found
}

// imageNameTaken says whether a custom image of the region has the name or, because an
// execution is on its way to it, will have it.
func (c *call) imageNameTaken(regionID, name string) bool {
	return c.takenElsewhere(name, "*") || slices.ContainsFunc(labelled[image](c.tx, regionID, name), func(i image) bool {
		m, _ := i.Timeline.at(c.now)
		return m.Status != gone
	})
}

// systemImages are the images that every region offers.
func systemImages(regionID string) []image {
	published := time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC)
	linux := func(platform, architecture, boot string) made {
		return made{Architecture: architecture, OSType: "linux", Platform: platform, BootMode: boot,
			NvmeSupport: "supported", ImdsSupport: "v1"}
	}
	windows := made{Architecture: "x86_64", OSType: "windows", Platform: "Windows Server 2022", BootMode: "UEFI",
		LicenseType: "Aliyun", NvmeSupport: "supported", ImdsSupport: "v1"}
	all := []image{
		{ID: "m-bp1kilnubuntu2404x64", Name: "ubuntu_24_04_x64_20G_alibase", Family: "acs:ubuntu_24_04_x64",
			OSNameEn: "Ubuntu 24.04 64 bit", Made: linux("Ubuntu", "x86_64", "UEFI")},
		{ID: "m-bp1kilnalinux3x64", Name: "aliyun_3_x64_20G_alibase", Family: "acs:alibaba_cloud_linux_3_2104_lts_x64",
			OSNameEn: "Alibaba Cloud Linux 3.2104 LTS 64 bit", Made: linux("Aliyun", "x86_64", "UEFI")},
		{ID: "m-bp1kilnubuntu2404arm", Name: "ubuntu_24_04_arm64_20G_alibase", Family: "acs:ubuntu_24_04_arm64",
			OSNameEn: "Ubuntu 24.04 64 bit for ARM", Made: linux("Ubuntu", "arm64", "UEFI")},
		{ID: "m-bp1kilnwin2022", Name: "win2022_21H2_x64_dtc_en-us_40G_alibase", Family: "acs:windows_2022_x64_dtc_en-us",
			OSNameEn: "Windows Server 2022 Datacenter 64 bit", Made: windows},
	}
	for n := range all {
		all[n].System, all[n].Region, all[n].Created = true, regionID, published
		all[n].Timeline = timeline{{imageAvailable, published}}
		all[n].Disks = []imageDisk{{SizeGiB: 20, Format: "VHD"}}
	}
	all[len(all)-1].Disks[0].SizeGiB = 40
	return all
}
