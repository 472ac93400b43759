package emulator

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestECSGate(t *testing.T) {
	c := newCloud(t)
	region := args{"RegionId": "cn-hangzhou"}
	query := func(method, action string, a args) result {
		return c.send(httptest.NewRequest(method, "/?"+c.sign(method, action, a).Encode(), nil), action)
	}
	t.Run("GET is as good as POST", func(t *testing.T) { query("GET", "DescribeTasks", region).ok() })
	t.Run("PUT is refused", func(t *testing.T) { query("PUT", "DescribeTasks", region).refused(403, "UnsupportedHTTPMethod") })
	t.Run("an action that is not emulated is refused", func(t *testing.T) {
		query("POST", "RunInstances", region).refused(404, "InvalidApi.NotFound")
	})
	t.Run("no action", func(t *testing.T) { query("POST", "", region).refused(400, "MissingParameter") })
	t.Run("no version", func(t *testing.T) {
		query("POST", "DescribeTasks", region.with("Version", "")).refused(400, "MissingParameter")
	})
	t.Run("another version", func(t *testing.T) {
		query("POST", "DescribeTasks", region.with("Version", "2014-05-27")).refused(400, "NoSuchVersion")
	})
	t.Run("no region", func(t *testing.T) { query("POST", "DescribeTasks", args{}).refused(400, "MissingParameter") })
	t.Run("an unknown region", func(t *testing.T) {
		query("POST", "DescribeTasks", args{"RegionId": "mars-1"}).refused(400, "InvalidRegionId.NotFound")
	})
	t.Run("an unknown key", func(t *testing.T) {
		query("POST", "DescribeTasks", region.with("AccessKeyId", "someone")).refused(404, "InvalidAccessKeyId.NotFound")
	})
	t.Run("an old request", func(t *testing.T) {
		old := c.clock.Now().Add(-16 * time.Minute).Format("2006-01-02T15:04:05Z")
		query("POST", "DescribeTasks", region.with("Timestamp", old)).refused(400, "InvalidTimeStamp.Expired")
	})
	t.Run("a repeated nonce", func(t *testing.T) {
		query("POST", "DescribeTasks", region.with("SignatureNonce", "twice")).ok()
		query("POST", "DescribeTasks", region.with("SignatureNonce", "twice")).refused(400, "SignatureNonceUsed")
	})
	t.Run("a changed parameter", func(t *testing.T) {
		v := c.sign("POST", "DescribeTasks", region)
		v.Set("PageSize", "50")
		c.send(httptest.NewRequest("POST", "/?"+v.Encode(), nil), "DescribeTasks").refused(400, "SignatureDoesNotMatch")
	})
	t.Run("no signature", func(t *testing.T) {
		r := c.send(httptest.NewRequest("POST", "/?Action=DescribeTasks&Version=2014-05-26", nil), "DescribeTasks")
		require.Contains(t, []string{"MissingParameter", "IncompleteSignature"}, r.code())
	})
	t.Run("another path", func(t *testing.T) {
		v := c.sign("POST", "DescribeTasks", region)
		c.send(httptest.NewRequest("POST", "/else?"+v.Encode(), nil), "").refused(404, "InvalidApi.NotFound")
	})
	t.Run("too large a body", func(t *testing.T) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(strings.Repeat("x", maxBody+1)))
		c.send(r, "").refused(413, "InvalidParameter")
	})
}

func TestECSErrorForm(t *testing.T) {
	c := newCloud(t)
	r := c.ecs("DescribeTaskAttribute", args{"TaskId": "t-none"})
	r.refused(400, "InvalidTaskId.NotFound")
	require.Equal(t, "application/json;charset=utf-8", r.Header.Get("Content-Type"))
	require.Equal(t, `The specified "TaskId" is not found.`, r.text("Message"))
	require.Equal(t, "example.com", r.text("HostId"))
	require.Contains(t, r.text("Recommend"), "InvalidTaskId.NotFound")
	require.Regexp(t, `^[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-[89AB][0-9A-F]{3}-[0-9A-F]{12}$`, r.text("RequestId"))
}

func TestParametersArriveInEveryForm(t *testing.T) {
	c := newCloud(t)
	all := c.sign("POST", "CreateImagePipeline", pipelineArgs.with("RegionId", "cn-hangzhou"))
	half := func(keep bool) url.Values {
		v := url.Values{}
		for name := range all {
			if keep == (name < "I") {
				v.Set(name, all.Get(name))
			}
		}
		return v
	}
	r := httptest.NewRequest("POST", "/?"+half(true).Encode(), strings.NewReader(half(false).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	c.send(r, "CreateImagePipeline").ok()

	asJSON := args{"BaseImageType": "IMAGE", "BaseImage": ubuntu, "ImageOptions": `{"ImageName":"golden","ImageTags":[{"Key":"a","Value":"b"}]}`,
		"SystemDiskSize": "60", "ToRegionId": `["cn-beijing"]`}
	id := c.ecs("CreateImagePipeline", asJSON).ok().text("ImagePipelineId")
	shown := c.ecs("DescribeImagePipelines", args{"ImagePipelineId.1": id}).ok()
	one := func(path ...any) any {
		return shown.at(append([]any{"ImagePipeline", "ImagePipelineSet", 0}, path...)...)
	}
	require.Equal(t, "golden", one("ImageOptions", "ImageName"))
	require.Equal(t, "a", one("ImageOptions", "ImageTags", "ImageTag", 0, "TagKey"))
	require.Equal(t, "cn-beijing", one("ToRegionIds", "ToRegionId", 0))
	require.EqualValues(t, 60, one("SystemDiskSize"))

	c.ecs("CreateImagePipeline", asJSON.with("ImageOptions", `{"ImageName":`)).refused(400, "InvalidParameter")
}

func TestTruthValuesArriveAsClientsInPythonWriteThem(t *testing.T) {
	c := newCloud(t)
	id := c.pipeline("DeleteInstanceOnFailure", "False", "AdvancedOptions.RetainCloudAssistant", "True")
	shown := c.ecs("DescribeImagePipelines", args{"ImagePipelineId.1": id}).ok()
	require.Equal(t, false, shown.at("ImagePipeline", "ImagePipelineSet", 0, "DeleteInstanceOnFailure"))
	require.Equal(t, true, shown.at("ImagePipeline", "ImagePipelineSet", 0, "AdvancedOptions", "RetainCloudAssistant"))
}

func TestATemporaryKeyPairComesWithItsToken(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.SecurityToken = "STS.token" })
	c.ecs("DescribeTasks", args{"SecurityToken": "STS.token"}).ok()
	c.ecs("DescribeTasks", args{}).refused(400, "MissingSecurityToken")
	c.ecs("DescribeTasks", args{"SecurityToken": "STS.other"}).refused(400, "InvalidSecurityToken.MismatchWithAccessKey")
	newCloud(t).ecs("DescribeTasks", args{"SecurityToken": "STS.token"}).refused(400, "InvalidSecurityToken.MismatchWithAccessKey")
	require.NotContains(t, c.log.text(), "STS.")
}

func TestDescribeRegions(t *testing.T) {
	c := newCloud(t)
	r := c.ecs("DescribeRegions", args{"AcceptLanguage": "en-US"}).ok()
	require.Equal(t, "cn-hangzhou", r.text("Regions", "Region", 0, "RegionId"))
	require.Equal(t, "ecs.cn-hangzhou.aliyuncs.com", r.text("Regions", "Region", 0, "RegionEndpoint"))
	require.Equal(t, "China (Hangzhou)", r.text("Regions", "Region", 0, "LocalName"))
	require.Equal(t, "华东1（杭州）", c.ecs("DescribeRegions", args{}).ok().text("Regions", "Region", 0, "LocalName"))
	c.ecs("DescribeRegions", args{"ResourceType": "moon"}).refused(400, "InvalidParameter")
}

func TestHealth(t *testing.T) {
	c := newCloud(t)
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, httptest.NewRequest("GET", "/healthz", nil))
	require.Equal(t, 200, w.Code)
	require.Equal(t, "ok\n", w.Body.String())
}
