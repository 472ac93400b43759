package activities

import (
	"sync"
	"time"
)

// Heartbeat is what a waiting activity last saw: the details of its heartbeat, which
// `kiln watch` reads from the pending activity.
type Heartbeat struct {
	Percent int    `json:"percent"` // 0 when the cloud does not say
	Detail  string `json:"detail"`  // such as "task t-1 is Processing"
}

// pulse beats for a wait, also while a look hangs, until it is stopped. It beats from a
// timer: the stack that a request takes would stay with each of thousands of waits.
type pulse struct {
	pace
	record func(Heartbeat)

	mu      sync.Mutex
	last    Heartbeat
	beaten  time.Time // when it last beat
	timer   *time.Timer
	stopped bool
}

// pace is the most and the least time between two beats.
type pace struct{ most, least time.Duration }

// paceFor is that of a wait with a heartbeat time-out, 0 for none: four fifths of it at
// most, and with news not sooner than least.
func paceFor(timeout, least time.Duration) pace {
	if timeout == 0 {
		timeout = never
	}
	most := timeout / 5 * 4
	return pace{most: most, least: min(most, least)}
}

// firstNews is when the first news is told; each beat is billed.
const firstNews = time.Second

// never is as good as no beat at all.
const never = 1 << 62

func startPulse(p pace, record func(Heartbeat)) *pulse {
	// As if it had beaten a while ago: what is over at once is worth no beat.
	is := &pulse{pace: p, record: record, beaten: time.Now().Add(min(p.least, firstNews) - p.least)}
	is.mu.Lock()
	defer is.mu.Unlock()
	is.timer = time.AfterFunc(p.most, is.beat)
	return is
}

// beat tells what was seen last.
func (p *pulse) beat() {
	p.mu.Lock()
	seen, over := p.last, p.stopped
	if !over {
		p.beaten = time.Now()
		p.timer.Reset(p.most)
	}
	p.mu.Unlock()
	if !over {
		p.record(seen)
	}
}

// say beats when there is news.
func (p *pulse) say(news Heartbeat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if news == p.last || p.stopped {
		return
	}
	p.last = news
	p.timer.Reset(time.Until(p.beaten.Add(p.least)))
}

func (p *pulse) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	p.timer.Stop()
}
