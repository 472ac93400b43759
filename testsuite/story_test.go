//go:build e2e

package testsuite

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/seed1230462e/kiln/workflows"
)

const importOneDisk = `"source": {"import": {"disks": [{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2", "sizeGiB": 40}]}}`

// stories are the branches of a build. Each is started by the bare Temporal API with
// nothing but the workflow type, the task queue and the document as JSON, and leaves a
// history that the replay test of package workflows keeps.
var stories = []struct {
	name     string
	document string
	check    func(t *testing.T, result workflows.Result)
}{
	{"one-disk", `{"name": "one-disk", "region": "cn-hangzhou", ` + importOneDisk + `,
		"components": [{"name": "one", "content": "RUN echo one"}],
		"batchCompute": {}}`,
		func(t *testing.T, result workflows.Result) {
			require.NotEmpty(t, result.ImportTaskID)
			require.NotEmpty(t, result.BatchComputeImageID)
			require.NotEqual(t, result.ImportedImageID, result.ImageID)
		}},
	{"several-disks-and-components", `{"name": "several", "region": "cn-shanghai",
		"source": {"import": {"osType": "linux", "platform": "Ubuntu", "disks": [
			{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2", "sizeGiB": 40},
			{"bucket": "kiln-examples", "object": "disks/data.raw", "format": "RAW", "sizeGiB": 20}]}},
		"components": [
			{"name": "first", "version": "1.0.0", "content": "RUN echo first"},
			{"name": "second", "content": "ENV A=b\nRUN echo second"},
			{"name": "smoke", "type": "Test", "content": "RUN true"}],
		"template": {"buildContent": "RUN echo last"},
		"image": {"family": "several"},
		"batchCompute": {"name": "several", "platform": "Linux"}}`,
		func(t *testing.T, result workflows.Result) {
			require.Len(t, result.Components, 3)
			require.True(t, strings.HasPrefix(result.ImageName, "several_"), result.ImageName)
		}},
	{"components-that-exist", `{"name": "again", "region": "cn-shanghai", "source": {"imageId": "m-bp1kilnubuntu2404x64"},
		"components": [{"name": "first", "version": "1.0.0", "content": "RUN echo first"}, {"name": "second", "content": "ENV A=b\nRUN echo second"}]}`,
		func(t *testing.T, result workflows.Result) {
			for _, c := range result.Components {
				require.True(t, c.Adopted, c.Name)
			}
		}},
	{"existing-image", `{"name": "on-top", "region": "cn-hangzhou", "source": {"imageId": "m-bp1kilnubuntu2404x64"},
		"template": {"buildContent": "RUN apt-get update"}}`,
		func(t *testing.T, result workflows.Result) {
			require.Empty(t, result.ImportTaskID)
			require.Empty(t, result.BatchComputeImageID)
			require.NotEmpty(t, result.ImageID)
		}},
	{"image-family", `{"name": "family", "region": "cn-hangzhou", "source": {"imageFamily": "acs:ubuntu_24_04_x64"},
		"template": {"testContent": "RUN true"}}`,
		func(t *testing.T, result workflows.Result) { require.NotEmpty(t, result.ExecutionID) }},
	{"register-only", `{"name": "as-it-is", "region": "cn-hangzhou", ` + importOneDisk + `, "batchCompute": {}}`,
		func(t *testing.T, result workflows.Result) {
			require.Equal(t, result.ImportedImageID, result.ImageID)
			require.Empty(t, result.PipelineID)
		}},
	{"existing-template", `{"name": "template", "region": "cn-hangzhou", "template": {"id": "TEMPLATE"}, "batchCompute": {"name": "template"}}`,
		func(t *testing.T, result workflows.Result) {
			require.Empty(t, result.ImportedImageID)
			require.NotEmpty(t, result.BatchComputeImageID)
		}},
}

func TestBuildStartedByTheBareTemporalAPI(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	template := ""
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			document := json.RawMessage(strings.ReplaceAll(story.document, "TEMPLATE", template))
			run, err := c.ExecuteWorkflow(context.Background(),
				client.StartWorkflowOptions{ID: story.name, TaskQueue: "kiln"}, "BuildGoldenImage", document)
			require.NoError(t, err)
			var result workflows.Result
			require.NoError(t, run.Get(context.Background(), &result))
			require.Equal(t, workflows.OutcomeSucceeded, result.Outcome)
			require.Equal(t, story.name, result.BuildID)
			story.check(t, result)
			if result.PipelineID != "" {
				template = result.PipelineID
			}
			happened := history(t, c, story.name)
			// A component that ends by itself, not together with the others, takes a workflow task: three events.
			require.LessOrEqual(t, len(happened.GetEvents()), 60+3*max(0, len(result.Components)-1))
			requireSummaries(t, happened)
			record(t, happened, story.name)
		})
	}
}

// The ends that are no success leave histories too.
func TestBuildsThatEndBadly(t *testing.T) {
	p := up(t, "--speed", "120", "--headless")
	c := p.temporal(t)
	_, err := p.runBare(c, "first", documentWith("RUN true"))
	require.NoError(t, err)
	for _, end := range []struct{ name, document, failure string }{
		{"invalid-document", `{"name": "bad", "region": "cn-hangzhou", "sorce": {}}`, "InvalidBuild"},
		{"stop-code", `{"name": "missing", "region": "cn-hangzhou", "source": {"import": {"disks": [{"bucket": "kiln-examples", "object": "disks/none.qcow2"}]}}, "batchCompute": {}}`,
			"InvalidOSSObject.NotFound"},
		{"component-differs", documentWith("RUN false"), "InvalidComponentVersion.Exist"},
	} {
		t.Run(end.name, func(t *testing.T) {
			_, err := p.runBare(c, end.name, end.document)
			require.ErrorContains(t, err, end.failure)
			record(t, history(t, c, end.name), end.name)
		})
	}
	for _, cancel := range []struct{ name, document, during, call string }{
		{"cancelled-import", `{"name": "stop1", "region": "cn-hangzhou", ` + importOneDisk + `, "batchCompute": {}}`, "DescribeTaskAttribute", "CancelTask"},
		{"cancelled-execution", `{"name": "stop2", "region": "cn-hangzhou", "source": {"imageId": "m-bp1kilnubuntu2404x64"}, "template": {}}`,
			"DescribeImagePipelineExecutions", "CancelImagePipelineExecution"},
	} {
		t.Run(cancel.name, func(t *testing.T) {
			before := p.calls(t, cancel.during)
			run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: cancel.name, TaskQueue: "kiln"},
				"BuildGoldenImage", json.RawMessage(cancel.document))
			require.NoError(t, err)
			p.asked(t, cancel.during, before+1)
			require.NoError(t, c.CancelWorkflow(context.Background(), cancel.name, ""))
			require.ErrorContains(t, run.Get(context.Background(), nil), "canceled")
			require.Equal(t, 1, p.effects(t, cancel.call))
			record(t, history(t, c, cancel.name), cancel.name)
		})
	}
}

// documentWith is a document with version 1.0.0 of a component.
func documentWith(content string) string {
	return `{"name": "component", "region": "cn-hangzhou", "source": {"imageId": "m-bp1kilnubuntu2404x64"},
		"components": [{"name": "tool", "version": "1.0.0", "content": "` + content + `"}]}`
}

func (p *machine) runBare(c client.Client, id, document string) (workflows.Result, error) {
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: id, TaskQueue: "kiln"},
		"BuildGoldenImage", json.RawMessage(document))
	if err != nil {
		return workflows.Result{}, err
	}
	var result workflows.Result
	return result, run.Get(context.Background(), &result)
}

// The Web UI tells the story by the summaries of the activities.
func requireSummaries(t *testing.T, history *historypb.History) {
	t.Helper()
	for _, event := range history.GetEvents() {
		if scheduled := event.GetActivityTaskScheduledEventAttributes(); scheduled != nil {
			require.NotEmpty(t, event.GetUserMetadata().GetSummary().GetData(), scheduled.GetActivityType().GetName())
		}
	}
}

// record keeps a build's history for the replay test, when KILN_RECORD names a folder.
func record(t *testing.T, history *historypb.History, name string) {
	t.Helper()
	folder := os.Getenv("KILN_RECORD")
	if folder == "" {
		return
	}
	packed, err := protojson.Marshal(history)
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, json.Indent(&text, packed, "", " ")) // protojson's own spaces differ from run to run
	require.NoError(t, os.WriteFile(filepath.Join(folder, name+".json"), append(text.Bytes(), '\n'), 0o644))
}
