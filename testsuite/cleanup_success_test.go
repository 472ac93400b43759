package testsuite

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// What a build was made with goes as the document says, the golden image and its
// registration stay.
func TestCleanupOnSuccess(t *testing.T) {
	for _, wish := range []struct {
		sections string
		removed  []string // of everything
	}{
		{`"importedImage": "keep"`, nil},
		{`"importedImage": "remove"`, []string{"imported"}},
		{`"template": "remove"`, []string{"template"}},
		{`"template": "remove", "importedImage": "remove"`, []string{"template", "imported"}},
		{`"template": "remove", "components": "remove"`, []string{"template", "component"}},
		{`"template": "remove", "components": "remove", "importedImage": "remove"`, []string{"template", "component", "imported"}},
	} {
		for _, document := range []string{golden, long} {
			t.Run(fmt.Sprint(wish.sections, len(document)), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					tr := y.hold()
					v := tr.run(order{document: with(document, `"onSuccess": {`+wish.sections+`}`)})
					require.NoError(t, v.err)
					require.Equal(t, workflows.OutcomeSucceeded, v.result.Outcome, v.result.Warnings)
					tr.kept(v, wish.removed)
				})
			})
		}
	}
}

// kept holds a success against what is there: everything but what was removed.
func (tr *trial) kept(v verdict, removed []string) {
	tr.t.Helper()
	r := v.result
	stays := []string{"image " + r.ImageID, "registration " + r.BatchComputeImageID}
	for name, one := range map[string]string{"imported": "image " + r.ImportedImageID, "template": "template " + r.PipelineID} {
		if !slices.Contains(removed, name) {
			stays = append(stays, one)
		}
	}
	for _, c := range r.Components {
		if !c.Adopted && !slices.Contains(removed, "component") {
			stays = append(stays, "component "+c.ID)
		}
	}
	for _, c := range r.Copies {
		stays = append(stays, "image "+c.ImageID)
	}
	require.ElementsMatch(tr.t, stays, tr.remains("golden"))
	require.ElementsMatch(tr.t, stays, inState(v.result.Resources, workflows.ResourceMade, workflows.ResourceLeft))
	tr.judge()
}

// A success that cannot remove everything is one in part, and says what is left.
func TestCleanupOnSuccessObstacles(t *testing.T) {
	sweeping := with(golden, `"onSuccess": {"importedImage": "remove", "components": "remove", "template": "remove"}`)
	for _, o := range obstacles {
		if o.action == unregisters || o.of == "m-bp1000000000002" || slices.Contains(o.left, "golden") {
			continue // those stay
		}
		t.Run(fmt.Sprint(o.action, " ", o.code, " ", o.of, " ", o.times), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				fault := emulator.Fault{Action: o.action, Do: emulator.Refuse, Code: o.code, To: o.times, Params: ofECS(o.action)}
				if o.of != "" {
					fault.Params["ImageId"] = o.of
				}
				y.plan(fault)
				tr := y.hold()
				v := tr.run(order{document: sweeping})
				require.NoError(t, v.err)
				require.Equal(t, len(o.left) > 0, v.result.Outcome == workflows.OutcomePartial)
				require.Len(t, v.result.Warnings, len(o.left))
				for n, name := range o.left {
					require.Contains(t, v.result.Warnings[len(o.left)-1-n], everything[name]+" is left: ")
				}
				removed := slices.DeleteFunc([]string{"imported", "component", "template"}, func(name string) bool { return slices.Contains(o.left, name) })
				tr.kept(v, removed)
			})
		})
	}
}

// A run that failed in the cloud is begun anew in a new epoch, after what it left is gone.
func TestCleanupRunsBegunAnew(t *testing.T) {
	imports := emulator.Conditions{Imports: emulator.Imports{Fail: unreadable, After: 5 * minute}}
	none := imports
	none.Imports.ImageAfter = "none"
	executions := emulator.Conditions{Executions: emulator.Executions{Status: "FAILED", Reason: unreadable}}
	spoilt := emulator.Conditions{Executions: emulator.Executions{Image: emulator.Images{Status: "CreateFailed"}}}
	for _, run := range []struct {
		name, api string
		state     emulator.Conditions
		wish      string
		fails     int // how often
		calls     int
		typ       string
	}{
		{"imports that leave an image", "ImportImage", imports, `"import": 3`, 2, 3, ""},
		{"imports that leave none", "ImportImage", none, `"import": 2`, 2, 3, ""},
		{"imports that fail for good", "ImportImage", imports, `"import": 2`, 9, 3, activities.ImportFailed},
		{"imports that fail for good and leave none", "ImportImage", none, `"import": 1`, 9, 2, activities.ImportFailed},
		{"imports without a retry", "ImportImage", imports, `"execution": 3`, 9, 1, activities.ImportFailed},
		{"executions that leave nothing", starts, executions, `"execution": 10`, 2, 3, ""},
		{"executions that leave an image", starts, spoilt, `"execution": 2`, 2, 3, ""},
		{"executions that fail for good", starts, executions, `"execution": 1`, 9, 2, activities.PipelineFailed},
	} {
		for wish, document := range map[string]string{"keep": golden, "cleanup": tidy} {
			t.Run(run.name+" "+wish, func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					require.NoError(t, y.server.Set(run.state))
					tr := y.hold()
					v := tr.run(order{document: with(document, `"retries": {`+run.wish+`}`), meanwhile: func(func()) {
						if run.typ == "" {
							y.until(called(run.api, run.fails))
							require.NoError(t, y.server.Set(emulator.Conditions{}))
						}
					}})
					require.Equal(t, run.typ, v.typ, v.err)
					y.begunAnew(run.api, run.calls)
					if run.typ == "" {
						require.Equal(t, workflows.OutcomeSucceeded, v.result.Outcome, v.result.Warnings)
						tr.kept(v, nil)
					} else if wish == "cleanup" {
						tr.failed(v, run.typ)
					} else {
						tr.judge()
					}
				})
			})
		}
	}
}

// begunAnew: each call of an API made something, with a token of its own, and came after
// what the one before had made was removed.
func (y *yard) begunAnew(api string, times int) {
	y.t.Helper()
	tokens, images := map[string]bool{}, map[string]bool{}
	for _, r := range y.requests(func(request) bool { return true }) {
		switch {
		case r.api() == api:
			require.Empty(y.t, images, "what the run before made is gone")
			tokens[r.token()] = true
			for _, id := range r.ResourceIDs {
				images[id] = strings.HasPrefix(id, "m-")
			}
			for id, is := range images {
				if !is {
					delete(images, id)
				}
			}
		case r.Action == "DeleteImage" && (r.Status < 300 || r.Code == "InvalidImageId.NotFound"):
			delete(images, targetOf(r))
		}
		if api == "ImportImage" && r.api() == starts || r.Action == "DeleteImagePipeline" {
			break
		}
	}
	require.Len(y.t, tokens, times)
	require.Len(y.t, y.calls(api), times)
}

// Image tests that failed would fail again.
func TestCleanupFailedTestsAreNotBegunAnew(t *testing.T) {
	bubble(t, func(y *yard) {
		y.set(func(c *emulator.Conditions) {
			c.Executions = emulator.Executions{Status: "TEST_FAILED", Reason: unreadable}
		})
		tr := y.hold()
		v := tr.run(order{document: with(tidy, `"retries": {"execution": 3}`)})
		require.Len(t, y.calls(starts), 1)
		tr.failed(v, activities.ImageTestsFailed)
	})
}

// Within an epoch nothing is doubled: a call whose answer was lost keeps its token.
func TestCleanupLostCallsOfLaterEpochs(t *testing.T) {
	for api, state := range map[string]emulator.Conditions{
		"ImportImage": {Imports: emulator.Imports{Fail: unreadable, After: 5 * minute}},
		starts:        {Executions: emulator.Executions{Status: "FAILED", Reason: unreadable}},
	} {
		for _, when := range []emulator.When{emulator.Before, emulator.After} {
			t.Run(fmt.Sprint(api, " ", when), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					require.NoError(t, y.server.Set(state))
					y.plan(emulator.Fault{Action: api, From: 2, To: 2, Do: emulator.Reset, When: when})
					tr := y.hold()
					v := tr.run(order{document: with(golden, `"retries": {"import": 1, "execution": 1}`), meanwhile: func(func()) {
						y.until(called(api, 1))
						require.NoError(t, y.server.Set(emulator.Conditions{}))
					}})
					require.NoError(t, v.err)
					tokens := map[string]bool{}
					for _, call := range y.calls(api) {
						tokens[call.token()] = true
					}
					require.Len(t, tokens, 2)
					require.Len(t, y.calls(api), map[emulator.When]int{emulator.Before: 3, emulator.After: 2}[when])
					tr.kept(v, nil)
				})
			})
		}
	}
}

// Between two epochs a build is cancelled like everywhere.
func TestCleanupCancelledBetweenEpochs(t *testing.T) {
	for wish, document := range map[string]string{"cleanup": golden, "keep": kept} {
		bubble(t, func(y *yard) {
			y.set(func(c *emulator.Conditions) { c.Imports = emulator.Imports{Fail: unreadable, After: 5 * minute} })
			y.plan(emulator.Fault{Action: "DeleteImage", To: 1, Do: emulator.Delay, DelayMs: 10_000})
			tr := y.hold()
			v := tr.run(order{document: with(document, `"retries": {"import": 5}`)}.cancelledAt(y, later(met(1), time.Second)))
			require.NotNil(t, v.left)
			require.Len(t, y.calls("ImportImage"), 1)
			require.Empty(t, tr.remains("golden"), "%s", wish)
			tr.judge()
		})
	}
}
