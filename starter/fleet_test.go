package starter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

func TestFleet(t *testing.T) {
	partly := members(succeeded, succeeded, succeeded)
	partly[1].Outcome, partly[1].Message = string(workflows.OutcomePartial), "template ip-1 is left: Forbidden.RAM"
	alreadyRuns := func(f *fakeTemporal) {
		f.startErr = serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "run-1")
	}
	for _, test := range []struct {
		name   string
		args   []string
		server *fakeTemporal
		change func(*fakeTemporal)
		exit   int
	}{
		{name: "succeeds"},
		{name: "succeeds in json", args: []string{"-o", "json", "--progress", "none"}},
		{name: "tells its progress in json", args: []string{"-o", "jsonl", "--progress", "json"}, server: partialFleet(), exit: cli.ExitPartial},
		{name: "fails in part", server: partialFleet(), exit: cli.ExitPartial},
		{name: "fails", server: failedFleet(), exit: cli.ExitFailed},
		{name: "fails in json", server: failedFleet(), args: []string{"-o", "json", "--progress", "none"}, exit: cli.ExitFailed},
		{name: "has trouble after the image", server: fleetServer(enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, workflows.OutcomePartial, partly), exit: cli.ExitPartial},
		{name: "is cancelled", server: cancelledFleetServer(), exit: cli.ExitCancelled},
		{name: "is terminated", server: terminatedFleet(), exit: cli.ExitFailed},
		{name: "is terminated in json", server: terminatedFleet(), args: []string{"-o", "json", "--progress", "none"}, exit: cli.ExitFailed},
		{name: "is refused by the worker", server: fleetServer(enumspb.WORKFLOW_EXECUTION_STATUS_FAILED, "", nil), change: func(f *fakeTemporal) {
			f.frames = f.frames[3:]
			f.end = wired(failureOfType(activities.InvalidBuild, workflows.Failure{Code: activities.InvalidBuild, Message: "document 0: 2:1: unknown field"}))
			f.fleetResult = nil
		}, exit: cli.ExitUsage},
		{name: "runs already", change: func(f *fakeTemporal) {
			alreadyRuns(f)
			f.input = sent(t, workflows.Fleet{Builds: []workflows.FleetBuild{{ID: "web"}, {ID: "db"}, {ID: "queue"}}})
		}},
		{name: "runs already as another client started it", args: []string{"--detach"}, change: func(f *fakeTemporal) {
			alreadyRuns(f)
			var fleet workflows.Fleet
			for _, name := range []string{"web", "db", "queue"} {
				fleet.Documents = append(fleet.Documents, json.RawMessage(fmt.Sprintf(`{"name": %q, "region": "cn-hangzhou", "source": {"imageId": "m-1"}, "batchCompute": {}}`, name)))
			}
			f.input = sent(t, fleet)
		}},
		{name: "runs already with other builds", change: func(f *fakeTemporal) {
			alreadyRuns(f)
			f.input = sent(t, workflows.Fleet{Builds: []workflows.FleetBuild{{ID: "web"}, {ID: "db"}}})
		}, exit: cli.ExitUsage},
		{name: "has the id of a build that runs", change: func(f *fakeTemporal) {
			alreadyRuns(f)
			f.typ = workflows.BuildType
		}, exit: cli.ExitUsage},
		{name: "detached", args: []string{"--detach", "--fleet-id", "nightly", "--max-parallel", "2"}},
		{name: "detached in json", args: []string{"--detach", "-o", "json", "--progress", "none"}},
		{name: "outlasts the wait", args: []string{"--wait-timeout", "3s"}, change: func(f *fakeTemporal) { f.frames = f.frames[:1] }, exit: cli.ExitTimeout},
		{name: "is left alone by Ctrl-C", change: func(f *fakeTemporal) { f.frames, f.interruptAfter = f.frames[:1], 3*time.Second }, exit: cli.ExitInterrupted},
		{name: "waits for a worker", change: func(f *fakeTemporal) {
			f.noQueue = true
			f.frames = append([]frame{{}, {}}, f.frames...)
		}},
		{name: "goes on while the server is away", change: func(f *fakeTemporal) {
			away := frame{err: serviceerror.NewUnavailable("connection refused")}
			f.frames = append(f.frames[:2:2], append([]frame{away, away}, f.frames[2:]...)...)
		}},
		{name: "continues as new", server: continued()},
		{name: "may not be started", change: func(f *fakeTemporal) { f.startErr = serviceerror.NewNamespaceNotFound("default") }, exit: cli.ExitConnection},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := inImages(t)
			if test.server == nil {
				test.server = goodFleet()
			}
			if test.change != nil {
				test.change(test.server)
			}
			got := kiln(t, test.server, append(append([]string{"build"}, files...), test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

func TestFleetIsOneQueryALook(t *testing.T) {
	server := partialFleet()
	require.Equal(t, cli.ExitPartial, kiln(t, server, append([]string{"build"}, inImages(t)...)...).exit)
	require.Equal(t, len(server.frames), server.looks)
	require.Equal(t, len(server.frames)-1, server.asked, "the last look has the result")
}

func TestFleetStartsTheWorkflow(t *testing.T) {
	inImages(t)
	matrix := "name: base\nmatrix: {regions: [cn-hangzhou, cn-beijing]}\nsource: {imageFamily: web}\ncomponents: [{name: tool, content: RUN true}]\n"
	require.NoError(t, os.WriteFile("other.yaml", []byte(matrix), 0o600))
	require.NoError(t, os.WriteFile("images/images.yaml", []byte("name: images\nregion: cn-hangzhou\nsource: {imageId: m-1}\nbatchCompute: {}\n"), 0o600))
	for _, test := range []struct {
		name      string
		args      []string
		id        string
		documents int
		parallel  int
		failFast  bool
	}{
		{"the id is that of the folder", []string{"images/web.yaml", "images/db.yaml"}, "images", 2, 10, false},
		{"unless a build has that name", []string{"images/web.yaml", "images/images.yaml"}, "images-fleet", 2, 10, false},
		{"the id is the name of a document with a matrix", []string{"other.yaml"}, "base", 1, 10, false},
		{"the id is the user's", []string{"other.yaml", "images/web.yaml", "--fleet-id", "mine"}, "mine", 2, 10, false},
		{"one document is a fleet when it has a fleet's id", []string{"images/web.yaml", "--fleet-id", "mine", "--max-parallel", "3", "--fail-fast"}, "mine", 1, 3, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goodFleet()
			got := kiln(t, server, append([]string{"build"}, test.args...)...)
			require.Zero(t, got.exit, got)
			require.Equal(t, test.id, server.start.ID)
			require.Equal(t, "kiln", server.start.TaskQueue)
			require.Equal(t, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL, server.start.WorkflowIDConflictPolicy)
			require.Equal(t, enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE, server.start.WorkflowIDReusePolicy)
			require.True(t, server.start.WorkflowExecutionErrorWhenAlreadyStarted)
			require.Len(t, server.args, 1)
			fleet := server.args[0].(workflows.Fleet)
			require.Len(t, fleet.Documents, test.documents)
			require.Equal(t, test.parallel, fleet.MaxParallel)
			require.Equal(t, test.failFast, fleet.FailFast)
			require.Empty(t, fleet.Builds, "all that the documents stand for")
		})
	}
}

func TestFleetIDOfFilesThatShareNoFolder(t *testing.T) {
	require.Equal(t, "fleet", folderName([]string{"/a/web.yaml", "/b/db.yaml"}))
	require.Equal(t, "fleet", folderName([]string{"/my images/web.yaml"}), "no id")
	require.Equal(t, "a", folderName([]string{"/a/b/web.yaml", "/a/c/d/db.yaml", "/a/e.yaml"}))
}

func TestFleetIsRefused(t *testing.T) {
	files := inImages(t)
	require.NoError(t, os.WriteFile("bad.yaml", []byte("name: bad\nregoin: cn-hangzhou\nsource: {imageId: m-1}\nbatchCompute: {}\n"), 0o600))
	require.NoError(t, os.WriteFile("worse.yaml", []byte("name: worse\nregion: cn-hangzhou\n"), 0o600))
	twin := writeImage(t, "twin", "web")
	matrix := "name: base\nmatrix: {regions: [cn-hangzhou, cn-beijing]}\nsource: {imageFamily: web}\ncomponents: [{name: tool, content: RUN true}]\n"
	require.NoError(t, os.WriteFile("matrix.yaml", []byte(matrix), 0o600))
	for _, test := range []struct {
		name string
		args []string
	}{
		{"of documents with faults", []string{"bad.yaml", files[0], "worse.yaml"}},
		{"of a file that is not there and one with faults", []string{"nowhere.yaml", "bad.yaml"}},
		{"with two builds of one name", []string{files[0], files[1], twin}},
		{"with a file twice", []string{files[0], files[0]}},
		{"with a build id", append([]string{"--build-id", "one"}, files...)},
		{"with a build id for a matrix", []string{"matrix.yaml", "--build-id", "one"}},
		{"with a fleet id with a space", append([]string{"--fleet-id", "my images"}, files...)},
		{"with the id of one of its builds", append([]string{"--fleet-id", "db"}, files...)},
		{"with no build at a time", append([]string{"--max-parallel", "0"}, files...)},
		{"that waits and does not", append([]string{"--detach", "--wait-timeout", "1s"}, files...)},
		{"of no document", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := goodFleet()
			got := kiln(t, server, append([]string{"build"}, test.args...)...)
			require.Equal(t, cli.ExitUsage, got.exit, got)
			require.Nil(t, server.args, "nothing was started")
			golden(t, got.String())
		})
	}
}

func TestFleetThatIsTooBigForTemporal(t *testing.T) {
	t.Chdir(t.TempDir())
	content := strings.Repeat("RUN true "+strings.Repeat("x", 90)+"\n", 100)
	args := []string{"build"}
	for i := range 300 {
		file := fmt.Sprintf("web-%d.yaml", i)
		text := fmt.Sprintf("name: web-%d\nregion: cn-hangzhou\nsource: {imageId: m-1}\ncomponents: [{name: tool, content: %q}]\n", i, content)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		args = append(args, file)
	}
	server := goodFleet()
	got := kiln(t, server, args...)
	require.Equal(t, cli.ExitUsage, got.exit, got)
	require.Nil(t, server.args, "nothing was started")
	var fit int
	require.Contains(t, got.stderr, "the first ")
	_, err := fmt.Sscanf(got.stderr[strings.Index(got.stderr, "the first"):], "the first %d fit", &fit)
	require.NoError(t, err, got.stderr)
	require.Contains(t, got.stderr, "300 builds are ")
	require.Contains(t, got.stderr, "split them into several fleets")

	fits := kiln(t, server, append(args[:fit+1:fit+1], "--detach", "--fleet-id", "half")...)
	require.Zero(t, fits.exit, fits)
	more := kiln(t, goodFleet(), append(args[:fit+2:fit+2], "--detach", "--fleet-id", "half")...)
	require.Equal(t, cli.ExitUsage, more.exit, more)
}

func TestFleetCommands(t *testing.T) {
	over := func(f *fakeTemporal) *fakeTemporal {
		f.frames = f.frames[3:]
		return f
	}
	for _, test := range []struct {
		name   string
		args   []string
		server *fakeTemporal
		exit   int
	}{
		{name: "status while it runs", args: []string{"status", "images"}, server: goodFleet()},
		{name: "status while it runs in json", args: []string{"status", "images", "-o", "json"}, server: goodFleet()},
		{name: "status without a worker", args: []string{"status", "images"}, server: &fakeTemporal{typ: workflows.FleetType, noQueue: true, frames: []frame{{}}}},
		{name: "status at the end", args: []string{"status", "images"}, server: over(partialFleet())},
		{name: "status at the end in json", args: []string{"status", "images", "-o", "json"}, server: over(partialFleet())},
		{name: "status of a terminated fleet without a worker", args: []string{"status", "images"}, server: &fakeTemporal{
			typ: workflows.FleetType, noQueue: true, frames: []frame{{status: enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED}}, end: terminatedFleet().end}},
		{name: "watch", args: []string{"watch", "images"}, server: partialFleet(), exit: cli.ExitPartial},
		{name: "watch a fleet that is over", args: []string{"watch", "images"}, server: over(goodFleet())},
		{name: "cancel", args: []string{"cancel", "images"}, server: goodFleet()},
		{name: "cancel in json", args: []string{"cancel", "images", "-o", "json"}, server: goodFleet()},
		{name: "cancel and wait", args: []string{"cancel", "images", "--wait"}, server: cancelledFleetServer()},
		{name: "cancel and wait in json", args: []string{"cancel", "images", "--wait", "-o", "json", "--progress", "none"}, server: cancelledFleetServer()},
		{name: "cancel too late", args: []string{"cancel", "images", "--wait"}, server: partialFleet(), exit: cli.ExitFailed},
		{name: "cancel a fleet that is over", args: []string{"cancel", "images"}, server: over(goodFleet()), exit: cli.ExitUsage},
		{name: "build with the id of a fleet that runs", args: []string{"build", "-"}, server: func() *fakeTemporal {
			f := goodFleet()
			f.startErr = serviceerror.NewWorkflowExecutionAlreadyStarted("started", "", "run-1")
			return f
		}(), exit: cli.ExitFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server, test.args...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

func TestCancelReachesTheLatestRunOfAFleet(t *testing.T) {
	server := goodFleet()
	server.firstRunID = "run-0"
	require.Zero(t, kiln(t, server, "cancel", "images", "--reason", "wrong disk").exit)
	require.Len(t, server.cancels, 1)
	require.Equal(t, "images", server.cancels[0].WorkflowID)
	require.Equal(t, "run-0", server.cancels[0].FirstExecutionRunID)
	require.Equal(t, "wrong disk", server.cancels[0].Reason)
}

// manyRunning is a fleet in which some builds run and some have failed.
func manyRunning(runs, fails int) fleetSnapshot {
	snap := fleetSnapshot{StartedAt: *at(-90)}
	snap.FleetID, snap.State = "images", running
	for i := range runs + fails {
		m := member(fmt.Sprintf("web-%02d", i), running, 0)
		if i >= runs {
			m = member(m.ID, failed, 0)
		}
		snap.Members = append(snap.Members, m)
	}
	return snap
}

func TestLiveFleetStaysOnTheScreen(t *testing.T) {
	var out bytes.Buffer
	height := 6
	v := &liveFleet{w: &out, now: func() time.Time { return dawn.Add(time.Minute) }, size: func() (int, int) { return 100, height }}
	require.Len(t, v.lines(manyRunning(4, 0)), 5, "the counter, four builds and the cursor fit")
	lines := v.lines(manyRunning(20, 0))
	require.Len(t, lines, 5)
	require.Contains(t, lines[4], "… and 17 more")
	height = 2
	require.Len(t, v.lines(manyRunning(20, 0)), 1)
	height = 1
	require.Len(t, v.lines(manyRunning(20, 0)), 1)
	height = 0
	require.Len(t, v.lines(manyRunning(20, 0)), 21, "a terminal that does not know its size")
}

func TestLiveFleetKeepsFailuresAbove(t *testing.T) {
	var out bytes.Buffer
	v := &liveFleet{w: &out, now: func() time.Time { return dawn.Add(time.Minute) }, size: func() (int, int) { return 100, 24 }}
	v.show(manyRunning(2, 0))
	require.NotContains(t, out.String(), "\x1b[")
	golden(t, out.String())
	out.Reset()
	v.show(manyRunning(1, 1))
	require.True(t, strings.HasPrefix(out.String(), "\x1b[3A\r\x1b[J✗ web-01  failed"), "three lines up, clear, then the failure: %q", out.String())
	out.Reset()
	v.show(manyRunning(1, 1))
	require.True(t, strings.HasPrefix(out.String(), "\x1b[2A\r\x1b[Jimages"), "the failure is not repainted: %q", out.String())
	require.NotContains(t, out.String(), "web-01")
}
