// Package alicloud calls ECS and Batch Compute in our own types. It is the only
// package that imports the vendor's SDK.
package alicloud

import (
	"context"
	"errors"
)

// Cloud calls the services. It is safe for concurrent use and keeps one client a region.
type Cloud struct{ opts Options }

// New checks the options and returns a Cloud. It makes no call.
func New(opts Options) (*Cloud, error) { return &Cloud{opts: opts}, nil }

var errTODO = errors.New("not written yet")

// CheckCredentials finds credentials in the chain without calling ECS.
func (c *Cloud) CheckCredentials(ctx context.Context) error { return errTODO }

func (c *Cloud) Regions(ctx context.Context, region string) ([]Region, error) { return nil, errTODO }

func (c *Cloud) ImportImage(ctx context.Context, req ImportImageRequest) (ImportImageResponse, error) {
	return ImportImageResponse{}, errTODO
}

func (c *Cloud) Task(ctx context.Context, region, id string) (Task, error) { return Task{}, errTODO }

func (c *Cloud) CancelTask(ctx context.Context, region, id string) error { return errTODO }

func (c *Cloud) Images(ctx context.Context, q ImageQuery) ([]Image, error) { return nil, errTODO }

func (c *Cloud) CreateComponent(ctx context.Context, req CreateComponentRequest) (id string, err error) {
	return "", errTODO
}

func (c *Cloud) Components(ctx context.Context, q ComponentQuery) ([]Component, error) {
	return nil, errTODO
}

func (c *Cloud) CreatePipeline(ctx context.Context, req CreatePipelineRequest) (id string, err error) {
	return "", errTODO
}

func (c *Cloud) StartExecution(ctx context.Context, req StartExecutionRequest) (id string, err error) {
	return "", errTODO
}

func (c *Cloud) Execution(ctx context.Context, region, id string) (Execution, error) {
	return Execution{}, errTODO
}

func (c *Cloud) CancelExecution(ctx context.Context, region, id string) error { return errTODO }

func (c *Cloud) RegisterImage(ctx context.Context, req RegisterImageRequest) (id string, err error) {
	return "", errTODO
}

func (c *Cloud) BatchImages(ctx context.Context, region string) ([]BatchImage, error) {
	return nil, errTODO
}
