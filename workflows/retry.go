package workflows

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// Retry lets a build go on from where an earlier run of it ended: the second argument of
// BuildGoldenImage, which `kiln retry` gives.
type Retry struct {
	// RunID of the run that ended.
	RunID string `json:"runId"`
	// Origin is the run from whose id the build's tokens derive: that of the first one.
	Origin string `json:"origin"`
	// From is the step from which on everything is made anew; empty: only what is missing,
	// or whose inputs have changed.
	From Step `json:"from,omitempty"`
	// Resources is the ledger of the run that ended.
	Resources []Resource `json:"resources,omitempty"`
	// Approval that was given in that run, or in one before it.
	Approval *Verdict `json:"approval,omitempty"`
	// Schedule and ScheduledAt are what the first run was started for, if a schedule did.
	Schedule    string     `json:"schedule,omitempty"`
	ScheduledAt *time.Time `json:"scheduledAt,omitempty"`
}

func (r *Retry) occasion() *occasion {
	if r.ScheduledAt == nil {
		return nil
	}
	return &occasion{Schedule: r.Schedule, At: r.ScheduledAt.UTC()}
}

// readRetry reads the second argument, if there is one.
func (b *build) readRetry(argument converter.RawValue) error {
	text := argument.Payload().GetData()
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	var retry Retry
	err := json.Unmarshal(text, &retry)
	if err == nil && retry.Origin == "" {
		err = fmt.Errorf("origin is missing")
	}
	if err == nil && retry.From != "" && !slices.Contains(Steps, retry.From) {
		err = fmt.Errorf("from is %q; want one of %s", retry.From, StepNames())
	}
	if err != nil {
		return activities.Ended(activities.InvalidBuild, fmt.Sprintf("the second argument is no retry: %v", err),
			"Start the build with the document alone, or use kiln retry.")
	}
	b.retry = &retry
	b.ledger.carry(retry.Resources)
	b.result.Approval = retry.Approval
	return nil
}

// anew tells whether the retry begins with a step or before it.
func (r *Retry) anew(step Step) bool {
	return r.From != "" && slices.Index(Steps, step.root()) >= slices.Index(Steps, r.From)
}

// Steps are the steps of the story, in order.
var Steps = []Step{StepImport, StepComponents, StepTemplate, StepExecution, StepApproval, StepRegister}

// StepsOf are the steps that a document asks for, in order.
func StepsOf(doc spec.Build) []Step {
	wanted := map[Step]bool{
		StepImport:     doc.Source.Import != nil,
		StepComponents: len(doc.Components) > 0,
		StepTemplate:   doc.Template != nil && doc.Template.ID == "",
		StepExecution:  doc.Template != nil,
		StepApproval:   doc.Approval != nil,
		StepRegister:   doc.BatchCompute != nil,
	}
	return slices.DeleteFunc(slices.Clone(Steps), func(step Step) bool { return !wanted[step] })
}

// StepNames lists the steps for people.
func StepNames() string {
	var names []string
	for _, step := range Steps {
		names = append(names, string(step))
	}
	return strings.Join(names, ", ")
}

// root is the step of the story that a part such as components/0 belongs to.
func (s Step) root() Step {
	root, _, _ := strings.Cut(string(s), "/")
	return Step(root)
}

// among tells whether a step, or the one that it is part of, is in a list.
func (s Step) among(steps []Step) bool {
	return slices.Contains(steps, s) || slices.Contains(steps, s.root())
}

// origin is the id of the run from which the build's tokens derive.
func (b *build) origin(ctx workflow.Context) string {
	info := workflow.GetInfo(ctx)
	return Origin(b.retry, info.CronSchedule, info.OriginalRunID, info.FirstRunID)
}

// Origin is the id of the run from which the tokens of a run derive, by what the run was
// started with; retry is nil for one that goes on from no other.
func Origin(retry *Retry, cronSchedule, originalRunID, firstRunID string) string {
	switch {
	case retry != nil:
		return retry.Origin
	case cronSchedule != "": // the runs of a cron share their first run, but each is a build
		return originalRunID
	}
	return firstRunID
}
