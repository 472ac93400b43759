package workflows

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/watch"
)

// cloud is a cloud in which everything succeeds at the second look, unless told otherwise.
type cloud struct {
	mu       sync.Mutex
	calls    []string // in order, as "ImportImage" or "CreateComponent nginx 1.0.0"
	refuse   map[string]error
	refusals map[string]int // how often it refuses; for ever when not said
	existing []alicloud.Component
	looks    map[string]int
	stuck    string // the id that never gets done
	gone     string // the image that is not there any more
	spoilt   string // the image that comes to nothing
	partial  bool
	running  alicloud.Execution // of the template, before the build comes
	ours     bool               // it carries the build's token
	broken   map[string]int     // how often a task fails
	tokens   []string           // of the imports
	disk     string             // what is in the disk files

	imported   alicloud.ImportImageRequest
	components []alicloud.CreateComponentRequest
	template   alicloud.CreatePipelineRequest
	execution  alicloud.StartExecutionRequest
	registered alicloud.RegisterImageRequest
}

func (c *cloud) call(format string, args ...any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	name := fmt.Sprintf(format, args...)
	c.calls = append(c.calls, name)
	if times, limited := c.refusals[name]; limited {
		if times == 0 {
			return nil
		}
		c.refusals[name]--
	}
	return c.refuse[name]
}

// second is done from the second look on.
func (c *cloud) second(id string, running, done string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looks[id]++
	if c.looks[id] < 2 || c.stuck == id {
		return running
	}
	return done
}

func (c *cloud) ImportImage(_ context.Context, req alicloud.ImportImageRequest) (alicloud.ImportImageResponse, error) {
	c.imported = req
	c.tokens = append(c.tokens, req.ClientToken)
	return alicloud.ImportImageResponse{ImageID: "m-import", TaskID: "t-1"}, c.call("ImportImage")
}

// CancelTask ends the task at once, unless it is refused.
func (c *cloud) CancelTask(_ context.Context, _, id string) error { return c.cancel("CancelTask", id) }

func (c *cloud) cancel(action, id string) error {
	err := c.call("%s %s", action, id)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stuck == id {
		c.stuck = "" // a run that cannot be cancelled ends by itself
	}
	return err
}

func (c *cloud) CreateComponent(_ context.Context, req alicloud.CreateComponentRequest) (string, error) {
	err := c.call("CreateComponent %s %s", req.Name, req.Version)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.components = append(c.components, req)
	return "ic-" + req.Name, err
}

func (c *cloud) Components(_ context.Context, q alicloud.ComponentQuery) ([]alicloud.Component, error) {
	if len(q.IDs) > 0 {
		return []alicloud.Component{{ID: q.IDs[0], Tags: c.components[0].Tags}}, nil
	}
	return c.existing, c.call("Components %s %s", q.Name, q.Version)
}

func (c *cloud) CreatePipeline(_ context.Context, req alicloud.CreatePipelineRequest) (string, error) {
	c.template = req
	return "ip-1", c.call("CreatePipeline")
}

func (c *cloud) StartExecution(_ context.Context, req alicloud.StartExecutionRequest) (string, error) {
	c.execution = req
	return "exec-1", c.call("StartExecution")
}

func (c *cloud) CancelExecution(_ context.Context, _, id string) error {
	return c.cancel("CancelExecution", id)
}

func (c *cloud) Pipelines(_ context.Context, q alicloud.PipelineQuery) ([]alicloud.Pipeline, error) {
	if len(q.IDs) > 0 {
		return []alicloud.Pipeline{{ID: q.IDs[0], Tags: c.template.Tags}}, nil
	}
	return nil, c.call("Pipelines")
}

func (c *cloud) DeleteImage(_ context.Context, _, id string) error {
	return c.call("DeleteImage %s", id)
}

func (c *cloud) DeleteComponent(_ context.Context, _, id string) error {
	return c.call("DeleteComponent %s", id)
}

func (c *cloud) DeletePipeline(_ context.Context, _, id string) error {
	return c.call("DeletePipeline %s", id)
}

func (c *cloud) UnregisterImage(_ context.Context, _, id string) error {
	return c.call("UnregisterImage %s", id)
}

// Executions lists the one that runs, until it is over at the second look.
func (c *cloud) Executions(_ context.Context, q alicloud.ExecutionQuery) ([]alicloud.Execution, error) {
	switch {
	case c.running.ID == "", len(q.Tags) > 0 && !c.ours:
		return nil, c.call("Executions")
	case len(q.Tags) == 0:
		c.running.Status = c.second(c.running.ID, "BUILDING", "SUCCESS")
	}
	return []alicloud.Execution{c.running}, c.call("Executions")
}

func (c *cloud) Object(_ context.Context, _, bucket, key string) (alicloud.Object, error) {
	return alicloud.Object{ETag: "etag " + c.disk, CRC64: "1", Size: 5}, c.refuse["Object "+bucket+"/"+key]
}

func (c *cloud) ImportTask(context.Context, string, string) (alicloud.Task, error) {
	return alicloud.Task{}, c.call("ImportTask")
}

func (c *cloud) BatchImages(context.Context, string) ([]alicloud.BatchImage, error) {
	if c.registered.ECSImageID == "" || c.refuse["RegisterImage"] != nil {
		return nil, c.call("BatchImages")
	}
	return []alicloud.BatchImage{{ID: "img-1", ECSImageID: c.registered.ECSImageID}}, c.call("BatchImages")
}

func (c *cloud) RegisterImage(_ context.Context, req alicloud.RegisterImageRequest) (string, error) {
	c.registered = req
	return "img-1", c.call("RegisterImage")
}

func (c *cloud) Task(_ context.Context, _, id string) (alicloud.Task, error) {
	c.mu.Lock()
	failing := c.broken[id] > 0
	c.broken[id]--
	c.mu.Unlock()
	if failing {
		return alicloud.Task{ID: id, Status: "Failed", ErrorCode: "DiskUnreadable"}, nil
	}
	return alicloud.Task{ID: id, Status: c.second(id, "Processing", "Finished"), Percent: 40}, nil
}

func (c *cloud) Tasks(context.Context, string, []string) ([]alicloud.Task, error) {
	return nil, errors.New("one build waits for one task")
}

func (c *cloud) Images(_ context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error) {
	switch {
	case q.ID == "" && q.Region == "cn-beijing" && q.Tags[activities.TagToken] == c.template.ClientToken:
		return []alicloud.Image{{ID: "m-copy", Status: "Available", Tags: c.template.ImageTags}}, nil
	case q.ID == "", q.ID == c.gone:
		return nil, nil // nothing has the name or the token
	case q.ID == "m-copy":
		return []alicloud.Image{{ID: "m-copy", Status: "Available", Tags: c.template.ImageTags}}, nil
	}
	if q.ID == c.spoilt {
		return []alicloud.Image{{ID: q.ID, Status: "CreateFailed", Tags: c.template.ImageTags}}, nil
	}
	tags := map[string]alicloud.Tags{"m-import": c.imported.Tags, "m-golden": c.template.ImageTags}[q.ID]
	return []alicloud.Image{{ID: q.ID, Name: "name of " + q.ID, Status: c.second(q.ID, "Creating", "Available"), Tags: tags}}, nil
}

func (c *cloud) Execution(_ context.Context, _, id string) (alicloud.Execution, error) {
	done := "SUCCESS"
	if c.partial {
		done = "PARTITION_SUCCESS"
	}
	if err := c.refuse["Execution "+id]; err != nil {
		return alicloud.Execution{}, err
	}
	is := alicloud.Execution{ID: id, Status: c.second(id, "BUILDING", done), Message: "as told", Tags: c.execution.Tags}
	if is.Status == done {
		is.ImageID = "m-golden"
	}
	return is, nil
}

// refusal is a cloud error with a code of the catalogue.
func refusal(api, code string, status int, message string) error {
	return &alicloud.Error{API: api, Code: code, HTTPStatus: status, Message: message, RequestID: "R-1"}
}

// environment runs builds against a cloud with the real activities.
func environment(t *testing.T, c *cloud) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	if c.looks == nil {
		c.looks = map[string]int{}
	}
	if c.broken == nil {
		c.broken = map[string]int{}
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(20 * time.Second)
	watcher := watch.New(t.Context(), c, watch.Options{Shortest: time.Millisecond, Stopping: activity.GetWorkerStopChannel})
	Register(env, Options{})
	env.RegisterActivity(&activities.Document{})
	env.RegisterActivity(&activities.Import{ECS: c, Watcher: watcher})
	env.RegisterActivity(&activities.Component{ECS: c})
	env.RegisterActivity(&activities.Pipeline{ECS: c, Watcher: watcher})
	env.RegisterActivity(&activities.Registration{Batch: c, ECS: c})
	env.RegisterActivity(&activities.Inputs{Cloud: c})
	env.RegisterActivity(&activities.Resources{ECS: c, Batch: c, Watcher: watcher})
	return env
}

// run runs a document to its end.
func run(t *testing.T, c *cloud, document string) (Result, *testsuite.TestWorkflowEnvironment, error) {
	t.Helper()
	env := environment(t, c)
	env.ExecuteWorkflow(BuildType, raw(document))
	require.True(t, env.IsWorkflowCompleted())
	var result Result
	err := env.GetWorkflowError()
	if err == nil {
		require.NoError(t, env.GetWorkflowResult(&result))
	}
	return result, env, err
}

// raw is a document as a client sends it.
func raw(document string) converter.RawValue {
	payload, err := converter.NewJSONPayloadConverter().ToPayload(0)
	if err != nil {
		panic(err)
	}
	payload.Data = []byte(document)
	return converter.NewRawValue(payload)
}

func progressOf(t *testing.T, env *testsuite.TestWorkflowEnvironment) Progress {
	t.Helper()
	answer, err := env.QueryWorkflow(ProgressQuery)
	require.NoError(t, err)
	var progress Progress
	require.NoError(t, answer.Get(&progress))
	return progress
}

func count(calls []string, name string) int {
	return len(slices.DeleteFunc(slices.Clone(calls), func(call string) bool { return call != name }))
}
