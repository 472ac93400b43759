//go:build e2e || bench

package testsuite

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
)

// machine is a running kilndev: where it listens, and the log of its cloud.
type machine struct {
	*process
	TemporalAddress string `json:"temporalAddress"`
	UIURL           string `json:"uiUrl"`
	CloudURL        string `json:"cloudUrl"`
	OSSDir          string `json:"ossDir"`
	AccessKeyID     string `json:"accessKeyId"`
	AccessKeySecret string `json:"accessKeySecret"`
	requestLog      string
}

// up starts `kilndev up` on free ports and waits until it says where it listens.
func up(t *testing.T, args ...string) *machine {
	t.Helper()
	p := &machine{requestLog: filepath.Join(t.TempDir(), "requests.jsonl")}
	all := append([]string{"up", "-o", "json", "--port", "0", "--ui-port", "0", "--emulator-port", "0", "--emulator-log", p.requestLog}, args...)
	p.process = start(t, environment(t), kilndevBin(t), all...)
	eventually(t, "kilndev says where it listens", func() bool {
		select {
		case <-p.exited:
			require.FailNow(t, "kilndev ended", p.stderr.String())
		default:
		}
		return strings.HasSuffix(p.stdout.String(), "\n")
	})
	require.NoError(t, json.Unmarshal([]byte(p.stdout.String()), p))
	return p
}

// env is what a client or worker of this place needs.
func (p *machine) env(t *testing.T) []string {
	t.Helper()
	return environment(t,
		"TEMPORAL_ADDRESS="+p.TemporalAddress,
		"KILN_ECS_ENDPOINT="+p.CloudURL,
		"KILN_BATCHCOMPUTE_ENDPOINT="+p.CloudURL,
		"KILN_OSS_ENDPOINT="+p.CloudURL,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+p.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+p.AccessKeySecret,
		callsAtWill, eachCallAtWill,
	)
}

// The emulated cloud's minutes are seconds, and so are the pauses between looks: a worker
// that keeps to the quota of an account would be held back all the time.
const (
	callsAtWill    = "KILN_CALLS_PER_MINUTE=1000000"
	eachCallAtWill = "KILN_API_CALLS_PER_MINUTE=*=1000000"
)

// kiln runs a kiln command against this place.
func (p *machine) kiln(t *testing.T, args ...string) outcome {
	t.Helper()
	return runCommand(t, p.env(t), kilnBin(t), args...)
}

// conditions brings the emulated account into a state; an empty text takes everything back.
func (p *machine) conditions(t *testing.T, text string) {
	t.Helper()
	p.admin(t, http.MethodPut, "conditions", text)
}

// faults plans what goes wrong with calls from now on.
func (p *machine) faults(t *testing.T, text string) {
	t.Helper()
	p.admin(t, http.MethodPost, "faults", text)
}

// admin asks the emulated cloud's own API.
func (p *machine) admin(t *testing.T, method, what, text string) []byte {
	t.Helper()
	asked, err := http.NewRequestWithContext(t.Context(), method, p.CloudURL+"/_kiln/"+what, strings.NewReader(text))
	require.NoError(t, err)
	answer, err := http.DefaultClient.Do(asked)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Less(t, answer.StatusCode, 300, string(body))
	return body
}

// worker starts a kiln worker that looks often and is missed soon.
func (p *machine) worker(t *testing.T) *process {
	t.Helper()
	return start(t, p.env(t), kilnBin(t), "worker", "--poll-interval", "100ms", "--heartbeat-timeout", "2s")
}

// temporal is a bare Temporal client, which knows nothing of Kiln.
func (p *machine) temporal(t *testing.T) client.Client {
	t.Helper()
	c, err := client.DialContext(context.Background(), client.Options{HostPort: p.TemporalAddress, Logger: log.NewStructuredLogger(discard)})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

// requests are all requests that the cloud has answered so far.
func (p *machine) requests(t *testing.T) []request {
	t.Helper()
	log, err := os.ReadFile(p.requestLog)
	require.NoError(t, err)
	return readRequests(t, string(log))
}

// count counts the requests of an action that are of a kind.
func (p *machine) count(t *testing.T, action string, kind func(request) bool) int {
	t.Helper()
	n := 0
	for _, r := range p.requests(t) {
		if r.Action == action && kind(r) {
			n++
		}
	}
	return n
}

// effects counts the requests of an action that changed something.
func (p *machine) effects(t *testing.T, action string) int {
	t.Helper()
	return p.count(t, action, request.made)
}

// calls counts the requests of an action, whatever became of them.
func (p *machine) calls(t *testing.T, action string) int {
	t.Helper()
	return p.count(t, action, func(request) bool { return true })
}

// asked waits until the cloud was asked for an action at least n times.
func (p *machine) asked(t *testing.T, action string, n int) {
	t.Helper()
	eventually(t, "the cloud is asked for "+action, func() bool { return p.calls(t, action) >= n })
}
