package testsuite

// The matrix tests run real builds against the emulated cloud, at the pace of production
// and in no time: each test is a bubble of simulated time (testing/synctest) that holds
// the test environment of the SDK, the activities, our client, a network of pipes and
// the cloud. The cloud's own log is the witness, not what a build says of itself.

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	sdktest "go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/watch"
	"github.com/seed1230462e/kiln/workflows"
)

// The seeded disks as they lie in the repository: the matrix only reads them.
const seed = "../cmd/kilndev/seed"

// yardSecret signs what builds send.
const yardSecret = "kiln-dev-secret"

// yard is an emulated cloud with a client of ours, in a bubble.
type yard struct {
	t      *testing.T
	server *emulator.Server
	log    *requestLog
	cloud  *alicloud.Cloud

	network *pipes
}

// bubble runs a test in simulated time, with a cloud whose imports take a minute and
// whose executions take two.
func bubble(t *testing.T, test func(y *yard)) {
	t.Helper()
	bubbleAt(t, 10, test)
}

// bubbleAt is bubble with another speed of the cloud.
func bubbleAt(t *testing.T, speed float64, test func(y *yard)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 11, 21, 10, 0, 20, 0, time.UTC))) // bubbles begin in 2000
		test(newYard(t, speed))
	})
}

// newYard opens a cloud with the seeded disks.
func newYard(t *testing.T, speed float64) *yard {
	t.Helper()
	return openYard(t, emulator.Options{OSSDir: seed, Speed: speed})
}

// openYard opens a cloud.
func openYard(t *testing.T, opts emulator.Options) *yard {
	t.Helper()
	y := &yard{t: t, log: &requestLog{}}
	opts.Log = y.log
	var err error
	y.server, err = emulator.New(opts)
	require.NoError(t, err)
	y.network = newPipes()
	listening := &http.Server{Handler: y.server}
	go func() { _ = listening.Serve(y.network) }()
	y.cloud, err = alicloud.New(alicloud.Options{
		ECSEndpoint: "http://cloud.test", BatchComputeEndpoint: "http://cloud.test", OSSEndpoint: "http://cloud.test",
		AccessKeyID: "kiln-dev", AccessKeySecret: yardSecret, Dial: y.network.dial,
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, y.server.Close())
		require.NoError(t, listening.Close())
		y.cloud.CloseIdleConnections()
	})
	return y
}

// plan makes the cloud misbehave.
func (y *yard) plan(faults ...emulator.Fault) { require.NoError(y.t, y.server.Plan(faults...)) }

// set brings the account and the services into a state.
func (y *yard) set(change func(*emulator.Conditions)) {
	to := y.server.Conditions()
	change(&to)
	require.NoError(y.t, y.server.Set(to))
}

// pipes is a network within the process.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
}

func newPipes() *pipes { return &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case p.accepted <- theirs:
		return ours, nil
	case <-p.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for the next connection.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.accepted:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the network.
func (p *pipes) Close() error { close(p.closed); return nil }

// Call lets the vendor's SDK use the network.
func (p *pipes) Call(request *http.Request, _ *http.Transport) (*http.Response, error) {
	return (&http.Transport{DialContext: p.dial, DisableKeepAlives: true}).RoundTrip(request)
}

// Addr is no address.
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "cloud.test", Net: "pipe"} }

// requests are all requests of the log that fit.
func (y *yard) requests(fits func(request) bool) []request {
	y.log.mu.Lock()
	defer y.log.mu.Unlock()
	all := readRequests(y.t, y.log.lines.String())
	return slices.DeleteFunc(all, func(r request) bool { return !fits(r) })
}

// calls are the requests of an API.
func (y *yard) calls(api string) []request {
	return y.requests(func(r request) bool { return r.api() == api })
}

// resources are the ids of what the calls of an API made.
func (y *yard) resources(api string) []string {
	var ids []string
	for _, r := range y.requests(request.made) {
		if r.api() == api {
			ids = append(ids, r.ResourceIDs...)
		}
	}
	return ids
}

// verdict is how a build ended.
type verdict struct {
	result   workflows.Result
	err      error
	typ      string // of the failure; empty when the build succeeded
	failure  workflows.Failure
	progress workflows.Progress
	left     *workflows.Cancellation // of a build that was cancelled
	said     []string                // the details of the steps while they ran
	beats    []string                // the details of the heartbeats
}

// shown is the failure as the progress shows it, which has the ledger beside it.
func (v verdict) shown() *workflows.Failure {
	failure := v.failure
	failure.Resources = nil
	return &failure
}

// order is a build to be run. Times count from its start.
type order struct {
	id       string // default golden
	document string
	retry    *workflows.Retry
	watch    []time.Duration          // when to ask for the progress
	at       map[time.Duration]func() // what happens meanwhile
	// meanwhile runs beside the build; cancel asks the build to end.
	meanwhile func(cancel func())

	workers interceptor.WorkerInterceptor // what becomes of the workers; nil when they are well
	logs    io.Writer                     // default discarded
	metrics client.MetricsHandler         // default discarded
}

// arguments are those of the workflow.
func (o order) arguments() []any {
	if o.retry == nil {
		return []any{json.RawMessage(o.document)}
	}
	return []any{json.RawMessage(o.document), o.retry}
}

// build runs a build to its end.
func (y *yard) build(o order) verdict {
	y.t.Helper()
	v, err := y.run(o)
	require.NoError(y.t, err)
	return v
}

// run is build; its error says that the build came to no end of its own.
func (y *yard) run(o order) (v verdict, err error) {
	env, awake := y.environment(o)
	defer func() {
		if stuck := recover(); stuck != nil {
			err = fmt.Errorf("%v", stuck)
		}
	}()
	for _, at := range o.watch {
		env.RegisterDelayedCallback(func() { v.said = append(v.said, details(y.progress(env))...) }, at)
	}
	for at, happens := range o.at {
		env.RegisterDelayedCallback(happens, at)
	}
	env.SetOnActivityHeartbeatListener(func(_ *activity.Info, values converter.EncodedValues) {
		var beat activities.Heartbeat
		if values.Get(&beat) == nil && beat.Detail != "" {
			v.beats = append(v.beats, beat.Detail)
		}
	})
	var aside sync.WaitGroup
	if o.meanwhile != nil {
		aside.Go(func() {
			<-awake.attempts.begun
			o.meanwhile(env.CancelWorkflow)
		})
	}
	env.ExecuteWorkflow(workflows.BuildType, o.arguments()...)
	close(awake.done)
	aside.Wait()
	return v, y.judge(env, &v)
}

// environment is where a build runs, with its workers.
func (y *yard) environment(o order) (*sdktest.TestWorkflowEnvironment, *awake) {
	if o.logs == nil {
		o.logs = io.Discard
	}
	var suite sdktest.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.NewTextHandler(o.logs, nil))))
	suite.SetMetricsHandler(o.metrics)
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(1000 * time.Hour)
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: cmp.Or(o.id, "golden"), TaskQueue: workflows.DefaultTaskQueue})
	awake := &awake{done: make(chan struct{}), attempts: attempts{begun: make(chan struct{}), over: make(chan struct{})}}
	around := []interceptor.WorkerInterceptor{awake}
	if o.workers != nil {
		around = append(around, o.workers)
	}
	env.SetWorkerOptions(worker.Options{Interceptors: around})
	env.RegisterActivityWithOptions(awake.stay, activity.RegisterOptions{Name: stayAwake})
	workflows.Register(env, workflows.Options{})
	activities.Register(env, y.cloud, watch.New(y.t.Context(), y.cloud, watch.Options{Stopping: activity.GetWorkerStopChannel}), nil)
	return env, awake
}

// judge reads how a build ended.
func (y *yard) judge(env *sdktest.TestWorkflowEnvironment, v *verdict) error {
	if !env.IsWorkflowCompleted() {
		return errors.New("the build did not end")
	}
	v.progress = y.progress(env)
	if v.err = env.GetWorkflowError(); v.err == nil {
		return env.GetWorkflowResult(&v.result)
	}
	var cancelled *temporal.CanceledError
	if errors.As(v.err, &cancelled) {
		var left workflows.Cancellation
		err := cancelled.Details(&left)
		v.left = asSent(y.t, left)
		return err
	}
	var refused *temporal.ApplicationError
	if !errors.As(v.err, &refused) || !refused.NonRetryable() {
		return fmt.Errorf("the build ended with an error that is none of its own: %w", v.err)
	}
	v.typ = refused.Type()
	return refused.Details(&v.failure)
}

// asSent is a value after its way through history: the environment hands over its own.
func asSent[T any](t *testing.T, value T) *T {
	t.Helper()
	text, err := json.Marshal(value)
	require.NoError(t, err)
	sent := new(T)
	require.NoError(t, json.Unmarshal(text, sent))
	return sent
}

func (y *yard) progress(env *sdktest.TestWorkflowEnvironment) workflows.Progress {
	answer, err := env.QueryWorkflow(workflows.ProgressQuery)
	require.NoError(y.t, err)
	var progress workflows.Progress
	require.NoError(y.t, answer.Get(&progress))
	return progress
}

func details(p workflows.Progress) []string {
	var said []string
	for _, s := range p.Steps {
		if s.Detail != "" {
			said = append(said, s.Detail)
		}
	}
	return said
}

// awake keeps an activity running beside the build. While one runs, the environment
// skips no time: its timers and retries take as long as they say, in the bubble's time.
type awake struct {
	interceptor.WorkerInterceptorBase
	done     chan struct{}
	attempts attempts
}

const stayAwake = "StayAwake"

func (a *awake) stay(context.Context) error { <-a.done; return nil }

// InterceptWorkflow starts the activity before the build begins.
func (a *awake) InterceptWorkflow(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &wakeful{interceptor.WorkflowInboundInterceptorBase{Next: next}, &a.attempts}
}

type wakeful struct {
	interceptor.WorkflowInboundInterceptorBase
	attempts *attempts
}

// Init puts asServer before the environment.
func (w *wakeful) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return w.Next.Init(&asServer{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, w.attempts})
}

// ExecuteWorkflow runs the build with the activity beside it. It ends with the last
// activity, since the environment leaves alone what is cancelled and still runs.
func (w *wakeful) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	aside, _ := workflow.NewDisconnectedContext(ctx)
	workflow.ExecuteActivity(workflow.WithActivityOptions(aside, workflow.ActivityOptions{ScheduleToCloseTimeout: 10000 * time.Hour}), stayAwake)
	close(w.attempts.begun)
	result, err := w.Next.ExecuteWorkflow(ctx, in)
	w.attempts.end()
	for seconds := 0; seconds < 200 && !w.attempts.ended(); seconds++ {
		_ = workflow.Sleep(aside, time.Second)
	}
	return result, err
}

// asServer lets activities be tried as a server does: without a limit to the number of
// attempts, where the environment sets one, and without the StartToClose timeout, which a
// server starts anew with each attempt while the environment counts all of them and the
// pauses between. What an attempt may take is still bounded by the client's timeouts.
type asServer struct {
	interceptor.WorkflowOutboundInterceptorBase
	attempts *attempts
}

// ExecuteActivity leaves the other options as they are. What is cancelled before it
// begins never reaches a server.
func (s *asServer) ExecuteActivity(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	if err := ctx.Err(); err != nil {
		future, settable := workflow.NewFuture(ctx)
		settable.SetError(err)
		return future
	}
	var retry temporal.RetryPolicy
	if own := workflow.GetActivityOptions(ctx).RetryPolicy; own != nil {
		retry = *own
	}
	retry.MaximumAttempts = 1_000_000
	ctx = workflow.WithRetryPolicy(workflow.WithStartToCloseTimeout(ctx, 0), retry)
	if workflow.GetActivityOptions(ctx).WaitForCancellation {
		return s.executeToItsEnd(ctx, activityType, args...)
	}
	return s.executeUntilCancelled(ctx, activityType, args...)
}
