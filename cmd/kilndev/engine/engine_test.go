package engine_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	sdkworker "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/seed1230462e/kiln/cmd/kilndev/engine"
	"github.com/seed1230462e/kiln/cmd/kilndev/lock"
	"github.com/seed1230462e/kiln/internal/cli"
)

func start(t *testing.T, opts engine.Options) (*engine.Engine, client.Client) {
	t.Helper()
	e, err := engine.Start(t.Context(), opts)
	require.NoError(t, err)
	c, err := client.Dial(client.Options{HostPort: e.Address(), Logger: cli.QuietLogger()})
	require.NoError(t, err)
	return e, c
}

// hello waits for a signal and returns it.
func hello(ctx workflow.Context) (string, error) {
	var name string
	workflow.GetSignalChannel(ctx, "name").Receive(ctx, &name)
	return "hello " + name, nil
}

func serve(t *testing.T, c client.Client) sdkworker.Worker {
	t.Helper()
	w := sdkworker.New(c, "q", sdkworker.Options{})
	w.RegisterWorkflowWithOptions(hello, workflow.RegisterOptions{Name: "hello"})
	require.NoError(t, w.Start())
	return w
}

func TestAFileKeepsAWorkflowOverAStop(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a file?.db")
	first, c := start(t, engine.Options{DBFile: file})
	run, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "w", TaskQueue: "q"}, "hello")
	require.NoError(t, err)
	c.Close()
	require.NoError(t, first.Stop())
	require.FileExists(t, file)

	second, c := start(t, engine.Options{DBFile: file})
	defer func() { require.NoError(t, second.Stop()) }()
	defer c.Close()
	w := serve(t, c)
	defer w.Stop()
	require.NoError(t, c.SignalWorkflow(t.Context(), "w", run.GetRunID(), "name", "again"))
	var greeting string
	require.NoError(t, c.GetWorkflow(t.Context(), "w", run.GetRunID()).Get(t.Context(), &greeting))
	require.Equal(t, "hello again", greeting)
}

func TestServersInMemoryShareNothing(t *testing.T) {
	first, c := start(t, engine.Options{})
	_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "w", TaskQueue: "q"}, "hello")
	require.NoError(t, err)
	c.Close()
	require.NoError(t, first.Stop())

	second, c := start(t, engine.Options{})
	defer func() { require.NoError(t, second.Stop()) }()
	defer c.Close()
	_, err = c.DescribeWorkflowExecution(t.Context(), "w", "")
	require.ErrorContains(t, err, "not found")
}

func TestTheNamespaceHasTheSearchAttributes(t *testing.T) {
	e, c := start(t, engine.Options{SearchAttributes: []string{"KilnName", "KilnState"}})
	defer func() { require.NoError(t, e.Stop()) }()
	defer c.Close()
	require.Eventually(t, func() bool {
		_, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: "KilnName = 'a' AND KilnState = 'running'"})
		return err == nil
	}, 30*time.Second, 50*time.Millisecond)
}

func TestASearchAttributeMadeMeanwhileCanBeUsed(t *testing.T) {
	e, c := start(t, engine.Options{})
	defer func() { require.NoError(t, e.Stop()) }()
	defer c.Close()
	team := temporal.NewSearchAttributeKeyKeyword("Team")
	begin := func() error {
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{
			ID: "w", TaskQueue: "q", TypedSearchAttributes: temporal.NewSearchAttributes(team.ValueSet("images")),
		}, "hello")
		return err
	}
	require.ErrorContains(t, begin(), "Team")
	_, err := c.OperatorService().AddSearchAttributes(t.Context(), &operatorservice.AddSearchAttributesRequest{
		Namespace: client.DefaultNamespace, SearchAttributes: map[string]enums.IndexedValueType{"Team": enums.INDEXED_VALUE_TYPE_KEYWORD},
	})
	require.NoError(t, err)
	require.Eventually(t, func() bool { return begin() == nil }, 30*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool {
		found, err := c.CountWorkflow(t.Context(), &workflowservice.CountWorkflowExecutionsRequest{Query: "Team = 'images'"})
		return err == nil && found.GetCount() == 1
	}, 30*time.Second, 50*time.Millisecond)
}

func TestASecondServerOnAFileIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kiln.db")
	e, c := start(t, engine.Options{DBFile: file})
	defer func() { require.NoError(t, e.Stop()) }()
	defer c.Close()
	_, err := engine.Start(t.Context(), engine.Options{DBFile: file})
	require.ErrorIs(t, err, lock.ErrTaken)
	require.ErrorContains(t, err, file)
}

func TestAFileThatIsNoDatabaseIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes.txt")
	require.NoError(t, os.WriteFile(file, []byte("these are my notes, and there are quite a few of them\n"), 0o600))
	_, err := engine.Start(t.Context(), engine.Options{DBFile: file})
	require.ErrorContains(t, err, "notes.txt")
	require.ErrorContains(t, err, "not a database")
}

func TestAFileThatCannotBeWrittenIsRefused(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "kiln.db") // a folder is one for every user, root included
	require.NoError(t, os.Mkdir(folder, 0o700))
	_, err := engine.Start(t.Context(), engine.Options{DBFile: folder})
	require.EqualError(t, err, "start Temporal: open "+folder+": is a directory")
}

func TestAnInterruptedStartSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := engine.Start(ctx, engine.Options{})
	require.ErrorIs(t, err, context.Canceled)
}
