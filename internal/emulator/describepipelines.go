package emulator

import "slices"

// pipelineItem is a template as DescribeImagePipelines shows it.
type pipelineItem struct {
	ImagePipelineID         string `json:"ImagePipelineId"`
	Name                    string
	Description             string
	BaseImageType           string
	BaseImage               string
	BuildContent            string
	TestContent             string
	InstanceType            string
	VSwitchID               string `json:"VSwitchId"`
	SystemDiskSize          int
	InternetMaxBandwidthOut int
	DeleteInstanceOnFailure bool
	RepairMode              string
	ToRegionIDs             reply `json:"ToRegionIds"`
	AddAccounts             reply
	ImageName               string
	ImageFamily             string
	NvmeSupport             string
	ImageOptions            reply
	AdvancedOptions         reply
	ImportImageOptions      reply  `json:",omitempty"`
	ResourceGroupID         string `json:"ResourceGroupId"`
	Tags                    tagItems
	CreationTime            string
}

func (p pipeline) item() pipelineItem {
	item := pipelineItem{
		ImagePipelineID: p.ID, Name: p.Name, Description: p.Description, BaseImageType: p.BaseImageType, BaseImage: p.BaseImage,
		BuildContent: p.BuildContent, TestContent: p.TestContent, InstanceType: p.InstanceType, VSwitchID: p.VSwitchID,
		SystemDiskSize: p.SystemDiskSize, InternetMaxBandwidthOut: p.Bandwidth,
		DeleteInstanceOnFailure: p.DeleteInstanceOnFailure, RepairMode: p.RepairMode,
		ToRegionIDs: reply{"ToRegionId": orNone(p.ToRegions)}, AddAccounts: reply{"AddAccount": orNone(p.AddAccounts)},
		ImageName: p.Image.Name, ImageFamily: p.Image.Family, NvmeSupport: p.Image.NvmeSupport,
		ImageOptions: reply{
			"ImageName": p.Image.Name, "ImageFamily": p.Image.Family, "Description": p.Image.Description,
			"ImageFeatures": reply{"NvmeSupport": p.Image.NvmeSupport}, "ImageTags": reply{"ImageTag": orNone(p.Image.Tags)},
		},
		AdvancedOptions: reply{"ImageNameSuffix": p.NameSuffix, "RetainCloudAssistant": p.RetainCloudAssistant},
		ResourceGroupID: p.ResourceGroupID, Tags: tagItems{orNone(p.Tags)}, CreationTime: seconds(p.Created),
	}
	if p.BaseImageType == baseOSS {
		item.ImportImageOptions = p.Import.item()
	}
	return item
}

func (o importOptions) item() reply {
	disks := []reply{}
	for _, d := range o.Disks {
		disks = append(disks, reply{"OSSBucket": d.Bucket, "OSSObject": d.Object, "Format": d.Format, "DiskImageSize": d.SizeGiB})
	}
	tags := []reply{}
	for _, t := range o.Tags {
		tags = append(tags, reply{"Key": t.Key, "Value": t.Value})
	}
	return reply{
		"Architecture": o.Made.Architecture, "OSType": o.Made.OSType, "Platform": o.Made.Platform, "BootMode": o.Made.BootMode,
		"LicenseType": o.Made.LicenseType, "RoleName": o.RoleName, "ImageName": o.ImageName, "Description": o.Description,
		"RetentionStrategy": o.RetentionStrategy, "RetainImportedImage": o.RetainImportedImage,
		"Features":           reply{"NvmeSupport": o.Made.NvmeSupport, "ImdsSupport": o.Made.ImdsSupport},
		"DiskDeviceMappings": reply{"DiskDeviceMapping": disks}, "ImportImageTags": reply{"ImportImageTag": tags},
	}
}

// describeImagePipelines lists templates.
func (c *call) describeImagePipelines() (reply, error) {
	ids, name := c.list("ImagePipelineId"), c.text("Name")
	c.check(len(ids) <= 20, "InvalidImagePipelineIdSize.ExceededMaxNumber", "At most 20 template ids may be given.")
	c.check(name == "" || buildName(name), "InvalidName.Malformed", "The specified Name is wrongly formed.")
	group, tags := c.text("ResourceGroupId"), readTagFilter(c.params)
	page := c.readPageToken()
	if err := c.fault(); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(pick[pipeline](c.tx, c.line.Region, ids), func(p pipeline) bool {
		return name != "" && name != p.Name || group != "" && group != p.ResourceGroupID || !carries(p.Tags, tags)
	})
	shown, next := pageFrom(c.api, page, all)
	items := []pipelineItem{}
	for _, p := range shown {
		items = append(items, p.item())
	}
	return page.reply(len(all), next, reply{"ImagePipeline": reply{"ImagePipelineSet": items}}), nil
}
