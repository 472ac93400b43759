package testsuite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// A retry that is cancelled leaves no more than a first run: what earlier runs made goes or
// stays with what it made itself.
func TestCleanupCancelledRetries(t *testing.T) {
	for _, from := range []workflows.Step{"", workflows.StepImport, workflows.StepTemplate, workflows.StepExecution} {
		for name, fault := range map[string]emulator.Fault{
			"while what was is removed":   {Action: "DeleteImage", To: 1, Do: emulator.Delay, DelayMs: 10_000, Params: ofECS("DeleteImage")},
			"while the new one is asked":  {Action: starts, To: 1, Do: emulator.Delay, When: emulator.After, DelayMs: 10_000},
			"while the last is asked for": {Action: registers, To: 1, Do: emulator.Delay, DelayMs: 10_000},
		} {
			for wish, document := range map[string]string{"cleanup": golden, "keep": kept} {
				if from == "" && fault.Action != registers {
					continue // nothing else happens
				}
				t.Run(fmt.Sprint(from, " ", name, " ", wish), func(t *testing.T) {
					t.Parallel()
					bubble(t, func(y *yard) {
						y.hopeless(registers)
						tr := y.hold()
						failed := tr.run(order{document: document})
						y.server.ClearFaults()
						y.plan(fault)
						v := tr.run(order{document: document, retry: failed.again(from)}.cancelledAt(y, later(met(1), time.Second)))
						require.NotNil(t, v.left, "%v", v.err)
						if wish == "cleanup" {
							require.Empty(t, tr.remains("golden"), lines(v.left.Resources))
							require.Empty(t, inState(v.left.Resources, workflows.ResourceAsked, workflows.ResourceMade, workflows.ResourceLeft))
						}
						tr.judge()
					})
				})
			}
		}
	}
}

// A retry that fails and is to clean up removes what the runs before it made as well.
func TestCleanupFailedRetries(t *testing.T) {
	for _, from := range append([]workflows.Step{""}, workflows.Steps...) {
		for _, api := range mutations {
			t.Run(fmt.Sprint(from, " ", api), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					y.hopeless(registers)
					tr := y.hold()
					failed := tr.run(order{document: golden})
					y.server.ClearFaults()
					y.hopeless(api)
					v := tr.run(order{document: tidy, retry: failed.again(from)})
					if v.err == nil { // nothing is asked of that API
						tr.whole(v)
						return
					}
					tr.failed(v, "Forbidden.RAM")
				})
			})
		}
	}
}

// Copies in other regions go with their image; one that is still to come is looked for.
func TestCleanupDistributedImages(t *testing.T) {
	regions := `"toRegionIds": ["cn-hangzhou", "cn-beijing", "cn-shanghai"]`
	document := with(tidy, `"template": {`+regions+`}`)
	bubble(t, func(y *yard) {
		y.hopeless(registers)
		tr := y.hold()
		tr.failed(tr.run(order{document: document}), "Forbidden.RAM")
		require.Len(t, y.calls("DeleteImage"), 4, "the imported one, the golden one and two copies")
	})
	bubble(t, func(y *yard) { // only the region of the build gets its image
		y.set(func(c *emulator.Conditions) {
			c.Executions = emulator.Executions{Status: "PARTITION_SUCCESS", Reason: unreadable}
		})
		y.hopeless(registers)
		tr := y.hold()
		tr.failed(tr.run(order{document: document}), "Forbidden.RAM")
	})
	bubble(t, func(y *yard) { // nobody may look for copies
		y.plan(emulator.Fault{Action: "DescribeImages", Params: map[string]string{"RegionId": "cn-beijing"}, To: 1, Do: emulator.Refuse, Code: "Forbidden.RAM"})
		y.hopeless(registers)
		tr := y.hold()
		tr.failed(tr.run(order{document: document}), "Forbidden.RAM")
	})
	bubble(t, func(y *yard) { // a run that is too long is ended, or brings what is removed then
		y.set(func(c *emulator.Conditions) { c.Status = map[string]string{"exec-*": "DISTRIBUTING"} })
		tr := y.hold()
		v := tr.run(order{document: strings.Replace(document, `"execution": "1h"`, `"execution": "20m"`, 1), meanwhile: func(func()) {
			y.until(later(called(starts, 1), 30*time.Minute))
			y.set(func(c *emulator.Conditions) { c.Status = nil })
		}})
		tr.failed(v, activities.Timeout)
	})
}

// What is shared with other accounts cannot be deleted before somebody unshares it.
func TestCleanupSharedImages(t *testing.T) {
	bubble(t, func(y *yard) {
		y.hopeless(registers)
		tr := y.hold()
		v := tr.run(order{document: with(tidy, `"template": {"addAccounts": [1234567890123456]}`)})
		tr.failed(v, "Forbidden.RAM", everything["golden"])
		for _, line := range v.failure.Resources {
			if line.State == workflows.ResourceLeft {
				require.Contains(t, line.Reason, "ImageUseShared: ")
			}
		}
	})
}
