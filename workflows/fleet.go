package workflows

import (
	"encoding/json"
	"time"

	"github.com/seed1230462e/kiln/internal/spec"
)

// FleetType is the workflow type of many builds run as one. Its one argument is a Fleet as
// JSON; it returns a FleetResult. Like BuildType it can be started by any Temporal client.
const FleetType = "BuildFleet"

// FleetFailed is the type of the failure of a fleet none of whose builds succeeded; its
// details are a FleetResult. A fleet that could not begin fails as a build does.
const FleetFailed = "FleetFailed"

// AlreadyRunning is the code of a member of a fleet whose build id already runs elsewhere.
const AlreadyRunning = "AlreadyRunning"

// DefaultParallel is how many builds of a fleet run at a time when it does not say.
const DefaultParallel = 10

// Fleet is what a fleet builds, and how. The rest travels from run to run of one fleet
// when it continues as new.
type Fleet struct {
	// Name of the fleet, for people; default: that of its one document, or how many builds it has.
	Name string `json:"name,omitempty"`
	// Documents are build documents as JSON. One with a matrix stands for all of its builds.
	Documents []json.RawMessage `json:"documents"`
	// Builds are those to run, in order; left out: all that the documents stand for.
	Builds []FleetBuild `json:"builds,omitempty"`
	// MaxParallel is how many builds run at a time, up to 1,000; default 10.
	MaxParallel int `json:"maxParallel,omitempty"`
	// FailFast begins no further build after one has failed; those that run go on.
	FailFast bool `json:"failFast,omitempty"`
	// Done are the builds that earlier runs of the fleet brought to their end.
	Done []FleetMember `json:"done,omitempty"`
	// StartedAt is when the first run began; only a fleet that continues as new has it.
	StartedAt *time.Time `json:"startedAt,omitempty"`
}

// FleetBuild is one build of a fleet.
type FleetBuild struct {
	// ID of the build: the workflow id of a child of the fleet.
	ID string `json:"id"`
	// Document is the place of its document in Documents, from 0.
	Document int `json:"document"`
	// Cell names the matrix's choice; the zero value is for a document without a matrix.
	Cell FleetCell `json:"cell,omitzero"`
	// Retry lets the build go on from where an earlier run of it ended.
	Retry *Retry `json:"retry,omitempty"`
}

// FleetCell is one choice among those of a matrix.
type FleetCell = spec.Cell

// FleetMember says where one build of a fleet is.
type FleetMember struct {
	ID      string `json:"id"`
	RunID   string `json:"runId,omitempty"` // empty before it has begun, and when it could not
	Name    string `json:"name,omitempty"`
	Region  string `json:"region,omitempty"`
	State   State  `json:"state"` // skipped: never begun, because the fleet failed fast or was cancelled
	Outcome string `json:"outcome,omitempty"`
	ImageID string `json:"imageId,omitempty"`
	// Code, Message and Step say why it failed; a long message is cut.
	Code       string     `json:"code,omitempty"`
	Message    string     `json:"message,omitempty"`
	Step       Step       `json:"step,omitempty"`
	StartedAt  *time.Time `json:"startedAt,omitempty"`
	FinishedAt *time.Time `json:"finishedAt,omitempty"`
}

// FleetProgress answers ProgressQuery of a fleet.
type FleetProgress struct {
	FleetID string `json:"fleetId"`
	RunID   string `json:"runId"`
	State   State  `json:"state"`
	// Counts are the builds by their state.
	Counts  map[State]int `json:"counts"`
	Members []FleetMember `json:"members"` // in the order of the fleet's builds
}

// The outcomes that only the FleetResult in the details of a failure or a cancellation has.
const (
	OutcomeFailed    Outcome = "failed"
	OutcomeCancelled Outcome = "cancelled"
)

// FleetResult is what a finished fleet returns. A fleet with builds that failed, or ended as
// partial, is partial; one none of whose builds succeeded fails instead, with the FleetResult
// in its details, as a cancelled one has it in those of its CanceledError.
type FleetResult struct {
	FleetID    string        `json:"fleetId"`
	RunID      string        `json:"runId"`
	Outcome    Outcome       `json:"outcome"`
	Counts     map[State]int `json:"counts"`
	Members    []FleetMember `json:"members"`
	StartedAt  time.Time     `json:"startedAt"` // of the first run
	FinishedAt time.Time     `json:"finishedAt"`
}
