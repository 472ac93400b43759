package workflows

import "time"

// Outcome says how a build ended.
type Outcome string

// The outcomes of a build that ended without an error.
const (
	OutcomeSucceeded Outcome = "succeeded"
	OutcomePartial   Outcome = "partial"   // the image exists; copying, sharing or cleaning had a problem
	OutcomeUnchanged Outcome = "unchanged" // nothing that goes into the image has changed; the ids are those of the last success
	OutcomeSkipped   Outcome = "skipped"   // a freeze window; the ids are those of the last success, if there was one
)

// Result is what a finished build returns.
type Result struct {
	BuildID             string            `json:"buildId"`
	RunID               string            `json:"runId"`
	Name                string            `json:"name"`
	Region              string            `json:"region"`
	Outcome             Outcome           `json:"outcome"`
	ImageID             string            `json:"imageId"`
	ImageName           string            `json:"imageName"`
	ImportedImageID     string            `json:"importedImageId"`
	ImportTaskID        string            `json:"importTaskId"`
	Components          []ResultComponent `json:"components"`
	PipelineID          string            `json:"pipelineId"`
	ExecutionID         string            `json:"executionId"`
	BatchComputeImageID string            `json:"batchComputeImageId"`
	Copies              []ResultCopy      `json:"copies"`
	SharedWith          []string          `json:"sharedWith"`
	Fingerprint         string            `json:"fingerprint"`       // of the document's meaning and, of a scheduled run, of the inputs
	Inputs              map[string]string `json:"inputs,omitempty"`  // of a scheduled run: the parts of the fingerprint
	Changed             []string          `json:"changed,omitempty"` // the parts that differ from the last success
	Unchanged           bool              `json:"unchanged"`
	Tokens              map[Step]string   `json:"tokens"`              // components/N for the Nth component
	Resources           []Resource        `json:"resources,omitempty"` // the ledger, in the order in which the build asked for them
	Warnings            []string          `json:"warnings,omitempty"`
	Approval            *Verdict          `json:"approval,omitempty"`    // of the image, when the document asks for one
	Schedule            string            `json:"schedule,omitempty"`    // the id of the schedule that started the build
	ScheduledAt         *time.Time        `json:"scheduledAt,omitempty"` // the time that the schedule meant
	SkipReason          string            `json:"skipReason,omitempty"`
	StartedAt           time.Time         `json:"startedAt"`
	FinishedAt          time.Time         `json:"finishedAt"`
}

// ResultComponent is a component that went into the image.
type ResultComponent struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	ID      string `json:"id"`
	Adopted bool   `json:"adopted,omitempty"` // it existed with the same content
}

// ResultCopy is a copy of the image in a region.
type ResultCopy struct {
	Region  string `json:"region"`
	ImageID string `json:"imageId"`
}
