package alicloud

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const region = "cn-hangzhou"

func yes() *bool { b := true; return &b }

// wireCall is what the service gets and what the caller gets back.
type wireCall struct {
	name   string
	call   func(context.Context, *Cloud) (any, error)
	answer string
	action string
	query  map[string]string
	want   any
}

// callsOnTheWire has one row for each call that a build makes. The answers are written
// from the API references.
func callsOnTheWire() []wireCall {
	return []wireCall{
		{
			name: "ImportImage with everything",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.ImportImage(ctx, ImportImageRequest{
					Region: region, ClientToken: "tok", ImageName: "golden base", Description: "a disk", Architecture: "x86_64",
					OSType: "linux", Platform: "Others Linux", BootMode: "UEFI", LicenseType: "Auto", RoleName: "Role",
					DetectionStrategy: "Standard", StorageLocationARN: "arn", ResourceGroupID: "rg-1",
					NVMeSupport: "supported", IMDSSupport: "v2",
					Disks: []Disk{{Bucket: "bkt", Object: "a/b c.qcow2", Format: "QCOW2", SizeGiB: 40}, {Bucket: "bkt", Object: "d.raw"}},
					Tags:  Tags{"k": "", "a": "b"},
				})
			},
			answer: `{"RequestId":"R-1","ImageId":"m-1","TaskId":"t-1","RegionId":"cn-hangzhou"}`,
			action: "ImportImage",
			query: map[string]string{
				"RegionId": region, "ClientToken": "tok", "ImageName": "golden base", "Description": "a disk", "Architecture": "x86_64",
				"OSType": "linux", "Platform": "Others Linux", "BootMode": "UEFI", "LicenseType": "Auto", "RoleName": "Role",
				"DetectionStrategy": "Standard", "StorageLocationArn": "arn", "ResourceGroupId": "rg-1",
				"Features.NvmeSupport": "supported", "Features.ImdsSupport": "v2",
				"DiskDeviceMapping.1.OSSBucket": "bkt", "DiskDeviceMapping.1.OSSObject": "a/b c.qcow2",
				"DiskDeviceMapping.1.Format": "QCOW2", "DiskDeviceMapping.1.DiskImageSize": "40",
				"DiskDeviceMapping.2.OSSBucket": "bkt", "DiskDeviceMapping.2.OSSObject": "d.raw",
				"Tag.1.Key": "a", "Tag.1.Value": "b", "Tag.2.Key": "k", "Tag.2.Value": "",
			},
			want: ImportImageResponse{ImageID: "m-1", TaskID: "t-1", RequestID: "R-1"},
		},
		{
			name: "ImportImage with the least, and the task's older name",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.ImportImage(ctx, ImportImageRequest{Region: region, Disks: []Disk{{Bucket: "b", Object: "o"}}})
			},
			answer: `{"RequestId":"R-1","ImageId":"m-1","ImportTaskId":"t-old"}`,
			action: "ImportImage",
			query:  map[string]string{"RegionId": region, "DiskDeviceMapping.1.OSSBucket": "b", "DiskDeviceMapping.1.OSSObject": "o"},
			want:   ImportImageResponse{ImageID: "m-1", TaskID: "t-old", RequestID: "R-1"},
		},
		{
			name: "Task that failed",
			call: func(ctx context.Context, c *Cloud) (any, error) { return c.Task(ctx, region, "t-1") },
			answer: `{"RequestId":"R-1","TaskId":"t-1","TaskAction":"ImportImage","TaskStatus":"Failed","TaskProcess":"45%",
				"SupportCancel":"false","CreationTime":"2020-11-24T12:50Z","FinishedTime":"2020-11-24T13:50Z","TotalCount":1,
				"OperationProgressSet":{"OperationProgress":[{"OperationStatus":"Success"},
				{"OperationStatus":"Failed","ErrorCode":"InvalidImageFormat.Malformed","ErrorMsg":"bad disk",
				"RelatedItemSet":{"RelatedItem":[{"Name":"ImageId","Value":"m-1"}]}}]}}`,
			action: "DescribeTaskAttribute",
			query:  map[string]string{"RegionId": region, "TaskId": "t-1"},
			want: Task{ID: "t-1", Status: "Failed", Percent: 45, ErrorCode: "InvalidImageFormat.Malformed",
				ErrorMessage: "bad disk", CreatedAt: "2020-11-24T12:50Z"},
		},
		{
			name:   "Task that runs, with a number for a text",
			call:   func(ctx context.Context, c *Cloud) (any, error) { return c.Task(ctx, region, "t-1") },
			answer: `{"TaskId":"t-1","TaskStatus":"Processing","TaskProcess":7.5,"SupportCancel":true,"OperationProgressSet":{"OperationProgress":[]}}`,
			action: "DescribeTaskAttribute",
			query:  map[string]string{"RegionId": region, "TaskId": "t-1"},
			want:   Task{ID: "t-1", Status: "Processing", Percent: 7},
		},
		{
			name:   "CancelTask",
			call:   func(ctx context.Context, c *Cloud) (any, error) { return nil, c.CancelTask(ctx, region, "t-1") },
			answer: `{"RequestId":"R-1"}`,
			action: "CancelTask",
			query:  map[string]string{"RegionId": region, "TaskId": "t-1"},
		},
		{
			name: "Images by id",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Images(ctx, ImageQuery{Region: region, ID: "m-1"})
			},
			answer: `{"TotalCount":1,"Images":{"Image":[{"ImageId":"m-1","ImageName":"golden","ImageFamily":"fam","Description":"d",
				"Status":"Creating","Progress":"30%","ImageOwnerAlias":"self","Platform":"Ubuntu","OSType":"linux","ImageVersion":2,
				"CreationTime":"2020-11-24T06:00:00Z","Tags":{"Tag":[{"TagKey":"kiln:build","TagValue":"b-1"}]}}]}}`,
			action: "DescribeImages",
			query:  map[string]string{"RegionId": region, "ImageId": "m-1", "Status": everyImageStatus, "PageNumber": "1", "PageSize": "100"},
			want: []Image{{ID: "m-1", Name: "golden", Family: "fam", Description: "d", Status: "Creating", Percent: 30,
				CreatedAt: "2020-11-24T06:00:00Z", Tags: Tags{"kiln:build": "b-1"}}},
		},
		{
			name: "Images by exact name and tags, the fuzzy finds left out",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Images(ctx, ImageQuery{Region: region, Name: "golden", Tags: Tags{"k": "v"}})
			},
			answer: `{"TotalCount":3,"Images":{"Image":[
				{"ImageId":"m-1","ImageName":"golden-old","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}},
				{"ImageId":"m-2","ImageName":"golden","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"},{"TagKey":"x","TagValue":""}]}},
				{"ImageId":"m-3","ImageName":"golden"}]}}`,
			action: "DescribeImages",
			query: map[string]string{"RegionId": region, "ImageName": "golden", "Tag.1.Key": "k", "Tag.1.Value": "v",
				"ImageOwnerAlias": "self", "Status": everyImageStatus, "PageNumber": "1", "PageSize": "100"},
			want: []Image{{ID: "m-2", Name: "golden", Tags: Tags{"k": "v", "x": ""}}},
		},
		{
			name: "Images that are not there",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Images(ctx, ImageQuery{Region: region, ID: "m-1"})
			},
			answer: `{"TotalCount":0,"Images":{"Image":[]}}`,
			action: "DescribeImages",
			query:  map[string]string{"RegionId": region, "ImageId": "m-1", "Status": everyImageStatus, "PageNumber": "1", "PageSize": "100"},
			want:   []Image(nil),
		},
		{
			name: "Images by tag keys, asked for without them and compared here",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Images(ctx, ImageQuery{Region: region, Tags: Tags{"k": "v"}, TagKeys: []string{"kiln:build"}})
			},
			answer: `{"TotalCount":2,"Images":{"Image":[
				{"ImageId":"m-1","Status":"CreateFailed","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"},{"TagKey":"kiln:build","TagValue":""}]}},
				{"ImageId":"m-2","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}}]}}`,
			action: "DescribeImages",
			query: map[string]string{"RegionId": region, "Tag.1.Key": "k", "Tag.1.Value": "v",
				"ImageOwnerAlias": "self", "Status": everyImageStatus, "PageNumber": "1", "PageSize": "100"},
			want: []Image{{ID: "m-1", Status: "CreateFailed", Tags: Tags{"k": "v", "kiln:build": ""}}},
		},
		{
			name: "Images in some statuses since a time, others left out",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				since := time.Date(2026, 11, 22, 11, 5, 59, 0, time.FixedZone("", 3600))
				return c.Images(ctx, ImageQuery{Region: region, Statuses: []string{"Available", "CreateFailed"}, Since: since})
			},
			answer: `{"TotalCount":2,"Images":{"Image":[{"ImageId":"m-1","Status":"Creating"},{"ImageId":"m-2","Status":"Available"}]}}`,
			action: "DescribeImages",
			query: map[string]string{"RegionId": region, "Filter.1.Key": "CreationStartTime", "Filter.1.Value": "2026-11-22T10:05Z",
				"ImageOwnerAlias": "self", "Status": "Available,CreateFailed", "PageNumber": "1", "PageSize": "100"},
			want: []Image{{ID: "m-2", Status: "Available"}},
		},
		{
			name:   "DeleteImage, never by force",
			call:   func(ctx context.Context, c *Cloud) (any, error) { return nil, c.DeleteImage(ctx, region, "m-1") },
			answer: `{"RequestId":"R-1"}`,
			action: "DeleteImage",
			query:  map[string]string{"RegionId": region, "ImageId": "m-1"},
		},
		{
			name: "CreateComponent",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.CreateComponent(ctx, CreateComponentRequest{Region: region, ClientToken: "tok", Name: "nginx", Version: "1.0.0",
					Type: "Build", SystemType: "Linux", Description: "web", Content: "RUN a && b\nRUN c", ResourceGroupID: "rg-1", Tags: Tags{"k": "v"}})
			},
			answer: `{"RequestId":"R-1","ImageComponentId":"ic-1"}`,
			action: "CreateImageComponent",
			query: map[string]string{"RegionId": region, "ClientToken": "tok", "Name": "nginx", "ComponentVersion": "1.0.0",
				"ComponentType": "Build", "SystemType": "Linux", "Description": "web", "Content": "RUN a && b\nRUN c",
				"ResourceGroupId": "rg-1", "Tag.1.Key": "k", "Tag.1.Value": "v"},
			want: "ic-1",
		},
		{
			name: "Components by exact name and version, the wildcard finds left out",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Components(ctx, ComponentQuery{Region: region, Name: "nginx", Version: "1.0.*"})
			},
			answer: `{"ImageComponent":{"ImageComponentSet":[
				{"ImageComponentId":"ic-1","Name":"nginx","ComponentVersion":"1.0.1"},
				{"ImageComponentId":"ic-2","Name":"nginx","ComponentVersion":"1.0.*","ComponentType":"Build","SystemType":"Linux",
				 "Content":"RUN a","CreationTime":"2020-11-24T06:00:00Z","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}}]},"NextToken":""}`,
			action: "DescribeImageComponents",
			query:  map[string]string{"RegionId": region, "Name": "nginx", "ComponentVersion": "1.0.*", "Owner": "SELF", "MaxResults": "100"},
			want: []Component{{ID: "ic-2", Name: "nginx", Version: "1.0.*", Type: "Build", SystemType: "Linux", Content: "RUN a",
				CreatedAt: "2020-11-24T06:00:00Z", Tags: Tags{"k": "v"}}},
		},
		{
			name: "Components by ids and tags, others left out",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Components(ctx, ComponentQuery{Region: region, IDs: []string{"ic-1", "ic-2"},
					Tags: Tags{"k": "v"}, TagKeys: []string{"kiln:build"}})
			},
			answer: `{"ImageComponent":{"ImageComponentSet":[
				{"ImageComponentId":"ic-1","Name":"nginx","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}},
				{"ImageComponentId":"ic-2","Name":"tools","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"},{"TagKey":"kiln:build","TagValue":"b"}]}},
				{"ImageComponentId":"ic-3","Name":"other","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"},{"TagKey":"kiln:build","TagValue":"b"}]}}]}}`,
			action: "DescribeImageComponents",
			query: map[string]string{"RegionId": region, "ImageComponentId.1": "ic-1", "ImageComponentId.2": "ic-2",
				"Tag.1.Key": "k", "Tag.1.Value": "v", "Owner": "SELF", "MaxResults": "100"},
			want: []Component{{ID: "ic-2", Name: "tools", Tags: Tags{"k": "v", "kiln:build": "b"}}},
		},
		{
			name:   "DeleteComponent",
			call:   func(ctx context.Context, c *Cloud) (any, error) { return nil, c.DeleteComponent(ctx, region, "ic-1") },
			answer: `{"RequestId":"R-1"}`,
			action: "DeleteImageComponent",
			query:  map[string]string{"RegionId": region, "ImageComponentId": "ic-1"},
		},
		{
			name: "CreatePipeline with everything",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				no := false
				return c.CreatePipeline(ctx, CreatePipelineRequest{Region: region, ClientToken: "tok", Name: "tpl", Description: "d",
					BaseImageType: "IMAGE", BaseImage: "m-1", BuildContent: "COMPONENT ic-1", TestContent: "RUN true", InstanceType: "ecs.g7.large",
					VSwitchID: "vsw-1", SystemDiskSizeGiB: 40, InternetMaxBandwidthOut: 5, DeleteInstanceOnFailure: &no, RepairMode: "Standard",
					RetainCloudAssistant: yes(), ToRegionIDs: []string{region, "cn-beijing"}, AddAccounts: []int64{1234567890123456},
					ImageName: "golden", ImageNameSuffix: "disable", ImageFamily: "fam", ImageDescription: "id", ImageNVMeSupport: "auto",
					ImageTags: Tags{"i": "t"}, ResourceGroupID: "rg-1", Tags: Tags{"k": "v"}})
			},
			answer: `{"RequestId":"R-1","ImagePipelineId":"ip-1"}`,
			action: "CreateImagePipeline",
			query: map[string]string{"RegionId": region, "ClientToken": "tok", "Name": "tpl", "Description": "d", "BaseImageType": "IMAGE",
				"BaseImage": "m-1", "BuildContent": "COMPONENT ic-1", "TestContent": "RUN true", "InstanceType": "ecs.g7.large",
				"VSwitchId": "vsw-1", "SystemDiskSize": "40", "InternetMaxBandwidthOut": "5", "DeleteInstanceOnFailure": "false",
				"RepairMode": "Standard", "AdvancedOptions.RetainCloudAssistant": "true", "AdvancedOptions.ImageNameSuffix": "disable",
				"ToRegionId.1": region, "ToRegionId.2": "cn-beijing", "AddAccount.1": "1234567890123456",
				"ImageOptions.ImageName": "golden", "ImageOptions.ImageFamily": "fam", "ImageOptions.Description": "id",
				"ImageOptions.ImageFeatures.NvmeSupport": "auto", "ImageOptions.ImageTags.1.Key": "i", "ImageOptions.ImageTags.1.Value": "t",
				"ResourceGroupId": "rg-1", "Tag.1.Key": "k", "Tag.1.Value": "v"},
			want: "ip-1",
		},
		{
			name: "CreatePipeline with the least",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.CreatePipeline(ctx, CreatePipelineRequest{Region: region, BaseImageType: "IMAGE_FAMILY", BaseImage: "fam"})
			},
			answer: `{"RequestId":"R-1","ImagePipelineId":"ip-1"}`,
			action: "CreateImagePipeline",
			query:  map[string]string{"RegionId": region, "BaseImageType": "IMAGE_FAMILY", "BaseImage": "fam"},
			want:   "ip-1",
		},
		{
			name: "StartExecution",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.StartExecution(ctx, StartExecutionRequest{Region: region, ClientToken: "tok", PipelineID: "ip-1", Tags: Tags{"k": "v"}})
			},
			answer: `{"RequestId":"R-1","ExecutionId":"exec-1"}`,
			action: "StartImagePipelineExecution",
			query:  map[string]string{"RegionId": region, "ClientToken": "tok", "ImagePipelineId": "ip-1", "Tag.1.Key": "k", "Tag.1.Value": "v"},
			want:   "exec-1",
		},
		{
			name: "Execution that failed",
			call: func(ctx context.Context, c *Cloud) (any, error) { return c.Execution(ctx, region, "exec-1") },
			answer: `{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[{"ExecutionId":"exec-1","ImagePipelineId":"ip-1","Status":"FAILED",
				"Message":"step 2","ImageId":"","ErrorCode":"BuildFailed","ErrorInfo":"exit 1","CreationTime":"2020-11-24T06:00:00Z",
				"ModifiedTime":"2020-11-24T07:00:00Z","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}}]},"TotalCount":1}`,
			action: "DescribeImagePipelineExecutions",
			query:  map[string]string{"RegionId": region, "ExecutionId": "exec-1"},
			want: Execution{ID: "exec-1", PipelineID: "ip-1", Status: "FAILED", Message: "step 2", ErrorCode: "BuildFailed", ErrorInfo: "exit 1",
				CreatedAt: "2020-11-24T06:00:00Z", Tags: Tags{"k": "v"}},
		},
		{
			name: "Executions of a template with tags, those of others left out",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Executions(ctx, ExecutionQuery{Region: region, PipelineID: "ip-1", Tags: Tags{"k": "v"}})
			},
			answer: `{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[
				{"ExecutionId":"exec-1","ImagePipelineId":"ip-1","Status":"BUILDING","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}},
				{"ExecutionId":"exec-2","ImagePipelineId":"ip-1","Status":"SUCCESS"}]},"TotalCount":2,"NextToken":""}`,
			action: "DescribeImagePipelineExecutions",
			query:  map[string]string{"RegionId": region, "ImagePipelineId": "ip-1", "MaxResults": "100"},
			want:   []Execution{{ID: "exec-1", PipelineID: "ip-1", Status: "BUILDING", Tags: Tags{"k": "v"}}},
		},
		{
			name: "Pipelines with tags",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Pipelines(ctx, PipelineQuery{Region: region, Tags: Tags{"k": "v"}})
			},
			answer: `{"ImagePipeline":{"ImagePipelineSet":[{"ImagePipelineId":"ip-1","Name":"web","CreationTime":"2020-11-24T06:00:00Z",
				"Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}},{"ImagePipelineId":"ip-2","Name":"other"}]},"TotalCount":2}`,
			action: "DescribeImagePipelines",
			query:  map[string]string{"RegionId": region, "MaxResults": "100", "Tag.1.Key": "k", "Tag.1.Value": "v"},
			want:   []Pipeline{{ID: "ip-1", Name: "web", CreatedAt: "2020-11-24T06:00:00Z", Tags: Tags{"k": "v"}}},
		},
		{
			name: "Pipelines by ids and tag keys, others left out",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Pipelines(ctx, PipelineQuery{Region: region, IDs: []string{"ip-1", "ip-2"}, TagKeys: []string{"k"}})
			},
			answer: `{"ImagePipeline":{"ImagePipelineSet":[{"ImagePipelineId":"ip-1","Name":"web","Tags":{"Tag":[{"TagKey":"k","TagValue":"w"}]}},
				{"ImagePipelineId":"ip-2"},{"ImagePipelineId":"ip-3","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}}]},"TotalCount":3}`,
			action: "DescribeImagePipelines",
			query:  map[string]string{"RegionId": region, "MaxResults": "100", "ImagePipelineId.1": "ip-1", "ImagePipelineId.2": "ip-2"},
			want:   []Pipeline{{ID: "ip-1", Name: "web", Tags: Tags{"k": "w"}}},
		},
		{
			name:   "DeletePipeline",
			call:   func(ctx context.Context, c *Cloud) (any, error) { return nil, c.DeletePipeline(ctx, region, "ip-1") },
			answer: `{"RequestId":"R-1"}`,
			action: "DeleteImagePipeline",
			query:  map[string]string{"RegionId": region, "ImagePipelineId": "ip-1"},
		},
		{
			name: "Executions by id and tag keys",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				return c.Executions(ctx, ExecutionQuery{Region: region, ID: "exec-1", TagKeys: []string{"k"}})
			},
			answer: `{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[
				{"ExecutionId":"exec-1","Status":"BUILDING","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}},
				{"ExecutionId":"exec-2","Status":"SUCCESS","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}]}}]}}`,
			action: "DescribeImagePipelineExecutions",
			query:  map[string]string{"RegionId": region, "ExecutionId": "exec-1", "MaxResults": "100"},
			want:   []Execution{{ID: "exec-1", Status: "BUILDING", Tags: Tags{"k": "v"}}},
		},
		{
			name: "ImportTask of an image",
			call: func(ctx context.Context, c *Cloud) (any, error) { return c.ImportTask(ctx, region, "m-1") },
			answer: `{"TaskSet":{"Task":[{"TaskId":"t-2","TaskAction":"ImportImage","TaskStatus":"Finished","ResourceId":"m-2"},
				{"TaskId":"t-1","TaskAction":"ImportImage","TaskStatus":"Processing","ResourceId":"m-1","CreationTime":"2020-11-24T12:50Z"}]}}`,
			action: "DescribeTasks",
			query:  map[string]string{"RegionId": region, "ResourceIds.1": "m-1", "TaskAction": "ImportImage", "PageSize": "100"},
			want:   Task{ID: "t-1", Status: "Processing", CreatedAt: "2020-11-24T12:50Z"},
		},
		{
			name: "Image that says whether it is usable",
			call: func(ctx context.Context, c *Cloud) (any, error) {
				images, err := c.Images(ctx, ImageQuery{Region: region, ID: "m-1"})
				if len(images) == 0 {
					return nil, err
				}
				return images[0].Usable, err
			},
			answer: `{"TotalCount":1,"Images":{"Image":[{"ImageId":"m-1","Status":"Available","Usable":true}]}}`,
			action: "DescribeImages",
			query:  map[string]string{"RegionId": region, "ImageId": "m-1", "Status": everyImageStatus, "PageSize": "100", "PageNumber": "1"},
			want:   yes(),
		},
		{
			name:   "CancelExecution",
			call:   func(ctx context.Context, c *Cloud) (any, error) { return nil, c.CancelExecution(ctx, region, "exec-1") },
			answer: `{"RequestId":"R-1"}`,
			action: "CancelImagePipelineExecution",
			query:  map[string]string{"RegionId": region, "ExecutionId": "exec-1"},
		},
		{
			name:   "Regions",
			call:   func(ctx context.Context, c *Cloud) (any, error) { return c.Regions(ctx, region) },
			answer: `{"Regions":{"Region":[{"RegionId":"cn-beijing","RegionEndpoint":"ecs.cn-beijing.aliyuncs.com","LocalName":"x"}]}}`,
			action: "DescribeRegions",
			query:  map[string]string{},
			want:   []Region{{ID: "cn-beijing"}},
		},
	}
}

func TestCallsOnTheWire(t *testing.T) {
	for _, tt := range callsOnTheWire() {
		t.Run(tt.name, func(t *testing.T) {
			cloud, s := serve(t, answers(200, tt.answer))
			got, err := tt.call(context.Background(), cloud)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
			r := s.only(t)
			require.Equal(t, "POST", r.method)
			require.Equal(t, "/", r.path)
			require.Empty(t, r.body)
			require.Equal(t, tt.action, r.header.Get("X-Acs-Action"))
			require.Equal(t, tt.query, flat(r.query))
		})
	}
}

func TestRegisterImageOnTheWire(t *testing.T) {
	cloud, s := serve(t, answers(201, `{"Id":"img-1"}`))
	id, err := cloud.RegisterImage(context.Background(), RegisterImageRequest{
		Region: region, IdempotentToken: "tok_1", Name: "golden", Description: "a <b> & c", ECSImageID: "m-1", Platform: "Linux"})
	require.NoError(t, err)
	require.Equal(t, "img-1", id)
	r := s.only(t)
	require.Equal(t, "POST", r.method)
	require.Equal(t, "/images", r.path)
	require.Equal(t, map[string]string{"IdempotentToken": "tok_1"}, flat(r.query))
	require.JSONEq(t, `{"Description":"a <b> & c","EcsImageId":"m-1","Name":"golden","Platform":"Linux"}`, r.body)
	require.Equal(t, "application/json; charset=utf-8", r.header.Get("Content-Type"))
}

func TestRegisterImageLeavesUnsetFieldsOut(t *testing.T) {
	cloud, s := serve(t, answers(201, `{"Id":"img-1"}`))
	_, err := cloud.RegisterImage(context.Background(), RegisterImageRequest{Region: region, ECSImageID: "m-1"})
	require.NoError(t, err)
	require.JSONEq(t, `{"EcsImageId":"m-1"}`, s.only(t).body)
	require.Empty(t, s.only(t).query)
}

func TestATaskThatIsUnknownIsNotFound(t *testing.T) {
	c, _ := serve(t, answers(400, `{"RequestId":"R-1","Code":"InvalidTaskId.NotFound","Message":"The specified \"TaskId\" is not found."}`))
	_, err := c.Task(context.Background(), region, "t-1")
	require.ErrorIs(t, err, ErrNotFound)
	require.Equal(t, "R-1", failed(t, err).RequestID)
}

func TestAnExecutionThatIsNotListedIsNotFound(t *testing.T) {
	for _, answer := range []string{
		`{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[]},"TotalCount":0}`,
		`{"TotalCount":0}`,
		`{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[{"ExecutionId":"exec-2","Status":"SUCCESS"}]}}`,
	} {
		cloud, _ := serve(t, answers(200, answer))
		_, err := cloud.Execution(context.Background(), region, "exec-1")
		require.ErrorIs(t, err, ErrNotFound)
		require.ErrorContains(t, err, "exec-1")
	}
}
