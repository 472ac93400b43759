package emulator

import (
	"strconv"
	"strings"
)

// imageItem is an image as DescribeImages shows it. (ECS API reference, DescribeImages.)
type imageItem struct {
	ImageID                 string `json:"ImageId"`
	ImageName               string
	ImageFamily             string
	ImageVersion            string
	Description             string
	Status                  string
	Progress                string
	Size                    int
	Architecture            string
	OSType                  string
	Platform                string
	OSName                  string
	OSNameEn                string
	BootMode                string
	CreationTime            string
	ImageOwnerAlias         string
	ImageOwnerID            int64 `json:"ImageOwnerId"`
	IsCopied                bool
	IsPublic                bool
	IsSelfShared            string
	IsSubscribed            bool
	IsSupportCloudinit      bool
	IsSupportIoOptimized    bool
	LoginAsNonRootSupported bool
	LicenseType             string `json:",omitempty"`
	ProductCode             string
	ResourceGroupID         string `json:"ResourceGroupId"`
	SupplierName            string
	Usage                   string
	DiskDeviceMappings      diskItems
	Tags                    tagItems
	DetectionOptions        *detectionItem `json:",omitempty"`
	Features                featureItems
	Usable                  *bool `json:",omitempty"`
}

type diskItems struct{ DiskDeviceMapping []diskItem }

type diskItem struct {
	Type            string
	Device          string
	Size            string
	Format          string
	SnapshotID      string `json:"SnapshotId"`
	ImportOSSBucket string
	ImportOSSObject string
	Progress        string
	RemainTime      int
	Encrypted       bool
}

type tagItems struct{ Tag []tag }

// detectionItem finds nothing at fault.
type detectionItem struct {
	Status string
	Items  reply
}

type featureItems struct {
	NvmeSupport           string
	ImdsSupport           string
	CPUOnlineUpgrade      string `json:"CpuOnlineUpgrade"`
	CPUOnlineDowngrade    string `json:"CpuOnlineDowngrade"`
	MemoryOnlineUpgrade   string
	MemoryOnlineDowngrade string
}

func (c *call) imageItem(i image, running []execution) imageItem {
	item := imageItem{
		ImageID: i.ID, ImageName: i.Name, ImageFamily: i.Family, Description: i.Description,
		Status: i.status(c.now), Progress: i.progress(c.now),
		Architecture: i.Made.Architecture, OSType: i.Made.OSType, Platform: i.Made.Platform,
		OSName: i.OSNameEn, OSNameEn: i.OSNameEn, BootMode: i.Made.BootMode, LicenseType: i.Made.LicenseType,
		CreationTime: seconds(i.Created), ImageOwnerAlias: i.owner(), ImageOwnerID: accountID, IsSelfShared: "False",
		IsSupportCloudinit: true, IsSupportIoOptimized: true, Usage: c.usage(i, running), IsCopied: i.Copied,
		ResourceGroupID: i.ResourceGroupID, Tags: tagItems{orNone(i.Tags)},
		DiskDeviceMappings: diskItems{c.diskItems(i)},
		Features: featureItems{i.Made.NvmeSupport, i.Made.ImdsSupport,
			"unsupported", "unsupported", "unsupported", "unsupported"},
	}
	for _, d := range i.Disks {
		item.Size = max(item.Size, d.SizeGiB)
	}
	if i.System {
		item.ImageOwnerID = 0
	}
	if i.TellsUsable {
		usable := i.usable(c.now)
		item.Usable = &usable
	}
	if i.Detect {
		item.DetectionOptions = &detectionItem{Status: "Processing", Items: reply{"Item": []reply{}}}
		if item.Status == imageAvailable {
			item.DetectionOptions.Status = "Finished"
		}
	}
	return item
}

func (c *call) diskItems(i image) []diskItem {
	items := make([]diskItem, 0, len(i.Disks))
	for n, d := range i.Disks {
		item := diskItem{
			Type: "data", Device: "/dev/xvd" + string(rune('a'+n)), Size: strconv.Itoa(d.SizeGiB), Format: d.Format,
			ImportOSSBucket: d.Bucket, ImportOSSObject: d.Object, Progress: i.progress(c.now),
			RemainTime: max(0, int(i.ready().Sub(c.now).Seconds())),
		}
		if n == 0 {
			item.Type, item.SnapshotID = "system", snapshotID(i)
		}
		items = append(items, item)
	}
	return items
}

// snapshotID is the id of the snapshot behind a custom image's system disk.
func snapshotID(i image) string {
	if i.System {
		return ""
	}
	return "s-" + strings.TrimPrefix(i.ID, "m-")
}

// orNone shows an empty list as a list.
func orNone[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
