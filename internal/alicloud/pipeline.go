package alicloud

import (
	"context"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
)

// CreatePipeline makes an image template and returns its id. A repeat with the same
// ClientToken returns the first call's id. (ECS API reference, CreateImagePipeline,
// 2014-05-26.)
func (c *Cloud) CreatePipeline(ctx context.Context, req CreatePipelineRequest) (id string, err error) {
	request := &ecs.CreateImagePipelineRequest{
		RegionId:                &req.Region,
		ClientToken:             optional(req.ClientToken),
		Name:                    optional(req.Name),
		Description:             optional(req.Description),
		BaseImageType:           optional(req.BaseImageType),
		BaseImage:               optional(req.BaseImage),
		BuildContent:            optional(req.BuildContent),
		TestContent:             optional(req.TestContent),
		InstanceType:            optional(req.InstanceType),
		VSwitchId:               optional(req.VSwitchID),
		SystemDiskSize:          optionalNumber(req.SystemDiskSizeGiB),
		InternetMaxBandwidthOut: optionalNumber(req.InternetMaxBandwidthOut),
		DeleteInstanceOnFailure: req.DeleteInstanceOnFailure,
		RepairMode:              optional(req.RepairMode),
		ResourceGroupId:         optional(req.ResourceGroupID),
		AdvancedOptions:         advancedOptions(req),
		ImageOptions:            imageOptions(req),
		Tag: tagList(req.Tags, func(key, value *string) *ecs.CreateImagePipelineRequestTag {
			return &ecs.CreateImagePipelineRequestTag{Key: key, Value: value}
		}),
	}
	for _, region := range req.ToRegionIDs {
		request.ToRegionId = append(request.ToRegionId, dara.String(region))
	}
	for _, account := range req.AddAccounts {
		request.AddAccount = append(request.AddAccount, dara.Int64(account))
	}
	var a pipelineAnswer
	const api = "CreateImagePipeline"
	err = c.invokeECS(ctx, api, req.Region, func(client *ecs.Client, ctx context.Context) error {
		return callLong(ctx, client, api, request)
	}, &a)
	if err != nil {
		return "", err
	}
	return string(a.ImagePipelineID), nil
}

func advancedOptions(req CreatePipelineRequest) *ecs.CreateImagePipelineRequestAdvancedOptions {
	if req.ImageNameSuffix == "" && req.RetainCloudAssistant == nil {
		return nil
	}
	return &ecs.CreateImagePipelineRequestAdvancedOptions{
		ImageNameSuffix: optional(req.ImageNameSuffix), RetainCloudAssistant: req.RetainCloudAssistant,
	}
}

func imageOptions(req CreatePipelineRequest) *ecs.CreateImagePipelineRequestImageOptions {
	options := &ecs.CreateImagePipelineRequestImageOptions{
		ImageName: optional(req.ImageName), ImageFamily: optional(req.ImageFamily),
		Description: optional(req.ImageDescription),
		ImageTags: tagList(req.ImageTags, func(key, value *string) *ecs.CreateImagePipelineRequestImageOptionsImageTags {
			return &ecs.CreateImagePipelineRequestImageOptionsImageTags{Key: key, Value: value}
		}),
	}
	if req.ImageNVMeSupport != "" {
		options.ImageFeatures = &ecs.CreateImagePipelineRequestImageOptionsImageFeatures{
			NvmeSupport: &req.ImageNVMeSupport,
		}
	}
	return options
}

type pipelineAnswer struct{ ImagePipelineID id }

func (a *pipelineAnswer) owed() string {
	if a.ImagePipelineID == "" {
		return "ImagePipelineId"
	}
	return ""
}

// Pipelines lists image templates, all pages of them, and none when nothing fits. (ECS API
// reference, DescribeImagePipelines, 2014-05-26.)
func (c *Cloud) Pipelines(ctx context.Context, q PipelineQuery) ([]Pipeline, error) {
	var pipelines []Pipeline
	for _, ids := range batches(q.IDs) {
		listed, err := c.listPipelines(ctx, q, ids)
		if err != nil {
			return nil, err
		}
		for _, p := range listed {
			if tags := p.Tags.tags(); among(ids, p.ImagePipelineID) && tags.have(q.Tags, q.TagKeys) {
				pipelines = append(pipelines, Pipeline{
					ID: string(p.ImagePipelineID), Name: string(p.Name), CreatedAt: string(p.CreationTime), Tags: tags,
					BaseImageType: string(p.BaseImageType), BaseImage: string(p.BaseImage),
				})
			}
		}
	}
	return pipelines, nil
}

func (c *Cloud) listPipelines(ctx context.Context, q PipelineQuery, ids []string) ([]listedPipeline, error) {
	const api = "DescribeImagePipelines"
	request := &ecs.DescribeImagePipelinesRequest{
		RegionId: &q.Region, ImagePipelineId: dara.StringSlice(ids), MaxResults: dara.Int32(pageSize),
		Tag: tagList(q.Tags, func(key, value *string) *ecs.DescribeImagePipelinesRequestTag {
			return &ecs.DescribeImagePipelinesRequestTag{Key: key, Value: value}
		}),
	}
	return follow(api, func(token string) ([]listedPipeline, string, error) {
		request.NextToken = optional(token)
		var a pipelinesAnswer
		err := c.invokeECS(ctx, api, q.Region, func(client *ecs.Client, ctx context.Context) error {
			_, err := client.DescribeImagePipelinesWithContext(ctx, request, &dara.RuntimeOptions{})
			return err
		}, &a)
		return a.ImagePipeline, string(a.NextToken), err
	})
}

// DeletePipeline deletes an image template and its executions with it; ECS refuses it while
// one of them runs. (ECS API reference, DeleteImagePipeline, 2014-05-26.)
func (c *Cloud) DeletePipeline(ctx context.Context, region, id string) error {
	request := &ecs.DeleteImagePipelineRequest{RegionId: &region, ImagePipelineId: &id}
	return c.invokeECS(ctx, "DeleteImagePipeline", region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.DeleteImagePipelineWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &struct{}{})
}

type pipelinesAnswer struct {
	NextToken     text
	ImagePipeline listOf[listedPipeline]
}

type listedPipeline struct {
	ImagePipelineID          id
	Name, CreationTime       text
	BaseImageType, BaseImage text
	Tags                     tagSet
}

func (a *pipelinesAnswer) owed() string {
	for _, p := range a.ImagePipeline {
		if p.ImagePipelineID == "" {
			return "ImagePipelineId in one of its templates"
		}
	}
	return ""
}
