package emulator

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDeleteImage(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	c.set(Conditions{Quotas: map[string]int{"images": 1}})
	first := c.ecs("ImportImage", importArgs.with("ClientToken", "token-1")).ok().text("ImageId")
	c.clock.pass(time.Hour)
	c.ecs("ImportImage", importArgs.with("ImageName", "another")).refused(403, "QuotaExceed.Image")
	again := args{"ImageId": first}
	c.ecs("DeleteImage", again.with("DryRun", "true")).refused(400, "DryRunOperation")
	require.Equal(t, "Available", c.image(first), "a dry run deletes nothing")
	c.log.take()

	deleted := c.ecs("DeleteImage", again).ok()
	require.Equal(t, map[string]any{"RequestId": deleted.text("RequestId")}, deleted.Body)
	line := c.log.entries(t)[0]
	require.Equal(t, first, line.Params["ImageId"])
	require.Empty(t, line.ResourceIDs, "nothing was made")
	require.Empty(t, c.image(first))
	c.ecs("DeleteImage", again).refused(404, "InvalidImageId.NotFound")
	c.restart()
	require.Empty(t, c.image(first))
	require.Equal(t, first, c.ecs("ImportImage", importArgs.with("ClientToken", "token-1")).ok().text("ImageId"), "a token outlives what it made")
	require.NotEqual(t, first, c.imported(importArgs), "name and quota are free again")
}

func TestDeleteImageRefuses(t *testing.T) {
	c := newCloud(t)
	mine := c.imported(importArgs)
	registered := c.imported(importArgs.with("ImageName", "registered"))
	require.Equal(t, 201, c.batch("POST", "/images", batchBody(registered)).Status)
	importing := c.ecs("ImportImage", importArgs.with("ImageName", "importing")).ok().text("ImageId")
	c.set(Conditions{
		Status:   map[string]string{registered: "Deprecated"},
		ImageUse: map[string]string{mine: usedExported, "m-bp1*": usedByInstances},
	})
	c.refusals(t, "DeleteImage", args{"ImageId": mine}, []broken{
		{"no image", []string{"ImageId", "-"}, 400, "MissingParameter"},
		{"an unknown image", []string{"ImageId", "m-none"}, 404, "InvalidImageId.NotFound"},
		{"an image of another region", []string{"RegionId", "cn-beijing"}, 404, "InvalidImageId.NotFound"},
		{"an unknown region", []string{"RegionId", "mars-north-1"}, 404, "InvalidRegionId.NotFound"},
		{"a Force that is none", []string{"Force", "please"}, 400, "InvalidParameter"},
		{"a DryRun that is none", []string{"DryRun", "please"}, 400, "InvalidParameter"},
		{"an image of the system", []string{"ImageId", ubuntu}, 403, "ImageIsPublic"},
		{"an image of the system, by force", []string{"ImageId", ubuntu, "Force", "true"}, 403, "ImageIsPublic"},
		{"an image that is being imported", []string{"ImageId", importing}, 403, "ImageIsImporting"},
		{"a registered image", []string{"ImageId", registered}, 403, "ImageUseShared"},
		{"a registered image, by force", []string{"ImageId", registered, "Force", "true"}, 403, "ImageUseShared"},
		{"an image that is being exported", nil, 403, "ImageIsExporting"},
		{"a dry run that does not pass", []string{"DryRun", "true"}, 403, "ImageIsExporting"},
	})
}

func TestAnImageInUse(t *testing.T) {
	for _, row := range []struct {
		use, code, forced string
	}{
		{"instances", "ImageUsingByInstance", ""},
		{"shared", "ImageUseShared", "ImageUseShared"},
		{"copied", "OperationDenied.ImageCopying", "OperationDenied.ImageCopying"},
		{"exported", "ImageIsExporting", "ImageIsExporting"},
	} {
		t.Run(row.use, func(t *testing.T) {
			c := newCloud(t)
			a := args{"ImageId": c.imported(importArgs)}
			c.set(Conditions{ImageUse: map[string]string{"m-*": row.use}})
			c.ecs("DeleteImage", a).refused(403, row.code)
			require.Equal(t, row.forced, c.ecs("DeleteImage", a.with("Force", "true")).code())
			c.set(Conditions{})
			if row.forced != "" {
				c.ecs("DeleteImage", a).ok()
			}
			require.Empty(t, c.image(a["ImageId"]))
		})
	}
	_, err := ReadConditions([]byte("imageUse: {m-1: firewood}"))
	require.ErrorContains(t, err, `imageUse m-1 "firewood": want one of instances, shared, copied, exported`)
}

// TestImagesOfAnExecution deletes, at each moment of an execution, the image that it is
// based on and those that it makes.
func TestImagesOfAnExecution(t *testing.T) {
	for _, row := range []struct {
		after              time.Duration
		state              string
		base, made, copied string
	}{
		{0, "PREPARING", "ImageUsingByInstance", "InvalidImageId.NotFound", "InvalidImageId.NotFound"},
		{9 * time.Minute, "BUILDING", "ImageUsingByInstance", "ImageIsCreating", "InvalidImageId.NotFound"},
		{11 * time.Minute, "TESTING", "ImageUsingByInstance", "ImageUsingByInstance", "InvalidImageId.NotFound"},
		{13 * time.Minute, "DISTRIBUTING", "ImageUsingByInstance", "OperationDenied.ImageCopying", "OperationDenied.ImageCopying"},
		{16 * time.Minute, "RELEASING", "ImageUsingByInstance", "", ""},
		{18 * time.Minute, "SUCCESS", "", "", ""},
	} {
		t.Run(row.state, func(t *testing.T) {
			c := newCloud(t)
			base := c.imported(importArgs)
			id := c.start(c.pipeline("BaseImage", base, "TestContent", "RUN true", "ToRegionId.1", "cn-beijing"))
			c.clock.pass(row.after)
			state, _ := c.execution(id)
			require.Equal(t, row.state, state)
			for _, image := range []struct{ region, id, code string }{
				{"cn-hangzhou", base, row.base}, {"cn-hangzhou", "m-bp1000000000002", row.made}, {"cn-beijing", "m-2ze000000000001", row.copied},
			} {
				r := c.ecs("DeleteImage", args{"RegionId": image.region, "ImageId": image.id})
				require.Equal(t, image.code, r.code(), image.id)
			}
			c.clock.pass(time.Hour)
			state, _ = c.execution(id)
			require.Equal(t, "SUCCESS", state)
			require.Equal(t, row.base == "", c.image(base) == "")
		})
	}
}

func TestAnImageThatATemplateShares(t *testing.T) {
	for after, code := range map[time.Duration]string{9 * time.Minute: "ImageIsCreating", 11 * time.Minute: "ImageUseShared", time.Hour: "ImageUseShared"} {
		t.Run(after.String(), func(t *testing.T) {
			c := newCloud(t)
			c.start(c.pipeline("AddAccount.1", "123"))
			c.clock.pass(after)
			c.ecs("DeleteImage", args{"ImageId": "m-bp1000000000001"}).refused(403, code)
		})
	}
	t.Run("one whose tests fail shares nothing", func(t *testing.T) {
		c := newCloud(t)
		c.set(Conditions{Executions: Executions{Status: "TEST_FAILED"}})
		c.start(c.pipeline("AddAccount.1", "123"))
		c.clock.pass(time.Hour)
		c.ecs("DeleteImage", args{"ImageId": "m-bp1000000000001"}).ok()
	})
}

// TestTheBaseOfARunningExecution can be deleted by force, or once the execution is over.
func TestTheBaseOfARunningExecution(t *testing.T) {
	c := newCloud(t)
	base := args{"ImageId": c.imported(importArgs)}
	usage := func() string {
		return c.ecs("DescribeImages", base).ok().text("Images", "Image", 0, "Usage")
	}
	require.Equal(t, "none", usage())
	pipelineID := c.pipeline("BaseImage", base["ImageId"])
	id := c.start(pipelineID)
	require.Equal(t, "instance", usage())
	for wanted, found := range map[string]float64{"instance": 1, "none": 0, "": 1} {
		require.Equal(t, found, c.ecs("DescribeImages", base.with("Usage", wanted)).ok().at("TotalCount"), wanted)
	}
	c.ecs("DeleteImage", base).refused(403, "ImageUsingByInstance")
	c.ecs("CancelImagePipelineExecution", args{"ExecutionId": id}).ok()
	c.ecs("DeleteImage", base).refused(403, "ImageUsingByInstance")
	c.clock.pass(time.Hour)
	require.Equal(t, "none", usage())

	second := c.start(pipelineID)
	c.ecs("DeleteImage", base.with("Force", "true")).ok()
	c.clock.pass(time.Hour)
	state, _ := c.execution(second)
	require.Equal(t, "SUCCESS", state, "the instance was there already")
	c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": pipelineID}).refused(404, "InvalidImagePipeline.BaseImageNotFound")
}

// TestARegisteredImage holds the order of a clean-up: the registration, then the image.
func TestARegisteredImage(t *testing.T) {
	c := newCloud(t)
	imageID := c.imported(importArgs)
	registration := "/images/" + c.batch("POST", "/images", batchBody(imageID)).text("Id")
	c.ecs("DeleteImage", args{"ImageId": imageID}).refused(403, "ImageUseShared")
	c.set(Conditions{Status: map[string]string{imageID: "UnAvailable"}})
	c.batch("DELETE", registration, "").refused(400, "InvalidEcsImageId")
	c.set(Conditions{})
	require.Equal(t, 204, c.batch("DELETE", registration, "").Status)
	c.ecs("DeleteImage", args{"ImageId": imageID}).ok()

	lost := c.imported(importArgs)
	registration = "/images/" + c.batch("POST", "/images", batchBody(lost)).text("Id")
	require.NoError(t, c.server.Delete(lost))
	r := c.batch("DELETE", registration, "")
	r.refused(400, "InvalidEcsImageId")
	require.Equal(t, "Specified parameter EcsImageId is not valid. The image is not available.", r.text("Message"))
}

// TestDeletingMeetsConditionsAndFaults does to a deletion what can be done to every call.
func TestDeletingMeetsConditionsAndFaults(t *testing.T) {
	for _, action := range []string{"DeleteImage", "DeleteImageComponent", "DeleteImagePipeline"} {
		t.Run(action, func(t *testing.T) {
			c := newCloud(t)
			a := map[string]args{
				"DeleteImage": {"ImageId": c.imported(importArgs)}, "DeleteImageComponent": {"ImageComponentId": c.component()},
				"DeleteImagePipeline": {"ImagePipelineId": c.pipeline()},
			}[action]
			c.set(Conditions{Forbid: map[string]Denial{action: DeniedByRAM}})
			r := c.ecs(action, a)
			r.refused(403, "Forbidden.RAM")
			require.Equal(t, "ecs:"+action, r.text("AccessDeniedDetail", "AuthAction"))
			c.set(Conditions{Forbid: map[string]Denial{action: DeniedToAccount}})
			c.ecs(action, a).refused(403, "Forbidden")
			c.set(Conditions{Maintenance: []string{action}})
			c.ecs(action, a).refused(500, "ServiceUnavailable")
			c.set(Conditions{Flow: Flow{Limits: map[string]int{action: 0}}})
			c.ecs(action, a).refused(400, "Throttling")
			c.set(Conditions{Account: Account{Arrears: true, NoRealName: true}})
			c.plan(Fault{Action: action, Do: Empty, When: Before})
			require.Equal(t, 200, c.ecs(action, a).Status, "answered, and nothing done")
			c.plan(Fault{Action: action, Do: Refuse, When: After, Code: "InternalError"})
			c.ecs(action, a).refused(500, "InternalError")
			c.plan()
			require.Equal(t, 404, c.ecs(action, a).Status, "it had its effect, only the answer was lost")
		})
	}
}
