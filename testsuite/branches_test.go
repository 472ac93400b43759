//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/workflows"
)

const (
	oneComponent  = `"components": [{"name": "one", "content": "RUN echo one"}]`
	wholeChain    = importOneDisk + `, ` + oneComponent + `, "batchCompute": {}`
	noBatchRole   = `roles: {batchCompute: missing}`
	cleansUp      = `, "onFailure": "cleanup"}`
	failedImports = `{begin: ImportImage, imports: {fail: {code: ImportImage.DiskUnreadable, message: The disk cannot be read.}, after: 1m}}`
)

// branches are the ways of a build that begin with a state of the account. Each leaves a
// history that the replay test of package workflows keeps.
var branches = []struct {
	name, conditions, document string
	fails                      string // the code; empty: it succeeds
	activities                 []string
}{
	{"cleaned-up", noBatchRole, wholeChain + cleansUp, "InvalidRoleArn", []string{"Remove"}},
	{"kept", noBatchRole, wholeChain + `}`, "InvalidRoleArn", nil},
	{"left", `{roles: {batchCompute: missing}, forbid: {DeleteImagePipeline: ram}}`, wholeChain + cleansUp, "InvalidRoleArn", []string{"Remove"}},
	{"spent", ``, wholeChain + `, "onSuccess": {"importedImage": "remove", "components": "remove", "template": "remove"}}`, "", []string{"Remove"}},
	{"import-begun-anew", failedImports, importOneDisk + `, "retries": {"import": 2}}`, "ImportFailed", []string{"Remove", "AwaitImport"}},
	{"execution-begun-anew", `executions: {status: FAILED, reason: {code: Broken, message: It broke.}}`,
		`"source": {"imageId": "m-bp1kilnubuntu2404x64"}, "template": {"buildContent": "RUN true"}, "retries": {"execution": 1}, "onFailure": "cleanup"}`,
		"PipelineFailed", []string{"StartExecution", "Remove"}},
	{"tests-failed", `executions: {status: TEST_FAILED, reason: {code: TestFailed, message: The test exited with 1.}}`,
		`"source": {"imageId": "m-bp1kilnubuntu2404x64"}, "template": {"testContent": "RUN true"}, "onFailure": "cleanup"}`,
		"ImageTestsFailed", []string{"Remove"}},
	{"copied", ``, `"source": {"imageId": "m-bp1kilnubuntu2404x64"}, "template": {"buildContent": "RUN true", "toRegionIds": ["cn-beijing"]}}`, "", nil},
}

func TestBuildsThatBranch(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	for _, branch := range branches {
		t.Run(branch.name, func(t *testing.T) {
			p.conditions(t, branch.conditions)
			result, err := p.runBare(c, branch.name, `{"name": "`+branch.name+`", "region": "cn-hangzhou", `+branch.document)
			if branch.fails != "" {
				var failed *temporal.ApplicationError
				require.ErrorAs(t, err, &failed)
				require.Equal(t, branch.fails, failed.Type(), err)
			} else {
				require.NoError(t, err)
				require.Equal(t, workflows.OutcomeSucceeded, result.Outcome, result.Warnings)
			}
			happened := history(t, c, branch.name)
			require.Subset(t, scheduled(happened), branch.activities)
			requireSummaries(t, happened)
			record(t, happened, branch.name)
		})
	}
}

// What a failed build made is taken up by a second start of the build.
func TestBuildsThatGoOn(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	for name, from := range map[string]workflows.Step{"retry": "", "retry-from-execution": workflows.StepExecution} {
		t.Run(name, func(t *testing.T) {
			p.conditions(t, noBatchRole)
			document := json.RawMessage(`{"name": "goes-on", "region": "cn-hangzhou", ` + wholeChain + `}`)
			start := client.StartWorkflowOptions{ID: name, TaskQueue: "kiln", WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE}
			first, err := c.ExecuteWorkflow(context.Background(), start, "BuildGoldenImage", document)
			require.NoError(t, err)
			var failed *temporal.ApplicationError
			require.ErrorAs(t, first.Get(context.Background(), nil), &failed)
			var failure workflows.Failure
			require.NoError(t, failed.Details(&failure))
			p.conditions(t, ``)

			imports := p.effects(t, "ImportImage")
			retry := workflows.Retry{RunID: first.GetRunID(), Origin: first.GetRunID(), From: from, Resources: failure.Resources}
			run, err := c.ExecuteWorkflow(context.Background(), start, "BuildGoldenImage", document, retry)
			require.NoError(t, err)
			var result workflows.Result
			require.NoError(t, run.Get(context.Background(), &result))
			require.Equal(t, workflows.OutcomeSucceeded, result.Outcome, result.Warnings)
			require.Equal(t, imports, p.effects(t, "ImportImage"))
			record(t, history(t, c, name), name)
		})
	}
}
