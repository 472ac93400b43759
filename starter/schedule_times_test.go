package starter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/spec"
)

// What a document says and what the server keeps of it are the same times, and in words.
func TestScheduleTimes(t *testing.T) {
	r := func(start, end, step int) client.ScheduleRange {
		return client.ScheduleRange{Start: start, End: end, Step: step}
	}
	one := func(v int) []client.ScheduleRange { return []client.ScheduleRange{r(v, v, 1)} }
	all := func(c client.ScheduleCalendarSpec) client.ScheduleCalendarSpec {
		for _, field := range []struct {
			to    *[]client.ScheduleRange
			every client.ScheduleRange
		}{{&c.Second, r(0, 0, 1)}, {&c.Minute, r(0, 0, 1)}, {&c.Hour, r(0, 0, 1)}, {&c.DayOfMonth, r(1, 31, 1)}, {&c.Month, r(1, 12, 1)}, {&c.DayOfWeek, r(0, 6, 1)}} {
			if *field.to == nil {
				*field.to = []client.ScheduleRange{field.every}
			}
		}
		return c
	}
	for _, test := range []struct {
		name    string
		section spec.Schedule
		server  client.ScheduleCalendarSpec
		words   string
	}{
		{"a night", spec.Schedule{Cron: []string{"30 2 * * *"}}, all(client.ScheduleCalendarSpec{Hour: one(2), Minute: one(30)}), "at 02:30 every day"},
		{"a name for it", spec.Schedule{Cron: []string{"@daily"}}, all(client.ScheduleCalendarSpec{}), "at 00:00 every day"},
		{"a calendar", spec.Schedule{Calendars: []spec.Calendar{{Hour: "2", Minute: "30"}}}, all(client.ScheduleCalendarSpec{Hour: one(2), Minute: one(30)}), "at 02:30 every day"},
		{"Sunday by name", spec.Schedule{Cron: []string{"0 3 * * SUN"}}, all(client.ScheduleCalendarSpec{Hour: one(3), DayOfWeek: one(0)}), "at 03:00 on Sunday"},
		{"Sunday as 7", spec.Schedule{Cron: []string{"0 3 * * 7"}}, all(client.ScheduleCalendarSpec{Hour: one(3), DayOfWeek: one(0)}), "at 03:00 on Sunday"},
		{"the weekend", spec.Schedule{Cron: []string{"0 3 * * 6-7"}}, all(client.ScheduleCalendarSpec{Hour: one(3), DayOfWeek: []client.ScheduleRange{r(0, 0, 1), r(6, 6, 1)}}), "at 03:00 on Sunday and Saturday"},
		{"working days, twice", spec.Schedule{Cron: []string{"15 6,18 * * mon-fri"}},
			all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(6, 6, 1), r(18, 18, 1)}, Minute: one(15), DayOfWeek: []client.ScheduleRange{r(1, 5, 1)}}),
			"at 06:15 and 18:15 on Monday to Friday"},
		{"a month", spec.Schedule{Cron: []string{"@monthly"}}, all(client.ScheduleCalendarSpec{DayOfMonth: one(1)}), "at 00:00 on day 1 of every month"},
		{"a leap day", spec.Schedule{Cron: []string{"0 3 29 2 *"}}, all(client.ScheduleCalendarSpec{Hour: one(3), DayOfMonth: one(29), Month: one(2)}), "at 03:00 on day 29 of February"},
		{"quarters", spec.Schedule{Cron: []string{"0 3 1 */3 *"}}, all(client.ScheduleCalendarSpec{Hour: one(3), DayOfMonth: one(1), Month: []client.ScheduleRange{r(1, 12, 3)}}),
			"at 03:00 on day 1 of January, April, July and October"},
		{"the first Sunday of a month", spec.Schedule{Cron: []string{"0 3 1-7 * 0"}},
			all(client.ScheduleCalendarSpec{Hour: one(3), DayOfMonth: []client.ScheduleRange{r(1, 7, 1)}, DayOfWeek: one(0)}), "at 03:00 on days 1 to 7 of every month if Sunday"},
		{"an hour", spec.Schedule{Cron: []string{"@hourly"}}, all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(0, 23, 1)}}), "every hour"},
		{"a minute of every hour", spec.Schedule{Cron: []string{"17 * * * *"}}, all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(0, 23, 1)}, Minute: one(17)}), "every hour at minute 17"},
		{"every other hour", spec.Schedule{Cron: []string{"5 */2 * * *"}}, all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(0, 23, 2)}, Minute: one(5)}), "every 2 hours at minute 5 every day"},
		{"every quarter of an hour", spec.Schedule{Cron: []string{"*/15 * * * *"}}, all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(0, 23, 1)}, Minute: []client.ScheduleRange{r(0, 59, 15)}}), "every 15 minutes"},
		{"office hours", spec.Schedule{Cron: []string{"*/20 8-17 * * 1-5"}},
			all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(8, 17, 1)}, Minute: []client.ScheduleRange{r(0, 59, 20)}, DayOfWeek: []client.ScheduleRange{r(1, 5, 1)}}),
			"every 20 minutes from 08:00 to 17:59 on Monday to Friday"},
		{"seconds", spec.Schedule{Cron: []string{"*/10 * * * * * *"}},
			all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(0, 23, 1)}, Minute: []client.ScheduleRange{r(0, 59, 1)}, Second: []client.ScheduleRange{r(0, 59, 10)}}),
			"every 10 seconds of every minute of every hour"},
		{"a second", spec.Schedule{Cron: []string{"15 30 2 * * * *"}}, all(client.ScheduleCalendarSpec{Hour: one(2), Minute: one(30), Second: one(15)}), "at 02:30:15 every day"},
		{"a year, with a comment", spec.Schedule{Cron: []string{"0 3 24 12 * 2027 # Christmas"}},
			all(client.ScheduleCalendarSpec{Hour: one(3), DayOfMonth: one(24), Month: one(12), Year: one(2027), Comment: "Christmas"}), "at 03:00 on day 24 of December in 2027 (Christmas)"},
		{"odd hours", spec.Schedule{Cron: []string{"*/30 1,2,3,5,9 * * *"}},
			all(client.ScheduleCalendarSpec{Hour: []client.ScheduleRange{r(1, 3, 1), r(5, 5, 1), r(9, 9, 1)}, Minute: []client.ScheduleRange{r(0, 59, 30)}}),
			"every 30 minutes of hours 1 to 3, 5 and 9 every day"},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked, err := timesOf(test.section)
			require.NoError(t, err)
			kept := timesIn(client.ScheduleSpec{Calendars: []client.ScheduleCalendarSpec{test.server}})
			require.True(t, asked.same(kept), "%+v\n%+v", asked, kept)
			require.Equal(t, []string{test.words}, asked.words())

			again, err := timesOf(spec.Schedule{Calendars: asked.Calendars, TimeZone: "UTC"})
			require.NoError(t, err)
			require.True(t, asked.same(again), "the shortest form means the same: %+v\n%+v", asked, again)
		})
	}
}

func TestScheduleTimesThatAreNoCalendar(t *testing.T) {
	is := func(section spec.Schedule) times {
		is, err := timesOf(section)
		require.NoError(t, err)
		return is
	}
	hour, minute := spec.Duration(time.Hour), spec.Duration(time.Minute)
	require.Equal(t, "every 6h", is(spec.Schedule{Intervals: []spec.Interval{{Every: 6 * hour}}}).sentence())
	require.Equal(t, "every 7d, 1d12h after", is(spec.Schedule{Intervals: []spec.Interval{{Every: 7 * 24 * hour, Offset: 36 * hour}}}).sentence())
	require.Equal(t, []string{"every 30m"}, is(spec.Schedule{Cron: []string{"@every 30m"}}).words())
	require.Equal(t, []string{"every 1d, 3h after"}, is(spec.Schedule{Cron: []string{"@every 1d/3h"}}).words())
	require.Equal(t, []string{"only when triggered"}, is(spec.Schedule{}).words())
	require.True(t, is(spec.Schedule{}).none())

	both := spec.Schedule{Cron: []string{"30 2 * * *"}, Intervals: []spec.Interval{{Every: hour}}, TimeZone: "Asia/Shanghai", Jitter: 10 * minute}
	require.Equal(t, "at 02:30 every day; every 1h, Asia/Shanghai, up to 10m later", is(both).sentence())

	named := is(spec.Schedule{Cron: []string{"CRON_TZ=Europe/Berlin 30 2 * * *", "TZ=Europe/Berlin 0 4 * * *"}, TimeZone: "Europe/Berlin"})
	require.Equal(t, "Europe/Berlin", named.TimeZone)
	asked, err := scheduleSpec(spec.Schedule{Cron: []string{"CRON_TZ=Europe/Berlin 30 2 * * *"}, TimeZone: "Europe/Berlin"})
	require.NoError(t, err)
	require.Empty(t, asked.TimeZoneName, "the server refuses a second zone")

	swapped := spec.Schedule{Calendars: []spec.Calendar{{Hour: "5"}, {Hour: "1,2,3"}}}
	same := spec.Schedule{Calendars: []spec.Calendar{{Hour: "1-3"}, {Hour: "5", Minute: "0", DayOfMonth: "*"}}, TimeZone: "UTC"}
	require.True(t, is(swapped).same(is(same)))
	require.False(t, is(swapped).same(is(both)))

	zoned := spec.Schedule{Cron: []string{"@daily"}, StartTime: "2027-01-01T00:00:00+08:00", EndTime: "2028-01-01T00:00:00Z"}
	require.Equal(t, "2026-12-31T16:00:00Z", is(zoned).StartTime)
	require.Equal(t, "2028-01-01T00:00:00Z", is(zoned).EndTime)

	excluded := timesIn(client.ScheduleSpec{
		Intervals: []client.ScheduleIntervalSpec{{Every: time.Hour}},
		Skip:      []client.ScheduleCalendarSpec{{Hour: []client.ScheduleRange{{Start: 12}}, Minute: []client.ScheduleRange{{}}, Second: []client.ScheduleRange{{}}}},
	})
	require.Equal(t, []string{"every 1h", "but not at 12:00 every day"}, excluded.words())
}

func TestScheduleSpans(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, "6h": 6 * time.Hour, "7d": 168 * time.Hour, "1d12h": 36 * time.Hour, "45s": 45 * time.Second, "0s": 0, "1h30m": 90 * time.Minute,
	} {
		got, err := parseSpan(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
		again, err := parseSpan(spanText(got))
		require.NoError(t, err, spanText(got))
		require.Equal(t, want, again, spanText(got))
	}
	for _, text := range []string{"", "6", "6 h", "-1h", "1h1d", "d", "-1d", "9999999d", "x"} {
		_, err := parseSpan(text)
		require.Error(t, err, text)
	}
	for d, want := range map[time.Duration]string{
		defaultCatchup: "365d", 10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Second: "1m30s", time.Hour + time.Second: "1h0m1s",
		25 * time.Hour: "1d1h", 1500 * time.Millisecond: "1.5s", 10 * time.Hour: "10h", 20 * time.Minute: "20m", 40 * time.Second: "40s",
	} {
		require.Equal(t, want, spanText(d))
	}
}

// By the clocks of the zone, also where they are changed.
func TestScheduleZones(t *testing.T) {
	at := func(text string) time.Time {
		is, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return is
	}
	for _, test := range []struct{ utc, zone, want string }{
		{"2026-10-25T00:30:00Z", "Europe/Berlin", "2026-10-25 02:30:00 CEST"},
		{"2026-10-25T01:30:00Z", "Europe/Berlin", "2026-10-25 02:30:00 CET"},
		{"2026-11-01T05:30:00Z", "America/New_York", "2026-11-01 01:30:00 EDT"},
		{"2026-11-01T06:30:00Z", "America/New_York", "2026-11-01 01:30:00 EST"},
		{"2026-11-22T18:30:00Z", "Asia/Shanghai", "2026-11-23 02:30:00 CST"},
		{"2026-11-22T15:30:00Z", "Australia/Lord_Howe", "2026-11-23 02:30:00 +11"},
		{"2026-11-22T15:30:00Z", "Nowhere/Land", "2026-11-22 15:30:00 UTC"},
	} {
		require.Equal(t, test.want, inZone(at(test.utc), test.zone))
	}
}
