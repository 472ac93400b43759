package worker

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	"go.uber.org/zap"

	"github.com/seed1230462e/kiln/internal/cli"
)

// run carries out the worker command and returns its exit code and what it said.
func run(args ...string) (int, string) {
	var out bytes.Buffer
	env := cli.Env{Out: &out, Err: &out}
	root := &cobra.Command{Use: "kiln"}
	root.AddCommand(NewCommand(env))
	root.SetArgs(append([]string{"worker"}, args...))
	return cli.Main(root, env), out.String()
}

func TestCommandRefusesBeforeItStarts(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	for _, name := range []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_PROFILE", "KILN_LOG_LEVEL"} {
		t.Setenv(name, "")
	}
	for _, test := range []struct {
		name string
		args []string
		exit int
		says string
	}{
		{"no credentials", nil, cli.ExitConnection, "ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{"an endpoint that is no URL", []string{"--ecs-endpoint", "nowhere"}, cli.ExitUsage, "nowhere"},
		{"a log level that is none", []string{"--log-level", "loud"}, cli.ExitUsage, "loud"},
		{"a time that is none", []string{"--poll-interval", "soon"}, cli.ExitUsage, "soon"},
		{"no time at all", []string{"--stop-timeout", "0s"}, cli.ExitUsage, "--stop-timeout"},
		{"a heartbeat that no wait can keep", []string{"--heartbeat-timeout", "1ms"}, cli.ExitUsage, "--heartbeat-timeout is 1ms: give at least 1s"},
		{"profiles for everybody", []string{"--pprof-address", ":6060"}, cli.ExitUsage, "--pprof-address"},
		{"no calls", []string{"--calls-per-minute", "0"}, cli.ExitUsage, "--calls-per-minute is 0"},
		{"no workers", []string{"--workers", "0"}, cli.ExitUsage, "--workers is 0"},
		{"more workers than calls", []string{"--workers", "500"}, cli.ExitUsage, "--calls-per-minute 1000 leaves 2 to each of --workers 500"},
		{"no calls of an API", []string{"--api-calls-per-minute", "ImportImage=0"}, cli.ExitUsage, "--api-calls-per-minute ImportImage=0: give at least 1"},
		{"an API that is not called", []string{"--api-calls-per-minute", "ImportImage=5", "--api-calls-per-minute", "RunInstances=5"}, cli.ExitUsage, "Kiln does not call RunInstances; give one of BatchCompute.CreateImage,"},
		{"an API without a number", []string{"--api-calls-per-minute", "ImportImage"}, cli.ExitUsage, "want NAME=N, where N is a whole number"},
		{"a rate below nothing", []string{"--task-queue-activities-per-second", "-1"}, cli.ExitUsage, "--task-queue-activities-per-second is -1"},
		{"a rate that is none", []string{"--task-queue-activities-per-second", "NaN"}, cli.ExitUsage, "--task-queue-activities-per-second is NaN"},
		{"an argument", []string{"now"}, cli.ExitUsage, "now"},
		{"an address that is none", []string{"--address", "temporal"}, cli.ExitUsage, "temporal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			exit, said := run(test.args...)
			require.Equal(t, test.exit, exit, said)
			require.Contains(t, said, test.says)
		})
	}
}

func TestTheEnvironmentSetsWhatTheCommandLineDoesNot(t *testing.T) {
	environment := map[string]string{"KILN_TASK_QUEUE": "golden", "KILN_POLL_INTERVAL": "2s", "KILN_STOP_TIMEOUT": "1m", "KILN_LOG_LEVEL": "",
		"KILN_CALLS_PER_MINUTE": "600", "KILN_API_CALLS_PER_MINUTE": "ImportImage=10,DescribeImages=300", "KILN_WORKERS": "3", "KILN_TASK_QUEUE_ACTIVITIES_PER_SECOND": "0.5"}
	lookup := func(name string) (string, bool) { value, ok := environment[name]; return value, ok }
	flags := NewCommand(cli.Env{Err: &bytes.Buffer{}}).Flags()
	require.NoError(t, flags.Parse([]string{"--stop-timeout", "5s"}))
	require.NoError(t, fromEnvironment(flags, lookup))
	for flag, want := range map[string]string{
		"task-queue": "golden", "poll-interval": "2s", "stop-timeout": "5s", "call-timeout": "3m0s", "log-level": "info", "heartbeat-timeout": "2m0s", "log-format": "json",
		"calls-per-minute": "600", "workers": "3", "task-queue-activities-per-second": "0.5",
	} {
		require.Equal(t, want, flags.Lookup(flag).Value.String(), flag)
	}

	limits, err := flags.GetStringToInt("api-calls-per-minute")
	require.NoError(t, err)
	require.Equal(t, map[string]int{"ImportImage": 10, "DescribeImages": 300}, limits)

	environment["KILN_HEARTBEAT_TIMEOUT"] = "often"
	require.ErrorContains(t, fromEnvironment(flags, lookup), `KILN_HEARTBEAT_TIMEOUT="often"`)
	delete(environment, "KILN_HEARTBEAT_TIMEOUT")
	environment["KILN_API_CALLS_PER_MINUTE"] = "ImportImage:10"
	require.ErrorContains(t, fromEnvironment(NewCommand(cli.Env{Err: &bytes.Buffer{}}).Flags(), lookup),
		`KILN_API_CALLS_PER_MINUTE="ImportImage:10" does not fit --api-calls-per-minute: want NAME=N, where N is a whole number`)
}

func TestEveryVariableHasAFlagThatNamesIt(t *testing.T) {
	flags := NewCommand(cli.Env{Err: &bytes.Buffer{}}).Flags()
	for flag, name := range fromEnv {
		require.NotNil(t, flags.Lookup(flag), flag)
		require.Contains(t, flags.Lookup(flag).Usage, name)
	}
}

func TestLogger(t *testing.T) {
	var out bytes.Buffer
	logger, err := NewLogger(&out, LogJSON, "info")
	require.NoError(t, err)
	logger.Debug("hidden")
	temporalLogger(logger).Info("Import accepted", "task_id", "t-1", "took", 2*time.Second)
	var line map[string]any
	require.NoError(t, json.Unmarshal(out.Bytes(), &line))
	delete(line, "ts")
	require.Equal(t, map[string]any{"level": "info", "msg": "Import accepted", "task_id": "t-1", "took": "2s"}, line)

	out.Reset()
	temporalLogger(logger).Error("Activity error.", "code", "Throttling")
	require.Len(t, strings.Split(strings.TrimSpace(out.String()), "\n"), 1, "one line, no stack")
	require.NotContains(t, out.String(), "goroutine")
	require.NotContains(t, out.String(), "stacktrace")

	out.Reset()
	logger, err = NewLogger(&out, LogConsole, "warn")
	require.NoError(t, err)
	logger.Warn("Worker lost", zap.String("build_id", "web"))
	require.Regexp(t, `WARN\tWorker lost\t\{"build_id": "web"\}\n$`, out.String())

	out.Reset()
	logger, err = NewLogger(&out, LogConsole, "never")
	require.NoError(t, err)
	logger.Error("Worker lost")
	require.Empty(t, out.String())

	_, err = NewLogger(&out, "xml", "info")
	require.ErrorContains(t, err, "xml")
	_, err = NewLogger(&out, LogJSON, "loud")
	require.ErrorContains(t, err, "loud")
}

func TestDefaultTimesAreThoseOfTheReadme(t *testing.T) {
	flags := NewCommand(cli.Env{}).Flags()
	for flag, want := range map[string]string{
		"poll-interval": "5s", "heartbeat-timeout": "2m0s", "call-timeout": "3m0s",
		"notification-pause": "5s", "notification-limit": "24h0m0s", "stop-timeout": "30s",
	} {
		require.Equal(t, want, flags.Lookup(flag).DefValue, flag)
	}
}
