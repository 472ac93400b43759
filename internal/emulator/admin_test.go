package emulator

import (
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// admin asks the emulator's own API from this machine.
func (c *cloud) admin(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/_kiln/"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4711"
	for n := 0; n < len(header); n += 2 {
		r.Header.Set(header[n], header[n+1])
	}
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	return w
}

func TestConditionsOverTheAdminAPI(t *testing.T) {
	c := newCloud(t)
	require.JSONEq(t, `{}`, c.admin("GET", "conditions", "").Body.String())
	for _, text := range []string{
		`{"roles": {"imageImport": "missing"}, "flow": {"limits": {"*": 7}}, "imports": {"fail": {"code": "X"}, "after": "5m"}}`,
		"roles: {imageImport: missing}\nflow:\n  limits: {'*': 7}\nimports:\n  fail: {code: X}\n  after: 5m\n",
	} {
		r := c.admin("PUT", "conditions", text)
		require.Equal(t, 200, r.Code, r.Body)
		want := Conditions{
			Roles: Roles{ImageImport: "missing"}, Flow: Flow{Limits: map[string]int{"*": 7}},
			Imports: Imports{Fail: Reason{Code: "X"}, After: Duration(5 * time.Minute)},
		}
		require.Equal(t, want, c.server.Conditions())
		require.Equal(t, r.Body.String(), c.admin("GET", "conditions", "").Body.String())
		c.ecs("ImportImage", importArgs).refused(403, "NoSetRoletoECSServiceAcount")
		require.Equal(t, 200, c.admin("PUT", "conditions", "{}").Code)
		c.ecs("DescribeImages", args{}).ok()
	}
}

func TestConditionsThatAreNotWellFormed(t *testing.T) {
	c := newCloud(t)
	for text, want := range map[string]string{
		`{"rules": {}}`:                                     `unknown field "rules"`,
		`{"roles": {"imageImport": "gone"}}`:                `roles.imageImport "gone": want missing`,
		`{"roles": "missing"}`:                              "roles: want names with values, not string",
		`{"tokensIgnored": "yes"}`:                          "tokensIgnored: want true or false, not string",
		`{"listLag": "soon"}`:                               `duration "soon": want one such as 1m30s`,
		`{"listLag": "-1s"}`:                                `duration "-1s"`,
		`{"listLag": 5}`:                                    "listLag: want a duration such as 1m30s, not number",
		`{"quotas": {"cats": 1}}`:                           `quotas "cats": want one of images`,
		`{"quotas": {"images": -1}}`:                        "quotas images -1",
		`{"regions": {"mars-1": {}}}`:                       `regions "mars-1"`,
		`{"oss": {"buckets": {"b": {"region": "mars-1"}}}}`: `oss.buckets b region "mars-1"`,
		`{"forbid": {"Fly": "ram"}}`:                        `forbid "Fly"`,
		`{"forbid": {"*": "x"}}`:                            `forbid * "x": want one of ram`,
		`{"maintenance": ["Fly"]}`:                          `maintenance "Fly"`,
		`{"flow": {"limits": {"Fly": 1}}}`:                  `flow.limits "Fly"`,
		`{"flow": {"limits": {"*": -1}}}`:                   "flow.limits * -1",
		`{"begin": "Fly"}`:                                  `begin "Fly"`,
		`{"imports": {"after": "5m"}}`:                      "after and imageAfter belong to fail",
		`{"imports": {"image": {"status": "X"}}}`:           `imports.image.status "X"`,
		`{"executions": {"after": "5m"}}`:                   "after and reason belong to status",
		`{"executions": {"passes": "THINKING"}}`:            "passes and passesFor belong together",
		`[]`:                                                "the document: want names with values, not array",
		`{"a": `:                                            "conditions: ",
	} {
		r := c.admin("PUT", "conditions", text)
		require.Equal(t, 400, r.Code, text)
		require.Contains(t, message(t, r), want, text)
	}
	require.Equal(t, Conditions{}, c.server.Conditions())
	require.ErrorContains(t, c.server.Set(Conditions{Maintenance: []string{"Fly"}}), "maintenance")
}

func message(t *testing.T, r *httptest.ResponseRecorder) string {
	t.Helper()
	var complaint map[string]string
	require.NoError(t, json.Unmarshal(r.Body.Bytes(), &complaint), r.Body)
	return complaint["error"]
}

func TestFaultsOverTheAdminAPI(t *testing.T) {
	c := newCloud(t)
	require.JSONEq(t, `[]`, c.admin("GET", "faults", "").Body.String())
	require.Equal(t, 200, c.admin("POST", "faults", `{"action": "DescribeTasks", "do": "refuse", "code": "ServiceUnavailable", "to": 1}`).Code)
	require.Equal(t, 200, c.admin("POST", "faults", "- {action: '*', do: reset, from: 9}\n- {action: CreateImage, do: hang, when: after}").Code)
	c.ecs("DescribeTasks", args{}).refused(500, "ServiceUnavailable")
	require.JSONEq(t, `[
		{"action": "DescribeTasks", "to": 1, "when": "before", "do": "refuse", "code": "ServiceUnavailable", "calls": 1, "hits": 1},
		{"action": "*", "from": 9, "when": "before", "do": "reset", "calls": 1, "hits": 0},
		{"action": "CreateImage", "when": "after", "do": "hang", "calls": 0, "hits": 0}
	]`, c.admin("GET", "faults", "").Body.String())
	for text, want := range map[string]string{
		`{"action": "*", "do": "fly"}`:               `fault 1: do "fly"`,
		`[{"action": "*", "do": "reset"}, {}]`:       `fault 2: action ""`,
		`{"action": "*", "do": "reset", "often": 1}`: `unknown field "often"`,
		`{"action": "*", "do": "reset", "to": "2"}`:  "to: want a whole number, not string",
		`5`: "the document: want a list, not number",
		`{`: "faults: ",
	} {
		r := c.admin("POST", "faults", text)
		require.Equal(t, 400, r.Code, text)
		require.Contains(t, message(t, r), want)
	}
	require.Len(t, c.server.Faults(), 3)
	require.Equal(t, 204, c.admin("DELETE", "faults", "").Code)
	require.Empty(t, c.server.Faults())
}

func TestTheAdminAPIIsForThisMachine(t *testing.T) {
	c := newCloud(t)
	for _, from := range []string{"192.0.2.1:1", "[2001:db8::1]:1", "nowhere"} {
		r := httptest.NewRequest("PUT", "/_kiln/conditions", strings.NewReader("{}"))
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		c.server.ServeHTTP(w, r)
		require.Equal(t, 403, w.Code, from)
	}
	require.Equal(t, 403, c.admin("PUT", "conditions", "{}", "Origin", "http://example.com").Code)
	require.Equal(t, 405, c.admin("POST", "conditions", "{}").Code)
	require.Equal(t, 404, c.admin("GET", "nothing", "").Code)
	require.Empty(t, c.log.text(), "the log is of the cloud's requests")
}

func TestTheStateOfEverything(t *testing.T) {
	c := newCloud(t)
	image := c.imported(importArgs.with("ClientToken", "tok"))
	componentID := c.component("Name", "tools")
	execution := c.start(c.pipeline())
	var state State
	require.NoError(t, json.Unmarshal(c.admin("GET", "state", "").Body.Bytes(), &state))
	found := map[string]Resource{}
	for _, r := range state.Resources {
		found[r.ID] = r
	}
	require.Len(t, found, 6, "two images, a task, a component, a template and an execution")
	require.Equal(t, []string{"image", "cn-hangzhou", "golden-base", "Available"},
		[]string{found[image].Kind, found[image].Region, found[image].Name, found[image].Status})
	require.Equal(t, []string{"tok"}, found[image].Tokens)
	require.Equal(t, "tools", found[componentID].Name)
	require.Equal(t, "PREPARING", found[execution].Status)
	require.Contains(t, string(found[execution].Body), "Timeline")
}

func TestDeletingBehindEverybodysBack(t *testing.T) {
	c := newCloud(t)
	started := c.ecs("ImportImage", importArgs).ok()
	require.Equal(t, 204, c.admin("DELETE", "resources/"+started.text("TaskId"), "").Code)
	c.ecs("DescribeTaskAttribute", args{"TaskId": started.text("TaskId")}).refused(400, "InvalidTaskId.NotFound")
	require.NoError(t, c.server.Delete(started.text("ImageId")))
	require.Zero(t, c.ecs("DescribeImages", args{"Status": "Creating"}).at("TotalCount"))
	for _, id := range []string{started.text("ImageId"), "conditions", "m-none"} {
		require.ErrorIs(t, c.server.Delete(id), ErrUnknown)
		require.Equal(t, 404, c.admin("DELETE", "resources/"+id, "").Code)
	}
}

func TestConditionsOutliveARestart(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.StateFile = filepath.Join(t.TempDir(), "cloud.db") })
	c.set(Conditions{Begin: "ImportImage", OSS: OSS{Objects: map[string]Object{"golden/disk.qcow2": {Archived: true}}}})
	c.plan(Fault{Action: "*", Do: Reset})
	c.restart()
	require.Empty(t, c.server.Faults())
	require.Equal(t, "ImportImage", c.server.Conditions().Begin)
	c.ecs("ImportImage", importArgs).refused(400, "InvalidOSSObject.NeedRestore")
	c.restart()
	require.Empty(t, c.server.Conditions().Begin, "they have begun")
	c.ecs("CreateImagePipeline", fromOSSArgs).refused(403, "InvalidOSSObject.NeedRestore")
}
