package workflows

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// ProgressQuery is the query that answers with a Progress.
const ProgressQuery = "progress"

// Step is one step of a build.
type Step string

// The steps in the order of the story. A build has those that its document asks for.
const (
	StepImport     Step = "import"
	StepComponents Step = "components"
	StepTemplate   Step = "template"
	StepExecution  Step = "execution"
	StepApproval   Step = "approval"
	StepRegister   Step = "register"
	StepCleanup    Step = "cleanup" // when something is to be removed
)

// State of a build or of a step.
type State string

// The states. A build is never pending.
const (
	StatePending   State = "pending"
	StateRunning   State = "running"
	StateWaiting   State = "waiting" // until somebody approves
	StateSucceeded State = "succeeded"
	StateFailed    State = "failed"
	StateCancelled State = "cancelled"
	StateUnchanged State = "unchanged" // of a build: see OutcomeUnchanged
	StateSkipped   State = "skipped"   // of a build: see OutcomeSkipped; of a step: the build ended without it, as one that had nothing to do
)

// Progress says where a build is.
type Progress struct {
	BuildID string         `json:"buildId"`
	RunID   string         `json:"runId"`
	Name    string         `json:"name"`
	Region  string         `json:"region"`
	State   State          `json:"state"`
	Step    Step           `json:"step"` // the running or last one
	Steps   []StepProgress `json:"steps"`
	// Resources is the ledger, in the order in which the build asked for them.
	Resources []Resource `json:"resources,omitempty"`
	// Approval of the image, once somebody has given it.
	Approval *Verdict `json:"approval,omitempty"`
	Error    *Failure `json:"error,omitempty"`
}

// StepProgress says where a step is. While an activity runs, what it last said of
// itself is in the heartbeat details of the pending activity, as activities.Heartbeat.
type StepProgress struct {
	Name       Step       `json:"name"`
	State      State      `json:"state"`
	Percent    int        `json:"percent"` // 0 to 100
	Detail     string     `json:"detail,omitempty"`
	StartedAt  *time.Time `json:"startedAt,omitempty"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
	Attempts   int        `json:"attempts"` // of the call that the step makes
	Token      string     `json:"token,omitempty"`
	ResourceID string     `json:"resourceId,omitempty"`

	said []string // what is to be known of the step once it is over
}

// say adds to what is to be known of a step once it is over.
func (s *StepProgress) say(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf(format, args...))
}

// tellProgress answers ProgressQuery.
func (b *build) tellProgress() (Progress, error) {
	is := *b.progress
	is.Resources, is.Approval = b.ledger.copy(), b.result.Approval
	return is, nil
}

// step runs one step of the story and keeps its books. The failure names the step.
func (b *build) step(ctx workflow.Context, name Step, run func(*StepProgress) error) error {
	s := b.progress.of(name)
	started := workflow.Now(ctx)
	b.progress.Step = name
	s.State, s.StartedAt = StateRunning, &started
	b.tellDetails(ctx)

	err := stop(name, run(s))
	if err != nil && ctx.Err() != nil {
		err = ctx.Err() // the last attempt of a call that was under way may have failed otherwise
	}
	finished := workflow.Now(ctx)
	s.State, s.FinishedAt = stateAfter(err), &finished
	if err == nil {
		s.Percent = 100
	}
	if s.Detail == "" {
		s.Detail = strings.Join(s.said, "; ")
	}
	return err
}

// of is the progress of a planned step.
func (p *Progress) of(name Step) *StepProgress {
	for i := range p.Steps {
		if p.Steps[i].Name == name {
			return &p.Steps[i]
		}
	}
	p.Steps = append(p.Steps, StepProgress{Name: name})
	return &p.Steps[len(p.Steps)-1]
}

// note adds to the detail of the running step.
func (b *build) note(text string) {
	b.progress.of(b.progress.Step).Detail = text
}

// end sets the build's final state; the outcome is that of a build that had nothing to do,
// and so has skipped its steps.
func (p *Progress) end(err error, outcome Outcome) {
	p.State = stateAfter(err)
	if err == nil && (outcome == OutcomeUnchanged || outcome == OutcomeSkipped) {
		p.State = outcome.state()
		p.skipPending()
	}
	var refused *temporal.ApplicationError
	var failure Failure
	if errors.As(err, &refused) && refused.Details(&failure) == nil {
		p.Error = &failure
	}
}

func (p *Progress) skipPending() {
	for i := range p.Steps {
		if s := &p.Steps[i]; s.State == StatePending {
			s.State = StateSkipped
		}
	}
}

func stateAfter(err error) State {
	switch {
	case err == nil:
		return StateSucceeded
	case temporal.IsCanceledError(err):
		return StateCancelled
	}
	return StateFailed
}

// marks stand before the steps in the Web UI.
var marks = map[State]string{
	StatePending: "▫️", StateRunning: "▶️", StateWaiting: "⏸️", StateSucceeded: "✅", StateFailed: "❌", StateCancelled: "⏹️", StateSkipped: "⏭️",
}

// tellDetails shows the steps as the workflow's current details in the Web UI.
func (b *build) tellDetails(ctx workflow.Context) {
	lines := []string{fmt.Sprintf("**%s** in %s: %s", b.progress.Name, b.progress.Region, b.progress.State), ""}
	for _, s := range b.progress.Steps {
		line := fmt.Sprintf("- %s **%s**", marks[s.State], s.Name)
		for _, part := range []string{s.ResourceID, s.Detail} {
			if part != "" {
				line += " · " + part
			}
		}
		lines = append(lines, line)
	}
	if failure := b.progress.Error; failure != nil {
		lines = append(lines, "", fmt.Sprintf("**%s** %s", failure.Code, failure.Message), "", failure.Advice)
	}
	workflow.SetCurrentDetails(ctx, strings.Join(lines, "\n"))
}
