package quota

import (
	"container/list"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// lane is where the calls to an API in a region wait, in the order in which they came.
type lane struct {
	call    alicloud.Call
	looks   bool
	bucket  *bucket
	silence silence
	region  *silence
	line    list.List // of *ticket
}

// ticket is a call that waits.
type ticket struct {
	number   uint64 // in the order in which they came
	lane     *lane
	place    *list.Element // in the line; nil when it has left
	patience time.Time     // when it gives up
	end      chan error    // gets what becomes of it
}

func (l *lane) first() *ticket { return l.line.Front().Value.(*ticket) }

// quiet is how long the lane waits because of a throttle.
func (l *lane) quiet(now time.Time, ahead int) time.Duration {
	return max(l.silence.wait(now, ahead), l.region.wait(now, ahead))
}

// before tells whose first call goes first when both may pass: one that makes something
// before one that looks, and otherwise the one that has waited longer.
func (l *lane) before(other *lane) bool {
	if l.looks != other.looks {
		return other.looks
	}
	return l.first().number < other.first().number
}

// wait is how long the next call of a lane has to wait.
func (q *Quota) wait(l *lane, now time.Time) time.Duration {
	wait := max(l.quiet(now, 0), l.bucket.wait(now, 1), q.account.wait(now, 1))
	if l.looks {
		wait = max(wait, q.looks.wait(now, 1))
	}
	return wait
}

// take counts a call that passes.
func (q *Quota) take(l *lane, now time.Time) {
	l.bucket.AllowN(now, 1)
	q.account.AllowN(now, 1)
	if l.looks {
		q.looks.AllowN(now, 1)
	}
	l.silence.passed(now)
	l.region.passed(now)
}

// admit lets everybody pass who may, one after the other.
func (q *Quota) admit(now time.Time) {
	for q.waiting > 0 {
		l := q.next(now)
		if l == nil {
			break
		}
		q.take(l, now)
		q.remove(l.first(), nil)
	}
	q.arm(now)
}

// next is the lane whose first call may pass and goes first; nil when there is none.
func (q *Quota) next(now time.Time) (best *lane) {
	for _, l := range q.lanes {
		if l.line.Len() > 0 && (best == nil || l.before(best)) && q.wait(l, now) == 0 {
			best = l
		}
	}
	return best
}

// arm sets the alarm for the first of those who wait.
func (q *Quota) arm(now time.Time) {
	if q.alarm != nil {
		q.alarm.Stop()
	}
	if q.waiting == 0 {
		return
	}
	first := q.opts.MaxWait
	for _, l := range q.lanes {
		if l.line.Len() > 0 {
			first = min(first, q.wait(l, now))
		}
	}
	if q.alarm == nil {
		q.alarm = time.AfterFunc(first, q.ring)
		return
	}
	q.alarm.Reset(first)
}

func (q *Quota) ring() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.admit(time.Now())
}

// remove takes a call out of its line and tells it why: nil lets it pass.
func (q *Quota) remove(t *ticket, err error) {
	t.lane.line.Remove(t.place)
	t.place = nil
	q.waiting--
	t.end <- err
}

// leave takes out a call that is not wanted any more. When it has just been let pass, its
// place is lost.
func (q *Quota) leave(t *ticket) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.place != nil {
		q.remove(t, nil)
		q.arm(time.Now())
	}
}
