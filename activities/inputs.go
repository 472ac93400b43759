package activities

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"go.temporal.io/sdk/activity"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Sources is where the inputs of a build lie.
type Sources interface {
	Object(ctx context.Context, region, bucket, key string) (alicloud.Object, error)
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
	Components(ctx context.Context, q alicloud.ComponentQuery) ([]alicloud.Component, error)
	Pipelines(ctx context.Context, q alicloud.PipelineQuery) ([]alicloud.Pipeline, error)
}

// Inputs looks at what goes into an image.
type Inputs struct{ Cloud Sources }

// FingerprintInput is a document with the fingerprint of its meaning.
type FingerprintInput struct {
	Build    spec.Build `json:"build"`
	Document string     `json:"document"`
}

// FingerprintResult is the fingerprint of everything that goes into the image, and its
// parts by name, such as "object golden/disk.qcow2".
type FingerprintResult struct {
	Fingerprint string            `json:"fingerprint"`
	Parts       map[string]string `json:"parts"`
}

// Fingerprint looks at the disk files (ETag, CRC64, size), the base image or the newest
// image of the family, and the components and the template that the document names by id.
// What may not be looked at, or is not there, counts as changed each time.
func (a *Inputs) Fingerprint(ctx context.Context, in FingerprintInput) (FingerprintResult, error) {
	parts := map[string]string{"document": in.Document}
	for name, look := range a.looks(ctx, in.Build) {
		is, err := look()
		switch {
		case err == nil:
			parts[name] = is
		case stops(err) || errors.Is(err, alicloud.ErrNotFound):
			parts[name] = fmt.Sprintf("not known in run %s: %v", activity.GetInfo(ctx).WorkflowExecution.RunID, err)
		default:
			return FingerprintResult{}, callFailure(ctx, "look at "+name, err)
		}
	}
	sum := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		fmt.Fprintf(sum, "%q %q\n", name, parts[name])
	}
	return FingerprintResult{Fingerprint: hex.EncodeToString(sum.Sum(nil)), Parts: parts}, nil
}

// looks are the looks at the inputs of a build, by the name of the part.
func (a *Inputs) looks(ctx context.Context, build spec.Build) map[string]func() (string, error) {
	looks := map[string]func() (string, error){}
	if disks := build.Source.Import; disks != nil {
		for _, d := range disks.Disks {
			looks["object "+d.Bucket+"/"+d.Object] = func() (string, error) { return a.object(ctx, build.Region, d) }
		}
	}
	if id := build.Source.ImageID; id != "" {
		looks["image "+id] = func() (string, error) { return a.image(ctx, alicloud.ImageQuery{Region: build.Region, ID: id}) }
	}
	if family := build.Source.ImageFamily; family != "" {
		looks["image family "+family] = func() (string, error) { return a.image(ctx, alicloud.ImageQuery{Region: build.Region, Family: family}) }
	}
	for _, c := range build.Components {
		if c.ID != "" {
			looks["component "+c.ID] = func() (string, error) { return a.component(ctx, build.Region, c.ID) }
		}
	}
	if build.Template != nil && build.Template.ID != "" {
		looks["template "+build.Template.ID] = func() (string, error) { return a.template(ctx, build.Region, build.Template.ID) }
	}
	return looks
}

func (a *Inputs) object(ctx context.Context, region string, disk spec.Disk) (string, error) {
	is, err := a.Cloud.Object(ctx, region, disk.Bucket, disk.Object)
	return fmt.Sprintf("%s %s %d", is.ETag, is.CRC64, is.Size), err
}

// image is the newest Available one that fits.
func (a *Inputs) image(ctx context.Context, q alicloud.ImageQuery) (string, error) {
	found, err := a.Cloud.Images(ctx, q)
	found = slices.DeleteFunc(found, func(i alicloud.Image) bool { return i.Status != "Available" })
	if err == nil && len(found) == 0 {
		err = alicloud.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	newest := slices.MaxFunc(found, func(a, b alicloud.Image) int {
		return cmp.Or(cmp.Compare(a.CreatedAt, b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return newest.ID + " " + newest.CreatedAt, nil
}

func (a *Inputs) component(ctx context.Context, region, id string) (string, error) {
	found, err := a.Cloud.Components(ctx, alicloud.ComponentQuery{Region: region, IDs: []string{id}})
	return onlyOne(found, err)
}

// template says which template it is, since one cannot be changed, and what it starts from.
func (a *Inputs) template(ctx context.Context, region, id string) (string, error) {
	found, err := a.Cloud.Pipelines(ctx, alicloud.PipelineQuery{Region: region, IDs: []string{id}})
	is, err := onlyOne(found, err)
	if err != nil {
		return "", err
	}
	base := found[0].BaseImage
	switch found[0].BaseImageType {
	case "IMAGE":
		base, err = a.image(ctx, alicloud.ImageQuery{Region: region, ID: base})
	case "IMAGE_FAMILY":
		base, err = a.image(ctx, alicloud.ImageQuery{Region: region, Family: base})
	}
	return is + " from " + base, err
}

// onlyOne is a digest of the one thing that was looked for.
func onlyOne[T any](found []T, err error) (string, error) {
	if err == nil && len(found) == 0 {
		err = alicloud.ErrNotFound
	}
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(found[0])
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}
