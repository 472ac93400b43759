package emulator

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDeleteImageComponent(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	c.set(Conditions{Quotas: map[string]int{"components": 1}})
	first := args{"ImageComponentId": c.component("Name", "tools", "ComponentVersion", "1.0.0")}
	c.log.take()
	deleted := c.ecs("DeleteImageComponent", first).ok()
	require.Equal(t, map[string]any{"RequestId": deleted.text("RequestId")}, deleted.Body)
	line := c.log.entries(t)[0]
	require.Equal(t, first["ImageComponentId"], line.Params["ImageComponentId"])
	require.Empty(t, line.ResourceIDs, "nothing was made")
	c.restart()
	require.Equal(t, 0.0, c.ecs("DescribeImageComponents", args{}).ok().at("TotalCount"))
	c.ecs("DeleteImageComponent", first).refused(404, "InvalidImageComponent.NotFound")
	again := c.component("Name", "tools", "ComponentVersion", "1.0.0") // name, version and quota are free
	require.NotEqual(t, first["ImageComponentId"], again)
}

func TestDeleteImageComponentRefuses(t *testing.T) {
	c := newCloud(t)
	c.refusals(t, "DeleteImageComponent", args{"ImageComponentId": c.component()}, []broken{
		{"no component", []string{"ImageComponentId", "-"}, 400, "MissingParameter"},
		{"an unknown component", []string{"ImageComponentId", "ic-none"}, 404, "InvalidImageComponent.NotFound"},
		{"a component of another region", []string{"RegionId", "cn-beijing"}, 404, "InvalidImageComponent.NotFound"},
		{"an unknown region", []string{"RegionId", "mars-north-1"}, 404, "InvalidRegionId.NotFound"},
	})
}

func TestAComponentInUse(t *testing.T) {
	const full = "COMPONENT acs:ecs:cn-hangzhou:" + ownerID + ":imagecomponent/tools/"
	for _, row := range []struct {
		claim, place, content string
		inUse                 bool
	}{
		{"by its id", "BuildContent", "RUN true\nCOMPONENT ic-bp1000000000001", true},
		{"another's id", "BuildContent", "COMPONENT ic-bp1000000000002", false},
		{"by name and version", "BuildContent", "COMPONENT tools:1.0.0", true},
		{"by its full name", "BuildContent", full + "1.0.0", true},
		{"another version", "BuildContent", "COMPONENT tools:1.1.0", false},
		{"a version that fits, though a higher one does too", "BuildContent", full + "1.*.*", true},
		{"a version that does not fit", "BuildContent", full + "1.1.*", false},
		{"in the tests, by its id", "TestContent", "COMPONENT ic-bp1000000000003", false},
		{"no component", "BuildContent", "RUN echo ic-bp1000000000001", false},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c := newCloud(t)
			used := args{"ImageComponentId": c.component("Name", "tools", "ComponentVersion", "1.0.0")}
			c.component("Name", "tools", "ComponentVersion", "1.1.0")
			c.component("Name", "checks", "ComponentType", "Test")
			pipelineID := c.pipeline(row.place, row.content)
			r := c.ecs("DeleteImageComponent", used)
			if !row.inUse {
				r.ok()
				return
			}
			r.refused(403, "InvalidImageComponent.InUse")
			require.Contains(t, r.text("Message"), pipelineID)
			c.ecs("DeleteImagePipeline", args{"ImagePipelineId": pipelineID}).ok()
			c.ecs("DeleteImageComponent", used).ok()
		})
	}
	t.Run("a test component", func(t *testing.T) {
		c := newCloud(t)
		used := c.component("ComponentType", "Test")
		c.pipeline("TestContent", "COMPONENT "+used)
		c.ecs("DeleteImageComponent", args{"ImageComponentId": used}).refused(403, "InvalidImageComponent.InUse")
	})
}

func TestDeleteImagePipeline(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	c.set(Conditions{Quotas: map[string]int{"pipelines": 1}})
	template := args{"ImagePipelineId": c.pipeline()}
	first := c.start(template["ImagePipelineId"])
	c.clock.pass(time.Hour)
	second := c.start(template["ImagePipelineId"])
	_, imageID := c.execution(first)
	c.ecs("DeleteImagePipeline", template).refused(403, "InvalidImagePipeline.HasRunningExecution")
	c.clock.pass(time.Hour)
	c.log.take()

	deleted := c.ecs("DeleteImagePipeline", template).ok()
	require.Equal(t, map[string]any{"RequestId": deleted.text("RequestId")}, deleted.Body)
	line := c.log.entries(t)[0]
	require.Equal(t, template["ImagePipelineId"], line.Params["ImagePipelineId"])
	require.Empty(t, line.ResourceIDs, "nothing was made")
	c.restart()
	for action, status := range map[string]int{
		"DeleteImagePipeline": 404, "StartImagePipelineExecution": 404, "DescribeImagePipelineExecutions": 404, "DescribeImagePipelines": 200,
	} {
		require.Equal(t, status, c.ecs(action, template).Status, action)
	}
	for _, id := range []string{first, second} {
		require.Equal(t, 0.0, c.ecs("DescribeImagePipelineExecutions", args{"ExecutionId": id}).ok().at("TotalCount"))
		c.ecs("CancelImagePipelineExecution", args{"ExecutionId": id}).refused(404, "InvalidImagePipelineExecution.NotFound")
	}
	require.Equal(t, "Available", c.image(imageID), "what it made stays")
	c.pipeline() // the quota is free again
}

func TestDeleteImagePipelineRefuses(t *testing.T) {
	c := newCloud(t)
	c.refusals(t, "DeleteImagePipeline", args{"ImagePipelineId": c.pipeline()}, []broken{
		{"no template", []string{"ImagePipelineId", "-"}, 400, "MissingParameter"},
		{"an unknown template", []string{"ImagePipelineId", "ip-none"}, 404, "InvalidImagePipeline.NotFound"},
		{"a template of another region", []string{"RegionId", "cn-beijing"}, 404, "InvalidImagePipeline.NotFound"},
		{"an unknown region", []string{"RegionId", "mars-north-1"}, 404, "InvalidRegionId.NotFound"},
	})
}

// TestATemplateWhoseExecutionIsOver can be deleted, however that was.
func TestATemplateWhoseExecutionIsOver(t *testing.T) {
	for _, status := range []string{"SUCCESS", "PARTITION_SUCCESS", "FAILED", "TEST_FAILED", "CANCELLED", "CANCELLING", "THINKING", "RELEASING"} {
		t.Run(status, func(t *testing.T) {
			c := newCloud(t)
			template := args{"ImagePipelineId": c.pipeline()}
			c.start(template["ImagePipelineId"])
			c.set(Conditions{Status: map[string]string{"exec-*": status}})
			r := c.ecs("DeleteImagePipeline", template)
			switch status {
			case "CANCELLING", "THINKING", "RELEASING":
				r.refused(403, "InvalidImagePipeline.HasRunningExecution")
			default:
				r.ok()
			}
		})
	}
}
