package starter

import (
	"cmp"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// threeBuildsOf are the builds of the three documents as a fleet was started with them.
func threeBuildsOf(t *testing.T) workflows.Fleet {
	t.Helper()
	fleet := workflows.Fleet{MaxParallel: 7, FailFast: true}
	for _, file := range inImages(t) {
		is, err := expandDocument(t.Context(), nil, file, nil)
		require.NoError(t, err)
		fleet.Documents = append(fleet.Documents, is.Documents...)
	}
	return fleet
}

// goesOnAsFleet is a server on which run-0 of a fleet has ended with these builds, and the next run
// makes what was missing. The builds that have begun failed to register.
func goesOnAsFleet(t *testing.T, before *fakeTemporal) *fakeTemporal {
	t.Helper()
	before.runID, before.frames = "run-0", before.frames[len(before.frames)-1:]
	if before.input == nil {
		before.input = sent(t, threeBuildsOf(t))
	}
	after := goodFleet()
	after.before, after.others = before, map[string]*fakeTemporal{}
	if before.fleetResult == nil {
		return after
	}
	for _, m := range before.fleetResult.Members {
		if m.RunID != "" {
			build := failedToRegister()
			build.runID, build.input = m.RunID, sent(t, read(t))
			after.others[m.ID] = build
		}
	}
	return after
}

func TestRetryFleet(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		before *fakeTemporal
		change func(*fakeTemporal)
		exit   int
	}{
		{name: "with one build that failed", before: partialFleet()},
		{name: "from a named step", args: []string{"--from", "register", "--detach"}, before: failedFleet()},
		{name: "after a cancel", args: []string{"--detach", "--max-parallel", "1"}, before: cancelledFleetServer()},
		{name: "tells its progress in json", args: []string{"-o", "jsonl", "--progress", "json"}, before: partialFleet(),
			change: func(f *fakeTemporal) { f.frames = f.frames[3:] }},
		{name: "fails again", before: partialFleet(), change: func(f *fakeTemporal) {
			again := partialFleet()
			f.frames, f.fleetResult = again.frames[3:], again.fleetResult
		}, exit: cli.ExitPartial},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goesOnAsFleet(t, test.before)
			if test.change != nil {
				test.change(server)
			}
			got := kiln(t, server, append([]string{"retry", "images"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

// planned is what a retry begins, in short.
type planned struct {
	id, run  string
	document int
}

func TestRetryFleetStartsWhatHasNoImage(t *testing.T) {
	of := func(change func(*fakeTemporal)) *fakeTemporal {
		f := cancelledFleetServer()
		change(f)
		return f
	}
	for _, test := range []struct {
		name   string
		args   []string
		before *fakeTemporal
		change func(*fakeTemporal)
		want   []planned
		done   []string
		images []string // of those; default m-ID
	}{
		{name: "one that failed", before: partialFleet(), want: []planned{{"db", "run-db", 1}}, done: []string{"web", "queue"}},
		{name: "one that was cancelled, and one that never began", before: cancelledFleetServer(),
			want: []planned{{"db", "run-db", 1}, {"queue", "", 2}}, done: []string{"web"}},
		{name: "all that a terminated fleet did not finish", before: of(func(f *fakeTemporal) {
			is := terminatedFleet()
			f.frames, f.end = is.frames, is.end
		}), want: []planned{{"db", "run-db", 1}, {"queue", "", 2}}, done: []string{"web"}, change: func(f *fakeTemporal) {
			delete(f.others, "queue") // it was to begin when the fleet was cut off
			f.before.frames[0].fleet.Members[2].RunID = ""
		}},
		{name: "but not one that was retried by itself", before: failedFleet(), want: []planned{{"db", "run-db", 1}, {"queue", "run-queue", 2}}, done: []string{"web-base"}, images: []string{"m-golden"},
			change: func(f *fakeTemporal) {
				f.others["web"] = &fakeTemporal{runID: "run-9", result: finished(), frames: []frame{{status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED}}}
			}},
		{name: "those of a fleet that was a retry", before: of(func(f *fakeTemporal) {
			f.input = nil
		}), want: []planned{{"db", "run-db", 1}, {"queue", "", 2}}, done: []string{"web"}, change: func(f *fakeTemporal) {
			fleet := threeBuildsOf(t)
			fleet.Builds = []workflows.FleetBuild{{ID: "db", Document: 1}, {ID: "queue", Document: 2}}
			fleet.Done = members(succeeded, pending, pending)[:1]
			f.before.input = sent(t, fleet)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goesOnAsFleet(t, test.before)
			if test.change != nil {
				test.change(server)
			}
			got := kiln(t, server, append([]string{"retry", "images", "--detach"}, test.args...)...)
			require.Zero(t, got.exit, got)
			require.Len(t, server.args, 1)
			fleet := server.args[0].(workflows.Fleet)
			var begun []planned
			for _, b := range fleet.Builds {
				p := planned{id: b.ID, document: b.Document}
				if b.Retry != nil {
					p.run = b.Retry.RunID
					require.Equal(t, "run-first", b.Retry.Origin)
					require.Equal(t, keptLedger, b.Retry.Resources)
				}
				begun = append(begun, p)
			}
			require.Equal(t, test.want, begun)
			for i, m := range fleet.Done {
				require.Equal(t, test.done[i], m.Name)
				require.Equal(t, succeeded, m.State, "the image is there")
				image := "m-" + m.ID
				if test.images != nil {
					image = test.images[i]
				}
				require.Equal(t, image, m.ImageID)
				require.NotEmpty(t, m.RunID)
			}
			require.Len(t, fleet.Done, len(test.done))
			require.Len(t, fleet.Documents, 3)
			require.Equal(t, 7, fleet.MaxParallel, "that of the earlier run")
			require.True(t, fleet.FailFast, "that of the earlier run")
			require.Equal(t, "images", server.start.ID)
			require.Equal(t, "kiln", server.start.TaskQueue, "that of the earlier run")
			require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, server.start.WorkflowIDConflictPolicy)
			require.Contains(t, server.start.StaticDetails, "Goes on from run run-0")
		})
	}
}

func TestRetryFleetInAnotherWay(t *testing.T) {
	server := goesOnAsFleet(t, failedFleet())
	got := kiln(t, server, "retry", "images", "--detach", "--max-parallel", "2", "--fail-fast=false", "--from", "register")
	require.Zero(t, got.exit, got)
	fleet := server.args[0].(workflows.Fleet)
	require.Equal(t, 2, fleet.MaxParallel)
	require.False(t, fleet.FailFast)
	for _, b := range fleet.Builds {
		require.Equal(t, workflows.StepRegister, b.Retry.From)
	}
}

func TestRetryFleetKnowsTheDocumentsOfItsFirstRun(t *testing.T) {
	before := partialFleet()
	server := goesOnAsFleet(t, before)
	before.firstRunID = "run-00"
	first := &fakeTemporal{typ: workflows.FleetType, runID: "run-00", input: before.input, frames: []frame{{status: enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW}}}
	server.others["run-00"] = first
	before.input = sent(t, workflows.Fleet{Builds: []workflows.FleetBuild{{ID: "queue", Document: 2}}})
	got := kiln(t, server, "retry", "images", "--detach")
	require.Zero(t, got.exit, got)
	require.Len(t, server.args[0].(workflows.Fleet).Documents, 3)
}

func TestRetryFleetIsRefused(t *testing.T) {
	stillRuns := func(f *fakeTemporal) {
		f.others["db"].frames = []frame{{progress: progress(running, running, pending)}}
	}
	for _, test := range []struct {
		name   string
		args   []string
		before *fakeTemporal
		change func(*fakeTemporal)
		exit   int
	}{
		{name: "in which nothing failed", before: goodFleet()},
		{name: "that still runs", before: goodFleet(), change: func(f *fakeTemporal) { f.before.frames[0].status = enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING }},
		{name: "with a document", args: []string{"-f", "images/web.yaml"}, before: partialFleet()},
		{name: "from a step that a document does not have", args: []string{"--from", "template"}, before: partialFleet()},
		{name: "of a run that is not the latest", args: []string{"--run-id", "run-00"}, before: partialFleet()},
		{name: "with no build at a time", args: []string{"--max-parallel", "0"}, before: partialFleet()},
		{name: "with more builds at a time than a fleet may have", args: []string{"--max-parallel", "1001"}, before: partialFleet()},
		{name: "while one of its builds runs again", before: partialFleet(), change: stillRuns},
		{name: "that was terminated, without a worker", before: func() *fakeTemporal {
			f := terminatedFleet()
			f.noQueue, f.frames, f.fleetResult = true, []frame{{status: enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED}}, nil
			return f
		}()},
		{name: "whose builds were retried by themselves", before: partialFleet(), change: func(f *fakeTemporal) {
			f.others["db"] = &fakeTemporal{runID: "run-9", result: finished(), frames: []frame{{status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED}}}
		}},
		{name: "that somebody else was faster with", before: partialFleet(), change: func(f *fakeTemporal) {
			f.startErr = serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "run-2")
		}},
		{name: "whose history cannot be read", before: partialFleet(), change: func(f *fakeTemporal) { f.before.historyErr = errors.New("junk") }, exit: cli.ExitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goesOnAsFleet(t, test.before)
			if test.change != nil {
				test.change(server)
			}
			got := kiln(t, server, append([]string{"retry", "images"}, test.args...)...)
			require.Equal(t, cmp.Or(test.exit, cli.ExitUsage), got.exit, got)
			require.Empty(t, got.stdout)
			if server.startErr == nil {
				require.Nil(t, server.args, "nothing was started")
			}
			golden(t, got.String())
		})
	}
}

func TestRetryFleetThatIsTooBigForTemporal(t *testing.T) {
	server := goesOnAsFleet(t, failedFleet())
	ledger := slices.Repeat(keptLedger, 1000)
	for _, build := range server.others {
		build.end = failureOfType(refused.Code, with(refused, ledger))
	}
	got := kiln(t, server, "retry", "images")
	require.Equal(t, cli.ExitUsage, got.exit)
	require.Regexp(t, `3 builds with what their earlier runs made are \d\.\d MB`, got.stderr)
	require.Nil(t, server.args, "nothing was started")
}

func TestRetryOfABuildTakesNoFlagsOfAFleet(t *testing.T) {
	got := kiln(t, goesOn(t, failedToRegister()), "retry", "web-base", "--max-parallel", "3")
	require.Equal(t, cli.ExitUsage, got.exit)
	require.Contains(t, got.stderr, "--max-parallel and --fail-fast are for fleets, and web-base is a build")
}

func TestHelpNamesOneDefaultOfMaxParallel(t *testing.T) {
	for command, says := range map[string]string{
		"build": `--max-parallel N .* run at a time \(default 10\)\n`,
		"retry": `--max-parallel N .* run at a time \(default: as in the earlier run\)\n`,
	} {
		require.Regexp(t, says, kiln(t, &fakeTemporal{}, command, "--help").stdout)
	}
}
