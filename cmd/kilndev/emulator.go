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
	var port int
	var output cli.Output
	cmd := &cobra.Command{
		Use:   "emulator",
		Short: "Run the emulated cloud alone",
		Long: "Serves ECS, Batch Compute and OSS on one port, as far as Kiln uses them, until Ctrl-C or SIGTERM.\n" +
			"Point a worker at it with KILN_ECS_ENDPOINT, KILN_BATCHCOMPUTE_ENDPOINT and its key pair.",
		Example: "  kilndev emulator\n  kilndev emulator --state cloud.db --oss-dir disks --speed 600",
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := takePort(cmd, &flags, port); err != nil {
				return err
			}
			return runEmulator(cmd, env, &flags, output)
		},
	}
	flags.add(cmd.Flags(), defaultEmulatorPort, "-")
	cmd.Flags().IntVar(&port, "port", defaultEmulatorPort, "the same as --emulator-port")
	cmd.Flags().StringVar(&flags.opts.Host, "ip", cloud.Host, "`ADDRESS` to listen on; whoever reaches it and has the key pair may use the cloud")
	cmd.Flags().StringVar(&flags.opts.StateFile, "state", "", "`FILE` that keeps the cloud over a restart (default: memory)")
	cli.AddOutput(cmd, &output)
	return cmd
}

// takePort takes over what the other name of --emulator-port says.
func takePort(cmd *cobra.Command, flags *cloudFlags, port int) error {
	if !cmd.Flags().Changed("port") {
		return nil
	}
	if same := flags.opts.Port; cmd.Flags().Changed("emulator-port") && same != port {
		return cli.Usagef(cmd, "--port %d and --emulator-port %d are the same flag: give one of them", port, same)
	}
	flags.opts.Port = port
	return nil
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
