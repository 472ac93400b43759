//go:build e2e

package testsuite

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// seenSchedule is what `kiln schedule describe -o json` tells.
type seenSchedule struct {
	Name           string
	When           []string
	TimeZone       string
	Paused         bool
	Notes          string
	NextRuns       []time.Time
	OverlapPolicy  string
	Started        int
	OverlapSkipped int
	MissedCatchup  int
	Running        []string
	Runs           []seenRun
	UpdatedAt      *time.Time
	TaskQueue      string
}

type seenRun struct {
	BuildID, RunID     string
	ScheduledAt        time.Time
	StartedAt          time.Time
	FinishedAt         *time.Time
	Outcome, Code      string
	ImageID, ImageName string
	Reason             string
}

// see describes a schedule.
func (p *machine) see(t *testing.T, id string) seenSchedule {
	t.Helper()
	done := p.kiln(t, "schedule", "describe", id, "--limit", "100", "-o", "json")
	require.Zero(t, done.code, done.stderr)
	return decode[seenSchedule](t, done.stdout)
}

// seen waits until a schedule is as it should become.
func (p *machine) seen(t *testing.T, id, what string, condition func(seenSchedule) bool) seenSchedule {
	t.Helper()
	var is seenSchedule
	eventually(t, "schedule "+id+" "+what, func() bool {
		is = p.see(t, id)
		return condition(is)
	})
	return is
}

// scheduled runs a schedule command that has to succeed.
func (p *machine) scheduled(t *testing.T, args ...string) string {
	t.Helper()
	done := p.kiln(t, append([]string{"schedule"}, args...)...)
	require.Zero(t, done.code, done.stderr)
	return done.stdout
}

// scheduledDocument writes the document of a short build with a schedule section, each of
// whose lines is a field.
func scheduledDocument(t *testing.T, name string, section ...string) string {
	t.Helper()
	text := "name: " + name + "\nregion: cn-hangzhou\nsource: {imageId: m-bp1kilnubuntu2404x64}\ntemplate: {buildContent: RUN true}\nschedule:\n"
	for _, line := range section {
		text += "  " + line + "\n"
	}
	file := filepath.Join(t.TempDir(), name+".yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	return file
}

// ended are the runs that are over, the earliest first.
func (s seenSchedule) ended() []seenRun {
	var runs []seenRun
	for _, run := range slices.Backward(s.Runs) {
		if run.FinishedAt != nil {
			runs = append(runs, run)
		}
	}
	return runs
}

// with counts the runs that ended so.
func (s seenSchedule) with(outcome string) int {
	n := 0
	for _, run := range s.Runs {
		if run.Outcome == outcome {
			n++
		}
	}
	return n
}

// at are the times that the runs were meant for, the earliest first.
func (s seenSchedule) at() []time.Time {
	var times []time.Time
	for _, run := range s.Runs {
		times = append(times, run.ScheduledAt)
	}
	slices.SortFunc(times, time.Time.Compare)
	return times
}

// held lets executions begin and never end, until the conditions are taken back.
const held = `status: {exec-*: THINKING}`

// stuck lets imports run until they are cancelled.
const stuck = `imports: {stuck: true}`

// importedDocument is a document whose build is an import alone.
func importedDocument(t *testing.T, name string, section ...string) string {
	t.Helper()
	text := `{"name": "` + name + `", "region": "cn-hangzhou", ` + importOneDisk + `, "schedule": {`
	for i, field := range section {
		if i > 0 {
			text += ", "
		}
		text += field
	}
	file := filepath.Join(t.TempDir(), name+".json")
	require.NoError(t, os.WriteFile(file, []byte(text+"}}"), 0o644))
	return file
}
