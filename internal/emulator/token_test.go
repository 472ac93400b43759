package emulator

import (
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// creators are the calls that take a token, each with the name of the id it answers and
// a change that makes it another request.
func (c *cloud) creators() []struct {
	action string
	good   args
	id     string
	change []string
} {
	pipelineID := c.pipeline()
	return []struct {
		action string
		good   args
		id     string
		change []string
	}{
		{"ImportImage", importArgs, "ImageId", []string{"ImageName", "golden-other"}},
		{"CreateImageComponent", args{"Name": "tools", "Content": "RUN true"}, "ImageComponentId", []string{"Content", "RUN false"}},
		{"CreateImagePipeline", pipelineArgs, "ImagePipelineId", []string{"SystemDiskSize", "60"}},
		{"StartImagePipelineExecution", args{"ImagePipelineId": pipelineID}, "ExecutionId", []string{"Tag.1.Key", "k"}},
	}
}

func TestClientToken(t *testing.T) {
	c := newCloud(t)
	for _, row := range c.creators() {
		t.Run(row.action, func(t *testing.T) {
			c := *c
			c.t = t
			good := row.good.with("ClientToken", "token-1")
			first := c.ecs(row.action, good).ok()

			again := c.ecs(row.action, good).ok()
			require.NotEqual(t, first.text("RequestId"), again.text("RequestId"))
			delete(first.Body, "RequestId")
			delete(again.Body, "RequestId")
			require.Equal(t, first.Body, again.Body)

			changed := good.with(row.change...)
			r := c.ecs(row.action, changed)
			r.refused(400, "IdempotentParameterMismatch")
			require.Equal(t, "Request uses a client token in a previous request but is not identical to that request.", r.text("Message"))
			require.Equal(t, first.Body[row.id], c.ecs(row.action, good).ok().text(row.id), "a mismatch changes nothing")
		})
	}
}

func TestATokenOutlivesWhatItMade(t *testing.T) {
	c := newCloud(t)
	good := importArgs.with("ClientToken", "token-1")
	first := c.ecs("ImportImage", good).ok()
	c.ecs("CancelTask", args{"TaskId": first.text("TaskId")}).ok()
	c.clock.pass(240 * time.Hour)
	require.Equal(t, first.text("ImageId"), c.ecs("ImportImage", good).ok().text("ImageId"))
}

func TestARefusalDoesNotBurnItsToken(t *testing.T) {
	c := newCloud(t)
	good := importArgs.with("ClientToken", "token-1")
	c.ecs("ImportImage", good.with("DiskDeviceMapping.1.OSSObject", "missing.raw")).refused(400, "InvalidOSSObject.NotFound")
	c.ecs("ImportImage", good.with("DryRun", "true")).refused(400, "DRYRUN.SUCCESS")
	c.ecs("ImportImage", good).ok()
}

func TestTokensCountPerRegionAndAction(t *testing.T) {
	c := newCloud(t)
	token := []string{"ClientToken", "token-1"}
	here := c.ecs("ImportImage", importArgs.with(token...)).ok().text("ImageId")
	there := c.ecs("ImportImage", importArgs.with(token...).with("RegionId", "cn-beijing")).ok().text("ImageId")
	require.NotEqual(t, here, there)
	c.ecs("CreateImageComponent", args{"Content": "RUN true"}.with(token...)).ok()
	require.NotEqual(t, here, c.ecs("ImportImage", importArgs.with("ClientToken", "TOKEN-1", "ImageName", "golden-2")).ok().text("ImageId"), "case counts")
}

// TestARepeatMayLookDifferent: other signing fields, another place on the wire and another
// order are the same request.
func TestARepeatMayLookDifferent(t *testing.T) {
	c := newCloud(t)
	good := pipelineArgs.with("RegionId", "cn-hangzhou", "ClientToken", "token-1")
	first := c.ecs("CreateImagePipeline", good).ok().text("ImagePipelineId")

	form := httptest.NewRequest("POST", "/", strings.NewReader(c.sign("POST", "CreateImagePipeline", good).Encode()))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	require.Equal(t, first, c.send(form, "CreateImagePipeline").ok().text("ImagePipelineId"))

	asJSON := good.with("ImageOptions.ImageName", "-", "ImageOptions", `{"ImageName": "golden"}`, "Format", "json")
	require.Equal(t, first, c.ecs("CreateImagePipeline", asJSON).ok().text("ImagePipelineId"))
}

func TestConcurrentRepeatsMakeOneThing(t *testing.T) {
	c := newCloud(t)
	answers := make([]string, 20)
	var all sync.WaitGroup
	for n := range answers {
		all.Go(func() {
			w := httptest.NewRecorder()
			v := c.sign("POST", "ImportImage", importArgs.with("RegionId", "cn-hangzhou", "ClientToken", "token-1"))
			c.server.ServeHTTP(w, httptest.NewRequest("POST", "/?"+v.Encode(), nil))
			answers[n] = w.Body.String()
		})
	}
	all.Wait()
	for _, answer := range answers {
		require.Contains(t, answer, `"m-bp1000000000001"`)
	}
	require.Equal(t, 1.0, c.ecs("DescribeTasks", args{}).ok().at("TotalCount"))
	repeats := 0
	for _, e := range c.log.entries(t) {
		if e.Repeat {
			repeats++
		}
	}
	require.Equal(t, 19, repeats)
}

func TestConcurrentCreatesGetNamesOfTheirOwn(t *testing.T) {
	c := newCloud(t)
	var made, taken int
	var mu sync.Mutex
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			w := httptest.NewRecorder()
			v := c.sign("POST", "ImportImage", importArgs.with("RegionId", "cn-hangzhou"))
			c.server.ServeHTTP(w, httptest.NewRequest("POST", "/?"+v.Encode(), nil))
			mu.Lock()
			defer mu.Unlock()
			if w.Code == 200 {
				made++
			} else if strings.Contains(w.Body.String(), "InvalidImageName.Duplicated") {
				taken++
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, made)
	require.Equal(t, 19, taken)
}
