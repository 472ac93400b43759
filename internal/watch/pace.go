package watch

import "time"

// The pauses between two looks, in proportion to the shortest.
const (
	// alone is the longest pause for a thing to which a call belongs alone and that a
	// cheaper sign than another look tells about, such as a percentage.
	alone = 24
	// dear is the longest pause for a thing that has no such sign.
	dear = 6
	// shared is the longest pause for things of which a call shows many.
	shared = 1.6
	// quiet is the least pause for each call that a look at everything takes: far from
	// every end, a desk makes at most ten calls in a shortest pause, 120 a minute.
	quiet = 0.1
	// gap is the least time between two rounds that show many: who comes meanwhile rides
	// along.
	gap = 0.5
	// absent is the least pause for a thing that is not there: lists lag.
	absent = 3
	// patience is how much less a crowd is looked at while scouts go out for it.
	patience = 4
	// between is the pause between two scouts.
	between = 0.8
	// fresh is how long what a scout saw can be shown.
	fresh = 3
	// spare looks may be made beyond one for each allowance of a thing's age.
	spare = 20
)

// view is what a pause depends on.
type view struct {
	shortest time.Duration
	longest  time.Duration
	age      time.Duration // since the wait began, or the thing was made
	percent  int           // 0 when the cloud does not say
	near     bool          // what the cloud says means that the end is near
	usual    span          // in which things of this kind end
	// looks were made so far, and one more for each allowance of the age may be; 0 for no bound.
	looks     int
	allowance time.Duration
}

// span is from when to when things end, by their age; the zero value is not known.
type span struct{ from, to time.Duration }

// pause is how long to wait before the next look: the shortest time just after the start
// and where the end may be, growing with the age elsewhere, half of the way when the end
// comes closer.
func (v view) pause() time.Duration {
	end := v.usual
	if v.percent > 0 { // it knows better
		end = ends(v.age, v.percent)
	}
	pause := min(v.age/3, end.away(v.age)/2, v.longest)
	if v.near {
		pause = 0
	}
	pause = max(pause, v.shortest)
	if v.allowance > 0 && v.looks >= spare+int(v.age/v.allowance) {
		pause = max(pause, v.allowance)
	}
	return pause
}

// far is farther than any end.
const far = time.Duration(1) << 62

// away is how far an age is from the span: before or after it.
func (s span) away(age time.Duration) time.Duration {
	switch {
	case s == span{}:
		return far
	case age < s.from:
		return s.from - age
	case age > s.to:
		return age - s.to
	}
	return 0
}

// ends is when a thing ends that is so much done at an age, if it goes on as it did.
func ends(age time.Duration, percent int) span {
	of := func(percent int) time.Duration { return time.Duration(float64(age) / float64(percent) * 100) }
	return span{from: of(percent + 1), to: of(percent)}
}

// memory is how long the last things took.
type memory struct {
	took []time.Duration // the newest last
}

const (
	// remembered things give the usual span, and enough of them are needed for one.
	remembered = 32
	enough     = 3
)

// learn adds how long a thing took. It tells whether a span is known for the first time.
func (m *memory) learn(took time.Duration) bool {
	m.took = append(m.took, took)
	if len(m.took) > remembered {
		m.took = m.took[1:]
	}
	return len(m.took) == enough
}

// usual is the span in which the last things ended, and a little more.
func (m *memory) usual() span {
	if len(m.took) < enough {
		return span{}
	}
	least, most := m.took[0], m.took[0]
	for _, took := range m.took {
		least, most = min(least, took), max(most, took)
	}
	return span{from: least - least/20, to: most + most/20}
}
