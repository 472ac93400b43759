//go:build e2e

package testsuite

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// slot is how often the schedules of these tests run.
const slot = 2 * time.Second

// passed waits until so many times of a schedule have passed since its first run.
func (p *machine) passed(t *testing.T, id string, slots int) seenSchedule {
	t.Helper()
	return p.seen(t, id, "goes on", func(is seenSchedule) bool {
		return len(is.Runs) > 0 && !is.NextRuns[0].Before(is.at()[0].Add(time.Duration(slots)*slot))
	})
}

// A build that does not end is what each policy is about.
func TestScheduleOverlapPolicies(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	create := func(t *testing.T, policy string) {
		p.scheduled(t, "create", scheduledDocument(t, policy, "intervals: [{every: 2s}]", "when: always"), "--schedule-id", policy, "--overlap-policy", policy)
		t.Cleanup(func() { p.scheduled(t, "delete", policy) })
	}
	for _, test := range []struct {
		policy string
		// held is how the schedule is while the first build is held for five times.
		held func(*testing.T, seenSchedule)
		// then is how it becomes when that build may end.
		then func(seenSchedule) bool
	}{
		{"Skip", func(t *testing.T, is seenSchedule) {
			require.Len(t, is.Runs, 1)
			require.Len(t, is.Running, 1)
			require.GreaterOrEqual(t, is.OverlapSkipped, 3)
		}, func(is seenSchedule) bool {
			return is.with("succeeded") >= 2 && is.at()[1].Sub(is.at()[0]) > 3*slot // none of those that were left out
		}},
		{"BufferOne", func(t *testing.T, is seenSchedule) {
			require.Len(t, is.Runs, 1)
			require.GreaterOrEqual(t, is.OverlapSkipped, 2)
		}, func(is seenSchedule) bool {
			return is.with("succeeded") >= 2 && is.at()[1].Sub(is.at()[0]) == slot // the first one waited
		}},
		{"BufferAll", func(t *testing.T, is seenSchedule) {
			require.Len(t, is.Runs, 1)
			require.Zero(t, is.OverlapSkipped)
		}, func(is seenSchedule) bool {
			return is.with("succeeded") >= 4 && is.at()[3].Sub(is.at()[0]) == 3*slot // all of them waited
		}},
		{"AllowAll", func(t *testing.T, is seenSchedule) {
			require.GreaterOrEqual(t, is.with("running"), 3)
			require.Zero(t, is.OverlapSkipped)
		}, func(is seenSchedule) bool { return is.with("succeeded") >= 3 }},
	} {
		t.Run(test.policy, func(t *testing.T) {
			p.conditions(t, held)
			create(t, test.policy)
			is := p.passed(t, test.policy, 5)
			test.held(t, is)
			p.conditions(t, ``)
			is = p.seen(t, test.policy, "has gone on", test.then)
			if test.policy != "AllowAll" {
				requireOneAtATime(t, is)
			}
		})
	}
}

// requireOneAtATime wants every run to begin after the end of the one before.
func requireOneAtATime(t *testing.T, is seenSchedule) {
	t.Helper()
	runs := is.ended()
	for i := 1; i < len(runs); i++ {
		require.False(t, runs[i].StartedAt.Before(*runs[i-1].FinishedAt), "%+v began before the end of %+v", runs[i], runs[i-1])
	}
}

// The later build counts: the one before is cancelled, or terminated.
func TestScheduleOverlapPoliciesThatEndTheOther(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	for policy, outcome := range map[string]string{"CancelOther": "cancelled", "TerminateOther": "terminated"} {
		t.Run(policy, func(t *testing.T) {
			p.conditions(t, stuck)
			cancelled := p.effects(t, "CancelTask")
			p.scheduled(t, "create", importedDocument(t, policy, `"intervals": [{"every": "4s"}]`, `"when": "always"`, `"overlapPolicy": "`+policy+`"`))
			is := p.seen(t, policy, "has ended two builds", func(is seenSchedule) bool { return is.with(outcome) >= 2 })
			p.scheduled(t, "delete", policy)
			for _, run := range is.ended() {
				require.Equal(t, outcome, run.Outcome)
			}
			requireOneAtATime(t, is)
			if policy == "CancelOther" {
				require.GreaterOrEqual(t, p.effects(t, "CancelTask"), cancelled+2, "their imports are cancelled with them")
			} else {
				require.Equal(t, cancelled, p.effects(t, "CancelTask"), "what is terminated cleans nothing up")
			}
		})
	}
}

// Times that fell into a while without a server are made up for, as far as the window
// reaches; the others are counted.
func TestScheduleCatchesUp(t *testing.T) {
	for _, test := range []struct {
		name, window string
		away         time.Duration
		missed       func(int) bool
	}{
		{"within the window", "1h", 6 * time.Second, func(n int) bool { return n == 0 }},
		{"beyond the window", "10s", 16 * time.Second, func(n int) bool { return n >= 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"--db-filename", t.TempDir() + "/kiln.db", "--speed", "3000", "--headless"}
			p := up(t, args...)
			document := scheduledDocument(t, "catchup", "intervals: [{every: 2s}]", "when: always", "overlapPolicy: AllowAll", "catchupWindow: "+test.window)
			p.scheduled(t, "create", document)
			p.seen(t, "catchup", "has run", func(is seenSchedule) bool { return is.with("succeeded") >= 1 })
			p.kill()
			gone := time.Now()
			eventually(t, "times have passed without a server", func() bool { return time.Since(gone) > test.away })

			back := time.Now()
			p = up(t, args...)
			is := p.seen(t, "catchup", "runs again", func(is seenSchedule) bool {
				return is.Started == len(is.Runs) && is.at()[len(is.Runs)-1].After(back.Add(slot))
			})
			require.True(t, test.missed(is.MissedCatchup), is.MissedCatchup)
			at := is.at()
			slots := int(at[len(at)-1].Sub(at[0])/slot) + 1
			require.Equal(t, slots-len(at), is.MissedCatchup, "each time has its run, or is counted as missed: %v", at)
			require.Contains(t, p.scheduled(t, "create", document), "catchup unchanged")
		})
	}
}

// A schedule pauses after a failure, and tells which build it was.
func TestSchedulePausesOnFailure(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	p.conditions(t, failedImports)
	p.scheduled(t, "create", importedDocument(t, "fails", `"intervals": [{"every": "2s"}]`, `"when": "always"`, `"pauseOnFailure": true`))
	is := p.seen(t, "fails", "is paused", func(is seenSchedule) bool { return is.Paused && len(is.Running) == 0 })
	require.Equal(t, "failed", is.ended()[0].Outcome)
	require.Equal(t, "ImportFailed", is.ended()[0].Code)
	require.Contains(t, is.Notes, is.ended()[0].BuildID)
	require.Contains(t, p.scheduled(t, "describe", "fails"), "paused due to workflow failure")
}
