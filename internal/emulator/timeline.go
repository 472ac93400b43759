package emulator

import (
	"fmt"
	"time"
)

// moment is the instant from which a status holds.
type moment struct {
	Status string
	At     time.Time
}

// timeline is what happens to a resource, laid down when it is created, in order of time.
// Whoever asks compares it with the clock: nothing runs in the background, and a restart
// loses nothing.
type timeline []moment

// stage is a status and how long it lasts in simulated time.
type stage struct {
	status string
	takes  time.Duration
}

// schedule lays stages one after the other from start on, speed times faster than they
// are simulated.
func schedule(start time.Time, speed float64, stages ...stage) timeline {
	var line timeline
	at := start
	for _, s := range stages {
		line = append(line, moment{s.status, at})
		at = at.Add(time.Duration(float64(s.takes) / speed))
	}
	return line
}

// at is the moment that holds now; false before the first, when there is nothing yet.
func (t timeline) at(now time.Time) (moment, bool) {
	var current moment
	found := false
	for _, m := range t {
		if m.At.After(now) {
			break
		}
		current, found = m, true
	}
	return current, found
}

// start is the instant at which a status begins; false when the timeline has no such status.
func (t timeline) start(status string) (time.Time, bool) {
	for _, m := range t {
		if m.Status == status {
			return m.At, true
		}
	}
	return time.Time{}, false
}

// end is the instant of the last change.
func (t timeline) end() time.Time { return t[len(t)-1].At }

// turn replaces what was to come after now with another future.
func (t timeline) turn(now time.Time, future timeline) timeline {
	var past timeline
	for _, m := range t {
		if !m.At.After(now) {
			past = append(past, m)
		}
	}
	return append(past, future...)
}

// percent is how much of the way from one instant to another is done, as in "37%".
func percent(from, to, now time.Time) string {
	whole, done := to.Sub(from), now.Sub(from)
	switch {
	case done >= whole:
		return "100%"
	case done <= 0:
		return "0%"
	}
	return fmt.Sprintf("%d%%", int(100*float64(done)/float64(whole)))
}
