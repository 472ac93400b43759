package workflows

import (
	"fmt"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// acquire gives a step its resource: the one that an earlier run of the build made of the
// same inputs, when it is still there, or a new one. The line of a new one, with the
// token, is in the ledger before create makes the call; asked says that an earlier run made
// the same call and nobody knows what became of it.
func (b *build) acquire(ctx workflow.Context, s *StepProgress, want Resource, create func(line *Resource, asked bool) error) (*Resource, error) {
	want.Region = b.doc.Region
	line, err := b.reuse(ctx, s, want)
	if line != nil || err != nil {
		return line, err
	}
	delete(b.ledger.claims, want.Step)
	b.supersede(ctx, s, want)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	line, asked := b.ledger.ask(want)
	if !asked {
		line.Token = b.token(ctx, want.Step, line.Epoch)
	}
	b.result.Tokens[want.Step] = line.Token
	err = create(line, asked)
	switch {
	case err == nil && line.State == ResourceAsked:
		line.State = ResourceMade
	case err != nil && !uncertain(err):
		line.State = ResourceRefused
	}
	return line, err
}

// uncertain tells whether a call that failed may have made something all the same.
func uncertain(err error) bool {
	return temporal.IsCanceledError(err) || activities.FailureOf(err).MayExist
}

// reuse returns what an earlier run of the build made of the same inputs, or nil, and
// says in the step why.
func (b *build) reuse(ctx workflow.Context, s *StepProgress, want Resource) (*Resource, error) {
	line := b.ledger.before(want)
	if line != nil && line.current && line.State == ResourceMade {
		return line, nil // this run has it already
	}
	if b.retry == nil || line == nil || line.current {
		return nil, nil
	}
	name := fmt.Sprintf("%s %s", line.Kind, line.ID)
	switch {
	case line.State == ResourceRemoved && line.ID != "":
		s.say("made anew: %s was removed", name)
		return nil, nil
	case line.State != ResourceMade && line.State != ResourceAdopted:
		return nil, nil
	case b.retry.anew(want.Step):
		s.say("made anew: the retry begins at step %s", b.retry.From)
		return nil, nil
	case line.Inputs != want.Inputs:
		s.say("made anew: what goes into %s has changed", name)
		return nil, nil
	case line.Unfit != "":
		s.say("made anew: %s cannot be used: %s", name, line.Unfit)
		return nil, nil
	}
	var ours *activities.Resources
	var is activities.LookResult
	err := b.call(ctx, s, request{summary: "look at " + name, activity: ours.Look, in: b.input(line), out: &is})
	switch {
	case err != nil:
		return nil, err
	case is.ID == "":
		s.say("made anew: %s is gone", name)
		return nil, nil
	case !is.Usable && !b.underWay(line):
		s.say("made anew: %s is %s", name, is.Status)
		return nil, nil
	}
	line.current = true
	b.result.Tokens[want.Step] = line.Token
	s.say("reused %s: what goes into it has not changed", name)
	return line, nil
}

// underWay tells whether the import of an image still runs, as far as the ledger knows.
func (b *build) underWay(image *Resource) bool {
	task := b.ledger.latest(image.Step, KindTask)
	return image.Step == StepImport && task != nil && task.Token == image.Token && task.State == ResourceMade
}

// dependents are the steps that work with what a step makes.
func (s Step) dependents() []Step {
	switch s.root() {
	case StepImport, StepComponents:
		return []Step{StepTemplate, StepExecution, StepRegister}
	case StepTemplate:
		return []Step{StepExecution, StepRegister}
	case StepExecution:
		return []Step{StepRegister}
	}
	return nil
}

// supersede removes what earlier runs of a step, and of those that depend on it, have
// made, so that there is one of each. What cannot be removed is left, and the ledger says
// why.
func (b *build) supersede(ctx workflow.Context, s *StepProgress, want Resource) {
	defer func() { s.Detail = "" }()
	affected := append(want.Step.dependents(), want.Step)
	tried := map[*Resource]bool{}
	for {
		line := b.ledger.last(func(line *Resource) bool {
			same := line.Step == want.Step && line.State == ResourceAsked && line.Inputs == want.Inputs
			inTheWay := line.Step.among(affected) || line.Kind == KindComponent && line.Name == want.Name
			return !line.current && line.Exists() && !b.named(line) && !b.ledger.claimed(line) && !same && !tried[line] && inTheWay
		})
		if line == nil || ctx.Err() != nil {
			return
		}
		tried[line] = true
		b.remove(ctx, s, line)
	}
}

// anew runs a step's part in the cloud again, in a new epoch, when it failed there with a
// code, at most so many times.
func (b *build) anew(s *StepProgress, code string, times int32, run func() error) error {
	for {
		err := run()
		if err == nil || temporal.IsCanceledError(err) || activities.FailureOf(err).Code != code || times == 0 {
			return err
		}
		times--
		b.ledger.drop(s.Name)
		s.say("begun anew after: %s", activities.FailureOf(err).Message)
	}
}

// input names a line to the activities.
func (b *build) input(line *Resource) activities.ResourceInput {
	return activities.ResourceInput{
		Region: line.Region, Kind: line.Kind, ID: line.ID, Of: line.Of, Token: line.Token, BuildID: b.id,
	}
}
