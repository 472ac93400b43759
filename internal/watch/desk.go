package watch

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// inFlight is how many looks of a desk may be under way: an answer takes a while, and what
// an account may ask is for the Gate of the cloud to say.
const inFlight = 8

// kind is how the things of one kind are looked at. A desk has one of its own, which only
// it uses.
type kind[T any] struct {
	// look shows things. It returns a sight for each id, in their order.
	look func(ctx context.Context, region string, ids []string) []sight[T]
	// whole: a look at many shows everything there is, so one at a time is enough.
	whole bool
	// width is how many of the things that wait one look shows, when so many are due.
	width func(waiting, due int) int
	// calls that a look at all that wait takes.
	calls func(waiting int) int
	// longest pause, as a multiple of the shortest.
	longest func(waiting int) float64
	// allowance is that of a view, as a multiple of the shortest pause; 0 for no bound.
	allowance func(waiting int) float64
	// read says what a sight tells of the end.
	read func(T) sign
	// scout, where there is one, shows at a glance which of a crowd may have ended: it
	// returns what they make, among much else, of all that was begun since a time.
	scout func(ctx context.Context, region string, since time.Time) (made []string, err error)
}

// sight is what a look showed of a thing.
type sight[T any] struct {
	thing T
	err   error
}

// sign is what a sight tells of the end of a thing.
type sign struct {
	percent int
	near    bool
	over    bool      // well ended
	created time.Time // zero when it does not say
}

// desk looks at the things of one kind in one region.
type desk[T any] struct {
	common
	kind   kind[T]
	region string

	mu      sync.Mutex
	items   map[string]*item[T] // by id
	makers  map[string]*item[T] // by what they make
	queue   queue[T]            // those that no look is under way for
	flying  int                 // looks under way
	listing bool                // one of them shows everything
	round   time.Time           // when the last look at many began
	running bool
	scouts  bool // go out
	wake    chan struct{}
	memory  memory
}

// item is a thing that somebody waits for.
type item[T any] struct {
	id     string
	makes  string // when that is known
	places []*place[T]
	since  time.Time // when the wait began, or the thing was made
	due    time.Time
	rest   time.Time // no look before, not even along with others
	looks  int       // that showed it alone
	at     int       // place in the queue; -1 while a look is under way
	again  bool
}

// place is one caller who waits.
type place[T any] struct {
	id   string
	news chan sight[T] // the last look that was not seen yet
}

func newDesk[T any](c common, k kind[T], region string) *desk[T] {
	return &desk[T]{common: c, kind: k, region: region, items: map[string]*item[T]{}, makers: map[string]*item[T]{}, wake: make(chan struct{}, 1)}
}

// join waits for a thing, which is looked at right away.
func (d *desk[T]) join(id, makes string) *place[T] {
	p := &place[T]{id: id, news: make(chan sight[T], 1)}
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	it := d.items[id]
	switch {
	case it == nil:
		it = &item[T]{id: id, makes: makes, since: now, due: now}
		d.items[id] = it
		if makes != "" {
			d.makers[makes] = it
		}
		heap.Push(&d.queue, it)
	case it.at >= 0:
		it.due, it.rest = now, now
		heap.Fix(&d.queue, it.at)
	default: // what is under way may show what was before
		it.again = true
	}
	it.places = append(it.places, p)
	if !d.running {
		d.running = true
		go d.run()
	}
	if d.crowded() && !d.scouts {
		d.scouts = true
		go d.scout()
	}
	d.rouse()
	return p
}

// leave ends a wait.
func (d *desk[T]) leave(p *place[T]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	it := d.items[p.id]
	for i, other := range it.places {
		if other == p {
			it.places = append(it.places[:i], it.places[i+1:]...)
			break
		}
	}
	if len(it.places) > 0 {
		return
	}
	delete(d.items, p.id)
	delete(d.makers, it.makes)
	if it.at >= 0 {
		heap.Remove(&d.queue, it.at)
	}
	if len(d.items) == 0 {
		d.rouse()
	}
}

// rouse makes run look at the queue again.
func (d *desk[T]) rouse() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run looks at what is due until nobody waits.
func (d *desk[T]) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		batch, wait, done := d.next(time.Now())
		switch {
		case done:
			return
		case len(batch) > 0:
			go d.look(batch)
			continue
		}
		timer.Reset(wait)
		select {
		case <-timer.C:
		case <-d.wake:
		case <-d.ctx.Done(): // those who wait leave by themselves
			<-d.wake
		}
	}
}

// idle is how long to wait when nothing can be done before somebody rouses the desk.
const idle = time.Hour

// next takes what is to be looked at now out of the queue, or says how long to wait. Done:
// nobody waits any more.
func (d *desk[T]) next(now time.Time) (batch []*item[T], wait time.Duration, done bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case len(d.items) == 0:
		d.running = false
		return nil, 0, true
	case len(d.queue) == 0 || d.flying >= inFlight || d.ctx.Err() != nil:
		return nil, idle, false
	case d.queue[0].due.After(now):
		return nil, d.queue[0].due.Sub(now), false
	}
	width := d.kind.width(len(d.items), d.queue.due(now))
	if width > 1 {
		if wait := d.round.Add(times(d.opts.Shortest, gap)).Sub(now); wait > 0 && !d.behind(now, width) {
			return nil, wait, false
		}
		if d.kind.whole && d.listing {
			return nil, idle, false
		}
		d.round = now
	}
	for len(d.queue) > 0 && len(batch) < width && !d.queue[0].rest.After(now) {
		batch = append(batch, heap.Pop(&d.queue).(*item[T]))
	}
	d.flying++
	d.listing = d.listing || d.kind.whole && len(batch) > 1
	return batch, 0, false
}

// behind tells whether more is due than a look shows, so that there is nobody to wait for.
func (d *desk[T]) behind(now time.Time, width int) bool { return d.queue.due(now) >= width }

// look shows a batch to those who wait for it, and puts it back into the queue.
func (d *desk[T]) look(batch []*item[T]) {
	ids := make([]string, len(batch))
	for i, it := range batch {
		ids[i] = it.id
	}
	sights := d.see(ids)
	now := time.Now()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.flying--
	if len(batch) > 1 {
		d.listing = false
	}
	learnt := false
	for i, it := range batch {
		learnt = d.show(it, sights[i], len(batch) == 1, now) || learnt
	}
	if learnt {
		d.review(now)
	}
	d.rouse()
}

// review makes what is due late due sooner, by what is known now.
func (d *desk[T]) review(now time.Time) {
	for _, it := range d.queue {
		it.due = earlier(it.due, later(now.Add(d.pause(it, sign{}, now)), it.rest))
	}
	heap.Init(&d.queue)
}

// see looks. A panic is a look that failed: it must not end the worker.
func (d *desk[T]) see(ids []string) (sights []sight[T]) {
	defer func() {
		if stuck := recover(); stuck != nil {
			sights = failed[T](ids, fmt.Errorf("panic: %v", stuck))
		}
	}()
	return d.kind.look(d.ctx, d.region, ids)
}

// show gives a sight to those who wait for the thing and says when to look again. It tells
// whether the desk has learnt for the first time when things end.
func (d *desk[T]) show(it *item[T], s sight[T], alone bool, now time.Time) (learnt bool) {
	var is sign
	if s.err == nil {
		is = d.kind.read(s.thing)
	}
	if alone {
		it.looks++
	}
	if !is.created.IsZero() && is.created.Before(it.since) {
		it.since = is.created
	}
	if is.over {
		learnt = d.memory.learn(now.Sub(it.since))
	}
	for _, p := range it.places {
		select {
		case <-p.news:
		default:
		}
		p.news <- s
	}
	if len(it.places) == 0 {
		return learnt
	}
	it.rest = now.Add(d.rest(s.err, now))
	it.due = later(now.Add(d.pause(it, is, now)), it.rest)
	if it.again {
		it.due, it.rest, it.again = now, now, false
	}
	heap.Push(&d.queue, it)
	return learnt
}

// pause is how long to wait before the next look at a thing.
func (d *desk[T]) pause(it *item[T], is sign, now time.Time) time.Duration {
	waiting := len(d.items)
	shortest := d.opts.Shortest
	if d.crowded() {
		shortest = times(shortest, patience)
	}
	longest := max(d.kind.longest(waiting), quiet*float64(d.kind.calls(waiting)))
	return view{
		shortest: shortest, longest: times(shortest, longest), age: now.Sub(it.since),
		percent: is.percent, near: is.near, usual: d.memory.usual(),
		looks: it.looks, allowance: times(shortest, d.kind.allowance(waiting)),
	}.pause()
}

// rest is how long not to look after a look that failed: as long as the cloud asks for, the
// rest of the minute when it throttles, and a while for a thing that is not there yet.
func (d *desk[T]) rest(err error, now time.Time) time.Duration {
	var refused *alicloud.Error
	asked := errors.As(err, &refused)
	switch {
	case errors.Is(err, alicloud.ErrNotFound):
		return times(d.opts.Shortest, absent)
	case asked && refused.RetryAfter == 0 && refused.Throttled():
		return alicloud.UntilNextMinute(now)
	case asked:
		return refused.RetryAfter
	}
	return 0
}

func times(d time.Duration, factor float64) time.Duration { return time.Duration(float64(d) * factor) }

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// queue is a heap of items, the one that is due first on top.
type queue[T any] []*item[T]

func (q queue[T]) Len() int           { return len(q) }
func (q queue[T]) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q queue[T]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push implements heap.Interface.
func (q *queue[T]) Push(x any) {
	it := x.(*item[T])
	it.at = len(*q)
	*q = append(*q, it)
}

// Pop implements heap.Interface.
func (q *queue[T]) Pop() any {
	last := len(*q) - 1
	it := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	it.at = -1
	return it
}

// due counts what is due, by the order of the heap no further than needed.
func (q queue[T]) due(now time.Time) int { return q.dueBelow(0, now) }

func (q queue[T]) dueBelow(i int, now time.Time) int {
	if i >= len(q) || q[i].due.After(now) {
		return 0
	}
	return 1 + q.dueBelow(2*i+1, now) + q.dueBelow(2*i+2, now)
}
