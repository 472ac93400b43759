package starter

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/converter"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

func TestListFilter(t *testing.T) {
	for _, test := range []struct {
		name string
		opts listOptions
		want string
	}{
		{"everything", listOptions{}, "WorkflowType = 'BuildGoldenImage'"},
		{"running", listOptions{State: "running"}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Running') AND (KilnState IS NULL OR KilnState NOT IN ('waiting'))"},
		{"succeeded and no more", listOptions{State: "succeeded"}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Completed') AND (KilnState IS NULL OR KilnState NOT IN ('unchanged', 'skipped', 'partial'))"},
		{"succeeded where there are no words", listOptions{State: "succeeded", wordless: true}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Completed')"},
		{"skipped", listOptions{State: "skipped"}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Completed') AND KilnState = 'skipped'"},
		{"unchanged", listOptions{State: "unchanged"}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Completed') AND KilnState = 'unchanged'"},
		{"fleets that are partial", listOptions{State: "partial", Fleets: true}, "WorkflowType = 'BuildFleet' AND ExecutionStatus != 'ContinuedAsNew' AND ExecutionStatus IN ('Completed') AND KilnState = 'partial'"},
		{"waiting for approval", listOptions{State: "waiting"}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Running') AND KilnState = 'waiting'"},
		{"failed in any way", listOptions{State: "failed"}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')"},
		{"of a document in a region", listOptions{Name: "web", Region: "cn-beijing"}, "WorkflowType = 'BuildGoldenImage' AND KilnName = 'web' AND KilnRegion = 'cn-beijing'"},
		{"of a schedule", listOptions{Schedule: "nightly"}, "WorkflowType = 'BuildGoldenImage' AND TemporalScheduledById = 'nightly'"},
		{"of a fleet", listOptions{Fleet: "images", State: "failed"}, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated') AND ParentWorkflowId = 'images'"},
		{"fleets", listOptions{Fleets: true, Name: "base"}, "WorkflowType = 'BuildFleet' AND ExecutionStatus != 'ContinuedAsNew' AND KilnName = 'base'"},
		{"a quote stays in its text", listOptions{Name: `a' OR 'b`}, `WorkflowType = 'BuildGoldenImage' AND KilnName = 'a\' OR \'b'`},
		{"a condition of one's own stays together", listOptions{Query: "A = 1 OR B = 2"}, "WorkflowType = 'BuildGoldenImage' AND (A = 1 OR B = 2)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, test.opts.filter())
		})
	}
}

// listedBuild is a build in the answer of the server.
func listedBuild(t *testing.T, id string, status enumspb.WorkflowExecutionStatus, begun time.Time, attributes map[string]string) *workflowpb.WorkflowExecutionInfo {
	t.Helper()
	info := execution(id, status, begun)
	info.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{}}
	for name, value := range attributes {
		data, err := converter.GetDefaultDataConverter().ToPayload(value)
		require.NoError(t, err)
		info.SearchAttributes.IndexedFields[name] = data
	}
	return info
}

func threeBuilds(t *testing.T) *fakeTemporal {
	t.Helper()
	known := map[string]string{"KilnName": "web-base", "KilnRegion": "cn-hangzhou", "KilnImageId": "m-golden"}
	return &fakeTemporal{pages: []*workflowservice.ListWorkflowExecutionsResponse{
		{NextPageToken: []byte("more"), Executions: []*workflowpb.WorkflowExecutionInfo{
			listedBuild(t, "db-base", enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, dawn.Add(-time.Hour), nil),
			listedBuild(t, "web-base", enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, dawn, known),
		}},
		{Executions: []*workflowpb.WorkflowExecutionInfo{
			listedBuild(t, "old-base", enumspb.WORKFLOW_EXECUTION_STATUS_TIMED_OUT, dawn.Add(-48*time.Hour), map[string]string{"KilnRegion": "cn-beijing"}),
		}},
	}}
}

func twoFleets(t *testing.T) *fakeTemporal {
	t.Helper()
	known := map[string]string{"KilnName": "3 builds", "KilnRegion": "2 regions", "KilnState": "succeeded"}
	return &fakeTemporal{pages: []*workflowservice.ListWorkflowExecutionsResponse{{Executions: []*workflowpb.WorkflowExecutionInfo{
		listedBuild(t, "images", enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, dawn, known),
		listedBuild(t, "nightly", enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, dawn.Add(-time.Hour), nil),
	}}}}
}

func TestList(t *testing.T) {
	for _, test := range []struct {
		name   string
		args   []string
		server *fakeTemporal
		exit   int
	}{
		{name: "newest first", server: threeBuilds(t)},
		{name: "as many as wanted", args: []string{"--limit", "1"}, server: threeBuilds(t)},
		{name: "in json", args: []string{"-o", "json"}, server: threeBuilds(t)},
		{name: "in jsonl", args: []string{"-o", "jsonl"}, server: threeBuilds(t)},
		{name: "nothing", server: &fakeTemporal{}},
		{name: "nothing that matches", args: []string{"--state", "failed"}, server: &fakeTemporal{}},
		{name: "nothing in json", args: []string{"-o", "json"}, server: &fakeTemporal{}},
		{name: "fleets", args: []string{"--fleets"}, server: twoFleets(t)},
		{name: "fleets in json", args: []string{"--fleets", "-o", "json"}, server: twoFleets(t)},
		{name: "no fleets", args: []string{"--fleets"}, server: &fakeTemporal{}},
		{name: "no fleets that match", args: []string{"--fleets", "--state", "failed"}, server: &fakeTemporal{}},
		{name: "fleets of a fleet", args: []string{"--fleets", "--fleet", "images"}, server: &fakeTemporal{}, exit: cli.ExitUsage},
		{name: "fleets in a state of builds", args: []string{"--fleets", "--state", "skipped"}, server: &fakeTemporal{}, exit: cli.ExitUsage},
		{name: "builds in a state of fleets", args: []string{"--state", "partial"}, server: &fakeTemporal{}, exit: cli.ExitUsage},
		{name: "before a worker ran", args: []string{"--name", "web-base"},
			server: &fakeTemporal{listErr: serviceerror.NewInvalidArgument("invalid query: Namespace default has no mapping defined for search attribute KilnName")}, exit: cli.ExitFailed},
		{name: "with a filter that is none", args: []string{"--query", "?"},
			server: &fakeTemporal{listErr: serviceerror.NewInvalidArgument("malformed query")}, exit: cli.ExitUsage},
		{name: "without a namespace", server: &fakeTemporal{listErr: serviceerror.NewNamespaceNotFound("default")}, exit: cli.ExitConnection},
		{name: "of no build", args: []string{"--limit", "0"}, server: &fakeTemporal{}, exit: cli.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, test.server, append([]string{"list"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

func TestFleetIDsAreCompleted(t *testing.T) {
	server := twoFleets(t)
	server.pages = append(server.pages, threeBuilds(t).pages...)
	got := kiln(t, server, "__complete", "watch", "")
	require.Equal(t, "images\tsucceeded\nnightly\trunning\nweb-base\tsucceeded\ndb-base\trunning\nold-base\tfailed\n:36\n", got.stdout)

	got = kiln(t, twoFleets(t), "__complete", "list", "--fleet", "")
	require.Equal(t, "images\tsucceeded\nnightly\trunning\n:36\n", got.stdout)
}

func TestBuildIDsAreCompleted(t *testing.T) {
	for _, command := range []string{"status", "watch", "cancel"} {
		got := kiln(t, threeBuilds(t), "__complete", command, "")
		require.Equal(t, "web-base\tsucceeded\ndb-base\trunning\nold-base\tfailed\n:36\n", got.stdout)
	}
	got := kiln(t, &fakeTemporal{listErr: serviceerror.NewUnavailable("gone")}, "__complete", "status", "")
	require.Equal(t, ":4\n", got.stdout, "no server, no names, no error")
}

// Where nobody has registered the search attributes, every state goes by Temporal's status.
func TestListByStateWithoutSearchAttributes(t *testing.T) {
	server := &fakeTemporal{wordless: true, pages: []*workflowservice.ListWorkflowExecutionsResponse{{Executions: []*workflowpb.WorkflowExecutionInfo{
		listedBuild(t, "web-base", enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, dawn, nil),
	}}}}
	got := kiln(t, server, "list", "--state", "succeeded")
	require.Zero(t, got.exit, got)
	require.Contains(t, got.stdout, "web-base  succeeded")
	require.Equal(t, "WorkflowType = 'BuildGoldenImage' AND ExecutionStatus IN ('Completed')", server.queries[len(server.queries)-1])

	got = kiln(t, &fakeTemporal{wordless: true}, "list", "--state", "skipped")
	require.Equal(t, cli.ExitFailed, got.exit, "nobody can tell which these are")
	require.Contains(t, got.stderr, "does not know the search attribute KilnState")
}

// What the list shows can be asked for, and what can be asked for is shown.
func TestStatesOfTheListAndItsFilterAreTheSame(t *testing.T) {
	shown := map[string]bool{}
	for status := range enumspb.WorkflowExecutionStatus_name {
		for _, own := range append(states(), "", "rubbish") {
			info := listedBuild(t, "web-base", enumspb.WorkflowExecutionStatus(status), dawn, map[string]string{"KilnState": own})
			shown[string(listing(info).State)] = true
		}
	}
	require.ElementsMatch(t, states(), slices.Collect(maps.Keys(shown)))
	got := kiln(t, &fakeTemporal{}, "__complete", "list", "--state", "")
	require.Equal(t, "running\nwaiting\nsucceeded\nunchanged\nskipped\npartial\nfailed\ncancelled\n:4\n", got.stdout)
}

func TestListedStateIsTheBuildsOwnWord(t *testing.T) {
	for own, want := range map[workflows.State]workflows.State{
		"": workflows.StateSucceeded, workflows.StateRunning: workflows.StateSucceeded, workflows.StateUnchanged: workflows.StateUnchanged, workflows.StateSkipped: workflows.StateSkipped,
	} {
		info := &workflowpb.WorkflowExecutionInfo{Status: enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED}
		if own != "" {
			payload, err := converter.GetDefaultDataConverter().ToPayload(string(own))
			require.NoError(t, err)
			info.SearchAttributes = &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{workflows.AttrState.GetName(): payload}}
		}
		require.Equal(t, want, listing(info).State)
	}
}
