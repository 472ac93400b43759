package starter

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/spec"
)

// onlyTriggered are the words for a schedule without times.
const onlyTriggered = "only when triggered"

// words say when a schedule runs, a line for each of its calendars and intervals.
func (t times) words() []string {
	var lines []string
	for _, c := range t.Calendars {
		lines = append(lines, calendarWords(c))
	}
	for _, i := range t.Intervals {
		lines = append(lines, intervalWords(i))
	}
	for _, c := range t.Exclude {
		lines = append(lines, "but not "+strings.TrimPrefix(calendarWords(c), allDay+" "))
	}
	if t.none() {
		lines = append(lines, onlyTriggered)
	}
	return lines
}

func intervalWords(i spec.Interval) string {
	text := "every " + spanText(time.Duration(i.Every))
	if i.Offset > 0 {
		text += ", " + spanText(time.Duration(i.Offset)) + " after"
	}
	return text
}

// allDay are the words for every second.
const allDay = "every second"

func calendarWords(c spec.Calendar) string {
	text := clockWords(c)
	if day := dayWords(c); day != "" {
		text += " " + day
	}
	if c.Comment != "" {
		text += " (" + c.Comment + ")"
	}
	return text
}

// clockWords say at which times of the day: at 02:30 and 14:30, every 15 minutes from 08:00 to 17:59.
func clockWords(c spec.Calendar) string {
	is := calendarSpec(c)
	h, m, s := hours.values(is.Hour), minutes.values(is.Minute), seconds.values(is.Second)
	switch {
	case len(h)*len(m)*len(s) <= 6:
		return "at " + list(clocks(h, m, s))
	case seconds.every(s) && minutes.every(m) && hours.every(h):
		return allDay
	case len(s) > 1:
		return often("second", seconds, s) + " of " + often("minute", minutes, m) + " of " + often("hour", hours, h)
	case len(m) > 1:
		return often("minute", minutes, m) + secondWords(s) + hourWords(h)
	}
	text := often("hour", hours, h)
	if m[0] > 0 || s[0] > 0 {
		text += fmt.Sprintf(" at minute %d", m[0])
	}
	return text + secondWords(s)
}

// clocks are the times of the day that hours, minutes and seconds make.
func clocks(h, m, s []int) []string {
	var all []string
	for _, hour := range h {
		for _, minute := range m {
			for _, second := range s {
				text := fmt.Sprintf("%02d:%02d", hour, minute)
				if second > 0 {
					text += fmt.Sprintf(":%02d", second)
				}
				all = append(all, text)
			}
		}
	}
	return all
}

// often says which hours, minutes or seconds.
func often(unit string, p timePart, values []int) string {
	step, even := stepOf(values)
	if len(values) == 2 {
		step, even = values[1]-values[0], true
	}
	switch {
	case p.every(values):
		return "every " + unit
	case even && values[0] == p.min && values[len(values)-1]+step > p.max:
		return fmt.Sprintf("every %d %ss", step, unit)
	case len(runs(values)) == 1 && len(values) > 1:
		return fmt.Sprintf("every %s from %d to %d", unit, values[0], values[len(values)-1])
	case len(values) == 1:
		return fmt.Sprintf("%s %d", unit, values[0])
	}
	return unit + "s " + list(spans(values))
}

// hourWords say in which hours there are several minutes.
func hourWords(values []int) string {
	switch {
	case hours.every(values):
		return ""
	case len(runs(values)) == 1:
		return fmt.Sprintf(" from %02d:00 to %02d:59", values[0], values[len(values)-1])
	}
	return " of " + often("hour", hours, values)
}

func secondWords(values []int) string {
	if values[0] == 0 {
		return ""
	}
	return fmt.Sprintf(" and second %d", values[0])
}

// dayWords say on which days. Where both days of the month and of the week are given, a
// day has to be right in both.
func dayWords(c spec.Calendar) string {
	is := calendarSpec(c)
	inMonths := list(spelled(months.values(is.Month), func(v int) string { return time.Month(v).String() }))
	week := list(spelled(daysOfWeek.values(is.DayOfWeek), func(v int) string { return time.Weekday(v).String() }))
	var parts []string
	switch days := daysOfMonth.values(is.DayOfMonth); {
	case c.DayOfMonth == "" && c.DayOfWeek == "" && c.Hour != "*": // else that goes without saying
		parts = append(parts, "every day")
	case c.DayOfMonth != "" && c.Month != "":
		parts = append(parts, "on day"+plural(days)+" "+list(spans(days))+" of "+inMonths)
	case c.DayOfMonth != "":
		parts = append(parts, "on day"+plural(days)+" "+list(spans(days))+" of every month")
	}
	switch {
	case c.DayOfWeek != "" && c.DayOfMonth != "":
		parts = append(parts, "if "+week)
	case c.DayOfWeek != "":
		parts = append(parts, "on "+week)
	}
	if c.Month != "" && c.DayOfMonth == "" {
		parts = append(parts, "in "+inMonths)
	}
	if c.Year != "" {
		parts = append(parts, "in "+list(spans(years.values(is.Year))))
	}
	return strings.Join(parts, " ")
}

// spelled writes values by their names, with what is without a gap put together.
func spelled(values []int, name func(int) string) []string {
	var parts []string
	for _, r := range runs(values) {
		switch r[1] - r[0] {
		case 0:
			parts = append(parts, name(r[0]))
		case 1:
			parts = append(parts, name(r[0]), name(r[1]))
		default:
			parts = append(parts, name(r[0])+" to "+name(r[1]))
		}
	}
	return parts
}

// spans write values as numbers.
func spans(values []int) []string { return spelled(values, strconv.Itoa) }

// list joins words: a, b and c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(slices.Clone(words[:last]), ", ") + " and " + words[last]
}

func plural(values []int) string {
	if len(values) == 1 {
		return ""
	}
	return "s"
}

// sentence says on one line when a schedule runs.
func (t times) sentence() string {
	text := strings.Join(t.words(), "; ")
	if len(t.Calendars) > 0 {
		text += ", " + t.TimeZone
	}
	if t.Jitter > 0 {
		text += ", up to " + spanText(time.Duration(t.Jitter)) + " later"
	}
	return text
}

// inZone is a moment by the clocks of a time zone, with its abbreviation there and then. A
// zone that this machine does not know is told in UTC.
func inZone(at time.Time, zone string) string {
	place, err := time.LoadLocation(zone)
	if err != nil {
		place = time.UTC
	}
	return at.In(place).Format("2006-01-02 15:04:05 MST")
}
