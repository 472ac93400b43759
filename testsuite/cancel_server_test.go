package testsuite

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/activities"
)

// attempts are those of a build's activities. The environment cancels every activity at
// once, and then still makes the attempts that its retries had planned. A server cancels at
// once one that has not begun, or is in the pause before its next attempt; of an activity
// that waits for its cancellation it lets the attempt that runs come to its end, whose
// outcome is then the activity's. No other attempt follows.
type attempts struct {
	mu       sync.Mutex
	count    int
	running  map[string]bool
	unwanted map[string]bool // those that are cancelled
	pending  map[string]bool // those that run, or will be tried again
	begun    chan struct{}   // closed when the build begins
	over     chan struct{}   // and when it ends
}

// next is the id of the next activity.
func (a *attempts) next() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	return fmt.Sprint("call-", a.count)
}

// cancel makes the attempt that runs the last one, and tells whether there is one.
func (a *attempts) cancel(id string) (runs bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.unwanted == nil {
		a.unwanted = map[string]bool{}
	}
	a.unwanted[id] = true
	return a.running[id]
}

// begin tells whether an attempt may begin.
func (a *attempts) begin(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.running == nil {
		a.running, a.pending = map[string]bool{}, map[string]bool{}
	}
	if a.last(id) {
		delete(a.pending, id)
		return false
	}
	a.running[id], a.pending[id] = true, true
	return true
}

// finish tells whether the attempt was the last one: it succeeded, or there will be no other.
func (a *attempts) finish(id string, err error) (last bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.running, id)
	var refused *temporal.ApplicationError
	if last = a.last(id); last || err == nil || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &refused) && refused.NonRetryable() {
		delete(a.pending, id)
	}
	return last
}

// last tells whether an activity is not tried any more.
func (a *attempts) last(id string) bool {
	select {
	case <-a.over:
		return true
	default:
		return a.unwanted[id]
	}
}

// end ends all attempts: the build is over.
func (a *attempts) end() { close(a.over) }

// ended tells whether none runs any more.
func (a *attempts) ended() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.pending) == 0
}

// executeUntilCancelled executes an activity that is given up at once when it is cancelled.
func (s *asServer) executeUntilCancelled(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	options := workflow.GetActivityOptions(ctx)
	if options.ActivityID == "" {
		options.ActivityID = s.attempts.next()
	}
	future := s.Next.ExecuteActivity(workflow.WithActivityOptions(ctx, options), activityType, args...)
	apart, _ := workflow.NewDisconnectedContext(ctx)
	workflow.Go(apart, func(apart workflow.Context) {
		workflow.NewSelector(apart).AddFuture(future, func(workflow.Future) {}).
			AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {}).Select(apart)
		if ctx.Err() != nil {
			s.attempts.cancel(options.ActivityID)
		}
	})
	return future
}

// executeToItsEnd executes an activity that waits for its cancellation.
func (s *asServer) executeToItsEnd(ctx workflow.Context, activityType string, args ...any) workflow.Future {
	apart, cancel := workflow.NewDisconnectedContext(ctx)
	options := workflow.GetActivityOptions(ctx)
	options.ActivityID = s.attempts.next()
	future := s.Next.ExecuteActivity(workflow.WithActivityOptions(apart, options), activityType, args...)
	workflow.Go(apart, func(apart workflow.Context) {
		workflow.NewSelector(apart).AddFuture(future, func(workflow.Future) {}).
			AddReceive(ctx.Done(), func(workflow.ReceiveChannel, bool) {
				if !s.attempts.cancel(options.ActivityID) {
					cancel()
				}
			}).Select(apart)
	})
	return future
}

// InterceptActivity watches the attempts.
func (a *awake) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	return &attended{interceptor.ActivityInboundInterceptorBase{Next: next}, &a.attempts}
}

type attended struct {
	interceptor.ActivityInboundInterceptorBase
	attempts *attempts
}

var errOver = temporal.NewNonRetryableApplicationError("no other attempt follows", "", nil)

// ExecuteActivity makes the failure of a last attempt final.
func (a *attended) ExecuteActivity(ctx context.Context, in *interceptor.ExecuteActivityInput) (any, error) {
	info := activity.GetInfo(ctx)
	switch {
	case info.ActivityType.Name == stayAwake:
		return a.Next.ExecuteActivity(ctx, in)
	case !a.attempts.begin(info.ActivityID):
		return nil, errOver
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-a.attempts.over:
			cancel()
		case <-ctx.Done():
		}
	}()
	result, err := a.Next.ExecuteActivity(ctx, in)
	if !a.attempts.finish(info.ActivityID, err) || err == nil {
		return result, err
	}
	return result, final(err)
}

// final is the failure of an attempt after which there is no other.
func final(err error) error {
	var refused *temporal.ApplicationError
	var is activities.Failure
	if !errors.As(err, &refused) || refused.Details(&is) != nil {
		return temporal.NewNonRetryableApplicationError(err.Error(), "", err)
	}
	return temporal.NewNonRetryableApplicationError(refused.Message(), refused.Type(), nil, is)
}
