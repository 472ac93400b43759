//go:build e2e

package testsuite

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// clocks are schedules around the days on which clocks are changed, and on other odd
// days. The times are the server's (1.32): it skips a time that does not exist, where the
// clocks jump by an hour. A time that is there twice it takes twice west of Greenwich, and
// east of it once, the later one; of an hourly schedule there it leaves an hour out. It
// takes every jump for one of an hour, so on Lord Howe Island, where it is half of one, a
// time that does not exist is half an hour late, and one before the repeated half hour has
// a second run.
var clocks = []struct{ name, cron, zone, from, to, want string }{
	{"berlin-spring", "30 2 * * *", "Europe/Berlin", "2027-03-27T00:00:00Z", "2027-03-30T00:00:00Z", "03-27T01:30 03-29T00:30"},
	{"berlin-autumn", "30 2 * * *", "Europe/Berlin", "2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z", "10-24T00:30 10-25T01:30 10-26T01:30"},
	{"berlin-autumn-hourly", "30 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", "2026-10-25T03:00:00Z", "10-24T23:30 10-25T00:30 10-25T02:30"},
	{"new-york-spring", "30 2 * * *", "America/New_York", "2027-03-13T00:00:00Z", "2027-03-16T00:00:00Z", "03-13T07:30 03-15T06:30"},
	{"new-york-autumn", "30 1 * * *", "America/New_York", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "10-31T05:30 11-01T05:30 11-01T06:30 11-02T06:30"},
	{"new-york-autumn-later", "30 2 * * *", "America/New_York", "2026-10-31T00:00:00Z", "2026-11-03T00:00:00Z", "10-31T06:30 11-01T07:30 11-02T07:30"},
	{"shanghai", "30 2 * * *", "Asia/Shanghai", "2027-03-27T00:00:00Z", "2027-03-30T00:00:00Z", "03-27T18:30 03-28T18:30 03-29T18:30"},
	{"lord-howe-spring", "30 2 * * *", "Australia/Lord_Howe", "2026-10-02T12:00:00Z", "2026-10-05T12:00:00Z", "10-02T16:00 10-03T15:30 10-04T15:30"},
	{"lord-howe-spring-skipped", "15 2 * * *", "Australia/Lord_Howe", "2026-10-02T12:00:00Z", "2026-10-05T12:00:00Z", "10-02T15:45 10-03T15:45 10-04T15:15"},
	{"lord-howe-autumn", "45 1 * * *", "Australia/Lord_Howe", "2027-04-02T00:00:00Z", "2027-04-05T12:00:00Z", "04-02T14:45 04-03T15:15 04-04T15:15"},
	{"lord-howe-autumn-before", "15 1 * * *", "Australia/Lord_Howe", "2027-04-02T00:00:00Z", "2027-04-05T00:00:00Z", "04-02T14:15 04-03T14:15 04-03T15:15 04-04T14:45"},
	{"leap-day", "0 3 29 2 *", "UTC", "2027-01-01T00:00:00Z", "2033-01-01T00:00:00Z", "2028-02-29T03:00 2032-02-29T03:00"},
	{"last-day", "0 3 31 * *", "UTC", "2027-01-01T00:00:00Z", "2027-08-01T00:00:00Z", "01-31T03:00 03-31T03:00 05-31T03:00 07-31T03:00"},
}

func TestScheduleTimesWhenClocksChange(t *testing.T) {
	p := up(t, "--no-worker", "--headless")
	c := p.temporal(t)
	for _, test := range clocks {
		t.Run(test.name, func(t *testing.T) {
			file := scheduledDocument(t, test.name, "cron: ['"+test.cron+"']", "timeZone: "+test.zone)
			p.scheduled(t, "create", file, "--paused")
			requireTimes(t, test.want, matching(t, c, test.name, test.from, test.to))
			require.Contains(t, p.scheduled(t, "create", file), "unchanged", "what the server makes of the expression is the same")
		})
	}
}

// The last days of months are a calendar for each length.
func TestScheduleOnTheLastDayOfAMonth(t *testing.T) {
	p := up(t, "--no-worker", "--headless")
	file := scheduledDocument(t, "last", "calendars:", "  - {month: '1,3,5,7,8,10,12', dayOfMonth: '31', hour: '3'}",
		"  - {month: '4,6,9,11', dayOfMonth: '30', hour: '3'}", "  - {month: feb, dayOfMonth: '28', hour: '3'}")
	p.scheduled(t, "create", file, "--paused")
	requireTimes(t, "01-31T03:00 02-28T03:00 03-31T03:00 04-30T03:00 05-31T03:00 06-30T03:00",
		matching(t, p.temporal(t), "last", "2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"))
	require.Contains(t, p.scheduled(t, "create", file), "unchanged")
}

// What the server makes of any times is what Kiln expects of it: applying them again
// changes nothing.
func TestScheduleTimesAreKeptAsTheyAre(t *testing.T) {
	p := up(t, "--no-worker", "--headless")
	for i, section := range []string{
		`cron: ["@yearly", "@monthly", "@weekly", "@daily", "@hourly", "@every 6h/5m", "@every 2d"]`,
		`cron: ["0 3 * * 7", "0 4 * * sun-tue", "0 5 * * 5-7", "0 6 * * 1-7/2"]`,
		`cron: ["CRON_TZ=Asia/Shanghai 5 4 1-7 */3 * # first week", "TZ=Asia/Shanghai 15/20 8-17/3 * jan,mar * 2027-2030/2"]`,
		`cron: ["*/10 0 3 * * * *", "1,2,3,7 * * * *"]`,
		`calendars: [{dayOfWeek: mon, hour: 3-5, comment: weekly}, {year: "2027,2029", minute: "*", second: "*/15"}, {}]`,
		`intervals: [{every: 1h30m, offset: 10m}, {every: 24h}]`,
	} {
		name := "kept-" + string(rune('a'+i))
		file := scheduledDocument(t, name, section, "jitter: 90s", "startTime: 2027-01-01T00:00:00+08:00", "endTime: 2099-01-01T00:00:00Z", "catchupWindow: 1h", "overlapPolicy: BufferOne")
		created := p.scheduled(t, "create", file, "--paused")
		require.Contains(t, created, "created")
		for range 2 {
			require.Contains(t, p.scheduled(t, "create", file), "unchanged", section)
		}
		require.Nil(t, p.see(t, name).UpdatedAt, "the server was not asked to update")
	}
}

// Bounds, and how much later than its time a run may start.
func TestScheduleJitter(t *testing.T) {
	p := up(t, "--no-worker", "--headless")
	p.scheduled(t, "create", scheduledDocument(t, "jitter", "intervals: [{every: 1h}]", "jitter: 30m"), "--paused")
	times := matching(t, p.temporal(t), "jitter", "2027-01-01T00:00:00Z", "2027-01-05T00:00:00Z")
	require.Len(t, times, 96)
	late := map[time.Duration]bool{}
	for i, at := range times {
		nominal := time.Date(2027, 1, 1, i, 0, 0, 0, time.UTC)
		after := at.Sub(nominal)
		require.GreaterOrEqual(t, after, time.Duration(0), at)
		require.LessOrEqual(t, after, 30*time.Minute, at)
		late[after] = true
	}
	require.Greater(t, len(late), 48, "runs are spread")
}

// The runs themselves start no earlier than their time, and are meant for no later than the
// jitter allows.
func TestScheduleJitterOfRuns(t *testing.T) {
	p := up(t, "--no-worker", "--headless") // a build starts without one
	p.scheduled(t, "create", scheduledDocument(t, "spread", "intervals: [{every: 4s}]", "jitter: 2s", "overlapPolicy: AllowAll"))
	p.seen(t, "spread", "has started three builds", func(is seenSchedule) bool { return is.Started >= 3 })
	is, err := p.temporal(t).ScheduleClient().GetHandle(context.Background(), "spread").Describe(context.Background())
	require.NoError(t, err)
	for _, action := range is.Info.RecentActions {
		nominal, err := time.Parse(time.RFC3339, strings.TrimPrefix(action.StartWorkflowResult.WorkflowID, "spread-"))
		require.NoError(t, err)
		require.Zero(t, nominal.Unix()%4, nominal)
		require.WithinRange(t, action.ScheduleTime, nominal, nominal.Add(2*time.Second))
		require.False(t, action.ActualTime.Before(action.ScheduleTime), action)
	}
}

// matching are the times of a schedule by the server's own reckoning.
func matching(t *testing.T, c client.Client, id, from, to string) []time.Time {
	t.Helper()
	instant := func(text string) *timestamppb.Timestamp {
		at, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return timestamppb.New(at.Add(-time.Millisecond)) // the first time counts
	}
	answer, err := c.WorkflowService().ListScheduleMatchingTimes(context.Background(), &workflowservice.ListScheduleMatchingTimesRequest{
		Namespace: "default", ScheduleId: id, StartTime: instant(from), EndTime: instant(to),
	})
	require.NoError(t, err)
	var times []time.Time
	for _, at := range answer.GetStartTime() {
		times = append(times, at.AsTime())
	}
	return times
}

// requireTimes compares times in UTC with those of a row, which may leave the year out.
func requireTimes(t *testing.T, want string, got []time.Time) {
	t.Helper()
	layout := "2006-01-02T15:04"
	layout = layout[len(layout)-len(strings.Fields(want)[0]):]
	var texts []string
	for _, at := range got {
		require.Zero(t, at.Second())
		texts = append(texts, at.Format(layout))
	}
	require.Equal(t, strings.Fields(want), texts)
}
