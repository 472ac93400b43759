package testsuite

import (
	"encoding/json"
	"time"

	"github.com/seed1230462e/kiln/workflows"
)

// broken are the ways to break each promise. Also are the invariants that the same records
// break as well.
var broken = []struct {
	invariant, claim string
	spoil            func(r *records)
	also             []string
}{
	{"one-live", "a second image with the token", func(r *records) { r.thing("image", "m-base2", "Available", "tok1", "") }, []string{"nothing-lost"}},
	{"one-live", "a second template of a step, whose token the ledger does not know", func(r *records) {
		r.make(6, "CreateImagePipeline", "tok3b", map[string]string{"BaseImage": "m-base"}, "ip-2")
		r.thing("pipeline", "ip-2", "", "tok3b", "")
	}, []string{"doubled", "nothing-lost"}},
	{"doubled", "two effects of a token, one of them gone by now", func(r *records) {
		r.make(6, "ImportImage", "tok1", map[string]string{"ImageName": "base"}, "m-base2", "t-2")
	}, nil},
	{"doubled", "two effects of a registration's token", func(r *records) {
		r.make(6, "CreateImage", "tok5", map[string]string{"EcsImageId": "m-gold"}, "img-2")
	}, nil},
	{"doubled", "an effect whose answer was lost, then another", func(r *records) {
		effect, one := true, r.make(-1, "CreateImageComponent", "tok2", map[string]string{"Name": "nginx", "ComponentVersion": "1.0.0"}, "ic-0")
		one.Fault, one.Effect, one.Status = "reset", &effect, 0
	}, nil},
	{"foreign", "an image of somebody else is deleted", func(r *records) { r.look(6, "DeleteImage", "ImageId", "m-other"); r.drop("m-other") }, nil},
	{"foreign", "an image of somebody else is to be deleted, and the cloud would not", func(r *records) { r.look(6, "DeleteImage", "ImageId", "m-other") }, nil},
	{"foreign", "an image of the build's own is deleted by force", func(r *records) {
		r.look(6, "DeleteImage", "ImageId", "m-base")
		r.requests[len(r.requests)-1].Params["Force"] = "true"
	}, nil},
	{"foreign", "an execution of somebody else is cancelled", func(r *records) { r.look(6, "CancelImagePipelineExecution", "ExecutionId", "exec-other") }, nil},
	{"foreign", "a thing of somebody else is changed", func(r *records) { r.after.Resources[0].Body = json.RawMessage(`{"Name":"mine"}`) }, nil},
	{"foreign", "something is made without a tag", func(r *records) {
		r.make(6, "ImportImage", "tok9", nil, "m-9").Params = map[string]string{"ClientToken": "tok9"}
	}, nil},
	{"foreign", "a registration is made with a token that no build knows", func(r *records) { r.make(6, "CreateImage", "tok9", nil, "img-9") }, nil},
	{"truth", "the golden image does not exist", func(r *records) { r.drop("m-gold") }, nil},
	{"truth", "the golden image cannot be used", func(r *records) { r.status("m-gold", "CreateFailed") }, nil},
	{"truth", "the execution failed", func(r *records) { r.status("exec-1", "FAILED") }, nil},
	{"truth", "a copy is not of the execution", func(r *records) {
		r.builds[0].result.Copies = []workflows.ResultCopy{{Region: "cn-beijing", ImageID: "m-base"}}
	}, nil},
	{"truth", "the registration stands for another image", func(r *records) {
		r.drop("img-1")
		r.thing("batchimage", "img-1", "", "", `"EcsImageID":"m-base"`)
	}, nil},
	{"truth", "the component has other content", func(r *records) {
		r.drop("ic-1")
		r.thing("component", "ic-1", "", "tok2", `"Content":"RUN false"`)
	}, nil},
	{"truth", "the component lacks the tag", func(r *records) {
		r.drop("ic-1")
		r.thing("component", "ic-1", "", "", `"Content":"RUN true"`)
	}, nil},
	{"truth", "what the ledger calls made does not exist", func(r *records) {
		r.builds[0].result.PipelineID = ""
		r.drop("ip-1")
	}, nil},
	{"truth", "what the ledger calls removed exists", func(r *records) { r.line("m-base", removed) }, []string{"nothing-lost"}},
	{"truth", "what the ledger calls made is somebody else's", func(r *records) { r.line("m-base", func(l *workflows.Resource) { l.ID = "m-other" }) }, []string{"nothing-lost"}},
	{"truth", "what is left is left without a reason", func(r *records) { r.line("m-base", func(l *workflows.Resource) { l.State = workflows.ResourceLeft }) }, nil},
	{"truth", "a build that succeeded does not know what it made", func(r *records) {
		r.line("m-base", func(l *workflows.Resource) { l.ID, l.State = "", workflows.ResourceAsked })
	}, nil},
	{"truth", "progress and result tell two ledgers", func(r *records) { r.builds[0].progress.Resources = r.builds[0].progress.Resources[1:] }, nil},
	{"truth", "nobody answered with the failure", func(r *records) {
		r.failed(workflows.Failure{Code: "Forbidden.RAM", HTTPStatus: 403, RequestID: "R-none"})
	}, nil},
	{"truth", "the request was answered with something else", func(r *records) {
		r.failed(workflows.Failure{Code: "Forbidden.RAM", HTTPStatus: 403, RequestID: "R-1"})
	}, nil},
	{"nothing-lost", "a live execution that the ledger does not have", func(r *records) {
		r.builds[0].result.Resources = append(r.builds[0].result.Resources[:4:4], r.builds[0].result.Resources[6])
		r.builds[0].progress.Resources = r.builds[0].result.Resources
	}, nil},
	{"nothing-lost", "a build without a ledger that does not name its image", func(r *records) {
		r.builds[0].result.Resources, r.builds[0].progress.Resources, r.builds[0].result.ImageID = nil, nil, ""
	}, []string{"truth"}},
	{"stop-is-stop", "a second call after a refusal for good", func(r *records) {
		r.refuse(-2, "ImportImage", "tok1", "InvalidOSSObject.NotFound", map[string]string{"ImageName": "base"})
		r.make(-1, "ImportImage", "tok1", map[string]string{"ImageName": "base"}, "m-base", "t-1")
		r.requests = r.requests[6:]
	}, []string{"nothing-lost", "foreign", "truth"}},
	{"stop-is-stop", "the step is asked for with another token", func(r *records) {
		r.refuse(6, "StartImagePipelineExecution", "tok4", "InvalidImagePipeline.NotFound", map[string]string{"ImagePipelineId": "ip-1"})
		r.refuse(7, "StartImagePipelineExecution", "tok4b", "InvalidImagePipeline.NotFound", map[string]string{"ImagePipelineId": "ip-1"})
	}, nil},
	{"one-token-one-meaning", "a token with another name", func(r *records) {
		r.make(6, "ImportImage", "tok1", map[string]string{"ImageName": "base2"}, "m-base", "t-1").Repeat = true
	}, nil},
	{"one-token-one-meaning", "a token of two actions", func(r *records) { r.refuse(6, "CreateImagePipeline", "tok1", "ServiceUnavailable", nil) }, nil},
	{"one-token-one-meaning", "a call without a token", func(r *records) {
		r.refuse(6, "ImportImage", "", "ServiceUnavailable", nil)
		delete(r.requests[len(r.requests)-1].Params, "ClientToken")
	}, nil},
	{"budget", "a look each second", func(r *records) {
		for second := range 60 {
			r.look(0, "DescribeTaskAttribute", "TaskId", "t-1")
			r.requests[len(r.requests)-1].Time = noon.Add(time.Duration(second) * time.Second)
		}
	}, nil},
	{"budget", "a call each second", func(r *records) {
		for second := range 60 {
			r.refuse(0, "ImportImage", "tok1", "ServiceUnavailable", map[string]string{"ImageName": "base"})
			r.requests[len(r.requests)-1].Time = noon.Add(time.Duration(second) * time.Second)
		}
	}, nil},
	{"secrets", "the secret in a log", func(r *records) { r.said["the worker's log"] = "the key is hush" }, nil},
	{"secrets", "the secret in a request", func(r *records) { r.requests[0].Params["ImageName"] = "hush" }, nil},
	{"secrets", "the secret in a failure", func(r *records) { r.failed(workflows.Failure{Code: "Timeout", RequestID: "hush"}) }, nil},
	{"finishes", "a build that does not end", func(r *records) { r.builds[0].result, r.builds[0].progress.Resources = nil, nil }, []string{"nothing-lost", "foreign"}},
	{"finishes", "a build that fails without a reason", func(r *records) {
		r.failed(workflows.Failure{Code: "Timeout"})
		r.builds[0].mustSucceed = true
	}, nil},
	{"finishes", "a build that nobody cancelled", func(r *records) {
		r.builds[0].cancellation, r.builds[0].result = &workflows.Cancellation{Resources: r.builds[0].result.Resources}, nil
	}, nil},
	{"history", "thousands of events", func(r *records) { r.builds[0].history = longHistory() }, nil},
}
