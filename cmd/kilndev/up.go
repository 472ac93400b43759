package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/cmd/kilndev/box"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

func newUpCommand(env cli.Env) *cobra.Command {
	var flags boxFlags
	var output cli.Output
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start everything on this machine and stay",
		Long: "Starts a Temporal server, its Web UI, an emulated cloud and a worker, says where they listen, and stays\n" +
			"until Ctrl-C or SIGTERM. Everything listens on this machine only. With --ecs-endpoint the worker calls that\n" +
			"cloud instead of the emulated one, which is then not started; --batchcompute-endpoint defaults to the same.",
		Example: "  kilndev up\n  kilndev up --db-filename kiln.db --headless\n  kilndev up -o json --port 0 --emulator-port 0",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runUp(cmd, env, &flags, output)
		},
	}
	flags.add(cmd, ports{temporal: defaultPort, emulator: defaultEmulatorPort}, "warn")
	cmd.Flags().StringVar(&flags.opts.TaskQueue, "task-queue", cli.Getenv("KILN_TASK_QUEUE", workflows.DefaultTaskQueue), "task `QUEUE` of the worker (env KILN_TASK_QUEUE)")
	cli.AddOutput(cmd, &output)
	return cmd
}

func runUp(cmd *cobra.Command, env cli.Env, flags *boxFlags, output cli.Output) error {
	b, err := flags.start(cmd, env)
	if err != nil {
		return err
	}
	if err := announce(env, output, b.Places()); err != nil {
		return errors.Join(err, b.Stop())
	}
	select {
	case <-cmd.Context().Done():
	case err = <-b.Failed():
	}
	return errors.Join(err, b.Stop())
}

// announce says where everything listens: on one line as JSON, or for people.
func announce(env cli.Env, output cli.Output, places box.Places) error {
	if output != cli.OutputText {
		return cli.OutputJSONL.Write(env.Out, places)
	}
	if _, err := fmt.Fprintln(env.Out, "Kiln runs on this machine until you press Ctrl-C."); err != nil {
		return err
	}
	if err := places.Print(env.Out); err != nil {
		return err
	}
	_, err := fmt.Fprintf(env.Out, "In another terminal:\n  kiln build docs/examples/quickstart.yaml%s\n", addressFlag(places.TemporalAddress))
	return err
}

// addressFlag is what a command needs to find a server that is not at the usual place.
func addressFlag(address string) string {
	if address == fmt.Sprintf("127.0.0.1:%d", defaultPort) {
		return ""
	}
	return " --address " + address
}
