package alicloud

import (
	"context"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
)

// CreateComponent makes an image component and returns its id. A repeat with the same
// ClientToken returns the first call's id. (ECS API reference, CreateImageComponent,
// 2014-05-26.)
func (c *Cloud) CreateComponent(ctx context.Context, req CreateComponentRequest) (id string, err error) {
	request := &ecs.CreateImageComponentRequest{
		RegionId:         &req.Region,
		ClientToken:      optional(req.ClientToken),
		Name:             optional(req.Name),
		ComponentVersion: optional(req.Version),
		ComponentType:    optional(req.Type),
		SystemType:       optional(req.SystemType),
		Description:      optional(req.Description),
		Content:          optional(req.Content),
		ResourceGroupId:  optional(req.ResourceGroupID),
		Tag: tagList(req.Tags, func(key, value *string) *ecs.CreateImageComponentRequestTag {
			return &ecs.CreateImageComponentRequestTag{Key: key, Value: value}
		}),
	}
	var a componentAnswer
	const api = "CreateImageComponent"
	err = c.invokeECS(ctx, api, req.Region, func(client *ecs.Client, ctx context.Context) error {
		return callLong(ctx, client, api, request)
	}, &a)
	if err != nil {
		return "", err
	}
	return string(a.ImageComponentID), nil
}

// Components lists the caller's own components, all pages of them, and none when nothing
// fits. (ECS API reference, DescribeImageComponents, 2014-05-26.)
func (c *Cloud) Components(ctx context.Context, q ComponentQuery) ([]Component, error) {
	var components []Component
	for _, ids := range batches(q.IDs) {
		listed, err := c.listComponents(ctx, q, ids)
		if err != nil {
			return nil, err
		}
		for _, i := range listed {
			// ECS reads * in a version as a wildcard and may match names loosely.
			if component := i.component(); among(ids, i.ImageComponentID) && q.fits(component) {
				components = append(components, component)
			}
		}
	}
	return components, nil
}

func (c *Cloud) listComponents(ctx context.Context, q ComponentQuery, ids []string) ([]componentAnswer, error) {
	const api = "DescribeImageComponents"
	request := &ecs.DescribeImageComponentsRequest{
		RegionId: &q.Region, ImageComponentId: dara.StringSlice(ids), Name: optional(q.Name), ComponentVersion: optional(q.Version),
		Owner: dara.String("SELF"), MaxResults: dara.Int32(pageSize),
		Tag: tagList(q.Tags, func(key, value *string) *ecs.DescribeImageComponentsRequestTag {
			return &ecs.DescribeImageComponentsRequestTag{Key: key, Value: value}
		}),
	}
	return follow(api, func(token string) ([]componentAnswer, string, error) {
		request.NextToken = optional(token)
		var a componentsAnswer
		err := c.invokeECS(ctx, api, q.Region, func(client *ecs.Client, ctx context.Context) error {
			_, err := client.DescribeImageComponentsWithContext(ctx, request, &dara.RuntimeOptions{})
			return err
		}, &a)
		return a.ImageComponent, string(a.NextToken), err
	})
}

func (q ComponentQuery) fits(i Component) bool {
	return (q.Name == "" || i.Name == q.Name) && (q.Version == "" || i.Version == q.Version) &&
		i.Tags.have(q.Tags, q.TagKeys)
}

// DeleteComponent deletes a component; ECS refuses it while a template uses it. (ECS API
// reference, DeleteImageComponent, 2014-05-26.)
func (c *Cloud) DeleteComponent(ctx context.Context, region, id string) error {
	request := &ecs.DeleteImageComponentRequest{RegionId: &region, ImageComponentId: &id}
	return c.invokeECS(ctx, "DeleteImageComponent", region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.DeleteImageComponentWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &struct{}{})
}

type componentsAnswer struct {
	NextToken      text
	ImageComponent listOf[componentAnswer]
}

func (a *componentsAnswer) owed() string {
	for _, i := range a.ImageComponent {
		if i.owed() != "" {
			return i.owed() + " in one of its components"
		}
	}
	return ""
}

type componentAnswer struct {
	ImageComponentID                                                         id
	Name, ComponentVersion, ComponentType, SystemType, Content, CreationTime text

	Tags tagSet
}

func (a *componentAnswer) owed() string {
	if a.ImageComponentID == "" {
		return "ImageComponentId"
	}
	return ""
}

func (a *componentAnswer) component() Component {
	return Component{
		ID: string(a.ImageComponentID), Name: string(a.Name), Version: string(a.ComponentVersion),
		Type: string(a.ComponentType), SystemType: string(a.SystemType), Content: string(a.Content),
		CreatedAt: string(a.CreationTime), Tags: a.Tags.tags(),
	}
}
