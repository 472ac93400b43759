package workflows

import "time"

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
	StepRegister   Step = "register"
)

// State of a build or of a step.
type State string

// The states. A build is never pending.
const (
	StatePending   State = "pending"
	StateRunning   State = "running"
	StateSucceeded State = "succeeded"
	StateFailed    State = "failed"
	StateCancelled State = "cancelled"
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
	Error   *Failure       `json:"error,omitempty"`
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
	Attempts   int        `json:"attempts"`
	Token      string     `json:"token,omitempty"`
	ResourceID string     `json:"resourceId,omitempty"`
}

// Failure is why a build failed: the details of the build's ApplicationError, whose
// type is Code.
type Failure struct {
	Code       string `json:"code"`
	HTTPStatus int    `json:"httpStatus"`
	Message    string `json:"message"`
	RequestID  string `json:"requestId"`
	Class      string `json:"class"`
	Step       Step   `json:"step"`
	Advice     string `json:"advice"`
}
