package starter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed1230462e/kiln/internal/cli"
)

type triggerOptions struct {
	ScheduleID string
	Policy     string // empty: the schedule's own
	Output     cli.Output
}

func newScheduleTriggerCommand(a *app) *cobra.Command {
	var opts triggerOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "trigger SCHEDULE-ID",
		Short: "Start a build of a schedule now",
		Long: "Starts a build as the schedule would, at once and also while it is paused, and prints the build's id. When another\n" +
			"build of the schedule runs, the overlap policy counts. A run that the policy leaves out makes the exit code 1.",
		Example: fmt.Sprintf("  %[1]s schedule trigger web-base\n  %[1]s watch $(%[1]s schedule trigger web-base -o json | jq -r .buildId)", a.name),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ScheduleID = args[0]
			return runTrigger(cmd.Context(), a, &conn, opts)
		},
	}
	addOverlapPolicy(cmd, &opts.Policy, "what happens when another build of the schedule runs (default: as the schedule says)")
	a.addSchedule(cmd, &conn, &opts.Output)
	return cmd
}

// What came of a trigger.
const (
	triggerStarted = "started"
	triggerWaits   = "waits" // for the builds that run
	triggerSkipped = "skipped"
)

// triggered says what came of a trigger.
type triggered struct {
	ScheduleID string   `json:"scheduleId"`
	Outcome    string   `json:"outcome"`
	BuildID    string   `json:"buildId,omitempty"`
	RunID      string   `json:"runId,omitempty"`
	Policy     string   `json:"overlapPolicy"`
	Running    []string `json:"running"` // before
}

func runTrigger(ctx context.Context, a *app, conn *cli.Connection, opts triggerOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	is, err := s.findSchedule(ctx, opts.ScheduleID)
	if err != nil {
		return err
	}
	policy := enumspb.SCHEDULE_OVERLAP_POLICY_UNSPECIFIED
	result := triggered{ScheduleID: is.id, Policy: policyName(is.desc.Schedule.Policy.Overlap), Running: runningBuilds(is.desc.Info)}
	if opts.Policy != "" {
		policy, result.Policy = overlapPolicy(opts.Policy), opts.Policy
	}
	if err := s.ScheduleClient().GetHandle(ctx, is.id).Trigger(ctx, client.ScheduleTriggerOptions{Overlap: policy}); err != nil {
		return s.explainSchedule("trigger schedule "+is.id, err)
	}
	return s.reportTrigger(ctx, is, result, opts.Output)
}

// reportTrigger waits for what comes of a trigger, as far as that is to be seen, and tells it.
func (s *session) reportTrigger(ctx context.Context, is schedule, result triggered, output cli.Output) error {
	now, err := s.awaitSchedule(ctx, is.id, func(now schedule) bool { return now.triggeredSince(is) != nil || now.skippedSince(is) })
	if err != nil && (len(result.Running) == 0 || ctx.Err() != nil) {
		return err
	}
	result.Outcome = triggerWaits
	switch run := now.triggeredSince(is); {
	case run != nil:
		result.Outcome, result.BuildID, result.RunID = triggerStarted, run.WorkflowID, run.FirstExecutionRunID
	case now.skippedSince(is):
		result.Outcome = triggerSkipped
	}
	if output != cli.OutputText {
		err = output.Write(s.Out, result)
	} else {
		err = s.printTriggered(result)
	}
	if err == nil && result.Outcome == triggerSkipped {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("schedule %s started nothing: %s still runs, and with the overlap policy %s a run is left out then; --overlap-policy names another",
			is.id, strings.Join(result.Running, ", "), result.Policy))
	}
	return err
}

// triggeredSince is the build that a schedule has started since an earlier look and that
// is none of its regular runs.
func (is schedule) triggeredSince(before schedule) *client.ScheduleWorkflowExecution {
	for _, action := range slices.Backward(is.desc.Info.RecentActions) {
		regular := slices.ContainsFunc(before.desc.Info.NextActionTimes, action.ScheduleTime.Equal)
		known := slices.ContainsFunc(before.desc.Info.RecentActions, func(old client.ScheduleActionResult) bool {
			return old.StartWorkflowResult != nil && action.StartWorkflowResult != nil && *old.StartWorkflowResult == *action.StartWorkflowResult
		})
		if !regular && !known && action.StartWorkflowResult != nil {
			return action.StartWorkflowResult
		}
	}
	return nil
}

func (is schedule) skippedSince(before schedule) bool {
	return is.desc.Info.NumActionsSkippedOverlap > before.desc.Info.NumActionsSkippedOverlap
}

func (s *session) printTriggered(is triggered) error {
	var err error
	switch is.Outcome {
	case triggerStarted:
		_, err = fmt.Fprintf(s.Out, "schedule %[1]s started build %[2]s; `%[3]s watch %[2]s` follows it\n", is.ScheduleID, is.BuildID, s.name)
	case triggerWaits:
		_, err = fmt.Fprintf(s.Out, "schedule %s starts a build when %s has ended (%s)\n", is.ScheduleID, strings.Join(is.Running, ", "), is.Policy)
	}
	return err
}

type backfillOptions struct {
	ScheduleID string
	Start, End time.Time
	Policy     string
	Output     cli.Output
}

func newScheduleBackfillCommand(a *app) *cobra.Command {
	var opts backfillOptions
	var start, end string
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "backfill SCHEDULE-ID",
		Short: "Run a schedule for times that have passed",
		Long: "Starts the builds that a schedule would have started between two times, both included, one after another at once,\n" +
			"also while it is paused. With the overlap policy Skip, as in the temporal CLI, a run is left out while another one\n" +
			"runs, so of several times that is mostly the first alone; BufferAll runs one after the other, AllowAll all together.\n" +
			"Of more than 1000 times it names the first 1000 and says that there are more; it asks for all of them.",
		Example: fmt.Sprintf("  %[1]s schedule backfill web-base --start-time 2026-11-01T00:00:00Z --end-time 2026-11-08T00:00:00Z --overlap-policy BufferAll", a.name),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ScheduleID = args[0]
			if err := opts.readTimes(cmd, start, end); err != nil {
				return err
			}
			return runBackfill(cmd.Context(), a, &conn, opts)
		},
	}
	opts.Policy = overlapPolicies[0]
	cmd.Flags().StringVar(&start, "start-time", "", "first `TIME`, RFC 3339")
	cmd.Flags().StringVar(&end, "end-time", "", "last `TIME`, RFC 3339")
	addOverlapPolicy(cmd, &opts.Policy, "what happens when another build of the schedule runs")
	a.addSchedule(cmd, &conn, &opts.Output)
	return cmd
}

func (o *backfillOptions) readTimes(cmd *cobra.Command, start, end string) error {
	if start == "" || end == "" {
		return cli.Usagef(cmd, "%s needs --start-time and --end-time", cmd.CommandPath())
	}
	var err error
	if o.Start, err = readTime(cmd, "start-time", start); err != nil {
		return err
	}
	if o.End, err = readTime(cmd, "end-time", end); err != nil {
		return err
	}
	if o.End.Before(o.Start) {
		return cli.Usagef(cmd, "--end-time %s is before --start-time %s", end, start)
	}
	return nil
}

// backfilled says what a backfill asked for.
type backfilled struct {
	ScheduleID string      `json:"scheduleId"`
	StartTime  time.Time   `json:"startTime"`
	EndTime    time.Time   `json:"endTime"`
	Policy     string      `json:"overlapPolicy"`
	Times      []time.Time `json:"times"`     // mostTimes at most
	MoreTimes  bool        `json:"moreTimes"` // there are more, and they are asked for as well
}

// mostTimes is how many times of a schedule the server lists in one answer.
const mostTimes = 1000

// words say what was asked for, as far as it is known.
func (b backfilled) words(zone string) string {
	first, last := b.Times[0], b.Times[len(b.Times)-1]
	if b.MoreTimes {
		return fmt.Sprintf("more than %s, from %s until %s", count(len(b.Times), "run"), inZone(first, zone), inZone(b.EndTime, zone))
	}
	return fmt.Sprintf("%s, from %s to %s", count(len(b.Times), "run"), inZone(first, zone), inZone(last, zone))
}

func runBackfill(ctx context.Context, a *app, conn *cli.Connection, opts backfillOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	is, err := s.findSchedule(ctx, opts.ScheduleID)
	if err != nil {
		return err
	}
	result := backfilled{ScheduleID: is.id, StartTime: opts.Start, EndTime: opts.End, Policy: opts.Policy}
	if result.Times, result.MoreTimes, err = s.matchingTimes(ctx, is.id, opts.Start, opts.End); err != nil {
		return s.explainSchedule("list the times of schedule "+is.id, err)
	}
	zone := is.times.TimeZone
	if len(result.Times) == 0 {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("schedule %s has no times from %s to %s: it runs %s", is.id, inZone(opts.Start, zone), inZone(opts.End, zone), is.times.sentence()))
	}
	err = s.ScheduleClient().GetHandle(ctx, is.id).Backfill(ctx, client.ScheduleBackfillOptions{
		Backfill: []client.ScheduleBackfill{{Start: opts.Start, End: opts.End, Overlap: overlapPolicy(opts.Policy)}},
	})
	if err != nil {
		return s.explainSchedule("backfill schedule "+is.id, err)
	}
	_, err = s.awaitSchedule(ctx, is.id, func(now schedule) bool { return now.triggeredSince(is) != nil || now.skippedSince(is) })
	var coded *cli.Error
	if err != nil && (len(runningBuilds(is.desc.Info)) == 0 || errors.As(err, &coded) && coded.Exit != cli.ExitFailed) {
		return err
	}
	if opts.Output != cli.OutputText {
		return opts.Output.Write(s.Out, result)
	}
	_, err = fmt.Fprintf(s.Out, "schedule %[1]s was asked for %[2]s (%[3]s); `%[4]s schedule describe %[1]s` shows them\n",
		is.id, result.words(zone), opts.Policy, s.name)
	return err
}

// matchingTimes are the first times of a schedule between two, both included, by the server's
// word, and whether there are more. Six years of an hourly schedule are 52,000, so they are not counted.
func (s *session) matchingTimes(ctx context.Context, id string, from, to time.Time) (times []time.Time, more bool, err error) {
	times, err = s.timesAfter(ctx, id, from.Add(-time.Millisecond), to)
	if err != nil || len(times) < mostTimes {
		return times, false, err
	}
	rest, err := s.timesAfter(ctx, id, times[len(times)-1], to)
	return times, len(rest) > 0, err
}

// timesAfter are times of a schedule in one answer of the server: the first does not count itself.
func (s *session) timesAfter(ctx context.Context, id string, after, to time.Time) ([]time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := s.WorkflowService().ListScheduleMatchingTimes(ctx, &workflowservice.ListScheduleMatchingTimesRequest{
		Namespace: s.opts.Namespace, ScheduleId: id, StartTime: timestamppb.New(after), EndTime: timestamppb.New(to),
	})
	var times []time.Time
	for _, at := range found.GetStartTime() {
		times = append(times, at.AsTime())
	}
	return times, err
}
