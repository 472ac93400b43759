package spec

import (
	"cmp"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"
)

// When a scheduled run builds.
const (
	Changed = "changed"
	Always  = "always"
)

// Schedule is a Temporal Schedule of the build, in the words of `temporal schedule create`.
type Schedule struct {
	// ID of the schedule; default: the build's name.
	ID string `json:"id,omitempty"`
	// Cron expressions of five to seven fields, or @daily and its like.
	Cron []string `json:"cron,omitempty"`
	// Calendars are times by their parts.
	Calendars []Calendar `json:"calendars,omitempty"`
	// Intervals count from the Unix epoch.
	Intervals []Interval `json:"intervals,omitempty"`
	// TimeZone of cron and calendars, an IANA name; default UTC.
	TimeZone string `json:"timeZone,omitempty"`
	// Jitter is up to how much later than its time a run starts.
	Jitter Duration `json:"jitter,omitempty"`
	// StartTime before which nothing runs, RFC 3339.
	StartTime string `json:"startTime,omitempty"`
	// EndTime after which nothing runs, RFC 3339.
	EndTime string `json:"endTime,omitempty"`
	// OverlapPolicy says what happens when the run before has not ended.
	OverlapPolicy string `json:"overlapPolicy,omitempty" jsonschema:"enum=Skip,enum=BufferOne,enum=BufferAll,enum=CancelOther,enum=TerminateOther,enum=AllowAll,default=Skip"`
	// CatchupWindow is how late a run that was missed is still made up for; Temporal's default is a year.
	CatchupWindow Duration `json:"catchupWindow,omitempty"`
	// PauseOnFailure pauses the schedule after the first failure.
	PauseOnFailure bool `json:"pauseOnFailure,omitempty"`
	// PauseAfterFailures pauses the schedule after so many failures in a row, with the reason in its notes; 0 never does.
	PauseAfterFailures int32 `json:"pauseAfterFailures,omitempty" jsonschema:"minimum=0,maximum=100,default=0"`
	// RemainingActions is how many runs there will be; 0 is without a limit.
	RemainingActions int32 `json:"remainingActions,omitempty" jsonschema:"minimum=0"`
	// Notes about the schedule, for people.
	Notes string `json:"notes,omitempty"`
	// When a run builds: only when what goes into the image has changed since the last success, or always.
	When string `json:"when,omitempty" jsonschema:"enum=changed,enum=always,default=changed"`
	// Freeze are windows in which runs are skipped.
	Freeze []Freeze `json:"freeze,omitempty"`
}

// Calendar is a set of times: each part is a number, a range such as 1-5, a list, a step such as */15, a name of a
// day or month, or *. Hour, minute and second are 0 when left out, the others every one.
type Calendar struct {
	Year       string `json:"year,omitempty"`
	Month      string `json:"month,omitempty"`
	DayOfMonth string `json:"dayOfMonth,omitempty"`
	DayOfWeek  string `json:"dayOfWeek,omitempty"`
	Hour       string `json:"hour,omitempty"`
	Minute     string `json:"minute,omitempty"`
	Second     string `json:"second,omitempty"`
	// Comment for people.
	Comment string `json:"comment,omitempty"`
}

// Interval is a time every so often.
type Interval struct {
	// Every so often.
	Every Duration `json:"every"`
	// Offset from the beginning of each interval.
	Offset Duration `json:"offset,omitempty"`
}

// Freeze is a window in which runs are skipped: between two dates or times such as 2026-12-24 or 2026-12-24T18:00,
// or each week between two times such as Fri 18:00 and Mon 08:00. A date as the end is the end of that day.
type Freeze struct {
	// From when on.
	From string `json:"from"`
	// To when: a date with its day, a time without its minute.
	To string `json:"to"`
	// TimeZone of both, an IANA name; default: the schedule's.
	TimeZone string `json:"timeZone,omitempty"`
	// Reason that a skipped run tells.
	Reason string `json:"reason,omitempty"`
}

// overlapSkip leaves out a run whose predecessor has not ended.
const overlapSkip = "Skip"

// scheduledSuffix is the layout of what a scheduled run adds to the names of its images:
// its time, in UTC.
const scheduledSuffix = "-20060102T150405Z"

// HasTimes tells whether the schedule says when runs start. One without times holds for
// a schedule that was made by other means.
func (s *Schedule) HasTimes() bool {
	return s != nil && len(s.Cron)+len(s.Calendars)+len(s.Intervals) > 0
}

// Limits of schedules.
const (
	maxScheduleID = 107 // with the time that Temporal adds, a build id of 128 characters
	maxNotes      = 1024
	minInterval   = Duration(time.Second)
	minCatchup    = Duration(10 * time.Second) // the server takes less for this
)

var scheduleIDShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]*$`)

var scheduleRules = []func(*checker){
	(*checker).scheduleTimes,
	(*checker).scheduleTexts,
	(*checker).cronExpressions,
	(*checker).cronZones,
	(*checker).calendars,
	(*checker).intervals,
	(*checker).scheduleBounds,
	(*checker).scheduledNames,
}

// timesOf are the fields that say when runs start.
var timesOf = []string{"cron", "calendars", "intervals"}

// givesTimes tells whether the document means to say when runs start, even when the
// times have faults of their own.
func (c *checker) givesTimes() bool {
	return slices.ContainsFunc(timesOf, func(name string) bool {
		times := c.root.get("schedule").get(name)
		return times != nil && (times.kind != isList || len(times.items) > 0)
	})
}

// scheduleTimes wants times, unless the section says only what holds for any schedule.
func (c *checker) scheduleTimes() {
	section := c.root.get("schedule")
	if section == nil || c.givesTimes() {
		return
	}
	says := false
	for _, f := range section.fields {
		switch f.name {
		case "when", "freeze", "pauseAfterFailures":
			says = true
		case "timeZone", "cron", "calendars", "intervals":
		default:
			c.keyFault(path{"schedule", f.name}, "%s is a setting of a schedule with times, and there are none; "+
				"add cron, calendars or intervals, or leave it out", path{"schedule", f.name}.label())
			says = true
		}
	}
	if !says {
		c.fault(path{"schedule"}, "schedule has no times; give it cron, calendars or intervals")
	}
}

func (c *checker) scheduleTexts() {
	s := c.Schedule
	if s == nil {
		return
	}
	c.text(s.ID, shaped(scheduleIDShape, 1, maxScheduleID, `a letter or digit first, then letters, digits and ".", "_", "/", "-"`), "schedule", "id")
	c.text(s.TimeZone, timeZone, "schedule", "timeZone")
	c.text(s.StartTime, timestamp, "schedule", "startTime")
	c.text(s.EndTime, timestamp, "schedule", "endTime")
	c.text(s.Notes, func(text string) string { return length(text, 0, maxNotes) }, "schedule", "notes")
}

// timestamp is the rule of instants.
func timestamp(text string) string {
	if err := new(time.Time).UnmarshalText([]byte(text)); err != nil {
		return "want a time with its distance from UTC, such as 2026-12-24T18:00:00Z or 2026-12-24T18:00:00+08:00"
	}
	return ""
}

func (c *checker) cronExpressions() {
	if c.Schedule == nil {
		return
	}
	for i, expression := range c.Schedule.Cron {
		c.required(expression, cronExpression, "schedule", "cron", i)
	}
}

// cronZones wants one zone in all expressions, and in the section: a schedule has one.
func (c *checker) cronZones() {
	if c.Schedule == nil {
		return
	}
	const advice = "a schedule has one zone: remove it from the expressions and set schedule.timeZone"
	first, firstZone := -1, ""
	for i, expression := range c.Schedule.Cron {
		if cronExpression(expression) != "" {
			continue
		}
		zone, p := splitCron(expression).zone, path{"schedule", "cron", i}
		if first < 0 {
			first, firstZone = i, zone
		}
		switch {
		case zone != firstZone:
			c.fault(p, "%s names %s, but schedule.cron[%d] names %s; %s", p.label(), cmp.Or(zone, "no zone"), first, cmp.Or(firstZone, "none"), advice)
		case zone != "" && c.Schedule.TimeZone != "" && zone != c.Schedule.TimeZone:
			c.fault(p, "%s names %s, but schedule.timeZone is %s; %s", p.label(), zone, c.Schedule.TimeZone, advice)
		}
	}
}

// cronZone is the zone that the expressions name; they agree on it.
func cronZone(expressions []string) string {
	if len(expressions) == 0 {
		return ""
	}
	return splitCron(expressions[0]).zone
}

func (c *checker) calendars() {
	if c.Schedule == nil {
		return
	}
	for i, calendar := range c.Schedule.Calendars {
		p := path{"schedule", "calendars", i}
		for _, field := range []struct {
			name, text string
			part       timePart
		}{
			{"year", calendar.Year, yearPart},
			{"month", calendar.Month, monthPart},
			{"dayOfMonth", calendar.DayOfMonth, dayOfMonthPart},
			{"dayOfWeek", calendar.DayOfWeek, dayOfWeekPart},
			{"hour", calendar.Hour, hourPart},
			{"minute", calendar.Minute, minutePart},
			{"second", calendar.Second, secondPart},
		} {
			c.text(field.text, field.part.rule, p.join(field.name)...)
		}
		if n := len(calendar.Comment); n > maxComment {
			c.fault(p.join("comment"), "comment has %d bytes; want at most %d", n, maxComment)
		}
	}
}

func (c *checker) intervals() {
	if c.Schedule == nil {
		return
	}
	for i, interval := range c.Schedule.Intervals {
		p := path{"schedule", "intervals", i}
		switch {
		case interval.Every < minInterval && c.has(p.join("every")...):
			c.fault(p.join("every"), "every is %v; want at least 1s", interval.Every)
		case interval.Every >= minInterval && interval.Offset >= interval.Every:
			c.fault(p.join("offset"), "offset is %v; want less than every, which is %v", interval.Offset, interval.Every)
		}
	}
}

func (c *checker) scheduleBounds() {
	s := c.Schedule
	if s == nil {
		return
	}
	if p := (path{"schedule", "catchupWindow"}); c.has(p...) && s.CatchupWindow < minCatchup {
		c.fault(p, "%s is %v; want at least 10s, which is the least that Temporal knows", p.label(), s.CatchupWindow)
	}
	var from, to time.Time
	if from.UnmarshalText([]byte(s.StartTime)) == nil && to.UnmarshalText([]byte(s.EndTime)) == nil && !to.After(from) {
		c.fault(path{"schedule", "endTime"}, "schedule.endTime is %s, which is not after schedule.startTime", quote(s.EndTime))
	}
}

// scheduledNames wants room in the names of images for the time of a scheduled run.
func (c *checker) scheduledNames() {
	if !c.givesTimes() || c.usesTemplate() {
		return
	}
	if c.Source.Import != nil {
		c.scheduledName(c.Source.Import.ImageName, imageName, maxName, path{"source", "import", "imageName"}, "")
	}
	switch {
	case c.Image.Name != "":
		c.scheduledName(c.Image.Name, imagePrefix, maxImagePrefix, path{"image", "name"}, "")
	case c.buildsTemplate():
		c.scheduledName(c.Name, imagePrefix, maxImagePrefix, path{"name"}, ", or set image.name")
	}
}

// scheduledName checks a name that has no other fault.
func (c *checker) scheduledName(name string, rule textRule, longest int, p path, or string) {
	room := longest - len(scheduledSuffix)
	if n := utf8.RuneCountInString(name); n > room && rule(name) == "" {
		suffix := time.Date(2026, 11, 22, 19, 30, 0, 0, time.UTC).Format(scheduledSuffix)
		c.fault(p, "%v has %d characters, and a scheduled run adds %d to the image's name, such as %s, which together are more than %d; shorten it to %d%s",
			p, n, len(suffix), suffix, longest, room, or)
	}
}
