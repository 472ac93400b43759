// Package worker runs the workflows and activities: it wires clients, logging and shutdown.
package worker

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	sdkworker "go.temporal.io/sdk/worker"
	"go.uber.org/zap"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/watch"
	"github.com/seed1230462e/kiln/workflows"
)

// waitSlots is how many waits a worker takes up at once. None keeps its slot: it goes on in
// the waiting room.
const waitSlots = 20000

// Options of a worker.
type Options struct {
	Client    client.Options  // where Temporal is
	Cloud     *alicloud.Cloud // what the activities call
	Logger    *zap.Logger
	TaskQueue string // default workflows.DefaultTaskQueue
	// PollInterval is the shortest between two looks at something that is waited for; default
	// watch.DefaultShortest.
	PollInterval time.Duration
	// HeartbeatTimeout, CallTimeout, NotifyRetry: see workflows.Options.
	HeartbeatTimeout time.Duration
	CallTimeout      time.Duration
	NotifyRetry      workflows.NotifyRetry
	// StopTimeout is how long a stop waits for running calls; default 30 s.
	StopTimeout time.Duration
	// QueueRate is how many activities a second the server gives to all workers of the task
	// queue together, waits not counted; 0 is no limit. With one there are no eager activities.
	QueueRate float64
	// NewsInterval is the least time between two beats of a wait. By default a wait beats
	// once in four fifths of the heartbeat time-out, since each beat is billed.
	NewsInterval time.Duration
	// CachedWorkflows is how many builds a worker keeps in memory between two of their steps;
	// one that it does not keep is replayed from its history, in milliseconds. Default 500.
	CachedWorkflows int
	// Ready is called each time the worker begins to poll; may be nil.
	Ready func()
}

func (o Options) withDefaults() Options {
	o.Client.HostPort = cmp.Or(o.Client.HostPort, client.DefaultHostPort)
	o.Client.Namespace = cmp.Or(o.Client.Namespace, client.DefaultNamespace)
	o.TaskQueue = cmp.Or(o.TaskQueue, workflows.DefaultTaskQueue)
	o.StopTimeout = cmp.Or(o.StopTimeout, defaultStopTimeout)
	o.CachedWorkflows = cmp.Or(o.CachedWorkflows, defaultCachedWorkflows)
	o.HeartbeatTimeout = cmp.Or(o.HeartbeatTimeout, workflows.DefaultHeartbeatTimeout)
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Client.Logger == nil {
		o.Client.Logger = temporalLogger(o.Logger)
	}
	if o.Ready == nil {
		o.Ready = func() {}
	}
	return o
}

// Run serves the task queue and its wait queue until ctx is done. It waits for a server
// that is not up yet and comes back when the server went away. It returns an error only
// for what waiting cannot mend: a namespace that does not exist, a refused key.
func Run(ctx context.Context, opts Options) error {
	opts = opts.withDefaults()
	logger := opts.Logger.With(zap.String("address", opts.Client.HostPort), zap.String("namespace", opts.Client.Namespace))
	sdkworker.SetStickyWorkflowCacheSize(opts.CachedWorkflows)
	var pause backoff
	var said string
	for ctx.Err() == nil {
		err := serve(ctx, opts, logger, func() { said = ""; pause.reset() })
		if lasting := (*cli.Error)(nil); errors.As(err, &lasting) {
			return err
		}
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if why := reason(err); why != said {
			said = why
			logger.Warn("Waiting for Temporal", zap.String("reason", why))
		}
		pause.wait(ctx)
	}
	return nil
}

// serve connects, polls until ctx is done or the worker is lost, and drains. It returns
// nil only when ctx is done.
func serve(ctx context.Context, opts Options, logger *zap.Logger, up func()) error {
	c, err := connect(ctx, opts.Client, logger)
	if err != nil {
		return err
	}
	defer c.Close()

	lost := make(chan error, 2)
	watching, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	room := activities.NewWaitingRoom(c, cmp.Or(opts.NewsInterval, opts.HeartbeatTimeout))
	watcher := watch.New(watching, opts.Cloud, watch.Options{Shortest: opts.PollInterval, Stopping: room.Closing})
	defer closeRoom(room, opts.StopTimeout) // after the workers have ceased to ask for work
	pair := newPair(c, opts, watcher, room, lost)
	defer pair.stop()
	if err := pair.start(); err != nil {
		return refusal(opts.Client, err)
	}
	up()
	logger.Info("Worker started polling", zap.String("task_queue", opts.TaskQueue))
	opts.Ready()

	select {
	case <-ctx.Done():
		logger.Info("Worker is draining", zap.Duration("at_most", opts.StopTimeout))
		return nil
	case err := <-lost:
		return refusal(opts.Client, err)
	}
}

// closeRoom hands the waits over.
func closeRoom(room *activities.WaitingRoom, limit time.Duration) {
	ctx, done := context.WithTimeout(context.Background(), limit)
	defer done()
	room.Close(ctx)
}

// pair is the two SDK workers of a process: calls and workflows, and waits.
type pair [2]sdkworker.Worker

func newPair(c client.Client, opts Options, watcher activities.Watcher, room *activities.WaitingRoom, lost chan<- error) pair {
	calls := sdkworker.New(c, opts.TaskQueue, opts.forCalls(lost))
	workflows.Register(calls, workflows.Options{
		HeartbeatTimeout: opts.HeartbeatTimeout, CallTimeout: opts.CallTimeout, NotifyRetry: opts.NotifyRetry,
	})
	waits := sdkworker.New(c, workflows.WaitQueue(opts.TaskQueue), opts.forWaits(lost))

	for _, w := range []sdkworker.Worker{calls, waits} {
		activities.Register(w, opts.Cloud, watcher, room)
	}
	return pair{calls, waits}
}

// forCalls are the options of the worker of calls and workflows.
func (o Options) forCalls(lost chan<- error) sdkworker.Options {
	return sdkworker.Options{
		WorkerStopTimeout:            o.StopTimeout,
		OnFatalError:                 func(err error) { lost <- err },
		TaskQueueActivitiesPerSecond: o.QueueRate,
	}
}

// forWaits are the options of the worker of waits, which are no calls to be counted.
func (o Options) forWaits(lost chan<- error) sdkworker.Options {
	waits := o.forCalls(lost)
	waits.TaskQueueActivitiesPerSecond = 0
	waits.DisableWorkflowWorker = true
	waits.MaxConcurrentActivityExecutionSize = waitSlots
	return waits
}

func (p pair) start() error {
	for _, w := range p {
		if err := w.Start(); err != nil {
			return err
		}
	}
	return nil
}

// stop drains both at once, so that a stop takes the stop time-out once.
func (p pair) stop() {
	var draining sync.WaitGroup
	for _, w := range p {
		draining.Go(w.Stop)
	}
	draining.Wait()
}
