package alicloud

import (
	"context"
	"errors"
	"slices"
)

// Gate decides when a call may be made: the quota of an account is shared.
type Gate interface {
	// Enter returns when the call may be made. Its error ends the call, which was not made.
	Enter(ctx context.Context, call Call) error
	// Heed hears that the cloud refused a call.
	Heed(call Call, refused *Error)
}

// Call is a call to the cloud, as the account's quota counts them.
type Call struct {
	API    string // as in Error
	Region string
}

// APIs names the calls that a Cloud makes, as Call does, in the order of the alphabet.
func APIs() []string { return slices.Clone(apis) }

var apis = []string{
	"BatchCompute.CreateImage",
	"BatchCompute.DeleteImage",
	"BatchCompute.ListImages",
	"CancelImagePipelineExecution",
	"CancelTask",
	"CreateImageComponent",
	"CreateImagePipeline",
	"DeleteImage",
	"DeleteImageComponent",
	"DeleteImagePipeline",
	"DescribeImageComponents",
	"DescribeImagePipelineExecutions",
	"DescribeImagePipelines",
	"DescribeImages",
	"DescribeRegions",
	"DescribeTaskAttribute",
	"DescribeTasks",
	"ImportImage",
	"OSS.HeadObject",
	"StartImagePipelineExecution",
}

// enter passes the gate.
func (c *Cloud) enter(ctx context.Context, x *exchange) error {
	if c.gate == nil {
		return nil
	}
	err := c.gate.Enter(ctx, x.Call)
	var held *Error
	if err == nil || errors.As(err, &held) {
		return err
	}
	return x.notSent(ctx, err)
}

// heed tells the gate of a refusal. What has no status was refused by nobody.
func (c *Cloud) heed(x *exchange, refused *Error) {
	if c.gate != nil && refused.HTTPStatus != 0 {
		c.gate.Heed(x.Call, refused)
	}
}
