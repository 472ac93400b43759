package alicloud

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"golang.org/x/sync/errgroup"
)

// ImportImage asks ECS to copy disk files from OSS into a custom image and returns once
// ECS accepts; Task follows the copy. A repeat with the same ClientToken returns the
// first call's ids. (ECS API reference, ImportImage, 2014-05-26.)
func (c *Cloud) ImportImage(ctx context.Context, req ImportImageRequest) (ImportImageResponse, error) {
	request := &ecs.ImportImageRequest{
		RegionId:           &req.Region,
		ClientToken:        optional(req.ClientToken),
		ImageName:          optional(req.ImageName),
		Description:        optional(req.Description),
		Architecture:       optional(req.Architecture),
		OSType:             optional(req.OSType),
		Platform:           optional(req.Platform),
		BootMode:           optional(req.BootMode),
		LicenseType:        optional(req.LicenseType),
		RoleName:           optional(req.RoleName),
		DetectionStrategy:  optional(req.DetectionStrategy),
		StorageLocationArn: optional(req.StorageLocationARN),
		ResourceGroupId:    optional(req.ResourceGroupID),
		DiskDeviceMapping:  diskMappings(req.Disks),
		Tag: tagList(req.Tags, func(key, value *string) *ecs.ImportImageRequestTag {
			return &ecs.ImportImageRequestTag{Key: key, Value: value}
		}),
	}
	if req.NVMeSupport != "" || req.IMDSSupport != "" {
		request.Features = &ecs.ImportImageRequestFeatures{
			NvmeSupport: optional(req.NVMeSupport), ImdsSupport: optional(req.IMDSSupport),
		}
	}
	var a importImageAnswer
	if err := c.invokeECS(ctx, "ImportImage", req.Region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.ImportImageWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &a); err != nil {
		return ImportImageResponse{}, err
	}
	return ImportImageResponse{ImageID: string(a.ImageID), TaskID: string(a.task()), RequestID: string(a.RequestID)}, nil
}

func diskMappings(disks []Disk) []*ecs.ImportImageRequestDiskDeviceMapping {
	var mappings []*ecs.ImportImageRequestDiskDeviceMapping
	for _, d := range disks {
		mappings = append(mappings, &ecs.ImportImageRequestDiskDeviceMapping{
			OSSBucket: optional(d.Bucket), OSSObject: optional(d.Object),
			Format: optional(d.Format), DiskImageSize: optionalNumber(d.SizeGiB),
		})
	}
	return mappings
}

// importImageAnswer has the task's id under its present name or the older ImportTaskId.
type importImageAnswer struct {
	ImageID, TaskID, ImportTaskID id
	RequestID                     text
}

func (a *importImageAnswer) task() id {
	if a.TaskID == "" {
		return a.ImportTaskID
	}
	return a.TaskID
}

func (a *importImageAnswer) owed() string {
	switch {
	case a.ImageID == "":
		return "ImageId"
	case a.task() == "":
		return "TaskId"
	}
	return ""
}

// everyImageStatus makes DescribeImages list images that are not Available too.
const everyImageStatus = "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"

// Images lists images, all pages of them, and none when nothing fits.
// ECS searches names fuzzily, so the exact name is compared here. By name or tags only
// the caller's own images count, by ID or family any visible one. (ECS API reference,
// DescribeImages, 2014-05-26.)
func (c *Cloud) Images(ctx context.Context, q ImageQuery) ([]Image, error) {
	var images []Image
	for page, atOnce, seen := 1, 1, 0; page <= maxPages; {
		answers, err := c.imagePages(ctx, q, page, atOnce)
		switch {
		case errors.Is(absent(err, "InvalidImageId.NotFound"), ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		page += atOnce
		for _, a := range answers {
			for _, i := range a.Images {
				if image := i.image(); q.fits(image) {
					images = append(images, image)
				}
			}
			seen += len(a.Images)
			if a.last(seen) {
				return images, nil
			}
			atOnce = a.ahead(seen)
		}
	}
	return nil, endless("DescribeImages")
}

// pagesAtOnce bounds how many pages of a list are asked for at the same time.
const pagesAtOnce = 8

// imagePages asks for pages of a list at the same time.
func (c *Cloud) imagePages(ctx context.Context, q ImageQuery, from, n int) ([]imagesAnswer, error) {
	answers := make([]imagesAnswer, n)
	pages, ctx := errgroup.WithContext(ctx)
	for i := range answers {
		pages.Go(func() error {
			return c.invokeECS(ctx, "DescribeImages", q.Region, func(client *ecs.Client, ctx context.Context) error {
				_, err := client.DescribeImagesWithContext(ctx, q.page(from+i), &dara.RuntimeOptions{})
				return err
			}, &answers[i])
		})
	}
	return answers, pages.Wait()
}

// page is the request for a page of the list, the first of which is 1.
func (q ImageQuery) page(number int) *ecs.DescribeImagesRequest {
	request := &ecs.DescribeImagesRequest{
		RegionId: &q.Region, ImageId: optional(q.ID), ImageName: optional(q.Name), ImageFamily: optional(q.Family),
		Status:     dara.String(cmp.Or(strings.Join(q.Statuses, ","), everyImageStatus)),
		PageNumber: dara.Int32(int32(number)), PageSize: dara.Int32(pageSize),
		Tag: tagList(q.Tags, func(key, value *string) *ecs.DescribeImagesRequestTag {
			return &ecs.DescribeImagesRequestTag{Key: key, Value: value}
		}),
	}
	if q.ID == "" && q.Family == "" {
		request.ImageOwnerAlias = dara.String("self")
	}
	if !q.Since.IsZero() {
		request.Filter = []*ecs.DescribeImagesRequestFilter{{Key: dara.String("CreationStartTime"), Value: dara.String(q.Since.UTC().Format(MinuteLayout))}}
	}
	return request
}

func (q ImageQuery) fits(i Image) bool {
	return (q.ID == "" || i.ID == q.ID) && (q.Name == "" || i.Name == q.Name) &&
		(q.Family == "" || i.Family == q.Family) &&
		(len(q.Statuses) == 0 || slices.Contains(q.Statuses, i.Status)) && i.Tags.have(q.Tags, q.TagKeys)
}

// DeleteImage deletes an image, never by force. A037: of an image that is not there the
// documents say both that the call succeeds and that it is refused with
// InvalidImageId.NotFound. (ECS API reference, DeleteImage, 2014-05-26.)
func (c *Cloud) DeleteImage(ctx context.Context, region, id string) error {
	request := &ecs.DeleteImageRequest{RegionId: &region, ImageId: &id}
	return c.invokeECS(ctx, "DeleteImage", region, func(client *ecs.Client, ctx context.Context) error {
		_, err := client.DeleteImageWithContext(ctx, request, &dara.RuntimeOptions{})
		return err
	}, &struct{}{})
}

type imagesAnswer struct {
	TotalCount text
	Images     listOf[imageAnswer]
}

// last reports whether this is the last page, by the total when the answer has one.
func (a *imagesAnswer) last(seen int) bool {
	n := len(a.Images)
	if total := a.TotalCount.number(); total > 0 {
		return n == 0 || seen >= total
	}
	return n < pageSize
}

// ahead is how many pages can be asked for at the same time, after so many images: those
// that the total, when the answer has one, still leaves.
func (a *imagesAnswer) ahead(seen int) int {
	left := (a.TotalCount.number() - seen + pageSize - 1) / pageSize
	return min(max(left, 1), pagesAtOnce)
}

func (a *imagesAnswer) owed() string {
	for _, i := range a.Images {
		if i.ImageID == "" {
			return "ImageId in one of its images"
		}
	}
	return ""
}

type imageAnswer struct {
	ImageID                                               id
	ImageName, ImageFamily, Description, Status, Progress text
	CreationTime                                          text
	Usable                                                text // SDK v7.6.0 does not know it
	Tags                                                  tagSet
}

func (a imageAnswer) image() Image {
	return Image{
		ID: string(a.ImageID), Name: string(a.ImageName), Family: string(a.ImageFamily),
		Description: string(a.Description), Status: string(a.Status), Percent: a.Progress.percent(), Usable: a.Usable.boolean(),
		CreatedAt: string(a.CreationTime), Tags: a.Tags.tags(),
	}
}
