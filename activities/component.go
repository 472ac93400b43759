package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

// ComponentMaker is the part of ECS that keeps image components.
type ComponentMaker interface {
	CreateComponent(ctx context.Context, req alicloud.CreateComponentRequest) (id string, err error)
	Components(ctx context.Context, q alicloud.ComponentQuery) ([]alicloud.Component, error)
}

// Component makes image components and finds those that exist.
type Component struct{ ECS ComponentMaker }

// CreateComponentInput asks for a component. Version and Tags in Component are complete.
type CreateComponentInput struct {
	Region    string         `json:"region"`
	Token     string         `json:"token"`
	Component spec.Component `json:"component"`
	Asked     bool           `json:"asked,omitempty"` // an earlier run of the build asked with this token
}

// ComponentResult is a component that can be used.
type ComponentResult struct {
	ID      string `json:"id"`
	Adopted bool   `json:"adopted,omitempty"` // it existed with the same content, and is not the build's
	Attempt int32  `json:"attempt"`
}

// CreateComponent makes an image component, or adopts the one that has its name and
// version when content, type and system type are the same; otherwise the failure says
// what exists. (ECS API reference, CreateImageComponent, 2014-05-26.)
func (a *Component) CreateComponent(ctx context.Context, in CreateComponentInput) (ComponentResult, error) {
	is, found, err := once(ctx, creation[alicloud.Component]{
		doing: fmt.Sprintf("create component %s %s", in.Component.Name, in.Component.Version),
		asked: in.Asked,
		call: func() (alicloud.Component, error) {
			id, err := a.ECS.CreateComponent(ctx, componentRequest(in))
			return alicloud.Component{ID: id}, err
		},
		find: func() (alicloud.Component, error) { return a.find(ctx, in) },
	})
	if err != nil {
		return ComponentResult{}, err
	}
	adopted := found && is.Tags[TagToken] != in.Token // not made by an earlier attempt
	activity.GetLogger(ctx).Info("Component made", "component_id", is.ID, "adopted", adopted)
	return ComponentResult{ID: is.ID, Adopted: adopted, Attempt: attempt(ctx)}, nil
}

func componentRequest(in CreateComponentInput) alicloud.CreateComponentRequest {
	c := in.Component
	return alicloud.CreateComponentRequest{
		Region:          in.Region,
		ClientToken:     in.Token,
		Name:            c.Name,
		Version:         c.Version,
		Type:            c.Type,
		SystemType:      c.SystemType,
		Description:     c.Description,
		Content:         c.Content,
		ResourceGroupID: c.ResourceGroupID,
		Tags:            c.Tags,
	}
}

// find looks for a component by name and version. One with the same content is as good
// as one of our own.
func (a *Component) find(ctx context.Context, in CreateComponentInput) (alicloud.Component, error) {
	want := in.Component
	found, err := a.ECS.Components(ctx, alicloud.ComponentQuery{Region: in.Region, Name: want.Name, Version: want.Version})
	if err != nil {
		return alicloud.Component{}, err
	}
	if len(found) == 0 {
		return alicloud.Component{}, alicloud.ErrNotFound
	}
	is := found[0]
	if is.Content != want.Content || is.Type != want.Type || is.SystemType != want.SystemType {
		return is, taken{fmt.Sprintf("Component %s has different content: %s. Raise the version of the component, "+
			"or leave it out so that it follows from the content.", is.ID, owner(is.Tags, is.CreatedAt))}
	}
	return is, nil
}
