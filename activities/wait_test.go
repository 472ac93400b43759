package activities

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/watch"
)

// look is what the cloud says at one look: a status or an error.
type look struct {
	status string
	err    error
}

// script shows the looks in order, the last one for ever.
type script struct {
	looks []look
	seen  int
	task  alicloud.Task
	run   alicloud.Execution

	usable *bool // of the image
}

func (s *script) next() look {
	l := s.looks[min(s.seen, len(s.looks)-1)]
	s.seen++
	return l
}

func (s *script) Task(ctx context.Context, _, id string) (alicloud.Task, error) {
	l := s.next()
	task := s.task
	task.ID, task.Status = id, l.status
	return task, l.err
}

func (s *script) Tasks(ctx context.Context, region string, ids []string) ([]alicloud.Task, error) {
	return nil, errors.New("no list for one task")
}

func (s *script) Images(_ context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error) {
	l := s.next()
	if l.status == "" {
		return nil, l.err
	}
	return []alicloud.Image{{ID: q.ID, Name: "golden", Status: l.status, Usable: s.usable}}, l.err
}

func (s *script) Execution(_ context.Context, _, id string) (alicloud.Execution, error) {
	l := s.next()
	run := s.run
	run.ID, run.Status = id, l.status
	return run, l.err
}

func (s *script) Executions(context.Context, alicloud.ExecutionQuery) ([]alicloud.Execution, error) {
	l := s.next()
	if l.status == "" {
		return nil, l.err
	}
	return []alicloud.Execution{{ID: "exec-0", Status: l.status}}, l.err
}

func statuses(words ...string) []look {
	looks := make([]look, len(words))
	for i, word := range words {
		looks[i] = look{status: word}
	}
	return looks
}

func answer(code string, status int) error {
	return &alicloud.Error{API: "DescribeTasks", Code: code, HTTPStatus: status, Message: "as documented"}
}

var yes = true

func TestAwaitImport(t *testing.T) {
	forbidden, outage := answer("Forbidden.RAM", 403), answer("ServiceUnavailable", 503)
	expired, unclear := answer(expired, 400), answer(unclear, 400)
	for _, test := range []struct {
		name     string
		looks    []look
		task     alicloud.Task
		wantType string // empty: success
		says     string
		seen     int
		usable   *bool
	}{
		{name: "a finished task with an available image ends the wait",
			looks: statuses("Waiting", "Processing", "Finished", "Available"), usable: &yes, seen: 4},
		{name: "an image that does not say whether it is usable is so when its task has finished",
			looks: statuses("Finished", "Available"), seen: 2},
		{name: "an Available image that is not usable yet is waited for", usable: new(bool),
			looks:    []look{{status: "Finished"}, {status: "Available"}, {status: "Available"}, {status: "Available"}, {status: "CreateFailed"}},
			wantType: ImportFailed, seen: 5},
		{name: "an image that lags behind its task is waited for",
			looks: statuses("Finished", "Creating", "Available"), usable: &yes, seen: 3},
		{name: "a failed task ends the wait at once with its reason",
			looks: statuses("Failed"), task: alicloud.Task{ErrorCode: "InvalidFormat", ErrorMessage: "no disk"},
			wantType: ImportFailed, says: "InvalidFormat: no disk", seen: 1},
		{name: "a task that somebody cancelled ends the wait", looks: statuses("Processing", "Deleted"),
			wantType: ImportFailed, says: "was cancelled", seen: 2},
		{name: "an image that became CreateFailed ends the wait", looks: statuses("Finished", "CreateFailed"),
			wantType: ImportFailed, says: "CreateFailed", seen: 2},
		{name: "an unknown state is waited on", looks: statuses("Thinking", "Finished", "Available"), usable: &yes, seen: 3},
		{name: "a 403 ends the wait at the first look", looks: []look{{err: forbidden}}, wantType: "Forbidden.RAM", seen: 1},
		{name: "an outage is waited out", looks: []look{{err: outage}, {err: outage}, {status: "Finished"}, {status: "Available"}}, usable: &yes, seen: 4},
		{name: "a signature that is too old once is no reason", looks: []look{{err: expired}, {status: "Processing"}, {err: expired}, {status: "Finished"}, {status: "Available"}},
			usable: &yes, seen: 5},
		{name: "one that is too old twice in a row is a wrong clock", looks: []look{{status: "Processing"}, {err: expired}, {err: expired}},
			wantType: "InvalidTimeStamp.Expired", says: "as documented", seen: 3},
		{name: "what nobody knows is waited out a few times", usable: &yes,
			looks: []look{{err: unclear}, {err: unclear}, {err: unclear}, {err: unclear}, {status: "Finished"}, {status: "Available"}}, seen: 6},
		{name: "and no more", looks: []look{{err: unclear}}, wantType: "UnknownError", seen: 5},
		{name: "a task that is not visible yet is waited for",
			looks: []look{{err: alicloud.ErrNotFound}, {status: "Finished"}, {status: "Available"}}, usable: &yes, seen: 3},
		{name: "a task that disappears ends the wait", looks: []look{{status: "Processing"}, {err: alicloud.ErrNotFound}},
			wantType: Disappeared, seen: 2},
		{name: "a task that never appears ends the wait", looks: []look{{err: alicloud.ErrNotFound}}, wantType: Disappeared, seen: graceLooks},
		{name: "an image that disappears ends the wait", looks: []look{{status: "Finished"}, {status: "Creating"}, {}}, wantType: Disappeared, seen: 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cloud := &script{looks: test.looks, task: test.task, usable: test.usable}
				imports := &Import{Watcher: eager(t, cloud, time.Second)}
				env := environment(t, imports)
				value, err := env.ExecuteActivity(imports.AwaitImport, AwaitImportInput{Region: "r", TaskID: "t-1", ImageID: "m-1"})
				require.Equal(t, test.seen, cloud.seen)
				if test.wantType != "" {
					failure := refused(t, err, test.wantType)
					require.Contains(t, failure.Message, test.says)
					return
				}
				require.NoError(t, err)
				var result AwaitImportResult
				require.NoError(t, value.Get(&result))
				require.Equal(t, "golden", result.ImageName)
			})
		})
	}
}

func TestAwaitExecution(t *testing.T) {
	made := alicloud.Execution{ImageID: "m-1", Message: "two of three"}
	for _, test := range []struct {
		name     string
		looks    []look
		run      alicloud.Execution
		wantType string
		warning  string
	}{
		{name: "success with an available image", run: made,
			looks: statuses("PREPARING", "BUILDING", "TESTING", "DISTRIBUTING", "RELEASING", "SUCCESS", "Available")},
		{name: "success in part has a warning", run: made, looks: statuses("PARTITION_SUCCESS", "Available"),
			warning: "execution exec-1 succeeded in part: two of three"},
		{name: "failed tests are told apart", run: made, looks: statuses("TEST_FAILED"), wantType: ImageTestsFailed},
		{name: "a failed run ends the wait", run: made, looks: statuses("BUILDING", "FAILED"), wantType: PipelineFailed},
		{name: "a cancelled run ends the wait", run: made, looks: statuses("CANCELLING", "CANCELLED"), wantType: PipelineFailed},
		{name: "success without an image is none", looks: statuses("SUCCESS"), wantType: PipelineFailed},
		{name: "an image that cannot be used is none", run: made, looks: statuses("SUCCESS", "UnAvailable"), wantType: PipelineFailed},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pipeline := &Pipeline{Watcher: eager(t, &script{looks: test.looks, run: test.run}, time.Second)}
				env := environment(t, pipeline)
				value, err := env.ExecuteActivity(pipeline.AwaitExecution, AwaitExecutionInput{Region: "r", ExecutionID: "exec-1"})
				if test.wantType != "" {
					refused(t, err, test.wantType)
					return
				}
				require.NoError(t, err)
				var result AwaitExecutionResult
				require.NoError(t, value.Get(&result))
				require.Equal(t, test.warning, result.Warning)
			})
		})
	}
}

func TestStoppingWorkerHandsItsWaitOver(t *testing.T) {
	imports := &Import{Watcher: eager(t, &script{looks: statuses("Processing")}, time.Hour)}
	env := environment(t, imports)
	stop := make(chan struct{})
	env.SetWorkerStopChannel(stop)
	close(stop)
	_, err := env.ExecuteActivity(imports.AwaitImport, AwaitImportInput{TaskID: "t-1"})
	var handed *temporal.ApplicationError
	require.ErrorAs(t, err, &handed)
	require.False(t, handed.NonRetryable())
	require.Equal(t, handOverPause, handed.NextRetryDelay())
}

func TestCancelledWaitEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	imports := &Import{Watcher: view(func() alicloud.Task { cancel(); return alicloud.Task{Status: "Processing"} })}
	env := environment(t, imports)
	env.SetWorkerOptions(worker.Options{BackgroundActivityContext: ctx})
	_, err := env.ExecuteActivity(imports.AwaitImport, AwaitImportInput{TaskID: "t-1"})
	require.Error(t, err)
}

// view is a Watcher of one task that ends when it likes.
type view func() alicloud.Task

func (w view) Task(context.Context, string, string, string) iter.Seq2[alicloud.Task, error] {
	return func(yield func(alicloud.Task, error) bool) { yield(w(), nil) }
}
func (w view) Image(context.Context, string, string) iter.Seq2[alicloud.Image, error] { return nil }
func (w view) Runs(context.Context, string, string) iter.Seq2[[]alicloud.Execution, error] {
	return nil
}
func (w view) Execution(context.Context, string, string) iter.Seq2[alicloud.Execution, error] {
	return nil
}

func TestWaitSaysWhatItSees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := &script{looks: statuses("Thinking", "Finished", "Available"), task: alicloud.Task{Percent: 30}}
		imports := &Import{Watcher: eager(t, cloud, time.Second)}
		env := environment(t, imports)
		said := make(chan Heartbeat, 10)
		env.SetOnActivityHeartbeatListener(func(_ *activity.Info, details converter.EncodedValues) {
			var beat Heartbeat
			if details.Get(&beat) == nil {
				said <- beat
			}
		})
		_, err := env.ExecuteActivity(imports.AwaitImport, AwaitImportInput{TaskID: "t-1", ImageID: "m-1"})
		require.NoError(t, err)
		require.Equal(t, Heartbeat{Percent: 30, Detail: "task t-1 is Thinking, a state kiln does not know; waiting on"}, <-said)
	})
}

// eager is a Watcher that looks again after a pause.
func eager(t *testing.T, cloud watch.Cloud, pause time.Duration) Watcher {
	return watch.New(t.Context(), cloud, watch.Options{Shortest: pause, Stopping: activity.GetWorkerStopChannel})
}

func environment(t *testing.T, activities any) *testsuite.TestActivityEnvironment {
	t.Helper()
	env := new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment()
	env.RegisterActivity(activities)
	return env
}

func refused(t *testing.T, err error, wantType string) Failure {
	t.Helper()
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.Equal(t, wantType, application.Type())
	require.True(t, application.NonRetryable())
	return FailureOf(err)
}
