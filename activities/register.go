package activities

import (
	"context"
	"fmt"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Registrar is the part of Batch Compute that keeps images.
type Registrar interface {
	RegisterImage(ctx context.Context, req alicloud.RegisterImageRequest) (id string, err error)
	BatchImages(ctx context.Context, region string) ([]alicloud.BatchImage, error)
}

// Registration makes ECS images known to Batch Compute.
type Registration struct {
	Batch Registrar
	ECS   images
}

// RegisterImageInput asks for a registration.
type RegisterImageInput struct {
	Region       string            `json:"region"`
	Token        string            `json:"token"`
	ECSImageID   string            `json:"ecsImageId"`
	BatchCompute spec.BatchCompute `json:"batchCompute"`
	Asked        bool              `json:"asked,omitempty"` // an earlier run of the build asked with this token
}

// RegisterImageResult is the registration.
type RegisterImageResult struct {
	ImageID string `json:"imageId"`           // img-…
	Adopted bool   `json:"adopted,omitempty"` // it existed with the same name and platform
	Attempt int32  `json:"attempt"`
}

// RegisterImage registers an ECS image with Batch Compute, or adopts its registration
// when name and platform are the same. (Batch Compute API reference, CreateImage, POST
// /images.)
func (a *Registration) RegisterImage(ctx context.Context, in RegisterImageInput) (RegisterImageResult, error) {
	id, adopted, err := once(ctx, creation[string]{
		doing: "register image " + in.ECSImageID + " with Batch Compute",
		asked: in.Asked,
		call:  func() (string, error) { return a.Batch.RegisterImage(ctx, registerRequest(in)) },
		find:  func() (string, error) { return a.find(ctx, in) },
		never: func() (why, advice string) { return a.never(ctx, in) },
	})
	if err != nil {
		return RegisterImageResult{}, err
	}
	activity.GetLogger(ctx).Info("Image registered", "image_id", id, "adopted", adopted)
	return RegisterImageResult{ImageID: id, Adopted: adopted, Attempt: attempt(ctx)}, nil
}

func registerRequest(in RegisterImageInput) alicloud.RegisterImageRequest {
	return alicloud.RegisterImageRequest{
		Region:          in.Region,
		IdempotentToken: in.Token,
		Name:            in.BatchCompute.Name,
		Description:     in.BatchCompute.Description,
		ECSImageID:      in.ECSImageID,
		Platform:        in.BatchCompute.Platform,
	}
}

// find looks for the registration of the image. Batch Compute takes no tags, and an image
// is registered at most once.
func (a *Registration) find(ctx context.Context, in RegisterImageInput) (string, error) {
	registered, err := a.Batch.BatchImages(ctx, in.Region)
	if err != nil {
		return "", err
	}
	for _, image := range registered {
		switch {
		case image.ECSImageID != in.ECSImageID:
		case image.Name == in.BatchCompute.Name && image.Platform == in.BatchCompute.Platform:
			return image.ID, nil
		default:
			return "", taken{fmt.Sprintf("It is registered as %s with the name %s and the platform %s since %s.",
				image.ID, image.Name, image.Platform, image.CreatedAt)}
		}
	}
	return "", alicloud.ErrNotFound
}

// never looks at the image: only one that is Available can be registered.
func (a *Registration) never(ctx context.Context, in RegisterImageInput) (why, advice string) {
	why = stuck(ctx, a.ECS, alicloud.ImageQuery{Region: in.Region, ID: in.ECSImageID}, "CreateFailed", "UnAvailable", "Deprecated")
	return why, "Look at the image in the ECS console: make a Deprecated one Available again, otherwise build a new one."
}
