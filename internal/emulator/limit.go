package emulator

import (
	"strconv"
	"sync"
	"time"
)

// limits are the calls that a region takes in a minute, of the actions that document a
// limit. (ECS API reference, CreateImageComponent and API throttling.)
var limits = map[string]int{"CreateImageComponent": 1000}

// calls counts calls in windows of one minute.
type calls struct {
	mu     sync.Mutex
	window time.Time
	counts map[string]int
}

// take counts one call of an action and says whether it is within the limit.
func (l *calls) take(action, regionID string, limit int, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if window := now.Truncate(time.Minute); !window.Equal(l.window) {
		l.window, l.counts = window, map[string]int{}
	}
	key := action + "/" + regionID
	l.counts[key]++
	return l.counts[key] <= limit
}

// retryAfter is when a throttled call may come again, in whole milliseconds and not a
// moment too early, for the header x-acs-retry-after.
func retryAfter(now time.Time) string {
	next := now.Truncate(time.Minute).Add(time.Minute)
	return strconv.FormatInt((next.Sub(now) + time.Millisecond - 1).Milliseconds(), 10)
}
