package activities

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/watch"
)

// ended is what Temporal is told of a wait.
type ended struct {
	result any
	err    error
	beats  []Heartbeat
	times  []time.Time // of the beats
	at     time.Time
}

// books are a Completer of one wait.
type books struct {
	answer func(beat int) error // to the beats, counted from 1; may be nil

	mu    sync.Mutex
	is    ended
	over  chan struct{}
	begun time.Time
}

func (b *books) CompleteActivity(_ context.Context, _ []byte, result any, err error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.is.result, b.is.err, b.is.at = result, err, time.Now()
	close(b.over)
	return nil
}

func (b *books) RecordActivityHeartbeat(_ context.Context, _ []byte, details ...any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.is.beats, b.is.times = append(b.is.beats, details[0].(Heartbeat)), append(b.is.times, time.Now())
	if b.answer == nil {
		return nil
	}
	return b.answer(len(b.is.beats))
}

// waitIn runs AwaitImport in a room, with looks a minute apart, closes the room when the
// wait is over or stop is closed, and returns what Temporal is told.
func waitIn(t *testing.T, b *books, stop chan struct{}, looks ...look) ended {
	t.Helper()
	b.over, b.begun = make(chan struct{}), time.Now()
	room := NewWaitingRoom(b, time.Hour)
	watcher := watch.New(t.Context(), &script{looks: looks, usable: &yes}, watch.Options{Shortest: time.Minute, Stopping: room.Closing})
	imports := &Import{Watcher: watcher, Room: room}
	env := environment(t, imports)
	_, err := env.ExecuteActivity(imports.AwaitImport, AwaitImportInput{TaskID: "t-1", ImageID: "m-1"})
	require.ErrorIs(t, err, activity.ErrResultPending)
	select {
	case <-b.over:
	case <-stop:
	}
	room.Close(t.Context())
	synctest.Wait() // a beat may be on its way at the same moment
	return b.is
}

// stay keeps a wait with a heartbeat time-out of ten minutes and a deadline of two hours in
// a room, and returns what Temporal is told.
func stay(t *testing.T, b *books, least time.Duration, wait func(context.Context, *pulse) (any, error)) ended {
	t.Helper()
	b.over, b.begun = make(chan struct{}), time.Now()
	room := NewWaitingRoom(b, least)
	room.admit(t.Context(), activity.Info{HeartbeatTimeout: 10 * time.Minute, Deadline: b.begun.Add(2 * time.Hour)}, wait)
	room.waits.Wait()
	synctest.Wait() // a beat may be on its way at the same moment
	return b.is
}

func TestWaitEndsFromTheRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := waitIn(t, &books{}, nil, statuses("Processing", "Finished", "Available")...)
		require.NoError(t, is.err)
		require.Equal(t, AwaitImportResult{ImageName: "golden"}, is.result)
	})
}

func TestFailureLeavesTheRoomAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		is := waitIn(t, &books{}, nil, statuses("Failed")...)
		refused(t, is.err, ImportFailed)
	})
}

func TestWaitInTheRoomBeats(t *testing.T) {
	for _, test := range []struct {
		name  string
		least time.Duration
		beats []int // minutes after the begin
		seen  []int // percentages
	}{
		{"in four fifths of the time-out, with news or without", time.Hour, []int{0, 8, 16, 24, 32}, []int{1, 7, 16, 22, 22}},
		{"with news as soon as it may", 3 * time.Minute, []int{0, 3, 6, 9, 12, 15, 18, 21, 29}, []int{1, 4, 7, 10, 13, 16, 19, 22, 22}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				is := stay(t, &books{}, test.least, func(_ context.Context, pulse *pulse) (any, error) {
					for minute := 0; minute < 22; minute += 3 {
						pulse.say(Heartbeat{Percent: minute + 1})
						synctest.Wait()
						time.Sleep(3 * time.Minute)
					}
					time.Sleep(10 * time.Minute)
					return "done", nil
				})
				var beats, seen []int
				for i, at := range is.times {
					beats, seen = append(beats, int(at.Sub(is.times[0]).Minutes())), append(seen, is.beats[i].Percent)
				}
				require.Equal(t, test.beats, beats)
				require.Equal(t, test.seen, seen)
				require.Equal(t, "done", is.result)
			})
		})
	}
}

func TestWaitThatNobodyWantsEnds(t *testing.T) {
	for _, test := range []struct {
		name      string
		answer    error
		cancelled bool
	}{
		{"its build was cancelled", temporal.NewCanceledError(), true},
		{"its build is over", serviceerror.NewNotFound("no such activity"), false},
		{"it is paused", activity.ErrActivityPaused, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				books := &books{answer: func(beat int) error {
					if beat < 3 {
						return serviceerror.NewUnavailable("the server is away, which is no reason")
					}
					return test.answer
				}}
				is := stay(t, books, time.Hour, func(ctx context.Context, _ *pulse) (any, error) {
					<-ctx.Done()
					return nil, ctx.Err()
				})
				require.Equal(t, 24*time.Minute, is.at.Sub(books.begun))
				require.Error(t, is.err)
				require.Equal(t, test.cancelled, temporal.IsCanceledError(is.err))
			})
		})
	}
}

// Whoever waits beyond the deadline is timed out by the server, whose word is Timeout.
func TestWaitThatRunsOutOfTimeTellsNoFailure(t *testing.T) {
	for _, test := range []struct {
		name  string
		fails error
		told  bool
	}{
		{"it ends with the deadline", context.DeadlineExceeded, false},
		{"its last look ends with the deadline", fmt.Errorf("look at task t-1: %w", context.DeadlineExceeded), false},
		{"a failure comes after the deadline", Ended(Disappeared, "it is gone", ""), false},
		{"a result that comes with the deadline is told", nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				books := &books{}
				is := stay(t, books, time.Hour, func(ctx context.Context, _ *pulse) (any, error) {
					<-ctx.Done()
					return "done", test.fails
				})
				require.Equal(t, 2*time.Hour, time.Since(books.begun))
				require.Equal(t, test.told, !is.at.IsZero())
				require.NoError(t, is.err)
			})
		})
	}
}

func TestStoppingWorkerEmptiesItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		time.AfterFunc(5*time.Minute, func() { close(stop) })
		books := &books{}
		is := waitIn(t, books, stop, statuses("Processing")...)
		require.Equal(t, 5*time.Minute, is.at.Sub(books.begun), "at once")
		var handed *temporal.ApplicationError
		require.ErrorAs(t, is.err, &handed)
		require.Equal(t, "WorkerStopped", handed.Type())
		require.Equal(t, handOverPause, handed.NextRetryDelay())
	})
}

func TestRoomDoesNotWaitForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := NewWaitingRoom(nil, 0)
		leave := make(chan struct{})
		room.waits.Go(func() { <-leave })
		ctx, done := context.WithTimeout(t.Context(), time.Minute)
		defer done()
		room.Close(ctx)
		require.ErrorIs(t, ctx.Err(), context.DeadlineExceeded)
		close(leave)
	})
}
