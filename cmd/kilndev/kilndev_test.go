package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/cmd/kilndev/box"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

const (
	quickstart = "../../docs/examples/quickstart.yaml"
	// patience bounds a failure and measures nothing.
	patience = 2 * time.Minute
	glance   = 20 * time.Millisecond
)

// text is a stream that can be read while it is written.
type text struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *text) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *text) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// command is a command under way, in this process.
type command struct {
	out, err text
	stop     context.CancelFunc
	ended    chan struct{}
	result   error
}

func begin(t *testing.T, args ...string) *command {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	c := &command{stop: cancel, ended: make(chan struct{})}
	root := newRoot(cli.Env{In: strings.NewReader(""), Out: &c.out, Err: &c.err})
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetArgs(args)
	go func() {
		defer close(c.ended)
		c.result = root.ExecuteContext(ctx)
	}()
	t.Cleanup(func() { c.stop(); <-c.ended })
	return c
}

// wait returns the command's exit code.
func (c *command) wait(t *testing.T) int {
	t.Helper()
	select {
	case <-c.ended:
	case <-time.After(patience):
		require.Fail(t, "the command goes on", c.err.String())
	}
	var coded *cli.Error
	switch {
	case c.result == nil:
		return cli.ExitOK
	case errors.As(c.result, &coded):
		return coded.Exit
	default:
		return cli.ExitFailed
	}
}

func (c *command) said(t *testing.T, stream *text, words string) {
	t.Helper()
	require.Eventually(t, func() bool {
		select {
		case <-c.ended:
			require.FailNow(t, "the command ended", "%v\n%s", c.result, c.err.String())
		default:
		}
		return strings.Contains(stream.String(), words)
	}, patience, glance)
}

// up starts a box on free ports and returns where it listens.
func up(t *testing.T, args ...string) (*command, box.Places) {
	t.Helper()
	c := begin(t, append([]string{"up", "-o", "json", "--port", "0", "--emulator-port", "0", "--headless", "--log-level", "error"}, args...)...)
	c.said(t, &c.out, "\n")
	var places box.Places
	require.NoError(t, json.Unmarshal([]byte(c.out.String()), &places))
	return c, places
}

// requests counts the answered requests of an action in an emulator log.
func requests(t *testing.T, log, action string) int {
	t.Helper()
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	return strings.Count(string(data), `"action":"`+action+`"`)
}

func TestUpSaysOnOneLineWhereThingsListen(t *testing.T) {
	c := begin(t, "up", "-o", "json", "--port", "0", "--emulator-port", "0")
	c.said(t, &c.out, "\n")
	var keys map[string]string
	require.NoError(t, json.Unmarshal([]byte(c.out.String()), &keys))
	for _, key := range []string{"temporalAddress", "uiUrl", "cloudUrl", "ossDir", "accessKeyId", "accessKeySecret"} {
		require.NotEmpty(t, keys[key], key)
	}
	require.Len(t, keys, 6)
	require.Equal(t, 1, strings.Count(c.out.String(), "\n"))
	require.FileExists(t, filepath.Join(keys["ossDir"], "kiln-examples", "disks", "base.qcow2"))

	c.stop()
	require.Equal(t, cli.ExitOK, c.wait(t), "%v", c.result)
	require.NoDirExists(t, keys["ossDir"])
	_, err := net.Dial("tcp", keys["temporalAddress"])
	require.Error(t, err)
}

func TestEmulatorSaysOnOneLineWhereItListens(t *testing.T) {
	state := filepath.Join(t.TempDir(), "cloud.db")
	c := begin(t, "emulator", "-o", "json", "--port", "0", "--state", state, "--access-key-id", "mine")
	c.said(t, &c.out, "\n")
	var places box.Places
	require.NoError(t, json.Unmarshal([]byte(c.out.String()), &places))
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, places.CloudURL)
	require.Equal(t, box.Places{CloudURL: places.CloudURL, OSSDir: state + ".oss", AccessKeyID: "mine", AccessKeySecret: "kiln-dev-secret"}, places)
	c.stop()
	require.Equal(t, cli.ExitOK, c.wait(t), "%v", c.result)
	require.FileExists(t, state)
}

func TestTheEmulatorTakesConditionsAndFaultsFromFiles(t *testing.T) {
	folder := t.TempDir()
	conditions, faults := filepath.Join(folder, "conditions.yaml"), filepath.Join(folder, "faults.json")
	require.NoError(t, os.WriteFile(conditions, []byte("roles:\n  imageImport: missing\n"), 0o600))
	require.NoError(t, os.WriteFile(faults, []byte(`[{"action": "*", "do": "reset", "to": 2}]`), 0o600))
	c := begin(t, "emulator", "-o", "json", "--port", "0", "--conditions", conditions, "--faults", faults)
	c.said(t, &c.out, "\n")
	var places box.Places
	require.NoError(t, json.Unmarshal([]byte(c.out.String()), &places))
	for path, want := range map[string]string{"conditions": `"imageImport": "missing"`, "faults": `"do": "reset"`} {
		answer, err := http.Get(places.CloudURL + "/_kiln/" + path)
		require.NoError(t, err)
		body, err := io.ReadAll(answer.Body)
		require.NoError(t, errors.Join(err, answer.Body.Close()))
		require.Contains(t, string(body), want)
	}
}

func TestRunPrintsTheResultAlone(t *testing.T) {
	c := begin(t, "run", quickstart, "--speed", "6000", "-o", "json", "--headless")
	require.Equal(t, cli.ExitOK, c.wait(t), "%v\n%s", c.result, c.err.String())
	var result workflows.Result
	require.NoError(t, json.Unmarshal([]byte(c.out.String()), &result))
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
	require.NotEmpty(t, result.ImageID)
	require.NotEmpty(t, result.BatchComputeImageID)
	require.Regexp(t, `Temporal +127\.0\.0\.1:`, c.err.String())
}

func TestRunStartsNothingForABadDocument(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(file, []byte("name: web\nregion: cn-hangzhou\nsorce: {}\n"), 0o600))
	database := filepath.Join(t.TempDir(), "kiln.db")
	c := begin(t, "run", file, "--db-filename", database)
	require.Equal(t, cli.ExitUsage, c.wait(t))
	require.Contains(t, c.err.String(), file+":3:1")
	require.NotContains(t, c.err.String(), "Temporal")
	require.NoFileExists(t, database)
}

func TestAnInterruptedRunSaysWhatBecomesOfTheBuild(t *testing.T) {
	memory := begin(t, "run", quickstart, "--speed", "1", "--headless", "--progress", "plain")
	memory.said(t, &memory.err, "import")
	memory.stop()
	require.Equal(t, cli.ExitInterrupted, memory.wait(t))
	require.ErrorContains(t, memory.result, "the build is lost")

	file := filepath.Join(t.TempDir(), "kiln.db")
	kept := begin(t, "run", quickstart, "--speed", "1", "--headless", "--wait-timeout", "1ms", "--db-filename", file)
	require.Equal(t, cli.ExitTimeout, kept.wait(t))
	require.ErrorContains(t, kept.result, "kilndev up --db-filename "+file)
}

func TestWhatCannotStartSaysWhatToChange(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	closed := "http://127.0.0.1:1"
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("roles: {imageImport: gone}\naction: '*'\n"), 0o600))

	for _, test := range []struct {
		name string
		env  map[string]string
		args []string
		exit int
		says string
	}{
		{"Temporal's port is taken", nil, []string{"up", "--port", port}, cli.ExitUsage, "port " + port + " is taken: stop what listens there, or choose another port with --port"},
		{"the UI's port is taken", nil, []string{"up", "--port", "0", "--ui-port", port}, cli.ExitUsage, "--ui-port"},
		{"the cloud's port is taken", nil, []string{"up", "--port", "0", "--emulator-port", port}, cli.ExitUsage, "--emulator-port"},
		{"the emulator's port is taken", nil, []string{"emulator", "--port", port}, cli.ExitUsage, "port " + port},
		{"two ports for one", nil, []string{"emulator", "--port", "0", "--emulator-port", port}, cli.ExitUsage, "--port 0 and --emulator-port " + port + " are the same flag"},
		{"the emulator's port under its other name is taken", nil, []string{"emulator", "--emulator-port", port}, cli.ExitUsage, "port " + port},
		{"no speed", nil, []string{"emulator", "--speed", "0", "--port", "0"}, cli.ExitUsage, "--speed 0"},
		{"a speed that is none", nil, []string{"up", "--speed", "NaN"}, cli.ExitUsage, "--speed NaN: want a number from 0.001 to 1000000, such as 60"},
		{"a speed beyond all clocks", nil, []string{"up", "--speed", "1e-300"}, cli.ExitUsage, "--speed 1e-300"},
		{"a port that there is not", nil, []string{"up", "--port", "70000"}, cli.ExitUsage, "--port: there is no port 70000"},
		{"an address of another machine", nil, []string{"emulator", "--ip", "192.0.2.1", "--port", "0"}, cli.ExitUsage, "nothing can listen on 192.0.2.1:0"},
		{"no file of conditions", nil, []string{"emulator", "--conditions", "no/such.yaml", "--port", "0"}, cli.ExitUsage, "--conditions: open no/such.yaml"},
		{"conditions that are none", nil, []string{"emulator", "--conditions", bad, "--port", "0"}, cli.ExitUsage, `unknown field "action"`},
		{"faults that are none", nil, []string{"up", "--faults", bad}, cli.ExitUsage, `--faults ` + bad + `: faults: unknown field "roles"`},
		{"no credentials for another cloud", nil, []string{"run", quickstart, "--ecs-endpoint", closed}, cli.ExitConnection, "ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{"another cloud that is not there", map[string]string{"ALIBABA_CLOUD_ACCESS_KEY_ID": "a", "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "b"}, []string{"run", quickstart, "--ecs-endpoint", closed}, cli.ExitConnection, closed},
		{"half another cloud", nil, []string{"run", quickstart, "--batchcompute-endpoint", closed}, cli.ExitUsage, "--ecs-endpoint"},
		{"an endpoint that is no URL", nil, []string{"run", quickstart, "--ecs-endpoint", "nowhere"}, cli.ExitUsage, "nowhere"},
		{"a log that cannot be written", nil, []string{"run", quickstart, "--emulator-log", "no/such/folder"}, cli.ExitUsage, "no/such/folder"},
		{"a database in no folder", nil, []string{"run", quickstart, "--db-filename", "no/such.db"}, cli.ExitUsage, "no/such.db"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, name := range []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_PROFILE"} {
				t.Setenv(name, test.env[name])
			}
			c := begin(t, test.args...)
			require.Equal(t, test.exit, c.wait(t), "%v", c.result)
			require.ErrorContains(t, c.result, test.says)
			require.Empty(t, c.out.String())
		})
	}
}

func TestASecondBoxOnAFileIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kiln.db")
	up(t, "--db-filename", file)
	second := begin(t, "run", quickstart, "--db-filename", file)
	require.Equal(t, cli.ExitUsage, second.wait(t))
	require.ErrorContains(t, second.result, "another kilndev is using "+file)
}
