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
		Use:   "watch BUILD-ID|FLEET-ID",
		Short: "Follow a build or fleet to its end",
		Long: "Follows a build or fleet as the build command does, with the same result and the same exit codes.\n" +
			"Ctrl-C leaves it running. What is over is reported at once.",
		Example:           fmt.Sprintf("  %[1]s watch web-base\n  %[1]s watch web-base --progress plain -o json", a.name),
		Args:              cli.OneArg("BUILD-ID or FLEET-ID"),
		ValidArgsFunction: a.completeEither(&conn),
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
	desc, err := s.describeEither(ctx, opts.BuildID, opts.RunID)
	if err != nil {
		return s.settle(opts.BuildID, err)
	}
	// Pinned, so that a later build with the same id is not taken for this one.
	runID := desc.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	if isFleet(desc) {
		return s.watchFleet(ctx, opts.BuildID, runID, opts.follow)
	}
	snap, err := s.follow(ctx, opts.BuildID, runID, opts.follow)
	if err != nil {
		return err
	}
	return s.report(snap, opts.follow.Output)
}
