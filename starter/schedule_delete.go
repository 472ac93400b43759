package starter

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
)

func newScheduleDeleteCommand(a *app) *cobra.Command {
	var output cli.Output
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:     "delete SCHEDULE-ID",
		Short:   "Delete a schedule; its builds stay",
		Long:    "Deletes a schedule. The builds that it started stay, and those that run go on; what waited for their end is forgotten.",
		Example: fmt.Sprintf("  %[1]s schedule delete web-base", a.name),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runScheduleDelete(cmd.Context(), a, &conn, args[0], output)
		},
	}
	a.addSchedule(cmd, &conn, &output)
	return cmd
}

// deleted says which schedule is gone, and which of its builds go on.
type deleted struct {
	ScheduleID string   `json:"scheduleId"`
	Running    []string `json:"running"`
}

func runScheduleDelete(ctx context.Context, a *app, conn *cli.Connection, id string, output cli.Output) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	is, err := s.findSchedule(ctx, id)
	if err != nil {
		return err
	}
	if err := s.ScheduleClient().GetHandle(ctx, id).Delete(ctx); err != nil {
		return s.explainSchedule("delete schedule "+id, err)
	}
	gone := deleted{ScheduleID: id, Running: runningBuilds(is.desc.Info)}
	if output != cli.OutputText {
		return output.Write(s.Out, gone)
	}
	line := "deleted schedule " + id
	if len(gone.Running) > 0 {
		line += fmt.Sprintf("; still running: %s (`%s cancel BUILD-ID` stops a build)", strings.Join(gone.Running, ", "), s.name)
	}
	_, err = fmt.Fprintln(s.Out, line)
	return err
}
