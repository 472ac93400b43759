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

// Components lists the caller's own components of a name, and of a version when the
// query has one; none when nothing fits. (ECS API reference, DescribeImageComponents,
// 2014-05-26.)
func (c *Cloud) Components(ctx context.Context, q ComponentQuery) ([]Component, error) {
	const api = "DescribeImageComponents"
	request := &ecs.DescribeImageComponentsRequest{
		RegionId: &q.Region, Name: optional(q.Name), ComponentVersion: optional(q.Version),
		Owner: dara.String("SELF"), MaxResults: dara.Int32(pageSize),
	}
	var components []Component
	err := follow(api, func(token string) (string, error) {
		request.NextToken = optional(token)
		var a componentsAnswer
		if err := c.invokeECS(ctx, api, q.Region, func(client *ecs.Client, ctx context.Context) error {
			_, err := client.DescribeImageComponentsWithContext(ctx, request, &dara.RuntimeOptions{})
			return err
		}, &a); err != nil {
			return "", err
		}
		for _, i := range a.ImageComponent {
			// ECS reads * in a version as a wildcard and may match names loosely.
			if q.Name == string(i.Name) && (q.Version == "" || q.Version == string(i.ComponentVersion)) {
				components = append(components, i.component())
			}
		}
		return string(a.NextToken), nil
	})
	if err != nil {
		return nil, err
	}
	return components, nil
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
