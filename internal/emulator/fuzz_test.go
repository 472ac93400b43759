package emulator

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzRequest: whatever is sent and however it is signed, the answer is one JSON object
// with a request id, and the log gets one line.
func FuzzRequest(f *testing.F) {
	c := newCloud(f)
	for _, seed := range []struct{ method, target, contentType, authorization, body string }{
		{"POST", "/?Action=ImportImage&Version=2014-05-26&RegionId=cn-hangzhou", "", "", ""},
		{"GET", "/?%zz&&=;", "", "", ""},
		{"POST", "/", "application/x-www-form-urlencoded", "", "Action=DescribeTasks&%="},
		{"POST", "/images?IdempotentToken", "application/json", "acs kiln-dev:x", `{"Name":1,}`},
		{"DELETE", "/images/../x", "", "ACS3-HMAC-SHA256 Credential=,SignedHeaders=;;,Signature=", ""},
	} {
		f.Add(seed.method, seed.target, seed.contentType, seed.authorization, seed.body)
	}
	f.Fuzz(func(t *testing.T, method, target, contentType, authorization, body string) {
		u, err := url.Parse(target)
		if err != nil || strings.HasPrefix(authorization, "OSS") || u.Path == "/healthz" {
			t.Skip()
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Method, r.URL = method, u
		r.Header = http.Header{"Content-Type": {contentType}, "Authorization": {authorization}}
		answersOnce(t, c, r)
	})
}

// FuzzParameters signs what it sends, so that every parameter reaches its action.
func FuzzParameters(f *testing.F) {
	c := newCloud(f)
	f.Add("ImportImage", "DiskDeviceMapping.1.OSSBucket=golden&DiskDeviceMapping.99999999999999999999.OSSBucket=x&Tag.0.Key=&Tag.-1.Key=a")
	f.Add("CreateImagePipeline", `ImageOptions={"ImageTags":[[{}]],"ImageName":1e999}&ImportImageOptions=[1,2]&BaseImageType=OSS`)
	f.Add("CreateImageComponent", "Content=COMPONENT&ComponentVersion=1.2&Name=%00&ClientToken=%ff")
	f.Add("DescribeImages", "PageNumber=2147483647&PageSize=100&Filter.1.Key=CreationStartTime&Status=,")
	f.Add("DescribeImageComponents", "Name=tools&ComponentVersion=*.*.*&NextToken=//8")
	f.Fuzz(func(t *testing.T, action, query string) {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Skip()
		}
		a := args{"RegionId": "cn-hangzhou"}
		for name := range v {
			a[name] = v.Get(name)
		}
		answersOnce(t, c, httptest.NewRequest("POST", "/?"+c.sign("POST", action, a).Encode(), nil))
	})
}

func answersOnce(t *testing.T, c *cloud, r *http.Request) {
	c.log.take()
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	var body map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
	require.NotEmpty(t, body["RequestId"])
	require.Equal(t, 1, strings.Count(c.log.take(), "\n"))
}
