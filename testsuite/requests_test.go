package testsuite

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// request is a line of the cloud's log (docs/emulator.md).
type request struct {
	Time        time.Time
	RequestID   string
	Service     string
	Action      string
	Region      string
	Path        string
	Status      int
	Code        string
	Message     string
	Token       string
	Repeat      bool // answered from the token, with no effect
	ResourceIDs []string
	Params      map[string]string
	Fault       string
	Effect      *bool
}

// readRequests reads the lines of a log.
func readRequests(t testing.TB, log string) []request {
	t.Helper()
	var all []request
	for line := range strings.Lines(log) {
		var one request
		require.NoError(t, json.Unmarshal([]byte(line), &one), line)
		all = append(all, one)
	}
	return all
}

// token is that of the call, which the log notes of its own only once the call is read.
func (r request) token() string {
	return cmp.Or(r.Token, r.Params["ClientToken"], r.Params["IdempotentToken"])
}

// made tells whether the call made something.
func (r request) made() bool {
	if r.Effect != nil {
		return *r.Effect && !r.Repeat
	}
	return r.Status < 300 && !r.Repeat
}

// answered tells whether the answer that the log has is the one that was sent, in time.
func (r request) answered() bool { return r.Fault == "" || r.Fault == "refuse" }

// api is how the catalogue of errors names what was called.
func (r request) api() string {
	if r.Service == "batchcompute" {
		return "BatchCompute." + r.Action
	}
	return r.Action
}

// looks tells whether the call only looks.
func (r request) looks() bool {
	return slices.ContainsFunc([]string{"Describe", "List", "Get", "Head"}, func(verb string) bool { return strings.HasPrefix(r.Action, verb) })
}

// mutations are the calls of a build that make something, in the order of the story.
var mutations = []string{"ImportImage", "CreateImageComponent", "CreateImagePipeline", "StartImagePipelineExecution", "BatchCompute.CreateImage"}

// mutates tells whether the call is one that makes something.
func mutates(r request) bool { return slices.Contains(mutations, r.api()) }
