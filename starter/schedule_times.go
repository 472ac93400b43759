package starter

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/spec"
)

// times are when a schedule runs, in a form in which the same times look the same: the
// server keeps neither cron expressions nor the order and spelling of the parts of a calendar.
type times struct {
	Calendars []spec.Calendar
	Intervals []spec.Interval
	Exclude   []spec.Calendar // which only others than Kiln give a schedule
	TimeZone  string
	Jitter    spec.Duration
	StartTime string
	EndTime   string
}

// same tells whether two schedules run at the same times.
func (t times) same(other times) bool { return reflect.DeepEqual(t, other) }

// none tells whether a schedule never runs by itself.
func (t times) none() bool { return len(t.Calendars) == 0 && len(t.Intervals) == 0 }

// timesOf are the times of the schedule section of a document.
func timesOf(section spec.Schedule) (times, error) {
	asked, err := scheduleSpec(section)
	if err != nil {
		return times{}, err
	}
	for _, line := range asked.CronExpressions {
		read, err := parseCron(line)
		if err != nil {
			return times{}, fmt.Errorf("cron %q: %w", line, err)
		}
		asked.TimeZoneName = cmp.Or(read.zone, asked.TimeZoneName)
		if read.interval != nil {
			asked.Intervals = append(asked.Intervals, intervalSpec(*read.interval))
		} else {
			asked.Calendars = append(asked.Calendars, calendarSpec(read.calendar))
		}
	}
	return timesIn(asked), nil
}

// timesIn are the times of a schedule as the server describes it.
func timesIn(is client.ScheduleSpec) times {
	t := times{
		Calendars: plain(is.Calendars),
		Exclude:   plain(is.Skip),
		TimeZone:  cmp.Or(is.TimeZoneName, "UTC"),
		Jitter:    spec.Duration(is.Jitter),
		StartTime: moment(is.StartAt),
		EndTime:   moment(is.EndAt),
	}
	for _, every := range is.Intervals {
		t.Intervals = append(t.Intervals, spec.Interval{Every: spec.Duration(every.Every), Offset: spec.Duration(every.Offset)})
	}
	slices.SortFunc(t.Intervals, func(a, b spec.Interval) int {
		return cmp.Or(cmp.Compare(a.Every, b.Every), cmp.Compare(a.Offset, b.Offset))
	})
	return t
}

func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}

// plain gives each calendar its shortest form, and all of them one order.
func plain(calendars []client.ScheduleCalendarSpec) []spec.Calendar {
	var all []spec.Calendar
	for _, c := range calendars {
		all = append(all, spec.Calendar{
			Year:       years.shortest(c.Year, ""),
			Month:      months.shortest(c.Month, ""),
			DayOfMonth: daysOfMonth.shortest(c.DayOfMonth, ""),
			DayOfWeek:  daysOfWeek.shortest(c.DayOfWeek, ""),
			Hour:       hours.shortest(c.Hour, "*"),
			Minute:     minutes.shortest(c.Minute, "*"),
			Second:     seconds.shortest(c.Second, "*"),
			Comment:    c.Comment,
		})
	}
	slices.SortFunc(all, func(a, b spec.Calendar) int {
		return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return all
}

// A timePart is a part of a calendar, with the limits of its values.
type timePart struct {
	name     string
	min, max int
}

var (
	years       = timePart{"year", 2000, 2100}
	months      = timePart{"month", 1, 12}
	daysOfMonth = timePart{"dayOfMonth", 1, 31}
	daysOfWeek  = timePart{"dayOfWeek", 0, 6}
	hours       = timePart{"hour", 0, 23}
	minutes     = timePart{"minute", 0, 59}
	seconds     = timePart{"second", 0, 59}
)

// every tells whether values are all that a part can have.
func (p timePart) every(values []int) bool { return len(values) == p.max-p.min+1 }

// values are the numbers that ranges stand for, in order.
func (p timePart) values(ranges []client.ScheduleRange) []int {
	var all []int
	for _, r := range ranges {
		for v := r.Start; v <= max(r.Start, r.End); v += max(r.Step, 1) {
			all = append(all, v)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// shortest writes ranges as a document does; every is the word for all values. The least
// value alone is left out of a time of the day but for the hour, which is always told.
func (p timePart) shortest(ranges []client.ScheduleRange, every string) string {
	values := p.values(ranges)
	switch {
	case len(values) == 0, p.every(values):
		return every
	case p.name == "minute" && slices.Equal(values, []int{0}), p.name == "second" && slices.Equal(values, []int{0}):
		return ""
	}
	if step, even := stepOf(values); even {
		last := values[len(values)-1]
		switch {
		case values[0] == p.min && last+step > p.max:
			return fmt.Sprintf("*/%d", step)
		case last+step > p.max:
			return fmt.Sprintf("%d/%d", values[0], step)
		}
		return fmt.Sprintf("%d-%d/%d", values[0], last, step)
	}
	var parts []string
	for _, r := range runs(values) {
		if r[0] == r[1] {
			parts = append(parts, strconv.Itoa(r[0]))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r[0], r[1]))
		}
	}
	return strings.Join(parts, ",")
}

// stepOf is the distance of three or more values that are the same distance apart, beyond 1.
func stepOf(values []int) (step int, even bool) {
	if len(values) < 3 {
		return 0, false
	}
	step = values[1] - values[0]
	for i := 2; i < len(values); i++ {
		if values[i]-values[i-1] != step {
			return 0, false
		}
	}
	return step, step > 1
}

// runs are the first and last values of what is without a gap.
func runs(values []int) [][2]int {
	var all [][2]int
	for _, v := range values {
		if n := len(all); n > 0 && all[n-1][1] == v-1 {
			all[n-1][1] = v
		} else {
			all = append(all, [2]int{v, v})
		}
	}
	return all
}

// calendarSpec is a calendar of a document in the form of Temporal's SDK.
func calendarSpec(c spec.Calendar) client.ScheduleCalendarSpec {
	is := c.Ranges()
	return client.ScheduleCalendarSpec{
		Second: ranges(is.Second), Minute: ranges(is.Minute), Hour: ranges(is.Hour),
		DayOfMonth: ranges(is.DayOfMonth), Month: ranges(is.Month), DayOfWeek: ranges(is.DayOfWeek),
		Year: ranges(is.Year), Comment: c.Comment,
	}
}

func ranges(of []spec.Range) []client.ScheduleRange {
	var all []client.ScheduleRange
	for _, r := range of {
		all = append(all, client.ScheduleRange{Start: r.Start, End: r.End, Step: r.Step})
	}
	return all
}

// cron is what a cron expression says.
type cron struct {
	calendar spec.Calendar
	interval *spec.Interval // of @every
	zone     string
}

// predefined are the words that stand for an expression.
var predefined = map[string]string{
	"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
	"@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}

// parseCron reads a cron expression of a document, as the server does.
func parseCron(line string) (cron, error) {
	var read cron
	line = strings.TrimSpace(line)
	if namesZone(line) {
		zone, rest, _ := strings.Cut(line, " ")
		_, read.zone, _ = strings.Cut(zone, "=")
		line = rest
	}
	line, comment, _ := strings.Cut(line, "#")
	line = strings.TrimSpace(line)
	if span, every := strings.CutPrefix(line, "@every"); every {
		interval, err := parseInterval(strings.TrimSpace(span))
		read.interval, read.zone = &interval, ""
		return read, err
	}
	f := strings.Fields(cmp.Or(predefined[line], line))
	c := &read.calendar
	c.Comment = strings.TrimSpace(comment)
	switch len(f) {
	case 5:
		c.Minute, c.Hour, c.DayOfMonth, c.Month, c.DayOfWeek = f[0], f[1], f[2], f[3], f[4]
	case 6:
		c.Minute, c.Hour, c.DayOfMonth, c.Month, c.DayOfWeek, c.Year = f[0], f[1], f[2], f[3], f[4], f[5]
	case 7:
		c.Second, c.Minute, c.Hour, c.DayOfMonth, c.Month, c.DayOfWeek, c.Year = f[0], f[1], f[2], f[3], f[4], f[5], f[6]
	default:
		return read, errors.New("want five to seven fields, or a word such as @daily")
	}
	return read, nil
}

// parseInterval reads an interval as the temporal CLI writes it: 6h, or 6h/5m with an offset.
func parseInterval(text string) (spec.Interval, error) {
	everyText, offsetText, hasOffset := strings.Cut(text, "/")
	every, err := parseSpan(everyText)
	if err != nil {
		return spec.Interval{}, err
	}
	interval := spec.Interval{Every: spec.Duration(every)}
	if hasOffset {
		offset, err := parseSpan(offsetText)
		if err != nil {
			return spec.Interval{}, err
		}
		interval.Offset = spec.Duration(offset)
	}
	return interval, nil
}

func intervalSpec(i spec.Interval) client.ScheduleIntervalSpec {
	return client.ScheduleIntervalSpec{Every: time.Duration(i.Every), Offset: time.Duration(i.Offset)}
}

// parseSpan reads a duration that may begin with days, such as 7d or 1d12h.
func parseSpan(text string) (time.Duration, error) {
	days, rest, hasDays := strings.Cut(text, "d")
	var span time.Duration
	if hasDays {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 100*366 {
			return 0, fmt.Errorf("%q is no duration such as 90m, 6h or 7d", text)
		}
		span, text = time.Duration(n)*24*time.Hour, cmp.Or(rest, "0s")
	}
	more, err := time.ParseDuration(text)
	if err != nil || more < 0 {
		return 0, fmt.Errorf("%q is no duration such as 90m, 6h or 7d", text)
	}
	return span + more, nil
}

// spanText is a duration for people, in the form that parseSpan reads: 7d, 1d12h, 1h30m, 45s.
func spanText(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	days := d / (24 * time.Hour)
	var b strings.Builder
	if days > 0 {
		fmt.Fprintf(&b, "%dd", days)
		d -= days * 24 * time.Hour
	}
	if d > 0 {
		text := strings.TrimSuffix(d.String(), "m0s") // 6h0m0s is 6h
		switch {
		case text == d.String():
		case strings.HasSuffix(text, "h0"):
			text = strings.TrimSuffix(text, "0")
		default:
			text += "m"
		}
		b.WriteString(text)
	}
	return b.String()
}
