package testsuite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// tidy is golden that removes what it made when it fails, and is not patient.
var tidy = with(strings.Replace(golden, `"timeouts": {`, `"timeouts": {"call": "10m", "import": "1h", "execution": "1h", `, 1), `"onFailure": "cleanup"`)

// failing is a build that comes to a bad end.
type failing struct {
	name   string
	state  emulator.Conditions
	faults []emulator.Fault
	typ    string
	step   workflows.Step
	left   []string // what cannot be removed
}

// failures are bad ends of every step.
func failures() []failing {
	all := []failing{
		{name: "an import that fails and leaves an image", typ: activities.ImportFailed, step: workflows.StepImport,
			state: emulator.Conditions{Imports: emulator.Imports{Fail: unreadable, After: 5 * minute}}},
		{name: "an import that fails and leaves none", typ: activities.ImportFailed, step: workflows.StepImport,
			state: emulator.Conditions{Imports: emulator.Imports{Fail: unreadable, After: 5 * minute, ImageAfter: "none"}}},
		{name: "an import that never ends", typ: activities.Timeout, step: workflows.StepImport,
			state: emulator.Conditions{Imports: emulator.Imports{Stuck: true}}},
		{name: "an imported image that cannot be used", typ: activities.ImportFailed, step: workflows.StepImport,
			state: emulator.Conditions{Imports: emulator.Imports{Image: emulator.Images{Status: "CreateFailed"}}}},
		{name: "an execution that never ends", typ: activities.Timeout, step: workflows.StepExecution,
			state: emulator.Conditions{Executions: emulator.Executions{Stuck: true}}},
		{name: "a golden image that cannot be used", typ: activities.PipelineFailed, step: workflows.StepExecution,
			state: emulator.Conditions{Executions: emulator.Executions{Image: emulator.Images{Status: "CreateFailed"}}}},
	}
	for status, typ := range map[string]string{"FAILED": activities.PipelineFailed, "TEST_FAILED": activities.ImageTestsFailed, "CANCELLED": activities.PipelineFailed} {
		all = append(all, failing{name: "an execution that is " + status, typ: typ, step: workflows.StepExecution,
			state: emulator.Conditions{Executions: emulator.Executions{Status: status, Reason: unreadable}}})
	}
	for _, api := range mutations {
		conflict := "OperationConflict"
		if api == registers {
			conflict = "StateConflict"
		}
		all = append(all,
			failing{name: "a refusal of " + api, typ: "Forbidden.RAM", step: stepOf[api],
				faults: []emulator.Fault{{Action: api, Do: emulator.Refuse, Code: "Forbidden.RAM"}}},
			failing{name: "a conflict of " + api, typ: conflict, step: stepOf[api],
				faults: []emulator.Fault{{Action: api, Do: emulator.Refuse, Code: conflict}}},
			failing{name: "no answer of " + api, typ: alicloud.CodeNoAnswer, step: stepOf[api],
				faults: []emulator.Fault{{Action: api, Do: emulator.Reset}}},
			failing{name: "an answer of " + api + " that was lost, and nobody can look", typ: "ServiceUnavailable", step: stepOf[api],
				faults: []emulator.Fault{
					{Action: api, To: 1, Do: emulator.Reset, When: emulator.After},
					{Action: lookFor[api], To: 18, Do: emulator.Refuse, Code: "ServiceUnavailable"}}},
			failing{name: "a redirect of " + api + " that had its effect", typ: alicloud.CodeRedirected, step: stepOf[api],
				faults: []emulator.Fault{{Action: api, Do: emulator.Redirect, When: emulator.After}}},
		)
	}
	return all
}

// lookFor is the action that shows what a call made. No build calls it before.
var lookFor = map[string]string{
	"ImportImage": "DescribeImages", "CreateImageComponent": "DescribeImageComponents", "CreateImagePipeline": "DescribeImagePipelines",
	starts: "DescribeImagePipelineExecutions", registers: "BatchCompute.ListImages",
}

var unreadable = emulator.Reason{Code: "InvalidOSSObject.Damaged", Message: "The disk file has no partition."}

func TestCleanupAfterFailures(t *testing.T) {
	for _, f := range failures() {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				require.NoError(t, y.server.Set(f.state))
				y.plan(f.faults...)
				tr := y.hold()
				tr.poll = 10 * time.Second // what a lost call made is looked for every 5 s
				v := tr.run(order{document: tidy})
				require.Equal(t, f.step, v.failure.Step)
				tr.failed(v, f.typ, f.left...)
			})
		})
	}
}

// failed holds the end of a build that removes what it made against what is there: only
// what is said to be left.
func (tr *trial) failed(v verdict, typ string, left ...string) {
	tr.t.Helper()
	require.Equal(tr.t, typ, v.typ, v.err)
	require.Equal(tr.t, v.shown(), v.progress.Error)
	require.ElementsMatch(tr.t, left, tr.remains("golden"), lines(v.failure.Resources))
	require.ElementsMatch(tr.t, left, inState(v.failure.Resources, workflows.ResourceAsked, workflows.ResourceMade, workflows.ResourceLeft))
	tr.judge()
}

// A run that nobody may look at is left, and so is what is needed to find what it makes.
func TestCleanupOfWhatNobodyMaySee(t *testing.T) {
	for _, run := range []struct {
		actions []string
		left    []string
	}{
		{[]string{"DescribeTaskAttribute", "DescribeTasks"}, []string{"task t-bp1000000000001"}},
		{[]string{"DescribeImagePipelineExecutions"}, []string{
			"component ic-bp1000000000001", "execution exec-bp1000000000001", "image m-bp1000000000001", "template ip-bp1000000000001"}},
	} {
		t.Run(run.actions[0], func(t *testing.T) {
			bubble(t, func(y *yard) {
				for _, action := range run.actions {
					y.plan(emulator.Fault{Action: action, Do: emulator.Refuse, Code: "Forbidden.RAM"})
				}
				tr := y.hold()
				v := tr.run(order{document: tidy})
				require.Equal(t, "Forbidden.RAM", v.typ, v.err)
				require.Equal(t, run.left, inState(v.failure.Resources, workflows.ResourceLeft), lines(v.failure.Resources))
				tr.judge()
			})
		})
	}
}

// What somebody deletes meanwhile is gone, which is what a clean-up wants.
func TestCleanupOfWhatIsGone(t *testing.T) {
	for kind, typ := range map[string]string{
		"image": "InvalidEcsImageId", "component": "InvalidRoleArn", "pipeline": "InvalidRoleArn", "execution": "InvalidRoleArn", "task": "InvalidRoleArn",
	} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				y.plan(emulator.Fault{Action: registers, To: 1, Do: emulator.Delay, DelayMs: 10_000},
					emulator.Fault{Action: registers, Do: emulator.Refuse, Code: "InvalidRoleArn"})
				y.set(func(c *emulator.Conditions) { c.Roles.BatchCompute = "missing" })
				tr := y.hold()
				v := tr.run(order{document: tidy, meanwhile: func(func()) {
					y.until(later(met(1), time.Second))
					for _, r := range y.state().Resources {
						if r.Kind == kind {
							tr.excused[r.ID] = true
							require.NoError(t, y.server.Delete(r.ID))
						}
					}
				}})
				tr.failed(v, typ)
			})
		})
	}
}

// everything is what a build has made when it is registered, by the id of each.
var everything = map[string]string{
	"imported": "image m-bp1000000000001", "component": "component ic-bp1000000000001", "template": "template ip-bp1000000000001",
	"golden": "image m-bp1000000000002", "registration": "registration img-000000000001",
}

const unregisters = "BatchCompute.DeleteImage"

// obstacle is a removal that the cloud refuses.
type obstacle struct {
	action, code string
	of           string   // the id, when it is only one
	times        int      // 0: always
	left         []string // of everything
}

// obstacles are the removals with each documented refusal.
var obstacles = []obstacle{
	{action: "DeleteImage", code: "ImageUsingByInstance", of: "m-bp1000000000002", left: []string{"golden"}},
	{action: "DeleteImage", code: "ImageUseShared", of: "m-bp1000000000002", left: []string{"golden"}},
	{action: "DeleteImage", code: "ImageUseShared", left: []string{"golden", "imported"}},
	{action: "DeleteImage", code: "ImageIsPublic", of: "m-bp1000000000001", left: []string{"imported"}},
	{action: "DeleteImage", code: "OperationDenied.ImageCopying", times: 2},
	{action: "DeleteImage", code: "OperationDenied.ImageCopying", of: "m-bp1000000000002", left: []string{"golden"}},
	{action: "DeleteImage", code: "ImageIsImporting", times: 3},
	{action: "DeleteImage", code: "ImageIsCreating", times: 3},
	{action: "DeleteImage", code: "ImageIsExporting", times: 3},
	{action: "DeleteImage", code: "ImageIsExporting", of: "m-bp1000000000001", left: []string{"imported"}},
	{action: "DeleteImage", code: "Forbidden.RAM", left: []string{"golden", "imported"}},
	{action: "DeleteImageComponent", code: "InvalidImageComponent.InUse", left: []string{"component"}},
	{action: "DeleteImageComponent", code: "Forbidden.RAM", left: []string{"component"}},
	{action: "DeleteImagePipeline", code: "InvalidImagePipeline.HasRunningExecution", times: 3},
	{action: "DeleteImagePipeline", code: "InvalidImagePipeline.HasRunningExecution", left: []string{"template", "component"}},
	{action: "DeleteImagePipeline", code: "Forbidden.RAM", left: []string{"template", "component"}},
	{action: unregisters, code: "InvalidRoleArn", left: []string{"registration", "golden"}},
	{action: unregisters, code: "InvalidEcsImageId", times: 2},
	{action: unregisters, code: "StateConflict", times: 2},
	{action: unregisters, code: "Forbidden", left: []string{"registration", "golden"}},
}

// removers are the calls of a clean-up that delete.
var removers = []string{unregisters, "DeleteImage", "DeleteImagePipeline", "DeleteImageComponent"}

// ofECS are parameters that tell a call of ECS from one of Batch Compute with the same name.
func ofECS(action string) map[string]string {
	if action == unregisters {
		return nil
	}
	return map[string]string{"RegionId": hangzhou}
}

// A removal that is refused leaves what it is about, with the cloud's reason, and what
// that is needed for; everything else goes, and the build ends as it would have.
func TestCleanupObstacles(t *testing.T) {
	for _, o := range obstacles {
		fault := emulator.Fault{Action: o.action, Do: emulator.Refuse, Code: o.code, To: o.times, Params: ofECS(o.action)}
		if o.of != "" {
			fault.Params["ImageId"] = o.of
		}
		t.Run(fmt.Sprint(o.action, " ", o.code, " ", o.of, " ", o.times), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				tr, v := y.cancelledAtLast(fault)
				tr.leaves(v.left.Resources, o, everything)
			})
			bubble(t, func(y *yard) {
				if o.action == unregisters {
					return // a build that fails has none
				}
				y.plan(emulator.Fault{Action: registers, Do: emulator.Refuse, Code: "InvalidRoleArn"}, fault)
				tr := y.hold()
				v := tr.run(order{document: tidy})
				require.Equal(t, "InvalidRoleArn", v.typ, v.err)
				require.Equal(t, workflows.StepRegister, v.failure.Step)
				tr.leaves(v.failure.Resources, o, everything)
			})
		})
	}
}

// cancelledAtLast cancels a build that has made everything.
func (y *yard) cancelledAtLast(faults ...emulator.Fault) (*trial, verdict) {
	y.t.Helper()
	y.plan(emulator.Fault{Action: registers, To: 1, Do: emulator.Delay, When: emulator.After, DelayMs: 10_000})
	y.plan(faults...)
	tr := y.hold()
	v := tr.run(order{document: golden}.cancelledAt(y, later(met(1), time.Second)))
	require.NotNil(y.t, v.left, "%v", v.err)
	return tr, v
}

// leaves holds a ledger and the cloud against what an obstacle leaves.
func (tr *trial) leaves(ledger []workflows.Resource, o obstacle, of map[string]string) {
	tr.t.Helper()
	var want []string
	for _, name := range o.left {
		want = append(want, of[name])
	}
	require.ElementsMatch(tr.t, want, tr.remains("golden"), lines(ledger))
	require.ElementsMatch(tr.t, want, inState(ledger, workflows.ResourceLeft))
	require.Empty(tr.t, inState(ledger, workflows.ResourceAsked, workflows.ResourceMade))
	for _, line := range ledger {
		if line.State == workflows.ResourceLeft && string(line.Kind)+" "+line.ID == want[0] {
			require.Contains(tr.t, line.Reason, o.code+": ")
		}
	}
	tr.judge()
}

// Removals that get lost are made again, and none is lost for good.
func TestCleanupLostRemovals(t *testing.T) {
	for _, action := range removers {
		for _, fault := range []emulator.Fault{
			{To: 1, Do: emulator.Reset}, {To: 1, Do: emulator.Reset, When: emulator.After}, {To: 1, Do: emulator.Hang, When: emulator.After},
			{To: 2, Do: emulator.HTML502, When: emulator.After}, {To: 3, Do: emulator.Refuse, Code: "ServiceUnavailable"},
			{To: 2, Do: emulator.Refuse, Code: "InternalError", When: emulator.After}, {To: 3, Do: emulator.Refuse, Code: "Throttling"},
		} {
			if fault.Code == "Throttling" && action == unregisters {
				fault.Code = "InternalError"
			}
			t.Run(fmt.Sprint(action, " ", fault.Do, " ", fault.When, " ", fault.Code), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					fault.Action, fault.Params = action, ofECS(action)
					tr, v := y.cancelledAtLast(fault)
					tr.cancelled(v, "cleanup")
				})
			})
		}
	}
}
