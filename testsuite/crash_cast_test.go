//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// The key pair of the cloud in these tests. The secret is a word that nothing else says,
// so that it can be looked for.
const (
	castKeyID  = "kiln-crash"
	castSecret = "Zq7cr4shS3cretNobodyM4ySay"
)

// cast is everything that a build needs, each a process of its own that can be killed:
// the cloud, the Temporal server and workers, with a network between each two of them.
type cast struct {
	t        *testing.T
	folder   string
	cloud    *actor
	temporal *actor
	log      *cloudLog
	client   client.Client
	passes   func(passage) // hears of each call of each worker; may be nil

	toll toll

	mu    sync.Mutex
	hands []*hand
}

// castOptions are what casts differ in.
type castOptions struct {
	speed  string                // of the cloud
	faults func(life int) string // planned at each start of the cloud, in YAML; may be nil
	passes func(passage)
}

// newCast starts a cloud and a Temporal server that keep everything in files. Whatever
// ends by itself in the course of the test is a fault.
func newCast(t *testing.T, opts castOptions) *cast {
	t.Helper()
	c := &cast{t: t, folder: castFolder(t), passes: opts.passes}
	if c.passes == nil {
		c.passes = func(passage) {}
	}
	c.log = newCloudLog(t, c.folder)
	c.cloud = c.newCloud(lastingAddress(t), opts)
	c.temporal = c.newTemporal(lastingAddress(t))
	c.cloud.start()
	c.temporal.start()
	c.cloud.awaitSaying(t, c.cloud.ready)
	c.temporal.awaitSaying(t, c.temporal.ready)
	var err error
	c.client, err = client.NewLazyClient(client.Options{HostPort: c.temporal.address, Logger: log.NewStructuredLogger(discard)})
	require.NoError(t, err)
	t.Cleanup(c.client.Close)
	return c
}

// castFolder is a folder that stays when the test fails, with everything that was said.
func castFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "kiln-crash-")
	require.NoError(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the logs of all processes are in %s", folder)
			return
		}
		_ = os.RemoveAll(folder)
	})
	return folder
}

// lastingAddress is an address that stays free while its process is dead: one below those
// that the system gives to connections by itself.
func lastingAddress(t *testing.T) string {
	t.Helper()
	for port := 20000 + os.Getpid()%5000; port < 32000; port++ {
		address := fmt.Sprintf("127.0.0.1:%d", port)
		if _, taken := addresses.LoadOrStore(address, true); taken {
			continue
		}
		if listener, err := net.Listen("tcp", address); err == nil {
			require.NoError(t, listener.Close())
			return address
		}
	}
	require.FailNow(t, "no port is free")
	return ""
}

var addresses sync.Map // those given away

func (c *cast) newCloud(address string, opts castOptions) *actor {
	_, port, _ := net.SplitHostPort(address)
	lives := 0
	return c.newActor("cloud", address, kilndevBin(c.t), `"cloudUrl"`, func() []string {
		args := []string{"emulator", "-o", "json", "--port", port, "--state", filepath.Join(c.folder, "cloud.db"), "--speed", opts.speed,
			"--access-key-id", castKeyID, "--access-key-secret", castSecret, "--emulator-log", c.log.live()}
		if opts.faults == nil {
			return args
		}
		lives++
		faults := filepath.Join(c.folder, fmt.Sprintf("faults-%d.yaml", lives))
		require.NoError(c.t, os.WriteFile(faults, []byte(opts.faults(lives)), 0o644))
		return append(args, "--faults", faults)
	})
}

func (c *cast) newTemporal(address string) *actor {
	_, port, _ := net.SplitHostPort(address)
	cloud := "http://" + c.cloud.address
	return c.newActor("temporal", address, kilndevBin(c.t), `"temporalAddress"`, func() []string {
		return []string{"up", "-o", "json", "--no-worker", "--headless", "--port", port, "--db-filename", filepath.Join(c.folder, "temporal.db"),
			"--ecs-endpoint", cloud, "--batchcompute-endpoint", cloud, "--oss-endpoint", cloud}
	})
}

// pollInterval is the time between two looks of a wait.
const pollInterval = 200 * time.Millisecond

// hand is a worker with networks of its own, which stay when it is killed.
type hand struct {
	*actor
	toTemporal, toCloud *network
}

// newHand starts a worker of a task queue that looks often and is missed soon.
func (c *cast) newHand(t *testing.T, queue, callTimeout string) *hand {
	t.Helper()
	h := &hand{toTemporal: newNetwork(t, c.temporal.address, nil), toCloud: newNetwork(t, c.cloud.address, c.passes)}
	c.mu.Lock()
	name := fmt.Sprintf("worker-%d", len(c.hands)+1)
	c.hands = append(c.hands, h)
	c.mu.Unlock()
	cloud := "http://" + h.toCloud.address()
	h.actor = c.newActor(name, "", kilnBin(t), "Worker started polling", func() []string {
		return []string{"worker", "--task-queue", queue, "--poll-interval", pollInterval.String(), "--heartbeat-timeout", "2s", "--call-timeout", callTimeout}
	})
	h.env = environment(t, "TEMPORAL_ADDRESS="+h.toTemporal.address(),
		"KILN_ECS_ENDPOINT="+cloud, "KILN_BATCHCOMPUTE_ENDPOINT="+cloud, "KILN_OSS_ENDPOINT="+cloud,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+castKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+castSecret,
		callsAtWill, eachCallAtWill)
	h.start()
	return h
}

// begin starts a build, however often Temporal goes away meanwhile. Its workflow tasks
// are soon given to another worker.
func (c *cast) begin(id, queue, document string) (built, error) {
	return c.run(id, document, client.StartWorkflowOptions{TaskQueue: queue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE})
}

// retry starts a build again that was cancelled, as kiln retry does.
func (c *cast) retry(b built, queue string) (built, error) {
	var cancelled *temporal.CanceledError
	var left workflows.Cancellation
	if !errors.As(b.err, &cancelled) {
		return b, b.err
	}
	if err := cancelled.Details(&left); err != nil {
		return b, err
	}
	return c.run(b.id, b.document, client.StartWorkflowOptions{TaskQueue: queue, WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY},
		workflows.Retry{RunID: b.run, Origin: b.run, Resources: left.Resources})
}

func (c *cast) run(id, document string, opts client.StartWorkflowOptions, more ...any) (built, error) {
	opts.ID, opts.WorkflowTaskTimeout, opts.WorkflowExecutionErrorWhenAlreadyStarted = id, 3*time.Second, true
	b := built{id: id, document: document}
	err := persist("start build "+id, func(ctx context.Context) error {
		run, err := c.client.ExecuteWorkflow(ctx, opts, workflows.BuildType, append([]any{json.RawMessage(document)}, more...)...)
		var started *serviceerror.WorkflowExecutionAlreadyStarted
		switch {
		case err == nil:
			b.run = run.GetRunID()
		case errors.As(err, &started): // by a call whose answer was lost
			b.run = started.RunId
		default:
			return err
		}
		return nil
	})
	return b, err
}

// built is how a run of a build ended.
type built struct {
	id, run  string
	document string
	result   workflows.Result
	err      error
	unwanted bool // somebody wanted to cancel it
}

// end waits for the end of a run, however often Temporal goes away meanwhile.
func (c *cast) end(b built) built {
	var ended *temporal.WorkflowExecutionError
	if err := persist("wait for build "+b.id, func(ctx context.Context) error {
		b.err = c.client.GetWorkflow(ctx, b.id, b.run).Get(ctx, &b.result)
		if errors.As(b.err, &ended) {
			return nil
		}
		return b.err
	}); err != nil {
		b.err = err
	}
	return b
}

// endurance is the patience with a build whose workers and servers are killed. It bounds
// a failure and measures nothing.
const endurance = 10 * time.Minute

// persist tries until it works. Its error is the last one.
func persist(what string, try func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), endurance)
	defer cancel()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: the patience is over: %w", what, err)
		case <-time.After(glance):
		}
	}
}

// admin asks the cloud's own API for something and returns the answer.
func (c *cast) admin(t *testing.T, method, what, body string) (answer []byte) {
	t.Helper()
	require.NoError(t, persist(method+" "+what, func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, method, "http://"+c.cloud.address+"/_kiln/"+what, strings.NewReader(body))
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if response.StatusCode >= 300 {
			return errors.New(response.Status)
		}
		answer, err = io.ReadAll(response.Body)
		return err
	}))
	return answer
}

// state is everything that there is in the cloud.
func (c *cast) state(t *testing.T) (state emulator.State) {
	t.Helper()
	require.NoError(t, json.Unmarshal(c.admin(t, http.MethodGet, "state", ""), &state))
	return state
}
