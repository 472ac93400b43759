package emulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheLogTellsEveryRequest(t *testing.T) {
	c := newCloud(t)
	good := importArgs.with("ClientToken", "token-1")
	made := c.ecs("ImportImage", good).ok()
	c.ecs("ImportImage", good).ok()
	c.ecs("ImportImage", importArgs.with("ImageName", "x"))
	c.clock.pass(time.Hour)
	registered := c.batch("POST", "/images?IdempotentToken=tok_1", batchBody(made.text("ImageId")))

	e := c.log.entries(t)
	require.Len(t, e, 4)
	ids := []string{made.text("ImageId"), made.text("TaskId")}
	first := e[0]
	require.GreaterOrEqual(t, first.TookMs, 0.0)
	first.TookMs = 0
	require.Equal(t, entry{
		Time: "2026-11-21T12:00:00Z", RequestID: made.text("RequestId"), Service: "ecs", Action: "ImportImage", Region: "cn-hangzhou",
		Method: "POST", Path: "/", Status: 200, AccessKeyID: "kiln-dev", Token: "token-1", ResourceIDs: ids,
		Params: importArgs.with("RegionId", "cn-hangzhou"),
	}, first)
	require.True(t, e[1].Repeat)
	require.Equal(t, ids, e[1].ResourceIDs)
	require.Equal(t, "InvalidImageName.Malformed", e[2].Code)
	require.Equal(t, 400, e[2].Status)
	require.Empty(t, e[2].ResourceIDs)
	require.Equal(t, "batchcompute CreateImage /images tok_1", strings.Join([]string{e[3].Service, e[3].Action, e[3].Path, e[3].Token}, " "))
	require.Equal(t, []string{registered.text("Id")}, e[3].ResourceIDs)
	require.Equal(t, made.text("ImageId"), e[3].Params["EcsImageId"])
}

// TestTheShapeOfALogLine holds the documented shape: scripts read it.
func TestTheShapeOfALogLine(t *testing.T) {
	c := newCloud(t)
	c.ecs("DescribeTasks", args{})
	var line map[string]any
	require.NoError(t, json.Unmarshal([]byte(c.log.text()), &line))
	delete(line, "requestId")
	delete(line, "tookMs")
	require.Equal(t, map[string]any{
		"time": "2026-11-21T12:00:00Z", "service": "ecs", "action": "DescribeTasks", "region": "cn-hangzhou", "method": "POST", "path": "/",
		"status": 200.0, "code": "", "message": "", "accessKeyId": "kiln-dev", "token": "", "repeat": false, "resourceIds": []any{},
		"params": map[string]any{"RegionId": "cn-hangzhou"},
	}, line)
}

func TestTheLogKeepsSecretsOut(t *testing.T) {
	c := newCloud(t)
	c.ecs("DescribeTasks", args{"SecurityToken": "very-secret-token"}) // refused: the key has no token
	signed := c.sign("POST", "DescribeTasks", args{"RegionId": "cn-hangzhou"})
	c.send(httptest.NewRequest("POST", "/?"+signed.Encode(), nil), "DescribeTasks").ok()
	signed.Set("PageSize", "2")
	c.send(httptest.NewRequest("POST", "/?"+signed.Encode(), nil), "DescribeTasks").refused(400, "SignatureDoesNotMatch")
	require.Len(t, c.log.entries(t), 3)
	for _, secret := range []string{"very-secret-token", "kiln-dev-secret", signed.Get("Signature"), signed.Get("SignatureNonce"), "Signature="} {
		require.NotContains(t, c.log.text(), secret)
	}
}

func TestObjectsOverOSS(t *testing.T) {
	c := newCloud(t)
	oss := func(method, path, body, secret string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		date := c.clock.Now().UTC().Format(http.TimeFormat)
		r.Header.Set("Date", date)
		r.Header.Set("Authorization", "OSS kiln-dev:"+mac(secret, method+"\n\n\n"+date+"\n"+path))
		w := httptest.NewRecorder()
		c.server.ServeHTTP(w, r)
		return w
	}
	require.Equal(t, 200, oss("PUT", "/golden/new.raw", strings.Repeat("x", 1024), "kiln-dev-secret").Code)
	require.Equal(t, "1024", oss("HEAD", "/golden/new.raw", "", "kiln-dev-secret").Header().Get("Content-Length"))
	require.Equal(t, 404, oss("GET", "/golden/none.raw", "", "kiln-dev-secret").Code)
	refused := oss("GET", "/golden/new.raw", "", "another-secret")
	require.Equal(t, 403, refused.Code)
	require.Contains(t, refused.Body.String(), "SignatureDoesNotMatch")
	c.imported(importArgs.with("DiskDeviceMapping.1.OSSObject", "new.raw"))

	e := c.log.entries(t)
	require.Equal(t, "oss PutObject /golden/new.raw", strings.Join([]string{e[0].Service, e[0].Action, e[0].Path}, " "))
	require.Equal(t, []int{200, 200, 404, 403}, []int{e[0].Status, e[1].Status, e[2].Status, e[3].Status})
	require.Equal(t, "SignatureDoesNotMatch", e[3].Code)
	require.Equal(t, e[3].RequestID, refused.Header().Get("x-oss-request-id"))
}

func TestAnInternalFaultStaysInside(t *testing.T) {
	c := newCloud(t)
	require.NoError(t, c.server.store.close())
	r := c.ecs("DescribeTasks", args{})
	r.refused(500, "InternalError")
	require.NotContains(t, r.text("Message"), "closed")
	require.Contains(t, c.log.entries(t)[0].Message, "the state is closed")
}
