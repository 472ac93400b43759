package emulator

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
	for _, seed := range capturedRequests(f) {
		body, err := io.ReadAll(seed.Body)
		require.NoError(f, err)
		f.Add(seed.Method, seed.RequestURI, seed.Header.Get("Content-Type"), seed.Header.Get("Authorization"), string(body))
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

// capturedRequests are those that clients have sent: each action's and each scheme's.
func capturedRequests(f *testing.F) []*http.Request {
	files, err := filepath.Glob("signature/testdata/*.http")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	var all []*http.Request
	for _, file := range files {
		wire, err := os.ReadFile(file)
		require.NoError(f, err)
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
		require.NoError(f, err, file)
		all = append(all, r)
	}
	return all
}

// FuzzParameters signs what it sends, so that every parameter reaches its action, in a
// cloud that has one of everything.
func FuzzParameters(f *testing.F) {
	c := newCloud(f)
	imageID := c.imported(fullImport.with("ClientToken", "-", "ImageName", "golden-1"))
	unused := c.imported(fullImport.with("ClientToken", "-", "ImageName", "golden-0"))
	componentID := c.component("Name", "nginx", "ComponentVersion", "1.0.1")
	pipelineID, ready := c.pipeline("Name", "web", "Tag.1.Key", "kiln:build", "Tag.1.Value", "b-1"), c.pipeline()
	executionID := c.start(pipelineID)
	importing := c.ecs("ImportImage", fullImport.with("ClientToken", "-", "ImageName", "golden-2")).ok().text("TaskId")
	requests := map[string]args{
		"DescribeRegions":       {},
		"ImportImage":           fullImport,
		"DescribeTasks":         {"TaskIds": "t-bp1000000000001", "TaskAction": "ImportImage", "ResourceIds.1": imageID, "StartTime": "2026-11-21T12:00:00Z", "PageNumber": "1", "PageSize": "100"},
		"DescribeTaskAttribute": {"TaskId": importing},
		"CancelTask":            {"TaskId": importing},
		"DescribeImages":        {"ImageId": imageID, "ImageOwnerAlias": "self", "Status": "Creating,Available", "Tag.1.Key": "kiln:build", "Tag.1.Value": "b-1", "PageNumber": "1", "PageSize": "100"},
		"DeleteImage":           {"ImageId": unused, "Force": "false", "DryRun": "true"},
		"CreateImageComponent": {"Name": "nginx", "ComponentVersion": "1.0.0", "ComponentType": "Build", "SystemType": "Linux", "Description": "web server",
			"Content": "RUN apt-get update && apt-get install -y nginx\nENV A=b", "ClientToken": "tok", "ResourceGroupId": "rg-1", "Tag.1.Key": "kiln:build", "Tag.1.Value": "b-1"},
		"DescribeImageComponents": {"ImageComponentId.1": componentID, "Name": "nginx", "ComponentVersion": "1.0.*", "Owner": "SELF", "MaxResults": "100"},
		"DeleteImageComponent":    {"ImageComponentId": componentID},
		"CreateImagePipeline":     fullPipeline,
		"DescribeImagePipelines":  {"ImagePipelineId.1": pipelineID, "Name": "web", "MaxResults": "100", "Tag.1.Key": "kiln:build", "Tag.1.Value": "b-1"},
		"DeleteImagePipeline":     {"ImagePipelineId": pipelineID},
		"StartImagePipelineExecution": {"ImagePipelineId": ready, "ClientToken": "tok", "Tag.1.Key": "kiln:build", "Tag.1.Value": "b-1",
			"TemplateTag.1.Key": "a", "TemplateTag.1.Value": "b"},
		"CancelImagePipelineExecution":    {"ExecutionId": executionID},
		"DescribeImagePipelineExecutions": {"ExecutionId": executionID, "ImagePipelineId": pipelineID, "MaxResults": "100"},
	}
	for _, action := range slices.Sorted(maps.Keys(requests)) {
		values := url.Values{}
		for name, value := range requests[action] {
			values.Set(name, value)
		}
		f.Add(action, values.Encode())
	}
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

// fullImport is an ImportImage with every parameter.
var fullImport = args{
	"ImageName": "golden-base", "Description": "a disk", "Architecture": "x86_64", "OSType": "linux", "Platform": "Others Linux",
	"BootMode": "UEFI", "LicenseType": "Auto", "RoleName": "AliyunECSImageImportDefaultRole", "DetectionStrategy": "Standard",
	"ResourceGroupId": "rg-1", "Features.NvmeSupport": "supported", "Features.ImdsSupport": "v2", "ClientToken": "tok",
	"DiskDeviceMapping.1.OSSBucket": "golden", "DiskDeviceMapping.1.OSSObject": "disk.qcow2",
	"DiskDeviceMapping.1.Format": "QCOW2", "DiskDeviceMapping.1.DiskImageSize": "40",
	"DiskDeviceMapping.2.OSSBucket": "golden", "DiskDeviceMapping.2.OSSObject": "data.raw",
	"Tag.1.Key": "kiln:build", "Tag.1.Value": "b-1",
}

// fullPipeline is a CreateImagePipeline with most of its parameters.
var fullPipeline = pipelineArgs.with(
	"Name", "web-2", "Description", "a template", "BuildContent", "COMPONENT ic-bp1000000000001\nRUN true", "TestContent", "RUN true",
	"InstanceType", "ecs.g7.large", "VSwitchId", "vsw-1", "SystemDiskSize", "40", "InternetMaxBandwidthOut", "5",
	"DeleteInstanceOnFailure", "false", "RepairMode", "Standard", "AdvancedOptions.RetainCloudAssistant", "true",
	"AdvancedOptions.ImageNameSuffix", "disable", "ToRegionId.1", "cn-hangzhou", "ToRegionId.2", "cn-beijing",
	"AddAccount.1", "1234567890123456", "ImageOptions.ImageFamily", "web", "ImageOptions.Description", "a web server",
	"ImageOptions.ImageFeatures.NvmeSupport", "auto", "ImageOptions.ImageTags.1.Key", "i", "ImageOptions.ImageTags.1.Value", "t",
	"ResourceGroupId", "rg-1", "ClientToken", "tok", "Tag.1.Key", "kiln:build", "Tag.1.Value", "b-1",
)

// FuzzRegistrations signs what it sends to Batch Compute, so that every path and body
// reaches it.
func FuzzRegistrations(f *testing.F) {
	c := newCloud(f)
	imageID, registered := c.imported(importArgs), c.imported(importArgs.with("ImageName", "golden-2"))
	id := c.batch("POST", "/images", `{"EcsImageId":"`+registered+`","Name":"golden","Platform":"Linux"}`).text("Id")
	f.Add("POST", "/images?IdempotentToken=tok_1", `{"EcsImageId":"`+imageID+`","Name":"web","Description":"a web server","Platform":"Linux"}`)
	f.Add("POST", "/images", `{"EcsImageId":7,"Name":null,"Platform":["Linux"]}`)
	f.Add("POST", "/images", `[]`)
	f.Add("GET", "/images?Marker=&MaxItemCount=100&Type=Self", "")
	f.Add("GET", "/images/"+id, "")
	f.Add("DELETE", "/images/"+id, "")
	f.Fuzz(func(t *testing.T, method, target, body string) {
		u, err := url.Parse(target)
		if err != nil || u.Path == "/healthz" {
			t.Skip()
		}
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Method, r.URL = method, u
		c.signBatch(r, target)
		answersOnce(t, c, r)
	})
}

func answersOnce(t *testing.T, c *cloud, r *http.Request) {
	c.log.take()
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	requestID := any(w.Header().Get("x-acs-request-id")) // Batch Compute has it here, ECS in the body
	if w.Code != http.StatusNoContent {
		var body map[string]any
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body), w.Body.String())
		if requestID == "" || w.Code >= 300 {
			requestID = body["RequestId"]
		}
	}
	require.NotEmpty(t, requestID)
	require.Equal(t, 1, strings.Count(c.log.take(), "\n"))
}
