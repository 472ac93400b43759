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
	// Registrations carry no tags: one of an image that this build made is the build's.
	if registered.Adopted && b.ledger.last(func(made *Resource) bool { return made.Kind == KindImage && made.ID == line.Of }) == nil {
		line.State = ResourceAdopted
	}
	return err
}
