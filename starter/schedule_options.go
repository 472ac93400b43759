package starter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// memoFingerprint is where a schedule and its builds keep the fingerprint of their document.
const memoFingerprint = "kilnFingerprint"

// defaultCatchup is Temporal's catchup window of a schedule that names none, and leastCatchup
// what it makes of a shorter one.
const (
	defaultCatchup = 365 * 24 * time.Hour
	leastCatchup   = 10 * time.Second
)

// overlapPolicies are the names of Temporal's policies, in its order.
var overlapPolicies = []string{"Skip", "BufferOne", "BufferAll", "CancelOther", "TerminateOther", "AllowAll"}

// overlapPolicy is the policy of a name; that of no name is Skip.
func overlapPolicy(name string) enumspb.ScheduleOverlapPolicy {
	return enumspb.ScheduleOverlapPolicy(max(slices.Index(overlapPolicies, name), 0) + 1)
}

// policyName is the name of a policy.
func policyName(policy enumspb.ScheduleOverlapPolicy) string {
	return overlapPolicies[min(max(int(policy)-1, 0), len(overlapPolicies)-1)]
}

// scheduleID is the id of the schedule of a document.
func scheduleID(build spec.Build) string {
	if build.Schedule == nil {
		return build.Name
	}
	return cmp.Or(build.Schedule.ID, build.Name)
}

// scheduleOptions ask Temporal for the schedule of a document. The builds take the
// schedule's id, to which Temporal adds their time in UTC: so no two are the same, whatever
// the schedule's zone does to its clocks.
func scheduleOptions(build spec.Build, taskQueue string) (client.ScheduleOptions, error) {
	section := cmp.Or(build.Schedule, &spec.Schedule{})
	runs, err := scheduleSpec(*section)
	if err != nil {
		return client.ScheduleOptions{}, err
	}
	id := scheduleID(build)
	return client.ScheduleOptions{
		ID:                    id,
		Spec:                  runs,
		Action:                scheduleAction(build, id, taskQueue),
		Overlap:               overlapPolicy(section.OverlapPolicy),
		CatchupWindow:         time.Duration(section.CatchupWindow),
		PauseOnFailure:        section.PauseOnFailure,
		RemainingActions:      int(section.RemainingActions),
		Note:                  section.Notes,
		Memo:                  map[string]any{memoFingerprint: build.Fingerprint()},
		TypedSearchAttributes: scheduleAttributes(build),
	}, nil
}

// scheduleAction starts a build as anybody can: with the document as its one argument.
func scheduleAction(build spec.Build, id, taskQueue string) *client.ScheduleWorkflowAction {
	return &client.ScheduleWorkflowAction{
		ID:                    id,
		Workflow:              workflows.BuildType,
		Args:                  []any{build},
		TaskQueue:             taskQueue,
		Memo:                  map[string]any{memoFingerprint: build.Fingerprint()},
		TypedSearchAttributes: scheduleAttributes(build),
		StaticSummary:         build.Name + " in " + build.Region,
		StaticDetails:         details(build) + fmt.Sprintf(" Started by schedule %s.", id),
	}
}

func scheduleAttributes(build spec.Build) sdktemporal.SearchAttributes {
	return sdktemporal.NewSearchAttributes(workflows.AttrName.ValueSet(build.Name), workflows.AttrRegion.ValueSet(build.Region))
}

// scheduleSpec says when a schedule runs. Cron expressions are left to the server, which
// knows them; calendars go as it keeps them.
func scheduleSpec(section spec.Schedule) (client.ScheduleSpec, error) {
	runs := client.ScheduleSpec{
		CronExpressions: slices.Clone(section.Cron),
		TimeZoneName:    section.TimeZone,
		Jitter:          time.Duration(section.Jitter),
	}
	if slices.ContainsFunc(section.Cron, namesZone) {
		runs.TimeZoneName = "" // theirs counts, and the server takes no second one
	}
	for _, c := range section.Calendars {
		runs.Calendars = append(runs.Calendars, calendarSpec(c))
	}
	for _, i := range section.Intervals {
		runs.Intervals = append(runs.Intervals, intervalSpec(i))
	}
	var err error
	if runs.StartAt, err = readMoment("startTime", section.StartTime); err != nil {
		return runs, err
	}
	runs.EndAt, err = readMoment("endTime", section.EndTime)
	return runs, err
}

// namesZone tells whether a cron expression begins with its time zone.
func namesZone(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "CRON_TZ=") || strings.HasPrefix(line, "TZ=")
}

// readMoment reads a time of a document; an empty text is no time.
func readMoment(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q: want a time such as 2026-12-24T18:00:00+01:00", name, text)
	}
	return at, nil
}
