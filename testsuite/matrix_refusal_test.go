package testsuite

import (
	"regexp"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/workflows"
)

// golden is a document whose build makes each of the five calls once.
const golden = `{"name": "golden", "region": "cn-hangzhou",
	"source": {"import": {"imageName": "golden-base", "disks": [
		{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2", "sizeGiB": 40}]}},
	"components": [{"name": "nginx", "version": "1.0.0", "content": "RUN true"}],
	"batchCompute": {"name": "golden", "platform": "Linux"},
	"timeouts": {"conflict": "10m"}}`

// stepOf is the step that a call belongs to.
var stepOf = map[string]workflows.Step{
	"ImportImage": workflows.StepImport, "CreateImageComponent": workflows.StepComponents,
	"CreateImagePipeline": workflows.StepTemplate, "StartImagePipelineExecution": workflows.StepExecution,
	"BatchCompute.CreateImage": workflows.StepRegister,
}

// saying is an error answer of an API: a row of the catalogue with its places filled.
type saying struct {
	api, code, message string
	status             int
	class              errcode.Class
	advice             string
	tries              int  // refusals in a row that end the build, 0 for none
	unread             bool // a refusal leaves no doubt that the call had no effect
}

var place = regexp.MustCompile(`%s|\{[^}]*\}`)

// saying is what the cloud says when a row holds. Common rows are said by any API.
func sayingOf(api string, e errcode.Entry) saying {
	s := saying{
		api: api, status: e.Status, class: e.Class, advice: e.Advice, tries: e.Tries, unread: e.Unread,
		code:    place.ReplaceAllString(e.Code, "Notes"),
		message: place.ReplaceAllString(e.Message, "Notes"),
	}
	if s.message == "" {
		s.message = "The documents do not say in which words."
	}
	return s
}

// disguised is the same in other words: as it comes through gateways and SDKs, with the
// other kind of quotation marks and in the other spelling.
func (s saying) disguised() saying {
	swap := strings.NewReplacer("“", `"`, "”", `"`, "’", "'", "'", "’", "onwer", "owner", ".n.", ".1.")
	s.message = "code: 400, " + swap.Replace(s.message) + " request id: 8906582E-6722-409A"
	if spelt, other := strings.CutPrefix(s.code, "Forbbiden"); other {
		s.code = "Forbidden" + spelt
	}
	return s
}

// fault makes the cloud say it at calls from one to another, 0 for all of them.
func (s saying) fault(from, to int) emulator.Fault {
	return emulator.Fault{Action: s.api, From: from, To: to, Do: emulator.Refuse, Code: s.code, Status: s.status, Message: s.message}
}

// stopped holds the end of a build against the refusal that ended it, and returns how
// often the API was called.
func (y *yard) stopped(v verdict, s saying) int {
	require.Error(y.t, v.err)
	require.Equal(y.t, s.code, v.typ, v.err)
	refusals := y.requests(func(r request) bool { return r.api() == s.api && r.Code == s.code })
	require.NotEmpty(y.t, refusals)
	last := refusals[len(refusals)-1]
	require.Contains(y.t, v.failure.Message, s.message)
	require.Equal(y.t, workflows.Failure{
		Code: s.code, HTTPStatus: s.status, Message: v.failure.Message, RequestID: last.RequestID,
		Class: string(s.class), Step: stepOf[s.api], Advice: s.advice,
	}, *v.shown())
	for name, detail := range map[string]string{"request id": v.failure.RequestID, "message": v.failure.Message, "advice": v.failure.Advice} {
		require.NotEmpty(y.t, detail, name)
	}
	require.Equal(y.t, workflows.StateFailed, v.progress.State)
	require.Equal(y.t, v.shown(), v.progress.Error)
	requests := y.requests(mutates)
	require.Equal(y.t, last, requests[len(requests)-1], "nothing is made after a stop")
	y.sameToken(s.api)
	return len(y.calls(s.api))
}

// succeeded holds the end of a build that an answer did not stop against the log, and
// returns how often the API was called.
func (y *yard) succeeded(v verdict, api string) int {
	require.NoError(y.t, v.err)
	require.Equal(y.t, workflows.OutcomeSucceeded, v.result.Outcome)
	for _, mutation := range mutations {
		y.sameToken(mutation)
	}
	y.oneOfEach(v)
	return len(y.calls(api))
}

// oneOfEach: the cloud holds one of each thing that a build makes, and they are those
// that the build names in its result.
func (y *yard) oneOfEach(v verdict) {
	r := v.result
	require.Len(y.t, r.Components, 1)
	for api, made := range map[string][]string{
		"ImportImage":                 {r.ImportedImageID, r.ImportTaskID},
		"CreateImageComponent":        {r.Components[0].ID},
		"CreateImagePipeline":         {r.PipelineID},
		"StartImagePipelineExecution": {r.ExecutionID, r.ImageID},
		"BatchCompute.CreateImage":    {r.BatchComputeImageID},
	} {
		require.ElementsMatch(y.t, made, y.resources(api), api)
	}
}

// sameToken: all calls of an API bring the one token.
func (y *yard) sameToken(api string) {
	calls := y.calls(api)
	for _, call := range calls {
		require.NotEmpty(y.t, call.token())
		require.Equal(y.t, calls[0].token(), call.token())
	}
}
