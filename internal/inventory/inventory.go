// Package inventory finds, and removes, what builds have in the cloud.
//
// What takes tags carries the id of its build and the token of the call that asked for
// it; what takes none is known by what it is of. Nothing that is not the build's is
// removed.
package inventory

import (
	"context"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Tags that say which build and step a resource belongs to.
const (
	TagBuild = "kiln:build"
	TagToken = "kiln:token"
)

// Kind says what a resource is.
type Kind string

// The kinds of resources. Tasks and executions are runs: they are over some day, and
// removing one means to end it.
const (
	KindTask         Kind = "task"         // t-…, of an import
	KindImage        Kind = "image"        // m-…
	KindComponent    Kind = "component"    // ic-…
	KindTemplate     Kind = "template"     // ip-…
	KindExecution    Kind = "execution"    // exec-…
	KindRegistration Kind = "registration" // img-…, of Batch Compute
)

// Runs tells whether a resource is a run.
func (k Kind) Runs() bool { return k == KindTask || k == KindExecution }

// Ref names a resource of a build: by its id or, where that is not known, by its token
// and what it is of.
type Ref struct {
	Region  string `json:"region"`
	Kind    Kind   `json:"kind"`
	ID      string `json:"id,omitempty"`
	Of      string `json:"of,omitempty"`    // the template of an execution, the execution of an image, the image of a registration
	Token   string `json:"token,omitempty"` // of the call that asked for it
	BuildID string `json:"buildId"`
}

func (r Ref) String() string { return string(r.Kind) + " " + r.ID }

// owned tells whether tags say that the build made what carries them.
func (r Ref) owned(tags alicloud.Tags) bool {
	return tags[TagBuild] == r.BuildID && tags[TagToken] == r.Token
}

// Account is the account in which builds have what they make.
type Account struct {
	ECS   ECS
	Batch BatchCompute
}

// ECS is the part of the service that shows what there is, and removes it.
type ECS interface {
	Images(ctx context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error)
	DeleteImage(ctx context.Context, region, id string) error
	Task(ctx context.Context, region, id string) (alicloud.Task, error)
	ImportTask(ctx context.Context, region, imageID string) (alicloud.Task, error)
	CancelTask(ctx context.Context, region, id string) error
	Components(ctx context.Context, q alicloud.ComponentQuery) ([]alicloud.Component, error)
	DeleteComponent(ctx context.Context, region, id string) error
	Pipelines(ctx context.Context, q alicloud.PipelineQuery) ([]alicloud.Pipeline, error)
	DeletePipeline(ctx context.Context, region, id string) error
	Execution(ctx context.Context, region, id string) (alicloud.Execution, error)
	Executions(ctx context.Context, q alicloud.ExecutionQuery) ([]alicloud.Execution, error)
	CancelExecution(ctx context.Context, region, id string) error
}

// BatchCompute is the part of the service that shows registrations, and removes them.
type BatchCompute interface {
	BatchImages(ctx context.Context, region string) ([]alicloud.BatchImage, error)
	UnregisterImage(ctx context.Context, region, id string) error
}
