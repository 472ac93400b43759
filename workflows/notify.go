package workflows

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/spec"
)

// NotifyType is the workflow type that tells who asked for it how a build ended, or that it
// waits for approval. Its one argument is a Telling; it returns a Told. The build starts it
// as a child that outlives it.
const NotifyType = "NotifyBuildEnded"

// NotDelivered is the type of the failure of a NotifyType workflow when not everybody was
// told; its details are a Told.
const NotDelivered = "NotDelivered"

// Defaults of NotifyRetry.
const (
	DefaultNotifyPause = 5 * time.Second
	DefaultNotifyLimit = 24 * time.Hour
)

// NotifyRetry says how a notification that does not get through is tried again. Zero
// fields mean the defaults.
type NotifyRetry struct {
	// Pause before the second attempt; default DefaultNotifyPause. It doubles each time, up to 10 min.
	Pause time.Duration
	// Limit after which a notification is given up; default DefaultNotifyLimit.
	Limit time.Duration
}

const (
	longestNotifyPause = 10 * time.Minute
	// notifyTimeout is for one attempt; a request itself ends after 15 s.
	notifyTimeout = 30 * time.Second
)

// Telling is who is to be told what.
type Telling struct {
	Kind   activities.EventKind `json:"kind"`
	Ending activities.Ending    `json:"ending"`
	Listed []Listed             `json:"listed"`
}

// Listed is a notification and its place in the document.
type Listed struct {
	Index int               `json:"index"`
	To    spec.Notification `json:"to"`
}

// Told is what became of the notifications of a build, in the document's order.
type Told struct {
	BuildID    string     `json:"buildId"`
	RunID      string     `json:"runId"`
	Deliveries []Delivery `json:"deliveries"`
}

// Delivery is what became of one notification.
type Delivery struct {
	Index     int    `json:"index"`
	To        string `json:"to"` // such as "webhook hooks.example.com"
	EventID   string `json:"eventId"`
	Delivered bool   `json:"delivered"`
	Attempts  int32  `json:"attempts,omitempty"`
	Reason    string `json:"reason,omitempty"` // why it was not delivered
}

// notify starts a workflow that tells whoever the document lists how the build ended, and
// waits only until it has started. It never changes how the build ended.
func (b *build) notify(ctx workflow.Context, err error) {
	kind := b.kind(err)
	if err := b.startTelling(ctx, kind, b.ending(kind)); err != nil {
		b.result.Warnings = append(b.result.Warnings, "nobody was told how the build ended: "+err.Error())
	}
}

// startTelling starts the workflow that tells whoever wants to hear of a kind, if anybody
// does.
func (b *build) startTelling(ctx workflow.Context, kind activities.EventKind, told activities.Ending) error {
	listed := b.listed(kind)
	if len(listed) == 0 {
		return nil
	}
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID:        b.notifyID(ctx, kind),
		ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
		StaticSummary:     "tell that build " + b.id + " " + string(kind),
	})
	child := workflow.ExecuteChildWorkflow(ctx, NotifyType, Telling{Kind: kind, Ending: told, Listed: listed})
	err := child.GetChildWorkflowExecution().Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Warn("Notifications not started", "error", err)
	}
	return err
}

// notifyID names the workflow that tells of a run. It comes from history once it is there:
// a build that is reset to a later point goes on with the child that it has started before,
// although it is another run.
func (b *build) notifyID(ctx workflow.Context, kind activities.EventKind) string {
	var id string
	encoded := workflow.SideEffect(ctx, func(workflow.Context) any { return notifyID(b.id, b.result.RunID, kind) })
	if err := encoded.Get(&id); err != nil {
		panic(fmt.Sprintf("an id in history: %v", err)) // it was written as a text
	}
	return id
}

// longestID is what Temporal takes as a workflow id where it is set to take the least.
const longestID = 255

// notifyID is a workflow id. The run makes it unique, so a build id that is too long loses
// its end; a run ends once, and waits once before that.
func notifyID(buildID, runID string, kind activities.EventKind) string {
	suffix := "/notify/" + runID
	if kind == activities.EventWaiting {
		suffix = "/notify-waiting/" + runID
	}
	return clip(buildID, longestID-len(suffix)) + suffix
}

// kind is what is told of a build that ended with an error or, without one, by its result.
func (b *build) kind(err error) activities.EventKind {
	switch {
	case temporal.IsCanceledError(err):
		return activities.EventCancelled
	case err != nil:
		return activities.EventFailed
	case b.result.Outcome == OutcomeUnchanged:
		return activities.EventUnchanged
	case b.result.Outcome == OutcomeSkipped:
		return activities.EventSkipped
	}
	return activities.EventSucceeded
}

// listed are the notifications that want to hear of a kind.
func (b *build) listed(kind activities.EventKind) []Listed {
	var listed []Listed
	for i, to := range b.doc.Notifications {
		if len(to.On) == 0 || slices.Contains(to.On, string(kind)) {
			listed = append(listed, Listed{Index: i, To: to})
		}
	}
	return listed
}

// ending is what there is to tell. A build that failed or was cancelled offers no image.
func (b *build) ending(kind activities.EventKind) activities.Ending {
	is := b.result
	told := activities.Ending{
		BuildID: b.id, RunID: is.RunID, Name: is.Name, Region: is.Region, Schedule: is.Schedule, Outcome: string(kind),
		StartedAt: is.StartedAt, FinishedAt: is.FinishedAt,
	}
	switch kind {
	case activities.EventFailed:
		told.Error = b.endedBy()
		return told
	case activities.EventCancelled:
		return told
	}
	told.Outcome = string(is.Outcome)
	told.ImageID, told.ImageName, told.BatchComputeImageID = is.ImageID, is.ImageName, is.BatchComputeImageID
	told.Warnings, told.SkipReason = shortened(is.Warnings), clip(is.SkipReason, longestText)
	for _, made := range is.Copies {
		told.Copies = append(told.Copies, activities.EndedCopy(made))
	}
	return told
}

// endedBy is why the build failed.
func (b *build) endedBy() *activities.EndedReason {
	is := b.progress.Error
	if is == nil {
		return nil
	}
	return &activities.EndedReason{
		Code: is.Code, Message: clip(is.Message, longestText), RequestID: is.RequestID,
		Class: is.Class, Advice: clip(is.Advice, longestText), Step: string(is.Step),
	}
}

// Receivers may refuse an event of more than 20 kB.
const (
	longestText  = 2000 // bytes
	mostWarnings = 5
)

func shortened(warnings []string) []string {
	var short []string
	for _, warning := range warnings[:min(len(warnings), mostWarnings)] {
		short = append(short, clip(warning, longestText))
	}
	if left := len(warnings) - mostWarnings; left > 0 {
		short = append(short, fmt.Sprintf("and %d more", left))
	}
	return short
}

// clip is at most so many bytes of a text, in whole characters.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// NotifyBuildEnded makes the deliveries of a Telling, each on its own until it is accepted
// or given up. It fails when one was not accepted.
func (o Options) NotifyBuildEnded(ctx workflow.Context, in Telling) (Told, error) {
	told := Told{BuildID: in.Ending.BuildID, RunID: in.Ending.RunID, Deliveries: make([]Delivery, len(in.Listed))}
	var under []workflow.Future
	for i, listed := range in.Listed {
		told.Deliveries[i] = Delivery{Index: listed.Index, To: receiver(listed.To), EventID: eventID(in, listed.Index)}
		under = append(under, o.deliver(ctx, in, listed, told.Deliveries[i]))
	}
	for i := range under {
		told.Deliveries[i].settle(ctx, under[i])
	}
	if ctx.Err() != nil {
		return told, ctx.Err()
	}
	return told, told.failure()
}

func (o Options) deliver(ctx workflow.Context, in Telling, listed Listed, as Delivery) workflow.Future {
	var ours *activities.Notification
	return workflow.ExecuteActivity(o.notifying(ctx, "tell "+as.To), ours.Notify, activities.NotifyInput{
		To:    listed.To,
		Event: activities.Event{ID: as.EventID, Kind: in.Kind, Namespace: workflow.GetInfo(ctx).Namespace, Ending: in.Ending},
	})
}

// notifying is for one delivery: it is tried again with growing pauses until it is given up.
func (o Options) notifying(ctx workflow.Context, summary string) workflow.Context {
	pause := cmp.Or(o.NotifyRetry.Pause, DefaultNotifyPause)
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		StartToCloseTimeout:    notifyTimeout,
		ScheduleToCloseTimeout: cmp.Or(o.NotifyRetry.Limit, DefaultNotifyLimit),
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: pause, BackoffCoefficient: 2, MaximumInterval: max(pause, longestNotifyPause),
		},
		Summary: summary,
	})
}

// settle waits until a delivery was accepted or given up.
func (d *Delivery) settle(ctx workflow.Context, under workflow.Future) {
	var accepted activities.NotifyResult
	err := under.Get(ctx, &accepted)
	if err == nil {
		d.Delivered, d.Attempts = true, accepted.Attempt
		return
	}
	failure := activities.FailureOf(err)
	d.Attempts, d.Reason = failure.Attempt, failure.Message
	switch {
	case temporal.IsCanceledError(err):
		d.Reason = "cancelled"
	case temporal.IsTimeoutError(err) && failure.Attempt == 0:
		d.Reason = "given up: no attempt came to an end"
	case failure.Code != activities.Undeliverable:
		d.Reason = "given up: " + d.Reason
	}
}

// failure is nil when everybody was told.
func (t Told) failure() error {
	var not []string
	for _, d := range t.Deliveries {
		if !d.Delivered {
			not = append(not, fmt.Sprintf("notifications[%d], %s: %s", d.Index, d.To, d.Reason))
		}
	}
	if len(not) == 0 {
		return nil
	}
	return temporal.NewNonRetryableApplicationError(strings.Join(not, "; "), NotDelivered, nil, t)
}

// receiver says where a notification goes. Only the host is told: the rest of a URL may be
// meant for the worker alone.
func receiver(to spec.Notification) string {
	way, address := "webhook", ""
	switch {
	case to.DingTalk != nil:
		way, address = "dingTalk", to.DingTalk.URL
	case to.Webhook != nil:
		address = to.Webhook.URL
	}
	if at, err := url.Parse(address); err == nil && at.Host != "" {
		return way + " " + at.Host
	}
	return way
}

// eventID names one notification of one end of a build: the same on every attempt, replay
// and reset of the workflow that delivers it.
func eventID(in Telling, index int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d/%s", in.Ending.BuildID, in.Ending.RunID, index, in.Kind))
	return hex.EncodeToString(sum[:16])
}
