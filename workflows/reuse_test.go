package workflows

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

const twoComponents = `"components": [{"name": "nginx", "version": "1.0.0", "content": "RUN true"}, {"name": "curl", "version": "1.0.0", "content": "RUN curl"}]`

// making are the calls that made or removed something.
func making(c *cloud) []string {
	return slices.DeleteFunc(slices.Clone(c.calls), func(call string) bool {
		return call == "ImportTask" || !slices.ContainsFunc([]string{"Import", "Create", "Start", "Register", "Delete", "Unregister", "Cancel"},
			func(verb string) bool { return strings.HasPrefix(call, verb) })
	})
}

func TestRetryNeverUsesAnImageWhoseTestsFailed(t *testing.T) {
	text := document(imported, built, registered)
	var c cloud
	lines := failedToRegister(t, &c, text)
	at := slices.IndexFunc(lines, func(line Resource) bool { return line.ID == "m-golden" })
	lines[at].Unfit = testsFailed
	_, env, err := retried(t, &c, Retry{RunID: "r-1", Origin: "r-1", Resources: lines}, text)
	require.NoError(t, err)
	require.Equal(t, []string{"DeleteImage m-golden", "StartExecution", "RegisterImage"}, making(&c))
	progress := progressOf(t, env)
	require.Equal(t, "made anew: image m-golden cannot be used: its tests failed", progress.of(StepExecution).Detail)
}

func TestRetryFindsComponentsWhereverTheyStand(t *testing.T) {
	text := document(imported, twoComponents, registered)
	var c cloud
	retry := Retry{RunID: "r-1", Origin: "r-1", Resources: failedToRegister(t, &c, text)}
	first, second, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(twoComponents, `"components": [`), "]"), ", {")
	swapped := strings.Replace(text, twoComponents, `"components": [{`+second+`, `+first+`]`, 1)
	c.components[1].Tags = c.components[0].Tags // the fake shows all components with the same ones
	result, _, err := retried(t, &c, retry, swapped)
	require.NoError(t, err)
	require.Equal(t, []string{"DeleteImage m-golden", "DeletePipeline ip-1", "CreatePipeline", "StartExecution", "RegisterImage"}, making(&c))
	require.Equal(t, []ResultComponent{{Name: "curl", Version: "1.0.0", ID: "ic-curl"}, {Name: "nginx", Version: "1.0.0", ID: "ic-nginx"}}, result.Components)
}

func TestRetryKeepsWhatItsDocumentNames(t *testing.T) {
	text := document(imported, twoComponents, registered)
	for name, other := range map[string]string{
		"the imported image":                     document(`"source": {"imageId": "m-import"}`, twoComponents, registered),
		"the template, with what it was made of": document(`"template": {"id": "ip-1"}`, registered),
	} {
		t.Run(name, func(t *testing.T) {
			var c cloud
			retry := Retry{RunID: "r-1", Origin: "r-1", Resources: failedToRegister(t, &c, text)}
			result, _, err := retried(t, &c, retry, other)
			require.NoError(t, err)
			require.Equal(t, OutcomeSucceeded, result.Outcome, result.Warnings)
			require.Empty(t, slices.DeleteFunc(removals(&c), func(call string) bool { return call == "DeleteImage m-golden" }))
		})
	}
}

func TestComponentThatCouldNotBeRemovedIsStillTheBuilds(t *testing.T) {
	text := document(imported, `"components": [{"name": "nginx", "version": "1.0.0", "content": "RUN true"}]`, registered)
	var c cloud
	retry := Retry{RunID: "r-1", Origin: "r-1", From: StepComponents, Resources: failedToRegister(t, &c, text)}
	c.existing = []alicloud.Component{{ID: "ic-nginx", Content: "RUN true", Type: "Build", SystemType: "Linux", Tags: c.components[0].Tags}}
	c.refuse = map[string]error{
		"DeleteComponent ic-nginx":    refusal("DeleteImageComponent", "InvalidImageComponent.InUse", 403, "in use"),
		"CreateComponent nginx 1.0.0": refusal("CreateImageComponent", "InvalidComponentVersion.Exist", 403, "it exists"),
	}
	result, _, err := retried(t, &c, retry, text)
	require.NoError(t, err)
	require.Equal(t, OutcomeSucceeded, result.Outcome, result.Warnings)
	require.Equal(t, []ResultComponent{{Name: "nginx", Version: "1.0.0", ID: "ic-nginx"}}, result.Components)
	require.Contains(t, states(result.Resources), "component ic-nginx made")
	require.Equal(t, 1, count(c.calls, "DeleteComponent ic-nginx"))
}
