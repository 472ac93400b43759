package spec

// When a scheduled run builds.
const (
	Changed = "changed"
	Always  = "always"
)

// Schedule is a Temporal Schedule of the build, in the words of `temporal schedule create`.
type Schedule struct {
	// ID of the schedule; default: the build's name.
	ID string `json:"id,omitempty"`
	// Cron expressions of five to seven fields, or @daily and its like.
	Cron []string `json:"cron,omitempty"`
	// Calendars are times by their parts.
	Calendars []Calendar `json:"calendars,omitempty"`
	// Intervals count from the Unix epoch.
	Intervals []Interval `json:"intervals,omitempty"`
	// TimeZone of cron and calendars, an IANA name; default UTC.
	TimeZone string `json:"timeZone,omitempty"`
	// Jitter is up to how much later than its time a run starts.
	Jitter Duration `json:"jitter,omitempty"`
	// StartTime before which nothing runs, RFC 3339.
	StartTime string `json:"startTime,omitempty"`
	// EndTime after which nothing runs, RFC 3339.
	EndTime string `json:"endTime,omitempty"`
	// OverlapPolicy says what happens when the run before has not ended.
	OverlapPolicy string `json:"overlapPolicy,omitempty" jsonschema:"enum=Skip,enum=BufferOne,enum=BufferAll,enum=CancelOther,enum=TerminateOther,enum=AllowAll,default=Skip"`
	// CatchupWindow is how late a run that was missed is still made up for; Temporal's default is a year.
	CatchupWindow Duration `json:"catchupWindow,omitempty"`
	// PauseOnFailure pauses the schedule after the first failure.
	PauseOnFailure bool `json:"pauseOnFailure,omitempty"`
	// PauseAfterFailures pauses the schedule after so many failures in a row, with the reason in its notes; 0 never does.
	PauseAfterFailures int32 `json:"pauseAfterFailures,omitempty" jsonschema:"minimum=0,maximum=100,default=0"`
	// RemainingActions is how many runs there will be; 0 is without a limit.
	RemainingActions int32 `json:"remainingActions,omitempty" jsonschema:"minimum=0"`
	// Notes about the schedule, for people.
	Notes string `json:"notes,omitempty"`
	// When a run builds: only when what goes into the image has changed since the last success, or always.
	When string `json:"when,omitempty" jsonschema:"enum=changed,enum=always,default=changed"`
	// Freeze are windows in which runs are skipped.
	Freeze []Freeze `json:"freeze,omitempty"`
}

// Calendar is a set of times: each part is a number, a range such as 1-5, a list, a step such as */15, a name of a
// day or month, or *. Hour, minute and second are 0 when left out, the others every one.
type Calendar struct {
	Year       string `json:"year,omitempty"`
	Month      string `json:"month,omitempty"`
	DayOfMonth string `json:"dayOfMonth,omitempty"`
	DayOfWeek  string `json:"dayOfWeek,omitempty"`
	Hour       string `json:"hour,omitempty"`
	Minute     string `json:"minute,omitempty"`
	Second     string `json:"second,omitempty"`
	// Comment for people.
	Comment string `json:"comment,omitempty"`
}

// Interval is a time every so often.
type Interval struct {
	// Every so often.
	Every Duration `json:"every"`
	// Offset from the beginning of each interval.
	Offset Duration `json:"offset,omitempty"`
}

// Freeze is a window in which runs are skipped: between two dates or times such as 2026-12-24 or 2026-12-24T18:00,
// or each week between two times such as Fri 18:00 and Mon 08:00. A date as the end is the end of that day.
type Freeze struct {
	// From when on.
	From string `json:"from"`
	// To when; a time does not belong to the window itself.
	To string `json:"to"`
	// TimeZone of both, an IANA name; default: the schedule's.
	TimeZone string `json:"timeZone,omitempty"`
	// Reason that a skipped run tells.
	Reason string `json:"reason,omitempty"`
}
