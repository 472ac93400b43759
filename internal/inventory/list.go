package inventory

import (
	"context"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Item is a resource of a build, as a list shows it.
type Item struct {
	Ref
	Name      string
	Status    string // the cloud's own word; empty where there is none
	CreatedAt string // in the cloud's own words
}

// List lists everything in a region that carries the tag of a build, and what is
// registered of those images: images in every status, components, templates and
// registrations. Runs are not among it. What was listed before a failure comes with it.
func (a Account) List(ctx context.Context, region string) ([]Item, error) {
	tagged := []string{TagBuild}
	images, err := a.ECS.Images(ctx, alicloud.ImageQuery{Region: region, TagKeys: tagged})
	items := show(images, func(i alicloud.Image) Item {
		return Item{Ref: tagRef(region, KindImage, i.ID, i.Tags), Name: i.Name, Status: i.Status, CreatedAt: i.CreatedAt}
	})
	if err != nil {
		return items, err
	}
	components, err := a.ECS.Components(ctx, alicloud.ComponentQuery{Region: region, TagKeys: tagged})
	items = append(items, show(components, func(c alicloud.Component) Item {
		return Item{Ref: tagRef(region, KindComponent, c.ID, c.Tags), Name: c.Name + " " + c.Version, CreatedAt: c.CreatedAt}
	})...)
	if err != nil {
		return items, err
	}
	templates, err := a.ECS.Pipelines(ctx, alicloud.PipelineQuery{Region: region, TagKeys: tagged})
	items = append(items, show(templates, func(p alicloud.Pipeline) Item {
		return Item{Ref: tagRef(region, KindTemplate, p.ID, p.Tags), Name: p.Name, CreatedAt: p.CreatedAt}
	})...)
	if err != nil || len(images) == 0 {
		return items, err
	}
	registered, err := a.listRegistered(ctx, region, images)
	return append(items, registered...), err
}

// listRegistered lists the registrations of images. They carry no tags, so each belongs
// to the build that made its image.
func (a Account) listRegistered(ctx context.Context, region string, images []alicloud.Image) ([]Item, error) {
	builds := map[string]string{}
	for _, image := range images {
		builds[image.ID] = image.Tags[TagBuild]
	}
	registered, err := a.Batch.BatchImages(ctx, region)
	var items []Item
	for _, r := range registered {
		if build := builds[r.ECSImageID]; build != "" {
			ref := Ref{Region: region, Kind: KindRegistration, ID: r.ID, Of: r.ECSImageID, BuildID: build}
			items = append(items, Item{Ref: ref, Name: r.Name, CreatedAt: r.CreatedAt})
		}
	}
	return items, err
}

func tagRef(region string, kind Kind, id string, tags alicloud.Tags) Ref {
	return Ref{Region: region, Kind: kind, ID: id, Token: tags[TagToken], BuildID: tags[TagBuild]}
}

func show[T any](found []T, item func(T) Item) []Item {
	var items []Item
	for _, thing := range found {
		items = append(items, item(thing))
	}
	return items
}
