package emulator

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDescribeImagesFilters(t *testing.T) {
	c := newCloud(t)
	one := c.imported(importArgs.with("ImageName", "golden-1", "Tag.1.Key", "team", "Tag.1.Value", "core", "ResourceGroupId", "rg-1"))
	two := c.imported(importArgs.with("ImageName", "golden-2", "Architecture", "arm64", "Platform", "Debian", "DetectionStrategy", "Standard"))
	creating := c.ecs("ImportImage", importArgs.with("ImageName", "golden-3")).ok().text("ImageId")
	for _, row := range []struct {
		claim  string
		filter args
		want   []string
	}{
		{"by default what is usable, the system's too", args{"PageSize": "3"}, []string{ubuntu, "m-bp1kilnalinux3x64", "m-bp1kilnubuntu2404arm"}},
		{"one's own", args{"ImageOwnerAlias": "self"}, []string{one, two}},
		{"those that are being made", args{"ImageOwnerAlias": "self", "Status": "Creating"}, []string{creating}},
		{"in any of two states", args{"ImageOwnerAlias": "self", "Status": "Available,Creating"}, []string{one, two, creating}},
		{"by id", args{"ImageId": two}, []string{two}},
		{"by a part of the name", args{"ImageName": "den-2"}, []string{two}},
		{"by architecture", args{"ImageOwnerAlias": "self", "Architecture": "arm64"}, []string{two}},
		{"by OS type", args{"OSType": "windows"}, []string{"m-bp1kilnwin2022"}},
		{"by family", args{"ImageFamily": "acs:ubuntu_24_04_x64"}, []string{ubuntu}},
		{"by tag", args{"Tag.1.Key": "team", "Tag.1.Value": "core"}, []string{one}},
		{"by the tag's key alone", args{"Tag.1.Key": "team"}, []string{one}},
		{"by another value", args{"Tag.1.Key": "team", "Tag.1.Value": "web"}, nil},
		{"by resource group", args{"ResourceGroupId": "rg-1"}, []string{one}},
		{"by snapshot", args{"SnapshotId": "s-" + one[2:]}, []string{one}},
		{"used by instances", args{"Usage": "instance"}, nil},
		{"of others", args{"ImageOwnerAlias": "others"}, nil},
		{"public ones", args{"ImageOwnerAlias": "others", "IsPublic": "true"}, nil},
		{"without cloud-init", args{"IsSupportCloudinit": "false"}, nil},
		{"made after a time", args{"ImageOwnerAlias": "self", "Filter.1.Key": "CreationStartTime", "Filter.1.Value": "2026-11-21T12:10Z"}, []string{two}},
		{"made before a time", args{"ImageOwnerAlias": "self", "Filter.1.Key": "CreationEndTime", "Filter.1.Value": "2026-11-21T12:10Z"}, []string{one}},
		{"in another region", args{"RegionId": "cn-beijing", "ImageOwnerAlias": "self"}, nil},
		{"the second page", args{"ImageOwnerAlias": "self", "PageSize": "1", "PageNumber": "2"}, []string{two}},
		{"a page behind the last", args{"PageNumber": "9"}, nil},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c := *c
			c.t = t
			var ids []string
			for _, item := range c.ecs("DescribeImages", row.filter).ok().at("Images", "Image").([]any) {
				ids = append(ids, item.(map[string]any)["ImageId"].(string))
			}
			require.Equal(t, row.want, ids)
		})
	}
	shown := c.ecs("DescribeImages", args{"ImageId": two}).ok()
	require.Equal(t, "Finished", shown.text("Images", "Image", 0, "DetectionOptions", "Status"))
	require.Equal(t, "UEFI", shown.text("Images", "Image", 0, "BootMode"))
	require.EqualValues(t, accountID, shown.at("Images", "Image", 0, "ImageOwnerId"))
}

func TestDescribeTasksFilters(t *testing.T) {
	c := newCloud(t)
	first := c.ecs("ImportImage", importArgs.with("ImageName", "golden-1")).ok()
	c.clock.pass(time.Hour)
	second := c.ecs("ImportImage", importArgs.with("ImageName", "golden-2")).ok()
	one, two := first.text("TaskId"), second.text("TaskId")
	for _, row := range []struct {
		claim  string
		filter args
		want   []string
	}{
		{"all", args{}, []string{one, two}},
		{"by ids", args{"TaskIds": two + ",t-none," + one}, []string{one, two}},
		{"by image", args{"ResourceIds.1": second.text("ImageId")}, []string{two}},
		{"by status", args{"TaskStatus": "Finished"}, []string{one}},
		{"an unknown status is ignored", args{"TaskStatus": "Done"}, []string{one, two}},
		{"by action", args{"TaskAction": "ExportImage"}, nil},
		{"begun after a time", args{"StartTime": "2026-11-21T12:30:00Z"}, []string{two}},
		{"begun before a time", args{"EndTime": "2026-11-21T12:30:00Z"}, []string{one}},
		{"the second page", args{"PageSize": "1", "PageNumber": "2"}, []string{two}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			var ids []string
			for _, item := range c.ecs("DescribeTasks", row.filter).ok().at("TaskSet", "Task").([]any) {
				ids = append(ids, item.(map[string]any)["TaskId"].(string))
			}
			require.Equal(t, row.want, ids)
		})
	}
}

func TestListingsGoOnFromPageToPage(t *testing.T) {
	c := newCloud(t)
	var components, pipelines, runs []string
	pipelineID := ""
	for n := range 5 {
		components = append(components, c.component("Name", fmt.Sprint("tools-", n)))
		pipelineID = c.pipeline("Name", fmt.Sprint("template-", n))
		pipelines = append(pipelines, pipelineID)
	}
	for range 5 {
		runs = append(runs, c.start(pipelineID))
		c.clock.pass(time.Hour)
	}
	for _, row := range []struct {
		action, wrapper, list, id string
		filter                    args
		want                      []string
	}{
		{"DescribeImageComponents", "ImageComponent", "ImageComponentSet", "ImageComponentId", args{}, components},
		{"DescribeImagePipelines", "ImagePipeline", "ImagePipelineSet", "ImagePipelineId", args{}, pipelines},
		{"DescribeImagePipelineExecutions", "ImagePipelineExecution", "ImagePipelineExecutionSet", "ExecutionId", args{"ImagePipelineId": pipelineID}, runs},
	} {
		t.Run(row.action, func(t *testing.T) {
			var ids []string
			next := ""
			for page := 0; page == 0 || next != ""; page++ {
				r := c.ecs(row.action, row.filter.with("MaxResults", "2", "NextToken", next)).ok()
				require.Equal(t, 5.0, r.at("TotalCount"))
				require.Equal(t, 2.0, r.at("MaxResults"))
				for _, item := range r.at(row.wrapper, row.list).([]any) {
					ids = append(ids, item.(map[string]any)[row.id].(string))
				}
				next = r.text("NextToken")
			}
			require.Equal(t, row.want, ids)
		})
	}
}

func TestDescribeImagePipelinesShowsWhatWasCreated(t *testing.T) {
	c := newCloud(t)
	id := c.pipeline("Name", "template", "Description", "a template", "InstanceType", "ecs.g7.large", "VSwitchId", "vsw-1", "InternetMaxBandwidthOut", "10",
		"DeleteInstanceOnFailure", "false", "AddAccount.1", "123", "TestContent", "RUN false", "AdvancedOptions.RetainCloudAssistant", "true", "Tag.1.Key", "k")
	shown := c.ecs("DescribeImagePipelines", args{"Name": "template"}).ok()
	item := shown.at("ImagePipeline", "ImagePipelineSet", 0).(map[string]any)
	for name, want := range map[string]any{
		"ImagePipelineId": id, "Name": "template", "Description": "a template", "BaseImageType": "IMAGE", "BaseImage": ubuntu,
		"BuildContent": "RUN true", "TestContent": "RUN false", "InstanceType": "ecs.g7.large", "VSwitchId": "vsw-1", "SystemDiskSize": 40.0,
		"InternetMaxBandwidthOut": 10.0, "DeleteInstanceOnFailure": false, "CreationTime": "2026-11-21T12:00:00Z",
		"AddAccounts": map[string]any{"AddAccount": []any{"123"}}, "ToRegionIds": map[string]any{"ToRegionId": []any{}},
		"Tags": map[string]any{"Tag": []any{map[string]any{"TagKey": "k", "TagValue": ""}}},
	} {
		require.Equal(t, want, item[name], name)
	}
	require.NotContains(t, item, "ImportImageOptions")
	require.Equal(t, true, shown.at("ImagePipeline", "ImagePipelineSet", 0, "AdvancedOptions", "RetainCloudAssistant"))
}

func TestDescribeImageComponentsFilters(t *testing.T) {
	c := newCloud(t)
	build := c.component("Name", "tools", "Tag.1.Key", "a", "Tag.1.Value", "b", "ResourceGroupId", "rg-1", "Description", "the tools")
	test := c.component("Name", "check", "ComponentType", "Test")
	for _, row := range []struct {
		filter args
		want   []string
	}{
		{args{}, []string{build, test}},
		{args{"Owner": "SELF"}, []string{build, test}},
		{args{"Owner": "ALIYUN"}, nil},
		{args{"Name": "tools"}, []string{build}},
		{args{"Name": "tool"}, nil},
		{args{"ComponentType": "Test"}, []string{test}},
		{args{"SystemType": "Windows"}, nil},
		{args{"Tag.1.Key": "a"}, []string{build}},
		{args{"ResourceGroupId": "rg-1"}, []string{build}},
		{args{"ImageComponentId.1": test, "ImageComponentId.2": build}, []string{build, test}},
		{args{"RegionId": "cn-beijing"}, nil},
	} {
		var ids []string
		for _, item := range c.ecs("DescribeImageComponents", row.filter).ok().at("ImageComponent", "ImageComponentSet").([]any) {
			ids = append(ids, item.(map[string]any)["ImageComponentId"].(string))
		}
		require.Equal(t, row.want, ids, row.filter)
	}
}
