package workflows

import (
	"cmp"
	"fmt"
	"time"
	"unicode/utf8"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// The updates that decide about a build that waits for approval. Each takes a Decision and
// returns a Verdict.
const (
	ApproveUpdate = "approve"
	RejectUpdate  = "reject"
)

// Types of the errors with which a decision is refused.
const (
	NotWaiting      = "NotWaiting"      // the build does not wait for approval, or not any more
	InvalidDecision = "InvalidDecision" // the decision itself cannot be taken
)

// Decision is what somebody says of a build's image. Both may be left out.
type Decision struct {
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// Verdict is a decision that was taken.
type Verdict struct {
	By      string    `json:"by"`
	Reason  string    `json:"reason,omitempty"`
	At      time.Time `json:"at"`
	ImageID string    `json:"imageId"` // that it is about
}

// says is the verdict in a sentence.
func (v Verdict) says(verb string) string {
	text := verb + " by " + v.By
	if v.Reason != "" {
		text += ": " + v.Reason
	}
	return text
}

// gate is where a build waits until somebody has decided about its image.
type gate struct {
	imageID string // empty until the build comes to wait
	open    bool   // decisions are taken
	verb    string // approved or rejected, once somebody has decided
	verdict Verdict
}

const (
	approved = "approved"
	rejected = "rejected"
)

// takeDecisions lets updates decide. It adds nothing to the history, so every build does:
// one that waits for nobody says so.
func (b *build) takeDecisions(ctx workflow.Context) error {
	for _, update := range []struct{ name, verb, description string }{
		{ApproveUpdate, approved, "Let a build that waits for approval go on"},
		{RejectUpdate, rejected, "Let a build that waits for approval fail"},
	} {
		decide := func(ctx workflow.Context, said Decision) (Verdict, error) {
			return b.gate.decide(update.verb, said, workflow.Now(ctx)), nil
		}
		err := workflow.SetUpdateHandlerWithOptions(ctx, update.name, decide,
			workflow.UpdateHandlerOptions{Validator: b.mayDecide, Description: update.description})
		if err != nil {
			return err
		}
	}
	return nil
}

// decide takes a decision, after mayDecide.
func (g *gate) decide(verb string, said Decision, now time.Time) Verdict {
	g.open, g.verb = false, verb
	g.verdict = Verdict{By: cmp.Or(said.By, "somebody"), Reason: said.Reason, At: now, ImageID: g.imageID}
	return g.verdict
}

// How long the texts of a decision may be, in characters.
const (
	longestBy     = 256
	longestReason = 1024
)

// mayDecide refuses a decision that nobody waits for, or that says too much.
func (b *build) mayDecide(said Decision) error {
	refuse := func(kind, format string, args ...any) error {
		return temporal.NewNonRetryableApplicationError(fmt.Sprintf(format, args...), kind, nil)
	}
	switch {
	case utf8.RuneCountInString(said.By) > longestBy:
		return refuse(InvalidDecision, "by is longer than %d characters", longestBy)
	case utf8.RuneCountInString(said.Reason) > longestReason:
		return refuse(InvalidDecision, "reason is longer than %d characters", longestReason)
	case b.gate.open:
		return nil
	case b.gate.verb != "":
		return refuse(NotWaiting, "build %s does not wait for approval any more: image %s was %s", b.id, b.gate.imageID, b.gate.verdict.says(b.gate.verb))
	case b.gate.imageID != "":
		return refuse(NotWaiting, "build %s does not wait for approval any more", b.id)
	case b.doc.Name != "" && b.doc.Approval == nil:
		return refuse(NotWaiting, "build %s waits for nobody's approval: its document has no section approval", b.id)
	}
	return refuse(NotWaiting, "build %s does not wait for approval yet: it is in step %s", b.id, cmp.Or(b.progress.Step, "none"))
}

// awaitApproval waits until somebody approves the golden image, when the document asks for
// that. An approval of an earlier run holds for the same image.
func (b *build) awaitApproval(ctx workflow.Context, imageID string) error {
	given := b.result.Approval
	b.result.Approval = nil
	if b.doc.Approval == nil {
		return nil
	}
	return b.step(ctx, StepApproval, func(s *StepProgress) error {
		s.ResourceID = imageID
		if given != nil && given.ImageID == imageID && !b.retry.anew(StepApproval) {
			b.result.Approval = given
			s.say("%s", given.says(approved))
			return nil
		}
		b.gate = gate{imageID: imageID, open: true}
		err := b.awaitVerdict(ctx, s)
		b.gate.open = false
		return err
	})
}

// awaitVerdict says that the build waits, tells who wants to know, and waits. It is only
// workflow state: no activity is held, and no worker is needed meanwhile.
func (b *build) awaitVerdict(ctx workflow.Context, s *StepProgress) error {
	limit := time.Duration(b.doc.Approval.Timeout)
	until := workflow.Now(ctx).Add(limit)
	s.Detail = "waits for approval until " + until.UTC().Format("2006-01-02 15:04 UTC")
	if reason := b.doc.Approval.Reason; reason != "" {
		s.Detail += ": " + reason
	}
	if err := b.standBy(ctx, s, StateWaiting); err != nil {
		return err
	}
	timing, stopTimer := workflow.WithCancel(ctx)
	timer := workflow.NewTimerWithOptions(timing, limit, workflow.TimerOptions{Summary: "wait for the approval of " + b.gate.imageID})
	b.tellWaiting(ctx, s, until)
	err := workflow.Await(ctx, func() bool { return b.gate.verb != "" || timer.IsReady() })
	stopTimer()
	s.Detail = ""
	if resumeErr := b.standBy(ctx, s, StateRunning); err == nil {
		err = resumeErr
	}
	if err == nil {
		err = ctx.Err() // a cancellation stops a timer too
	}
	if err != nil {
		return err
	}
	return b.conclude(s, limit)
}

// standBy makes a state known while the build waits, and when it goes on.
func (b *build) standBy(ctx workflow.Context, s *StepProgress, state State) error {
	s.State, b.progress.State = state, state
	b.tellDetails(ctx)
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	return workflow.UpsertTypedSearchAttributes(ctx, AttrState.ValueSet(string(state)))
}

// conclude makes of what was decided how the step ends.
func (b *build) conclude(s *StepProgress, limit time.Duration) error {
	switch b.gate.verb {
	case approved:
		verdict := b.gate.verdict
		b.result.Approval = &verdict
		s.say("%s", verdict.says(approved))
		return nil
	case rejected:
		return activities.Ended(activities.Rejected, fmt.Sprintf("image %s was %s", b.gate.imageID, b.gate.verdict.says(rejected)),
			"Correct what the reason names and go on with `kiln retry BUILD-ID -f FILE`; without -f it asks again for the same image.")
	}
	return activities.Ended(activities.ApprovalTimeout, fmt.Sprintf("nobody has approved image %s within %s", b.gate.imageID, limit),
		"Ask whoever has to approve, then go on with `kiln retry BUILD-ID`, which asks again for the same image; approval.timeout gives more time.")
}

// tellWaiting starts the notifications of a build that waits. That it cannot is said in
// the step, and is no reason to wait any less.
func (b *build) tellWaiting(ctx workflow.Context, s *StepProgress, until time.Time) {
	told := b.ending(activities.EventWaiting)
	told.Outcome, told.FinishedAt = string(activities.EventWaiting), time.Time{}
	told.Approval = &activities.AwaitedApproval{Since: *s.StartedAt, Until: until, Reason: clip(b.doc.Approval.Reason, longestText)}
	if err := b.startTelling(ctx, activities.EventWaiting, told); err != nil {
		s.say("nobody was told that the build waits: %v", err)
	}
}
