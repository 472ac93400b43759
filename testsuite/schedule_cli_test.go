//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"
)

// A schedule from its document on: created, run, applied again, changed, paused, resumed,
// triggered and deleted.
func TestScheduleOfADocument(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	file := scheduledDocument(t, "night", "intervals: [{every: 2s}]", "when: always", "notes: every night")
	require.Contains(t, p.scheduled(t, "create", file), "schedule night created: every 2s; next run ")

	is := p.seen(t, "night", "has built two images", func(is seenSchedule) bool { return is.with("succeeded") >= 2 })
	for i, run := range is.ended()[:2] {
		require.Equal(t, "night-"+run.ScheduledAt.Format(time.RFC3339), run.BuildID)
		require.Contains(t, run.ImageName, "night-"+run.ScheduledAt.Format("20060102T150405Z"))
		require.NotEmpty(t, run.ImageID)
		require.Zero(t, run.ScheduledAt.Unix()%2, "an interval counts from the epoch")
		require.False(t, run.StartedAt.Before(run.ScheduledAt), i)
	}
	require.Equal(t, "night", is.Name)
	require.Equal(t, "every night", is.Notes)

	require.Contains(t, p.scheduled(t, "create", file), "night unchanged")
	require.Contains(t, p.scheduled(t, "update", file), "night unchanged")
	require.Nil(t, p.see(t, "night").UpdatedAt, "the server was not asked to update")

	// A pause keeps everything from starting, but for what is asked for.
	p.scheduled(t, "pause", "night", "--reason", "the bucket moves")
	is = p.seen(t, "night", "has nothing running", func(is seenSchedule) bool { return len(is.Running) == 0 })
	require.True(t, is.Paused)
	require.Equal(t, "the bucket moves", is.Notes)
	require.Empty(t, is.NextRuns)
	require.Contains(t, p.scheduled(t, "create", file), "night unchanged", "a pause is no difference")
	paused := time.Now()
	eventually(t, "two times have passed", func() bool { return time.Since(paused) > 4*time.Second })
	require.Equal(t, is.Started, p.see(t, "night").Started)

	triggered := decode[struct{ BuildID, Outcome string }](t, p.scheduled(t, "trigger", "night", "-o", "json"))
	require.Equal(t, "started", triggered.Outcome)
	require.Zero(t, p.kiln(t, "watch", triggered.BuildID).code)
	is = p.see(t, "night")
	require.Equal(t, triggered.BuildID, is.Runs[0].BuildID)
	require.True(t, is.Paused)

	// An edited document changes what differs, and leaves the pause alone.
	edited := scheduledDocument(t, "night", "intervals: [{every: 1h}]", "when: always", "notes: every hour", "overlapPolicy: BufferOne")
	trial := p.scheduled(t, "create", edited, "--dry-run")
	require.Contains(t, trial, "-       - every: 2s\n+       - every: 1h0m0s\n")
	require.Contains(t, trial, "night would be updated")
	require.Equal(t, []string{"every 2s"}, p.see(t, "night").When)
	require.Contains(t, p.scheduled(t, "create", edited), "night updated: every 1h")
	require.Contains(t, p.scheduled(t, "create", edited), "night unchanged")
	is = p.see(t, "night")
	require.Equal(t, []string{"every 1h"}, is.When)
	require.Equal(t, "BufferOne", is.OverlapPolicy)
	require.True(t, is.Paused)
	require.Equal(t, "the bucket moves", is.Notes)

	require.Contains(t, p.scheduled(t, "resume", "night"), "night resumed; next run ")
	is = p.see(t, "night")
	require.False(t, is.Paused)
	require.Equal(t, "every hour", is.Notes, "as the document says")
	require.Zero(t, is.NextRuns[0].Minute())

	p.scheduled(t, "update", "night", "--interval", "2s", "--jitter", "1s")
	p.seen(t, "night", "runs again", func(now seenSchedule) bool { return now.Started > is.Started })

	require.Contains(t, p.kiln(t, "list", "--schedule", "night").stdout, triggered.BuildID)
	require.NotContains(t, p.kiln(t, "list", "--schedule", "day").stdout, "night")
	eventually(t, "the schedule is listed", func() bool {
		return strings.Contains(p.scheduled(t, "list"), "night        every 2s")
	})

	p.scheduled(t, "delete", "night")
	gone := p.kiln(t, "schedule", "describe", "night")
	require.Equal(t, 1, gone.code)
	require.Contains(t, gone.stderr, "no schedule night")
	eventually(t, "the schedule is not listed any more", func() bool { return !strings.Contains(p.scheduled(t, "list"), "night") })
	require.Zero(t, p.kiln(t, "status", triggered.BuildID).code, "its builds stay")
}

// A run that finds nothing new says so, and a freeze window is told as the reason.
func TestScheduleTellsWhyARunBuiltNothing(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	file := scheduledDocument(t, "still", "cron: ['0 0 1 1 *']")
	p.scheduled(t, "create", file)
	p.scheduled(t, "trigger", "still")
	p.seen(t, "still", "has built an image", func(is seenSchedule) bool { return is.with("succeeded") == 1 && len(is.Running) == 0 })
	p.scheduled(t, "trigger", "still")
	is := p.seen(t, "still", "has found nothing new", func(is seenSchedule) bool { return is.with("unchanged") == 1 && len(is.Running) == 0 })
	require.Equal(t, is.Runs[1].ImageID, is.Runs[0].ImageID)

	frozen := scheduledDocument(t, "still", "cron: ['0 0 1 1 *']", "freeze: [{from: 2020-01-01, to: 2090-01-01, reason: holidays}]")
	p.scheduled(t, "update", frozen)
	p.scheduled(t, "trigger", "still")
	is = p.seen(t, "still", "has skipped a run", func(is seenSchedule) bool { return is.with("skipped") == 1 })
	require.Contains(t, is.Runs[0].Reason, "holidays")
	require.Contains(t, p.scheduled(t, "describe", "still"), "to be skipped: frozen from 2020-01-01 to 2090-01-01: holidays")
	eventually(t, "the list tells the outcome", func() bool { return strings.Contains(p.scheduled(t, "list"), "skipped") })
}

// Five nights that were missed are made up for, with the hour that New York has twice:
// each has a build and an image of its own.
func TestScheduleBackfill(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	file := scheduledDocument(t, "york", "cron: ['30 1 * * *']", "timeZone: America/New_York", "when: always")
	p.scheduled(t, "create", file, "--paused")
	asked := decode[struct{ Times []time.Time }](t, p.scheduled(t, "backfill", "york", "--start-time", "2026-10-30T05:30:00Z", "--end-time", "2026-11-02T06:30:00Z",
		"--overlap-policy", "bufferall", "-o", "json"))
	requireTimes(t, "10-30T05:30 10-31T05:30 11-01T05:30 11-01T06:30 11-02T06:30", asked.Times)

	is := p.seen(t, "york", "has made up for all", func(is seenSchedule) bool { return is.with("succeeded") == 5 })
	require.Len(t, is.Runs, 5)
	require.Equal(t, asked.Times, is.at())
	builds, images, names := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, run := range is.Runs {
		builds[run.BuildID], images[run.ImageID], names[run.ImageName] = true, true, true
	}
	require.Len(t, builds, 5)
	require.Len(t, images, 5)
	require.Len(t, names, 5)
	for _, hour := range []string{"york-2026-11-01T05:30:00Z", "york-2026-11-01T06:30:00Z"} {
		require.True(t, builds[hour], hour)
	}
	text := p.scheduled(t, "describe", "york")
	require.Contains(t, text, "2026-11-01 01:30:00 EDT  york-2026-11-01T05:30:00Z  succeeded")
	require.Contains(t, text, "2026-11-01 01:30:00 EST  york-2026-11-01T06:30:00Z  succeeded")

	none := p.kiln(t, "schedule", "backfill", "york", "--start-time", "2026-11-02T06:30:01Z", "--end-time", "2026-11-02T07:00:00Z")
	require.Equal(t, 2, none.code)
	require.Contains(t, none.stderr, "has no times from 2026-11-02 01:30:01 EST")

	// By default all but one are left out, as with the temporal CLI.
	p.scheduled(t, "backfill", "york", "--start-time", "2026-09-01T00:00:00Z", "--end-time", "2026-09-04T00:00:00Z")
	is = p.seen(t, "york", "has left out two", func(is seenSchedule) bool { return is.OverlapSkipped == 2 && is.with("succeeded") == 6 })
	require.Len(t, is.Runs, 6)
}

// Schedules that the temporal CLI makes work as well; those of other workflows are none.
func TestScheduleOfTheBareAPI(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	document := json.RawMessage(`{"name": "plain", "region": "cn-hangzhou", "source": {"imageId": "m-bp1kilnubuntu2404x64"}, "template": {"buildContent": "RUN true"}}`)
	create := func(id, kind string) {
		_, err := c.ScheduleClient().Create(context.Background(), client.ScheduleOptions{
			ID: id, Note: "by hand",
			Spec: client.ScheduleSpec{
				CronExpressions: []string{"CRON_TZ=Asia/Shanghai 30 2 * * MON-FRI # working days"},
				Calendars:       []client.ScheduleCalendarSpec{{Hour: []client.ScheduleRange{{Start: 12}}, DayOfMonth: []client.ScheduleRange{{Start: 1}}}},
			},
			Action: &client.ScheduleWorkflowAction{ID: id + "-by-hand", Workflow: kind, TaskQueue: "kiln", Args: []any{document}},
		})
		require.NoError(t, err)
	}
	create("plain", "BuildGoldenImage")
	create("orders", "Orders")

	is := p.see(t, "plain")
	require.Equal(t, "plain", is.Name)
	require.Equal(t, "Asia/Shanghai", is.TimeZone)
	require.ElementsMatch(t, []string{"at 12:00 on day 1 of every month", "at 02:30 on Monday to Friday (working days)"}, is.When)
	eventually(t, "the schedule of builds is listed alone", func() bool {
		listed := p.scheduled(t, "list", "-o", "jsonl")
		return strings.Count(listed, "\n") == 1 && strings.Contains(listed, `"scheduleId":"plain"`)
	})
	for _, args := range [][]string{{"describe", "orders"}, {"pause", "orders"}, {"trigger", "orders"}, {"delete", "orders"}, {"update", "orders", "--jitter", "1m"}} {
		refused := p.kiln(t, append([]string{"schedule"}, args...)...)
		require.Equal(t, 1, refused.code, args)
		require.Contains(t, refused.stderr, "workflows of type Orders")
	}

	triggered := decode[struct{ BuildID string }](t, p.scheduled(t, "trigger", "plain", "-o", "json"))
	require.Contains(t, triggered.BuildID, "plain-by-hand-")
	p.seen(t, "plain", "has built an image", func(is seenSchedule) bool { return is.with("succeeded") == 1 })

	changed := p.scheduled(t, "update", "plain", "--jitter", "10m", "--notes", "with jitter")
	require.Contains(t, changed, "+     jitter: 10m0s")
	require.NotContains(t, changed, "\n- ", "nothing else is lost")
	is = p.see(t, "plain")
	require.Equal(t, "with jitter", is.Notes)
	require.ElementsMatch(t, []string{"at 12:00 on day 1 of every month", "at 02:30 on Monday to Friday (working days)"}, is.When)
	again := p.scheduled(t, "update", "plain", "--jitter", "10m")
	require.Contains(t, again, "plain unchanged")

	p.scheduled(t, "pause", "plain")
	p.scheduled(t, "resume", "plain", "--reason", "all is well")
	require.Equal(t, "all is well", p.see(t, "plain").Notes)
	p.scheduled(t, "delete", "plain")
}

// Requests that follow each other at once all have their effect, though the server keeps
// only the last of those that it gets together.
func TestScheduleRequestsInARow(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	p.scheduled(t, "create", scheduledDocument(t, "row", "cron: ['0 0 1 * *']", "when: always"), "--paused")
	for round := 1; round <= 3; round++ {
		p.scheduled(t, "resume", "row")
		p.scheduled(t, "backfill", "row", "--overlap-policy", "AllowAll",
			"--start-time", fmt.Sprintf("%d-01-01T00:00:00Z", 2020+round), "--end-time", fmt.Sprintf("%d-03-01T00:00:00Z", 2020+round))
		p.scheduled(t, "trigger", "row", "--overlap-policy", "AllowAll")
		p.scheduled(t, "pause", "row", "--reason", "done")
		p.seen(t, "row", "has started everything", func(is seenSchedule) bool {
			return is.Started == 4*round && is.with("succeeded") == 4*round && is.Paused && is.Notes == "done"
		})
	}
}

// What is wrong with a schedule gets a sentence and an exit code.
func TestScheduleErrors(t *testing.T) {
	p := up(t, "--no-worker", "--headless")
	good := scheduledDocument(t, "good", "cron: ['@daily']")
	p.scheduled(t, "create", good)
	for _, test := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"create", scheduledDocument(t, "bad", "cron: ['61 2 * * *']")}, 2, `the minute "61" is not from 0 to 59`},
		{[]string{"create", quickstart}, 2, "has no times"},
		{[]string{"create", good, "--cron", "every day"}, 2, "--cron: "},
		{[]string{"create", good, "--overlap-policy", "Never"}, 2, "want Skip, BufferOne"},
		{[]string{"create", good, "--calendar", `{"hour": 25}`}, 2, "--calendar: "},
		{[]string{"update", "good"}, 2, "nothing to change"},
		{[]string{"update", "goood", "--cron", "@daily"}, 1, "did you mean good?"},
		{[]string{"describe", "bad"}, 1, "no schedule bad in namespace default"},
		{[]string{"delete"}, 2, "needs a SCHEDULE-ID"},
		{[]string{"pasue", "good"}, 2, "did you mean pause?"},
		{[]string{"list", "--address", freeAddress(t)}, 4, "no Temporal server"},
	} {
		t.Run(strings.Join(test.args, " "), func(t *testing.T) {
			refused := p.kiln(t, append([]string{"schedule"}, test.args...)...)
			require.Equal(t, test.code, refused.code, refused.stderr)
			require.Contains(t, refused.stderr, test.says)
			require.Empty(t, refused.stdout)
		})
	}
	require.Contains(t, p.kiln(t, "__complete", "schedule", "describe", "").stdout, "good\tactive\n")
}

// A namespace that no worker has served yet does not know Kiln's search attributes, which
// is no reason to have no schedule there.
func TestScheduleBeforeAWorkerRan(t *testing.T) {
	p := up(t, "--no-worker", "--headless")
	namespaces, err := client.NewNamespaceClient(client.Options{HostPort: p.TemporalAddress, Logger: log.NewStructuredLogger(discard)})
	require.NoError(t, err)
	t.Cleanup(namespaces.Close)
	require.NoError(t, namespaces.Register(context.Background(), &workflowservice.RegisterNamespaceRequest{
		Namespace: "fresh", WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	}))
	eventually(t, "the namespace is there", func() bool { return p.kiln(t, "schedule", "list", "--namespace", "fresh").code == 0 })
	file := scheduledDocument(t, "fresh", "cron: ['@daily']")
	require.Contains(t, p.scheduled(t, "create", file, "--namespace", "fresh"), "fresh created")
	require.Contains(t, p.scheduled(t, "create", file, "--namespace", "fresh"), "fresh unchanged")
	require.Contains(t, p.scheduled(t, "update", "fresh", "--jitter", "1m", "--namespace", "fresh"), "fresh updated")
	require.Equal(t, 1, p.kiln(t, "schedule", "describe", "fresh").code, "not in this namespace")
}
