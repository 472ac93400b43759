package testsuite

import (
	"cmp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// ending is how something that a build waits for comes to its end.
type ending struct {
	name   string
	state  emulator.Conditions
	later  emulator.Conditions // the state 20 s after the wait's first look
	faults []emulator.Fault
	look   string // the action that sees it
	looks  int    // how often it looks until the build ends
	typ    string
	step   workflows.Step
	says   string
	class  string // default stop
}

const minute = emulator.Duration(time.Minute)

// A wait sees an end at the first look after it, and the build ends with it.
func TestMatrixBadEnds(t *testing.T) {
	broken := emulator.Reason{Code: "InvalidOSSObject.Damaged", Message: "The disk file has no partition."}
	imports := func(i emulator.Imports) emulator.Conditions { return emulator.Conditions{Imports: i} }
	executions := func(e emulator.Executions) emulator.Conditions { return emulator.Conditions{Executions: e} }
	status := func(id, is string) emulator.Conditions { return emulator.Conditions{Status: map[string]string{id: is}} }
	refused := func(code string, actions ...string) (faults []emulator.Fault) {
		for _, action := range actions {
			faults = append(faults, emulator.Fault{Action: action, Do: emulator.Refuse, Code: code})
		}
		return faults
	}
	forbidden := func(actions ...string) []emulator.Fault { return refused("Forbidden.RAM", actions...) }
	for _, e := range []ending{
		{name: "an import that fails at once", state: imports(emulator.Imports{Fail: broken}),
			look: "DescribeTaskAttribute", looks: 1, typ: activities.ImportFailed, step: workflows.StepImport,
			says: "import task t-bp1000000000001 failed: InvalidOSSObject.Damaged: The disk file has no partition."},
		{name: "an import that fails 20 s after its start", state: imports(emulator.Imports{Fail: broken, After: 200 * minute / 60}),
			look: "DescribeTaskAttribute", looks: 5, typ: activities.ImportFailed, step: workflows.StepImport, says: "no partition"},
		{name: "an import that somebody cancels", later: status("t-*", "Deleted"),
			look: "DescribeTaskAttribute", looks: 6, typ: activities.ImportFailed, step: workflows.StepImport, says: "was cancelled"},
		{name: "a task that disappears", later: status("t-*", "none"),
			look: "DescribeTaskAttribute", looks: 6, typ: activities.Disappeared, step: workflows.StepImport,
			says: "task t-bp1000000000001 does not exist any more"},
		{name: "a task that nobody may look at", faults: forbidden("DescribeTaskAttribute", "DescribeTasks"),
			look: "DescribeTaskAttribute", looks: 1, typ: "Forbidden.RAM", step: workflows.StepImport, says: "not authorized"},
		{name: "a task that a worker looks at with a wrong clock", faults: refused("InvalidTimeStamp.Expired", "DescribeTaskAttribute", "DescribeTasks"),
			look: "DescribeTaskAttribute", looks: 2, typ: "InvalidTimeStamp.Expired", step: workflows.StepImport, says: "time stamp", class: "retry"},
		{name: "an execution that is looked at with a token that expires for good", faults: refused("InvalidSecurityToken.Expired", "DescribeImagePipelineExecutions"),
			look: "DescribeImagePipelineExecutions", looks: 2, typ: "InvalidSecurityToken.Expired", step: workflows.StepExecution, says: "expired", class: "retry"},
		{name: "an imported image that becomes CreateFailed", state: imports(emulator.Imports{Image: emulator.Images{Status: "CreateFailed"}}),
			look: "DescribeImages", looks: 1, typ: activities.ImportFailed, step: workflows.StepImport, says: "image m-bp1000000000001 is CreateFailed"},
		{name: "an imported image that nobody may look at", faults: forbidden("DescribeImages"),
			look: "DescribeImages", looks: 1, typ: "Forbidden.RAM", step: workflows.StepImport, says: "not authorized"},
		{name: "an imported image that is deleted behind our back",
			state: imports(emulator.Imports{Image: emulator.Images{UsableAfter: 60 * minute, GoneAfter: 4 * minute}}),
			look:  "DescribeImages", looks: 5, typ: activities.Disappeared, step: workflows.StepImport,
			says: "image m-bp1000000000001 does not exist any more"},
		{name: "an imported image that never shows, which may be a lag", later: status("m-*", "none"),
			look: "DescribeImages", looks: 5, typ: activities.Disappeared, step: workflows.StepImport, says: "does not exist any more"},
		{name: "an execution that fails", state: executions(emulator.Executions{Status: "FAILED", Reason: emulator.Reason{Code: "CommandFailed", Message: "RUN true: exit 1"}}),
			look: "DescribeImagePipelineExecutions", looks: 9, typ: activities.PipelineFailed, step: workflows.StepExecution,
			says: "execution exec-bp1000000000001 is FAILED: CommandFailed: RUN true: exit 1"},
		{name: "an execution whose tests fail", state: executions(emulator.Executions{Status: "TEST_FAILED", Reason: emulator.Reason{Code: "TestFailed", Message: "curl: exit 7"}}),
			look: "DescribeImagePipelineExecutions", looks: 10, typ: activities.ImageTestsFailed, step: workflows.StepExecution,
			says: "its tests failed: TestFailed: curl: exit 7"},
		{name: "an execution that somebody cancels", state: executions(emulator.Executions{Status: "CANCELLED"}),
			look: "DescribeImagePipelineExecutions", looks: 10, typ: activities.PipelineFailed, step: workflows.StepExecution, says: "is CANCELLED"},
		{name: "an execution that nobody may look at", faults: forbidden("DescribeImagePipelineExecutions"),
			look: "DescribeImagePipelineExecutions", looks: 1, typ: "Forbidden.RAM", step: workflows.StepExecution, says: "not authorized"},
		{name: "a golden image that becomes CreateFailed", state: executions(emulator.Executions{Image: emulator.Images{Status: "CreateFailed"}}),
			look: "DescribeImages", looks: 2, typ: activities.PipelineFailed, step: workflows.StepExecution, says: "is CreateFailed"},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) { y.endsBadly(e) })
		})
	}
}

func (y *yard) endsBadly(e ending) {
	require.NoError(y.t, y.server.Set(e.state))
	y.plan(e.faults...)
	o := order{document: golden}
	if e.later.Status != nil {
		o.at = map[time.Duration]func(){21 * time.Second: func() { require.NoError(y.t, y.server.Set(e.later)) }}
	}
	v := y.build(o)
	require.Equal(y.t, e.typ, v.typ, v.err)
	require.Equal(y.t, e.step, v.failure.Step)
	require.Contains(y.t, v.failure.Message, e.says)
	require.NotEmpty(y.t, v.failure.Advice)
	require.Equal(y.t, cmp.Or(e.class, "stop"), v.failure.Class)
	require.Equal(y.t, v.shown(), v.progress.Error)
	require.Len(y.t, y.calls(e.look), e.looks)
	last := y.requests(func(request) bool { return true })
	require.Contains(y.t, []string{e.look, "DescribeTasks"}, last[len(last)-1].Action, "nothing comes after the look")
}

// What looks odd and is none the worse for it.
func TestMatrixOddEnds(t *testing.T) {
	for _, e := range []struct {
		name    string
		state   emulator.Conditions
		outcome workflows.Outcome
		warns   string // in the result
		beat    string // while it waits
		look    string
		looks   int
	}{
		{name: "an execution that succeeds in part", state: emulator.Conditions{Executions: emulator.Executions{
			Status: "PARTITION_SUCCESS", Reason: emulator.Reason{Code: "CopyFailed", Message: "cn-shanghai"}}},
			outcome: workflows.OutcomePartial, warns: "execution exec-bp1000000000001 succeeded in part: CopyFailed: cn-shanghai"},
		{name: "an execution in a state that nobody knows", state: emulator.Conditions{Executions: emulator.Executions{
			Passes: "WARMING", PassesFor: 10 * minute}},
			outcome: workflows.OutcomeSucceeded, beat: "execution exec-bp1000000000001 is WARMING, a state kiln does not know; waiting on"},
		{name: "an image that is available a minute before it is usable", state: emulator.Conditions{Imports: emulator.Imports{
			Image: emulator.Images{UsableAfter: 10 * minute}}},
			outcome: workflows.OutcomeSucceeded, beat: "image m-bp1000000000001 is Available, not usable yet"},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				require.NoError(t, y.server.Set(e.state))
				v := y.build(order{document: golden})
				require.NoError(t, v.err)
				y.oneOfEach(v)
				require.Equal(t, e.outcome, v.result.Outcome)
				if e.warns != "" {
					require.Equal(t, []string{e.warns}, v.result.Warnings)
				}
				if e.beat != "" {
					require.Contains(t, v.beats, e.beat)
				}
			})
		})
	}
}
