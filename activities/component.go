package activities

import (
	"context"
	"errors"
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
}

// ComponentResult is a component that can be used.
type ComponentResult struct {
	ID      string `json:"id"`
	Attempt int32  `json:"attempt"`
}

// CreateComponent makes an image component. A version that exists already is the
// failure InvalidComponentVersion.Exist; AdoptComponent then tells whether it is the same.
// (ECS API reference, CreateImageComponent, 2014-05-26.)
func (a *Component) CreateComponent(ctx context.Context, in CreateComponentInput) (ComponentResult, error) {
	c := in.Component
	id, err := a.ECS.CreateComponent(ctx, alicloud.CreateComponentRequest{
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
	})
	if err != nil {
		return ComponentResult{}, failure(fmt.Sprintf("create component %s %s", c.Name, c.Version), err)
	}
	activity.GetLogger(ctx).Info("Component created", "component_id", id)
	return ComponentResult{ID: id, Attempt: attempt(ctx)}, nil
}

// AdoptComponentInput names the component that should exist.
type AdoptComponentInput struct {
	Region    string         `json:"region"`
	Component spec.Component `json:"component"`
}

// AdoptComponent finds a component by name and version. With other content, type or
// system type it is not the one that the document means, and the failure says so.
func (a *Component) AdoptComponent(ctx context.Context, in AdoptComponentInput) (ComponentResult, error) {
	want := in.Component
	doing := fmt.Sprintf("look for component %s %s", want.Name, want.Version)
	found, err := a.ECS.Components(ctx, alicloud.ComponentQuery{Region: in.Region, Name: want.Name, Version: want.Version})
	if err != nil {
		return ComponentResult{}, failure(doing, err)
	}
	if len(found) == 0 {
		return ComponentResult{}, errors.New(doing + ": it exists, but is not listed yet")
	}
	is := found[0]
	if is.Content != want.Content || is.Type != want.Type || is.SystemType != want.SystemType {
		return ComponentResult{}, Ended("InvalidComponentVersion.Exist",
			fmt.Sprintf("component %s %s exists with different content: %s, created %s", want.Name, want.Version, is.ID, is.CreatedAt),
			"raise the version of the component in the document, or leave it out so that it follows from the content")
	}
	activity.GetLogger(ctx).Info("Component adopted", "component_id", is.ID)
	return ComponentResult{ID: is.ID, Attempt: attempt(ctx)}, nil
}
