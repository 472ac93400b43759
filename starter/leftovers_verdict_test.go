package starter

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/inventory"
	"github.com/seed1230462e/kiln/workflows"
)

const (
	made    = workflows.ResourceMade
	adopted = workflows.ResourceAdopted
	left    = workflows.ResourceLeft
)

// runOf is a run of the build web that began so many hours ago.
func runOf(state workflows.State, hours int, lines ...workflows.Resource) ran {
	r := ran{BuildID: "web", RunID: fmt.Sprintf("run-%d", hours), Region: "cn-beijing", Begun: dawn.Add(-time.Duration(hours) * time.Hour), State: state, Lines: lines}
	switch state {
	case workflows.StateFailed:
		r.How = "failed in step execution (PipelineFailed)"
	case workflows.StateCancelled:
		r.How = "was cancelled"
	}
	return r
}

func wasTerminated(hours int, lines ...workflows.Resource) ran {
	r := runOf(workflows.StateFailed, hours, lines...)
	r.How, r.Outside = "was terminated", true
	return r
}

// silentRun is one whose ledger nobody tells.
func silentRun(r ran) ran {
	r.Lines, r.Silence = nil, "no worker is polling task queue kiln"
	return r
}

func named(build string, r ran) ran {
	r.BuildID = build
	return r
}

func lineOf(kind inventory.Kind, id, token string, state workflows.ResourceState) workflows.Resource {
	return workflows.Resource{Kind: kind, Region: "cn-beijing", ID: id, Token: token, State: state}
}

// ofA is a line of what is made from another thing.
func ofA(line workflows.Resource, id string) workflows.Resource {
	line.Of = id
	return line
}

func itemOf(kind inventory.Kind, id, token string) inventory.Item {
	return inventory.Item{Ref: inventory.Ref{Region: "cn-beijing", Kind: kind, ID: id, Token: token, BuildID: "web"}}
}

// from is an item that is made from another thing.
func from(item inventory.Item, id string) inventory.Item {
	item.Of = id
	return item
}

func TestVerdict(t *testing.T) {
	image, component, template := itemOf("image", "m-1", "tok"), itemOf("component", "ic-1", "tok"), itemOf("template", "ip-1", "tok")
	execution, registration := itemOf("execution", "exec-1", "tok"), from(itemOf("registration", "img-1", ""), "m-1")
	hasImage := lineOf("image", "m-1", "tok", made)
	const failed, cancelled, succeeded, running = workflows.StateFailed, workflows.StateCancelled, workflows.StateSucceeded, workflows.StateRunning
	withReason := func(line workflows.Resource) workflows.Resource {
		line.Reason = "ImageUseShared: It is shared."
		return line
	}
	for _, test := range []struct {
		name  string
		runs  books
		item  inventory.Item
		named string
		want  string // empty: in use
		retry bool
	}{
		{name: "a failed build kept it", runs: books{runOf(failed, 1, hasImage)}, item: image,
			want: "leftover: kept after the build failed in step execution (PipelineFailed)", retry: true},
		{name: "a cancelled build kept it", runs: books{runOf(cancelled, 1, hasImage)}, item: image, want: "leftover: kept after the build was cancelled", retry: true},
		{name: "a build was terminated", runs: books{wasTerminated(1, hasImage)}, item: image, want: "leftover: the build was terminated", retry: true},
		{name: "a build could not remove it", runs: books{runOf(cancelled, 1, withReason(lineOf("image", "m-1", "tok", left)))}, item: image,
			want: "leftover: the build could not remove it: ImageUseShared: It is shared."},
		{name: "a build that succeeded could not remove it", runs: books{runOf(succeeded, 1, withReason(lineOf("image", "m-1", "tok", left)))}, item: image,
			want: "leftover: the build could not remove it: ImageUseShared: It is shared."},
		{name: "a build took it for gone", runs: books{runOf(succeeded, 1, lineOf("image", "m-1", "tok", workflows.ResourceRemoved))}, item: image,
			want: "leftover: the build had removed it, and it is there"},
		{name: "a build that succeeded has it", runs: books{runOf(succeeded, 1, hasImage)}, item: image},
		{name: "a build that succeeded awaits a copy of it", runs: books{runOf(succeeded, 1, lineOf("image", "", "tok", workflows.ResourceAsked))}, item: image},
		{name: "a build that runs has it", runs: books{runOf(running, 1, hasImage)}, item: image},
		{name: "a build that runs may have just made it", runs: books{runOf(running, 1)}, item: image},
		{name: "a build that runs and does not answer may have it", runs: books{silentRun(runOf(running, 1)), runOf(failed, 2, hasImage)}, item: image},

		{name: "the latest run has taken it over", runs: books{runOf(running, 1, hasImage), runOf(failed, 2, hasImage)}, item: image},
		{name: "the latest run has succeeded with it", runs: books{runOf(succeeded, 1, hasImage), runOf(failed, 2, hasImage)}, item: image},
		{name: "the latest run began anew without it", runs: books{runOf(running, 1), runOf(failed, 2, hasImage)}, item: image,
			want: "leftover: kept after the build failed in step execution (PipelineFailed)"},
		{name: "the latest run failed to remove what an earlier one had", runs: books{runOf(failed, 1, withReason(lineOf("image", "m-1", "tok", left))), runOf(succeeded, 2, hasImage)},
			item: image, want: "leftover: the build could not remove it: ImageUseShared: It is shared."},
		{name: "an earlier run that succeeded has it", runs: books{runOf(failed, 1), runOf(succeeded, 2, hasImage)}, item: image},
		{name: "the latest run does not tell what it took over", runs: books{silentRun(wasTerminated(1)), runOf(failed, 2, hasImage)}, item: image,
			want: "unknown: run run-1 of the build was terminated, and only a worker can tell what it made: no worker is polling task queue kiln"},
		{name: "an earlier run does not matter", runs: books{runOf(failed, 1, hasImage), silentRun(wasTerminated(2))}, item: image,
			want: "leftover: kept after the build failed in step execution (PipelineFailed)", retry: true},

		{name: "an answer was lost", runs: books{wasTerminated(1, lineOf("image", "", "tok", workflows.ResourceAsked))}, item: image, want: "leftover: the build was terminated", retry: true},
		{name: "another call's answer was lost", runs: books{wasTerminated(1, lineOf("image", "", "tok-2", workflows.ResourceAsked))}, item: image,
			want: "unknown: no run of the build that Temporal knows tells of it"},
		{name: "no ledger has it", runs: books{runOf(failed, 1)}, item: image, want: "unknown: no run of the build that Temporal knows tells of it"},
		{name: "no ledger has it though the build is named", runs: books{runOf(failed, 1)}, item: image, named: "web",
			want: "unknown: no run of the build that Temporal knows tells of it"},
		{name: "nobody tells the ledger", runs: books{silentRun(wasTerminated(1))}, item: image,
			want: "unknown: run run-1 of the build was terminated, and only a worker can tell what it made: no worker is polling task queue kiln"},
		{name: "Temporal has forgotten the build", item: image, want: "unknown: Temporal does not know the build: it is of another namespace, or from before the retention"},
		{name: "Temporal has forgotten the build that the user names", item: image, named: "web", want: "leftover: Temporal does not know the build, which you have named"},
		{name: "Temporal has forgotten another build than the user names", item: image, named: "db",
			want: "unknown: Temporal does not know the build: it is of another namespace, or from before the retention"},

		{name: "the build only found it", runs: books{runOf(failed, 1, lineOf("component", "ic-1", "tok", adopted))}, item: component,
			want: "unknown: no run of the build that Temporal knows tells of it"},
		{name: "another build that succeeded has found it", runs: books{named("db", runOf(succeeded, 1, lineOf("component", "ic-1", "", adopted))), runOf(failed, 2, lineOf("component", "ic-1", "tok", made))}, item: component},
		{name: "another build that runs has found it", runs: books{named("db", runOf(running, 1, lineOf("component", "ic-1", "", adopted))), runOf(failed, 2, lineOf("component", "ic-1", "tok", made))}, item: component},
		{name: "a later run of the build has found it", runs: books{runOf(succeeded, 1, lineOf("component", "ic-1", "", adopted)), runOf(failed, 2, lineOf("component", "ic-1", "tok", made))}, item: component},
		{name: "another build that failed has found it", runs: books{named("db", runOf(failed, 1, lineOf("component", "ic-1", "", adopted))), runOf(failed, 2, lineOf("component", "ic-1", "tok", made))}, item: component,
			want: "leftover: kept after the build failed in step execution (PipelineFailed)", retry: true},
		{name: "another build runs the template", runs: books{named("db", runOf(succeeded, 1, ofA(lineOf("execution", "exec-2", "t2", workflows.ResourceOver), "ip-1"))), runOf(failed, 2, lineOf("template", "ip-1", "tok", made))}, item: template},
		{name: "the build's own execution is over", runs: books{runOf(cancelled, 1, lineOf("template", "ip-1", "tok", made), ofA(lineOf("execution", "exec-1", "t2", workflows.ResourceOver), "ip-1"))}, item: template,
			want: "leftover: kept after the build was cancelled", retry: true},
		{name: "another build has made the image with the template", runs: books{named("db", runOf(succeeded, 1, ofA(hasImage, "exec-2"))), runOf(failed, 2, lineOf("template", "ip-1", "tok", made))}, item: image},
		{name: "somebody has run the template", runs: books{runOf(failed, 2, lineOf("template", "ip-1", "tok", made), lineOf("image", "m-0", "tok", made))}, item: image,
			want: "unknown: no run of the build that Temporal knows tells of it"},
		{name: "the build's execution has gone on without it", runs: books{wasTerminated(1, lineOf("execution", "exec-1", "t2", made))}, item: from(image, "exec-1"), want: "leftover: the build was terminated", retry: true},

		{name: "an execution runs for nobody", runs: books{wasTerminated(1, lineOf("execution", "exec-1", "tok", made))}, item: execution,
			want: "leftover: it still runs: the build was terminated", retry: true},
		{name: "a registration that only the ledger knows", runs: books{wasTerminated(1, lineOf("registration", "img-1", "tok", made))}, item: registration, want: "leftover: the build was terminated", retry: true},
		{name: "a registration whose answer was lost", runs: books{wasTerminated(1, ofA(lineOf("registration", "", "tok", workflows.ResourceAsked), "m-1"))}, item: registration, want: "leftover: the build was terminated", retry: true},
		{name: "a registration whose answer was lost, of an image with the tags of the template's build",
			runs: books{named("db", wasTerminated(1, ofA(lineOf("registration", "", "tok", workflows.ResourceAsked), "m-1"))), runOf(succeeded, 2)}, item: registration,
			want: "leftover: the build was terminated", retry: true},
		{name: "a registration of another image", runs: books{wasTerminated(1, ofA(lineOf("registration", "", "tok", workflows.ResourceAsked), "m-2"))}, item: registration},
		{name: "somebody has registered the image", runs: books{runOf(failed, 1, hasImage)}, item: registration},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.runs.sort()
			got := test.runs.verdict(test.item, test.named)
			says := ""
			if got.State != fateInUse {
				says = string(got.State) + ": " + got.Why
			}
			require.Equal(t, test.want, says)
			require.Equal(t, test.retry, got.Retry)
		})
	}
}

// An image stays as long as a registration of it stays.
func TestRegistrationsHoldTheirImage(t *testing.T) {
	image, registration := itemOf("image", "m-1", "tok"), from(itemOf("registration", "img-1", ""), "m-1")
	failed := runOf(workflows.StateFailed, 1, lineOf("image", "m-1", "tok", made))
	require.Empty(t, books{failed}.judge([]inventory.Item{image, registration}, ""), "somebody else has registered it")
	failed.Lines = append(failed.Lines, ofA(lineOf("registration", "img-1", "", made), "m-1"))
	require.Len(t, books{failed}.judge([]inventory.Item{image, registration}, ""), 2)
	for _, l := range (books{}).judge([]inventory.Item{image, registration}, "") {
		require.Equal(t, fateUnknown, l.State)
	}
}

// What a build is asked to prove before it removes something follows its own ledger.
func TestLeftoversAreNamedByTheirOwner(t *testing.T) {
	byTemplate := ofA(lineOf("image", "m-1", "of the execution", made), "exec-1")
	runs := books{named("db", runOf(workflows.StateFailed, 1, byTemplate))}
	got := runs.verdict(itemOf("image", "m-1", "of the template"), "")
	require.Equal(t, "db", got.BuildID)
	require.Equal(t, inventory.Ref{Region: "cn-beijing", Kind: "image", ID: "m-1", Of: "exec-1", Token: "of the execution", BuildID: "db"}, got.ref)
}

func TestUnlisted(t *testing.T) {
	tagged := lineOf("image", "m-1", "t1", made)
	untagged := ofA(lineOf("image", "m-2", "t2", made), "exec-2")
	lines := []workflows.Resource{
		tagged, untagged,
		lineOf("task", "t-1", "t1", made), lineOf("task", "t-2", "t1", workflows.ResourceOver),
		lineOf("registration", "img-1", "t3", made), lineOf("component", "ic-1", "t4", made),
	}
	elsewhere := lineOf("registration", "img-9", "t9", made)
	elsewhere.Region = "cn-hangzhou"
	lines = append(lines, elsewhere)
	ids := func(b books) (all []string) {
		for _, ref := range b.unlisted("cn-beijing", func(_ inventory.Kind, id string) bool { return id == "img-0" }) {
			all = append(all, ref.ID)
		}
		return all
	}
	require.Equal(t, []string{"m-2", "t-1", "img-1"}, ids(books{runOf(workflows.StateFailed, 1, lines...), runOf(workflows.StateFailed, 2, lines...)}))
	require.Empty(t, ids(books{runOf(workflows.StateSucceeded, 1, lines...)}), "its own")
	require.Empty(t, ids(books{runOf(workflows.StateRunning, 1, lines...)}), "it runs")
	require.Equal(t, []string{"img-8"}, ids(books{runOf(workflows.StateSucceeded, 1, lineOf("registration", "img-8", "t3", left), lineOf("registration", "img-0", "t3", left))}))
	template := lineOf("template", "ip-1", "t2", made)
	require.Equal(t, []string{"t-1", "img-1"}, ids(books{runOf(workflows.StateFailed, 1, append(lines, template)...)}), "the template has put its tags on the image")
}

func TestCreatedAt(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-21T10:00:00Z":        "2026-11-21T10:00:00Z",
		"2026-11-21T10:00Z":           "2026-11-21T10:00:00Z",
		"2016-10-31T06:55:33.921897Z": "2016-10-31T06:55:33.921897Z",
	} {
		at := createdAt(text)
		require.NotNil(t, at, text)
		require.Equal(t, want, at.Format(time.RFC3339Nano))
	}
	require.Nil(t, createdAt(""))
	require.Nil(t, createdAt("yesterday"))
}
