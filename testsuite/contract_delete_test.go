package testsuite

import (
	"net/http"
	"path/filepath"
	"slices"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
)

type (
	deleteImageRequest     = ecs.DeleteImageRequest
	deleteComponentRequest = ecs.DeleteImageComponentRequest
	deletePipelineRequest  = ecs.DeleteImagePipelineRequest
)

func deleteImageOf(id string) *deleteImageRequest {
	return new(deleteImageRequest).SetRegionId(hangzhou).SetImageId(id)
}

func deleteComponentOf(id string) *deleteComponentRequest {
	return new(deleteComponentRequest).SetRegionId(hangzhou).SetImageComponentId(id)
}

func deletePipelineOf(id string) *deletePipelineRequest {
	return new(deletePipelineRequest).SetRegionId(hangzhou).SetImagePipelineId(id)
}

// The documented words of the refusals to delete an image.
const (
	usedByInstances = "The specified image has been used to create instances. You can use the DescribeInstances API to query these instances, " +
		"or you can use the force parameter to proceed."
	usedShared = "The specified image has been shared to others. You can use the DescribeImageSharePermission API to query the users " +
		"who have been shared."
	usedCopied   = "The image is being copied. Please use the CancelCopyImage API."
	usedExported = "The specified image is currently being exported. You can use the DescribeTasks API to check the status of related tasks " +
		"and cancel them if needed."
)

// imageStatus is the status of an image, empty when there is none.
func (c *emulated) imageStatus(t *testing.T, region, id string) string {
	t.Helper()
	answer, err := c.ecs(t).DescribeImages(imagesOf(region).SetImageId(id).SetStatus(anyStatus))
	require.NoError(t, err)
	if len(answer.Body.Images.Image) == 0 {
		return ""
	}
	return *answer.Body.Images.Image[0].Status
}

func TestContractDeleteImage(t *testing.T) {
	c := emulate(t, func(o *emulator.Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	client := c.ecs(t)
	id := *c.imported(t, importOfBase().SetImageName("golden")).ImageId

	_, err := client.DeleteImage(deleteImageOf(id).SetDryRun(true))
	requireRefusal(t, refusalOf(t, err), 400, "DryRunOperation", "%s")
	require.Equal(t, "Available", c.imageStatus(t, hangzhou, id), "a dry run deletes nothing")

	answer, err := client.DeleteImage(deleteImageOf(id).SetForce(false))
	require.NoError(t, err)
	require.Regexp(t, requestID, *answer.Body.RequestId)
	require.Empty(t, c.imageStatus(t, hangzhou, id))
	_, err = client.DeleteImage(deleteImageOf(id))
	requireRefusal(t, refusalOf(t, err), 404, "InvalidImageId.NotFound", "The specified ImageId does not exist.")
	_, err = client.CreateImagePipeline(pipelineOn(id))
	require.Error(t, err, "nothing can be made of it")

	c.restart(t)
	require.Empty(t, c.imageStatus(t, hangzhou, id))
	require.NotEqual(t, id, *c.imported(t, importOfBase().SetImageName("golden")).ImageId, "its name is free")
}

func TestContractDeleteImageRefusals(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	mine := *c.imported(t, importOfBase()).ImageId
	registered := *c.imported(t, importOfBase()).ImageId
	registrar{t, c.core(t, oldSignature)}.register(registration(registered), "")
	begun, err := client.ImportImage(importOfBase())
	require.NoError(t, err)
	system, err := client.DescribeImages(imagesOf(hangzhou).SetImageOwnerAlias("system"))
	require.NoError(t, err)
	require.NoError(t, c.serving.Load().Set(emulator.Conditions{ImageUse: map[string]string{mine: "exported"}}))

	refuses(t, func() *deleteImageRequest { return deleteImageOf(mine) }, client.DeleteImage, []refusal[deleteImageRequest]{
		{"no region", func(r *deleteImageRequest) { r.RegionId = nil },
			400, "MissingParameter", `The input parameter "RegionId" that is mandatory for processing this request is not supplied.`},
		{"an unknown region", func(r *deleteImageRequest) { r.SetRegionId("mars-north-1") },
			404, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
		{"no image", func(r *deleteImageRequest) { r.ImageId = nil },
			400, "MissingParameter", `The input parameter "ImageId" that is mandatory for processing this request is not supplied.`},
		{"an unknown image", func(r *deleteImageRequest) { r.SetImageId("m-none") },
			404, "InvalidImageId.NotFound", "The specified ImageId does not exist."},
		{"an image of another region", func(r *deleteImageRequest) { r.SetRegionId("cn-beijing") },
			404, "InvalidImageId.NotFound", "The specified ImageId does not exist."},
		{"an image of the system", func(r *deleteImageRequest) { r.SetImageId(*system.Body.Images.Image[0].ImageId).SetForce(true) },
			403, "ImageIsPublic", "You can not delete public image, please modify it to private."},
		{"an image that is being imported", func(r *deleteImageRequest) { r.SetImageId(*begun.Body.ImageId) },
			403, "ImageIsImporting", "The specified Image is importing."},
		{"an image that Batch Compute holds", func(r *deleteImageRequest) { r.SetImageId(registered) },
			403, "ImageUseShared", usedShared},
		{"an image that Batch Compute holds, by force", func(r *deleteImageRequest) { r.SetImageId(registered).SetForce(true) },
			403, "ImageUseShared", usedShared},
		{"an image that is being exported", func(*deleteImageRequest) {}, 403, "ImageIsExporting", usedExported},
		{"a dry run that does not pass", func(r *deleteImageRequest) { r.SetDryRun(true) }, 403, "ImageIsExporting", usedExported},
	})
}

// An execution holds on to its base and, while it works on them, to the images it makes.
func TestContractImagesOfAnExecutionInUse(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	base := *c.imported(t, importOfBase()).ImageId
	executionID := c.start(t, c.pipeline(t, pipelineOn(base).SetTestContent("RUN true").
		SetToRegionId(dara.StringSlice([]string{"cn-beijing"})).SetAddAccount([]*int64{dara.Int64(123)})))
	requireUse := func(region, id, code, message string) {
		t.Helper()
		_, err := client.DeleteImage(deleteImageOf(id).SetRegionId(region))
		requireRefusal(t, refusalOf(t, err), 403, code, message)
	}
	reach := func(status string) {
		t.Helper()
		for range 240 {
			if *c.execution(t, executionID).Status == status {
				return
			}
			c.pass(15 * time.Second)
		}
		t.Fatalf("it never came to %s", status)
	}
	named := func(region string) string {
		t.Helper()
		answer, err := client.DescribeImages(imagesOf(region).SetImageName("golden_" + executionID).SetStatus(anyStatus))
		require.NoError(t, err)
		require.Len(t, answer.Body.Images.Image, 1)
		return *answer.Body.Images.Image[0].ImageId
	}

	for _, status := range []string{"PREPARING", "BUILDING"} {
		reach(status)
		requireUse(hangzhou, base, "ImageUsingByInstance", usedByInstances)
	}
	c.pass(7 * time.Minute)
	require.Equal(t, "Creating", c.imageStatus(t, hangzhou, named(hangzhou)))
	requireUse(hangzhou, named(hangzhou), "ImageIsCreating", "The specified image is being created.")
	reach("TESTING")
	golden := *c.execution(t, executionID).ImageId
	requireUse(hangzhou, golden, "ImageUsingByInstance", usedByInstances)
	reach("DISTRIBUTING")
	requireUse("cn-beijing", named("cn-beijing"), "OperationDenied.ImageCopying", usedCopied)
	reach("RELEASING")
	requireUse(hangzhou, base, "ImageUsingByInstance", usedByInstances)
	reach("SUCCESS")
	requireUse(hangzhou, golden, "ImageUseShared", usedShared)
	_, err := client.DeleteImage(deleteImageOf(base))
	require.NoError(t, err)
}

func TestContractForceDeletesTheBaseOfAnExecution(t *testing.T) {
	c := emulate(t)
	base := *c.imported(t, importOfBase()).ImageId
	executionID := c.start(t, c.pipeline(t, pipelineOn(base)))
	_, err := c.ecs(t).DeleteImage(deleteImageOf(base).SetForce(true))
	require.NoError(t, err)
	require.Empty(t, c.imageStatus(t, hangzhou, base))
	require.Equal(t, []string{"PREPARING", "BUILDING", "RELEASING", "SUCCESS"}, c.course(t, executionID), "its instance is there already")
}

func TestContractDeleteImageComponent(t *testing.T) {
	c := emulate(t, func(o *emulator.Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	client := c.ecs(t)
	base := *c.imported(t, importOfBase()).ImageId
	id := c.component(t, componentOf(taskDocument).SetName("tools").SetComponentVersion("1.0.0"))
	pipelineID := c.pipeline(t, pipelineOn(base).SetBuildContent("COMPONENT "+id))

	refuses(t, func() *deleteComponentRequest { return deleteComponentOf(id) }, client.DeleteImageComponent, []refusal[deleteComponentRequest]{
		{"no region", func(r *deleteComponentRequest) { r.RegionId = nil },
			400, "MissingParameter", `The input parameter "RegionId" that is mandatory for processing this request is not supplied.`},
		{"no component", func(r *deleteComponentRequest) { r.ImageComponentId = nil },
			400, "MissingParameter", `The input parameter "ImageComponentId" that is mandatory for processing this request is not supplied.`},
		{"an unknown component", func(r *deleteComponentRequest) { r.SetImageComponentId("ic-none") },
			404, "InvalidImageComponent.NotFound", "%s."},
		{"a component of another region", func(r *deleteComponentRequest) { r.SetRegionId("cn-beijing") },
			404, "InvalidImageComponent.NotFound", "%s."},
		{"a component that a template uses", func(*deleteComponentRequest) {}, 403, "InvalidImageComponent.InUse", "%s."},
	})

	_, err := client.DeleteImagePipeline(deletePipelineOf(pipelineID))
	require.NoError(t, err)
	answer, err := client.DeleteImageComponent(deleteComponentOf(id))
	require.NoError(t, err)
	require.Regexp(t, requestID, *answer.Body.RequestId)
	c.restart(t)
	require.Empty(t, c.components(t, componentsOf(hangzhou).SetName("tools")))
	_, err = client.CreateImagePipeline(pipelineOn(base).SetBuildContent("COMPONENT " + id))
	requireRefusal(t, refusalOf(t, err), 404, "ImageComponent.NotFound", "%s")
	require.NotEqual(t, id, c.component(t, componentOf("RUN true").SetName("tools").SetComponentVersion("1.0.0")), "name and version are free")
}

func TestContractDeleteImagePipeline(t *testing.T) {
	c := emulate(t, func(o *emulator.Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	client := c.ecs(t)
	base := *c.imported(t, importOfBase()).ImageId
	id := c.pipeline(t, pipelineOn(base))
	executionID := c.start(t, id)

	refuses(t, func() *deletePipelineRequest { return deletePipelineOf(id) }, client.DeleteImagePipeline, []refusal[deletePipelineRequest]{
		{"no region", func(r *deletePipelineRequest) { r.RegionId = nil },
			400, "MissingParameter", `The input parameter "RegionId" that is mandatory for processing this request is not supplied.`},
		{"no template", func(r *deletePipelineRequest) { r.ImagePipelineId = nil },
			400, "MissingParameter", `The input parameter "ImagePipelineId" that is mandatory for processing this request is not supplied.`},
		{"an unknown template", func(r *deletePipelineRequest) { r.SetImagePipelineId("ip-none") },
			404, "InvalidImagePipeline.NotFound", "%s"},
		{"a template of another region", func(r *deletePipelineRequest) { r.SetRegionId("cn-beijing") },
			404, "InvalidImagePipeline.NotFound", "%s"},
		{"a template that runs", func(*deletePipelineRequest) {}, 403, "InvalidImagePipeline.HasRunningExecution", "%s"},
	})

	c.course(t, executionID)
	golden := *c.execution(t, executionID).ImageId
	answer, err := client.DeleteImagePipeline(deletePipelineOf(id))
	require.NoError(t, err)
	require.Regexp(t, requestID, *answer.Body.RequestId)
	c.restart(t)
	_, err = client.DescribeImagePipelineExecutions(executionsOf(id))
	requireRefusal(t, refusalOf(t, err), 404, "InvalidImagePipeline.NotFound", "%s")
	left, err := client.DescribeImagePipelineExecutions(new(executionsRequest).SetRegionId(hangzhou).SetExecutionId(executionID))
	require.NoError(t, err)
	require.Empty(t, left.Body.ImagePipelineExecution.ImagePipelineExecutionSet, "its executions went with it")
	require.Equal(t, "Available", c.imageStatus(t, hangzhou, golden), "their images did not")
}

// A cancelled execution holds its template until the cancel is done.
func TestContractDeleteACancelledTemplate(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	id := c.pipeline(t, pipelineOn(*c.imported(t, importOfBase()).ImageId))
	executionID := c.start(t, id)
	_, err := client.CancelImagePipelineExecution(stopOf(executionID))
	require.NoError(t, err)
	_, err = client.DeleteImagePipeline(deletePipelineOf(id))
	requireRefusal(t, refusalOf(t, err), 403, "InvalidImagePipeline.HasRunningExecution", "%s")
	require.Equal(t, []string{"CANCELLING", "CANCELLED"}, c.course(t, executionID))
	_, err = client.DeleteImagePipeline(deletePipelineOf(id))
	require.NoError(t, err)
}

func TestContractDeleteARegistration(t *testing.T) {
	bySignature(t, func(t *testing.T, c *emulated, r registrar) {
		imageID := *c.imported(t, importOfBase()).ImageId
		id := r.register(registration(imageID), "")
		gone := func() *resourceRequest { return &resourceRequest{method: http.MethodDelete, path: "/images/" + id} }
		under := func(conditions emulator.Conditions) func(*resourceRequest) {
			return func(*resourceRequest) { require.NoError(t, c.serving.Load().Set(conditions)) }
		}
		refuses(t, gone, r.call, []refusal[resourceRequest]{
			{"an unknown registration", func(r *resourceRequest) { r.path = "/images/img-none" },
				404, "InvalidResource.NotFound", "Specified resource is not found."},
			{"an image in another state", under(emulator.Conditions{Status: map[string]string{imageID: "UnAvailable"}}),
				400, "InvalidEcsImageId", "Specified parameter EcsImageId is not valid. The image is not available."},
			{"a role that may not share", under(emulator.Conditions{Roles: emulator.Roles{BatchCompute: "cannotShare"}}),
				400, "InvalidRoleArn", "Specified parameter RoleArn is not valid. AliyunBatchComputeDefaultRole don’t have access to share image."},
		})
		require.NoError(t, c.serving.Load().Set(emulator.Conditions{}))
		_, err := c.ecs(t).DeleteImage(deleteImageOf(imageID))
		requireRefusal(t, refusalOf(t, err), 403, "ImageUseShared", usedShared)
		answer, err := r.call(gone())
		require.NoError(t, err)
		require.Contains(t, []int{0, http.StatusNoContent}, answer.status)
		require.Empty(t, answer.body)
		_, err = c.ecs(t).DeleteImage(deleteImageOf(imageID))
		require.NoError(t, err, "nobody shares it any more")
	})
}

// Both signatures of the RPC, as clients of either age send them.
func TestContractDeletingBySignature(t *testing.T) {
	for claim, change := range bothSignatures {
		t.Run(claim, func(t *testing.T) {
			c := emulate(t)
			client := c.ecs(t, change)
			imageID := *c.imported(t, importOfBase()).ImageId
			pipelineID := c.pipeline(t, pipelineOn(imageID))
			_, err := client.DeleteImagePipeline(deletePipelineOf(pipelineID))
			require.NoError(t, err)
			_, err = client.DeleteImageComponent(deleteComponentOf(c.component(t, componentOf("RUN true"))))
			require.NoError(t, err)
			_, err = client.DeleteImage(deleteImageOf(imageID))
			require.NoError(t, err)
		})
	}
}

// leftovers are what builds left, as our own client finds it.
type leftovers struct {
	images       []alicloud.Image
	components   []alicloud.Component
	pipelines    []alicloud.Pipeline
	registration []alicloud.BatchImage
}

func findLeftovers(t *testing.T, cloud *alicloud.Cloud, keys ...string) (found leftovers) {
	t.Helper()
	var errs [4]error
	found.images, errs[0] = cloud.Images(t.Context(), alicloud.ImageQuery{Region: hangzhou, TagKeys: keys})
	found.components, errs[1] = cloud.Components(t.Context(), alicloud.ComponentQuery{Region: hangzhou, TagKeys: keys})
	found.pipelines, errs[2] = cloud.Pipelines(t.Context(), alicloud.PipelineQuery{Region: hangzhou, TagKeys: keys})
	found.registration, errs[3] = cloud.BatchImages(t.Context(), hangzhou)
	for _, err := range errs {
		require.NoError(t, err)
	}
	return found
}

// A clean-up by our client: each thing is found by its tag and goes in the order that the
// cloud demands.
func TestContractOurClientCleansUp(t *testing.T) {
	log := &requestLog{}
	c := emulate(t, func(o *emulator.Options) { o.Log = log })
	cloud, ctx := c.client(t), t.Context()
	begun, err := cloud.ImportImage(ctx, alicloud.ImportImageRequest{
		Region: hangzhou, ImageName: "golden-base", Disks: diskOfBase, Tags: alicloud.Tags{"kiln:build": "web"}})
	require.NoError(t, err)
	found := findLeftovers(t, cloud, "kiln:build")
	require.Len(t, found.images, 1, "an image that is not there yet is found too")
	require.Equal(t, "Creating", found.images[0].Status)
	c.pass(time.Hour)
	other := c.component(t, componentOf("RUN true"))
	tags := alicloud.Tags{"kiln:build": "another", "kiln:token": ""}
	component, err := cloud.CreateComponent(ctx, alicloud.CreateComponentRequest{Region: hangzhou, Name: "tools", Content: "RUN true", Tags: tags})
	require.NoError(t, err)
	pipelineID, err := cloud.CreatePipeline(ctx, alicloud.CreatePipelineRequest{
		Region: hangzhou, BaseImageType: "IMAGE", BaseImage: begun.ImageID, BuildContent: "COMPONENT " + component, ImageTags: tags, Tags: tags})
	require.NoError(t, err)
	executionID, err := cloud.StartExecution(ctx, alicloud.StartExecutionRequest{Region: hangzhou, PipelineID: pipelineID, Tags: tags})
	require.NoError(t, err)
	c.pass(time.Hour)
	runs, err := cloud.Executions(ctx, alicloud.ExecutionQuery{Region: hangzhou, ID: executionID, TagKeys: []string{"kiln:token"}})
	require.NoError(t, err)
	require.Len(t, runs, 1)
	registered, err := cloud.RegisterImage(ctx, alicloud.RegisterImageRequest{
		Region: hangzhou, Name: "golden", ECSImageID: runs[0].ImageID, Platform: "Linux"})
	require.NoError(t, err)

	found = findLeftovers(t, cloud, "kiln:build")
	require.Equal(t, []int{2, 1, 1, 1}, []int{len(found.images), len(found.components), len(found.pipelines), len(found.registration)})
	require.Len(t, findLeftovers(t, cloud, "kiln:build", "kiln:token").images, 1, "all of the keys")
	byID, err := cloud.Components(ctx, alicloud.ComponentQuery{Region: hangzhou, IDs: []string{other, "ic-none", component}})
	require.NoError(t, err)
	require.Len(t, byID, 2)
	templates, err := cloud.Pipelines(ctx, alicloud.PipelineQuery{Region: hangzhou, IDs: []string{"ip-none", pipelineID}})
	require.NoError(t, err)
	require.Len(t, templates, 1)

	require.NoError(t, cloud.UnregisterImage(ctx, hangzhou, registered))
	require.NoError(t, cloud.DeletePipeline(ctx, hangzhou, pipelineID))
	require.NoError(t, cloud.DeleteComponent(ctx, hangzhou, component))
	for _, image := range found.images {
		require.NoError(t, cloud.DeleteImage(ctx, hangzhou, image.ID))
	}
	require.Equal(t, leftovers{}, findLeftovers(t, cloud, "kiln:build"))
	require.Len(t, c.components(t, componentsOf(hangzhou)), 1, "what is not Kiln's stays")

	named := map[string]string{"DeleteImage": "ImageId", "DeleteImagePipeline": "ImagePipelineId", "DeleteImageComponent": "ImageComponentId"}
	deletions := 0
	for _, one := range log.read(t) {
		if parameter, deletes := named[one.Action]; deletes && one.Service == "ecs" {
			deletions++
			require.NotEmpty(t, one.Params[parameter])
			require.NotContains(t, one.Params, "Force")
			require.Empty(t, one.ResourceIDs, "a deletion makes nothing")
		}
	}
	require.Equal(t, 4, deletions)
}

// What the cloud says of a deletion that it refuses comes through whole.
func TestContractOurClientIsRefusedADeletion(t *testing.T) {
	c := emulate(t)
	cloud, ctx := c.client(t), t.Context()
	base := *c.imported(t, importOfBase()).ImageId
	registered := *c.imported(t, importOfBase()).ImageId
	registrar{t, c.core(t, oldSignature)}.register(registration(registered), "")
	used := c.component(t, componentOf("RUN true"))
	pipelineID := c.pipeline(t, pipelineOn(base).SetBuildContent("COMPONENT "+used))
	c.start(t, pipelineID)
	begun, err := c.ecs(t).ImportImage(importOfBase())
	require.NoError(t, err)
	system, err := cloud.Images(ctx, alicloud.ImageQuery{Region: hangzhou, ID: "m-bp1kilnubuntu2404x64"})
	require.NoError(t, err)
	require.Len(t, system, 1)
	for _, row := range []struct {
		api    string
		err    error
		status int
		code   string
	}{
		{"DeleteImage", cloud.DeleteImage(ctx, hangzhou, "m-none"), 404, "InvalidImageId.NotFound"},
		{"DeleteImage", cloud.DeleteImage(ctx, hangzhou, ""), 400, "MissingParameter"},
		{"DeleteImage", cloud.DeleteImage(ctx, "mars-north-1", base), 404, "InvalidRegionId.NotFound"},
		{"DeleteImage", cloud.DeleteImage(ctx, hangzhou, base), 403, "ImageUsingByInstance"},
		{"DeleteImage", cloud.DeleteImage(ctx, hangzhou, registered), 403, "ImageUseShared"},
		{"DeleteImage", cloud.DeleteImage(ctx, hangzhou, *begun.Body.ImageId), 403, "ImageIsImporting"},
		{"DeleteImage", cloud.DeleteImage(ctx, hangzhou, system[0].ID), 403, "ImageIsPublic"},
		{"DeleteImageComponent", cloud.DeleteComponent(ctx, hangzhou, used), 403, "InvalidImageComponent.InUse"},
		{"DeleteImageComponent", cloud.DeleteComponent(ctx, hangzhou, "ic-none"), 404, "InvalidImageComponent.NotFound"},
		{"DeleteImagePipeline", cloud.DeletePipeline(ctx, hangzhou, pipelineID), 403, "InvalidImagePipeline.HasRunningExecution"},
		{"DeleteImagePipeline", cloud.DeletePipeline(ctx, hangzhou, "ip-none"), 404, "InvalidImagePipeline.NotFound"},
		{"BatchCompute.DeleteImage", cloud.UnregisterImage(ctx, hangzhou, "img-none"), 404, "InvalidResource.NotFound"},
	} {
		t.Run(row.api+" "+row.code, func(t *testing.T) {
			got := refusedByCloud(t, row.err)
			require.Equal(t, []any{row.api, row.status, row.code}, []any{got.API, got.HTTPStatus, got.Code})
			require.NotEmpty(t, got.Message)
			require.Regexp(t, requestID, got.RequestID)
			require.NotErrorIs(t, row.err, alicloud.ErrNotFound)
		})
	}
}

// Lists for a clean-up are read to their last page too.
func TestContractOurClientFindsManyLeftovers(t *testing.T) {
	c := emulate(t)
	const many = 101
	base := *c.imported(t, importOfBase()).ImageId
	var pipelineIDs, componentIDs []string
	for range many {
		componentIDs = append(componentIDs, c.component(t, componentOf("RUN true").
			SetTag([]*componentTag{new(componentTag).SetKey("kiln:build").SetValue("web")})))
		pipelineIDs = append(pipelineIDs, c.pipeline(t, pipelineOn(base).
			SetTag([]*pipelineTag{new(pipelineTag).SetKey("kiln:build").SetValue("web")})))
	}
	cloud := c.client(t)
	found := findLeftovers(t, cloud, "kiln:build")
	require.Len(t, found.components, many)
	require.Len(t, found.pipelines, many)
	components, err := cloud.Components(t.Context(), alicloud.ComponentQuery{Region: hangzhou, IDs: componentIDs})
	require.NoError(t, err)
	require.Len(t, components, many, "more ids than a call takes")
	pipelines, err := cloud.Pipelines(t.Context(), alicloud.PipelineQuery{Region: hangzhou, IDs: pipelineIDs})
	require.NoError(t, err)
	require.True(t, slices.EqualFunc(pipelineIDs, pipelines, func(id string, p alicloud.Pipeline) bool { return id == p.ID }))
}
