package spec

import (
	"math/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	require.NoError(t, err)
	return at
}

func TestFrozen(t *testing.T) {
	const never = ""
	tests := []struct {
		name, zone, from, to string
		begin, end           string // never: the end is when it would have been
	}{
		{"dates with the whole last day", "Europe/Berlin", "2026-12-24", "2026-12-26", "2026-12-23T23:00:00Z", "2026-12-26T23:00:00Z"},
		{"one day", "Asia/Shanghai", "2026-12-24", "2026-12-24", "2026-12-23T16:00:00Z", "2026-12-24T16:00:00Z"},
		{"a day of 23 hours", "Europe/Berlin", "2026-03-29", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		{"a day of 25 hours", "America/New_York", "2026-11-01", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
		{"times", "UTC", "2026-12-24T18:00", "2026-12-27T06:30", "2026-12-24T18:00:00Z", "2026-12-27T06:30:00Z"},
		{"from a time to a date", "UTC", "2026-12-24T18:00", "2026-12-24", "2026-12-24T18:00:00Z", "2026-12-25T00:00:00Z"},
		{"beyond the table of changes", "Europe/Berlin", "2097-07-01", "2097-07-01", "2097-06-30T22:00:00Z", "2097-07-01T22:00:00Z"},

		{"begins in the skipped hour", "Europe/Berlin", "2026-03-29T02:30", "2026-03-29T04:00", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
		{"ends in the skipped hour", "Europe/Berlin", "2026-03-29T01:00", "2026-03-29T02:30", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
		{"lies in the skipped hour", "Europe/Berlin", "2026-03-29T02:15", "2026-03-29T02:45", never, "2026-03-29T01:00:00Z"},
		{"begins in the repeated hour", "Europe/Berlin", "2026-10-25T02:30", "2026-10-25T04:00", "2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"},
		{"ends in the repeated hour", "Europe/Berlin", "2026-10-25T01:00", "2026-10-25T02:30", "2026-10-24T23:00:00Z", "2026-10-25T01:30:00Z"},
		{"lies in the repeated hour", "Europe/Berlin", "2026-10-25T02:15", "2026-10-25T02:45", "2026-10-25T00:15:00Z", "2026-10-25T01:45:00Z"},
		{"ends as the hour begins that is repeated", "Europe/Berlin", "2026-10-25T01:00", "2026-10-25T02:00", "2026-10-24T23:00:00Z", "2026-10-25T00:00:00Z"},

		{"begins in New York's skipped hour", "America/New_York", "2026-03-08T02:30", "2026-03-08T04:00", "2026-03-08T07:00:00Z", "2026-03-08T08:00:00Z"},
		{"ends in New York's skipped hour", "America/New_York", "2026-03-08T01:00", "2026-03-08T02:30", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"},
		{"begins in New York's repeated hour", "America/New_York", "2026-11-01T01:30", "2026-11-01T04:00", "2026-11-01T05:30:00Z", "2026-11-01T09:00:00Z"},
		{"ends in New York's repeated hour", "America/New_York", "2026-11-01T00:00", "2026-11-01T01:30", "2026-11-01T04:00:00Z", "2026-11-01T06:30:00Z"},
		{"begins in an hour that Shanghai once skipped", "Asia/Shanghai", "1991-04-14T02:30", "1991-04-14T04:00", "1991-04-13T18:00:00Z", "1991-04-13T19:00:00Z"},
		{"Shanghai skips nothing now", "Asia/Shanghai", "2026-03-29T02:30", "2026-03-29T04:00", "2026-03-28T18:30:00Z", "2026-03-28T20:00:00Z"},
		{"begins in Lord Howe's repeated half-hour", "Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05T03:00", "2026-04-04T14:45:00Z", "2026-04-04T16:30:00Z"},
		{"ends in Lord Howe's repeated half-hour", "Australia/Lord_Howe", "2026-04-05T01:00", "2026-04-05T01:45", "2026-04-04T14:00:00Z", "2026-04-04T15:15:00Z"},
		{"begins in Lord Howe's skipped half-hour", "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-04T03:00", "2026-10-03T15:30:00Z", "2026-10-03T16:00:00Z"},
		{"ends in Lord Howe's skipped half-hour", "Australia/Lord_Howe", "2026-10-04T01:00", "2026-10-04T02:15", "2026-10-03T14:30:00Z", "2026-10-03T15:30:00Z"},
		{"Apia's missing day", "Pacific/Apia", "2011-12-30", "2011-12-30", never, "2011-12-30T10:00:00Z"},
		{"ends on Apia's missing day", "Pacific/Apia", "2011-12-29", "2011-12-30", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z"},
		{"begins on Apia's missing day", "Pacific/Apia", "2011-12-30", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z"},
		{"ends at a midnight that comes twice", "America/Havana", "2026-10-31", "2026-10-31", "2026-10-31T04:00:00Z", "2026-11-01T04:00:00Z"},
		{"begins at a midnight that is skipped", "Africa/Cairo", "2026-04-24", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},
		{"ends with an hour that is repeated before midnight", "America/Sao_Paulo", "2018-02-17", "2018-02-17", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"},

		{"each weekend", "Asia/Shanghai", "Fri 18:00", "Mon 08:00", "2026-11-20T10:00:00Z", "2026-11-23T00:00:00Z"},
		{"each weekend, in full", "Asia/Shanghai", "friday 18:00", "MONDAY 8:00", "2026-11-20T10:00:00Z", "2026-11-23T00:00:00Z"},
		{"within a week", "UTC", "Tue 06:00", "Thu 06:00", "2026-11-24T06:00:00Z", "2026-11-26T06:00:00Z"},
		{"on one day", "UTC", "Tue 06:00", "Tue 07:00", "2026-11-24T06:00:00Z", "2026-11-24T07:00:00Z"},
		{"all but some hours", "UTC", "Tue 07:00", "Tue 06:00", "2026-11-24T07:00:00Z", "2026-12-01T06:00:00Z"},
		{"over the year's end", "UTC", "Thu 06:00", "Fri 06:00", "2026-12-31T06:00:00Z", "2027-01-01T06:00:00Z"},
		{"a weekend of 62 hours that lasts 61", "Europe/Berlin", "Fri 18:00", "Mon 08:00", "2026-03-27T17:00:00Z", "2026-03-30T06:00:00Z"},
		{"a weekend of 62 hours that lasts 63", "Europe/Berlin", "Fri 18:00", "Mon 08:00", "2026-10-23T16:00:00Z", "2026-10-26T07:00:00Z"},
		{"each week from the skipped hour on", "Europe/Berlin", "Sun 02:30", "Sun 03:30", "2026-03-29T01:00:00Z", "2026-03-29T01:30:00Z"},
		{"each week from the repeated hour on", "Europe/Berlin", "Sun 02:30", "Sun 03:30", "2026-10-25T00:30:00Z", "2026-10-25T02:30:00Z"},
		{"each week until the repeated half-hour", "Australia/Lord_Howe", "Sat 12:00", "Sun 01:45", "2026-04-04T01:00:00Z", "2026-04-04T15:15:00Z"},
		{"each week in the skipped hour", "America/New_York", "Sun 02:10", "Sun 02:50", never, "2026-03-08T07:00:00Z"},
		{"each week from the day that Apia missed", "Pacific/Apia", "Fri 18:00", "Mon 08:00", "2011-12-30T10:00:00Z", "2012-01-01T18:00:00Z"},
		{"each week to the day that Apia missed", "Pacific/Apia", "Thu 18:00", "Fri 12:00", "2011-12-30T04:00:00Z", "2011-12-30T10:00:00Z"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			window := Freeze{From: test.from, To: test.to, TimeZone: test.zone}
			_, fault := window.span()
			require.Empty(t, fault)
			s := &Schedule{Freeze: []Freeze{window}}
			frozen := func(at time.Time) bool { _, is := s.Frozen(at); return is }
			end := instant(t, test.end)
			require.False(t, frozen(end))
			if test.begin == never {
				require.False(t, frozen(end.Add(-time.Second)))
				return
			}
			begin := instant(t, test.begin)
			require.False(t, frozen(begin.Add(-time.Second)))
			for at := begin; at.Before(end); at = at.Add(15 * time.Minute) {
				require.True(t, frozen(at), at)
			}
			require.True(t, frozen(end.Add(-time.Second)))
		})
	}
}

func TestFrozenTakesTheNearestZone(t *testing.T) {
	at := instant(t, "2026-12-24T20:00:00Z") // the 25th in Shanghai
	day := Freeze{From: "2026-12-25", To: "2026-12-25"}
	frozen := func(s *Schedule) bool { _, is := s.Frozen(at); return is }
	require.False(t, frozen(nil))
	require.False(t, frozen(&Schedule{}))
	require.False(t, frozen(&Schedule{Freeze: []Freeze{day}}), "UTC")
	require.True(t, frozen(&Schedule{TimeZone: "Asia/Shanghai", Freeze: []Freeze{day}}), "the schedule's")
	day.TimeZone = "Europe/Berlin"
	require.False(t, frozen(&Schedule{TimeZone: "Asia/Shanghai", Freeze: []Freeze{day}}), "the window's own")
}

func TestFrozenTellsTheWindow(t *testing.T) {
	s := &Schedule{Freeze: []Freeze{
		{From: "2026-12-24", To: "2026-12-24", Reason: "eve"},
		{From: "2026-12-24", To: "2026-12-26", Reason: "days off"},
		{From: "Sun 00:00", To: "Mon 00:00", Reason: "Sunday"},
	}}
	for at, reason := range map[string]string{
		"2026-12-24T12:00:00Z": "eve", "2026-12-25T12:00:00+08:00": "days off", "2026-12-27T12:00:00Z": "Sunday",
	} {
		window, frozen := s.Frozen(instant(t, at))
		require.True(t, frozen, at)
		require.Equal(t, reason, window.Reason)
	}
	_, frozen := s.Frozen(instant(t, "2026-12-28T00:00:00Z"))
	require.False(t, frozen)
}

// Around every kind of change, a window is what lies between the first and the last minute
// at which a clock on the wall shows a time in it.
func TestAWindowLastsAsLongAsTheClocksShowIt(t *testing.T) {
	random := rand.New(rand.NewSource(1))
	for zoneName, changes := range map[string][]string{
		"Europe/Berlin":       {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"},
		"America/New_York":    {"2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"},
		"Asia/Shanghai":       {"1991-04-13T18:00:00Z", "2026-03-29T01:00:00Z"},
		"Australia/Lord_Howe": {"2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"},
		"Pacific/Apia":        {"2011-12-30T10:00:00Z"},
		"America/Havana":      {"2026-11-01T05:00:00Z"},
	} {
		zone, ok := loadZone(zoneName)
		require.True(t, ok)
		for _, change := range changes {
			around := instant(t, change)
			wall := onTheWall(around.Add(-4*time.Hour), zone)
			for range 40 {
				from := wall.Add(time.Duration(random.Intn(7*60)) * time.Minute)
				to := from.Add(time.Duration(1+random.Intn(3*60)) * time.Minute)
				begin, end := lasting(from, to, zone)
				wantBegin, wantEnd := scan(around, from, to, zone)
				require.True(t, wantBegin.Equal(begin) && wantEnd.Equal(end), "%s: %s to %s is %s to %s, not %s to %s",
					zoneName, from, to, wantBegin, wantEnd, begin, end)
			}
		}
	}
}

// onTheWall is what the clocks of a zone show, as if it were UTC.
func onTheWall(at time.Time, zone *time.Location) time.Time {
	_, offset := at.In(zone).Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second)
}

// scan finds the first minute at which clocks show a time or a later one, and the minute
// after the last at which they show one before the other.
func scan(around, from, to time.Time, zone *time.Location) (begin, end time.Time) {
	for at := around.Add(-48 * time.Hour); at.Before(around.Add(48 * time.Hour)); at = at.Add(time.Minute) {
		wall := onTheWall(at, zone)
		if begin.IsZero() && !wall.Before(from) {
			begin = at
		}
		if wall.Before(to) {
			end = at.Add(time.Minute)
		}
	}
	return begin, end
}
