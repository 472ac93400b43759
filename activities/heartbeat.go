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

// pulse beats for a waiting activity, also while a look hangs, until it is stopped. It
// beats from a timer: a worker holds thousands of waits, and the stack that a request
// takes would stay with each.
type pulse struct {
	ctx      context.Context
	interval time.Duration

	mu      sync.Mutex
	last    Heartbeat
	timer   *time.Timer
	stopped bool
}

// never is as good as no beat at all.
const never = 1 << 62

// startPulse beats at two thirds of the activity's heartbeat timeout; without one it tells
// news only.
func startPulse(ctx context.Context) *pulse {
	p := &pulse{ctx: ctx, interval: activity.GetInfo(ctx).HeartbeatTimeout * 2 / 3}
	if p.interval == 0 {
		p.interval = never
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(p.interval, p.beat)
	return p
}

// beat tells what was seen last. The SDK thins out what comes too often.
func (p *pulse) beat() {
	p.mu.Lock()
	seen, over := p.last, p.stopped || p.ctx.Err() != nil
	if !over {
		p.timer.Reset(p.interval)
	}
	p.mu.Unlock()
	if !over {
		activity.RecordHeartbeat(p.ctx, seen)
	}
}

// say beats when there is news.
func (p *pulse) say(news Heartbeat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if news == p.last {
		return
	}
	p.last = news
	p.timer.Reset(0)
}

func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	p.timer.Stop()
}
