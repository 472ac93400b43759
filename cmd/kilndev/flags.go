package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed1230462e/kiln/cmd/kilndev/box"
	"github.com/seed1230462e/kiln/cmd/kilndev/cloud"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/worker"
)

// The ports of `up`.
const (
	defaultPort         = 7233
	defaultEmulatorPort = 9100
	uiPortDistance      = 1000
)

// defaultSpeed makes a simulated minute a second. Below minSpeed an import would outlast
// what a duration can say.
const (
	defaultSpeed = 60
	minSpeed     = 0.001
	maxSpeed     = 1e6
)

// longestFile is far more bytes than conditions and faults have.
const longestFile = 1 << 20

// cloudFlags are those of the emulated cloud.
type cloudFlags struct {
	opts       cloud.Options
	log        string
	conditions string
	faults     string
}

func (f *cloudFlags) add(flags *pflag.FlagSet, port int, log string) {
	flags.IntVar(&f.opts.Port, "emulator-port", port, "port of the emulated cloud; 0 is a free one")
	flags.Float64Var(&f.opts.Speed, "speed", defaultSpeed, "how many times faster than the clock the emulated cloud's imports and executions go")
	flags.StringVar(&f.opts.OSSDir, "oss-dir", "", "`DIR` with the emulated OSS's objects as DIR/bucket/key (default: beside the state, or a temporary one)")
	flags.StringVar(&f.opts.AccessKeyID, "access-key-id", cloud.DefaultKeyID, "key `ID` that the emulated cloud accepts")
	flags.StringVar(&f.opts.AccessKeySecret, "access-key-secret", cloud.DefaultKeySecret, "key `SECRET` that the emulated cloud accepts")
	flags.StringVar(&f.log, "emulator-log", log, "`FILE` that gets one JSON line for each request to the emulated cloud; - is standard error")
	cli.MayBeEmpty(flags, "emulator-log") // no log
	flags.StringVar(&f.conditions, "conditions", "", "`FILE` with the state of the emulated account and services, in YAML or JSON; see docs/emulator.md")
	flags.StringVar(&f.faults, "faults", "", "`FILE` with faults of the emulated cloud's calls, in YAML or JSON; see docs/emulator.md")
}

func (f *cloudFlags) options(ctx context.Context, env cli.Env) (cloud.Options, error) {
	opts := f.opts
	if fits := opts.Speed >= minSpeed && opts.Speed <= maxSpeed; !fits { // NaN does not
		return opts, cli.Fail(cli.ExitUsage, fmt.Errorf("--speed %v: want a number from %v to %v, such as %d", opts.Speed, minSpeed, int(maxSpeed), defaultSpeed))
	}
	if f.log == "-" {
		opts.Log = env.Err
	} else {
		opts.LogFile = f.log
	}
	return opts, f.readFiles(ctx, &opts)
}

// readFiles reads the conditions and the faults.
func (f *cloudFlags) readFiles(ctx context.Context, opts *cloud.Options) error {
	if f.conditions != "" {
		conditions, err := readFile(ctx, "--conditions", f.conditions, emulator.ReadConditions)
		if err != nil {
			return err
		}
		opts.Conditions = &conditions
	}
	if f.faults == "" {
		return nil
	}
	var err error
	opts.Faults, err = readFile(ctx, "--faults", f.faults, emulator.ReadFaults)
	return err
}

func readFile[T any](ctx context.Context, flag, file string, read func([]byte) (T, error)) (T, error) {
	var none T
	text, err := cli.ReadFile(ctx, nil, file, longestFile)
	var large *cli.TooLarge
	switch {
	case ctx.Err() != nil:
		return none, ctx.Err()
	case errors.As(err, &large):
		return none, cli.Fail(cli.ExitUsage, fmt.Errorf("%s %s: %w", flag, file, err))
	case err != nil:
		return none, cli.Fail(cli.ExitUsage, fmt.Errorf("%s: %w", flag, err))
	}
	value, err := read(text)
	if err != nil {
		return value, cli.Fail(cli.ExitUsage, fmt.Errorf("%s %s: %w", flag, file, err))
	}
	return value, nil
}

// boxFlags are those of a whole box.
type boxFlags struct {
	opts     box.Options
	cloud    cloudFlags
	external cli.CloudFlags
}

// ports are the defaults of a command; 0 is a free one.
type ports struct{ temporal, emulator int }

func (f *boxFlags) add(cmd *cobra.Command, defaults ports, level string) {
	flags := cmd.Flags()
	flags.StringVar(&f.opts.DBFile, "db-filename", "", "`FILE` that keeps everything over a restart, with others beside it (default: memory)")
	flags.IntVar(&f.opts.Port, "port", defaults.temporal, "port of the Temporal server; 0 is a free one")
	flags.IntVar(&f.opts.UIPort, "ui-port", 0, "port of the Web UI; 0 is a free one (default: port+1000)")
	flags.BoolVar(&f.opts.Headless, "headless", false, "serve no Web UI")
	flags.BoolVar(&f.opts.NoWorker, "no-worker", false, "run no worker")
	f.cloud.add(flags, defaults.emulator, "")
	f.external.AddFlags(flags)
	f.opts.Level = level
	cli.Choice(cmd, &f.opts.Level, "log-level", "least level of the log on standard error", worker.LogLevels...)
}

// start starts what the flags ask for. The error says what the user has to change.
func (f *boxFlags) start(cmd *cobra.Command, env cli.Env) (*box.Box, error) {
	opts := f.opts
	opts.Log = env.Err
	if !cmd.Flags().Changed("ui-port") && opts.Port != 0 {
		opts.UIPort = opts.Port + uiPortDistance
	}
	if err := f.addExternal(&opts); err != nil {
		return nil, err
	}
	var err error
	if opts.Cloud, err = f.cloud.options(cmd.Context(), env); err != nil {
		return nil, err
	}
	return box.Start(cmd.Context(), opts)
}

// addExternal makes the endpoints of a cloud that runs elsewhere one cloud: no call may
// go to the public cloud because an endpoint was left out.
func (f *boxFlags) addExternal(opts *box.Options) error {
	at := f.external
	if at == (cli.CloudFlags{}) {
		return nil
	}
	if at.ECSEndpoint == "" {
		return cli.Fail(cli.ExitUsage, errors.New("a cloud other than the emulated one needs --ecs-endpoint"))
	}
	at.BatchComputeEndpoint = cmp.Or(at.BatchComputeEndpoint, at.ECSEndpoint)
	at.OSSEndpoint = cmp.Or(at.OSSEndpoint, at.ECSEndpoint)
	external := at.Options()
	opts.External = &external
	return nil
}
