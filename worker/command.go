package worker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"go.uber.org/zap"
	"golang.org/x/term"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/quota"
	"github.com/seed1230462e/kiln/internal/watch"
	"github.com/seed1230462e/kiln/workflows"
)

const (
	defaultStopTimeout     = 30 * time.Second
	defaultCachedWorkflows = 500

	minHeartbeatTimeout = time.Second
)

type commandOptions struct {
	Connection       cli.Connection
	Cloud            cli.CloudFlags
	TaskQueue        string
	PollInterval     time.Duration
	HeartbeatTimeout time.Duration
	CallTimeout      time.Duration
	NotifyRetry      workflows.NotifyRetry
	StopTimeout      time.Duration
	CachedWorkflows  int
	PprofAddress     string
	Quota            quota.Options
	QueueRate        float64
	LogFormat        string
	LogLevel         string
}

// NewCommand is the worker command.
func NewCommand(env cli.Env) *cobra.Command {
	var opts commandOptions
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Run a worker until it is told to stop",
		Long: "Run a worker: it carries out the builds of a task queue. It starts before Temporal does\n" +
			"and comes back when Temporal went away. SIGTERM or SIGINT lets running calls finish;\n" +
			"a second one ends the worker at once. Builds go on with the next worker.",
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := fromEnvironment(cmd.Flags(), os.LookupEnv); err != nil {
				return cli.Fail(cli.ExitUsage, err)
			}
			return runCommand(cmd.Context(), env, opts)
		},
	}
	opts.addFlags(cmd.Flags())
	opts.LogFormat, opts.LogLevel = formatFor(env.Err), "info"
	cli.Choice(cmd, &opts.LogFormat, "log-format", "form of the log on standard error (env KILN_LOG_FORMAT)", LogJSON, LogConsole)
	cli.Choice(cmd, &opts.LogLevel, "log-level", "least level of the log (env KILN_LOG_LEVEL)", LogLevels...)
	return cmd
}

func (o *commandOptions) addFlags(flags *pflag.FlagSet) {
	o.Connection.AddFlags(flags)
	o.Cloud.AddFlags(flags)
	flags.StringVar(&o.TaskQueue, "task-queue", workflows.DefaultTaskQueue, "task queue to serve (env KILN_TASK_QUEUE)")
	flags.DurationVar(&o.PollInterval, "poll-interval", watch.DefaultShortest, "shortest time between two looks at something in the cloud; far from its end they are up to 24 times as long (env KILN_POLL_INTERVAL)")
	flags.DurationVar(&o.HeartbeatTimeout, "heartbeat-timeout", workflows.DefaultHeartbeatTimeout, "time after which a lost worker's waits move to another (env KILN_HEARTBEAT_TIMEOUT)")
	flags.DurationVar(&o.CallTimeout, "call-timeout", workflows.DefaultCallTimeout, "time after which a lost worker's calls to the cloud move to another (env KILN_CALL_TIMEOUT)")
	flags.DurationVar(&o.NotifyRetry.Pause, "notification-pause", workflows.DefaultNotifyPause, "time before a notification is tried again, at first; it doubles (env KILN_NOTIFICATION_PAUSE)")
	flags.DurationVar(&o.NotifyRetry.Limit, "notification-limit", workflows.DefaultNotifyLimit, "time after which a notification is given up (env KILN_NOTIFICATION_LIMIT)")
	flags.IntVar(&o.CachedWorkflows, "max-cached-workflows", defaultCachedWorkflows, "how many builds to keep in memory between two of their steps; the others are replayed (env KILN_MAX_CACHED_WORKFLOWS)")
	flags.DurationVar(&o.StopTimeout, "stop-timeout", defaultStopTimeout, "how long a stop waits for running calls (env KILN_STOP_TIMEOUT)")
	flags.IntVar(&o.Quota.CallsPerMinute, "calls-per-minute", quota.DefaultCallsPerMinute, "calls to the cloud that the account may make in a minute (env KILN_CALLS_PER_MINUTE)")
	flags.StringToIntVar(&o.Quota.APICallsPerMinute, "api-calls-per-minute", nil, "calls of an API in each region that the account may make in a minute, as `NAME=N`, with * for those not named; may be repeated (env KILN_API_CALLS_PER_MINUTE; default: 1000 of each)")
	flags.Lookup("api-calls-per-minute").DefValue = "" // the help would show it as []
	flags.IntVar(&o.Quota.Workers, "workers", 1, "worker processes that share the account; each keeps to its share of what the account may call (env KILN_WORKERS)")
	flags.Float64Var(&o.QueueRate, "task-queue-activities-per-second", 0, "calls that all workers of the task queue together begin in a second, waits not counted; 0 is no limit (env KILN_TASK_QUEUE_ACTIVITIES_PER_SECOND)")
	flags.StringVar(&o.PprofAddress, "pprof-address", "", "loopback `ADDRESS` that serves profiles of the worker, such as 127.0.0.1:6060 (env KILN_PPROF_ADDRESS; default: none)")
	cli.MayBeEmpty(flags, "pprof-address") // none, whatever the environment says
}

// fromEnv maps flags to the environment that sets them where the command line does not.
var fromEnv = map[string]string{
	"task-queue":                       "KILN_TASK_QUEUE",
	"poll-interval":                    "KILN_POLL_INTERVAL",
	"heartbeat-timeout":                "KILN_HEARTBEAT_TIMEOUT",
	"call-timeout":                     "KILN_CALL_TIMEOUT",
	"notification-pause":               "KILN_NOTIFICATION_PAUSE",
	"notification-limit":               "KILN_NOTIFICATION_LIMIT",
	"max-cached-workflows":             "KILN_MAX_CACHED_WORKFLOWS",
	"stop-timeout":                     "KILN_STOP_TIMEOUT",
	"pprof-address":                    "KILN_PPROF_ADDRESS",
	"calls-per-minute":                 "KILN_CALLS_PER_MINUTE",
	"api-calls-per-minute":             "KILN_API_CALLS_PER_MINUTE",
	"workers":                          "KILN_WORKERS",
	"task-queue-activities-per-second": "KILN_TASK_QUEUE_ACTIVITIES_PER_SECOND",
	"log-format":                       "KILN_LOG_FORMAT",
	"log-level":                        "KILN_LOG_LEVEL",
}

func fromEnvironment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	for flag, name := range fromEnv {
		value, ok := lookup(name)
		if !ok || value == "" || flags.Changed(flag) {
			continue
		}
		if err := flags.Set(flag, value); err != nil {
			return fmt.Errorf("%s=%q does not fit --%s: %s", name, value, flag, cli.Wanted(err))
		}
	}
	return nil
}

// formatFor is console on a terminal and json elsewhere.
func formatFor(w io.Writer) string {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return LogConsole
	}
	return LogJSON
}

func (o *commandOptions) validate() error {
	for flag, value := range map[string]time.Duration{
		"poll-interval": o.PollInterval, "heartbeat-timeout": o.HeartbeatTimeout,
		"call-timeout": o.CallTimeout, "stop-timeout": o.StopTimeout,
		"notification-pause": o.NotifyRetry.Pause, "notification-limit": o.NotifyRetry.Limit,
	} {
		if value <= 0 {
			return fmt.Errorf("--%s is %s: give a time above zero, such as 30s", flag, value)
		}
	}
	if o.HeartbeatTimeout < minHeartbeatTimeout {
		return fmt.Errorf("--heartbeat-timeout is %s: give at least %s, or every wait is taken for lost", o.HeartbeatTimeout, minHeartbeatTimeout)
	}
	if o.CachedWorkflows < 1 {
		return fmt.Errorf("--max-cached-workflows is %d: give a number above zero", o.CachedWorkflows)
	}
	if fits := o.QueueRate >= 0; !fits { // NaN does not
		return fmt.Errorf("--task-queue-activities-per-second is %v: give a number above zero, or 0 for no limit", o.QueueRate)
	}
	if err := o.Quota.Check(); err != nil {
		return err
	}
	return checkPprofAddress(o.PprofAddress)
}

func runCommand(ctx context.Context, env cli.Env, opts commandOptions) error {
	if err := opts.validate(); err != nil {
		return cli.Fail(cli.ExitUsage, err)
	}
	logger, err := NewLogger(env.Err, opts.LogFormat, opts.LogLevel)
	if err != nil {
		return cli.Fail(cli.ExitUsage, err)
	}
	target := opts.Cloud.Options()
	target.Gate = quota.New(opts.Quota)
	cloud, err := alicloud.New(target)
	if err != nil {
		return cli.Fail(cli.ExitUsage, err)
	}
	connection, err := opts.Connection.Options()
	if err != nil {
		return err
	}
	if err := checkCloud(ctx, cloud, logger); err != nil {
		return err
	}
	stop, err := servePprof(opts.PprofAddress, logger)
	if err != nil {
		return cli.Fail(cli.ExitUsage, err)
	}
	defer stop()
	defer collectFrom(leastHeap)()
	return Run(ctx, Options{
		Client:           connection,
		Cloud:            cloud,
		Logger:           logger,
		TaskQueue:        opts.TaskQueue,
		PollInterval:     opts.PollInterval,
		HeartbeatTimeout: opts.HeartbeatTimeout,
		CallTimeout:      opts.CallTimeout,
		NotifyRetry:      opts.NotifyRetry,
		StopTimeout:      opts.StopTimeout,
		CachedWorkflows:  opts.CachedWorkflows,
		QueueRate:        opts.QueueRate,
	})
}

// checkCloud lets a cloud that is silent pass with a warning: the worker may start first.
func checkCloud(ctx context.Context, cloud *alicloud.Cloud, logger *zap.Logger) error {
	err := CheckCloud(ctx, cloud)
	if errors.Is(err, ErrCloudSilent) {
		logger.Warn("Cloud not reached yet", zap.Error(err))
		return nil
	}
	return err
}
