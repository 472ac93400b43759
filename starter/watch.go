package starter

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
)

type watchOptions struct {
	BuildID string
	RunID   string
	follow  followOptions
}

func newWatchCommand(a *app) *cobra.Command {
	var opts watchOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "watch BUILD-ID",
		Short: "Follow a build to its end",
		Long: "Follows a build as the build command does, with the same result and the same exit codes.\n" +
			"Ctrl-C leaves the build running. A build that is over is reported at once.",
		Example:           fmt.Sprintf("  %[1]s watch web-base\n  %[1]s watch web-base --progress plain -o json", a.name),
		Args:              cli.OneArg("BUILD-ID"),
		ValidArgsFunction: a.completeBuilds(&conn),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.BuildID = args[0]
			return runWatch(cmd.Context(), a, &conn, opts)
		},
	}
	opts.follow.addFlags(cmd)
	addRunID(cmd, &opts.RunID)
	conn.AddFlags(cmd.Flags())
	return cmd
}

func addRunID(cmd *cobra.Command, to *string) {
	cmd.Flags().StringVar(to, "run-id", "", "run of the build (default: the latest)")
}

func runWatch(ctx context.Context, a *app, conn *cli.Connection, opts watchOptions) error {
	if err := opts.follow.check(); err != nil {
		return err
	}
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	runID, err := s.run(ctx, opts.BuildID, opts.RunID)
	if err != nil {
		return err
	}
	snap, err := s.follow(ctx, opts.BuildID, runID, opts.follow)
	if err != nil {
		return err
	}
	return s.report(snap, opts.follow.Output)
}

// run pins the run that is the latest now, so that a later build with the same id is
// not taken for this one.
func (s *session) run(ctx context.Context, buildID, runID string) (string, error) {
	desc, err := s.describe(ctx, buildID, runID)
	if cli.Unreachable(err) {
		return "", s.explain("look at build "+buildID, buildID, err)
	}
	return desc.GetWorkflowExecutionInfo().GetExecution().GetRunId(), err
}
