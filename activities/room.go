package activities

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
)

// Completer is the part of a Temporal client that ends an activity from outside its
// function, and beats for it.
type Completer interface {
	CompleteActivity(ctx context.Context, taskToken []byte, result any, err error) error
	RecordActivityHeartbeat(ctx context.Context, taskToken []byte, details ...any) error
}

// WaitingRoom is where the waits of a worker block. An activity that blocks keeps the stack
// of the whole call, some 30 KB; in the room a wait keeps a goroutine of a few, and the
// activity ends from there. For Temporal it makes no difference: the attempt beats and ends
// as any other. (SDK: activity.ErrResultPending.)
type WaitingRoom struct {
	temporal Completer
	least    time.Duration // between two beats
	waits    sync.WaitGroup
	closing  chan struct{}
}

// NewWaitingRoom makes a room whose waits tell news not sooner than least after a beat.
func NewWaitingRoom(temporal Completer, least time.Duration) *WaitingRoom {
	return &WaitingRoom{temporal: temporal, least: least, closing: make(chan struct{})}
}

// Closing returns a channel that is closed when the waits are to leave, and be taken over
// by another worker.
func (r *WaitingRoom) Closing(context.Context) <-chan struct{} { return r.closing }

// Close lets the waits leave. It returns when all have, or when ctx is done. It is for a
// worker that asks for no more work: what is handed over would come back to it.
func (r *WaitingRoom) Close(ctx context.Context) {
	close(r.closing)
	empty := make(chan struct{})
	go func() {
		r.waits.Wait()
		close(empty)
	}()
	select {
	case <-empty:
	case <-ctx.Done():
	}
}

// await blocks in a room until wait returns. Without a room the activity itself blocks.
func await[R any](ctx context.Context, room *WaitingRoom, wait func(ctx context.Context, pulse *pulse) (R, error)) (R, error) {
	if room == nil {
		pulse := startPulse(paceFor(activity.GetInfo(ctx).HeartbeatTimeout, 0), func(is Heartbeat) { activity.RecordHeartbeat(ctx, is) })
		defer pulse.stop()
		return wait(ctx, pulse)
	}
	room.admit(ctx, activity.GetInfo(ctx), func(ctx context.Context, pulse *pulse) (any, error) { return wait(ctx, pulse) })
	var pending R
	return pending, activity.ErrResultPending
}

// admit lets a wait go on as long as its attempt may, and ends the attempt with it.
func (r *WaitingRoom) admit(ctx context.Context, info activity.Info, wait func(context.Context, *pulse) (any, error)) {
	ctx, done := context.WithDeadline(context.WithoutCancel(ctx), info.Deadline)
	ctx, cancel := context.WithCancelCause(ctx)
	r.waits.Go(func() {
		defer done()
		pace := paceFor(info.HeartbeatTimeout, r.least)
		pulse := startPulse(pace, func(is Heartbeat) { r.beat(ctx, cancel, pace.most, info.TaskToken, is) })
		result, err := recovered(ctx, pulse, wait)
		pulse.stop()
		r.end(ctx, info.TaskToken, result, err)
	})
}

// beat tells Temporal what a wait saw, and ends the wait when nobody waits for it any more.
func (r *WaitingRoom) beat(ctx context.Context, cancel context.CancelCauseFunc, limit time.Duration, token []byte, is Heartbeat) {
	ctx, done := context.WithTimeout(ctx, limit)
	defer done()
	if err := r.temporal.RecordActivityHeartbeat(ctx, token, is); unwanted(err) {
		cancel(err)
	}
}

// unwanted tells whether the answer to a beat means that the attempt is to end, as the SDK
// reads it.
func unwanted(err error) bool {
	var gone *serviceerror.NotFound
	return temporal.IsCanceledError(err) || errors.As(err, &gone) ||
		errors.Is(err, activity.ErrActivityPaused) || errors.Is(err, activity.ErrActivityReset)
}

// endTimeout is for telling the end of a wait. One that is not told ends by its heartbeat
// time-out, and the next attempt sees what this one saw.
const endTimeout = time.Minute

// end tells Temporal how a wait ended. A failure that its deadline brought, or that came
// after it, is not told, as the SDK tells none: the server times the attempt out, and the
// build ends with Timeout.
func (r *WaitingRoom) end(ctx context.Context, token []byte, result any, err error) {
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return
	}
	if cause := context.Cause(ctx); temporal.IsCanceledError(cause) {
		err = cause
	}
	telling, done := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer done()
	told := r.temporal.CompleteActivity(telling, token, result, err)
	if told != nil && !unwanted(told) {
		activity.GetLogger(ctx).Warn("End of a wait not told", "error", told)
	}
}

// recovered is a wait whose panic is an error, as it is in an activity.
func recovered(ctx context.Context, pulse *pulse, wait func(context.Context, *pulse) (any, error)) (result any, err error) {
	defer func() {
		if stuck := recover(); stuck != nil {
			activity.GetLogger(ctx).Error("Wait panicked", "panic", stuck, "stack", string(debug.Stack()))
			result, err = nil, fmt.Errorf("panic: %v", stuck)
		}
	}()
	return wait(ctx, pulse)
}
