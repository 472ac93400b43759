package quota

import (
	"fmt"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// narrow is what holds a call back for longest.
type narrow string

const (
	byAPI     narrow = "api"
	byAccount narrow = "account"
	byLooks   narrow = "looks"
	byCloud   narrow = "cloud"
)

// outlook is how long a call that joins a lane has to wait at least, and because of what.
func (q *Quota) outlook(l *lane, now time.Time) (wait time.Duration, by narrow) {
	ahead := l.line.Len()
	all, looks := q.crowd(l, now)
	wait, by = l.bucket.wait(now, ahead+1), byAPI
	if w := q.account.wait(now, all+1); w > wait {
		wait, by = w, byAccount
	}
	if w := q.looks.wait(now, looks+1); l.looks && w > wait {
		wait, by = w, byLooks
	}
	if w := l.quiet(now, ahead); w > wait {
		wait, by = w, byCloud
	}
	return wait, by
}

// crowd is how many of those who wait come before a call at the account's buckets, and
// how many of them look. Those whom their own lane holds back for longer are not in the way.
func (q *Quota) crowd(l *lane, now time.Time) (all, looks int) {
	for _, m := range q.lanes {
		if m.looks && !l.looks {
			continue
		}
		n := min(m.line.Len(), m.bucket.room(now, q.opts.MaxWait))
		all += n
		if m.looks {
			looks += n
		}
	}
	return all, looks
}

// sendAway is the error of a call that would have to wait for too long.
func (q *Quota) sendAway(l *lane, now time.Time, wait time.Duration, by narrow) *alicloud.Error {
	line := l.bucket
	switch by {
	case byAccount:
		line = q.account
	case byLooks:
		line = q.looks
	}
	return &alicloud.Error{
		API: l.call.API, Code: alicloud.CodeHeldBack, RetryAfter: line.back(now, wait),
		Message: "the call was held back and not made: " + q.because(l, now, by),
	}
}

// because says what holds a call back, for people.
func (q *Quota) because(l *lane, now time.Time, by narrow) string {
	limit, flag := q.opts.CallsPerMinute, "--calls-per-minute"
	switch by {
	case byCloud:
		what := l.call.API
		if l.region.wait(now, 0) > l.silence.wait(now, 0) {
			what = "this account"
		}
		return fmt.Sprintf("the cloud has throttled %s in %s and is left alone until its next minute", what, l.call.Region)
	case byAPI:
		limit, flag = q.opts.limit(l.call.API), "--api-calls-per-minute"
	}
	text := fmt.Sprintf("%s lets the account make %d", flag, limit)
	switch by {
	case byAPI:
		text += fmt.Sprintf(" of %s in %s", l.call.API, l.call.Region)
	case byLooks:
		text += ", of which calls that only look use 80 % at most"
	}
	if q.opts.Workers > 1 {
		text += fmt.Sprintf(", and this worker is one of %d (--workers)", q.opts.Workers)
	}
	return text
}

// giveUp sends a call away that was overtaken for too long.
func (q *Quota) giveUp(t *ticket) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	q.admit(now)
	if t.place == nil {
		return <-t.end
	}
	wait, by := q.outlook(t.lane, now)
	err := q.sendAway(t.lane, now, wait, by)
	q.remove(t, err)
	q.arm(now)
	return err
}

// dismiss sends those away whom a throttle keeps waiting for longer than they would.
func (q *Quota) dismiss(now time.Time) {
	for _, l := range q.lanes {
		wait := l.quiet(now, 0)
		for place := l.line.Front(); place != nil && wait > 0; {
			t := place.Value.(*ticket)
			place = place.Next()
			if now.Add(wait).After(t.patience) {
				q.remove(t, q.sendAway(l, now, wait, byCloud))
			}
		}
	}
}
