package alicloud

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
)

// RegisterImage registers an ECS image with Batch Compute and returns the registration's
// id. A repeat with the same IdempotentToken returns the first call's id. (Batch Compute
// API reference, CreateImage, POST /images, 2015-11-11.)
func (c *Cloud) RegisterImage(ctx context.Context, req RegisterImageRequest) (id string, err error) {
	body := map[string]string{}
	for name, value := range map[string]string{
		"Name": req.Name, "Description": req.Description, "EcsImageId": req.ECSImageID, "Platform": req.Platform,
	} {
		if value != "" {
			body[name] = value
		}
	}
	query := map[string]string{"IdempotentToken": req.IdempotentToken}
	var a registerAnswer
	err = c.invokeBatchCompute(ctx, req.Region, "CreateImage", http.MethodPost, "/images", query, body, &a)
	if err != nil {
		return "", err
	}
	return string(a.ID), nil
}

// BatchImages lists the account's own registrations, all pages of them. (Batch Compute
// API reference, ListImages, GET /images, 2015-11-11.)
func (c *Cloud) BatchImages(ctx context.Context, region string) ([]BatchImage, error) {
	return follow("BatchCompute.ListImages", func(marker string) (page []BatchImage, next string, err error) {
		query := map[string]string{"Type": "Self", "MaxItemCount": strconv.Itoa(pageSize), "Marker": marker}
		var a batchImagesAnswer
		err = c.invokeBatchCompute(ctx, region, "ListImages", http.MethodGet, "/images", query, nil, &a)
		for _, i := range a.Items {
			page = append(page, BatchImage{
				ID: string(i.ID), Name: string(i.Name), Description: string(i.Description),
				ECSImageID: string(i.EcsImageID), Platform: string(i.Platform),
				CreatedAt: string(i.CreationTime),
			})
		}
		return page, string(a.NextMarker), err
	})
}

// registrationID keeps an id from being more than one step of a path.
var registrationID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// UnregisterImage deletes a registration, which ends the sharing of its ECS image with the
// service. The ECS image stays. (Batch Compute API reference, DeleteImage, DELETE
// /images/{id}, 2015-11-11.)
func (c *Cloud) UnregisterImage(ctx context.Context, region, id string) error {
	if !registrationID.MatchString(id) {
		// The id becomes part of the path, so ask for none and say what the service would.
		return &Error{API: "BatchCompute.DeleteImage", Code: "InvalidResource.NotFound",
			Message: fmt.Sprintf("%.80q is not the id of a registered image.", id)}
	}
	return c.invokeBatchCompute(ctx, region, "DeleteImage", http.MethodDelete, "/images/"+id, nil, nil, &struct{}{})
}

type registerAnswer struct{ ID id }

func (a *registerAnswer) owed() string {
	if a.ID == "" {
		return "Id"
	}
	return ""
}

type batchImagesAnswer struct {
	NextMarker text
	Items      []struct {
		ID, EcsImageID                            id
		Name, Description, Platform, CreationTime text
	}
}

func (a *batchImagesAnswer) owed() string {
	for _, i := range a.Items {
		if i.ID == "" {
			return "Id in one of its images"
		}
	}
	return ""
}
