package emulator

import (
	"strings"
	"time"
)

// gone is the status of what does not exist.
const gone = "none"

// see holds a resource that was read in the status that the conditions give it, and says
// whether the call sees it: it may not exist, or be too new to be listed.
func (c *call) see(read any) bool {
	var id string
	var since time.Time
	line := new(timeline)
	switch r := read.(type) {
	case *image:
		id, since, line = r.ID, r.Created, &r.Timeline
	case *task:
		id, since, line = r.ID, r.Created, &r.Timeline
	case *execution:
		id, since, line = r.ID, r.Created, &r.Timeline
	case *component:
		id, since = r.ID, r.Created
	case *pipeline:
		id, since = r.ID, r.Created
	case *batchImage:
		id, since = r.ID, r.Created
	}
	status := c.conditions.held(id)
	if status != "" && len(*line) > 0 {
		*line = timeline{{status, (*line)[0].At}}
	}
	return status != gone && !c.lags(since)
}

// held is the status that the conditions hold a resource in, empty for none.
func (c Conditions) held(id string) string { return longest(c.Status, id) }

// longest is what is said of an id: by the id itself, or by the longest beginning of it
// that is given, such as m-*.
func longest(by map[string]string, id string) string {
	if said, named := by[id]; named {
		return said
	}
	length, said := -1, ""
	for pattern, what := range by {
		start, open := strings.CutSuffix(pattern, "*")
		if open && strings.HasPrefix(id, start) && len(start) > length {
			length, said = len(start), what
		}
	}
	return said
}

// lags says whether a resource is too new to be seen by an action that looks.
func (c *call) lags(since time.Time) bool {
	if !begins(strings.TrimPrefix(c.api, batchComputeAPI), "Describe", "List", "Get") {
		return false
	}
	lag := max(c.real(time.Duration(c.conditions.ListLag)), time.Duration(c.conditions.ListLagReal))
	return lag > 0 && c.now.Before(since.Add(lag))
}
