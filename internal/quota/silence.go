package quota

import (
	"math/rand/v2"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// After a throttle the cloud wants to be probed with one call a second. (ECS guide, API
// throttling.)
const (
	probeEvery = time.Second
	probeFor   = 10 * time.Second
)

// Everybody comes back a little after the minute, not in the same moment, and not before
// it where the cloud's clock is behind.
const (
	leastJitter = 500 * time.Millisecond
	jitter      = 2 * time.Second
)

// silence is what follows a throttle: no calls for a while, and then few. The zero value
// is none.
type silence struct {
	until   time.Time // no call before
	probing time.Time // and until then one after the other
	next    time.Time // the next of those
}

// begin keeps calls away until the cloud's next minute, or for as long as it asks for.
func (s *silence) begin(now time.Time, retryAfter time.Duration) {
	until := now.Add(max(alicloud.UntilNextMinute(now), retryAfter))
	if !until.After(s.until) {
		return // one of several calls that were under way
	}
	s.until = until.Add(leastJitter + rand.N(jitter))
	s.probing = s.until.Add(probeFor)
}

// wait is how long a call with others ahead of it has to wait at least.
func (s *silence) wait(now time.Time, ahead int) time.Duration {
	if !now.Before(s.probing) {
		return 0
	}
	at := s.until
	if s.next.After(at) {
		at = s.next
	}
	if now.After(at) {
		at = now
	}
	at = at.Add(time.Duration(ahead) * probeEvery)
	if at.After(s.probing) {
		at = s.probing
	}
	return at.Sub(now)
}

// passed notes a call.
func (s *silence) passed(now time.Time) {
	if now.Before(s.probing) {
		s.next = now.Add(probeEvery)
	}
}
