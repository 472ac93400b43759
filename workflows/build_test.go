package workflows

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/alicloud"
)

const (
	imported   = `"source": {"import": {"disks": [{"bucket": "disks", "object": "base.qcow2", "format": "QCOW2", "sizeGiB": 40}]}}`
	nginx      = `{"name": "nginx", "version": "1.0.0", "content": "RUN apt-get install -y nginx"}`
	smoke      = `{"name": "smoke", "version": "2.0.0", "type": "Test", "content": "RUN true"}`
	registered = `"batchCompute": {"name": "web", "platform": "Linux"}`
)

func document(sections ...string) string {
	return `{"name": "web", "region": "cn-hangzhou", "tags": {"team": "web"}, ` + strings.Join(sections, ", ") + `}`
}

func TestBuildRunsTheWholeStory(t *testing.T) {
	var c cloud
	result, env, err := run(t, &c, document(imported, `"components": [`+nginx+`, `+smoke+`, {"id": "ic-old", "parameters": {"b": "2", "a": "1"}}]`, registered))
	require.NoError(t, err)

	require.Equal(t, "ImportImage", c.calls[0])
	require.ElementsMatch(t, []string{"CreateComponent nginx 1.0.0", "CreateComponent smoke 2.0.0"}, c.calls[1:3])
	require.Equal(t, []string{"CreatePipeline", "StartExecution", "RegisterImage"}, c.calls[3:])

	require.Equal(t, OutcomeSucceeded, result.Outcome)
	require.Equal(t, "m-import", result.ImportedImageID)
	require.Equal(t, "t-1", result.ImportTaskID)
	require.Equal(t, []ResultComponent{
		{Name: "nginx", Version: "1.0.0", ID: "ic-nginx"}, {Name: "smoke", Version: "2.0.0", ID: "ic-smoke"}, {ID: "ic-old"},
	}, result.Components)
	require.Equal(t, "ip-1", result.PipelineID)
	require.Equal(t, "exec-1", result.ExecutionID)
	require.Equal(t, "m-golden", result.ImageID)
	require.Equal(t, "name of m-golden", result.ImageName)
	require.Equal(t, "img-1", result.BatchComputeImageID)
	require.Len(t, result.Fingerprint, 64)

	require.Equal(t, alicloud.Disk{Bucket: "disks", Object: "base.qcow2", Format: "QCOW2", SizeGiB: 40}, c.imported.Disks[0])
	require.Equal(t, "web-import-"+c.imported.ClientToken[:8], c.imported.ImageName)
	require.Equal(t, "IMAGE", c.template.BaseImageType)
	require.Equal(t, "m-import", c.template.BaseImage)
	require.Equal(t, "COMPONENT ic-nginx\nCOMPONENT ic-old --a 1 --b 2", c.template.BuildContent)
	require.Equal(t, "COMPONENT ic-smoke", c.template.TestContent)
	require.Equal(t, "m-golden", c.registered.ECSImageID)

	progress := progressOf(t, env)
	require.Equal(t, StateSucceeded, progress.State)
	for _, step := range progress.Steps {
		require.Equal(t, StateSucceeded, step.State, step.Name)
		require.Equal(t, 100, step.Percent, step.Name)
		require.NotEmpty(t, step.ResourceID, step.Name)
		require.NotEmpty(t, step.Token, step.Name)
		require.NotNil(t, step.FinishedAt, step.Name)
	}
}

func TestEveryResourceCarriesItsOwner(t *testing.T) {
	var c cloud
	result, _, err := run(t, &c, document(imported, `"components": [`+nginx+`]`, `"execution": {"tags": {"run": "night"}}`, registered))
	require.NoError(t, err)

	alphabet := regexp.MustCompile(`^[A-Za-z0-9_]{1,64}$`) // what both services take
	sent := map[Step]string{
		"import": c.imported.ClientToken, "components/0": c.components[0].ClientToken, "template": c.template.ClientToken,
		"execution": c.execution.ClientToken, "register": c.registered.IdempotentToken,
	}
	require.Equal(t, sent, result.Tokens)
	different := map[string]bool{}
	for _, token := range sent {
		require.Regexp(t, alphabet, token)
		different[token] = true
	}
	require.Len(t, different, len(sent))

	for step, tags := range map[Step]alicloud.Tags{
		"import": c.imported.Tags, "components/0": c.components[0].Tags, "template": c.template.Tags, "execution": c.execution.Tags,
	} {
		require.Equal(t, sent[step], tags[activities.TagToken], step)
		require.Equal(t, result.BuildID, tags[activities.TagBuild], step)
	}
	require.Equal(t, "web", c.imported.Tags["team"])
	require.Equal(t, "night", c.execution.Tags["run"])
	require.Equal(t, result.BuildID, c.template.ImageTags[activities.TagBuild])
}

func TestBuildSkipsWhatTheDocumentLeavesOut(t *testing.T) {
	for _, test := range []struct {
		name     string
		document string
		calls    []string
		image    string
	}{
		{"an existing image is the base", document(`"source": {"imageId": "m-old"}`, `"components": [`+nginx+`]`),
			[]string{"CreateComponent nginx 1.0.0", "CreatePipeline", "StartExecution"}, "m-golden"},
		{"an image family is the base", document(`"source": {"imageFamily": "acs:ubuntu"}`, `"template": {"buildContent": "RUN true"}`),
			[]string{"CreatePipeline", "StartExecution"}, "m-golden"},
		{"an existing template is run", document(`"template": {"id": "ip-old"}`, registered),
			[]string{"StartExecution", "RegisterImage"}, "m-golden"},
		{"an imported image is registered as it is", document(imported, registered),
			[]string{"ImportImage", "RegisterImage"}, "m-import"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c cloud
			result, _, err := run(t, &c, test.document)
			require.NoError(t, err)
			require.Equal(t, test.calls, c.calls)
			require.Equal(t, test.image, result.ImageID)
		})
	}
}

func TestComponentThatExists(t *testing.T) {
	exists := map[string]error{"CreateComponent nginx 1.0.0": refusal("CreateImageComponent", "InvalidComponentVersion.Exist", 403,
		"The specified ComponentVersion does exist with the specified Name.")}
	same := alicloud.Component{ID: "ic-there", Name: "nginx", Version: "1.0.0", Type: "Build", SystemType: "Linux",
		Content: "RUN apt-get install -y nginx", CreatedAt: "2026-11-01T00:00:00Z"}
	doc := document(imported, `"components": [`+nginx+`]`)

	t.Run("with the same content is adopted", func(t *testing.T) {
		c := cloud{refuse: exists, existing: []alicloud.Component{same}}
		result, _, err := run(t, &c, doc)
		require.NoError(t, err)
		require.Equal(t, []ResultComponent{{Name: "nginx", Version: "1.0.0", ID: "ic-there", Adopted: true}}, result.Components)
		require.Equal(t, "COMPONENT ic-there", c.template.BuildContent)
	})
	t.Run("with different content stops the build", func(t *testing.T) {
		other := same
		other.Content = "RUN something else"
		c := cloud{refuse: exists, existing: []alicloud.Component{other}}
		_, _, err := run(t, &c, doc)
		failure := failureIn(t, err, "InvalidComponentVersion.Exist")
		require.Equal(t, StepComponents, failure.Step)
		require.Contains(t, failure.Message, "ic-there has different content: not made by Kiln, created 2026-11-01")
		require.Contains(t, failure.Message, "Raise the version")
		require.NotContains(t, c.calls, "CreatePipeline")
	})
}

func TestStopCodeEndsTheBuildAtTheFirstAttempt(t *testing.T) {
	c := cloud{refuse: map[string]error{"ImportImage": refusal("ImportImage", "InvalidOSSObject.NotFound", 400,
		"The specified OSS object does not exist in this region.")}}
	_, env, err := run(t, &c, document(imported, registered))

	failure := failureIn(t, err, "InvalidOSSObject.NotFound")
	require.Equal(t, []string{"ImportImage"}, c.calls)
	require.Equal(t, 400, failure.HTTPStatus)
	require.Equal(t, "R-1", failure.RequestID)
	require.Equal(t, "stop", failure.Class)
	require.Equal(t, StepImport, failure.Step)
	require.NotEmpty(t, failure.Advice)

	progress := progressOf(t, env)
	require.Equal(t, StateFailed, progress.State)
	require.Equal(t, StepImport, progress.Step)
	require.Equal(t, []string{"image  refused", "task  refused"}, states(failure.Resources))
	failure.Resources = nil
	require.Equal(t, failure, *progress.Error)
	require.Equal(t, 1, progress.Steps[0].Attempts)
	require.Equal(t, StatePending, progress.Steps[1].State)
}

func TestRetryCodeIsTriedAgainWithTheSameToken(t *testing.T) {
	c := cloud{refuse: map[string]error{"RegisterImage": refusal("BatchCompute.CreateImage", "InternalError", 500, "unknown error")}}
	env := environment(t, &c)
	tokens := map[string]bool{}
	env.RegisterDelayedCallback(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		tokens[c.registered.IdempotentToken] = true
		delete(c.refuse, "RegisterImage")
	}, time.Minute)
	env.ExecuteWorkflow(BuildType, raw(document(`"template": {"id": "ip-old"}`, registered)))
	require.NoError(t, env.GetWorkflowError())
	require.Greater(t, count(c.calls, "RegisterImage"), 1)
	tokens[c.registered.IdempotentToken] = true
	require.Len(t, tokens, 1)

	progress := progressOf(t, env)
	require.Equal(t, 1+count(c.calls, "BatchImages"), progress.Steps[1].Attempts, "each attempt after the first one begins with a look")
}

func TestConflictThatClearsIsWaitedFor(t *testing.T) {
	importing := refusal("ImportImage", "ImageIsImporting", 403, "The specified Image is importing.")
	c := cloud{refuse: map[string]error{"ImportImage": importing}, refusals: map[string]int{"ImportImage": 3}}
	env := environment(t, &c)
	var seen Progress
	env.RegisterDelayedCallback(func() { seen = progressOf(t, env) }, 40*time.Second)
	began := env.Now()
	env.ExecuteWorkflow(BuildType, raw(document(imported, registered)))

	require.NoError(t, env.GetWorkflowError())
	require.Equal(t, 4, count(c.calls, "ImportImage"))
	require.GreaterOrEqual(t, env.Now().Sub(began), 30*time.Second+time.Minute+2*time.Minute, "the pauses grow")
	require.Contains(t, seen.Steps[0].Detail, "waiting for ImageIsImporting")
	require.Empty(t, progressOf(t, env).Steps[0].Detail)
}

func TestConflictThatDoesNotClearEndsAtTheDocumentsLimit(t *testing.T) {
	importing := refusal("ImportImage", "ImageIsImporting", 403, "The specified Image is importing.")
	c := cloud{refuse: map[string]error{"ImportImage": importing}}
	_, _, err := run(t, &c, document(imported, registered, `"timeouts": {"conflict": "10m"}`))
	require.Equal(t, "wait", failureIn(t, err, "ImageIsImporting").Class)
	require.Equal(t, 6, count(c.calls, "ImportImage"), "after 0, 30 s, 1:30, 3:30, 7:30 and 10 min")
}

func TestThrottlingAloneNeverFailsABuild(t *testing.T) {
	throttled := refusal("ImportImage", "Throttling.User", 400, "Request was denied due to user flow control.")
	c := cloud{refuse: map[string]error{"ImportImage": throttled}, refusals: map[string]int{"ImportImage": 200}}
	_, _, err := run(t, &c, document(imported, registered, `"timeouts": {"call": "1h"}`))
	require.NoError(t, err)
	require.Equal(t, 201, count(c.calls, "ImportImage"))
}

func TestBuildsThatShareATemplateTakeTurns(t *testing.T) {
	busy := refusal("StartImagePipelineExecution", "InvalidImagePipeline.HasRunningExecution", 403, "one is running")
	c := cloud{refuse: map[string]error{"StartExecution": busy}, refusals: map[string]int{"StartExecution": 1},
		running: alicloud.Execution{ID: "exec-0", Status: "BUILDING", Tags: alicloud.Tags{activities.TagBuild: "other"}}}
	result, _, err := run(t, &c, document(`"template": {"id": "ip-old"}`))
	require.NoError(t, err)
	require.Equal(t, "exec-1", result.ExecutionID)
	require.Equal(t, 2, count(c.calls, "StartExecution"))
}

func TestTemplateThatStaysBusyEndsAtTheDocumentsLimit(t *testing.T) {
	busy := refusal("StartImagePipelineExecution", "InvalidImagePipeline.HasRunningExecution", 403, "one is running")
	c := cloud{refuse: map[string]error{"StartExecution": busy}, running: alicloud.Execution{ID: "exec-0", Status: "BUILDING"}, stuck: "exec-0"}
	_, _, err := run(t, &c, document(`"template": {"id": "ip-old"}`, `"timeouts": {"conflict": "1s"}`))
	require.Equal(t, "wait", failureIn(t, err, "InvalidImagePipeline.HasRunningExecution").Class)
}

func TestRunningExecutionOfOurOwnIsAdopted(t *testing.T) {
	busy := refusal("StartImagePipelineExecution", "InvalidImagePipeline.HasRunningExecution", 403, "one is running")
	c := cloud{refuse: map[string]error{"StartExecution": busy}, running: alicloud.Execution{ID: "exec-0", Status: "BUILDING"}, ours: true}
	result, _, err := run(t, &c, document(`"template": {"id": "ip-old"}`))
	require.NoError(t, err)
	require.Equal(t, "exec-0", result.ExecutionID)
	require.Equal(t, 1, count(c.calls, "StartExecution"))
}

func TestInvalidDocumentMakesNoCall(t *testing.T) {
	for _, test := range []struct{ name, document, says string }{
		{"no document at all", ``, "empty"},
		{"no JSON", `{"name": `, ""},
		{"an unknown field", document(imported, `"imege": {}`), `did you mean "image"`},
		{"two faults at once", `{"name": "w", "region": ""}`, "source"},
		{"a file that the workflow cannot read", document(imported, `"components": [{"name": "nginx", "contentFile": "nginx.sh"}]`), "nginx.sh"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c cloud
			_, _, err := run(t, &c, test.document)
			failure := failureIn(t, err, activities.InvalidBuild)
			require.Contains(t, failure.Message, test.says)
			require.Empty(t, c.calls)
		})
	}
}

func TestBuildIDThatATagCannotHoldIsRefused(t *testing.T) {
	for id, says := range map[string]string{
		"web":                    "",
		"acs:web":                "starts with acs:",
		"web\x1b[31m":            "control character",
		strings.Repeat("网", 128): "",
		"a-http://b":             "http://",
		strings.Repeat("x", 129): "128 characters",
	} {
		err := checkBuildID(id)
		if says == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, says)
	}
}

func TestPartialSuccessIsTold(t *testing.T) {
	c := cloud{partial: true}
	result, _, err := run(t, &c, document(`"template": {"id": "ip-old"}`))
	require.NoError(t, err)
	require.Equal(t, OutcomePartial, result.Outcome)
	require.Equal(t, []string{"execution exec-1 succeeded in part: as told"}, result.Warnings)
}

// cancelDuring cancels the build as soon as an activity runs.
func cancelDuring(env *testsuite.TestWorkflowEnvironment, activityType string) {
	env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
		if info.ActivityType.Name == activityType {
			env.RegisterDelayedCallback(env.CancelWorkflow, 0)
		}
	})
}

func failureIn(t *testing.T, err error, wantType string) Failure {
	t.Helper()
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, wantType, refused.Type())
	require.True(t, refused.NonRetryable())
	var failure Failure
	require.NoError(t, refused.Details(&failure))
	require.Equal(t, wantType, failure.Code)
	return failure
}

// A build that was started with its search attributes does not set them again.
func TestBuildSetsTheAttributesItLacks(t *testing.T) {
	const document = `{"name": "golden", "region": "cn-hangzhou", "source": {"imageId": "m-1"}, "batchCompute": {}}`
	for _, test := range []struct {
		name string
		with temporal.SearchAttributes
		sets int // times before the end
	}{
		{"all of them", temporal.NewSearchAttributes(), 1},
		{"none", StartAttributes("golden", "cn-hangzhou"), 0},
		{"those of an earlier run", temporal.NewSearchAttributes(AttrName.ValueSet("golden"), AttrRegion.ValueSet("cn-hangzhou"), AttrState.ValueSet(string(StateFailed))), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			env := environment(t, &cloud{})
			sets := 0
			env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(mock.Arguments) { sets++ }).Return(nil)
			require.NoError(t, env.SetTypedSearchAttributesOnStart(test.with))
			env.ExecuteWorkflow(BuildType, raw(document))
			require.NoError(t, env.GetWorkflowError())
			require.Equal(t, test.sets+1, sets)
		})
	}
}
