package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/cmd/kilndev/box"
	"github.com/seed1230462e/kiln/cmd/kilndev/cloud"
	"github.com/seed1230462e/kiln/internal/cli"
)

func newEmulatorCommand(env cli.Env) *cobra.Command {
	var flags cloudFlags
	var output cli.Output
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Run the emulated cloud alone",
		Long: "Serves ECS, Batch Compute and OSS on one port, as far as Kiln uses them, until Ctrl-C or SIGTERM.\n" +
			"Point a worker at it with KILN_ECS_ENDPOINT, KILN_BATCHCOMPUTE_ENDPOINT and its key pair.",
		Example: "  kilndev emulator\n  kilndev emulator --state cloud.db --oss-dir disks --speed 600",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runEmulator(cmd, env, &flags, output)
		},
	}
	flags.add(cmd.Flags(), defaultEmulatorPort, "-")
	cmd.Flags().IntVar(&flags.opts.Port, "port", defaultEmulatorPort, "the same as --emulator-port")
	cmd.Flags().StringVar(&flags.opts.Host, "ip", cloud.Host, "`ADDRESS` to listen on; whoever reaches it and has the key pair may use the cloud")
	cmd.Flags().StringVar(&flags.opts.StateFile, "state", "", "`FILE` that keeps the cloud over a restart (default: memory)")
	cli.AddOutput(cmd, &output)
	return cmd
}

func runEmulator(cmd *cobra.Command, env cli.Env, flags *cloudFlags, output cli.Output) error {
	opts, err := flags.options(cmd.Context(), env)
	if err != nil {
		return err
	}
	if err := box.CheckPort(opts.Host, opts.Port, "port"); err != nil {
		return err
	}
	c, err := cloud.Start(opts)
	if err != nil {
		return cli.Fail(cli.ExitUsage, err)
	}
	if err := announceCloud(env, output, c); err != nil {
		return errors.Join(err, c.Stop())
	}
	<-cmd.Context().Done()
	return c.Stop()
}

func announceCloud(env cli.Env, output cli.Output, c *cloud.Cloud) error {
	places := box.Places{CloudURL: c.URL(), OSSDir: c.OSSDir()}
	places.AccessKeyID, places.AccessKeySecret = c.Keys()
	if output != cli.OutputText {
		return cli.OutputJSONL.Write(env.Out, places)
	}
	return places.Print(env.Out)
}
