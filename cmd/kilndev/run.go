package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/cmd/kilndev/box"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/starter"
)

type runOptions struct {
	boxFlags
	build starter.BuildOptions
}

func newRunCommand(env cli.Env) *cobra.Command {
	var opts runOptions
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Start everything in one process, build an image, and stop",
		Long: "Starts what `kilndev up` starts, on free ports, builds what a document describes, prints the result and exits\n" +
			"with the build's code. Nothing is started for a document with faults. Without --db-filename everything is in\n" +
			"memory and goes with this command; with it, the same command goes on with a build that was interrupted.",
		Example: "  kilndev run docs/examples/quickstart.yaml\n  kilndev run web-base.yaml --db-filename kiln.db -o json",
		Args:    cli.OneArg("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.build.Files = args
			return runRun(cmd, env, &opts)
		},
	}
	opts.boxFlags.add(cmd, ports{}, "never") // the progress tells what fails
	opts.build.AddFlags(cmd)
	return cmd
}

func runRun(cmd *cobra.Command, env cli.Env, opts *runOptions) (err error) {
	opts.opts.TaskQueue = opts.build.TaskQueue
	ctx, cancel := context.WithCancelCause(cmd.Context())
	defer cancel(nil)
	var b *box.Box
	defer func() {
		if b != nil {
			err = errors.Join(err, b.Stop())
		}
	}()
	opts.build.Connect = func(context.Context) (client.Options, error) {
		var err error
		if b, err = opts.start(cmd, env); err != nil {
			return client.Options{}, err
		}
		go watchBox(ctx, cancel, b)
		return b.Client(), b.Places().Print(env.Err)
	}
	err = starter.Build(ctx, name, env, opts.build)
	if lost := context.Cause(ctx); lost != nil && cmd.Context().Err() == nil {
		return lost
	}
	return ending(err, opts.opts.DBFile, opts.build.Files[0])
}

// watchBox ends the build's command when the worker gives up: nobody would go on with it.
func watchBox(ctx context.Context, cancel context.CancelCauseFunc, b *box.Box) {
	select {
	case err := <-b.Failed():
		cancel(err)
	case <-ctx.Done():
	}
}

// ending says what becomes of a build that is not over when its server goes.
func ending(err error, dbFile, document string) error {
	var coded *cli.Error
	if !errors.As(err, &coded) {
		return err
	}
	var what string
	switch coded.Exit {
	case cli.ExitInterrupted:
		what = "interrupted"
	case cli.ExitTimeout:
		what = "--wait-timeout ran out"
	default:
		return err
	}
	if dbFile == "" {
		return cli.Fail(coded.Exit, fmt.Errorf("%s; the build is lost, since its server was in memory: --db-filename FILE keeps it", what))
	}
	return cli.Fail(coded.Exit, fmt.Errorf("%[1]s; the build is kept in %[2]s and goes on with `%[3]s run %[4]s --db-filename %[2]s` or `%[3]s up --db-filename %[2]s`",
		what, dbFile, name, document))
}
