package quota

import (
	"math"
	"math/rand/v2"
	"time"

	"golang.org/x/time/rate"
)

// looksPart is what looks may use of the account's bucket: the rest is always there for
// calls that make something.
const looksPart = 0.8

// bucket lets a number of calls pass in a minute: some at once, the others one by one.
type bucket struct {
	*rate.Limiter
	last time.Time // when the last of those that were sent away comes back
}

// newBucket returns a full bucket. What it holds and what flows into it within 60 s come
// to the limit, so that no 60 s see more calls: neither a minute of the cloud's clock nor
// any other. With a limit of 1 the flow alone is the limit.
func newBucket(limit int) *bucket {
	size := max(1, min(limit/2, max(2, limit/10)))
	return &bucket{Limiter: rate.NewLimiter(rate.Limit(float64(max(1, limit-size))/60), size)}
}

// part returns a bucket for a part of the limit that is smaller by a call at least,
// unless there is only one.
func (b *bucket) part(of float64) *bucket {
	size := max(1, int(float64(b.Burst())*of))
	return &bucket{Limiter: rate.NewLimiter(b.Limit()*rate.Limit(of), size)}
}

// wait is how long it takes until n calls have passed, when nobody else comes.
func (b *bucket) wait(now time.Time, n int) time.Duration {
	missing := float64(n) - b.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	return time.Duration(math.Ceil(missing * float64(b.interval())))
}

// room is how many calls can pass within a time.
func (b *bucket) room(now time.Time, within time.Duration) int {
	return int(b.TokensAt(now) + float64(within)/float64(b.interval()))
}

// interval is the time between two calls when the bucket is empty.
func (b *bucket) interval() time.Duration {
	return time.Duration(float64(time.Second) / float64(b.Limit()))
}

// longestAway is about the longest time for which a call is sent away.
const longestAway = 5 * time.Minute

// back is when a call that would have to wait shall come again: after those that were
// sent away before it, so that they do not all come at once.
func (b *bucket) back(now time.Time, wait time.Duration) time.Duration {
	at := now.Add(wait)
	if b.last.After(at) {
		at = b.last
	}
	if at.Sub(now) >= longestAway {
		return longestAway + rand.N(time.Minute)
	}
	b.last = at.Add(b.interval())
	return at.Sub(now)
}
