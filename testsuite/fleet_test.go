//go:build e2e

package testsuite

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/workflows"
)

const (
	// fleetSpeed makes an import take a second and a half, longer than all the rest of its build.
	fleetSpeed = 400
	// importTakes is how long an import is under way in the emulated cloud (docs/emulator.md).
	importTakes = 10 * time.Minute / fleetSpeed
	// fleetPatience is the patience with hundreds of builds.
	fleetPatience = 5 * time.Minute
)

// importFiles writes documents that import a disk and do nothing else.
func importFiles(t *testing.T, folder string, n int) []string {
	t.Helper()
	folder = filepath.Join(t.TempDir(), folder)
	require.NoError(t, os.Mkdir(folder, 0o750))
	var files []string
	for i := range n {
		name := fmt.Sprintf("%s-%03d", filepath.Base(folder), i)
		file := filepath.Join(folder, name+".yaml")
		text := fmt.Sprintf("name: %s\nregion: cn-hangzhou\n"+
			"source: {import: {disks: [{bucket: kiln-examples, object: disks/base.qcow2, format: QCOW2, sizeGiB: 40}]}}\n", name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		files = append(files, file)
	}
	return files
}

// buildOf is the build that a call is for, by the tag that it puts on what it makes.
func buildOf(r request) string { return r.Params["Tag.1.Value"] }

// imports are the imports that were begun, in the order of their beginning, of builds whose
// ids begin so.
func (p *machine) imports(t *testing.T, prefix string) []request {
	t.Helper()
	made := slices.DeleteFunc(p.requests(t), func(r request) bool {
		return r.Action != "ImportImage" || !r.made() || !strings.HasPrefix(buildOf(r), prefix)
	})
	slices.SortFunc(made, func(a, b request) int { return a.Time.Compare(b.Time) })
	return made
}

// mostAtATime is how many imports were under way at a time, at most.
func mostAtATime(imports []request) int {
	most := 0
	for i, last := range imports {
		under := 1
		for _, earlier := range imports[:i] {
			if last.Time.Sub(earlier.Time) < importTakes {
				under++
			}
		}
		most = max(most, under)
	}
	return most
}

// ends waits until a process has ended, and returns its exit code.
func (p *process) ends(t *testing.T) int {
	t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(fleetPatience):
		require.FailNow(t, "the fleet does not end")
		return 0
	}
}

// rows are the states in the table of a fleet, by build.
func rows(table string) map[string]string {
	states := map[string]string{}
	for line := range strings.Lines(table) {
		if columns := strings.Fields(line); len(columns) > 4 && strings.HasPrefix(columns[1], "cn-") {
			states[columns[0]] = columns[2]
		}
	}
	return states
}

// withState are the keys whose value is the state.
func withState(states map[string]string, state string) []string {
	var ids []string
	for id, is := range states {
		if is == state {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// Five hundred images in one command: so many at a time, those that fail told and retried, and
// the others left alone. A second fleet is cancelled in the middle.
func TestFleetOfFiveHundred(t *testing.T) {
	p := up(t, "--speed", fmt.Sprint(fleetSpeed), "--headless")
	files := importFiles(t, "many", 500)
	var broken []string
	for i := 25; i < 500; i += 50 {
		broken = append(broken, fmt.Sprintf("many-%03d", i))
		p.faults(t, fmt.Sprintf(`{action: ImportImage, do: refuse, code: InvalidOSSObject.NotFound, params: {Tag.1.Value: %s}}`, broken[len(broken)-1]))
	}

	built := start(t, p.env(t), kilnBin(t), append([]string{"build", "--max-parallel", "20"}, files...)...)
	require.Equal(t, 6, built.ends(t), built.stderr.String())
	states := rows(built.stdout.String())
	require.Len(t, withState(states, "succeeded"), 490)
	require.Equal(t, broken, withState(states, "failed"))
	require.Contains(t, built.stdout.String(), ": 490 of 500 builds succeeded, 10 failed\n")
	require.Contains(t, built.stdout.String(), "InvalidOSSObject.NotFound: ")
	require.Contains(t, built.stderr.String(), "`kiln retry many` goes on")
	first := p.imports(t, "many-")
	require.Len(t, first, 490)
	require.LessOrEqual(t, mostAtATime(first), 20)

	p.tellsOfTheFleet(t, broken)
	p.retriesWhatFailed(t, broken)
	p.cancelsInTheMiddle(t)
}

// tellsOfTheFleet asks the other commands about the fleet that is over.
func (p *machine) tellsOfTheFleet(t *testing.T, broken []string) {
	t.Helper()
	status := p.kiln(t, "status", "many", "-o", "json")
	require.Zero(t, status.code, status.stderr)
	require.Equal(t, map[workflows.State]int{"succeeded": 490, "failed": 10}, decode[workflows.FleetProgress](t, status.stdout).Counts)

	one := p.kiln(t, "status", broken[0], "-o", "json")
	require.Zero(t, one.code, one.stderr)
	require.Equal(t, "InvalidOSSObject.NotFound", decode[workflows.Progress](t, one.stdout).Error.Code)

	require.Equal(t, 6, p.kiln(t, "watch", "many", "--progress", "none").code)
	eventually(t, "the builds of the fleet are listed", func() bool {
		failed := p.kiln(t, "list", "--fleet", "many", "--state", "failed", "--limit", "1000", "-o", "json")
		all := p.kiln(t, "list", "--fleet", "many", "--limit", "1000", "-o", "json")
		return failed.code == 0 && len(decode[[]struct{}](t, failed.stdout)) == 10 && len(decode[[]struct{}](t, all.stdout)) == 500
	})
	fleets := p.kiln(t, "list", "--fleets")
	require.Zero(t, fleets.code, fleets.stderr)
	require.Regexp(t, `(?m)^many +partial +500 builds +cn-hangzhou `, fleets.stdout)
}

// retriesWhatFailed takes the faults back, and makes what is missing.
func (p *machine) retriesWhatFailed(t *testing.T, broken []string) {
	t.Helper()
	p.admin(t, http.MethodDelete, "faults", "")
	before := p.calls(t, "ImportImage")
	retried := p.kiln(t, "retry", "many", "--progress", "plain")
	require.Zero(t, retried.code, retried.stderr)
	require.Contains(t, retried.stderr, "Retrying 10 of 500 builds, 10 at a time: fleet id many")
	require.Contains(t, retried.stdout, ": 500 of 500 builds succeeded\n")
	require.Equal(t, before+len(broken), p.calls(t, "ImportImage"))
	imported := map[string]int{}
	for _, r := range p.imports(t, "many-") {
		imported[buildOf(r)]++
	}
	require.Len(t, imported, 500)
	for id, times := range imported {
		require.Equal(t, 1, times, id)
	}
	again := p.kiln(t, "retry", "many")
	require.Equal(t, 2, again.code, again.stderr)
	require.Contains(t, again.stderr, "nothing to retry")
}

// cancelsInTheMiddle cancels a fleet of which some builds are over, some run and most have not begun.
func (p *machine) cancelsInTheMiddle(t *testing.T) {
	t.Helper()
	files := importFiles(t, "second", 200)
	follower := start(t, p.env(t), kilnBin(t), append([]string{"build", "--max-parallel", "20"}, files...)...)
	eventually(t, "the fleet is in the middle", func() bool { return strings.Count(follower.stderr.String(), "  succeeded  ") > 20 })
	cancelled := p.kiln(t, "cancel", "second", "--reason", "enough")
	require.Zero(t, cancelled.code, cancelled.stderr)
	require.Equal(t, 7, follower.ends(t), follower.stderr.String())

	states := rows(follower.stdout.String())
	succeeded, stopped, skipped := withState(states, "succeeded"), withState(states, "cancelled"), withState(states, "skipped")
	require.Len(t, states, 200)
	require.Equal(t, 200, len(succeeded)+len(stopped)+len(skipped), states)
	require.NotEmpty(t, succeeded)
	require.NotEmpty(t, stopped)
	require.LessOrEqual(t, len(stopped), 20)
	for _, r := range p.imports(t, "second-") {
		require.NotContains(t, skipped, buildOf(r), "it has never begun")
	}
	require.Equal(t, succeeded, p.images(t, "second-"), "what was cancelled is cleaned up")
	require.Contains(t, follower.stderr.String(), "Error: fleet second was cancelled: ")
}

// images are the builds that have an image, of those whose ids begin so.
func (p *machine) images(t *testing.T, prefix string) []string {
	t.Helper()
	there := p.there(t)
	var builds []string
	for _, r := range p.imports(t, prefix) {
		if slices.ContainsFunc(r.ResourceIDs, func(id string) bool { return there[id].Kind == "image" }) {
			builds = append(builds, buildOf(r))
		}
	}
	slices.Sort(builds)
	return builds
}

// A fleet outlives the command that started it: the command finds it again, and a retry goes on with
// what a termination cut off.
func TestFleetGoesOnWithoutItsCommand(t *testing.T) {
	p := up(t, "--speed", "120", "--headless")
	files := importFiles(t, "left", 6)
	command := append([]string{"build", "--max-parallel", "3"}, files...)
	follower := start(t, p.env(t), kilnBin(t), command...)
	follower.said(t, "3 running, 0 of 6 done")
	follower.signal(syscall.SIGINT)
	require.Equal(t, 130, follower.wait(t))
	require.Contains(t, follower.stderr.String(), "kiln watch left")

	again := p.kiln(t, append(command, "--detach", "-o", "json")...)
	require.Zero(t, again.code, again.stderr)
	require.Contains(t, again.stderr, "fleet left is already building")
	require.True(t, decode[struct{ Attached bool }](t, again.stdout).Attached)
	other := p.kiln(t, "build", "--fleet-id", "left", files[0], importFiles(t, "left", 7)[6])
	require.Equal(t, 2, other.code, other.stderr)
	require.Contains(t, other.stderr, "without left-006")
	running := p.kiln(t, "retry", "left")
	require.Equal(t, 2, running.code, running.stderr)
	require.Contains(t, running.stderr, "fleet left still runs")

	eventually(t, "three builds are over", func() bool {
		return decode[workflows.FleetProgress](t, p.kiln(t, "status", "left", "-o", "json").stdout).Counts["succeeded"] >= 3
	})
	require.NoError(t, p.temporal(t).TerminateWorkflow(t.Context(), "left", "", "for the test"))
	eventually(t, "its builds have stopped", func() bool {
		listed := p.kiln(t, "list", "--fleet", "left", "--state", "running", "-o", "json")
		return listed.code == 0 && strings.TrimSpace(listed.stdout) == "[]"
	})
	watched := p.kiln(t, "watch", "left")
	require.Equal(t, 1, watched.code, watched.stderr)
	require.Contains(t, watched.stderr, "fleet left was terminated from outside")

	have := p.images(t, "left-")
	retried := p.kiln(t, "retry", "left", "-o", "json")
	require.Zero(t, retried.code, retried.stderr)
	require.Contains(t, retried.stderr, fmt.Sprintf("Retrying %d of 6 builds", 6-len(have)))
	result := decode[workflows.FleetResult](t, retried.stdout)
	require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
	require.Len(t, result.Members, 6)
	require.Len(t, p.images(t, "left-"), 6)
}
