package testsuite

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// firstRun is the id that the environment gives every run.
const firstRun = "default-test-run-id"

// again is a retry of what a verdict ended.
func (v verdict) again(from workflows.Step) *workflows.Retry {
	return &workflows.Retry{RunID: firstRun, Origin: firstRun, From: from, Resources: v.testimony("").ledger()}
}

// hopeless stops a build at a call, until the faults are cleared.
func (y *yard) hopeless(api string) {
	y.plan(emulator.Fault{Action: api, Do: emulator.Refuse, Code: "Forbidden.RAM"})
}

// retried runs a build again and returns which calls that make something it made, by how often.
func (tr *trial) retried(o order) (verdict, map[string]int) {
	tr.t.Helper()
	tr.server.ClearFaults()
	before := len(tr.log.read(tr.t))
	v := tr.run(o)
	calls := map[string]int{}
	for _, r := range tr.log.read(tr.t)[before:] {
		if mutates(r) {
			calls[r.api()]++
		}
	}
	return v, calls
}

// whole holds a build that succeeded at last against what is there: one of each, and
// nothing of what earlier runs made.
func (tr *trial) whole(v verdict) {
	tr.t.Helper()
	require.NoError(tr.t, v.err)
	require.Equal(tr.t, workflows.OutcomeSucceeded, v.result.Outcome, v.result.Warnings)
	tr.kept(v, nil)
}

// once are calls of some APIs, each made once.
func once(apis ...string) map[string]int {
	calls := map[string]int{}
	for _, api := range apis {
		calls[api]++
	}
	return calls
}

// A retry makes what is missing, from the failed step on, and nothing else.
func TestCleanupRetryAfterEachStep(t *testing.T) {
	for n, api := range mutations {
		t.Run(api, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				y.hopeless(api)
				tr := y.hold()
				failed := tr.run(order{document: golden})
				require.Equal(t, "Forbidden.RAM", failed.typ, failed.err)
				v, calls := tr.retried(order{document: golden, retry: failed.again("")})
				require.Equal(t, once(mutations[n:]...), calls)
				tr.whole(v)
			})
		})
	}
}

// From a step on, everything is made anew, and what was there before is gone.
func TestCleanupRetryFromEachStep(t *testing.T) {
	for n, step := range workflows.Steps {
		for at := n; at < len(mutations); at++ {
			t.Run(fmt.Sprint(step, " after ", mutations[at]), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					y.hopeless(mutations[at])
					tr := y.hold()
					failed := tr.run(order{document: golden})
					v, calls := tr.retried(order{document: golden, retry: failed.again(step)})
					require.Equal(t, once(mutations[n:]...), calls)
					tr.whole(v)
				})
			})
		}
	}
}

// edited is golden with more to edit.
var edited = strings.NewReplacer(
	`"name": "golden", "region"`, `"name": "golden", "tags": {"team": "web"}, "region"`,
	`"content": "RUN true"}]`, `"content": "RUN true"}, {"name": "curl", "version": "2.0.0", "content": "RUN echo curl"}],
		"template": {"buildContent": "RUN echo done"}, "execution": {"tags": {"run": "1"}}, "image": {"family": "web"}`,
).Replace(golden)

// Whatever of the document changes, what depends on it is made anew, and no more.
func TestCleanupRetryOfAnEditedDocument(t *testing.T) {
	build := []string{"CreateImagePipeline", starts, registers}
	for _, edit := range []struct {
		name, old, new string
		calls          []string
	}{
		{"nothing", "", "", []string{registers}},
		{"a timeout and what becomes of failures", `"timeouts": {`, `"onFailure": "cleanup", "timeouts": {"call": "3h", `, []string{registers}},
		{"the size of the disk", `"sizeGiB": 40`, `"sizeGiB": 41`, append([]string{"ImportImage"}, build...)},
		{"the name of the imported image", "golden-base", "golden-other", append([]string{"ImportImage"}, build...)},
		{"the tags", `"team": "web"`, `"team": "db"`, append([]string{"ImportImage", "CreateImageComponent", "CreateImageComponent"}, build...)},
		{"a component's content", `"RUN true"`, `"RUN false"`, append([]string{"CreateImageComponent"}, build...)},
		{"a component's version", `"version": "1.0.0"`, `"version": "1.0.1"`, append([]string{"CreateImageComponent"}, build...)},
		{"a component more", `"RUN echo curl"}`, `"RUN echo curl"}, {"name": "wget", "version": "1.0.0", "content": "RUN echo wget"}`,
			append([]string{"CreateImageComponent"}, build...)},
		{"a component less", `, {"name": "curl", "version": "2.0.0", "content": "RUN echo curl"}`, "", build},
		{"the template's content", "RUN echo done", "RUN echo more", build},
		{"the template's machine", `"buildContent"`, `"instanceType": "ecs.g7.large", "buildContent"`, build},
		{"the image's family", `"family": "web"`, `"family": "db"`, build},
		{"the image's name", `"family": "web"`, `"family": "web", "name": "silver", "nameSuffix": "disable"`, build},
		{"the execution's tags", `{"run": "1"}`, `{"run": "2"}`, []string{starts, registers}},
		{"the registration", `"platform": "Linux"`, `"platform": "Linux", "description": "new"`, []string{registers}},
	} {
		for _, at := range []string{registers, starts} {
			t.Run(fmt.Sprint(edit.name, " after ", at), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					y.hopeless(at)
					tr := y.hold()
					failed := tr.run(order{document: edited})
					document := strings.Replace(edited, edit.old, edit.new, 1)
					require.True(t, edit.old == edit.new || document != edited)
					v, calls := tr.retried(order{document: document, retry: failed.again("")})
					want := once(edit.calls...)
					if at == starts {
						want[starts] = 1
					}
					require.Equal(t, want, calls)
					tr.whole(v)
				})
			})
		}
	}
}

// A component is the same wherever it stands, and what changes makes way for itself.
func TestCleanupRetryWithComponentsInOtherPlaces(t *testing.T) {
	curl := `{"name": "curl", "version": "2.0.0", "content": "RUN echo curl"}`
	nginx := `{"name": "nginx", "version": "1.0.0", "content": "RUN true"}`
	wget := `{"name": "wget", "version": "1.0.0", "content": "RUN echo wget"}`
	swap := func(other string) string { return strings.NewReplacer(curl, other, nginx, curl).Replace(three) }
	for _, edit := range []struct {
		name, document string
		made           int
	}{
		{"swapped", swap(nginx), 0},
		{"swapped and changed", swap(strings.Replace(nginx, "true", "false", 1)), 1},
		{"swapped and replaced", swap(wget), 1},
		{"inserted", strings.Replace(three, curl, wget+", "+curl, 1), 1},
		{"removed", strings.Replace(three, curl+",", "", 1), 0},
	} {
		for from, made := range map[workflows.Step]int{"": edit.made, workflows.StepComponents: strings.Count(edit.document, `"content"`)} {
			t.Run(fmt.Sprint(edit.name, " ", from), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					require.NotEqual(t, three, edit.document)
					y.hopeless(registers)
					tr := y.hold()
					failed := tr.run(order{document: three})
					v, calls := tr.retried(order{document: edit.document, retry: failed.again(from)})
					require.NoError(t, v.err)
					require.Equal(t, made, calls["CreateImageComponent"])
					require.Equal(t, 1, calls["CreateImagePipeline"])
					tr.whole(v)
				})
			})
		}
	}
}

// What somebody deleted meanwhile is made again, with what depends on it.
func TestCleanupRetryOfWhatIsGone(t *testing.T) {
	for kind, calls := range map[string][]string{
		"component": {"CreateImageComponent", "CreateImagePipeline", starts, registers},
		"pipeline":  {"CreateImagePipeline", starts, registers},
		"execution": {registers},
		"task":      {registers},
		"image":     {"ImportImage", "CreateImagePipeline", starts, registers},
		"golden":    {starts, registers},
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				y.hopeless(registers)
				tr := y.hold()
				failed := tr.run(order{document: golden})
				for _, r := range y.state().Resources {
					if r.Kind == kind || kind == "golden" && r.ID == "m-bp1000000000002" {
						tr.excused[r.ID] = true
						require.NoError(t, y.server.Delete(r.ID))
					}
				}
				v, made := tr.retried(order{document: golden, retry: failed.again("")})
				require.Equal(t, once(calls...), made)
				tr.whole(v)
			})
		})
	}
}

// After a cancelled build everything is made anew, or what was kept is used.
func TestCleanupRetryAfterACancel(t *testing.T) {
	for _, run := range []struct {
		kind, status string
		made         int // of the five, by the retry of what was kept
	}{
		{"task", "Processing", 5}, {"execution", "PREPARING", 2}, {"execution", "RELEASING", 1},
	} {
		for wish, document := range map[string]string{"cleanup": golden, "keep": kept} {
			t.Run(fmt.Sprint(run.kind, " ", run.status, " ", wish), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					tr := y.hold()
					cancelled := tr.run(order{document: document}.cancelledAt(y, is(run.kind, run.status)))
					require.NotNil(t, cancelled.left)
					v, calls := tr.retried(order{document: document, retry: cancelled.again("")})
					made := run.made
					if wish == "cleanup" {
						made = 5
					}
					require.Equal(t, once(mutations[5-made:]...), calls)
					tr.whole(v)
				})
			})
		}
	}
}

// A call of which nobody knows what became of it is asked again with its token, and what it
// made is found; unless something else is wanted by then, which has a token of its own.
func TestCleanupRetryAfterAnUncertainEnd(t *testing.T) {
	edits := map[string]string{
		"ImportImage": `"sizeGiB": 40->"sizeGiB": 41`, "CreateImageComponent": `RUN true->RUN false`,
		"CreateImagePipeline": `"components"->"template": {"description": "another"}, "components"`,
		starts:                `"components"->"execution": {"tags": {"run": "2"}}, "components"`, registers: `"platform"->"description": "another", "platform"`,
	}
	for _, api := range mutations {
		for _, when := range []emulator.When{emulator.Before, emulator.After} {
			for _, edit := range []string{"", edits[api]} {
				t.Run(fmt.Sprint(api, " ", when, " ", edit), func(t *testing.T) {
					t.Parallel()
					bubble(t, func(y *yard) {
						y.plan(emulator.Fault{Action: api, To: 1, Do: emulator.Reset, When: when},
							emulator.Fault{Action: lookFor[api], Do: emulator.Refuse, Code: "ServiceUnavailable"})
						tr := y.hold()
						hasty := strings.Replace(golden, `"timeouts": {`, `"timeouts": {"call": "3m", `, 1)
						failed := tr.run(order{document: hasty})
						require.Equal(t, "ServiceUnavailable", failed.typ, failed.err)
						line := failed.failure.Resources[len(failed.failure.Resources)-1]
						require.Equal(t, workflows.ResourceAsked, line.State)

						old, now, _ := strings.Cut(edit, "->")
						v, calls := tr.retried(order{document: strings.Replace(golden, old, now, 1), retry: failed.again("")})
						tr.whole(v)
						want := 1
						if when == emulator.After && edit == "" {
							want = 0
						}
						require.Equal(t, want, calls[api])
						require.Equal(t, edit == "", slices.Contains(slices.Collect(maps.Values(v.result.Tokens)), line.Token))
					})
				})
			}
		}
	}
}

// A retry of a retry goes on from all that was made.
func TestCleanupRetryTwice(t *testing.T) {
	for n, first := range mutations {
		for m := n; m < len(mutations); m++ {
			t.Run(fmt.Sprint(first, " then ", mutations[m]), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					y.hopeless(first)
					tr := y.hold()
					failed := tr.run(order{document: golden})
					y.server.ClearFaults()
					y.hopeless(mutations[m])
					second := tr.run(order{document: golden, retry: failed.again("")})
					require.Equal(t, "Forbidden.RAM", second.typ, second.err)
					v, calls := tr.retried(order{document: golden, retry: second.again("")})
					require.Equal(t, once(mutations[m:]...), calls)
					tr.whole(v)
				})
			})
		}
	}
}

// A run that was too long for the build is followed again; one that has failed by then is
// begun anew.
func TestCleanupRetryOfARunThatGoesOn(t *testing.T) {
	for _, run := range []struct {
		kind, id, held, now string
		calls               []string
	}{
		{"task", "t-*", "Processing", "", mutations[1:]},
		{"execution", "exec-*", "BUILDING", "", []string{registers}},
		{"execution", "exec-*", "BUILDING", "FAILED", []string{starts, registers}},
		{"execution", "exec-*", "BUILDING", "CANCELLED", []string{starts, registers}},
	} {
		t.Run(fmt.Sprint(run.kind, " ", run.now), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				y.set(func(c *emulator.Conditions) { c.Status = map[string]string{run.id: run.held} })
				tr := y.hold()
				short := strings.Replace(golden, `"timeouts": {`, `"timeouts": {"import": "20m", "execution": "20m", `, 1)
				failed := tr.run(order{document: short})
				require.Equal(t, activities.Timeout, failed.typ, failed.err)
				y.set(func(c *emulator.Conditions) { c.Status = nil })
				if run.now != "" {
					y.set(func(c *emulator.Conditions) { c.Status = map[string]string{"exec-bp1000000000001": run.now} })
				}
				v, calls := tr.retried(order{document: short, retry: failed.again("")})
				require.Equal(t, once(run.calls...), calls)
				tr.whole(v)
			})
		})
	}
}

// An image whose tests failed is not the golden one, however often it is asked for.
func TestCleanupRetryAfterFailedTests(t *testing.T) {
	failing := emulator.Executions{Status: "TEST_FAILED", Reason: unreadable}
	bubble(t, func(y *yard) {
		y.set(func(c *emulator.Conditions) { c.Executions = failing })
		tr := y.hold()
		failed := tr.run(order{document: golden})
		require.Equal(t, activities.ImageTestsFailed, failed.typ, failed.err)
		failed, calls := tr.retried(order{document: golden, retry: failed.again("")})
		require.Equal(t, activities.ImageTestsFailed, failed.typ, "%v", failed.result)
		require.Equal(t, once(starts), calls)
		y.set(func(c *emulator.Conditions) { c.Executions = emulator.Executions{} })
		v, calls := tr.retried(order{document: golden, retry: failed.again("")})
		require.Equal(t, once(starts, registers), calls)
		tr.whole(v)
	})
	bubble(t, func(y *yard) { // the build is cancelled while the tests that are to fail run
		y.set(func(c *emulator.Conditions) { c.Executions = failing })
		tr := y.hold()
		cancelled := tr.run(order{document: kept}.cancelledAt(y, is("execution", "TESTING")))
		require.NotNil(t, cancelled.left)
		y.set(func(c *emulator.Conditions) { c.Executions = emulator.Executions{} })
		v, calls := tr.retried(order{document: kept, retry: cancelled.again("")})
		require.Equal(t, once(starts, registers), calls)
		tr.whole(v)
	})
}

// What the document of a retry names by its id is the user's from then on, and stays.
func TestCleanupRetryWithWhatWasMade(t *testing.T) {
	for name, document := range map[string]string{
		"the imported image": strings.Replace(golden, golden[strings.Index(golden, `{"import"`):strings.Index(golden, `"components"`)], `{"imageId": "m-bp1000000000001"}, `, 1),
		"the component":      strings.Replace(golden, `{"name": "nginx", "version": "1.0.0", "content": "RUN true"}`, `{"id": "ic-bp1000000000001"}`, 1),
		"the template":       running("ip-bp1000000000001"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				y.hopeless(registers)
				tr := y.hold()
				failed := tr.run(order{document: golden})
				v, _ := tr.retried(order{document: document, retry: failed.again("")})
				require.NoError(t, v.err)
				require.Equal(t, workflows.OutcomeSucceeded, v.result.Outcome, v.result.Warnings)
				there := newDocket(tr.seen()).things
				for _, id := range map[string][]string{
					"the imported image": {"m-bp1000000000001"}, "the component": {"ic-bp1000000000001"}, "the template": {"ip-bp1000000000001"},
				}[name] {
					require.True(t, there[id].there(), "%s stays: %v", id, lines(v.result.Resources))
				}
				tr.judge()
			})
		})
	}
}

// A retry that is cancelled before its document is read has asked for nothing, and does not
// know whether anything is to go.
func TestCleanupRetryCancelledAtOnce(t *testing.T) {
	bubble(t, func(y *yard) {
		y.hopeless(registers)
		tr := y.hold()
		failed := tr.run(order{document: kept})
		there := tr.remains("golden")
		v, _ := tr.retried(order{document: kept, retry: failed.again("")}.cancelledAt(y, func(*yard) bool { return true }))
		require.NotNil(t, v.left, "%v", v.err)
		require.Empty(t, y.deletions())
		require.Equal(t, there, tr.remains("golden"))
		tr.judge()
	})
}

// A component that could not be removed is found again by its content: it stays the build's.
func TestCleanupRetryWithAComponentThatWasLeft(t *testing.T) {
	bubble(t, func(y *yard) {
		y.hopeless(registers)
		tr := y.hold()
		failed := tr.run(order{document: golden})
		tr.server.ClearFaults()
		y.plan(emulator.Fault{Action: "DeleteImageComponent", To: 1, Do: emulator.Refuse, Code: "InvalidImageComponent.InUse"})
		v := tr.run(order{document: golden, retry: failed.again(workflows.StepComponents)})
		require.Len(t, y.resources("CreateImageComponent"), 1)
		require.Equal(t, "ic-bp1000000000001", v.result.Components[0].ID)
		tr.whole(v)
	})
}
