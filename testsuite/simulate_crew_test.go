package testsuite

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/internal/emulator"
)

// loss is the loss of a worker with the Nth attempt of an activity in its hands, counted
// over all builds from 1. Activity * is any.
type loss struct {
	Activity string `json:"activity"`
	Attempt  int    `json:"attempt"`
	// Moment is before the call; in the middle, In after its beginning; after the call but
	// before anything of it was said; late: after its trace was left; or stalled: the server
	// gives the attempt up, and In later it goes on.
	Moment string            `json:"moment"`
	In     emulator.Duration `json:"in,omitempty"`
}

// The moments of a loss.
const (
	lostBefore  = "before"
	lostMiddle  = "middle"
	lostAfter   = "after"
	lostLate    = "late"
	lostStalled = "stalled"
)

// How long a server waits until an attempt counts as lost: the defaults of workflows.Options.
const (
	callIsLost = 3 * time.Minute
	waitIsLost = 2 * time.Minute
)

// crew are the workers of builds, some of which get lost.
type crew struct {
	interceptor.WorkerInterceptorBase
	planned []loss

	mu       sync.Mutex
	waits    int
	begun    map[string]int           // attempts by activity; * is any
	running  map[*attempt]bool        // now
	beats    map[string]time.Duration // heartbeat timeouts by the activity's id
	lost     []time.Time
	strays   []time.Time
	happened map[[2]string]int // activities and moments
	stalled  sync.WaitGroup
}

func newCrew(planned []loss) *crew {
	return &crew{
		planned: planned, begun: map[string]int{}, running: map[*attempt]bool{}, beats: map[string]time.Duration{}, happened: map[[2]string]int{},
	}
}

// InterceptWorkflow minds the heartbeats.
func (c *crew) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	return &minded{interceptor.WorkflowInboundInterceptorBase{Next: next}, c}
}

type minded struct {
	interceptor.WorkflowInboundInterceptorBase
	crew *crew
}

// Init puts minding before what executes.
func (m *minded) Init(outbound interceptor.WorkflowOutboundInterceptor) error {
	return m.Next.Init(&minding{interceptor.WorkflowOutboundInterceptorBase{Next: outbound}, m.crew})
}

type minding struct {
	interceptor.WorkflowOutboundInterceptorBase
	crew *crew
}

// ExecuteActivity takes the heartbeat timeout from the environment, which makes no other
// attempt after one, and leaves it to the crew, which does.
func (m *minding) ExecuteActivity(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	if options.HeartbeatTimeout > 0 {
		options.ActivityID = m.crew.mind(options.HeartbeatTimeout)
		options.HeartbeatTimeout = 10_000 * time.Hour
		ctx = workflow.WithActivityOptions(ctx, options)
	}
	return m.Next.ExecuteActivity(ctx, activityType, args...)
}

// mind gives an activity an id under which its silence is limited.
func (c *crew) mind(timeout time.Duration) (id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits++
	id = fmt.Sprint("wait-", c.waits)
	c.beats[id] = timeout
	return id
}

func (c *crew) silence(id string) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.beats[id]
}

// InterceptActivity puts each attempt into the hands of a worker.
func (c *crew) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &attempt{ActivityInboundInterceptorBase: interceptor.ActivityInboundInterceptorBase{Next: next}, crew: c, lost: make(chan struct{})}
}

// begin counts an attempt and returns what is planned for it.
func (c *crew) begin(a *attempt, activityType string) loss {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running[a] = true
	c.begun[activityType]++
	c.begun["*"]++
	for _, l := range c.planned {
		if (l.Activity == activityType || l.Activity == "*") && l.Attempt == c.begun[l.Activity] {
			return l
		}
	}
	return loss{}
}

func (c *crew) end(a *attempt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, a)
}

// kill loses the workers with all that they have in their hands.
func (c *crew) kill() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.running {
		a.lose()
	}
}

// miss notes a loss.
func (c *crew) miss(activityType, at string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lost = append(c.lost, time.Now())
	c.happened[[2]string{activityType, at}]++
}

// wake notes that a worker goes on that was given up.
func (c *crew) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strays = append(c.strays, time.Now())
}

// attempt is one try of an activity, in the hands of a worker.
type attempt struct {
	interceptor.ActivityInboundInterceptorBase
	crew   *crew
	silent atomic.Bool                // its heartbeats do not leave any more
	watch  atomic.Pointer[time.Timer] // runs out when no heartbeat comes
	giveUp atomic.Pointer[context.CancelFunc]
	once   sync.Once
	lost   chan struct{}
}

func (a *attempt) lose() { a.once.Do(func() { close(a.lost) }) }

// Init puts itself before the heartbeats.
func (a *attempt) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	return a.Next.Init(&heart{interceptor.ActivityOutboundInterceptorBase{Next: outbound}, a})
}

// heart lets nothing out of a worker that is lost.
type heart struct {
	interceptor.ActivityOutboundInterceptorBase
	of *attempt
}

// GetInfo tells the heartbeat timeout that the build asked for.
func (h *heart) GetInfo(ctx context.Context) activity.Info {
	info := h.Next.GetInfo(ctx)
	info.HeartbeatTimeout = h.of.crew.silence(info.ActivityID)
	return info
}

// RecordHeartbeat leaves out those of a lost worker.
func (h *heart) RecordHeartbeat(ctx context.Context, details ...any) {
	if watch := h.of.watch.Load(); watch != nil {
		watch.Reset(h.GetInfo(ctx).HeartbeatTimeout)
	}
	if giveUp := h.of.giveUp.Load(); giveUp != nil {
		(*giveUp)() // the server does not know the attempt any more
	}
	if !h.of.silent.Load() {
		h.Next.RecordHeartbeat(ctx, details...)
	}
}

// ExecuteActivity runs the attempt, or as much of it as its worker lives to see.
func (a *attempt) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	if info.ActivityType.Name == stayAwake || info.IsLocalActivity {
		return a.Next.ExecuteActivity(ctx, in)
	}
	began := time.Now()
	defer a.crew.end(a)
	out, lost, err := a.run(ctx, in, a.crew.begin(a, info.ActivityType.Name))
	if lost == "" {
		return out, err
	}
	a.silent.Store(true)
	a.crew.miss(info.ActivityType.Name, lost)
	return nil, given(ctx, info, began)
}

// run runs the attempt with what is planned for it, and says at which instant it was lost.
func (a *attempt) run(ctx context.Context, in *interceptor.ExecuteActivityInput, planned loss) (out any, lost string, err error) {
	switch planned.Moment {
	case lostBefore:
		return nil, lostBefore, nil
	case lostStalled:
		a.stall(ctx, in, time.Duration(planned.In))
		return nil, lostStalled, nil
	case lostAfter:
		a.silent.Store(true)
	case lostMiddle:
		defer time.AfterFunc(time.Duration(planned.In), a.lose).Stop()
	}
	if limit := activity.GetInfo(ctx).HeartbeatTimeout; limit > 0 {
		a.watch.Store(time.AfterFunc(limit, a.lose))
		defer func() { a.watch.Load().Stop() }()
	}
	type end struct {
		out any
		err error
	}
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	done := make(chan end, 1)
	go func() {
		out, err := a.Next.ExecuteActivity(ctx, in)
		done <- end{out, err}
	}()
	select {
	case is := <-done:
		if planned.Moment == lostAfter || planned.Moment == lostLate {
			return nil, planned.Moment, nil
		}
		return is.out, "", is.err
	case <-a.lost:
		a.silent.Store(true)
		kill()
		<-done
		return nil, lostMiddle, nil
	}
}

// stall lets the attempt go on after the server has given it up.
func (a *attempt) stall(ctx context.Context, in *interceptor.ExecuteActivityInput, late time.Duration) {
	a.silent.Store(true)
	wait := patienceWith(activity.GetInfo(ctx)) + late
	a.crew.stalled.Go(func() {
		time.Sleep(wait)
		own, giveUp := context.WithCancel(context.WithoutCancel(ctx))
		defer giveUp()
		a.giveUp.Store(&giveUp)
		a.crew.wake()
		_, _ = a.Next.ExecuteActivity(own, in) // nobody hears of it
	})
}

// patienceWith is how long a server waits for a sign of an attempt.
func patienceWith(info activity.Info) time.Duration {
	if info.HeartbeatTimeout > 0 {
		return waitIsLost
	}
	return callIsLost
}

// given is how a server gives an attempt up: after its patience, with a timeout.
func given(ctx context.Context, info activity.Info, began time.Time) error {
	patience, kind := time.Until(began.Add(callIsLost)), enumspb.TIMEOUT_TYPE_START_TO_CLOSE
	if info.HeartbeatTimeout > 0 {
		patience, kind = waitIsLost, enumspb.TIMEOUT_TYPE_HEARTBEAT
	}
	select {
	case <-time.After(patience):
		return temporal.NewTimeoutError(kind, nil)
	case <-ctx.Done(): // nobody waits for it any more
		return ctx.Err()
	}
}
