package alicloud

import (
	"context"
	"fmt"
	"strings"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
)

// Task looks at an import task. The error of an unknown task wraps ErrNotFound. (ECS API
// reference, DescribeTaskAttribute, 2014-05-26: the only action that says how far an
// import is and why it failed. Where that may not be called, DescribeTasks has the status.)
func (c *Cloud) Task(ctx context.Context, region, id string) (Task, error) {
	var a taskAnswer
	request := &ecs.DescribeTaskAttributeRequest{RegionId: &region, TaskId: &id}
	err := c.invokeECS(ctx, "DescribeTaskAttribute", region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.DescribeTaskAttributeWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &a)
	switch {
	case isRefusal(err, "InvalidApi.NotFound", "Forbidden.RAM", "Forbidden"):
		return c.listedTask(ctx, region, id, err)
	case err != nil:
		return Task{}, absent(err, "InvalidTaskId.NotFound")
	}
	return a.task(), nil
}

// listedTask is a task as the list shows it. When the list is refused as well, refused is
// the error that counts.
func (c *Cloud) listedTask(ctx context.Context, region, id string, refused error) (Task, error) {
	listed, err := c.tasks(ctx, &ecs.DescribeTasksRequest{RegionId: &region, TaskIds: &id})
	if err != nil {
		return Task{}, refused
	}
	for _, t := range listed {
		if string(t.TaskID) == id {
			return t.task(), nil
		}
	}
	return Task{}, fmt.Errorf("DescribeTasks: task %s: %w", id, ErrNotFound)
}

// Tasks lists those of at most 100 tasks that the cloud knows, without how far they are and
// why they failed. (ECS API reference, DescribeTasks, 2014-05-26.)
func (c *Cloud) Tasks(ctx context.Context, region string, ids []string) ([]Task, error) {
	listed, err := c.tasks(ctx, &ecs.DescribeTasksRequest{
		RegionId: &region, TaskIds: dara.String(strings.Join(ids, ",")), PageSize: dara.Int32(pageSize),
	})
	tasks := make([]Task, len(listed))
	for i := range listed {
		tasks[i] = listed[i].task()
	}
	return tasks, err
}

// ImportTask looks for the import task of an image. Without one the error wraps
// ErrNotFound. (ECS API reference, DescribeTasks, 2014-05-26.)
func (c *Cloud) ImportTask(ctx context.Context, region, imageID string) (Task, error) {
	listed, err := c.tasks(ctx, &ecs.DescribeTasksRequest{
		RegionId: &region, ResourceIds: []*string{&imageID}, TaskAction: dara.String("ImportImage"), PageSize: dara.Int32(pageSize),
	})
	if err != nil {
		return Task{}, err
	}
	for _, t := range listed {
		if (t.ResourceID == "" || string(t.ResourceID) == imageID) && t.TaskAction == "ImportImage" {
			return t.task(), nil
		}
	}
	return Task{}, fmt.Errorf("DescribeTasks: import task of image %s: %w", imageID, ErrNotFound)
}

// tasks are the first page of a list of tasks.
func (c *Cloud) tasks(ctx context.Context, request *ecs.DescribeTasksRequest) ([]taskAnswer, error) {
	var a tasksAnswer
	err := c.invokeECS(ctx, "DescribeTasks", dara.StringValue(request.RegionId), func(client *ecs.Client, ctx context.Context) error {
		_, err := client.DescribeTasksWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &a)
	return a.TaskSet, err
}

// CancelTask cancels a running import task; ECS answers before the task has ended.
// (ECS API reference, CancelTask, 2014-05-26.)
func (c *Cloud) CancelTask(ctx context.Context, region, id string) error {
	request := &ecs.CancelTaskRequest{RegionId: &region, TaskId: &id}
	return c.invokeECS(ctx, "CancelTask", region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.CancelTaskWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &struct{}{})
}

type tasksAnswer struct{ TaskSet listOf[taskAnswer] }

func (a *tasksAnswer) owed() string {
	for _, t := range a.TaskSet {
		if owed := t.owed(); owed != "" {
			return owed + " in one of its tasks"
		}
	}
	return ""
}

type taskAnswer struct {
	TaskID, ResourceID                                id
	TaskAction, TaskStatus, TaskProcess, CreationTime text

	OperationProgressSet listOf[struct{ OperationStatus, ErrorCode, ErrorMsg text }]
}

func (a *taskAnswer) owed() string {
	switch {
	case a.TaskID == "":
		return "TaskId"
	case a.TaskStatus == "":
		return "TaskStatus"
	}
	return ""
}

func (a *taskAnswer) task() Task {
	t := Task{
		ID: string(a.TaskID), Status: string(a.TaskStatus), Percent: a.TaskProcess.percent(), CreatedAt: string(a.CreationTime),
	}
	for _, op := range a.OperationProgressSet {
		if op.ErrorCode != "" || op.OperationStatus == "Failed" {
			t.ErrorCode, t.ErrorMessage = string(op.ErrorCode), string(op.ErrorMsg)
			break
		}
	}
	return t
}
