package emulator

import (
	"slices"
	"time"
)

// What an image can be needed for, so that it cannot be deleted.
const (
	usedByInstances = "instances"
	usedShared      = "shared"
	usedCopied      = "copied"
	usedExported    = "exported"
	usedImported    = "imported" // it is being imported itself
	usedCreated     = "created"  // it is being created itself
	usedPublic      = "public"
)

// imageUses are those that conditions may give an image; the others come by themselves.
var imageUses = []string{usedByInstances, usedShared, usedCopied, usedExported}

// inUse are the refusals to delete an image that is needed. A038: that of the system's.
var inUse = map[string]string{
	usedByInstances: "ImageUsingByInstance",
	usedShared:      "ImageUseShared",
	usedCopied:      "OperationDenied.ImageCopying",
	usedExported:    "ImageIsExporting",
	usedImported:    "ImageIsImporting",
	usedCreated:     "ImageIsCreating",
	usedPublic:      "ImageIsPublic",
}

// deleteImage deletes a custom image. A037: one that is not there. (ECS API reference, DeleteImage.)
func (c *call) deleteImage() (reply, error) {
	id := c.required("ImageId")
	force, dryRun := c.boolean("Force", false), c.boolean("DryRun", false)
	if err := c.fault(); err != nil {
		return nil, err
	}
	img, found := c.findImage(c.line.Region, id)
	if !found {
		return nil, refuse(c.api, "InvalidImageId.NotFound")
	}
	if err := c.checkNotInUse(img, force); err != nil {
		return nil, err
	}
	if dryRun {
		return nil, passed()
	}
	c.tx.remove(img)
	return reply{}, nil
}

// checkNotInUse refuses to delete an image that is needed. Force passes over instances,
// and over nothing else.
func (c *call) checkNotInUse(img image, force bool) error {
	uses := c.uses(img)
	for _, use := range uses {
		if use != "" && use != usedByInstances {
			return refuse(c.api, inUse[use])
		}
	}
	if !force && slices.Contains(uses, usedByInstances) {
		return refuse(c.api, inUse[usedByInstances])
	}
	return nil
}

// uses are what an image is needed for; an empty one is nothing.
func (c *call) uses(img image) []string {
	uses := []string{img.use(c.now), longest(c.conditions.ImageUse, img.ID)}
	if len(labelled[batchImage](c.tx, "", img.ID)) > 0 {
		uses = append(uses, usedShared) // A021
	}
	for _, e := range c.running(img.Region, img.ID) {
		uses = append(uses, e.use(img.ID, c.now))
	}
	return uses
}

// use is what an image is needed for by itself: it is not finished, or not the
// caller's alone. A040, A041.
func (i image) use(now time.Time) string {
	unfinished := slices.Contains([]string{imageCreating, imageWaiting}, i.status(now))
	switch {
	case i.System:
		return usedPublic
	case unfinished && i.Copied:
		return usedCopied
	case unfinished && len(i.Disks) > 0 && i.Disks[0].Object != "":
		return usedImported
	case unfinished:
		return usedCreated
	case !i.SharedFrom.IsZero() && !now.Before(i.SharedFrom):
		return usedShared
	}
	return ""
}

// running are a region's executions that have not ended: those that name an image, or all
// when it is empty.
func (c *call) running(regionID, imageID string) []execution {
	return slices.DeleteFunc(labelled[execution](c.tx, regionID, imageID), func(e execution) bool { return e.ended(c.now) })
}

// use is what a running execution needs an image for: as its base, under test, or as the
// source of copies. A039, A040.
func (e execution) use(imageID string, now time.Time) string {
	if e.BaseID == imageID {
		return usedByInstances
	}
	if len(e.Images) == 0 || e.Images[0].ID != imageID {
		return ""
	}
	switch status := e.moment(now).Status; {
	case status == execTesting:
		return usedByInstances
	case status == execDistributing && len(e.Images) > 1:
		return usedCopied
	}
	return ""
}
