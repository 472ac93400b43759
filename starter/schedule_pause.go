package starter

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
)

type pauseOptions struct {
	ScheduleID string
	Reason     string
	Output     cli.Output
}

func newSchedulePauseCommand(a *app) *cobra.Command {
	var opts pauseOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "pause SCHEDULE-ID",
		Short: "Let a schedule start nothing by itself",
		Long: "Pauses a schedule: it starts nothing by itself until it is resumed, and what falls into the pause is not made up\n" +
			"for; trigger and backfill still work. Builds that run go on. The reason stands in the schedule's notes.",
		Example: fmt.Sprintf("  %[1]s schedule pause web-base --reason 'the bucket moves'", a.name),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ScheduleID = args[0]
			return runPause(cmd.Context(), a, &conn, opts, true)
		},
	}
	cmd.Flags().StringVar(&opts.Reason, "reason", "", "why, for the schedule's notes")
	cli.MayBeEmpty(cmd.Flags(), "reason")
	a.addSchedule(cmd, &conn, &opts.Output)
	return cmd
}

func newScheduleResumeCommand(a *app) *cobra.Command {
	var opts pauseOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "resume SCHEDULE-ID",
		Short: "Let a paused schedule run again",
		Long: "Resumes a paused schedule, whoever or whatever paused it. What fell into the pause is not made up for; backfill\n" +
			"does that. Without --reason the schedule has the notes of its document again.",
		Example: fmt.Sprintf("  %[1]s schedule resume web-base --reason 'the disk is repaired'", a.name),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.ScheduleID = args[0]
			return runPause(cmd.Context(), a, &conn, opts, false)
		},
	}
	cmd.Flags().StringVar(&opts.Reason, "reason", "", "why, for the schedule's notes")
	cli.MayBeEmpty(cmd.Flags(), "reason")
	a.addSchedule(cmd, &conn, &opts.Output)
	return cmd
}

// paused says how a schedule is after it was paused or resumed.
type paused struct {
	ScheduleID string `json:"scheduleId"`
	Paused     bool   `json:"paused"`
	Notes      string `json:"notes"`
	Changed    bool   `json:"changed"` // false: it was so already
}

func runPause(ctx context.Context, a *app, conn *cli.Connection, opts pauseOptions, pause bool) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	is, err := s.findSchedule(ctx, opts.ScheduleID)
	if err != nil {
		return err
	}
	state := is.desc.Schedule.State
	if state.Paused != pause || opts.Reason != "" {
		if is, err = s.setPaused(ctx, is, pause, is.pauseNote(opts.Reason, pause, s.name)); err != nil {
			return err
		}
	}
	return s.printPaused(is, paused{
		ScheduleID: is.id, Paused: pause, Notes: is.desc.Schedule.State.Note, Changed: state.Paused != pause,
	}, opts.Output)
}

// pauseNote is what the schedule's notes say of a pause or of its end.
func (is schedule) pauseNote(reason string, pause bool, name string) string {
	switch {
	case reason != "":
		return reason
	case pause:
		return "paused with " + name + " schedule pause"
	case is.asked.Notes != "":
		return is.asked.Notes
	}
	return "resumed with " + name + " schedule resume"
}

func (s *session) setPaused(ctx context.Context, is schedule, pause bool, note string) (schedule, error) {
	handle, doing := s.ScheduleClient().GetHandle(ctx, is.id), "resume"
	var err error
	if pause {
		doing = "pause"
		err = handle.Pause(ctx, client.SchedulePauseOptions{Note: note})
	} else {
		err = handle.Unpause(ctx, client.ScheduleUnpauseOptions{Note: note})
	}
	if err != nil {
		return is, s.explainSchedule(doing+" schedule "+is.id, err)
	}
	return s.awaitSchedule(ctx, is.id, func(now schedule) bool {
		return now.desc.Schedule.State.Paused == pause && now.desc.Schedule.State.Note == note
	})
}

func (s *session) printPaused(now schedule, is paused, output cli.Output) error {
	if output != cli.OutputText {
		return output.Write(s.Out, is)
	}
	was := ""
	if !is.Changed {
		was = "was already "
	}
	word := "resumed"
	switch {
	case is.Paused:
		word = "paused"
	case !is.Changed:
		word = "active"
	}
	line := fmt.Sprintf("schedule %s %s%s", is.ScheduleID, was, word)
	if is.Paused && is.Notes != "" {
		line += ": " + is.Notes
	}
	if next := now.desc.Info.NextActionTimes; !is.Paused && len(next) > 0 {
		line += "; next run " + inZone(next[0], now.times.TimeZone)
	}
	_, err := fmt.Fprintln(s.Out, line)
	return err
}
