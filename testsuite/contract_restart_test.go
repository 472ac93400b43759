package testsuite

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
)

// With a state file the cloud is the same after a restart, whatever was under way.
func TestContractEverythingSurvivesARestart(t *testing.T) {
	c := emulate(t, func(o *emulator.Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	client := c.ecs(t)
	r := registrar{t, c.core(t, oldSignature)}
	imported := *c.imported(t, importOfBase().SetImageName("golden")).ImageId
	registered := r.register(registration(imported), "token_1")
	component := c.component(t, componentOf(taskDocument).SetName("tools").SetComponentVersion("1.0.0"))
	pipelineID := c.pipeline(t, pipelineOn(imported).SetBuildContent("COMPONENT "+component))
	executionID := c.start(t, pipelineID)
	begun, err := client.ImportImage(importOf("disks/data.raw").SetClientToken("token-1"))
	require.NoError(t, err)
	c.pass(5 * time.Minute)
	before := c.task(t, *begun.Body.TaskId)
	require.Equal(t, "Processing", before.status)

	c.restart(t)

	require.Equal(t, before.percent, c.task(t, *begun.Body.TaskId).percent, "the task is as far as it was")
	again, err := client.ImportImage(importOf("disks/data.raw").SetClientToken("token-1"))
	require.NoError(t, err)
	require.Equal(t, *begun.Body.ImageId, *again.Body.ImageId, "tokens are remembered")
	require.Equal(t, registered, r.register(registration(imported), "token_1"))
	_, err = client.ImportImage(importOfBase().SetImageName("golden"))
	requireRefusal(t, refusalOf(t, err), 400, "InvalidImageName.Duplicated", "%s")
	_, err = client.CreateImageComponent(componentOf("RUN true").SetName("tools").SetComponentVersion("1.0.0"))
	requireRefusal(t, refusalOf(t, err), 403, "InvalidComponentVersion.Exist", "%s")
	_, err = client.StartImagePipelineExecution(startOf(pipelineID))
	requireRefusal(t, refusalOf(t, err), 403, "InvalidImagePipeline.HasRunningExecution", "%s")
	require.Equal(t, imported, r.ok(http.MethodGet, "/images/"+registered, nil, nil)["EcsImageId"])
	require.NotEqual(t, component, c.component(t, componentOf("RUN true")), "no id is given twice")

	require.Equal(t, []string{"BUILDING", "RELEASING", "SUCCESS"}, c.course(t, executionID))
	c.pass(time.Hour)
	require.Equal(t, "Finished", c.task(t, *begun.Body.TaskId).status)
	require.Equal(t, "Available", *c.image(t, hangzhou, *c.execution(t, executionID).ImageId).Status)
}

func TestContractWithoutAStateFileARestartForgets(t *testing.T) {
	c := emulate(t)
	id := *c.imported(t, importOfBase()).ImageId
	c.restart(t)
	left, err := c.ecs(t).DescribeImages(imagesOf(hangzhou).SetImageId(id).SetStatus(anyStatus))
	require.NoError(t, err)
	require.Empty(t, left.Body.Images.Image)
}
