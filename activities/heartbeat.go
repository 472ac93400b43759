package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"
)

// Heartbeat is what a waiting activity last saw: the details of its heartbeat, which
// `kiln watch` reads from the pending activity.
type Heartbeat struct {
	Percent int    `json:"percent"` // 0 when the cloud does not say
	Detail  string `json:"detail"`  // such as "task t-1 is Processing"
}

// pulse beats for a waiting activity, also while a look hangs, until it is stopped.
type pulse struct {
	ctx     context.Context
	mu      sync.Mutex
	last    Heartbeat
	stopped chan struct{}
}

// startPulse beats at two thirds of the activity's heartbeat timeout.
func startPulse(ctx context.Context) *pulse {
	p := &pulse{ctx: ctx, stopped: make(chan struct{})}
	if timeout := activity.GetInfo(ctx).HeartbeatTimeout; timeout > 0 {
		go p.beat(timeout * 2 / 3)
	}
	return p
}

func (p *pulse) beat(interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			p.record()
		case <-p.ctx.Done():
			return
		case <-p.stopped:
			return
		}
	}
}

// say beats at once when there is news; the SDK thins out what comes too often.
func (p *pulse) say(news Heartbeat) {
	p.mu.Lock()
	changed := news != p.last
	p.last = news
	p.mu.Unlock()
	if changed {
		p.record()
	}
}

func (p *pulse) record() {
	p.mu.Lock()
	defer p.mu.Unlock()
	activity.RecordHeartbeat(p.ctx, p.last)
}

func (p *pulse) stop() { close(p.stopped) }
