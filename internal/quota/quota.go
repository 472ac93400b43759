// Package quota keeps a worker's calls to the cloud within the account's quota.
//
// The cloud counts calls for each account, region and API in windows of one minute, and
// whoever goes beyond is throttled until the next minute begins. (ECS guide, API
// throttling.) A Quota holds calls back before that happens, lets those that make
// something go before those that look, and keeps everybody away once a call was
// throttled all the same. docs/limits.md has the numbers.
package quota

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// Quota is a gate for calls. It is safe for concurrent use, and has nothing running while
// no call waits.
type Quota struct {
	opts    Options
	account *bucket // of every call
	looks   *bucket // of those that only read

	mu      sync.Mutex
	lanes   map[alicloud.Call]*lane
	regions map[string]*silence
	tickets uint64      // given out so far
	waiting int         // tickets in all lanes
	alarm   *time.Timer // rings when the first of those who wait may pass
}

var _ alicloud.Gate = (*Quota)(nil)

// New returns a Quota that nobody has used yet. What is wrong with the options Check says.
func New(opts Options) *Quota {
	opts.CallsPerMinute = cmp.Or(opts.CallsPerMinute, DefaultCallsPerMinute)
	opts.Workers = cmp.Or(opts.Workers, 1)
	opts.MaxWait = cmp.Or(opts.MaxWait, defaultMaxWait)
	account := newBucket(opts.share(opts.CallsPerMinute))
	return &Quota{
		opts: opts, account: account, looks: account.part(looksPart),
		lanes: map[alicloud.Call]*lane{}, regions: map[string]*silence{},
	}
}

// Enter returns when the call may be made. A call that would wait for longer than MaxWait
// is sent away: with an *alicloud.Error that says what held it back and when it may come
// again. When ctx is done its error comes back.
func (q *Quota) Enter(ctx context.Context, call alicloud.Call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := q.join(call)
	if t == nil {
		return err
	}
	patience := time.NewTimer(q.opts.MaxWait)
	defer patience.Stop()
	select {
	case err := <-t.end:
		return err
	case <-ctx.Done():
		q.leave(t)
		return ctx.Err()
	case <-patience.C:
		return q.giveUp(t)
	}
}

// join lets a call pass, sends it away, or gives it a ticket to wait with.
func (q *Quota) join(call alicloud.Call) (*ticket, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.admit(now) // whoever waits and may pass by now was first
	l := q.lane(call)
	if q.wait(l, now) == 0 {
		q.take(l, now)
		return nil, nil
	}
	if wait, by := q.outlook(l, now); wait > q.opts.MaxWait {
		return nil, q.sendAway(l, now, wait, by)
	}
	q.tickets++
	t := &ticket{number: q.tickets, lane: l, patience: now.Add(q.opts.MaxWait), end: make(chan error, 1)}
	t.place = l.line.PushBack(t)
	q.waiting++
	q.arm(now)
	return t, nil
}

// Heed keeps everybody away from what has throttled a call: the API in its region, or the
// region for every API when the code is about the account.
func (q *Quota) Heed(call alicloud.Call, refused *alicloud.Error) {
	if !refused.Throttled() {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now, l := time.Now(), q.lane(call)
	if strings.EqualFold(refused.Code, "Throttling.User") {
		l.region.begin(now, refused.RetryAfter)
	} else {
		l.silence.begin(now, refused.RetryAfter)
	}
	q.dismiss(now)
	q.arm(now)
}

// lane is the one of a call; lanes are made as they are needed.
func (q *Quota) lane(call alicloud.Call) *lane {
	if l := q.lanes[call]; l != nil {
		return l
	}
	region := q.regions[call.Region]
	if region == nil {
		region = &silence{}
		q.regions[call.Region] = region
	}
	l := &lane{call: call, looks: looks(call.API), bucket: newBucket(q.opts.share(q.opts.limit(call.API))), region: region}
	q.lanes[call] = l
	return l
}
