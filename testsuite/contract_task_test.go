package testsuite

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"
)

type (
	tasksRequest         = ecs.DescribeTasksRequest
	taskAttributeRequest = ecs.DescribeTaskAttributeRequest
	cancelTaskRequest    = ecs.CancelTaskRequest
)

func taskOf(id string) *taskAttributeRequest {
	return new(taskAttributeRequest).SetRegionId(hangzhou).SetTaskId(id)
}

func cancelOf(id string) *cancelTaskRequest {
	return new(cancelTaskRequest).SetRegionId(hangzhou).SetTaskId(id)
}

// taskState is how far a task is.
type taskState struct {
	status  string
	percent int
	answer  *ecs.DescribeTaskAttributeResponseBody
}

func (c *emulated) task(t *testing.T, id string) taskState {
	t.Helper()
	answer, err := c.ecs(t).DescribeTaskAttribute(taskOf(id))
	require.NoError(t, err)
	percent, err := strconv.Atoi(strings.TrimSuffix(value(answer.Body.TaskProcess), "%"))
	require.NoError(t, err, "TaskProcess is a number and a percent sign")
	return taskState{value(answer.Body.TaskStatus), percent, answer.Body}
}

func TestContractAnImportTaskRunsItsCourse(t *testing.T) {
	c := emulate(t)
	begun, err := c.ecs(t).ImportImage(importOfBase())
	require.NoError(t, err)
	created := c.clock.Now().UTC()
	var states []string
	percent := 0
	for range 60 {
		now := c.task(t, *begun.Body.TaskId)
		if !slices.Contains(states, now.status) {
			states = append(states, now.status)
		}
		require.Equal(t, now.status, states[len(states)-1], "no state comes back")
		require.GreaterOrEqual(t, now.percent, percent)
		require.Equal(t, now.status == "Finished", now.percent == 100)
		percent = now.percent
		c.pass(15 * time.Second)
	}
	require.Equal(t, []string{"Waiting", "Processing", "Finished"}, states)

	done := c.task(t, *begun.Body.TaskId).answer
	requireFields(t, done, `RequestId RegionId TaskId TaskAction TaskStatus TaskProcess SupportCancel TotalCount SuccessCount FailedCount
		CreationTime FinishedTime OperationProgressSet`)
	require.Equal(t, "ImportImage", *done.TaskAction)
	require.Equal(t, created.Format("2006-01-02T15:04Z"), *done.CreationTime, "a task's times have no seconds")
	require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\dZ$`, *done.FinishedTime)
	require.Equal(t, []int32{1, 1, 0}, []int32{*done.TotalCount, *done.SuccessCount, *done.FailedCount})
	require.Len(t, done.OperationProgressSet.OperationProgress, 1)
	requireFields(t, done.OperationProgressSet.OperationProgress[0], "OperationStatus ErrorCode ErrorMsg RelatedItemSet")
	require.Empty(t, *done.OperationProgressSet.OperationProgress[0].ErrorCode)
}

func TestContractCancelTask(t *testing.T) {
	for claim, after := range map[string]time.Duration{"while it waits": 0, "while it works": 5 * time.Minute} {
		t.Run(claim, func(t *testing.T) {
			c := emulate(t)
			client := c.ecs(t)
			begun, err := client.ImportImage(importOfBase().SetImageName("golden"))
			require.NoError(t, err)
			c.pass(after)
			answer, err := client.CancelTask(cancelOf(*begun.Body.TaskId))
			require.NoError(t, err)
			requireFields(t, answer.Body, "RequestId")
			c.pass(time.Hour)
			require.Equal(t, "Deleted", c.task(t, *begun.Body.TaskId).status)
			left, err := client.DescribeImages(imagesOf(hangzhou).SetImageId(*begun.Body.ImageId))
			require.NoError(t, err)
			require.Empty(t, left.Body.Images.Image, "no usable image is left")
			_, err = client.CancelTask(cancelOf(*begun.Body.TaskId))
			requireRefusal(t, refusalOf(t, err), 403, "InvalidTaskId.IncorrectTaskStatus", "The specified task status is not invalid.")
		})
	}
}

func TestContractDescribeTasks(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	begin := func() *ecs.ImportImageResponseBody {
		begun, err := client.ImportImage(importOfBase())
		require.NoError(t, err)
		return begun.Body
	}
	done := begin()
	c.pass(time.Hour)
	running := begin()
	c.pass(5 * time.Minute)
	stamp := func(d time.Duration) string { return c.clock.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }

	for _, row := range []struct {
		claim  string
		change func(*tasksRequest)
		want   []*ecs.ImportImageResponseBody
	}{
		{"all", func(*tasksRequest) {}, []*ecs.ImportImageResponseBody{done, running}},
		{"by ids in one parameter", func(r *tasksRequest) { r.SetTaskIds(*done.TaskId + "," + *running.TaskId) },
			[]*ecs.ImportImageResponseBody{done, running}},
		{"by one id", func(r *tasksRequest) { r.SetTaskIds(*done.TaskId) }, []*ecs.ImportImageResponseBody{done}},
		{"by an id that is not there", func(r *tasksRequest) { r.SetTaskIds("t-none") }, nil},
		{"by image", func(r *tasksRequest) { r.ResourceIds = dara.StringSlice([]string{*running.ImageId}) },
			[]*ecs.ImportImageResponseBody{running}},
		{"finished", func(r *tasksRequest) { r.SetTaskStatus("Finished") }, []*ecs.ImportImageResponseBody{done}},
		{"running", func(r *tasksRequest) { r.SetTaskStatus("Processing") }, []*ecs.ImportImageResponseBody{running}},
		{"failed", func(r *tasksRequest) { r.SetTaskStatus("Failed") }, nil},
		{"in an unknown status, which is ignored", func(r *tasksRequest) { r.SetTaskStatus("Ripe") },
			[]*ecs.ImportImageResponseBody{done, running}},
		{"that import", func(r *tasksRequest) { r.SetTaskAction("ImportImage") }, []*ecs.ImportImageResponseBody{done, running}},
		{"that export", func(r *tasksRequest) { r.SetTaskAction("ExportImage") }, nil},
		{"of the last time", func(r *tasksRequest) { r.SetStartTime(stamp(-2 * time.Second)).SetEndTime(stamp(0)) },
			[]*ecs.ImportImageResponseBody{running}},
		{"of another region", func(r *tasksRequest) { r.SetRegionId("cn-beijing") }, nil},
	} {
		t.Run(row.claim, func(t *testing.T) {
			request := new(tasksRequest).SetRegionId(hangzhou)
			row.change(request)
			answer, err := client.DescribeTasks(request)
			require.NoError(t, err)
			requireFields(t, answer.Body, "RequestId RegionId PageNumber PageSize TotalCount TaskSet")
			require.EqualValues(t, len(row.want), *answer.Body.TotalCount)
			var got, want []string
			for _, task := range answer.Body.TaskSet.Task {
				requireFields(t, task, "TaskId TaskAction TaskStatus SupportCancel ResourceId CreationTime FinishedTime")
				got = append(got, *task.TaskId+" "+*task.ResourceId)
			}
			for _, task := range row.want {
				want = append(want, *task.TaskId+" "+*task.ImageId)
			}
			require.ElementsMatch(t, want, got)
		})
	}
}

func TestContractDescribeTasksPages(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	for range 7 {
		_, err := client.ImportImage(importOfBase())
		require.NoError(t, err)
	}
	seen := map[string]bool{}
	for page, want := range []int{3, 3, 1, 0} {
		answer, err := client.DescribeTasks(new(tasksRequest).SetRegionId(hangzhou).SetPageSize(3).SetPageNumber(int32(page + 1)))
		require.NoError(t, err)
		require.Len(t, answer.Body.TaskSet.Task, want)
		require.EqualValues(t, 7, *answer.Body.TotalCount)
		for _, task := range answer.Body.TaskSet.Task {
			seen[*task.TaskId] = true
		}
	}
	require.Len(t, seen, 7)
}

func TestContractTaskRefusals(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	begun, err := client.ImportImage(importOfBase())
	require.NoError(t, err)
	id := *begun.Body.TaskId
	c.pass(time.Hour)

	t.Run("DescribeTasks", func(t *testing.T) {
		refuses(t, func() *tasksRequest { return new(tasksRequest).SetRegionId(hangzhou) }, client.DescribeTasks, []refusal[tasksRequest]{
			{"no region", func(r *tasksRequest) { r.RegionId = nil },
				400, "MissingParameter", `An input parameter "RegionId" that is mandatory for processing the request is not supplied.`},
			{"an unknown region", func(r *tasksRequest) { r.SetRegionId("mars-north-1") },
				400, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
			{"101 ids", func(r *tasksRequest) { r.SetTaskIds(strings.Repeat("t-1,", 100) + "t-1") }, 400, "", "%s"},
			{"a time that is none", func(r *tasksRequest) { r.SetStartTime("yesterday") }, 400, "", "%s"},
			{"a page of 101", func(r *tasksRequest) { r.SetPageSize(101) }, 400, "", "%s"},
		})
	})
	t.Run("DescribeTaskAttribute", func(t *testing.T) {
		refuses(t, func() *taskAttributeRequest { return taskOf(id) }, client.DescribeTaskAttribute, []refusal[taskAttributeRequest]{
			{"no task", func(r *taskAttributeRequest) { r.TaskId = nil },
				400, "MissingParameter", `An input parameter "TaskId" that is mandatory for processing the request is not supplied.`},
			{"an unknown region", func(r *taskAttributeRequest) { r.SetRegionId("mars-north-1") },
				400, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
			{"an unknown task", func(r *taskAttributeRequest) { r.SetTaskId("t-none") },
				400, "InvalidTaskId.NotFound", `The specified "TaskId" is not found.`},
			{"a task of another region", func(r *taskAttributeRequest) { r.SetRegionId("cn-beijing") },
				400, "InvalidTaskId.NotFound", `The specified "TaskId" is not found.`},
		})
	})
	t.Run("CancelTask", func(t *testing.T) {
		refuses(t, func() *cancelTaskRequest { return cancelOf(id) }, client.CancelTask, []refusal[cancelTaskRequest]{
			{"no region", func(r *cancelTaskRequest) { r.RegionId = nil },
				400, "MissingParameter", `An input parameter "RegionId" that is mandatory for processing the request is not supplied.`},
			{"no task", func(r *cancelTaskRequest) { r.TaskId = nil },
				400, "MissingParameter", `An input parameter "TaskId" that is mandatory for processing the request is not supplied.`},
			{"an unknown region", func(r *cancelTaskRequest) { r.SetRegionId("mars-north-1") },
				400, "InvalidRegionId.NotFound", "The specified RegionId does not exist."},
			{"an unknown task", func(r *cancelTaskRequest) { r.SetTaskId("t-none") },
				400, "InvalidTaskId.NotFound", `The specified "TaskId" is not found.`},
			{"a finished task", func(*cancelTaskRequest) {},
				403, "InvalidTaskId.IncorrectTaskStatus", "The specified task status is not invalid."},
		})
	})
}
