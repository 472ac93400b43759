package testsuite

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/client"
)

// tags take the names and tags of metrics, which stand in the clear wherever metrics go.
type tags struct{ to *stage }

// WithTags notes the tags.
func (t tags) WithTags(tags map[string]string) client.MetricsHandler { return t.note(tags) }

// Counter notes the name.
func (t tags) Counter(name string) client.MetricsCounter { return t.note(name) }

// Gauge notes the name.
func (t tags) Gauge(name string) client.MetricsGauge { return t.note(name) }

// Timer notes the name.
func (t tags) Timer(name string) client.MetricsTimer { return timer{t.note(name)} }

func (t tags) note(what any) tags {
	_, _ = fmt.Fprintln(t.to, what) // to a buffer
	return t
}

// Inc counts nothing.
func (t tags) Inc(int64) {}

// Update gauges nothing.
func (t tags) Update(float64) {}

// timer is tags for durations.
type timer struct{ tags }

// Record times nothing.
func (t timer) Record(time.Duration) {}
