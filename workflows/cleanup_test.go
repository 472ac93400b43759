package workflows

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

const built = `"template": {"buildContent": "RUN true"}`

// removals are the calls of a build that removed something, in order.
func removals(c *cloud) []string {
	return slices.DeleteFunc(slices.Clone(c.calls), func(call string) bool {
		return !strings.HasPrefix(call, "Cancel") && !strings.HasPrefix(call, "Delete") && !strings.HasPrefix(call, "Unregister")
	})
}

// states are the lines of a ledger as "image m-import removed".
func states(lines []Resource) []string {
	var all []string
	for _, line := range lines {
		all = append(all, string(line.Kind)+" "+line.ID+" "+string(line.State))
	}
	return all
}

func TestCancelStopsWhatRunsAndRemovesWhatIsThere(t *testing.T) {
	for _, test := range []struct {
		name, stuck, during, wish string
		removals, left            []string
	}{
		{name: "a running import", stuck: "t-1", during: "AwaitImport",
			removals: []string{"CancelTask t-1", "DeleteImage m-import"},
			left:     []string{"image m-import removed", "task t-1 over"}},
		{name: "a running execution", stuck: "exec-1", during: "AwaitExecution",
			removals: []string{"CancelExecution exec-1", "DeleteImage m-golden", "DeletePipeline ip-1", "DeleteImage m-import"},
			left:     []string{"image m-import removed", "task t-1 over", "template ip-1 removed", "execution exec-1 over", "image m-golden removed"}},
		{name: "a running execution of a document that keeps", stuck: "exec-1", during: "AwaitExecution", wish: `"onCancel": "keep"`,
			removals: []string{"CancelExecution exec-1"},
			left:     []string{"image m-import made", "task t-1 over", "template ip-1 made", "execution exec-1 over", "image m-golden made"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := cloud{stuck: test.stuck}
			env := environment(t, &c)
			cancelDuring(env, test.during)
			sections := []string{imported, built, registered}
			if test.wish != "" {
				sections = append(sections, test.wish)
			}
			env.ExecuteWorkflow(BuildType, raw(document(sections...)))

			var left Cancellation
			var cancelled *temporal.CanceledError
			require.ErrorAs(t, env.GetWorkflowError(), &cancelled)
			require.NoError(t, cancelled.Details(&left))
			require.Equal(t, test.removals, removals(&c))
			require.Equal(t, test.left, states(left.Resources))
			require.Equal(t, StateCancelled, progressOf(t, env).State)
		})
	}
}

func TestFailedBuildKeepsOrRemovesAsTheDocumentSays(t *testing.T) {
	gone := refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role")
	for wish, want := range map[string][]string{
		`"onFailure": "keep"`:    nil,
		`"onFailure": "cleanup"`: {"DeleteImage m-golden", "DeletePipeline ip-1", "DeleteImage m-import"},
	} {
		c := cloud{refuse: map[string]error{"RegisterImage": gone}}
		_, _, err := run(t, &c, document(imported, built, registered, wish))
		failure := failureIn(t, err, "InvalidRoleArn")
		require.ElementsMatch(t, want, removals(&c), wish)
		require.Contains(t, states(failure.Resources), "registration  refused")
	}
}

func TestCleanUpThatFailsNeverHidesWhyTheBuildFailed(t *testing.T) {
	c := cloud{refuse: map[string]error{
		"RegisterImage":        refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role"),
		"DeletePipeline ip-1":  refusal("DeleteImagePipeline", "Forbidden.RAM", 403, "not allowed"),
		"DeleteImage m-golden": errors.Join(refusal("DeleteImage", "ImageUseShared", 403, "shared")),
	}}
	_, env, err := run(t, &c, document(imported, built, registered, `"onFailure": "cleanup"`))
	failure := failureIn(t, err, "InvalidRoleArn")
	require.Equal(t, StepRegister, failure.Step)
	require.Equal(t, []string{"image m-import removed", "task t-1 over", "template ip-1 left", "execution exec-1 over", "image m-golden left", "registration  refused"},
		states(failure.Resources))
	require.Equal(t, "Forbidden.RAM: not allowed", failure.Resources[2].Reason)
	progress := progressOf(t, env)
	require.Equal(t, StateFailed, progress.of(StepCleanup).State)
	require.Equal(t, "1 removed, 2 left", progress.of(StepCleanup).Detail)
}

func TestSuccessRemovesWhatTheDocumentDoesNotKeep(t *testing.T) {
	var c cloud
	result, _, err := run(t, &c, document(imported, `"components": [{"name": "nginx", "content": "RUN true"}]`, registered,
		`"onSuccess": {"importedImage": "remove", "components": "remove", "template": "remove"}`))
	require.NoError(t, err)
	require.Equal(t, OutcomeSucceeded, result.Outcome)
	require.Equal(t, []string{"DeletePipeline ip-1", "DeleteComponent ic-nginx", "DeleteImage m-import"}, removals(&c))
}

func TestComponentThatVanishesUnderTheTemplateIsMade(t *testing.T) {
	c := cloud{
		existing: []alicloud.Component{{ID: "ic-old", Content: "RUN true", Type: "Build", SystemType: "Linux"}},
		refuse: map[string]error{
			"CreateComponent nginx 1.0.0": refusal("CreateImageComponent", "InvalidComponentVersion.Exist", 403, "it exists"),
			"CreatePipeline":              refusal("CreateImagePipeline", "ImageComponent.NotFound", 404, "ic-old"),
		},
		refusals: map[string]int{"CreateComponent nginx 1.0.0": 1, "CreatePipeline": 1},
	}
	result, _, err := run(t, &c, document(imported, `"components": [{"name": "nginx", "version": "1.0.0", "content": "RUN true"}]`))
	require.NoError(t, err)
	require.Equal(t, []ResultComponent{{Name: "nginx", Version: "1.0.0", ID: "ic-nginx"}}, result.Components)
	require.Equal(t, 2, count(c.calls, "CreatePipeline"))
	require.Equal(t, 1, count(c.calls, "ImportImage"))
}

func TestCopiesInOtherRegionsAreTheBuildsToo(t *testing.T) {
	text := document(imported, `"template": {"buildContent": "RUN true", "toRegionIds": ["cn-hangzhou", "cn-beijing", "cn-shanghai"]}`, registered, `"onFailure": "cleanup"`)
	var c cloud
	result, _, err := run(t, &c, text)
	require.NoError(t, err)
	require.Equal(t, []ResultCopy{{Region: "cn-beijing", ImageID: "m-copy"}}, result.Copies)
	require.Equal(t, OutcomeSucceeded, result.Outcome)

	c = cloud{refuse: map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role")}}
	_, _, err = run(t, &c, text)
	lines := states(failureIn(t, err, "InvalidRoleArn").Resources)
	require.Contains(t, lines, "image m-copy removed")
	require.Contains(t, lines, "image  removed", "the one that never came")
	require.Equal(t, []string{"DeleteImage m-golden", "DeleteImage m-copy", "DeletePipeline ip-1", "DeleteImage m-import"}, removals(&c))
}

func TestComponentThatWasThereIsNeverRemoved(t *testing.T) {
	exists := refusal("CreateImageComponent", "InvalidComponentVersion.Exist", 403, "it exists")
	c := cloud{existing: []alicloud.Component{{ID: "ic-old", Content: "RUN true", Type: "Build", SystemType: "Linux"}}}
	c.refuse = map[string]error{"CreateComponent nginx 1.0.0": exists, "RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role")}
	_, _, err := run(t, &c, document(imported, `"components": [{"name": "nginx", "version": "1.0.0", "content": "RUN true"}]`, registered, `"onFailure": "cleanup"`))
	failure := failureIn(t, err, "InvalidRoleArn")
	require.Contains(t, states(failure.Resources), "component ic-old adopted")
	require.NotContains(t, removals(&c), "DeleteComponent ic-old")
}

func TestRunThatCannotBeCancelledIsWaitedOut(t *testing.T) {
	c := cloud{stuck: "exec-1", refuse: map[string]error{"CancelExecution exec-1": refusal("CancelImagePipelineExecution",
		"InvalidStatus.ImagePipelineExecution", 403, "TESTING")}}
	env := environment(t, &c)
	cancelDuring(env, "AwaitExecution")
	env.ExecuteWorkflow(BuildType, raw(document(`"template": {"id": "ip-old"}`)))
	require.True(t, temporal.IsCanceledError(env.GetWorkflowError()))
	require.Equal(t, []string{"CancelExecution exec-1", "DeleteImage m-golden"}, removals(&c))
}

func TestGoldenImageThatCannotBeUsedIsRemoved(t *testing.T) {
	c := cloud{spoilt: "m-golden"}
	_, _, err := run(t, &c, document(imported, built, registered, `"onFailure": "cleanup"`))
	failure := failureIn(t, err, "PipelineFailed")
	require.Contains(t, states(failure.Resources), "image m-golden removed")
}

func TestTemplateOfARunThatIsLeftStays(t *testing.T) {
	c := cloud{stuck: "exec-1"}
	hidden := refusal("DescribeImagePipelineExecutions", "Forbidden.RAM", 403, "not allowed")
	c.refuse = map[string]error{"Execution exec-1": hidden}
	_, _, err := run(t, &c, document(imported, built, registered, `"onFailure": "cleanup"`))
	failure := failureIn(t, err, "Forbidden.RAM")
	require.Equal(t, []string{"image m-import removed", "task t-1 over", "template ip-1 left", "execution exec-1 left"}, states(failure.Resources))
	require.Equal(t, "execution exec-1 of it is left, and would go with it", failure.Resources[2].Reason)
}

func TestCleanUpEndsAtItsLimit(t *testing.T) {
	busy := refusal("DeleteImagePipeline", "InvalidImagePipeline.HasRunningExecution", 403, "one is running")
	c := cloud{refuse: map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role"), "DeletePipeline ip-1": busy}}
	_, _, err := run(t, &c, document(imported, built, registered, `"onFailure": "cleanup"`, `"timeouts": {"cleanup": "1m"}`))
	failure := failureIn(t, err, "InvalidRoleArn")
	require.Equal(t, ResourceLeft, failure.Resources[2].State)
	require.Equal(t, ResourceLeft, failure.Resources[0].State, "what comes after it has no time either")
}

func TestFailedImportIsBegunAnewInANewEpoch(t *testing.T) {
	c := cloud{broken: map[string]int{"t-1": 1}}
	result, _, err := run(t, &c, document(imported, `"retries": {"import": 1}`))
	require.NoError(t, err)
	require.Equal(t, "m-import", result.ImageID)
	require.Equal(t, 2, count(c.calls, "ImportImage"))
	require.Equal(t, 1, count(c.calls, "DeleteImage m-import"), "what the failed import has left goes first")
	require.Len(t, c.tokens, 2)
	require.NotEqual(t, c.tokens[0], c.tokens[1])
}

// retried runs a document as a retry of a run with a ledger.
func retried(t *testing.T, c *cloud, retry Retry, document string) (Result, *testsuite.TestWorkflowEnvironment, error) {
	t.Helper()
	env := environment(t, c)
	env.ExecuteWorkflow(BuildType, raw(document), retry)
	require.True(t, env.IsWorkflowCompleted())
	var result Result
	err := env.GetWorkflowError()
	if err == nil {
		require.NoError(t, env.GetWorkflowResult(&result))
	}
	return result, env, err
}

// failedToRegister is the ledger of a build that failed in its last step.
func failedToRegister(t *testing.T, c *cloud, document string) []Resource {
	t.Helper()
	c.refuse = map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role")}
	_, _, err := run(t, c, document)
	lines := failureIn(t, err, "InvalidRoleArn").Resources
	c.refuse, c.calls = nil, nil
	return lines
}

func TestRetryReusesWhatHasNotChanged(t *testing.T) {
	const nginx = `"components": [{"name": "nginx", "version": "1.0.0", "content": "RUN true"}]`
	text := document(imported, nginx, registered)
	for _, test := range []struct {
		name     string
		from     Step
		document string
		calls    []string // that change something
		says     map[Step]string
	}{
		{name: "the failed step alone", document: text, calls: []string{"RegisterImage"},
			says: map[Step]string{StepImport: "reused image m-import: what goes into it has not changed", StepRegister: ""}},
		{name: "from the template on", from: StepTemplate, document: text,
			calls: []string{"DeleteImage m-golden", "DeletePipeline ip-1", "CreatePipeline", "StartExecution", "RegisterImage"},
			says:  map[Step]string{StepTemplate: "made anew: the retry begins at step template"}},
		{name: "with another component", document: strings.Replace(text, "RUN true", "RUN false", 1),
			calls: []string{"DeleteImage m-golden", "DeletePipeline ip-1", "DeleteComponent ic-nginx", "CreateComponent nginx 1.0.0", "CreatePipeline", "StartExecution", "RegisterImage"},
			says: map[Step]string{StepImport: "reused image m-import: what goes into it has not changed",
				StepComponents: "made anew: what goes into component ic-nginx has changed",
				StepTemplate:   "made anew: template ip-1 was removed", StepExecution: "made anew: image m-golden was removed"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c cloud
			retry := Retry{RunID: "r-1", Origin: "r-1", From: test.from, Resources: failedToRegister(t, &c, text)}
			result, env, err := retried(t, &c, retry, test.document)
			require.NoError(t, err)
			require.Equal(t, OutcomeSucceeded, result.Outcome, result.Warnings)
			changing := slices.DeleteFunc(slices.Clone(c.calls), func(call string) bool {
				return !slices.ContainsFunc([]string{"Import", "Create", "Start", "Register", "Delete", "Unregister", "Cancel"},
					func(verb string) bool { return strings.HasPrefix(call, verb) }) || call == "ImportTask"
			})
			require.Equal(t, test.calls, changing)
			progress := progressOf(t, env)
			for step, says := range test.says {
				require.Equal(t, says, progress.of(step).Detail, step)
			}
		})
	}
}

func TestRetryOfAnUncertainCallKeepsItsToken(t *testing.T) {
	text := document(`"source": {"imageId": "m-old"}`, registered)
	var c cloud
	c.refuse = map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InvalidRoleArn", 400, "no role")}
	_, _, err := run(t, &c, text)
	refused := failureIn(t, err, "InvalidRoleArn").Resources
	asked := slices.Clone(refused)
	asked[0].State = ResourceAsked

	for _, test := range []struct {
		name     string
		lines    []Resource
		document string
		same     bool
	}{
		{"asked with the same inputs", asked, text, true},
		{"asked with other inputs", asked, strings.Replace(text, `"batchCompute": {`, `"batchCompute": {"description": "new",`, 1), false},
		{"refused", refused, text, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.refuse = nil
			result, _, err := retried(t, &c, Retry{RunID: "r-1", Origin: "default-test-run-id", Resources: test.lines}, test.document)
			require.NoError(t, err)
			require.Equal(t, test.same, result.Tokens[StepRegister] == refused[0].Token)
		})
	}
}

func TestRubbishForARetryIsRefused(t *testing.T) {
	for _, rubbish := range []string{`[1]`, `{"origin": ""}`, `{"origin": "r", "from": "lunch"}`, `{`} {
		var c cloud
		env := environment(t, &c)
		env.ExecuteWorkflow(BuildType, raw(document(imported)), raw(rubbish))
		failureIn(t, env.GetWorkflowError(), "InvalidBuild")
		require.Empty(t, c.calls)
	}
}

func TestCleanupLimit(t *testing.T) {
	var b build
	require.Equal(t, 2*time.Hour, b.cleanupLimit(), "of a document from before it had one")
	b.doc.Timeouts.Cleanup = spec.Duration(time.Minute)
	require.Equal(t, time.Minute, b.cleanupLimit())
}
