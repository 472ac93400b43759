package activities

import (
	"context"
	"fmt"
	"slices"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// images is the part of ECS that lists images.
type images interface {
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
}

// imageNamed says which image has a name: a taken, or ErrNotFound.
func imageNamed(ctx context.Context, ecs images, region, name string) error {
	named, err := ecs.Images(ctx, alicloud.ImageQuery{Region: region, Name: name})
	if err != nil {
		return err
	}
	if len(named) == 0 {
		return alicloud.ErrNotFound
	}
	return taken{fmt.Sprintf("Image %s has the name %s: %s.", named[0].ID, name, owner(named[0].Tags, named[0].CreatedAt))}
}

// stuck says which image is in one of the states; empty when none is, or it cannot be seen.
func stuck(ctx context.Context, ecs images, q alicloud.ImageQuery, states ...string) string {
	found, err := ecs.Images(ctx, q)
	if err != nil || len(found) == 0 || !slices.Contains(states, found[0].Status) {
		return ""
	}
	return fmt.Sprintf("Image %s is %s and will not become Available by itself.", found[0].ID, found[0].Status)
}

// awaitImage blocks until an image is Available and returns it. What made it has ended well
// by then, which means that the image can be used: one look confirms it.
func awaitImage(ctx context.Context, watcher Watcher, region, id, failed string, pulse *pulse) (alicloud.Image, error) {
	wait := waiting{what: "image " + id, pulse: pulse}
	for image, err := range sightings(ctx, &wait, watcher.Image(ctx, region, id)) {
		if err != nil {
			return alicloud.Image{}, err
		}
		switch image.Status {
		case "Available":
			if image.Usable == nil || *image.Usable { // older answers do not say
				return image, nil
			}
			wait.saw(image.Percent, "Available, not usable yet", "Available, not usable yet")
			continue
		case "CreateFailed", "UnAvailable", "Deprecated":
			return alicloud.Image{}, endedWith(id, failed, fmt.Sprintf("image %s is %s", id, image.Status),
				"Look at the image in the ECS console, then build again.")
		}
		wait.saw(image.Percent, image.Status, "Waiting", "Creating")
	}
	return alicloud.Image{}, handOver(ctx)
}
