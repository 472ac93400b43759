// Package notify tells people and programs how builds ended, and which wait for approval.
//
// A webhook gets a CloudEvent, signed after the Standard Webhooks specification; a
// DingTalk robot gets a short message. A call here is one HTTP request: when to try again
// is for the caller to decide, and Error says whether that can help.
package notify

import "time"

// Kind is what an event tells. The words are those of `on` in the build document.
type Kind string

// The kinds. Those of later events stand beside them; a kind that has no Type is refused.
const (
	Waiting   Kind = "waiting"   // somebody has to approve the image
	Succeeded Kind = "succeeded" // the image exists; the outcome may be partial
	Failed    Kind = "failed"
	Cancelled Kind = "cancelled"
	Unchanged Kind = "unchanged" // nothing that goes into the image has changed
	Skipped   Kind = "skipped"   // a freeze window
)

// types are the CloudEvents types.
var types = map[Kind]string{
	Waiting:   "io.kiln.build.waiting",
	Succeeded: "io.kiln.build.succeeded",
	Failed:    "io.kiln.build.failed",
	Cancelled: "io.kiln.build.cancelled",
	Unchanged: "io.kiln.build.unchanged",
	Skipped:   "io.kiln.build.skipped",
}

// Type is the kind as the type of a CloudEvent, empty for one that is unknown.
func (k Kind) Type() string { return types[k] }

// Event is how a build ended, or that it waits, on its way to one receiver.
type Event struct {
	ID        string `json:"id"` // the same on every attempt, so that receivers can drop duplicates
	Kind      Kind   `json:"kind"`
	Namespace string `json:"namespace"` // of Temporal
	Ending    Ending `json:"ending"`
}

// Ending is how a build ended, or that it waits: the data of the event.
type Ending struct {
	BuildID  string `json:"buildId"`
	RunID    string `json:"runId"`
	Name     string `json:"name"`
	Region   string `json:"region"`
	Schedule string `json:"schedule,omitempty"` // that started the build
	// Outcome is the kind, or partial for a success that left something undone.
	Outcome string `json:"outcome"`
	// The image: of a waiting build the one to approve, of an unchanged or skipped one the
	// last, of a failed or cancelled one none.
	ImageID             string    `json:"imageId,omitempty"`
	ImageName           string    `json:"imageName,omitempty"`
	BatchComputeImageID string    `json:"batchComputeImageId,omitempty"`
	Copies              []Copy    `json:"copies,omitempty"`
	Warnings            []string  `json:"warnings,omitempty"` // why it is partial
	SkipReason          string    `json:"skipReason,omitempty"`
	Error               *Failure  `json:"error,omitempty"`    // of a failed build
	Approval            *Approval `json:"approval,omitempty"` // of a waiting build
	StartedAt           time.Time `json:"startedAt"`
	FinishedAt          time.Time `json:"finishedAt,omitzero"` // zero for a waiting build
}

// Approval is what a build waits for.
type Approval struct {
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"`            // when the build gives up
	Reason string    `json:"reason,omitempty"` // of the document
}

// at is when it came to what is told.
func (e Ending) at() time.Time {
	if e.Approval != nil {
		return e.Approval.Since
	}
	return e.FinishedAt
}

// Copy is a copy of the image in a region.
type Copy struct {
	Region  string `json:"region"`
	ImageID string `json:"imageId"`
}

// Failure is why a build failed, in the words of its result.
type Failure struct {
	Code      string `json:"code"`
	Message   string `json:"message"`
	RequestID string `json:"requestId"`
	Class     string `json:"class"`
	Advice    string `json:"advice"`
	Step      string `json:"step"`
}
