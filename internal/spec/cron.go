package spec

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The rules of times by their parts are those of Temporal's server (1.32,
// service/worker/scheduler/calendar.go), which checks them only when a schedule is made.

// Range are the values from Start to End, both included, by Step.
type Range struct{ Start, End, Step int }

// CalendarRanges are the parts of a Calendar as ranges, Sunday being 0. Without Year it
// is every year.
type CalendarRanges struct {
	Second, Minute, Hour, DayOfMonth, Month, DayOfWeek, Year []Range
}

// timePart is what one part of a time may be.
type timePart struct {
	word     string // how a message calls it
	min, max int
	names    []string // of the values from min on
	shortest int      // beginning of a name that stands for it
	missing  string   // what it is when left out
}

var (
	secondPart     = timePart{word: "second", max: 59, missing: "0"}
	minutePart     = timePart{word: "minute", max: 59, missing: "0"}
	hourPart       = timePart{word: "hour", max: 23, missing: "0"}
	dayOfMonthPart = timePart{word: "day of the month", min: 1, max: 31, missing: "*"}
	monthPart      = timePart{word: "month", min: 1, max: 12, missing: "*", shortest: 3, names: []string{
		"january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"}}
	dayOfWeekPart = timePart{word: "day of the week", max: 7, missing: "*", shortest: 2, names: weekdays}
	yearPart      = timePart{word: "year", min: 2000, max: 2100, missing: "*"}
)

// sundayAgain is the 7 that stands for Sunday beside 0.
const sundayAgain = 7

var weekdays = []string{"sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"}

// cronParts are the parts of a cron expression in order; the first is missing when there
// are six, and the last as well when there are five.
var cronParts = []timePart{secondPart, minutePart, hourPart, dayOfMonthPart, monthPart, dayOfWeekPart, yearPart}

// maxComment is the length of a comment that the server takes, in bytes.
const maxComment = 200

// cron is an expression, taken apart.
type cron struct {
	zone    string // that of a CRON_TZ= or TZ= before it
	zoned   bool   // it has one, be it empty
	times   string
	comment string // that of a # behind it
}

// splitCron takes an expression apart. A zone that nothing follows stays with the times.
func splitCron(text string) cron {
	var c cron
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "TZ=") || strings.HasPrefix(text, "CRON_TZ=") {
		if prefix, rest, ok := strings.Cut(text, " "); ok {
			_, c.zone, c.zoned = strings.Cut(prefix, "=")
			text = rest
		}
	}
	c.times, c.comment, _ = strings.Cut(text, "#")
	c.times, c.comment = strings.TrimSpace(c.times), strings.TrimSpace(c.comment)
	return c
}

// cronNames are the expressions with a name.
var cronNames = []string{"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"}

// cronExpression is the rule of cron expressions.
func cronExpression(text string) string {
	c := splitCron(text)
	fields := strings.Fields(c.times)
	switch {
	case len(c.comment) > maxComment:
		return fmt.Sprintf("its comment has %d bytes, want at most %d", len(c.comment), maxComment)
	case c.zoned && timeZone(c.zone) != "":
		return fmt.Sprintf("its zone is %s; %s", quote(c.zone), timeZone(c.zone))
	case c.zoned && strings.HasPrefix(c.times, "@every"):
		return "@every has no zone, since it counts from the Unix epoch; remove the zone"
	case strings.HasPrefix(c.times, "@every"):
		return everySoOften(c.times)
	case slices.Contains(cronNames, c.times):
		return ""
	case strings.HasPrefix(c.times, "@"):
		return "want one of " + strings.Join(cronNames, ", ") + " or @every 6h" + didYouMean(c.times, cronNames)
	case c.zoned && len(fields) == 0, !c.zoned && len(fields) == 1 && strings.Contains(fields[0], "TZ="):
		return "nothing follows the zone; want fields such as 30 2 * * *"
	case len(fields) < 5 || len(fields) > 7:
		return fmt.Sprintf("want five fields (minute, hour, day of the month, month, day of the week), "+
			"six with the year at the end, or seven with the second in front as well, not %d", len(fields))
	}
	return cronFields(fields)
}

func cronFields(fields []string) string {
	parts := cronParts
	if len(fields) < len(parts) {
		parts = parts[1:]
	}
	for i, field := range fields {
		if _, fault := parts[i].ranges(field); fault != "" {
			return fault
		}
	}
	return ""
}

var days = regexp.MustCompile(`(\d+(\.\d*)?|(\.\d+))d`)

// everySoOften is the rule of @every, which takes days (d) beside the units of a duration.
func everySoOften(text string) string {
	_, interval, _ := strings.Cut(text, " ")
	everyText, offsetText, _ := strings.Cut(interval, "/")
	every, err := withDays(everyText)
	if err != nil {
		return "want @every and a duration, such as @every 6h, or with an offset @every 6h/90m"
	}
	offset, err := withDays(cmp.Or(offsetText, "0"))
	if err != nil {
		return fmt.Sprintf("its offset is %s; want a duration such as 90m", quote(offsetText))
	}
	switch {
	case every < time.Second:
		return "want at least @every 1s"
	case offset < 0 || offset >= every:
		return fmt.Sprintf("its offset is %s; want less than the interval of %s", offsetText, everyText)
	}
	return ""
}

func withDays(text string) (time.Duration, error) {
	return time.ParseDuration(days.ReplaceAllStringFunc(text, func(days string) string {
		n, _ := strconv.ParseFloat(strings.TrimSuffix(days, "d"), 64)
		return fmt.Sprintf("%fh", 24*n)
	}))
}

// ranges are the values that a text means, or what is wrong with it.
func (t timePart) ranges(text string) ([]Range, string) {
	text = strings.TrimSpace(text)
	if text == "" {
		text = t.missing
	}
	if text == "*" && t.min == yearPart.min {
		return nil, ""
	}
	var ranges []Range
	for item := range strings.SplitSeq(text, ",") {
		r, fault := t.item(item)
		if fault != "" {
			return nil, fmt.Sprintf("the %s %s %s", t.word, quote(cmp.Or(item, text)), fault)
		}
		ranges = append(ranges, t.withoutSeven(r)...)
	}
	return ranges, ""
}

// rule is the rule of the part alone.
func (t timePart) rule(text string) string {
	_, fault := t.ranges(text)
	return fault
}

// item is one item of a list: *, a value or a range of values, and a step.
func (t timePart) item(text string) (Range, string) {
	values, stepText, stepped := strings.Cut(text, "/")
	r := Range{t.min, t.max, 1}
	if stepped {
		step, err := strconv.ParseInt(stepText, 10, 32)
		if err != nil || step < 1 {
			return r, "needs a whole number of 1 or more after its slash"
		}
		r.Step = int(step)
	}
	if values == "*" {
		return r, ""
	}
	from, to, ranged := strings.Cut(values, "-")
	var ok bool
	if r.Start, ok = t.value(from); !ok {
		return r, t.want(text)
	}
	switch {
	case ranged:
		if r.End, ok = t.value(to); !ok {
			return r, t.want(text)
		}
	case !stepped:
		r.End = r.Start
	}
	switch {
	case r.End < r.Start:
		return r, fmt.Sprintf("ends before it begins; write %s-%s,%s-%s", from, t.short(t.last()), t.short(t.min), to)
	case t.max == sundayAgain && r == Range{1, sundayAgain, 1}:
		return r, "is not every day to Temporal, which leaves out the 7; write * for every day, or 1-6"
	}
	return r, ""
}

// last is the greatest value that is not another's second name.
func (t timePart) last() int {
	if t.max == sundayAgain {
		return t.max - 1
	}
	return t.max
}

// short is how a value is best written.
func (t timePart) short(value int) string {
	if len(t.names) > 0 {
		return t.names[value-t.min][:3]
	}
	return strconv.Itoa(value)
}

func (t timePart) want(text string) string {
	switch text {
	case "":
		return "has a comma too many"
	case "?":
		return "is not known to Temporal; write *"
	}
	want := fmt.Sprintf("is not from %d to %d", t.min, t.max)
	if len(t.names) > 0 {
		want += ", nor a name such as " + t.short(t.min+1)
	}
	return want
}

func (t timePart) value(text string) (int, bool) {
	if len(t.names) > 0 && len(text) >= t.shortest {
		for i, name := range t.names {
			if strings.HasPrefix(name, strings.ToLower(text)) {
				return t.min + i, true
			}
		}
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= t.min && n <= t.max
}

// withoutSeven writes the second Sunday of a range of days of the week as 0.
func (t timePart) withoutSeven(r Range) []Range {
	if t.max != sundayAgain || r.End != sundayAgain {
		return []Range{r}
	}
	sunday, rest := Range{0, 0, 1}, Range{r.Start, sundayAgain - 1, r.Step}
	switch {
	case r.Start == sundayAgain:
		return []Range{sunday}
	case r.Start == 0 && r.Step == 1, (sundayAgain-r.Start)%r.Step != 0:
		return []Range{rest}
	}
	return []Range{sunday, rest}
}

// Ranges are the times of a calendar that was read, in the form that Temporal's SDK takes.
func (c Calendar) Ranges() CalendarRanges {
	of := func(part timePart, text string) []Range {
		ranges, _ := part.ranges(text)
		return ranges
	}
	return CalendarRanges{
		Second: of(secondPart, c.Second), Minute: of(minutePart, c.Minute), Hour: of(hourPart, c.Hour),
		DayOfMonth: of(dayOfMonthPart, c.DayOfMonth), Month: of(monthPart, c.Month),
		DayOfWeek: of(dayOfWeekPart, c.DayOfWeek), Year: of(yearPart, c.Year),
	}
}
