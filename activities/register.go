package activities

import (
	"context"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Registrar is the part of Batch Compute that keeps images.
type Registrar interface {
	RegisterImage(ctx context.Context, req alicloud.RegisterImageRequest) (id string, err error)
}

// Registration makes ECS images known to Batch Compute.
type Registration struct{ Batch Registrar }

// RegisterImageInput asks for a registration.
type RegisterImageInput struct {
	Region       string            `json:"region"`
	Token        string            `json:"token"`
	ECSImageID   string            `json:"ecsImageId"`
	BatchCompute spec.BatchCompute `json:"batchCompute"`
}

// RegisterImageResult is the registration.
type RegisterImageResult struct {
	ImageID string `json:"imageId"` // img-…
	Attempt int32  `json:"attempt"`
}

// RegisterImage registers an ECS image with Batch Compute. A repeat with the same Token
// returns the first call's id. (Batch Compute API reference, CreateImage, POST /images.)
func (a *Registration) RegisterImage(ctx context.Context, in RegisterImageInput) (RegisterImageResult, error) {
	id, err := a.Batch.RegisterImage(ctx, alicloud.RegisterImageRequest{
		Region:          in.Region,
		IdempotentToken: in.Token,
		Name:            in.BatchCompute.Name,
		Description:     in.BatchCompute.Description,
		ECSImageID:      in.ECSImageID,
		Platform:        in.BatchCompute.Platform,
	})
	if err != nil {
		return RegisterImageResult{}, failure("register image "+in.ECSImageID+" with Batch Compute", err)
	}
	activity.GetLogger(ctx).Info("Image registered", "image_id", id)
	return RegisterImageResult{ImageID: id, Attempt: attempt(ctx)}, nil
}
