package worker

import (
	"context"
	"time"
)

const (
	firstPause = 200 * time.Millisecond
	lastPause  = 10 * time.Second
)

// backoff is the growing pause between two tries to reach Temporal.
type backoff struct{ pause time.Duration }

// next is how long to wait now: 0.2 s, then twice as long each time, at most 10 s.
func (b *backoff) next() time.Duration {
	b.pause = min(max(2*b.pause, firstPause), lastPause)
	return b.pause
}

func (b *backoff) reset() { b.pause = 0 }

// wait returns after the next pause or when ctx is done.
func (b *backoff) wait(ctx context.Context) {
	timer := time.NewTimer(b.next())
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
