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
		want := Resource{Step: StepRegister, Kind: KindRegistration, Of: imageID, Name: b.doc.BatchCompute.Name,
			Inputs: digest(b.doc.Region, imageID, b.doc.BatchCompute)}
		line, err := b.acquire(ctx, s, want, func(line *Resource, asked bool) error {
			return b.registerImage(ctx, s, line, asked)
		})
		if err != nil {
			return err
		}
		s.ResourceID, s.Token, b.result.BatchComputeImageID = line.ID, line.Token, line.ID
		return nil
	})
}

func (b *build) registerImage(ctx workflow.Context, s *StepProgress, line *Resource, asked bool) error {
	s.Token = line.Token
	var batch *activities.Registration
	var registered activities.RegisterImageResult
	in := activities.RegisterImageInput{
		Region: b.doc.Region, Token: line.Token, ECSImageID: line.Of, BatchCompute: *b.doc.BatchCompute, Asked: asked,
	}
	err := b.call(ctx, s, request{summary: "register image " + line.Of, activity: batch.RegisterImage, in: in, out: &registered})
	line.ID = registered.ImageID
	s.Attempts += int(registered.Attempt)
	if registered.Adopted && !b.made(line.Of) {
		line.State = ResourceAdopted
	}
	return err
}

// made tells whether an image is of this build's making. Registrations carry no tags: one
// that was not seen to be made is the build's when its image is.
func (b *build) made(imageID string) bool {
	return b.ledger.last(func(line *Resource) bool { return line.Kind == KindImage && line.ID == imageID }) != nil
}
