package starter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
)

// scheduleFlags are those of the temporal CLI that say how a schedule is to be. What is
// given overrides the schedule section of the document.
type scheduleFlags struct {
	ID                         string
	Cron, Calendars, Intervals []string
	TimeZone                   string
	Jitter                     string
	CatchupWindow              string
	OverlapPolicy              string
	PauseOnFailure             bool
	StartTime, EndTime         string
	RemainingActions           int32
	Notes                      string

	cmd *cobra.Command // knows which are given
}

func (f *scheduleFlags) add(cmd *cobra.Command) {
	f.cmd = cmd
	flags := cmd.Flags()
	flags.StringArrayVar(&f.Cron, "cron", nil, "times as a cron `EXPRESSION` such as '30 2 * * 0'; repeatable")
	flags.StringArrayVar(&f.Calendars, "calendar", nil, "times by their parts as `JSON`, such as '{\"dayOfWeek\":\"Fri\",\"hour\":\"3\"}'; repeatable")
	flags.StringArrayVar(&f.Intervals, "interval", nil, "`EVERY` so often, such as 6h, or 6h/5m for five minutes after; repeatable")
	flags.StringVar(&f.TimeZone, "time-zone", "", "IANA `NAME` of the time zone of cron and calendars (default: UTC)")
	flags.StringVar(&f.Jitter, "jitter", "", "up to how much later than its time a run starts, a `DURATION`")
	flags.StringVar(&f.CatchupWindow, "catchup-window", "", "how late a run that the server missed is still made up for, a `DURATION` (default: a year)")
	addOverlapPolicy(cmd, &f.OverlapPolicy, "what happens when the run before has not ended (default: Skip)")
	flags.BoolVar(&f.PauseOnFailure, "pause-on-failure", false, "pause the schedule after the first failure")
	flags.StringVar(&f.StartTime, "start-time", "", "`TIME` before which nothing runs, RFC 3339")
	flags.StringVar(&f.EndTime, "end-time", "", "`TIME` after which nothing runs, RFC 3339")
	flags.Int32Var(&f.RemainingActions, "remaining-actions", 0, "there will be `N` runs; 0 is without a limit")
	flags.StringVar(&f.Notes, "notes", "", "`TEXT` about the schedule, for people")
	cli.MayBeEmpty(flags, "time-zone", "start-time", "end-time", "notes") // there is none any more
}

// sectionFlags are the flags by the field of the section that they set.
var sectionFlags = map[string]string{
	"id": "schedule-id", "cron": "cron", "calendars": "calendar", "intervals": "interval", "timeZone": "time-zone",
	"jitter": "jitter", "catchupWindow": "catchup-window", "overlapPolicy": "overlap-policy",
	"pauseOnFailure": "pause-on-failure", "startTime": "start-time", "endTime": "end-time",
	"remainingActions": "remaining-actions", "notes": "notes",
}

// given are the fields of the section that flags set.
func (f *scheduleFlags) given() []string {
	var fields []string
	for field, flag := range sectionFlags {
		if f.cmd.Flags().Changed(flag) {
			fields = append(fields, field)
		}
	}
	return fields
}

// addOverlapPolicy defines --overlap-policy, whose case does not matter.
func addOverlapPolicy(cmd *cobra.Command, to *string, usage string) {
	cmd.Flags().Var(&policyValue{to}, "overlap-policy", usage+": "+strings.Join(overlapPolicies, ", "))
	_ = cmd.RegisterFlagCompletionFunc("overlap-policy", cobra.FixedCompletions(overlapPolicies, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
}

type policyValue struct{ to *string }

func (p *policyValue) String() string {
	if p.to == nil { // pflag asks a zero value for its default
		return ""
	}
	return *p.to
}

func (p *policyValue) Type() string { return "POLICY" }

func (p *policyValue) Set(word string) error {
	for _, name := range overlapPolicies {
		if strings.EqualFold(name, word) {
			*p.to = name
			return nil
		}
	}
	hint := ""
	if means := spec.Closest(word, overlapPolicies); means != "" {
		hint = "; did you mean " + means + "?"
	}
	last := len(overlapPolicies) - 1
	return fmt.Errorf("want %s or %s%s", strings.Join(overlapPolicies[:last], ", "), overlapPolicies[last], hint)
}

// A flagFault is what is wrong with a flag, told as a fault of a document is.
type flagFault struct{ flag, message string }

func (f flagFault) String() string { return "--" + f.flag + ": " + f.message }

// over puts what the flags say over the schedule section of a document. Any of the times
// that is given stands for all of them.
func (f *scheduleFlags) over(build spec.Build) (spec.Build, []flagFault) {
	var section spec.Schedule
	if build.Schedule != nil {
		section = *build.Schedule
	}
	if len(f.given()) == 0 {
		return build, nil
	}
	build.Schedule = &section
	given := f.cmd.Flags().Changed
	if given("cron") || given("calendar") || given("interval") {
		section.Cron, section.Calendars, section.Intervals = f.Cron, nil, nil
	}
	faults := f.readTimes(&section)
	for flag, set := range map[string]func(){
		"schedule-id":       func() { section.ID = f.ID },
		"time-zone":         func() { section.TimeZone = f.TimeZone },
		"overlap-policy":    func() { section.OverlapPolicy = f.OverlapPolicy },
		"pause-on-failure":  func() { section.PauseOnFailure = f.PauseOnFailure },
		"start-time":        func() { section.StartTime = f.StartTime },
		"end-time":          func() { section.EndTime = f.EndTime },
		"remaining-actions": func() { section.RemainingActions = f.RemainingActions },
		"notes":             func() { section.Notes = f.Notes },
	} {
		if given(flag) {
			set()
		}
	}
	if len(faults) > 0 {
		return build, faults
	}
	return checkSection(build)
}

// readTimes reads what a flag says in a form of its own.
func (f *scheduleFlags) readTimes(section *spec.Schedule) []flagFault {
	var faults []flagFault
	fault := func(flag, message string) { faults = append(faults, flagFault{flag, message}) }
	for _, text := range f.Calendars {
		c, err := readCalendar(text)
		if err != nil {
			fault("calendar", err.Error())
		}
		section.Calendars = append(section.Calendars, c)
	}
	for _, text := range f.Intervals {
		i, err := parseInterval(text)
		if err != nil {
			fault("interval", err.Error())
		}
		section.Intervals = append(section.Intervals, i)
	}
	for _, d := range []struct {
		flag, text string
		to         *spec.Duration
	}{{"jitter", f.Jitter, &section.Jitter}, {"catchup-window", f.CatchupWindow, &section.CatchupWindow}} {
		if !f.cmd.Flags().Changed(d.flag) {
			continue
		}
		span, err := parseSpan(d.text)
		if err != nil {
			fault(d.flag, err.Error())
		}
		*d.to = spec.Duration(span)
	}
	return faults
}

// readCalendar reads the JSON of a calendar, in which numbers may stand for their text.
func readCalendar(text string) (spec.Calendar, error) {
	fields := map[string]any{}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		return spec.Calendar{}, fmt.Errorf("%s is no JSON object such as {\"dayOfWeek\":\"Fri\",\"hour\":\"3\"}", text)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return spec.Calendar{}, fmt.Errorf("%s is more than one JSON object; repeat the flag", text)
	}
	for name, value := range fields {
		if number, is := value.(json.Number); is {
			fields[name] = number.String()
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		return spec.Calendar{}, err
	}
	var c spec.Calendar
	strict := json.NewDecoder(bytes.NewReader(data))
	strict.DisallowUnknownFields()
	if err := strict.Decode(&c); err != nil {
		return c, fmt.Errorf("%s: want year, month, dayOfMonth, dayOfWeek, hour, minute, second and comment, each a text", text)
	}
	return c, nil
}

// checkSection holds a document whose section has been changed to the rules of documents.
func checkSection(build spec.Build) (spec.Build, []flagFault) {
	data, err := json.Marshal(build)
	if err != nil {
		panic(err) // text, numbers and maps of text always marshal
	}
	checked, err := spec.Read("flags", data, spec.Options{})
	var found spec.Faults
	if !errors.As(err, &found) {
		return checked, nil
	}
	var faults []flagFault
	for _, f := range found {
		field := strings.TrimPrefix(f.Path, "schedule.")
		if i := strings.IndexAny(field, ".["); i > 0 {
			field = field[:i]
		}
		flag := sectionFlags[field]
		if flag == "" {
			flag = "cron" // a rule about the section as a whole is one about its times
		}
		faults = append(faults, flagFault{flag, f.Message})
	}
	return build, faults
}

// refuseFlags says what is wrong with flags.
func (a *app) refuseFlags(faults []flagFault) error {
	for _, f := range faults {
		_, _ = fmt.Fprintln(a.Err, f)
	}
	return cli.Fail(cli.ExitUsage, fmt.Errorf("%s in the flags; nothing was changed", count(len(faults), "fault")))
}

// maxScheduleID is the longest id: the builds' ids are made of it and the time, and
// those are values of tags in the cloud (at most 128 characters, ECS TagResources).
const maxScheduleID = 128 - len("-2006-01-02T15:04:05Z")

func checkScheduleID(id string) error {
	if !buildIDs.MatchString(id) || len(id) > maxScheduleID {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("schedule id %q: want a letter or digit, then at most %d letters, digits and . _ / -; name one with --schedule-id",
			id, maxScheduleID-1))
	}
	return nil
}

// readTime reads a time that a flag gives.
func readTime(cmd *cobra.Command, flag, text string) (time.Time, error) {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, cli.Usagef(cmd, "--%s %q: want a time such as 2026-12-24T18:00:00+01:00", flag, text)
	}
	return at, nil
}
