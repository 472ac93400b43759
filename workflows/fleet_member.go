package workflows

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// How much a member tells of its failure, in bytes of JSON; the build itself tells all.
const (
	longestCode    = 48
	longestMessage = 160
)

// good tells whether the build ended without an error, and bad with one.
func (m FleetMember) good() bool {
	return m.State == StateSucceeded || m.State == StateUnchanged || m.Outcome == string(OutcomeSkipped)
}

func (m FleetMember) bad() bool { return m.State == StateFailed || m.State == StateCancelled }

// follow waits until the build has ended, and takes what it says. The fleet's cancellation
// reaches the build by itself, and its end is waited for.
func (m *FleetMember) follow(ctx workflow.Context, child workflow.ChildWorkflowFuture) error {
	var is Result
	if err := child.Get(ctx, &is); err != nil {
		return err
	}
	m.Name, m.Region = cmp.Or(is.Name, m.Name), cmp.Or(is.Region, m.Region)
	m.ImageID, m.Outcome = is.ImageID, string(is.Outcome)
	m.State = is.Outcome.state()
	return nil
}

// fail says that the build is over, and why it failed, if it did.
func (m *FleetMember) fail(ctx workflow.Context, err error) {
	m.FinishedAt = now(ctx)
	switch {
	case err == nil:
		return
	case temporal.IsCanceledError(err):
		m.State = StateCancelled
		return
	}
	m.State = StateFailed
	m.Code, m.Message, m.Step = reasonOf(m.ID, err)
	m.Code, m.Message = clip(m.Code, longestCode), clipJSON(m.Message, longestMessage)
}

// reasonOf is why a child did not succeed.
func reasonOf(id string, err error) (code, message string, step Step) {
	var failure Failure
	var refused *temporal.ApplicationError
	var terminated *temporal.TerminatedError
	switch {
	case temporal.IsWorkflowExecutionAlreadyStartedError(err):
		return AlreadyRunning, fmt.Sprintf("a workflow with the id %s is running outside of this fleet", id), ""
	case errors.As(err, &refused):
		if refused.Details(&failure) == nil && failure.Code != "" {
			return failure.Code, failure.Message, failure.Step
		}
		return refused.Type(), refused.Message(), ""
	case errors.As(err, &terminated):
		return "Terminated", "the build was terminated", ""
	case temporal.IsTimeoutError(err):
		return activities.Timeout, "the build ran out of the time that Temporal gives it", ""
	}
	return "Failed", err.Error(), ""
}

// clipJSON is a text cut so far that it takes at most so many bytes as JSON.
func clipJSON(text string, limit int) string {
	text = clip(text, limit)
	for {
		encoded, err := json.Marshal(text)
		if err != nil || len(encoded) <= limit {
			return text
		}
		text = clip(text, len(text)-(len(encoded)-limit+5)/6)
	}
}

// state is that of what ended with an outcome.
func (o Outcome) state() State {
	switch o {
	case OutcomeUnchanged:
		return StateUnchanged
	case OutcomeSkipped:
		return StateSkipped
	case OutcomeFailed:
		return StateFailed
	case OutcomeCancelled:
		return StateCancelled
	}
	return StateSucceeded
}

// outcome is how the fleet ended.
func (f *fleet) outcome(ctx workflow.Context, err error) Outcome {
	good, partial, stopped := 0, false, false
	for _, m := range f.members {
		switch {
		case m.good():
			good++
			partial = partial || m.Outcome == string(OutcomePartial)
		case m.State == StateCancelled, m.State == StateSkipped:
			stopped = true
		}
	}
	switch {
	case temporal.IsCanceledError(err), ctx.Err() != nil && stopped:
		return OutcomeCancelled
	case err != nil, good == 0:
		return OutcomeFailed
	case partial, good < len(f.members):
		return OutcomePartial
	}
	return OutcomeSucceeded
}

// whyFailed says what became of the builds of a fleet of which none succeeded.
func (f *fleet) whyFailed() string {
	text := fmt.Sprintf("none of %d builds succeeded", len(f.members))
	for _, m := range f.members {
		if m.State == StateFailed {
			return fmt.Sprintf("%s; %s: %s: %s", text, m.ID, m.Code, m.Message)
		}
	}
	return text
}

// progress answers ProgressQuery.
func (f *fleet) progress() (FleetProgress, error) {
	return FleetProgress{FleetID: f.id, RunID: f.runID, State: f.state, Counts: f.counts(), Members: f.members}, nil
}

func (f *fleet) counts() map[State]int {
	counts := map[State]int{}
	for _, m := range f.members {
		counts[m.State]++
	}
	return counts
}

// statesInOrder are those that a member may be in, as the Web UI shows them.
var statesInOrder = []State{StateRunning, StatePending, StateSucceeded, StateUnchanged, StateFailed, StateCancelled, StateSkipped}

// mostTold is how many failures the Web UI shows.
const mostTold = 20

// tellDetails shows the counts and the failures as the workflow's current details.
func (f *fleet) tellDetails(ctx workflow.Context) {
	lines := []string{fmt.Sprintf("**%s**: %s", f.Name, f.state), "", "| state | builds |", "| --- | --- |"}
	counts := f.counts()
	for _, state := range statesInOrder {
		if counts[state] > 0 {
			lines = append(lines, fmt.Sprintf("| %s | %d |", state, counts[state]))
		}
	}
	lines = append(lines, "")
	told := 0
	for _, m := range f.members {
		if m.State != StateFailed {
			continue
		}
		if told++; told > mostTold {
			lines = append(lines, fmt.Sprintf("- and %d more", counts[StateFailed]-mostTold))
			break
		}
		lines = append(lines, fmt.Sprintf("- %s **%s** %s · %s: %s", marks[StateFailed], m.ID, m.Step, m.Code, m.Message))
	}
	workflow.SetCurrentDetails(ctx, strings.Join(lines, "\n"))
}
