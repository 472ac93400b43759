//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/inventory"
)

// leftover is a line of what `kiln leftovers` prints.
type leftover struct {
	Kind, ID, BuildID, State, Why, Outcome string
	CreatedAt                              *time.Time
	Retry                                  bool
}

// wholeBuild has every step. Its component is its own.
func wholeBuild(name string) string {
	return fmt.Sprintf(`{"name": %[1]q, "region": "cn-hangzhou", %[2]s, "components": [{"name": %[1]q, "version": "1.0.0", "content": "RUN echo %[1]s"}],
		"batchCompute": {"name": %[1]q}}`, name, importOneDisk)
}

// begin starts a build and returns.
func (p *machine) begin(t *testing.T, c client.Client, document string) {
	t.Helper()
	name := decode[struct{ Name string }](t, document).Name
	_, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: name, TaskQueue: "kiln"}, "BuildGoldenImage", json.RawMessage(document))
	require.NoError(t, err)
}

// there is what the cloud has, by id.
func (p *machine) there(t *testing.T) map[string]emulator.Resource {
	t.Helper()
	all := map[string]emulator.Resource{}
	for _, r := range decode[emulator.State](t, string(p.admin(t, http.MethodGet, "state", ""))).Resources {
		all[r.ID] = r
	}
	return all
}

// lacking are the ids that were there before, without those of runs that have ended: a
// template takes its executions along, and an image its task.
func lacking(before, after map[string]emulator.Resource) []string {
	var ids []string
	for id, r := range before {
		if _, still := after[id]; !still && r.Kind != "execution" && r.Kind != "task" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// leftovers are those that `kiln leftovers list` shows in a state, by build.
func (p *machine) leftovers(t *testing.T, state string) map[string][]string {
	t.Helper()
	listed := p.kiln(t, "leftovers", "list", "-o", "json")
	require.Zero(t, listed.code, listed.stderr)
	found := map[string][]string{}
	for _, l := range decode[[]leftover](t, listed.stdout) {
		if l.State == state {
			found[l.BuildID] = append(found[l.BuildID], l.ID)
		}
	}
	for _, ids := range found {
		slices.Sort(ids)
	}
	return found
}

// account is the emulated cloud as somebody else uses it.
func (p *machine) account(t *testing.T) *alicloud.Cloud {
	t.Helper()
	cloud, err := alicloud.New(alicloud.Options{ECSEndpoint: p.CloudURL, BatchComputeEndpoint: p.CloudURL, AccessKeyID: p.AccessKeyID, AccessKeySecret: p.AccessKeySecret})
	require.NoError(t, err)
	return cloud
}

// component makes one that no build of this Temporal has made.
func (p *machine) component(t *testing.T, name string, tags alicloud.Tags) string {
	t.Helper()
	id, err := p.account(t).CreateComponent(context.Background(), alicloud.CreateComponentRequest{
		Region: "cn-hangzhou", ClientToken: name, Name: name, Version: "1.0.0", Content: "RUN true", Tags: tags})
	require.NoError(t, err)
	return id
}

// tagged are the ids of what carries the tag of a build.
func (p *machine) tagged(t *testing.T, build string) []string {
	t.Helper()
	cloud, tags := p.account(t), alicloud.Tags{inventory.TagBuild: build}
	images, err := cloud.Images(context.Background(), alicloud.ImageQuery{Region: "cn-hangzhou", Tags: tags})
	require.NoError(t, err)
	components, err := cloud.Components(context.Background(), alicloud.ComponentQuery{Region: "cn-hangzhou", Tags: tags})
	require.NoError(t, err)
	templates, err := cloud.Pipelines(context.Background(), alicloud.PipelineQuery{Region: "cn-hangzhou", Tags: tags})
	require.NoError(t, err)
	var ids []string
	for _, i := range images {
		ids = append(ids, i.ID)
	}
	for _, i := range components {
		ids = append(ids, i.ID)
	}
	for _, i := range templates {
		ids = append(ids, i.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestLeftoversOfAFailedBuild(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	p.component(t, "untagged", nil)
	p.component(t, "tagged", alicloud.Tags{"team": "web"})
	forgotten := p.component(t, "forgotten", alicloud.Tags{inventory.TagBuild: "forgotten", inventory.TagToken: "t"})
	_, err := p.runBare(c, "good", wholeBuild("good"))
	require.NoError(t, err)

	p.conditions(t, "executions: {status: FAILED, reason: {code: BuildFailed, message: The build exited with 1.}}")
	_, err = p.runBare(c, "bad", wholeBuild("bad"))
	require.ErrorContains(t, err, "BuildFailed")
	p.conditions(t, "imports: {stuck: true}")
	looks := p.calls(t, "DescribeTaskAttribute")
	p.begin(t, c, wholeBuild("busy"))
	p.asked(t, "DescribeTaskAttribute", looks+2)

	kept := p.tagged(t, "bad")
	require.Len(t, kept, 3, "image, component and template")
	eventually(t, "the failed build's are listed", func() bool { return len(p.leftovers(t, "leftover")) > 0 })
	require.Equal(t, map[string][]string{"bad": kept}, p.leftovers(t, "leftover"))
	require.Equal(t, map[string][]string{"forgotten": {forgotten}}, p.leftovers(t, "unknown"))

	before := p.there(t)
	trial := p.kiln(t, "leftovers", "sweep", "--region", "cn-hangzhou")
	require.Zero(t, trial.code, trial.stderr)
	require.Contains(t, trial.stderr, "kiln leftovers sweep --region cn-hangzhou --yes\n")
	young := p.kiln(t, "leftovers", "sweep", "--yes", "--older-than", "24000h", "-o", "json")
	require.Zero(t, young.code, young.stderr)
	require.JSONEq(t, "[]", young.stdout)
	require.Empty(t, lacking(before, p.there(t)), "nothing was changed so far")

	swept := p.kiln(t, "leftovers", "sweep", "--yes")
	require.Zero(t, swept.code, swept.stderr)
	require.Equal(t, kept, lacking(before, p.there(t)), swept.stdout)
	require.Empty(t, p.leftovers(t, "leftover"))

	before = p.there(t)
	swept = p.kiln(t, "leftovers", "sweep", "--yes", "--build-id", "forgotten")
	require.Zero(t, swept.code, swept.stderr)
	require.Equal(t, []string{forgotten}, lacking(before, p.there(t)))
}

// Of a build that was terminated only a worker can tell the ledger.
func TestLeftoversOfATerminatedBuild(t *testing.T) {
	p := up(t, "--no-worker", "--speed", "3000", "--headless")
	c := p.temporal(t)
	first := p.worker(t)
	p.conditions(t, "executions: {stuck: true}")
	p.begin(t, c, wholeBuild("halted"))
	p.asked(t, "DescribeImagePipelineExecutions", 1)
	require.NoError(t, c.TerminateWorkflow(context.Background(), "halted", "", "a test"))
	first.kill()

	kept := p.tagged(t, "halted")
	require.Equal(t, map[string][]string{"halted": kept}, p.leftovers(t, "unknown"))
	before := p.there(t)
	swept := p.kiln(t, "leftovers", "sweep", "--yes", "--build-id", "halted")
	require.Zero(t, swept.code, swept.stderr)
	require.Contains(t, swept.stderr, "3 more may be in use and stay")
	require.Empty(t, lacking(before, p.there(t)))

	p.worker(t)
	eventually(t, "a worker tells the ledger", func() bool { return len(p.leftovers(t, "leftover")) > 0 })
	swept = p.kiln(t, "leftovers", "sweep", "--yes", "-o", "json")
	require.Zero(t, swept.code, swept.stderr)
	var ended []string
	for _, l := range decode[[]leftover](t, swept.stdout) {
		if l.Outcome == "ended" {
			ended = append(ended, l.Kind)
		}
	}
	require.Equal(t, []string{"execution"}, ended)
	require.Equal(t, 1, p.effects(t, "CancelImagePipelineExecution"))
	require.Equal(t, kept, lacking(before, p.there(t)))
	require.Empty(t, p.leftovers(t, "leftover"))
}

func TestLeftoversOfATerminatedImport(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	p.conditions(t, "imports: {stuck: true}")
	p.begin(t, c, wholeBuild("halted"))
	p.asked(t, "DescribeTaskAttribute", 1)
	require.NoError(t, c.TerminateWorkflow(context.Background(), "halted", "", "a test"))
	eventually(t, "task and image are listed", func() bool { return len(p.leftovers(t, "leftover")["halted"]) == 2 })
	swept := p.kiln(t, "leftovers", "sweep", "--yes", "--build-id", "halted")
	require.Zero(t, swept.code, swept.stderr)
	require.Equal(t, 1, p.effects(t, "CancelTask"))
	require.Empty(t, p.tagged(t, "halted"))
	require.Empty(t, p.leftovers(t, "leftover"))
}

// What takes no tags, and what carries those of the build that made the template, is
// known by the ledger alone.
func TestLeftoversThatOnlyALedgerKnows(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	good, err := p.runBare(c, "good", wholeBuild("good"))
	require.NoError(t, err)
	p.faults(t, `[{"action": "BatchCompute.CreateImage", "do": "reset", "when": "after"}, {"action": "BatchCompute.ListImages", "do": "refuse", "code": "ServiceUnavailable"}]`)
	before := p.there(t)
	p.begin(t, c, fmt.Sprintf(`{"name": "job", "region": "cn-hangzhou", "template": {"id": %q}, "batchCompute": {"name": "job"}}`, good.PipelineID))
	eventually(t, "the image is registered", func() bool { return len(registrations(p.there(t))) == 2 })
	require.NoError(t, c.TerminateWorkflow(context.Background(), "job", "", "a test"))
	p.admin(t, http.MethodDelete, "faults", "")

	made := lacking(p.there(t), before)
	require.Len(t, made, 2, "image and registration")
	eventually(t, "they are listed", func() bool { return slices.Equal(made, p.leftovers(t, "leftover")["job"]) })
	swept := runCommand(t, p.env(t), kilndevBin(t), "leftovers", "sweep", "--yes")
	require.Zero(t, swept.code, swept.stderr)
	require.Empty(t, lacking(before, p.there(t)), "what the other build has made stays: %s", swept.stdout)
	require.Empty(t, lacking(p.there(t), before))
}

func registrations(there map[string]emulator.Resource) []string {
	var ids []string
	for id, r := range there {
		if r.Kind == "batchimage" {
			ids = append(ids, id)
		}
	}
	return ids
}

func TestLeftoversThatCannotBeRemoved(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	p.conditions(t, "executions: {status: FAILED}")
	_, err := p.runBare(p.temporal(t), "bad", wholeBuild("bad"))
	require.Error(t, err)
	p.faults(t, `{"action": "DeleteImage", "do": "refuse", "code": "ImageUseShared"}`)
	before := p.there(t)
	eventually(t, "they are listed", func() bool { return len(p.leftovers(t, "leftover")["bad"]) == 3 })
	swept := p.kiln(t, "leftovers", "sweep", "--yes")
	require.Equal(t, 6, swept.code, swept.stderr)
	require.Contains(t, swept.stdout, "ImageUseShared")
	require.Len(t, lacking(before, p.there(t)), 2)
	require.Equal(t, 1, p.kiln(t, "leftovers", "sweep", "--yes").code, "nothing could be removed")

	keyless := runCommand(t, environment(t, "TEMPORAL_ADDRESS="+p.TemporalAddress, "KILN_ECS_ENDPOINT="+p.CloudURL), kilnBin(t), "leftovers", "list")
	require.Equal(t, 4, keyless.code, keyless.stderr)
	require.Contains(t, keyless.stderr, "ALIBABA_CLOUD_ACCESS_KEY_ID")
	require.Equal(t, 4, runCommand(t, environment(t, "TEMPORAL_ADDRESS=127.0.0.1:1"), kilnBin(t), "leftovers", "list").code)
}
