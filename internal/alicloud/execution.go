package alicloud

import (
	"context"
	"fmt"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
)

// StartExecution runs an image template and returns the execution's id. A template runs
// one execution at a time. A repeat with the same ClientToken returns the first call's
// id. (ECS API reference, StartImagePipelineExecution, 2014-05-26.)
func (c *Cloud) StartExecution(ctx context.Context, req StartExecutionRequest) (id string, err error) {
	request := &ecs.StartImagePipelineExecutionRequest{
		RegionId: &req.Region, ClientToken: optional(req.ClientToken), ImagePipelineId: optional(req.PipelineID),
		Tag: tagList(req.Tags, func(key, value *string) *ecs.StartImagePipelineExecutionRequestTag {
			return &ecs.StartImagePipelineExecutionRequestTag{Key: key, Value: value}
		}),
	}
	var a startAnswer
	err = c.invokeECS(ctx, "StartImagePipelineExecution", req.Region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.StartImagePipelineExecutionWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &a)
	if err != nil {
		return "", err
	}
	return string(a.ExecutionID), nil
}

// Execution looks at a run of an image template. The error wraps ErrNotFound when the
// cloud lists no such execution. (ECS API reference, DescribeImagePipelineExecutions,
// 2014-05-26.)
func (c *Cloud) Execution(ctx context.Context, region, id string) (Execution, error) {
	const api = "DescribeImagePipelineExecutions"
	var a executionsAnswer
	request := &ecs.DescribeImagePipelineExecutionsRequest{RegionId: &region, ExecutionId: &id}
	err := c.invokeECS(ctx, api, region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.DescribeImagePipelineExecutionsWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &a)
	if err != nil {
		return Execution{}, absent(err, noExecution...)
	}
	for _, e := range a.ImagePipelineExecution {
		if string(e.ExecutionID) == id {
			return e.execution(), nil
		}
	}
	return Execution{}, fmt.Errorf("%s: execution %s: %w", api, id, ErrNotFound)
}

// noExecution are the refusals of a look that mean: there is no such execution or template.
// The documents list an empty answer and the last code for it, and the others for a cancel.
var noExecution = []string{
	"InvalidImagePipelineExecution.NotFound", "InvalidImagePipelineExecutionId.NotFound", "InvalidImagePipeline.NotFound",
}

// Executions lists runs of templates in every status, all pages of them, and none when
// nothing fits. The *Error of an unknown template wraps ErrNotFound. (ECS API reference,
// DescribeImagePipelineExecutions, 2014-05-26.)
func (c *Cloud) Executions(ctx context.Context, q ExecutionQuery) ([]Execution, error) {
	const api = "DescribeImagePipelineExecutions"
	request := &ecs.DescribeImagePipelineExecutionsRequest{
		RegionId: &q.Region, ExecutionId: optional(q.ID), ImagePipelineId: optional(q.PipelineID), MaxResults: dara.Int32(pageSize),
	}
	executions, err := follow(api, func(token string) (page []Execution, next string, err error) {
		request.NextToken = optional(token)
		var a executionsAnswer
		err = c.invokeECS(ctx, api, q.Region, func(client *ecs.Client, ctx context.Context) error {
			_, err := client.DescribeImagePipelineExecutionsWithContext(ctx, request, &dara.RuntimeOptions{})
			return err
		}, &a)
		for _, e := range a.ImagePipelineExecution {
			if execution := e.execution(); q.fits(execution) {
				page = append(page, execution)
			}
		}
		return page, string(a.NextToken), err
	})
	return executions, absent(err, noExecution...)
}

func (q ExecutionQuery) fits(e Execution) bool {
	return (q.ID == "" || e.ID == q.ID) && e.Tags.have(q.Tags, q.TagKeys)
}

// CancelExecution cancels an execution that is preparing, repairing or building; ECS
// answers before it has ended. (ECS API reference, CancelImagePipelineExecution,
// 2014-05-26.)
func (c *Cloud) CancelExecution(ctx context.Context, region, id string) error {
	request := &ecs.CancelImagePipelineExecutionRequest{RegionId: &region, ExecutionId: &id}
	return c.invokeECS(ctx, "CancelImagePipelineExecution", region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.CancelImagePipelineExecutionWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &struct{}{})
}

type startAnswer struct{ ExecutionID id }

func (a *startAnswer) owed() string {
	if a.ExecutionID == "" {
		return "ExecutionId"
	}
	return ""
}

type executionsAnswer struct {
	NextToken              text
	ImagePipelineExecution listOf[executionAnswer]
}

func (a *executionsAnswer) owed() string {
	for _, e := range a.ImagePipelineExecution {
		switch {
		case e.ExecutionID == "":
			return "ExecutionId in one of its executions"
		case e.Status == "":
			return "Status in one of its executions"
		}
	}
	return ""
}

// executionAnswer has ErrorCode and ErrorInfo, which this version of the SDK's type lacks.
type executionAnswer struct {
	ExecutionID, ImagePipelineID, ImageID id
	Status, Message                       text
	ErrorCode, ErrorInfo, CreationTime    text
	Tags                                  tagSet
}

func (a *executionAnswer) execution() Execution {
	return Execution{
		ID: string(a.ExecutionID), PipelineID: string(a.ImagePipelineID), Status: string(a.Status),
		Message: string(a.Message), ImageID: string(a.ImageID), ErrorCode: string(a.ErrorCode),
		ErrorInfo: string(a.ErrorInfo), CreatedAt: string(a.CreationTime),
		Tags: a.Tags.tags(),
	}
}
