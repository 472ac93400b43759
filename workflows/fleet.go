package workflows

import (
	"encoding/json"
	"time"
)

// FleetType is the workflow type of many builds run as one. Its one argument is a Fleet as
// JSON; it returns a FleetResult. Like BuildType it can be started by any Temporal client.
const FleetType = "BuildFleet"

// Fleet is what a fleet builds, and how. The rest travels from run to run of one fleet
// when it continues as new.
type Fleet struct {
	// Documents are build documents as JSON. One with a matrix stands for all of its builds.
	Documents []json.RawMessage `json:"documents"`
	// Builds are those to run, in order; left out: all that the documents stand for.
	Builds []FleetBuild `json:"builds,omitempty"`
	// MaxParallel is how many builds run at a time; default 10.
	MaxParallel int `json:"maxParallel,omitempty"`
	// FailFast begins no further build after one has failed; those that run go on.
	FailFast bool `json:"failFast,omitempty"`
	// Done are the builds that earlier runs of the fleet brought to their end.
	Done []FleetMember `json:"done,omitempty"`
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
type FleetCell struct {
	Region    string            `json:"region,omitempty"`
	Variant   string            `json:"variant,omitempty"`
	Variables map[string]string `json:"variables,omitempty"`
}

// FleetMember says where one build of a fleet is.
type FleetMember struct {
	ID      string `json:"id"`
	RunID   string `json:"runId,omitempty"` // empty before it has begun
	Name    string `json:"name,omitempty"`
	Region  string `json:"region,omitempty"`
	State   State  `json:"state"` // skipped: never begun, because the fleet failed fast or was cancelled
	Outcome string `json:"outcome,omitempty"`
	ImageID string `json:"imageId,omitempty"`
	// Code, Message and Step say why it failed.
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

// FleetResult is what a finished fleet returns. A fleet with builds that failed is partial;
// one none of whose builds succeeded fails instead, with the FleetResult in its details.
type FleetResult struct {
	FleetID    string        `json:"fleetId"`
	RunID      string        `json:"runId"`
	Outcome    Outcome       `json:"outcome"`
	Counts     map[State]int `json:"counts"`
	Members    []FleetMember `json:"members"`
	StartedAt  time.Time     `json:"startedAt"` // of the first run
	FinishedAt time.Time     `json:"finishedAt"`
}
