package starter

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
)

type describeOptions struct {
	ScheduleID string
	Limit      int
	Output     cli.Output
}

func newScheduleDescribeCommand(a *app) *cobra.Command {
	var opts describeOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "describe SCHEDULE-ID",
		Short: "Show a schedule, its next runs and what came of the last ones",
		Long: "Shows when a schedule runs, in words and in its own time zone, whether and why it is paused, and what came of the\n" +
			"builds that it started last, as far as the server remembers them. -o json has its document as well.",
		Example: fmt.Sprintf("  %[1]s schedule describe web-base\n  %[1]s schedule describe web-base --limit 30\n"+
			"  %[1]s schedule describe web-base -o json | jq .document", a.name),
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Limit < 1 || opts.Limit > 100 {
				return cli.Usagef(cmd, "--limit %d: want 1 to 100", opts.Limit)
			}
			opts.ScheduleID = args[0]
			return runScheduleDescribe(cmd.Context(), a, &conn, opts)
		},
	}
	cmd.Flags().IntVar(&opts.Limit, "limit", 10, "at most so many of the last runs")
	a.addSchedule(cmd, &conn, &opts.Output)
	return cmd
}

// describedSchedule is a schedule as a look at it saw it.
type describedSchedule struct {
	listedSchedule
	TaskQueue        string          `json:"taskQueue"`
	Calendars        []spec.Calendar `json:"calendars,omitempty"`
	Intervals        []spec.Interval `json:"intervals,omitempty"`
	Exclude          []spec.Calendar `json:"exclude,omitempty"`
	Jitter           *spec.Duration  `json:"jitter,omitempty"`
	StartTime        string          `json:"startTime,omitempty"`
	EndTime          string          `json:"endTime,omitempty"`
	OverlapPolicy    string          `json:"overlapPolicy"`
	CatchupWindow    spec.Duration   `json:"catchupWindow"`
	PauseOnFailure   bool            `json:"pauseOnFailure"`
	RemainingActions *int            `json:"remainingActions,omitempty"` // nil: without a limit
	// What the server has counted since the schedule was made.
	Started        int `json:"started"`
	OverlapSkipped int `json:"overlapSkipped"` // because another run had not ended
	MissedCatchup  int `json:"missedCatchup"`  // beyond the catchup window
	// Running builds, but for those of the policy AllowAll, which the server does not follow.
	Running     []string        `json:"running"`
	Runs        []scheduledRun  `json:"runs"` // newest first
	Fingerprint string          `json:"fingerprint,omitempty"`
	CreatedAt   time.Time       `json:"createdAt"`
	UpdatedAt   *time.Time      `json:"updatedAt,omitempty"`
	Document    json.RawMessage `json:"document,omitempty"`
	Fault       string          `json:"fault,omitempty"` // why the document is none
}

func runScheduleDescribe(ctx context.Context, a *app, conn *cli.Connection, opts describeOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := s.findSchedule(ctx, opts.ScheduleID)
	if err != nil {
		return err
	}
	runs, err := s.runsOf(ctx, found, opts.Limit)
	if err != nil {
		return err
	}
	is := found.describe()
	if is.Runs = append([]scheduledRun{}, runs...); len(runs) > 0 {
		is.LastRun = &runs[0]
	}
	if opts.Output != cli.OutputText {
		return opts.Output.Write(s.Out, is)
	}
	return s.printSchedule(is, found)
}

func (is schedule) describe() describedSchedule {
	policy, state, info := is.desc.Schedule.Policy, is.desc.Schedule.State, is.desc.Info
	d := describedSchedule{
		listedSchedule: listedSchedule{
			ScheduleID: is.id, Name: is.build.Name, Region: is.build.Region, When: is.times.words(), TimeZone: is.times.TimeZone,
			Paused: state.Paused, Notes: state.Note, NextRuns: upcoming(info.NextActionTimes, state.Paused),
		},
		TaskQueue: is.action.TaskQueue,
		Calendars: is.times.Calendars, Intervals: is.times.Intervals, Exclude: is.times.Exclude,
		StartTime: is.times.StartTime, EndTime: is.times.EndTime,
		OverlapPolicy: policyName(policy.Overlap), CatchupWindow: spec.Duration(policy.CatchupWindow), PauseOnFailure: policy.PauseOnFailure,
		Started: info.NumActions, OverlapSkipped: info.NumActionsSkippedOverlap, MissedCatchup: info.NumActionsMissedCatchupWindow,
		Running: runningBuilds(info), CreatedAt: info.CreatedAt,
	}
	if is.times.Jitter > 0 {
		d.Jitter = &is.times.Jitter
	}
	if state.LimitedActions {
		d.RemainingActions = &state.RemainingActions
	}
	if info.LastUpdateAt.Unix() > 0 {
		d.UpdatedAt = &info.LastUpdateAt
	}
	if document, err := firstArg(is.action); err == nil && json.Valid(document) {
		d.Document = document
	}
	if is.fault != nil {
		d.Fault = is.fault.Error()
	} else {
		d.Fingerprint = is.build.Fingerprint()
	}
	return d
}

func runningBuilds(info client.ScheduleInfo) []string {
	ids := []string{}
	for _, build := range info.RunningWorkflows {
		ids = append(ids, build.WorkflowID)
	}
	return ids
}

// policyMeaning says what becomes of a run whose time comes while another one runs.
var policyMeaning = map[string]string{
	"Skip":           "a run is left out while another one runs",
	"BufferOne":      "one run waits for the other's end, more are left out",
	"BufferAll":      "every run waits for the others' end",
	"CancelOther":    "the run before is cancelled",
	"TerminateOther": "the run before is terminated, and cleans nothing up",
	"AllowAll":       "runs go on side by side",
}

// printSchedule shows a schedule to people.
func (s *session) printSchedule(is describedSchedule, found schedule) error {
	of := "that has no valid document"
	if is.Name != "" {
		of = fmt.Sprintf("of %s in %s", is.Name, is.Region)
	}
	_, _ = fmt.Fprintf(s.Out, "Schedule %s %s is %s\n\n", is.ScheduleID, of, stateWord(is.Paused, found.times.none(), len(is.NextRuns)))
	table := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, row := range scheduleRows(is, found.asked) {
		if strings.TrimSpace(row[1]) != "" {
			_, _ = fmt.Fprintf(table, "  %s\t%s\n", row[0], row[1])
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if found.fault != nil {
		_, _ = fmt.Fprintf(s.Err, "\n%v\nits builds will fail; `%s schedule update FILE` gives it another document\n", found.fault, s.name)
	}
	if len(is.Runs) == 0 {
		_, err := fmt.Fprintln(s.Out, "\n  no runs that the server remembers")
		return err
	}
	_, _ = fmt.Fprintln(s.Out)
	return printRuns(s.Out, is)
}

func scheduleRows(is describedSchedule, section spec.Schedule) [][2]string {
	var rows [][2]string
	add := func(name, text string) { rows = append(rows, [2]string{name, text}) }
	several := func(name string, texts []string) {
		for i, text := range texts {
			if i > 0 {
				name = ""
			}
			add(name, text)
		}
	}
	if is.Paused {
		add("paused", is.Notes)
	}
	several("when", is.When)
	add("time zone", is.TimeZone)
	add("from", zoned(is.StartTime, is.TimeZone))
	add("until", zoned(is.EndTime, is.TimeZone))
	if is.Jitter != nil {
		add("jitter", "up to "+spanText(time.Duration(*is.Jitter))+" later")
	}
	several("freeze", freezes(section.Freeze))
	if section.When != "" {
		add("builds", map[string]string{spec.Changed: "when something has changed since the last success", spec.Always: "always"}[section.When])
	}
	add("overlap", is.OverlapPolicy+": "+policyMeaning[is.OverlapPolicy])
	add("catch-up", "runs up to "+spanText(time.Duration(is.CatchupWindow))+" late")
	several("pauses", pauses(is.PauseOnFailure, section.PauseAfterFailures))
	if is.RemainingActions != nil {
		add("remaining", count(*is.RemainingActions, "run"))
	}
	if !is.Paused {
		add("notes", is.Notes)
	}
	add("task queue", is.TaskQueue)
	add("started", startedWords(is))
	several("running", is.Running)
	var next []string
	for _, at := range is.NextRuns[:min(len(is.NextRuns), 5)] {
		line := inZone(at, is.TimeZone)
		if window, frozen := section.Frozen(at); frozen {
			line += ", to be skipped: frozen " + freezes([]spec.Freeze{window})[0]
		}
		next = append(next, line)
	}
	several("next runs", next)
	return rows
}

// zoned is a time of a schedule by the clocks of its zone.
func zoned(text, zone string) string {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return inZone(at, zone)
}

func freezes(windows []spec.Freeze) []string {
	var lines []string
	for _, w := range windows {
		line := fmt.Sprintf("from %s to %s", w.From, w.To)
		if w.TimeZone != "" {
			line += ", " + w.TimeZone
		}
		if w.Reason != "" {
			line += ": " + w.Reason
		}
		lines = append(lines, line)
	}
	return lines
}

// pauses say when the schedule pauses by itself.
func pauses(onFailure bool, after int32) []string {
	switch {
	case onFailure:
		return []string{"after a failure"}
	case after > 0:
		return []string{"after " + count(int(after), "failure") + " in a row"}
	}
	return nil
}

func startedWords(is describedSchedule) string {
	text := count(is.Started, "build")
	if is.OverlapSkipped > 0 {
		text += fmt.Sprintf(", %s left out because another one ran", count(is.OverlapSkipped, "run"))
	}
	if is.MissedCatchup > 0 {
		text += fmt.Sprintf(", %s missed beyond the catch-up", count(is.MissedCatchup, "run"))
	}
	return text
}

func printRuns(w io.Writer, is describedSchedule) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SCHEDULED\tBUILD ID\tOUTCOME\tIMAGE")
	for _, run := range is.Runs {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", inZone(run.time(), is.TimeZone), run.BuildID, run.words(), dash(run.ImageID))
	}
	return table.Flush()
}
