package starter

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// over reads the document of the tests with a schedule section and puts flags over it.
func over(t *testing.T, section string, args ...string) (spec.Build, []flagFault) {
	t.Helper()
	build, err := spec.Read("web.yaml", []byte(document+section), spec.Options{})
	require.NoError(t, err)
	var flags scheduleFlags
	cmd := &cobra.Command{Use: "create"}
	cmd.Flags().StringVar(&flags.ID, "schedule-id", "", "")
	flags.add(cmd)
	require.NoError(t, cmd.ParseFlags(args))
	return flags.over(build)
}

const nightly = `
schedule:
  cron: ["30 2 * * *"]
  timeZone: Europe/Berlin
  notes: every night
`

func TestScheduleOptions(t *testing.T) {
	ranges := func(of ...int) []client.ScheduleRange {
		var all []client.ScheduleRange
		for _, v := range of {
			all = append(all, client.ScheduleRange{Start: v, End: v, Step: 1})
		}
		return all
	}
	days, allMonths, week := []client.ScheduleRange{{Start: 1, End: 31, Step: 1}}, []client.ScheduleRange{{Start: 1, End: 12, Step: 1}}, []client.ScheduleRange{{Start: 0, End: 6, Step: 1}}
	for _, test := range []struct {
		name    string
		section string
		args    []string
		want    func(*client.ScheduleOptions)
	}{
		{name: "the section as it is", section: nightly, want: func(*client.ScheduleOptions) {}},
		{name: "the id of the section", section: strings.Replace(nightly, "  cron", "  id: night\n  cron", 1), want: func(o *client.ScheduleOptions) { o.ID = "night" }},
		{name: "another id", section: nightly, args: []string{"--schedule-id", "nights"}, want: func(o *client.ScheduleOptions) { o.ID = "nights" }},
		{name: "no section", args: []string{"--cron", "@daily", "--cron", "0 12 * * *"}, want: func(o *client.ScheduleOptions) {
			o.Spec.CronExpressions, o.Spec.TimeZoneName, o.Note = []string{"@daily", "0 12 * * *"}, "UTC", ""
		}},
		{name: "other times stand for all", section: nightly, args: []string{"--interval", "6h/5m", "--interval", "7d"}, want: func(o *client.ScheduleOptions) {
			o.Spec.CronExpressions = nil
			o.Spec.Intervals = []client.ScheduleIntervalSpec{{Every: 6 * time.Hour, Offset: 5 * time.Minute}, {Every: 168 * time.Hour}}
		}},
		{name: "a calendar", section: nightly, args: []string{"--calendar", `{"dayOfWeek":"Fri","hour":3,"comment":"weekend"}`}, want: func(o *client.ScheduleOptions) {
			o.Spec.CronExpressions = nil
			o.Spec.Calendars = []client.ScheduleCalendarSpec{{Second: ranges(0), Minute: ranges(0), Hour: ranges(3), DayOfMonth: days, Month: allMonths, DayOfWeek: ranges(5), Comment: "weekend"}}
		}},
		{name: "a calendar in the document", section: "schedule:\n  calendars: [{hour: 1-3, minute: '*/30'}]\n", want: func(o *client.ScheduleOptions) {
			o.Spec.CronExpressions, o.Spec.TimeZoneName, o.Note = nil, "UTC", ""
			o.Spec.Calendars = []client.ScheduleCalendarSpec{{Second: ranges(0), Minute: []client.ScheduleRange{{Start: 0, End: 59, Step: 30}},
				Hour: []client.ScheduleRange{{Start: 1, End: 3, Step: 1}}, DayOfMonth: days, Month: allMonths, DayOfWeek: week}}
		}},
		{name: "time zone", section: nightly, args: []string{"--time-zone", "Asia/Shanghai"}, want: func(o *client.ScheduleOptions) { o.Spec.TimeZoneName = "Asia/Shanghai" }},
		{name: "jitter", section: nightly, args: []string{"--jitter", "10m"}, want: func(o *client.ScheduleOptions) { o.Spec.Jitter = 10 * time.Minute }},
		{name: "catchup window", section: nightly, args: []string{"--catchup-window", "1d"}, want: func(o *client.ScheduleOptions) { o.CatchupWindow = 24 * time.Hour }},
		{name: "overlap policy", section: nightly, args: []string{"--overlap-policy", "bufferall"}, want: func(o *client.ScheduleOptions) { o.Overlap = enumspb.SCHEDULE_OVERLAP_POLICY_BUFFER_ALL }},
		{name: "pause on failure", section: nightly, args: []string{"--pause-on-failure"}, want: func(o *client.ScheduleOptions) { o.PauseOnFailure = true }},
		{name: "no pause on failure", section: nightly + "  pauseOnFailure: true\n", args: []string{"--pause-on-failure=false"}, want: func(*client.ScheduleOptions) {}},
		{name: "bounds", section: nightly, args: []string{"--start-time", "2027-01-01T00:00:00+08:00", "--end-time", "2028-01-01T00:00:00Z"}, want: func(o *client.ScheduleOptions) {
			o.Spec.StartAt, o.Spec.EndAt = time.Date(2026, 12, 31, 16, 0, 0, 0, time.UTC), time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC)
		}},
		{name: "remaining actions", section: nightly, args: []string{"--remaining-actions", "3"}, want: func(o *client.ScheduleOptions) { o.RemainingActions = 3 }},
		{name: "notes", section: nightly, args: []string{"--notes", "each night"}, want: func(o *client.ScheduleOptions) { o.Note = "each night" }},
		{name: "no notes", section: nightly, args: []string{"--notes", ""}, want: func(o *client.ScheduleOptions) { o.Note = "" }},
		{name: "all of the section", section: nightly + "  jitter: 5m\n  catchupWindow: 1h\n  overlapPolicy: AllowAll\n  pauseOnFailure: true\n  remainingActions: 7\n",
			want: func(o *client.ScheduleOptions) {
				o.Spec.Jitter, o.CatchupWindow, o.Overlap = 5*time.Minute, time.Hour, enumspb.SCHEDULE_OVERLAP_POLICY_ALLOW_ALL
				o.PauseOnFailure, o.RemainingActions = true, 7
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			build, faults := over(t, test.section, test.args...)
			require.Empty(t, faults)
			got, err := scheduleOptions(build, "kiln")
			require.NoError(t, err)

			want := client.ScheduleOptions{
				ID:      "web-base",
				Spec:    client.ScheduleSpec{CronExpressions: []string{"30 2 * * *"}, TimeZoneName: "Europe/Berlin"},
				Overlap: enumspb.SCHEDULE_OVERLAP_POLICY_SKIP, Note: "every night",
			}
			test.want(&want)
			want.Action, want.Memo, want.TypedSearchAttributes = got.Action, got.Memo, got.TypedSearchAttributes
			got.Spec.StartAt, got.Spec.EndAt = got.Spec.StartAt.UTC(), got.Spec.EndAt.UTC()
			require.Equal(t, want, got)

			action := got.Action.(*client.ScheduleWorkflowAction)
			require.Equal(t, want.ID, action.ID, "builds are called after the schedule")
			require.Equal(t, "BuildGoldenImage", action.Workflow)
			require.Equal(t, []any{build}, action.Args)
			require.Equal(t, "kiln", action.TaskQueue)
			require.Equal(t, build.Fingerprint(), got.Memo[memoFingerprint])
			require.Equal(t, build.Fingerprint(), action.Memo[memoFingerprint])
			name, _ := got.TypedSearchAttributes.GetKeyword(workflows.AttrName)
			region, _ := action.TypedSearchAttributes.GetKeyword(workflows.AttrRegion)
			require.Equal(t, "web-base in cn-hangzhou", name+" in "+region)
		})
	}
}

// Bad flags are told as the faults of a document are: all at once, each where it is.
func TestScheduleFlagsThatAreWrong(t *testing.T) {
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"--cron", "61 2 * * *"}, []string{"--cron: ", "61"}},
		{[]string{"--cron", "2 * *"}, []string{"--cron: ", "fields"}},
		{[]string{"--interval", "6x"}, []string{"--interval: ", `"6x" is no duration`}},
		{[]string{"--interval", "1h/2h"}, []string{"--interval: ", "offset"}},
		{[]string{"--calendar", "Fri"}, []string{"--calendar: Fri is no JSON object"}},
		{[]string{"--calendar", `{"hour":"3"}{"hour":"4"}`}, []string{"repeat the flag"}},
		{[]string{"--calendar", `{"hours":"3"}`}, []string{"--calendar: ", "want year, month"}},
		{[]string{"--calendar", `{"hour":"25"}`}, []string{"--calendar: ", "hour", "25"}},
		{[]string{"--time-zone", "Europe/Berlni"}, []string{"--time-zone: ", "Europe/Berlin"}},
		{[]string{"--jitter", "soon", "--catchup-window", "1s1"}, []string{"--jitter: ", "--catchup-window: "}},
		{[]string{"--catchup-window", "1s"}, []string{"--catchup-window: ", "10s"}},
		{[]string{"--start-time", "tomorrow"}, []string{"--start-time: ", "2026-12-24T18:00:00Z"}},
		{[]string{"--start-time", "2027-01-02T00:00:00Z", "--end-time", "2027-01-01T00:00:00Z"}, []string{"--end-time: "}},
		{[]string{"--remaining-actions", "-1"}, []string{"--remaining-actions: "}},
		{[]string{"--schedule-id", "a b"}, []string{"--schedule-id: "}},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			_, faults := over(t, nightly, test.args...)
			require.NotEmpty(t, faults)
			var lines []string
			for _, f := range faults {
				lines = append(lines, f.String())
			}
			for _, part := range test.want {
				require.Contains(t, strings.Join(lines, "\n"), part)
			}
		})
	}
}

// Every flag that sets a field of the section is known by it.
func TestScheduleFlagsHaveTheirFields(t *testing.T) {
	var flags scheduleFlags
	cmd := &cobra.Command{Use: "create"}
	cmd.Flags().StringVar(&flags.ID, "schedule-id", "", "")
	flags.add(cmd)
	known := map[string]bool{}
	for field, flag := range sectionFlags {
		require.NotNil(t, cmd.Flags().Lookup(flag), field)
		known[flag] = true
	}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { require.True(t, known[f.Name], f.Name) })
}
