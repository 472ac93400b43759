package starter

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

type applyOptions struct {
	Target    string // a document; of an update a schedule's id as well
	Vars      []string
	TaskQueue string
	Paused    bool // at the creation
	DryRun    bool
	Output    cli.Output

	flags scheduleFlags
}

func (o *applyOptions) add(cmd *cobra.Command, conn *cli.Connection) {
	o.flags.add(cmd)
	addVars(cmd.Flags(), &o.Vars)
	cmd.Flags().StringVar(&o.TaskQueue, "task-queue", cli.Getenv("KILN_TASK_QUEUE", workflows.DefaultTaskQueue), "task `QUEUE` of the workers (env KILN_TASK_QUEUE)")
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "show the changes and make none")
	cli.AddOutput(cmd, &o.Output)
	conn.AddFlags(cmd.Flags())
}

func newScheduleCreateCommand(a *app) *cobra.Command {
	var opts applyOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "create FILE",
		Short: "Create the schedule of a document, or bring it up to date",
		Long: "Creates the schedule that the `schedule` section of a document describes; - reads the document from standard\n" +
			"input. When there is one with the id, it is brought up to date: the changes are shown, line by line, and what has\n" +
			"not changed is left alone, so the same document can be applied any number of times. What was changed by hand since\n" +
			"is kept: whether the schedule is paused, its notes, and how many runs remain, until the document says otherwise.\n\n" +
			"Any of --cron, --calendar and --interval stands for all the times of the document.",
		Example: fmt.Sprintf("  %[1]s schedule create web-base.yaml\n  %[1]s schedule create web-base.yaml --dry-run\n"+
			"  %[1]s schedule create web-base.yaml --cron '30 2 * * 0' --time-zone Asia/Shanghai --jitter 10m", a.name),
		Args:              cli.OneArg("FILE"),
		ValidArgsFunction: completeDocuments,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Target = args[0]
			return runScheduleCreate(cmd.Context(), a, &conn, opts)
		},
	}
	cmd.Flags().StringVar(&opts.flags.ID, "schedule-id", "", "`ID` of the schedule (default: that of the section, or the document's name)")
	cmd.Flags().BoolVar(&opts.Paused, "paused", false, "create the schedule paused; one that exists stays as it is")
	opts.add(cmd, &conn)
	return cmd
}

func newScheduleUpdateCommand(a *app) *cobra.Command {
	var opts applyOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "update SCHEDULE-ID|FILE",
		Short: "Change a schedule by flags, or by its document",
		Long: "Changes what the flags name of a schedule, or brings a schedule that exists up to date with a document, as create\n" +
			"does; the name of a document ends in .yaml, .yml or .json. Shows the changes line by line. Builds that run go on as\n" +
			"they began.\n\n" +
			"Any of --cron, --calendar and --interval stands for all the times of the schedule.",
		Example: fmt.Sprintf("  %[1]s schedule update web-base --jitter 10m --overlap-policy BufferOne\n"+
			"  %[1]s schedule update web-base.yaml --dry-run", a.name),
		Args:              cli.OneArg("SCHEDULE-ID or FILE"),
		ValidArgsFunction: a.completeSchedules(&conn),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Target = args[0]
			switch file := isDocument(opts.Target); {
			case file:
				return runScheduleCreate(cmd.Context(), a, &conn, opts)
			case len(opts.Vars) > 0:
				return cli.Usagef(cmd, "--var sets variables of a document; %s is no file", opts.Target)
			case len(opts.flags.given()) == 0 && !cmd.Flags().Changed("task-queue"):
				return cli.Usagef(cmd, "nothing to change: name a document, or flags such as --cron")
			}
			return runScheduleUpdate(cmd.Context(), a, &conn, opts)
		},
	}
	opts.add(cmd, &conn)
	return cmd
}

// isDocument tells a document from the id of a schedule.
func isDocument(target string) bool {
	return target == stdin || slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(target))
}

// What applying did.
const (
	actionCreated   = "created"
	actionUpdated   = "updated"
	actionUnchanged = "unchanged"
)

// applied says what applying a document or flags did, or with DryRun would do.
type applied struct {
	ScheduleID string `json:"scheduleId"`
	Action     string `json:"action"`
	DryRun     bool   `json:"dryRun,omitempty"`
	// Changes are the lines that go and come, as in a diff.
	Changes string `json:"changes,omitempty"`
	// NextRuns by the server's word; none of a dry run.
	NextRuns []time.Time `json:"nextRuns,omitempty"`
}

// runScheduleCreate applies a document.
func runScheduleCreate(ctx context.Context, a *app, conn *cli.Connection, opts applyOptions) error {
	build, err := a.buildDocument(ctx, opts.Target, opts.Vars)
	if err != nil {
		return err
	}
	build, faults := opts.flags.over(build)
	if len(faults) > 0 {
		return a.refuseFlags(faults)
	}
	if err := checkSchedule(build, called(opts.Target)); err != nil {
		return err
	}
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	id := scheduleID(build)
	is, err := s.lookUpSchedule(ctx, id)
	var missing *serviceerror.NotFound
	switch {
	case errors.As(err, &missing) && opts.updates():
		return s.unknownSchedule(ctx, id)
	case errors.As(err, &missing):
		return s.createSchedule(ctx, plan{build: build, taskQueue: opts.TaskQueue}, opts)
	case err != nil:
		return err
	}
	return s.updateSchedule(ctx, is, plan{build: build, taskQueue: opts.TaskQueue}, opts)
}

// updates tells whether the command is one that creates nothing.
func (o *applyOptions) updates() bool { return o.flags.cmd.Name() == "update" }

// checkSchedule refuses what the server would take and nobody means.
func checkSchedule(build spec.Build, file string) error {
	if err := checkScheduleID(scheduleID(build)); err != nil {
		return err
	}
	if !build.Schedule.HasTimes() {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("%s has no times: write cron, calendars or intervals into its schedule section, or give --cron, --calendar or --interval", file))
	}
	return nil
}

// runScheduleUpdate applies flags to a schedule.
func runScheduleUpdate(ctx context.Context, a *app, conn *cli.Connection, opts applyOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	is, err := s.findSchedule(ctx, opts.Target)
	if err != nil {
		return err
	}
	if is.fault != nil {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("the document of schedule %[1]s is not valid; bring it up to date with `%[2]s schedule update FILE`:\n%[3]w", is.id, s.name, is.fault))
	}
	section := *is.build.Schedule
	section.ID = is.id // its document may say another, or none
	base := is.build
	base.Schedule = &section
	build, faults := opts.flags.over(base)
	if len(faults) > 0 {
		return a.refuseFlags(faults)
	}
	if err := checkSchedule(build, "schedule "+is.id); err != nil {
		return err
	}
	if !opts.flags.cmd.Flags().Changed("task-queue") {
		opts.TaskQueue = is.action.TaskQueue
	}
	return s.updateSchedule(ctx, is, plan{build: build, taskQueue: opts.TaskQueue, of: &is}, opts)
}

// A plan is what a schedule is to be.
type plan struct {
	build     spec.Build
	taskQueue string
	// of is a schedule of which only what the document can say is to change.
	of *schedule
}

func (p plan) options() (client.ScheduleOptions, error) {
	asked, err := scheduleOptions(p.build, p.taskQueue)
	if p.of != nil {
		asked.Spec.Skip = p.of.desc.Schedule.Spec.Skip
		asked.Action.(*client.ScheduleWorkflowAction).ID = p.of.action.ID
	}
	return asked, err
}

// text is the schedule as it is to be, as that of a schedule that is there.
func (p plan) text() string {
	t := scheduleText{ScheduleID: scheduleID(p.build), TaskQueue: p.taskQueue, Document: p.build}
	if p.of != nil {
		t.Exclude = p.of.times.Exclude
		t.setWorkflowID(p.of.action.ID)
	}
	return t.yaml()
}

func (s *session) createSchedule(ctx context.Context, want plan, opts applyOptions) error {
	result := applied{ScheduleID: scheduleID(want.build), Action: actionCreated, DryRun: opts.DryRun, Changes: diff("", want.text())}
	if opts.DryRun {
		return s.printApplied(result, want.build, opts.Output)
	}
	asked, err := want.options()
	if err != nil {
		return cli.Fail(cli.ExitUsage, err)
	}
	asked.Paused = opts.Paused
	create := func() error {
		_, err := s.ScheduleClient().Create(ctx, asked)
		return err
	}
	if err = create(); unregistered(err) {
		asked.TypedSearchAttributes = sdktemporal.SearchAttributes{}
		asked.Action.(*client.ScheduleWorkflowAction).TypedSearchAttributes = sdktemporal.SearchAttributes{}
		err = create()
	}
	if errors.Is(err, sdktemporal.ErrScheduleAlreadyRunning) {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("somebody else has created schedule %s meanwhile; create it again to bring it up to date", result.ScheduleID))
	}
	if err != nil {
		return s.explainSchedule("create schedule "+result.ScheduleID, err)
	}
	if is, err := s.lookUpSchedule(ctx, result.ScheduleID); err == nil {
		result.NextRuns = is.desc.Info.NextActionTimes
	}
	return s.printApplied(result, want.build, opts.Output)
}

// unregistered tells whether the server does not know our search attributes yet. They
// only help to find a schedule, so it does without.
func unregistered(err error) bool {
	var invalid *serviceerror.InvalidArgument
	return errors.As(err, &invalid) && slices.ContainsFunc(workflows.SearchAttributes(), func(name string) bool {
		return strings.Contains(invalid.Message, name)
	})
}

// updateSchedule makes a schedule that of the document. When it is that already, the server
// is not asked for anything.
func (s *session) updateSchedule(ctx context.Context, is schedule, want plan, opts applyOptions) error {
	text := want.text()
	result := applied{ScheduleID: is.id, Action: actionUpdated, DryRun: opts.DryRun, Changes: diff(is.text(), text)}
	if result.Changes == "" {
		result.Action, result.DryRun = actionUnchanged, false
		result.NextRuns = is.desc.Info.NextActionTimes
		return s.printApplied(result, want.build, opts.Output)
	}
	if opts.DryRun {
		return s.printApplied(result, want.build, opts.Output)
	}
	asked, err := want.options()
	if err != nil {
		return cli.Fail(cli.ExitUsage, err)
	}
	if err = s.sendUpdate(ctx, is, asked, true); unregistered(err) {
		err = s.sendUpdate(ctx, is, asked, false)
	}
	if err != nil {
		return s.explainSchedule("update schedule "+is.id, err)
	}
	updated, err := s.awaitSchedule(ctx, is.id, func(now schedule) bool { return now.text() == text })
	if err != nil {
		return err
	}
	result.NextRuns = updated.desc.Info.NextActionTimes
	return s.printApplied(result, want.build, opts.Output)
}

func (s *session) sendUpdate(ctx context.Context, is schedule, asked client.ScheduleOptions, attributes bool) error {
	return s.ScheduleClient().GetHandle(ctx, is.id).Update(ctx, client.ScheduleUpdateOptions{
		DoUpdate: func(now client.ScheduleUpdateInput) (*client.ScheduleUpdate, error) {
			updated := client.ScheduleUpdate{Schedule: &now.Description.Schedule}
			is.merge(updated.Schedule, asked)
			if !attributes {
				return &updated, nil
			}
			action := updated.Schedule.Action.(*client.ScheduleWorkflowAction)
			action.TypedSearchAttributes = withAttributes(action.TypedSearchAttributes, asked.TypedSearchAttributes)
			both := withAttributes(now.Description.TypedSearchAttributes, asked.TypedSearchAttributes)
			updated.TypedSearchAttributes = &both
			return &updated, nil
		},
	})
}

func withAttributes(is, asked sdktemporal.SearchAttributes) sdktemporal.SearchAttributes {
	return sdktemporal.NewSearchAttributes(is.Copy(), asked.Copy())
}

// merge brings a schedule up to date. Its state belongs to whoever steers it, so of that
// only what the document has changed since it was applied last is taken over; while the
// schedule is paused, its note says why.
func (is schedule) merge(now *client.Schedule, asked client.ScheduleOptions) {
	action, from := now.Action.(*client.ScheduleWorkflowAction), asked.Action.(*client.ScheduleWorkflowAction)
	action.ID, action.Workflow, action.Args, action.TaskQueue = from.ID, from.Workflow, from.Args, from.TaskQueue
	action.StaticSummary, action.StaticDetails = from.StaticSummary, from.StaticDetails
	if action.Memo == nil {
		action.Memo = map[string]any{}
	}
	action.Memo[memoFingerprint] = from.Memo[memoFingerprint]
	now.Spec = &asked.Spec
	now.Policy = &client.SchedulePolicies{Overlap: asked.Overlap, CatchupWindow: asked.CatchupWindow, PauseOnFailure: asked.PauseOnFailure}
	if asked.RemainingActions != int(is.asked.RemainingActions) {
		now.State.LimitedActions, now.State.RemainingActions = asked.RemainingActions > 0, asked.RemainingActions
	}
	if asked.Note != is.asked.Notes && !now.State.Paused {
		now.State.Note = asked.Note
	}
}

// settleTime is how long a schedule may take to do what it was asked for.
const settleTime = 5 * time.Second

// awaitSchedule waits until a schedule is as it was asked to be. The server takes requests
// one after another in its own time: a second one that comes too early may replace the first.
func (s *session) awaitSchedule(ctx context.Context, id string, done func(schedule) bool) (schedule, error) {
	for deadline := s.now().Add(settleTime); ; {
		is, err := s.findSchedule(ctx, id)
		if err != nil || done(is) {
			return is, err
		}
		if s.now().After(deadline) {
			return is, cli.Fail(cli.ExitFailed, fmt.Errorf("schedule %[1]s has not done what it was asked for after %[2]s; `%[3]s schedule describe %[1]s` shows how it is", id, settleTime, s.name))
		}
		pause := pace{interval: 100 * time.Millisecond, longest: 100 * time.Millisecond}
		pause.wait(ctx)
		if ctx.Err() != nil {
			return is, cli.Fail(cli.ExitInterrupted, fmt.Errorf("interrupted; `%[1]s schedule describe %[2]s` shows how schedule %[2]s is", s.name, id))
		}
	}
}

func (s *session) printApplied(is applied, build spec.Build, output cli.Output) error {
	if output != cli.OutputText {
		return output.Write(s.Out, is)
	}
	if is.Changes != "" && (is.DryRun || is.Action == actionUpdated) {
		_, _ = fmt.Fprint(s.Out, is.Changes)
	}
	would := ""
	if is.DryRun {
		would = "would be "
	}
	line := fmt.Sprintf("schedule %s %s%s", is.ScheduleID, would, is.Action)
	if when, err := timesOf(*build.Schedule); err == nil {
		line += ": " + when.sentence()
		if len(is.NextRuns) > 0 {
			line += "; next run " + inZone(is.NextRuns[0], when.TimeZone)
		}
	}
	_, err := fmt.Fprintln(s.Out, line)
	return err
}
