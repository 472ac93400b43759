package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// register makes the golden image known to Batch Compute.
func (b *build) register(ctx workflow.Context, imageID string) error {
	if b.doc.BatchCompute == nil {
		return nil
	}
	return b.step(ctx, StepRegister, func(s *StepProgress) error {
		s.Token = b.token(ctx, StepRegister)
		var batch *activities.Registration
		var registered activities.RegisterImageResult
		in := activities.RegisterImageInput{Region: b.doc.Region, Token: s.Token, ECSImageID: imageID, BatchCompute: *b.doc.BatchCompute}
		err := b.call(ctx, s, request{summary: "register image " + imageID, activity: batch.RegisterImage, in: in, out: &registered})
		s.ResourceID = registered.ImageID
		s.Attempts += int(registered.Attempt)
		b.result.BatchComputeImageID = registered.ImageID
		return err
	})
}
