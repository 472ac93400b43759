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

// held is the status that the conditions hold a resource in, empty for none: by its id,
// or by the longest beginning of it that is given.
func (c Conditions) held(id string) string {
	longest, status := -1, ""
	for pattern, to := range c.Status {
		start, open := strings.CutSuffix(pattern, "*")
		if (pattern == id || open && strings.HasPrefix(id, start)) && len(pattern) > longest {
			longest, status = len(pattern), to
			if pattern == id {
				break
			}
		}
	}
	return status
}

// lags says whether a resource is too new to be seen by an action that looks.
func (c *call) lags(since time.Time) bool {
	if !begins(strings.TrimPrefix(c.api, batchComputeAPI), "Describe", "List", "Get") {
		return false
	}
	lag := max(c.real(time.Duration(c.conditions.ListLag)), time.Duration(c.conditions.ListLagReal))
	return lag > 0 && c.now.Before(since.Add(lag))
}
