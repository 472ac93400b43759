package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Builder is the part of ECS that builds images from templates.
type Builder interface {
	CreatePipeline(ctx context.Context, req alicloud.CreatePipelineRequest) (id string, err error)
	Pipelines(ctx context.Context, q alicloud.PipelineQuery) ([]alicloud.Pipeline, error)
	StartExecution(ctx context.Context, req alicloud.StartExecutionRequest) (id string, err error)
	Executions(ctx context.Context, q alicloud.ExecutionQuery) ([]alicloud.Execution, error)
	CancelExecution(ctx context.Context, region, id string) error
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
}

// Pipeline makes image templates and runs them.
type Pipeline struct {
	ECS     Builder
	Watcher Watcher
	Room    *WaitingRoom // nil: waits block in their activity
}

// CreateTemplateInput asks for an image template. Tags are complete, and the contents
// name the components.
type CreateTemplateInput struct {
	Region        string        `json:"region"`
	Token         string        `json:"token"`
	BaseImageType string        `json:"baseImageType"` // IMAGE or IMAGE_FAMILY
	BaseImage     string        `json:"baseImage"`
	Template      spec.Template `json:"template"`
	Image         spec.Image    `json:"image"`
	Asked         bool          `json:"asked,omitempty"` // an earlier run of the build asked with this token
}

// CreateTemplateResult names the template, which the API calls an image pipeline.
type CreateTemplateResult struct {
	PipelineID string `json:"pipelineId"`
	Adopted    bool   `json:"adopted,omitempty"` // an earlier attempt had made it
	Attempt    int32  `json:"attempt"`
}

// CreateTemplate makes an image template. (ECS API reference, CreateImagePipeline,
// 2014-05-26.)
func (a *Pipeline) CreateTemplate(ctx context.Context, in CreateTemplateInput) (CreateTemplateResult, error) {
	id, adopted, err := once(ctx, creation[string]{
		doing: "create template " + in.Template.Name,
		asked: in.Asked,
		call:  func() (string, error) { return a.ECS.CreatePipeline(ctx, templateRequest(in)) },
		find:  func() (string, error) { return a.findTemplate(ctx, in) },
	})
	if err != nil {
		return CreateTemplateResult{}, err
	}
	activity.GetLogger(ctx).Info("Template made", "pipeline_id", id, "adopted", adopted)
	return CreateTemplateResult{PipelineID: id, Adopted: adopted, Attempt: attempt(ctx)}, nil
}

// findTemplate looks for the template that carries the token, and for an image that has
// the name of the one to be. Names of templates are free.
func (a *Pipeline) findTemplate(ctx context.Context, in CreateTemplateInput) (string, error) {
	made, err := a.ECS.Pipelines(ctx, alicloud.PipelineQuery{Region: in.Region, Tags: alicloud.Tags{TagToken: in.Token}})
	if err != nil {
		return "", err
	}
	if len(made) == 0 {
		return "", imageNamed(ctx, a.ECS, in.Region, in.Image.Name)
	}
	return made[0].ID, nil
}

func templateRequest(in CreateTemplateInput) alicloud.CreatePipelineRequest {
	t, image := in.Template, in.Image
	return alicloud.CreatePipelineRequest{
		Region:                  in.Region,
		ClientToken:             in.Token,
		Name:                    t.Name,
		Description:             t.Description,
		BaseImageType:           in.BaseImageType,
		BaseImage:               in.BaseImage,
		BuildContent:            t.BuildContent,
		TestContent:             t.TestContent,
		InstanceType:            t.InstanceType,
		VSwitchID:               t.VSwitchID,
		SystemDiskSizeGiB:       t.SystemDiskSizeGiB,
		InternetMaxBandwidthOut: t.InternetMaxBandwidthOut,
		DeleteInstanceOnFailure: t.DeleteInstanceOnFailure,
		RepairMode:              t.RepairMode,
		RetainCloudAssistant:    t.RetainCloudAssistant,
		ToRegionIDs:             t.ToRegionIDs,
		AddAccounts:             t.AddAccounts,
		ImageName:               image.Name,
		ImageNameSuffix:         image.NameSuffix,
		ImageFamily:             image.Family,
		ImageDescription:        image.Description,
		ImageNVMeSupport:        image.NVMeSupport,
		ImageTags:               image.Tags,
		ResourceGroupID:         t.ResourceGroupID,
		Tags:                    t.Tags,
	}
}
