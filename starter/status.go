package starter

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
)

type statusOptions struct {
	BuildID string
	RunID   string
	Output  cli.Output
}

func newStatusCommand(a *app) *cobra.Command {
	var opts statusOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "status BUILD-ID|FLEET-ID",
		Short: "Show how a build or fleet is",
		Long: "Looks at a build once, or at all builds of a fleet. Exits with 0 however the build is or ended; watch exits with the build's code.\n" +
			"The end of a build or fleet is shown also while no worker runs.",
		Example:           fmt.Sprintf("  %[1]s status web-base\n  %[1]s status web-base -o json | jq .steps", a.name),
		Args:              cli.OneArg("BUILD-ID or FLEET-ID"),
		ValidArgsFunction: a.completeEither(&conn),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.BuildID = args[0]
			return runStatus(cmd.Context(), a, &conn, opts)
		},
	}
	addRunID(cmd, &opts.RunID)
	cli.AddOutput(cmd, &opts.Output)
	conn.AddFlags(cmd.Flags())
	return cmd
}

func runStatus(ctx context.Context, a *app, conn *cli.Connection, opts statusOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	desc, err := s.describeEither(ctx, opts.BuildID, opts.RunID)
	if err != nil {
		return s.settle(opts.BuildID, err)
	}
	if isFleet(desc) {
		return s.statusOfFleet(ctx, desc, opts.Output)
	}
	snap, err := s.see(ctx, desc)
	if err != nil {
		return s.settle(opts.BuildID, err)
	}
	if opts.Output != cli.OutputText {
		return opts.Output.Write(s.Out, snap)
	}
	if err := s.printSnapshot(snap); err != nil {
		return err
	}
	_, _ = fmt.Fprintln(s.Out)
	switch {
	case snap.Result != nil:
		return printResult(s.Out, *snap.Result, nil) // the steps are above
	case snap.end != nil:
		_, err = fmt.Fprintln(s.Out, snap.end)
	default:
		_, err = fmt.Fprintf(s.Out, "  build id   %s\n  run id     %s\n  started    %s\n", snap.BuildID, snap.RunID, a.clock(snap.StartedAt))
	}
	return err
}
