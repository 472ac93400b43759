package spec

import (
	"fmt"
	"iter"
	"regexp"
	"time"
	_ "time/tzdata" // so that a machine without a database of zones knows them too
)

var zoneName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// zoneNames are what a misspelt zone is compared with: those of the cloud's regions, and
// some more. A document may name any other.
var zoneNames = []string{
	"UTC", "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Singapore", "Asia/Kuala_Lumpur", "Asia/Jakarta", "Asia/Manila",
	"Asia/Bangkok", "Asia/Tokyo", "Asia/Seoul", "Asia/Kolkata", "Asia/Dubai", "Asia/Riyadh", "Australia/Sydney",
	"Europe/Berlin", "Europe/London", "Europe/Paris", "America/New_York", "America/Chicago", "America/Los_Angeles",
	"America/Mexico_City", "America/Sao_Paulo", "Africa/Johannesburg",
}

// loadZone is a zone by its IANA name. "Local" is none: it differs from worker to worker.
func loadZone(name string) (*time.Location, bool) {
	if !zoneName.MatchString(name) || name == "Local" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// timeZone is the rule of names of time zones.
func timeZone(text string) string {
	if _, ok := loadZone(text); ok {
		return ""
	}
	if text == "Asia/Beijing" {
		return fmt.Sprintf("did you mean %q?", "Asia/Shanghai")
	}
	return "want the IANA name of a time zone, such as Asia/Shanghai or UTC" + didYouMean(text, zoneNames)
}

// reach is beyond any distance from UTC, and beyond any jump of clocks.
const reach = 36 * time.Hour

// lasting is how long the clocks of a zone show times from one up to another, both given
// as if in UTC: from the first instant to the last at which they do. Times that they skip
// take no time, and times that they repeat take it twice.
func lasting(from, to time.Time, zone *time.Location) (begin, end time.Time) {
	for offset, era := range erasAround(from, zone) {
		if at := latest(era.begin, from.Add(-offset)); at.Before(era.end) && begin.IsZero() {
			begin = at
		}
	}
	for offset, era := range erasAround(to, zone) {
		if at := earliest(era.end, to.Add(-offset)); at.After(era.begin) {
			end = at
		}
	}
	return begin, end
}

// era is a time in which a zone does not change its distance from UTC.
type era struct{ begin, end time.Time }

// erasAround are the eras, in order, that a time on the wall may belong to, with their
// distances from UTC.
func erasAround(wall time.Time, zone *time.Location) iter.Seq2[time.Duration, era] {
	return func(yield func(time.Duration, era) bool) {
		last := wall.Add(reach)
		for at := wall.Add(-reach); at.Before(last); {
			_, offset := at.In(zone).Zone()
			_, end := at.In(zone).ZoneBounds()
			if end.IsZero() || end.After(last) {
				end = last
			}
			if !yield(time.Duration(offset)*time.Second, era{at, end}) {
				return
			}
			at = end
		}
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
