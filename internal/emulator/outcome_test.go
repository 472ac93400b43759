package emulator

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var timeout = Reason{Code: "ImportImage.TimedOut", Message: "The disk could not be read."}

func TestWhatBecomesOfImports(t *testing.T) {
	for _, row := range []struct {
		claim             string
		imports           Imports
		after             time.Duration
		task, image, code string // image: empty when there is none
	}{
		{"fails at once and leaves a broken image", Imports{Fail: timeout}, 0, "Failed", "CreateFailed", timeout.Code},
		{"fails at once and leaves nothing", Imports{Fail: timeout, ImageAfter: gone}, 0, "Failed", "", timeout.Code},
		{"runs until it fails", Imports{Fail: timeout, After: Duration(5 * time.Minute)}, 4 * time.Minute, "Processing", "Creating", ""},
		{"fails in the middle", Imports{Fail: timeout, After: Duration(5 * time.Minute)}, 5 * time.Minute, "Failed", "CreateFailed", timeout.Code},
		{"fails late", Imports{Fail: timeout, After: Duration(time.Hour)}, 59 * time.Minute, "Processing", "Creating", ""},
		{"never ends", Imports{Stuck: true}, 24 * time.Hour, "Processing", "Creating", ""},
		{"finishes with a broken image", Imports{Image: Images{Status: "CreateFailed"}}, time.Hour, "Finished", "CreateFailed", ""},
		{"finishes with an image that is out of order", Imports{Image: Images{Status: "UnAvailable"}}, time.Hour, "Finished", "UnAvailable", ""},
		{"finishes with an image that goes away", Imports{Image: Images{GoneAfter: Duration(time.Minute)}}, time.Hour, "Finished", "", ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c := newCloud(t)
			c.set(Conditions{Imports: row.imports})
			id := c.ecs("ImportImage", importArgs).ok().text("TaskId")
			c.clock.pass(row.after)
			found := c.ecs("DescribeTaskAttribute", args{"TaskId": id}).ok()
			require.Equal(t, row.task, found.text("TaskStatus"))
			require.Equal(t, row.code, found.text("OperationProgressSet", "OperationProgress", 0, "ErrorCode"))
			require.Equal(t, row.task, c.ecs("DescribeTasks", args{}).ok().text("TaskSet", "Task", 0, "TaskStatus"))
			images := c.ecs("DescribeImages", args{"Status": "Creating,Available,UnAvailable,CreateFailed", "ImageOwnerAlias": "self"}).ok()
			if row.image == "" {
				require.Zero(t, images.at("TotalCount"))
				c.set(Conditions{})
				c.ecs("ImportImage", importArgs).ok() // its name is free again
				return
			}
			require.Equal(t, row.image, images.text("Images", "Image", 0, "Status"))
			if row.task == "Processing" {
				require.NotEqual(t, "100%", images.text("Images", "Image", 0, "Progress"))
			}
		})
	}
}

func TestWhatBecomesOfExecutions(t *testing.T) {
	why := Reason{Code: "CommandFailed", Message: "RUN exited with 1."}
	for _, row := range []struct {
		claim      string
		executions Executions
		after      time.Duration
		status     string
		image      bool
	}{
		{"fails when building ends", Executions{Status: "FAILED", Reason: why}, 10 * time.Minute, "FAILED", false},
		{"builds before it fails", Executions{Status: "FAILED", Reason: why}, 9 * time.Minute, "BUILDING", false},
		{"fails early", Executions{Status: "FAILED", Reason: why, After: Duration(time.Second)}, time.Second, "FAILED", false},
		{"fails its tests", Executions{Status: "TEST_FAILED", Reason: why}, 12 * time.Minute, "TEST_FAILED", true},
		{"succeeds in part", Executions{Status: "PARTITION_SUCCESS", Reason: why}, time.Hour, "PARTITION_SUCCESS", true},
		{"is being cancelled by somebody", Executions{Status: "CANCELLED"}, 10 * time.Minute, "CANCELLING", false},
		{"is cancelled by somebody", Executions{Status: "CANCELLED"}, 11 * time.Minute, "CANCELLED", false},
		{"ends in a way that nobody knows", Executions{Status: "EVAPORATED"}, time.Hour, "EVAPORATED", true},
		{"passes a status that nobody knows", Executions{Passes: "THINKING", PassesFor: Duration(time.Hour)}, time.Hour, "THINKING", false},
		{"goes on after that", Executions{Passes: "THINKING", PassesFor: Duration(time.Hour)}, 2 * time.Hour, "SUCCESS", true},
		{"never ends", Executions{Stuck: true}, 24 * time.Hour, "BUILDING", false},
		{"succeeds with an image that disappears", Executions{Image: Images{GoneAfter: Duration(time.Minute)}}, time.Hour, "SUCCESS", true},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c := newCloud(t)
			c.set(Conditions{Executions: row.executions})
			id := c.start(c.pipeline("ToRegionId.1", "cn-beijing"))
			c.clock.pass(row.after)
			e := c.ecs("DescribeImagePipelineExecutions", args{"ExecutionId": id}).ok().
				at("ImagePipelineExecution", "ImagePipelineExecutionSet", 0).(map[string]any)
			require.Equal(t, row.status, e["Status"])
			require.Equal(t, row.image, e["ImageId"] != "", e)
			if row.status == row.executions.Status && row.executions.Reason == why {
				require.Equal(t, []any{why.Code, why.Message, why.Message}, []any{e["ErrorCode"], e["ErrorInfo"], e["Message"]})
			}
			own := c.ecs("DescribeImages", args{"ImageOwnerAlias": "self"}).ok().at("TotalCount")
			copies := c.ecs("DescribeImages", args{"ImageOwnerAlias": "self", "RegionId": "cn-beijing"}).ok().at("TotalCount")
			there := row.image && row.executions.Image.GoneAfter == 0
			require.Equal(t, there, own == 1.0, own)
			require.Equal(t, there && row.status != "PARTITION_SUCCESS" && row.status != "TEST_FAILED", copies == 1.0, copies)
		})
	}
}

func TestAnImageThatIsAvailableBeforeItIsUsable(t *testing.T) {
	c := newCloud(t)
	for _, silent := range []bool{false, true} {
		c.set(Conditions{Imports: Imports{Image: Images{UsableAfter: Duration(time.Hour), Silent: silent}}})
		id := c.imported(importArgs.with("ImageName", "-"))
		usable := func() any {
			img := c.ecs("DescribeImages", args{"ImageId": id}).ok().at("Images", "Image", 0).(map[string]any)
			require.Equal(t, "Available", img["Status"])
			return img["Usable"]
		}
		want := []any{false, true}
		if silent {
			want = []any{nil, nil}
		}
		require.Equal(t, want[0], usable())
		c.batch("POST", "/images", batchBody(id)).refused(400, "InvalidEcsImageId")
		c.ecs("CreateImagePipeline", pipelineArgs.with("BaseImage", id)).refused(404, "InvalidImage.NotFound")
		c.clock.pass(time.Hour)
		require.Equal(t, want[1], usable())
		require.Equal(t, 201, c.batch("POST", "/images", batchBody(id)).Status)
		c.pipeline("BaseImage", id)
	}
}

func TestWithoutTokensARepeatMakesItTwice(t *testing.T) {
	c := newCloud(t)
	c.set(Conditions{TokensIgnored: true})
	good := args{"Content": "RUN true", "ClientToken": "tok"}
	first := c.ecs("CreateImageComponent", good).ok().text("ImageComponentId")
	require.NotEqual(t, first, c.ecs("CreateImageComponent", good).ok().text("ImageComponentId"))
}
