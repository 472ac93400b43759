package starter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	sdktemporal "go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/inventory"
	"github.com/seed1230462e/kiln/workflows"
)

// past is a server with runs of builds.
type past struct {
	*fakeTemporal
	mu      sync.Mutex // several runs are asked for at once
	runs    []pastRun
	queue   bool // a worker polls the task queue
	unseen  *pastRun
	unseenN int // how many descriptions come before it begins
}

type pastRun struct {
	build, id, region string
	status            enumspb.WorkflowExecutionStatus
	ledger            []workflows.Resource // that the end tells, or a worker
}

func (r pastRun) info(age time.Duration) *workflowpb.WorkflowExecutionInfo {
	region, _ := converter.GetDefaultDataConverter().ToPayload(r.region)
	return &workflowpb.WorkflowExecutionInfo{
		Execution: &commonpb.WorkflowExecution{WorkflowId: r.build, RunId: r.id},
		Type:      &commonpb.WorkflowType{Name: workflows.BuildType},
		Status:    r.status, StartTime: timestamppb.New(time.Now().Add(-age)), TaskQueue: "kiln",
		SearchAttributes: &commonpb.SearchAttributes{IndexedFields: map[string]*commonpb.Payload{workflows.AttrRegion.GetName(): region}},
	}
}

func (p *past) ListWorkflow(context.Context, *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	page := &workflowservice.ListWorkflowExecutionsResponse{}
	for i, r := range p.runs {
		page.Executions = append(page.Executions, r.info(time.Duration(i+1)*time.Hour))
	}
	return page, p.listErr
}

func (p *past) DescribeWorkflowExecution(_ context.Context, id, _ string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unseen != nil {
		if p.unseenN--; p.unseenN < 0 {
			p.runs, p.unseen = append([]pastRun{*p.unseen}, p.runs...), nil
		}
	}
	for _, r := range p.runs {
		if r.build == id {
			return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: r.info(time.Hour)}, nil
		}
	}
	return nil, serviceerror.NewNotFound("no such workflow")
}

func (p *past) DescribeTaskQueue(context.Context, string, enumspb.TaskQueueType) (*workflowservice.DescribeTaskQueueResponse, error) {
	res := &workflowservice.DescribeTaskQueueResponse{}
	if p.queue {
		res.Pollers = []*taskqueuepb.PollerInfo{{LastAccessTime: timestamppb.New(time.Now())}}
	}
	return res, nil
}

func (p *past) run(id string) pastRun {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.runs[slices.IndexFunc(p.runs, func(r pastRun) bool { return r.id == id })]
}

func (p *past) QueryWorkflow(_ context.Context, _, runID, _ string, _ ...any) (converter.EncodedValue, error) {
	return payload{workflows.Progress{Resources: p.run(runID).ledger}}, nil
}

func (p *past) GetWorkflow(_ context.Context, _, runID string) client.WorkflowRun {
	return pastEnd{r: p.run(runID)}
}

type pastEnd struct {
	client.WorkflowRun
	r pastRun
}

func (e pastEnd) GetWithOptions(_ context.Context, to any, opts client.WorkflowRunGetOptions) error {
	switch {
	case !opts.DisableFollowingRuns:
		return errors.New("it is not the run that was asked for")
	case e.r.status == enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED:
		return payload{workflows.Result{Resources: e.r.ledger}}.Get(to)
	case e.r.status == enumspb.WORKFLOW_EXECUTION_STATUS_CANCELED:
		return sdktemporal.NewCanceledError(workflows.Cancellation{Resources: e.r.ledger})
	case e.r.status == enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED:
		return &sdktemporal.TerminatedError{}
	}
	return sdktemporal.NewNonRetryableApplicationError("execution: it failed", "PipelineFailed", nil,
		workflows.Failure{Code: "PipelineFailed", Message: "it failed", Step: workflows.StepExecution, Resources: e.r.ledger})
}

// vault is a cloud account with things in it.
type vault struct {
	inventory.ECS
	items  []inventory.Item
	status map[string]string // of executions, by id
	made   map[string]string // images, by the id of their execution
	refuse map[string]error  // by the id that is to be removed
	silent error             // what every list says
	comes  inventory.Item    // an image of an execution that is cancelled

	cancelledAt time.Time
	removed     []string
}

// those are the things of a kind in a region that fit.
func (v *vault) those(region string, kind inventory.Kind, id string, tags alicloud.Tags, keys []string) []inventory.Item {
	var all []inventory.Item
	for _, i := range v.items {
		tagged := i.BuildID != "" && (len(tags) == 0 || tags[inventory.TagToken] == i.Token)
		if i.Region == region && i.Kind == kind && (i.ID == id || id == "" && (tagged || len(tags)+len(keys) == 0)) {
			all = append(all, i)
		}
	}
	return all
}

func tagsOf(i inventory.Item) alicloud.Tags {
	return alicloud.Tags{inventory.TagBuild: i.BuildID, inventory.TagToken: i.Token}
}

func (v *vault) Images(_ context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error) {
	var all []alicloud.Image
	for _, i := range v.those(q.Region, inventory.KindImage, q.ID, q.Tags, q.TagKeys) {
		all = append(all, alicloud.Image{ID: i.ID, Name: i.Name, Status: "Available", CreatedAt: i.CreatedAt, Tags: tagsOf(i)})
	}
	return all, v.silent
}

func (v *vault) Components(_ context.Context, q alicloud.ComponentQuery) ([]alicloud.Component, error) {
	var all []alicloud.Component
	for _, i := range v.those(q.Region, inventory.KindComponent, strings.Join(q.IDs, ""), q.Tags, q.TagKeys) {
		all = append(all, alicloud.Component{ID: i.ID, Name: i.Name, Version: "1.0.0", CreatedAt: i.CreatedAt, Tags: tagsOf(i)})
	}
	return all, v.silent
}

func (v *vault) Pipelines(_ context.Context, q alicloud.PipelineQuery) ([]alicloud.Pipeline, error) {
	var all []alicloud.Pipeline
	for _, i := range v.those(q.Region, inventory.KindTemplate, strings.Join(q.IDs, ""), q.Tags, q.TagKeys) {
		all = append(all, alicloud.Pipeline{ID: i.ID, Name: i.Name, CreatedAt: i.CreatedAt, Tags: tagsOf(i)})
	}
	return all, v.silent
}

func (v *vault) Execution(_ context.Context, region, id string) (alicloud.Execution, error) {
	v.endCancelled(id)
	for _, i := range v.those(region, inventory.KindExecution, id, nil, nil) {
		return alicloud.Execution{ID: i.ID, Status: v.status[id], ImageID: v.made[id], CreatedAt: i.CreatedAt, Tags: tagsOf(i)}, nil
	}
	return alicloud.Execution{}, alicloud.ErrNotFound
}

func (v *vault) BatchImages(_ context.Context, region string) ([]alicloud.BatchImage, error) {
	var all []alicloud.BatchImage
	for _, i := range v.those(region, inventory.KindRegistration, "", nil, nil) {
		all = append(all, alicloud.BatchImage{ID: i.ID, Name: i.Name, ECSImageID: i.Of, CreatedAt: i.CreatedAt})
	}
	return all, v.silent
}

func (v *vault) remove(id string) error {
	if err := v.refuse[id]; err != nil {
		return err
	}
	v.removed = append(v.removed, id)
	v.items = slices.DeleteFunc(v.items, func(i inventory.Item) bool { return i.ID == id })
	return nil
}

func (v *vault) DeleteImage(_ context.Context, _, id string) error     { return v.remove(id) }
func (v *vault) DeleteComponent(_ context.Context, _, id string) error { return v.remove(id) }
func (v *vault) DeletePipeline(_ context.Context, _, id string) error  { return v.remove(id) }
func (v *vault) UnregisterImage(_ context.Context, _, id string) error { return v.remove(id) }

// CancelExecution takes as long as the cloud does, and may come too late for an image.
func (v *vault) CancelExecution(_ context.Context, _, id string) error {
	v.removed, v.status[id], v.cancelledAt = append(v.removed, id), "CANCELLING", time.Now()
	return nil
}

func (v *vault) endCancelled(id string) {
	if v.status[id] != "CANCELLING" || time.Since(v.cancelledAt) < time.Minute {
		return
	}
	v.status[id] = "CANCELLED"
	if v.comes.ID != "" {
		v.items, v.made = append(v.items, v.comes), map[string]string{id: v.comes.ID}
	}
}

// scene is a server and an account that fit together.
type scene struct {
	server  *past
	account *vault
	cloud   error // there is no way to the account
}

func thing(build string, kind inventory.Kind, id, token string) inventory.Item {
	return inventory.Item{Ref: inventory.Ref{Region: "cn-beijing", Kind: kind, ID: id, Token: token, BuildID: build}, Name: "the-" + id, CreatedAt: "1999-12-30T10:00:00Z"}
}

// leftoverScene has a failed build that kept what it made, one that was terminated while
// its template ran, one that succeeded, one that runs, and one that nobody knows.
func leftoverScene() *scene {
	const completed, failed, stopped, running = enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED, enumspb.WORKFLOW_EXECUTION_STATUS_FAILED,
		enumspb.WORKFLOW_EXECUTION_STATUS_TERMINATED, enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
	imported := lineOf("image", "m-1", "t1", made)
	imported.Step = workflows.StepImport
	registered := from(thing("", "registration", "img-6", ""), "m-shared")
	return &scene{
		server: &past{fakeTemporal: &fakeTemporal{}, queue: true, runs: []pastRun{
			{"db", "run-db", "cn-beijing", running, []workflows.Resource{lineOf("image", "m-2", "t2", made)}},
			{"web", "run-web", "cn-beijing", failed, []workflows.Resource{imported, lineOf("component", "ic-1", "t3", made), lineOf("template", "ip-1", "t4", made)}},
			{"app", "run-app", "cn-beijing", completed, []workflows.Resource{lineOf("image", "m-3", "t5", made)}},
			{"job", "run-job", "cn-beijing", stopped, []workflows.Resource{
				lineOf("template", "ip-2", "t6", made), ofA(lineOf("execution", "exec-2", "t7", made), "ip-2"), ofA(lineOf("registration", "img-6", "t8", made), "m-shared")}},
		}},
		account: &vault{status: map[string]string{"exec-2": "BUILDING"}, refuse: map[string]error{}, items: []inventory.Item{
			thing("web", "image", "m-1", "t1"), thing("web", "component", "ic-1", "t3"), thing("web", "template", "ip-1", "t4"),
			thing("db", "image", "m-2", "t2"), thing("app", "image", "m-3", "t5"), thing("old", "image", "m-4", "t9"), thing("", "image", "m-5", ""),
			thing("job", "template", "ip-2", "t6"), thing("job", "execution", "exec-2", "t7"), registered,
		}},
	}
}

// kiln runs a leftovers command in the scene, in fake time.
func (sc *scene) kiln(t *testing.T, args ...string) (o outcome) {
	t.Helper()
	t.Setenv("TEMPORAL_CONFIG_FILE", "/nonexistent")
	t.Setenv("TEMPORAL_ADDRESS", "here:7233")
	synctest.Test(t, func(t *testing.T) {
		var out, errs bytes.Buffer
		a := &app{
			Env: cli.Env{Out: &out, Err: &errs}, name: "kiln", now: func() time.Time { return time.Now().UTC() },
			dial: func(context.Context, client.Options) (temporal, error) { return sc.server, nil },
		}
		root := &cobra.Command{Use: "kiln", SilenceErrors: true, SilenceUsage: true}
		root.AddCommand(newLeftoversCommand(a, func(context.Context, *cli.CloudFlags) (inventory.Account, error) {
			return inventory.Account{ECS: sc.account, Batch: sc.account}, sc.cloud
		}))
		root.SetArgs(append([]string{"leftovers"}, args...))
		if err := root.ExecuteContext(t.Context()); err != nil {
			o.exit = cli.ExitFailed
			var coded *cli.Error
			if errors.As(err, &coded) {
				o.exit = coded.Exit
			}
			_, _ = fmt.Fprintln(&errs, "Error:", err)
		}
		o.stdout, o.stderr = out.String(), errs.String()
	})
	return o
}

func TestLeftovers(t *testing.T) {
	everything := []string{"img-6", "exec-2", "ip-2", "ip-1", "ic-1", "m-1"}
	inUse := &alicloud.Error{API: "DeleteImage", Code: "ImageUsingByInstance", HTTPStatus: 403, Message: "The specified image has been used to create instances.", RequestID: "473469C7"}
	away := &alicloud.Error{API: "DescribeImages", Code: "ServiceUnavailable", HTTPStatus: 503, Message: "The request has failed due to a temporary failure of the server."}
	for _, test := range []struct {
		name    string
		args    string
		change  func(*scene)
		exit    int
		removed []string
	}{
		{name: "listed", args: "list"},
		{name: "listed in json", args: "list -o json"},
		{name: "listed in jsonl", args: "list -o jsonl --build-id web"},
		{name: "listed of one build", args: "list --build-id web"},
		{name: "listed of a forgotten build", args: "list --build-id old"},
		{name: "listed when they are old", args: "list --older-than 48h"},
		{name: "listed when they are not that old", args: "list --older-than 1000h"},
		{name: "listed when there are none", args: "list", change: func(sc *scene) { sc.account.items = nil }},
		{name: "listed when there are none in json", args: "list -o json", change: func(sc *scene) { sc.account.items = nil }},
		{name: "listed elsewhere", args: "list --region cn-hangzhou --region cn-shanghai"},
		{name: "listed without a worker", args: "list", change: func(sc *scene) { sc.server.queue = false }},
		{name: "listed without a region", args: "list", change: func(sc *scene) { sc.server.runs = nil }, exit: cli.ExitUsage},
		{name: "listed of no age", args: "list --older-than -1h", exit: cli.ExitUsage},
		{name: "listed without credentials", args: "list", change: func(sc *scene) {
			sc.cloud = cli.Fail(cli.ExitConnection, fmt.Errorf("%w: set ALIBABA_CLOUD_ACCESS_KEY_ID", alicloud.ErrNoCredentials))
		}, exit: cli.ExitConnection},
		{name: "listed by somebody who may not", args: "list", change: func(sc *scene) {
			sc.account.items, sc.account.silent = nil, &alicloud.Error{API: "DescribeImages", Code: "Forbidden.RAM", HTTPStatus: 403, Message: "User not authorized."}
		}, exit: cli.ExitConnection},
		{name: "listed while the service is away", args: "list", change: func(sc *scene) { sc.account.items, sc.account.silent = nil, away }, exit: cli.ExitFailed},
		{name: "listed in json while the service is away", args: "list -o json", change: func(sc *scene) { sc.account.items, sc.account.silent = nil, away }, exit: cli.ExitFailed},
		{name: "listed in part", args: "list", change: func(sc *scene) { sc.account.silent = away }, exit: cli.ExitPartial},
		{name: "listed without a namespace", args: "list", change: func(sc *scene) { sc.server.listErr = serviceerror.NewNamespaceNotFound("default") }, exit: cli.ExitConnection},

		{name: "swept as a trial", args: "sweep --older-than 1h --region cn-beijing"},
		{name: "swept as a trial in json", args: "sweep -o json --build-id web"},
		{name: "swept", args: "sweep --yes", removed: everything},
		{name: "swept in json", args: "sweep --yes -o json --build-id job", removed: everything[:3]},
		{name: "swept of a forgotten build", args: "sweep --yes --build-id old", removed: []string{"m-4"}},
		{name: "swept when there are none", args: "sweep --yes", change: func(sc *scene) { sc.account.items = nil }},
		{name: "swept in part", args: "sweep --yes", change: func(sc *scene) { sc.account.refuse["m-1"] = inUse }, exit: cli.ExitPartial, removed: everything[:5]},
		{name: "swept in vain", args: "sweep --yes --build-id web", change: func(sc *scene) {
			sc.account.refuse = map[string]error{"m-1": inUse, "ic-1": inUse, "ip-1": inUse}
		}, exit: cli.ExitFailed},
		{name: "swept while the execution cannot be cancelled", args: "sweep --yes --build-id job", change: func(sc *scene) { sc.account.status["exec-2"] = "TESTING" },
			exit: cli.ExitPartial, removed: []string{"img-6"}},
		{name: "swept with the image that came out in the end", args: "sweep --yes --build-id job", change: func(sc *scene) {
			sc.account.comes = thing("job", "image", "m-7", "t6")
		}, removed: []string{"img-6", "exec-2", "m-7", "ip-2"}},
		{name: "swept while the build is retried", args: "sweep --yes --build-id web", change: func(sc *scene) {
			sc.server.unseen, sc.server.unseenN = &pastRun{"web", "run-again", "cn-beijing", enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING, nil}, 5+1
		}, exit: cli.ExitPartial, removed: []string{"ip-1"}},
		{name: "swept while a run that was not listed has it", args: "sweep --yes --build-id web", change: func(sc *scene) {
			again := sc.server.runs[1]
			again.id, again.status = "run-again", enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING
			sc.server.unseen = &again
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			sc := leftoverScene()
			if test.change != nil {
				test.change(sc)
			}
			got := sc.kiln(t, strings.Fields(test.args)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
			require.Equal(t, test.removed, sc.account.removed)
		})
	}
}

func TestCalledAs(t *testing.T) {
	sc := leftoverScene()
	got := sc.kiln(t, "sweep", "--region", "cn-beijing", "--build-id", "web", "--older-than", "1h", "--api-key", "secret", "--address", "there:7233")
	require.Contains(t, got.stderr, "kiln leftovers sweep --address there:7233 --build-id web --older-than 1h0m0s --region cn-beijing --yes\n")
	require.NotContains(t, got.String(), "secret")
	require.Equal(t, `'it'\''s a build'`, shellWord("it's a build"))
}
