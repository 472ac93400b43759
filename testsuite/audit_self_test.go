package testsuite

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// records are hand-made evidence that a row of the test spoils.
type records struct{ evidence }

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// goodRecords are those of one build that made everything, beside an image of somebody else.
func goodRecords() *records {
	r := &records{evidence{secrets: []string{"hush"}, said: map[string]string{}, excused: map[string]bool{}}}
	foreign := emulator.Resource{Kind: "image", Region: hangzhou, ID: "m-other", Name: "other", Status: "Available", Body: json.RawMessage(`{"Name":"other"}`)}
	r.before.Resources = []emulator.Resource{foreign}
	r.after.Resources = []emulator.Resource{foreign}
	r.make(0, "ImportImage", "tok1", map[string]string{"ImageName": "base"}, "m-base", "t-1")
	r.look(1, "DescribeTaskAttribute", "TaskId", "t-1")
	r.make(2, "CreateImageComponent", "tok2", map[string]string{"Name": "nginx", "ComponentVersion": "1.0.0"}, "ic-1")
	r.make(3, "CreateImagePipeline", "tok3", map[string]string{"BaseImage": "m-base"}, "ip-1")
	r.make(4, "StartImagePipelineExecution", "tok4", map[string]string{"ImagePipelineId": "ip-1"}, "exec-1", "m-gold")
	r.make(5, "CreateImage", "tok5", map[string]string{"EcsImageId": "m-gold"}, "img-1")
	r.thing("image", "m-base", "Available", "tok1", "")
	r.thing("task", "t-1", "Finished", "", `"ImageID":"m-base"`)
	r.thing("component", "ic-1", "", "tok2", `"Content":"RUN true"`)
	r.thing("pipeline", "ip-1", "", "tok3", "")
	r.thing("execution", "exec-1", "SUCCESS", "tok4", `"Images":[{"ID":"m-gold","Region":"cn-hangzhou"}]`)
	r.thing("image", "m-gold", "Available", "tok3", "")
	r.thing("batchimage", "img-1", "", "", `"EcsImageID":"m-gold"`)
	line := func(step workflows.Step, kind workflows.Kind, id, token string) workflows.Resource {
		return workflows.Resource{Step: step, Kind: kind, Region: hangzhou, ID: id, Token: token, State: workflows.ResourceMade}
	}
	over := func(step workflows.Step, kind workflows.Kind, id, token string) workflows.Resource {
		run := line(step, kind, id, token)
		run.State = workflows.ResourceOver
		return run
	}
	ledger := []workflows.Resource{
		line("import", workflows.KindImage, "m-base", "tok1"), over("import", workflows.KindTask, "t-1", "tok1"),
		line("components/0", workflows.KindComponent, "ic-1", "tok2"), line("template", workflows.KindTemplate, "ip-1", "tok3"),
		over("execution", workflows.KindExecution, "exec-1", "tok4"), line("execution", workflows.KindImage, "m-gold", "tok4"),
		line("register", workflows.KindRegistration, "img-1", "tok5"),
	}
	r.builds = []testimony{{
		id: "web", mustSucceed: true,
		document: spec.Build{Components: []spec.Component{{Name: "nginx", Content: "RUN true"}}},
		result: &workflows.Result{BuildID: "web", ImportedImageID: "m-base", ImportTaskID: "t-1", PipelineID: "ip-1", ExecutionID: "exec-1",
			ImageID: "m-gold", BatchComputeImageID: "img-1", Components: []workflows.ResultComponent{{Name: "nginx", ID: "ic-1"}},
			Tokens: map[workflows.Step]string{"register": "tok5"}, Resources: ledger},
		progress: workflows.Progress{State: workflows.StateSucceeded, Resources: ledger},
	}}
	return r
}

// tagged are the parameters of a creating call.
func tagged(build, token string, params map[string]string) map[string]string {
	all := maps.Clone(params)
	if all == nil {
		all = map[string]string{}
	}
	all["ClientToken"] = token
	all["Tag.1.Key"], all["Tag.1.Value"], all["Tag.2.Key"], all["Tag.2.Value"] = "kiln:build", build, "kiln:token", token
	return all
}

// make adds a call that made something, some minutes after noon.
func (r *records) make(minutes int, action, token string, params map[string]string, ids ...string) *request {
	one := request{
		Time: noon.Add(time.Duration(minutes) * time.Minute), RequestID: fmt.Sprint("R-", len(r.requests)+1), Service: "ecs",
		Action: action, Region: hangzhou, Status: 200, Token: token, ResourceIDs: ids, Params: tagged("web", token, params),
	}
	if action == "CreateImage" {
		one.Service, one.Path, one.Status = "batchcompute", "/images", 201
		one.Params = map[string]string{"IdempotentToken": token, "EcsImageId": params["EcsImageId"]}
	}
	r.requests = append(r.requests, one)
	return &r.requests[len(r.requests)-1]
}

// refuse adds a call that was refused.
func (r *records) refuse(minutes int, action, token, code string, params map[string]string) {
	one := r.make(minutes, action, token, params)
	one.Status, one.Code = 400, code
}

func (r *records) look(minutes int, action, name, id string) {
	r.requests = append(r.requests, request{
		Time: noon.Add(time.Duration(minutes) * time.Minute), RequestID: fmt.Sprint("R-", len(r.requests)+1), Service: "ecs",
		Action: action, Region: hangzhou, Status: 200, Params: map[string]string{name: id},
	})
}

// thing adds a resource of the build to what is there afterwards.
func (r *records) thing(kind, id, status, token, members string) {
	body := ""
	if token != "" {
		body = fmt.Sprintf(`"Tags":[{"TagKey":"kiln:build","TagValue":"web"},{"TagKey":"kiln:token","TagValue":%q}]`, token)
	}
	if body != "" && members != "" {
		body += ","
	}
	r.after.Resources = append(r.after.Resources, emulator.Resource{
		Kind: kind, Region: hangzhou, ID: id, Name: id, Status: status, Body: json.RawMessage("{" + body + members + "}"),
	})
}

// forget drops the lines of an action from the log.
func (r *records) forget(action string) {
	r.requests = slices.DeleteFunc(r.requests, func(one request) bool { return one.Action == action })
}

func (r *records) drop(id string) {
	r.after.Resources = slices.DeleteFunc(r.after.Resources, func(one emulator.Resource) bool { return one.ID == id })
}

func (r *records) status(id, status string) {
	at := slices.IndexFunc(r.after.Resources, func(one emulator.Resource) bool { return one.ID == id })
	r.after.Resources[at].Status = status
}

// line changes lines of the ledger.
func (r *records) line(id string, change func(*workflows.Resource)) {
	ledger := r.builds[0].result.Resources
	change(&ledger[slices.IndexFunc(ledger, func(line workflows.Resource) bool { return line.ID == id })])
}

// failed makes a failure of the build's end.
func (r *records) failed(f workflows.Failure) {
	f.Message, f.Class, f.Advice, f.Resources = "It is so.", "stop", "Do something.", r.builds[0].result.Resources
	r.builds[0].result, r.builds[0].failure, r.builds[0].mustSucceed = nil, &f, false
}

func TestAuditFindsNothingInGoodRecords(t *testing.T) {
	require.Empty(t, audit(goodRecords().evidence))
}

// Each way to break a promise is found, and found by the invariant that is named for it.
func TestAuditFindsEachBrokenPromise(t *testing.T) {
	proved := map[string]bool{}
	for _, row := range broken {
		t.Run(row.invariant+": "+row.claim, func(t *testing.T) {
			r := goodRecords()
			row.spoil(r)
			var found []string
			for _, v := range audit(r.evidence) {
				found = append(found, v.Invariant)
				t.Log(v.Invariant, "-", v.Says)
			}
			require.Contains(t, found, row.invariant)
			require.Subset(t, append(row.also, row.invariant), found)
			proved[row.invariant] = true
		})
	}
	for _, i := range invariants {
		require.True(t, proved[i.name], "%s: %s", i.name, i.promises)
	}
}

// A real build with a lost answer gives the auditor nothing to say, and the same evidence
// with a second image does.
func TestAuditOfARealBuild(t *testing.T) {
	bubble(t, func(y *yard) {
		before := y.state()
		y.plan(emulator.Fault{Action: starts, To: 1, Do: emulator.Reset, When: emulator.After})
		v := y.build(order{document: golden})
		require.NoError(t, v.err)
		e := evidence{before: before, requests: y.requests(func(request) bool { return true }), after: y.state(), builds: []testimony{v.testimony("golden")}}
		require.Empty(t, audit(e))
		e.requests = append(e.requests, e.requests[0])
		require.NotEmpty(t, audit(e))
	})
}

// What looks like a broken promise and is none.
func TestAuditLetsPass(t *testing.T) {
	for claim, change := range map[string]func(r *records){
		"a call after a refusal that may have been lost with its worker": func(r *records) {
			r.forget("ImportImage")
			r.refuse(-2, "ImportImage", "tok1", "InvalidOSSObject.NotFound", map[string]string{"ImageName": "base"})
			r.make(-1, "ImportImage", "tok1", map[string]string{"ImageName": "base"}, "m-base", "t-1")
			r.losses = append(r.losses, noon.Add(-110*time.Second))
		},
		"a call of a worker that was given up and went on": func(r *records) {
			r.refuse(6, "StartImagePipelineExecution", "tok4", "InvalidImagePipeline.NotFound", map[string]string{"ImagePipelineId": "ip-1"})
			r.refuse(7, "StartImagePipelineExecution", "tok4", "InvalidImagePipeline.NotFound", map[string]string{"ImagePipelineId": "ip-1"})
			r.strays = append(r.strays, noon.Add(7*time.Minute))
		},
		"a second execution with a token of the next epoch": func(r *records) {
			r.make(6, "StartImagePipelineExecution", "tok4b", map[string]string{"ImagePipelineId": "ip-1"}, "exec-2")
			r.thing("execution", "exec-2", "FAILED", "tok4b", "")
			ledger := append(r.builds[0].result.Resources, workflows.Resource{Step: "execution", Kind: workflows.KindExecution,
				Region: hangzhou, ID: "exec-2", Token: "tok4b", Epoch: 1, State: workflows.ResourceMade})
			r.builds[0].result.Resources, r.builds[0].progress.Resources = ledger, ledger
		},
		"a repeat that the token answers": func(r *records) {
			r.make(6, "ImportImage", "tok1", map[string]string{"ImageName": "base"}, "m-base", "t-1").Repeat = true
		},
		"what strangers make while the build runs": func(r *records) { r.make(6, "ImportImage", "stranger7", nil, "m-7", "t-7") },
		"what the test itself removed":             func(r *records) { r.drop("m-gold"); r.excused["m-gold"] = true },
		"an imported image that the build removed": func(r *records) { r.drop("m-base"); r.line("m-base", removed) },
		"a template that the build removed":        func(r *records) { r.drop("ip-1"); r.drop("exec-1"); r.line("ip-1", removed) },
		"a registration whose line was lost with the cloud": func(r *records) {
			r.forget("CreateImage")
			at := slices.IndexFunc(r.after.Resources, func(one emulator.Resource) bool { return one.ID == "img-1" })
			r.after.Resources[at].Tokens = []string{"tok5"}
		},
		"the removal of an image whose line was lost with the cloud": func(r *records) {
			r.forget("ImportImage")
			r.look(6, "DeleteImage", "ImageId", "m-base")
			r.drop("m-base")
			r.line("m-base", removed)
			r.gaps = true
		},
		"the template of an execution whose line was lost with the cloud": func(r *records) {
			r.forget("StartImagePipelineExecution")
			r.drop("ip-1")
			r.drop("exec-1")
			r.line("ip-1", removed)
			r.line("exec-1", func(line *workflows.Resource) { line.Of = "ip-1" })
			r.gaps = true
		},
		"an execution that is cancelled": func(r *records) { r.status("exec-1", "CANCELLED"); r.line("exec-1", removed) },
	} {
		t.Run(claim, func(t *testing.T) {
			r := goodRecords()
			change(r)
			require.Empty(t, audit(r.evidence))
		})
	}
}

func removed(line *workflows.Resource) { line.State = workflows.ResourceRemoved }

// longHistory has more events than a build needs.
func longHistory() *historypb.History {
	return &historypb.History{Events: make([]*historypb.HistoryEvent, longestHistory)}
}
