package starter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

func newScheduleCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schedule",
		Short: "Build an image at certain times",
		Long: "Makes and steers the Temporal schedules that start builds. The `schedule` section of a build document says\n" +
			"when the image is built; flags that are those of `temporal schedule` override it.\n\n" +
			"A schedule that another client made, with the workflow type " + workflows.BuildType + ", is one as well.",
		Example: fmt.Sprintf("  %[1]s schedule create web-base.yaml\n  %[1]s schedule describe web-base\n"+
			"  %[1]s schedule pause web-base --reason 'the bucket moves'", a.name),
	}
	cmd.AddCommand(
		newScheduleCreateCommand(a),
		newScheduleListCommand(a),
		newScheduleDescribeCommand(a),
		newScheduleUpdateCommand(a),
		newSchedulePauseCommand(a),
		newScheduleResumeCommand(a),
		newScheduleTriggerCommand(a),
		newScheduleBackfillCommand(a),
		newScheduleDeleteCommand(a),
	)
	return cmd
}

// addSchedule gives a command what all of them take that steer one schedule.
func (a *app) addSchedule(cmd *cobra.Command, conn *cli.Connection, output *cli.Output) {
	cmd.Args = cli.OneArg("SCHEDULE-ID")
	cmd.ValidArgsFunction = a.completeSchedules(conn)
	cli.AddOutput(cmd, output)
	conn.AddFlags(cmd.Flags())
}

// completeSchedules offers the schedules of the server, when it answers quickly.
func (a *app) completeSchedules(conn *cli.Connection) cobra.CompletionFunc {
	return a.complete(conn, func(ctx context.Context, s *session) ([]string, error) {
		entries, err := s.listSchedules(ctx)
		var ids []string
		for _, entry := range entries {
			ids = append(ids, cobra.CompletionWithDesc(entry.ID, entryState(entry)))
		}
		return ids, err
	})
}

// schedule is one that is there.
type schedule struct {
	id     string
	desc   *client.ScheduleDescription
	action *client.ScheduleWorkflowAction
	times  times

	build spec.Build    // the document; its section is what the schedule really is
	asked spec.Schedule // the section as the document has it
	fault error         // why the document cannot be read; then build is empty
}

// findSchedule finds a schedule of builds. That it is not there is told with the ids
// that are near.
func (s *session) findSchedule(ctx context.Context, id string) (schedule, error) {
	found, err := s.lookUpSchedule(ctx, id)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return found, s.unknownSchedule(ctx, id)
	}
	return found, err
}

// lookUpSchedule looks a schedule up; a serviceerror.NotFound says that there is none.
func (s *session) lookUpSchedule(ctx context.Context, id string) (schedule, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	desc, err := s.ScheduleClient().GetHandle(ctx, id).Describe(ctx)
	var missing *serviceerror.NotFound
	if errors.As(err, &missing) {
		return schedule{}, err
	}
	if err != nil {
		return schedule{}, s.explainSchedule("look at schedule "+id, err)
	}
	action, is := desc.Schedule.Action.(*client.ScheduleWorkflowAction)
	if !is {
		return schedule{}, cli.Fail(cli.ExitFailed, fmt.Errorf("schedule %s starts no workflow", id))
	}
	kind, _ := action.Workflow.(string)
	if _, ours := desc.Memo.GetFields()[memoFingerprint]; kind != workflows.BuildType && !ours {
		return schedule{}, cli.Fail(cli.ExitFailed, fmt.Errorf("schedule %s builds no image, it starts workflows of type %s; `%s schedule list` shows those of builds", id, kind, s.name))
	}
	return readSchedule(id, desc, action), nil
}

// readSchedule takes the document out of a schedule, and holds it against what the schedule is.
func readSchedule(id string, desc *client.ScheduleDescription, action *client.ScheduleWorkflowAction) schedule {
	is := schedule{id: id, desc: desc, action: action, times: timesIn(*desc.Schedule.Spec)}
	document, err := firstArg(action)
	if err == nil {
		is.build, err = spec.Read("the document of schedule "+id, document, spec.Options{})
	}
	if is.fault = err; err != nil {
		is.build = spec.Build{}
		return is
	}
	is.asked = spec.Schedule{When: spec.Always} // as the builds of a document without a section
	if is.build.Schedule != nil {
		is.asked = *is.build.Schedule
	}
	section := is.section()
	is.build.Schedule = &section
	return is
}

// section is the schedule section of a document that says what the schedule is. What its
// own document says in other words stays as it is there.
func (is schedule) section() spec.Schedule {
	section, policy := is.asked, is.desc.Schedule.Policy
	if asked, err := timesOf(section); err != nil || !asked.same(is.times) {
		section.Cron, section.Calendars, section.Intervals = nil, is.times.Calendars, is.times.Intervals
		section.TimeZone, section.Jitter = is.times.TimeZone, is.times.Jitter
		section.StartTime, section.EndTime = is.times.StartTime, is.times.EndTime
	}
	if overlapPolicy(section.OverlapPolicy) != policy.Overlap {
		section.OverlapPolicy = policyName(policy.Overlap)
	}
	if window := time.Duration(section.CatchupWindow); window == 0 && policy.CatchupWindow != defaultCatchup ||
		window > 0 && max(window, leastCatchup) != policy.CatchupWindow {
		section.CatchupWindow = spec.Duration(policy.CatchupWindow)
	}
	section.PauseOnFailure = policy.PauseOnFailure
	return section
}

// unknownSchedule says that there is no such schedule, and which one may have been meant.
func (s *session) unknownSchedule(ctx context.Context, id string) error {
	hint := fmt.Sprintf("`%s schedule list` shows what there is", s.name)
	if entries, err := s.listSchedules(ctx); err == nil {
		var ids []string
		for _, entry := range entries {
			ids = append(ids, entry.ID)
		}
		if near := spec.Closest(id, ids); near != "" {
			hint = fmt.Sprintf("did you mean %s?", near)
		}
	}
	return cli.Fail(cli.ExitFailed, fmt.Errorf("no schedule %s in namespace %s; %s", id, s.opts.Namespace, hint))
}

// explainSchedule turns an error of a call about a schedule into a sentence.
func (s *session) explainSchedule(doing string, err error) error {
	var coded *cli.Error
	if errors.As(err, &coded) {
		return err
	}
	if explained := cli.Explain(err, s.opts); errors.As(explained, &coded) {
		return explained
	}
	var invalid *serviceerror.InvalidArgument
	if errors.As(err, &invalid) {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("%s: the server refuses it (%s)", doing, invalid.Message))
	}
	return cli.Fail(cli.ExitFailed, fmt.Errorf("%s: %w", doing, err))
}

// firstArg is the document that a schedule starts its builds with, as JSON.
func firstArg(action *client.ScheduleWorkflowAction) ([]byte, error) {
	if len(action.Args) == 0 {
		return nil, errors.New("it starts builds without a document")
	}
	if payload, is := action.Args[0].(*commonpb.Payload); is {
		return payload.GetData(), nil
	}
	return json.Marshal(action.Args[0])
}

// raw is a document that cannot be read, as far as it is JSON.
func (is schedule) raw() any {
	document, err := firstArg(is.action)
	if err != nil {
		return nil
	}
	var value any
	if json.Unmarshal(document, &value) != nil {
		return string(document)
	}
	return value
}
