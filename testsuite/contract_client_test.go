package testsuite

import (
	"bytes"
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
)

// client is Kiln's own client of the cloud.
func (c *emulated) client(t *testing.T) *alicloud.Cloud {
	t.Helper()
	cloud, err := alicloud.New(alicloud.Options{
		ECSEndpoint: c.url, BatchComputeEndpoint: c.url, OSSEndpoint: c.url, AccessKeyID: "kiln-dev", AccessKeySecret: "kiln-dev-secret",
	})
	require.NoError(t, err)
	t.Cleanup(cloud.CloseIdleConnections)
	return cloud
}

var diskOfBase = []alicloud.Disk{{Bucket: disks, Object: "disks/base.qcow2", Format: "QCOW2", SizeGiB: 20}}

// A whole build, call by call, each of them twice as after a lost answer.
func TestContractABuildByOurClient(t *testing.T) {
	log := &requestLog{}
	c := emulate(t, func(o *emulator.Options) { o.Log = log })
	cloud, ctx := c.client(t), t.Context()
	tags := alicloud.Tags{"kiln:build": "web", "kiln:token": "abc"}

	regions, err := cloud.Regions(ctx, hangzhou)
	require.NoError(t, err)
	require.True(t, slices.ContainsFunc(regions, func(r alicloud.Region) bool { return r.ID == hangzhou }))

	begun := twice(t, func() (alicloud.ImportImageResponse, error) {
		answer, err := cloud.ImportImage(ctx, alicloud.ImportImageRequest{
			Region: hangzhou, ClientToken: "import_1", ImageName: "golden-base", Description: "the base", Architecture: "x86_64",
			OSType: "linux", Platform: "Debian", BootMode: "UEFI", RoleName: "AliyunECSImageImportDefaultRole",
			DetectionStrategy: "Standard", NVMeSupport: "supported", IMDSSupport: "v2", Disks: diskOfBase, Tags: tags,
		})
		require.Regexp(t, requestID, answer.RequestID)
		answer.RequestID = ""
		return answer, err
	})
	task, err := cloud.Task(ctx, hangzhou, begun.TaskID)
	require.NoError(t, err)
	require.Equal(t, alicloud.Task{ID: begun.TaskID, Status: "Waiting", CreatedAt: task.CreatedAt}, task)
	c.pass(time.Hour)
	task, err = cloud.Task(ctx, hangzhou, begun.TaskID)
	require.NoError(t, err)
	require.Equal(t, []any{"Finished", 100, "", ""}, []any{task.Status, task.Percent, task.ErrorCode, task.ErrorMessage})

	found, err := cloud.Images(ctx, alicloud.ImageQuery{Region: hangzhou, Name: "golden-base", Tags: tags})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, alicloud.Image{
		ID: begun.ImageID, Name: "golden-base", Description: "the base", Status: "Available", Percent: 100,
		CreatedAt: found[0].CreatedAt, Tags: tags,
	}, found[0])

	component := twice(t, func() (string, error) {
		return cloud.CreateComponent(ctx, alicloud.CreateComponentRequest{
			Region: hangzhou, ClientToken: "component_1", Name: "tools", Version: "1.0.0", Type: "Build", SystemType: "Linux",
			Description: "the tools", Content: taskDocument, Tags: tags,
		})
	})
	components, err := cloud.Components(ctx, alicloud.ComponentQuery{Region: hangzhou, Name: "tools", Version: "1.0.0"})
	require.NoError(t, err)
	require.Len(t, components, 1)
	require.Equal(t, alicloud.Component{
		ID: component, Name: "tools", Version: "1.0.0", Type: "Build", SystemType: "Linux", Content: taskDocument,
		CreatedAt: components[0].CreatedAt, Tags: tags,
	}, components[0])

	pipelineID := twice(t, func() (string, error) {
		keep := false
		return cloud.CreatePipeline(ctx, alicloud.CreatePipelineRequest{
			Region: hangzhou, ClientToken: "pipeline_1", Name: "web", Description: "the template", BaseImageType: "IMAGE",
			BaseImage: begun.ImageID, BuildContent: "COMPONENT " + component, TestContent: "RUN true", InstanceType: "ecs.g7.large",
			VSwitchID: "vsw-bp1example", SystemDiskSizeGiB: 60, InternetMaxBandwidthOut: 10, DeleteInstanceOnFailure: &keep,
			RepairMode: "Standard", RetainCloudAssistant: &keep, ToRegionIDs: []string{"cn-beijing"}, AddAccounts: []int64{123},
			ImageName: "golden", ImageFamily: "golden-family", ImageDescription: "golden", ImageNVMeSupport: "auto", ImageTags: tags, Tags: tags,
		})
	})
	executionID := twice(t, func() (string, error) {
		return cloud.StartExecution(ctx, alicloud.StartExecutionRequest{
			Region: hangzhou, ClientToken: "execution_1", PipelineID: pipelineID, Tags: tags})
	})
	execution, err := cloud.Execution(ctx, hangzhou, executionID)
	require.NoError(t, err)
	require.Equal(t, []string{executionID, pipelineID, "PREPARING", ""},
		[]string{execution.ID, execution.PipelineID, execution.Status, execution.ImageID})
	c.pass(time.Hour)
	execution, err = cloud.Execution(ctx, hangzhou, executionID)
	require.NoError(t, err)
	require.Equal(t, "SUCCESS", execution.Status)
	require.Equal(t, tags, execution.Tags)
	golden, err := cloud.Images(ctx, alicloud.ImageQuery{Region: hangzhou, ID: execution.ImageID})
	require.NoError(t, err)
	require.Equal(t, []string{"golden_" + executionID, "golden-family", "Available"},
		[]string{golden[0].Name, golden[0].Family, golden[0].Status})

	registered := twice(t, func() (string, error) {
		return cloud.RegisterImage(ctx, alicloud.RegisterImageRequest{
			Region: hangzhou, IdempotentToken: "register_1", Name: "golden", Description: "made by the contract",
			ECSImageID: execution.ImageID, Platform: "Linux",
		})
	})
	listed, err := cloud.BatchImages(ctx, hangzhou)
	require.NoError(t, err)
	require.Equal(t, []alicloud.BatchImage{{
		ID: registered, Name: "golden", Description: "made by the contract", ECSImageID: execution.ImageID, Platform: "Linux",
		CreatedAt: listed[0].CreatedAt,
	}}, listed)

	for _, action := range []string{"ImportImage", "CreateImageComponent", "CreateImagePipeline", "StartImagePipelineExecution", "CreateImage"} {
		require.Equal(t, 1, log.effects(t, action), action)
	}
}

// twice makes a call, repeats it, and wants one answer.
func twice[Answer any](t *testing.T, call func() (Answer, error)) Answer {
	t.Helper()
	first, err := call()
	require.NoError(t, err)
	again, err := call()
	require.NoError(t, err)
	require.Equal(t, first, again)
	return first
}

// requestLog is the cloud's own record of what it was asked.
type requestLog struct {
	mu    sync.Mutex
	lines bytes.Buffer
	heard func(line []byte) // of each line, before its answer leaves
}

// Write takes the cloud's lines.
func (l *requestLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	heard := l.heard
	_, _ = l.lines.Write(p) // never fails
	l.mu.Unlock()
	if heard != nil {
		heard(p)
	}
	return len(p), nil
}

func (l *requestLog) read(t *testing.T) []request {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	return readRequests(t, l.lines.String())
}

// effects is how often an action really did something.
func (l *requestLog) effects(t *testing.T, action string) int {
	n := 0
	for _, one := range l.read(t) {
		if one.Action == action && one.made() {
			n++
		}
	}
	return n
}

func TestContractOurClientCancels(t *testing.T) {
	c := emulate(t)
	cloud, ctx := c.client(t), t.Context()
	begun, err := cloud.ImportImage(ctx, alicloud.ImportImageRequest{Region: hangzhou, Disks: diskOfBase})
	require.NoError(t, err)
	require.NoError(t, cloud.CancelTask(ctx, hangzhou, begun.TaskID))
	task, err := cloud.Task(ctx, hangzhou, begun.TaskID)
	require.NoError(t, err)
	require.Equal(t, "Deleted", task.Status)

	executionID := c.start(t, c.pipeline(t, pipelineOn(*c.imported(t, importOfBase()).ImageId)))
	require.NoError(t, cloud.CancelExecution(ctx, hangzhou, executionID))
	execution, err := cloud.Execution(ctx, hangzhou, executionID)
	require.NoError(t, err)
	require.Equal(t, "CANCELLING", execution.Status)
}

// Lists are read to their last page.
func TestContractOurClientReadsAllPages(t *testing.T) {
	c := emulate(t)
	cloud, ctx := c.client(t), t.Context()
	const many = 101
	for range many {
		id := *c.imported(t, importOfBase().SetTag([]*importTag{new(importTag).SetKey("team").SetValue("core")})).ImageId
		_, err := cloud.RegisterImage(ctx, alicloud.RegisterImageRequest{Region: hangzhou, Name: "golden", ECSImageID: id, Platform: "Linux"})
		require.NoError(t, err)
		c.component(t, componentOf("RUN true").SetName("tools"))
	}
	images, err := cloud.Images(ctx, alicloud.ImageQuery{Region: hangzhou, Tags: alicloud.Tags{"team": "core"}})
	require.NoError(t, err)
	require.Len(t, images, many)
	components, err := cloud.Components(ctx, alicloud.ComponentQuery{Region: hangzhou, Name: "tools"})
	require.NoError(t, err)
	require.Len(t, components, many)
	registered, err := cloud.BatchImages(ctx, hangzhou)
	require.NoError(t, err)
	require.Len(t, registered, many)
}

// What the cloud says of a call that it refuses comes through whole.
func TestContractOurClientKeepsWhatTheCloudSays(t *testing.T) {
	log := &requestLog{}
	c := emulate(t, func(o *emulator.Options) { o.Log = log })
	cloud, ctx := c.client(t), t.Context()
	image := *c.imported(t, importOfBase().SetImageName("taken")).ImageId
	c.start(t, c.pipeline(t, pipelineOn(image)))
	fails := func(_ any, err error) error { return err }
	for _, row := range []struct {
		api     string
		err     error
		status  int
		code    string
		message string
	}{
		{"ImportImage", fails(cloud.ImportImage(ctx, alicloud.ImportImageRequest{Region: hangzhou, ImageName: "taken", Disks: diskOfBase})),
			400, "InvalidImageName.Duplicated", "The destination image is exist."},
		{"ImportImage", fails(cloud.ImportImage(ctx, alicloud.ImportImageRequest{Region: hangzhou})),
			403, "MissingParameter.DiskDeviceMapping", "The specified parameter DiskDeviceMapping is not supplied."},
		{"DescribeTaskAttribute", fails(cloud.Task(ctx, hangzhou, "t-none")),
			400, "InvalidTaskId.NotFound", `The specified "TaskId" is not found.`},
		{"CancelTask", cloud.CancelTask(ctx, hangzhou, "t-none"),
			400, "InvalidTaskId.NotFound", `The specified "TaskId" is not found.`},
		{"DescribeImages", fails(cloud.Images(ctx, alicloud.ImageQuery{Region: "mars-north-1"})),
			404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
		{"CreateImageComponent", fails(cloud.CreateComponent(ctx, alicloud.CreateComponentRequest{Region: hangzhou, Content: "COMPONENT ic-1"})),
			400, "InvalidCommand.Component", "Image component does not support component command."},
		{"DescribeImageComponents", fails(cloud.Components(ctx, alicloud.ComponentQuery{Region: hangzhou, Name: "tools", Version: "one"})),
			400, "InvalidParameter.ComponentVersion", "The specified ComponentVersion is invalid."},
		{"CreateImagePipeline", fails(cloud.CreatePipeline(ctx, alicloud.CreatePipelineRequest{
			Region: hangzhou, BaseImageType: "IMAGE", BaseImage: image, RepairMode: "Deep"})),
			400, "InvalidParameter.RepairMode", "The specified parameter RepairMode is invalid."},
		{"CancelImagePipelineExecution", cloud.CancelExecution(ctx, hangzhou, "exec-none"),
			404, "InvalidImagePipelineExecution.NotFound", "The specified image pipeline execution does not exist!"},
		{"BatchCompute.CreateImage", fails(cloud.RegisterImage(ctx, alicloud.RegisterImageRequest{
			Region: hangzhou, Name: "golden", ECSImageID: "m-none", Platform: "Linux"})),
			400, "InvalidEcsImageId", "Specified parameter EcsImageId is not valid. The specified EcsImageId does not exist or not you onwer."},
		{"BatchCompute.CreateImage", fails(cloud.RegisterImage(ctx, alicloud.RegisterImageRequest{Region: hangzhou})),
			400, "MissingName", "Name is mandatory for this action."},
	} {
		t.Run(row.api+" "+row.code, func(t *testing.T) {
			got := refusedByCloud(t, row.err)
			require.Equal(t, []any{row.api, row.status, row.code, row.message}, []any{got.API, got.HTTPStatus, got.Code, got.Message})
			require.True(t, slices.ContainsFunc(log.read(t), func(r request) bool { return r.RequestID == got.RequestID }),
				"the request id is the one of the cloud's own log")
		})
	}
}

func refusedByCloud(t *testing.T, err error) *alicloud.Error {
	t.Helper()
	var got *alicloud.Error
	require.ErrorAs(t, err, &got)
	return got
}

func TestContractOurClientKnowsWhatIsNotThere(t *testing.T) {
	cloud, ctx := emulate(t).client(t), t.Context()
	_, err := cloud.Task(ctx, hangzhou, "t-none")
	require.ErrorIs(t, err, alicloud.ErrNotFound)
	_, err = cloud.Execution(ctx, hangzhou, "exec-none")
	require.ErrorIs(t, err, alicloud.ErrNotFound)
	images, err := cloud.Images(ctx, alicloud.ImageQuery{Region: hangzhou, Name: "none"})
	require.NoError(t, err)
	require.Empty(t, images)
}

func TestContractOurClientWhenItMayNotCall(t *testing.T) {
	c := emulate(t)
	stranger, err := alicloud.New(alicloud.Options{ECSEndpoint: c.url, BatchComputeEndpoint: c.url,
		AccessKeyID: "kiln-dev", AccessKeySecret: "wrong-secret"})
	require.NoError(t, err)
	for name, call := range map[string]func(context.Context) error{
		"ECS":           func(ctx context.Context) error { _, err := stranger.Regions(ctx, hangzhou); return err },
		"Batch Compute": func(ctx context.Context) error { _, err := stranger.BatchImages(ctx, hangzhou); return err },
	} {
		t.Run(name, func(t *testing.T) {
			got := refusedByCloud(t, call(t.Context()))
			require.Equal(t, []any{400, "SignatureDoesNotMatch"}, []any{got.HTTPStatus, got.Code})
			require.NotContains(t, got.Error(), "wrong-secret")
		})
	}
}

// A throttled call says when to come again.
func TestContractOurClientHeedsThrottling(t *testing.T) {
	c := emulate(t)
	cloud := c.client(t)
	create := func() error {
		_, err := cloud.CreateComponent(t.Context(), alicloud.CreateComponentRequest{Region: hangzhou, ClientToken: "token_1", Content: "RUN true"})
		return err
	}
	for range 1000 {
		require.NoError(t, create())
	}
	got := refusedByCloud(t, create())
	require.Equal(t, []any{400, "Throttling", "Request was denied due to request throttling."}, []any{got.HTTPStatus, got.Code, got.Message})
	require.Positive(t, got.RetryAfter)
	require.LessOrEqual(t, got.RetryAfter, time.Minute)
	c.clock.pass(got.RetryAfter)
	require.NoError(t, create())
}
