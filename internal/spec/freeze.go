package spec

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

const maxReason = 256

var freezeRules = []func(*checker){
	(*checker).freezeWindows,
}

func (c *checker) freezeWindows() {
	if c.Schedule == nil {
		return
	}
	for i, freeze := range c.Schedule.Freeze {
		p := path{"schedule", "freeze", i}
		c.required(freeze.From, freezeEnd, p.join("from")...)
		c.required(freeze.To, freezeEnd, p.join("to")...)
		c.text(freeze.TimeZone, timeZone, p.join("timeZone")...)
		c.text(freeze.Reason, func(text string) string { return length(text, 0, maxReason) }, p.join("reason")...)
		if _, fault := freeze.span(); fault != "" && freezeEnd(freeze.From) == "" && freezeEnd(freeze.To) == "" {
			c.fault(p.join("to"), "to is %s, but from is %s; %s", quote(freeze.To), quote(freeze.From), fault)
		}
	}
}

// freezeEnd is the rule of either end of a window.
func freezeEnd(text string) string {
	_, fault := parseMoment(text)
	return fault
}

// moment is an end of a window as a clock on the wall shows it, written as if in UTC.
type moment struct {
	wall   time.Time // of a weekly one the time on the day alone
	day    time.Weekday
	weekly bool
	date   bool // the whole day
}

var weeklyMoment = regexp.MustCompile(`^([A-Za-z]+) +([0-9]{1,2}:[0-9]{2})$`)

// parseMoment reads an end of a window, or says what is wrong with it.
func parseMoment(text string) (moment, string) {
	const want = "want a date such as 2026-12-24, a time such as 2026-12-24T18:00, or one of each week such as Fri 18:00; " +
		"its zone goes into timeZone"
	if wall, err := time.Parse(time.DateOnly, text); err == nil {
		return moment{wall: wall, date: true}, ""
	}
	if wall, err := time.Parse("2006-01-02T15:04", text); err == nil {
		return moment{wall: wall}, ""
	}
	weekly := weeklyMoment.FindStringSubmatch(text)
	if weekly == nil {
		return moment{}, want
	}
	day := slices.IndexFunc(weekdays, func(day string) bool {
		return strings.EqualFold(weekly[1], day) || strings.EqualFold(weekly[1], day[:3])
	})
	clock, err := time.Parse("15:04", weekly[2])
	switch {
	case day < 0:
		return moment{}, fmt.Sprintf("%s is no day; want Mon, Tue, Wed, Thu, Fri, Sat or Sun", quote(weekly[1]))
	case err != nil:
		return moment{}, fmt.Sprintf("%s is no time of a day; want 00:00 to 23:59", quote(weekly[2]))
	}
	return moment{wall: clock, day: time.Weekday(day), weekly: true}, ""
}

// span is a Freeze that was understood.
type span struct{ from, to moment }

// span reads the ends, or says what is wrong with them.
func (f Freeze) span() (span, string) {
	from, fault := parseMoment(f.From)
	if fault != "" {
		return span{}, fault
	}
	to, fault := parseMoment(f.To)
	switch {
	case fault != "":
		return span{}, fault
	case from.weekly != to.weekly:
		return span{}, "want both with a date, or both of each week"
	case from.weekly && from == to:
		return span{}, "want a window that leaves some of the week"
	case !from.weekly && !to.end().After(from.wall):
		return span{}, "want an end after the beginning"
	}
	return span{from, to}, ""
}

// end is the time at which a window that ends here is over: a date is so with its day.
func (m moment) end() time.Time {
	if m.date {
		return m.wall.AddDate(0, 0, 1)
	}
	return m.wall
}

// Frozen tells whether a time lies in one of the freeze windows, and in which.
//
// A window lasts from the first instant to the last at which the clocks of its zone show
// a time in it. What they skip in spring takes no time, and what they repeat in autumn is
// frozen both times, with all that lies between.
func (s *Schedule) Frozen(at time.Time) (Freeze, bool) {
	if s == nil {
		return Freeze{}, false
	}
	for _, freeze := range s.Freeze {
		zone, known := loadZone(cmp.Or(freeze.TimeZone, s.TimeZone, "UTC"))
		w, fault := freeze.span()
		if known && fault == "" && w.holds(at, zone) {
			return freeze, true
		}
	}
	return Freeze{}, false
}

// holds tells whether an instant lies in the window.
func (s span) holds(at time.Time, zone *time.Location) bool {
	if !s.from.weekly {
		return between(at, s.from.wall, s.to.end(), zone)
	}
	local := at.In(zone)
	since := int(local.Weekday()-s.from.day+7) % 7 // days since the window last began
	lasts := int(s.to.day-s.from.day+7) % 7
	if lasts == 0 && s.to.wall.Before(s.from.wall) {
		lasts = 7
	}
	// It may have begun the week before, and where clocks went back over midnight it may
	// be the next week's.
	for _, weeks := range []int{-1, 0, 1} {
		first := local.Day() - since + 7*weeks
		if between(at, s.from.on(local, first), s.to.on(local, first+lasts), zone) {
			return true
		}
	}
	return false
}

// on is a weekly end on a day of the month of another time.
func (m moment) on(month time.Time, day int) time.Time {
	return time.Date(month.Year(), month.Month(), day, m.wall.Hour(), m.wall.Minute(), 0, 0, time.UTC)
}

// between tells whether an instant lies between two times on the wall.
func between(at, from, to time.Time, zone *time.Location) bool {
	begin, end := lasting(from, to, zone)
	return !at.Before(begin) && at.Before(end)
}
