package testsuite

import (
	"cmp"
	"maps"
	"net/http"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// rpc is one call of ECS as a client without types sends it.
type rpc struct {
	method      string
	version     string // empty: the one there is
	query, form map[string]string
}

func (r rpc) call(client *openapi.Client, action string) (map[string]any, error) {
	version := cmp.Or(r.version, "2014-05-26")
	params := &openapiutil.Params{
		Style: dara.String("RPC"), Action: &action, Version: &version, Protocol: dara.String("HTTP"), Method: &r.method,
		Pathname: dara.String("/"), AuthType: dara.String("AK"), ReqBodyType: dara.String("formData"), BodyType: dara.String("json"),
	}
	request := &openapiutil.OpenApiRequest{Query: map[string]*string{}}
	for name, text := range r.query {
		request.Query[name] = &text
	}
	if r.form != nil {
		form := map[string]any{}
		for name, text := range r.form {
			form[name] = text
		}
		request.Body = form
	}
	answer, err := client.CallApi(params, request, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	body, _ := answer["body"].(map[string]any)
	return body, nil
}

var bothSignatures = map[string]func(*openapiutil.Config){"ACS3": func(*openapiutil.Config) {}, "version 1": oldSignature}

// Clients differ in where they put what they ask for.
func TestContractWaysToSendAnRPC(t *testing.T) {
	disk := map[string]string{"RegionId": hangzhou, "DiskDeviceMapping.1.OSSBucket": disks, "DiskDeviceMapping.1.OSSObject": "disks/base.qcow2"}
	inJSON := map[string]string{"RegionId": hangzhou, "DiskDeviceMapping": `[{"OSSBucket":"kiln-examples","OSSObject":"disks/base.qcow2"}]`}
	unknown := merged(disk, map[string]string{"Colour": "red", "OwnerId": "1", "ResourceOwnerAccount": "me"})
	quoted := merged(disk, map[string]string{"Description": "a+b c*d~e/f=g&h%2F 镜像", "Tag.1.Key": "k", "Tag.1.Value": ""})
	for claim, request := range map[string]rpc{
		"all in the query, as the SDK does":  {method: "POST", query: disk},
		"all in a form, as Terraform does":   {method: "POST", form: disk},
		"by GET, as the command line may":    {method: "GET", query: disk},
		"in both, the region in the query":   {method: "POST", query: map[string]string{"RegionId": hangzhou}, form: disk},
		"a structure as one string of JSON":  {method: "POST", query: inJSON},
		"parameters that nobody knows":       {method: "POST", query: unknown},
		"values that have to be quoted":      {method: "POST", query: quoted},
		"values to be quoted in a form":      {method: "POST", form: quoted},
		"values to be quoted, sent by a GET": {method: "GET", query: quoted},
	} {
		for scheme, change := range bothSignatures {
			t.Run(claim+", by "+scheme, func(t *testing.T) {
				c := emulate(t)
				answer, err := request.call(c.core(t, change), "ImportImage")
				require.NoError(t, err)
				id, _ := answer["ImageId"].(string)
				img := c.image(t, hangzhou, id)
				require.Equal(t, merged(request.query, request.form)["Description"], value(img.Description))
			})
		}
	}
}

func merged(all ...map[string]string) map[string]string {
	whole := map[string]string{}
	for _, one := range all {
		maps.Copy(whole, one)
	}
	return whole
}

func TestContractRequestsThatAreNoCall(t *testing.T) {
	regions := map[string]string{"RegionId": hangzhou}
	for scheme, change := range bothSignatures {
		t.Run(scheme, func(t *testing.T) {
			client := emulate(t).core(t, change)
			for _, row := range []struct {
				claim, action string
				request       rpc
				status        int
				code, message string
			}{
				{"an action that is not there", "DescribeInstances", rpc{method: "POST", query: regions},
					404, "InvalidApi.NotFound", "Specified api is not found, please check your url and method."},
				{"another version", "DescribeTasks", rpc{method: "POST", query: regions, version: "2016-01-01"}, 400, "NoSuchVersion", "%s"},
				{"another method", "DescribeTasks", rpc{method: "DELETE", query: regions},
					403, "UnsupportedHTTPMethod", "This http method is not supported."},
				{"a number that is none", "DescribeTasks", rpc{method: "POST", query: merged(regions, map[string]string{"PageSize": "ten"})},
					400, "", "%s"},
				{"a truth value that is none", "DescribeImages", rpc{method: "POST", query: merged(regions, map[string]string{"DryRun": "maybe"})},
					400, "", "%s"},
				{"a structure that is broken JSON", "ImportImage", rpc{method: "POST", query: merged(regions, map[string]string{"Features": "{"})},
					400, "", "%s"},
			} {
				t.Run(row.claim, func(t *testing.T) {
					_, err := row.request.call(client, row.action)
					requireRefusal(t, refusalOf(t, err), row.status, row.code, row.message)
				})
			}
		})
	}
}

// badSigners are clients that the cloud does not let in, whatever they ask for.
var badSigners = []struct {
	claim   string
	change  func(*openapiutil.Config)
	status  int
	code    string
	message string
}{
	{"an unknown key", func(c *openapiutil.Config) { c.AccessKeyId = dara.String("somebody") },
		404, "InvalidAccessKeyId.NotFound", "Specified access key is not found."},
	{"a wrong secret", func(c *openapiutil.Config) { c.AccessKeySecret = dara.String("guess") },
		400, "SignatureDoesNotMatch", "Specified signature is not matched with our calculation.%s"},
	{"a session of a key that has none", func(c *openapiutil.Config) { c.SecurityToken = dara.String("STS.token") },
		400, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey."},
}

func TestContractWhoMayCall(t *testing.T) {
	c := emulate(t)
	for scheme, sign := range bothSignatures {
		calls := map[string]func(*openapi.Client) error{
			"ECS": func(client *openapi.Client) error {
				_, err := rpc{method: "POST"}.call(client, "DescribeRegions")
				return err
			},
			"Batch Compute": func(client *openapi.Client) error {
				_, err := registrar{t, client}.call(&resourceRequest{method: http.MethodGet, path: "/images"})
				return err
			},
		}
		for service, call := range calls {
			for _, row := range badSigners {
				t.Run(service+" by "+scheme+"/"+row.claim, func(t *testing.T) {
					requireRefusal(t, refusalOf(t, call(c.core(t, sign, row.change))), row.status, row.code, row.message)
				})
			}
			t.Run(service+" by "+scheme+"/a clock that is 16 minutes off", func(t *testing.T) {
				late := emulate(t)
				late.clock.pass(16 * time.Minute)
				requireRefusal(t, refusalOf(t, call(late.core(t, sign))), 400, "InvalidTimeStamp.Expired",
					"Specified time stamp or date value is expired.")
			})
		}
	}
}

// The emulated cloud has no sessions of its own, so its verifier stands alone.
func TestContractSessions(t *testing.T) {
	host := verifying(t, &signature.Verifier{
		Secret: func(id string) (string, bool) { return "testSecret", id == "testAK" },
		Token:  func(string) (signature.Token, bool) { return signature.Token{Value: "STS.to/k+e=n"}, true },
	})
	session := func(token string) func(*openapiutil.Config) {
		return func(config *openapiutil.Config) {
			config.AccessKeyId, config.AccessKeySecret = dara.String("testAK"), dara.String("testSecret")
			config.Endpoint, config.NoProxy = dara.String(host), dara.String(host)
			if token != "" {
				config.SecurityToken = dara.String(token)
			}
		}
	}
	c := emulate(t)
	for scheme, sign := range bothSignatures {
		for service, call := range map[string]func(*openapi.Client) error{
			"ECS": func(client *openapi.Client) error {
				_, err := rpc{method: "POST", form: map[string]string{"RegionId": hangzhou}}.call(client, "DescribeTasks")
				return err
			},
			"Batch Compute": func(client *openapi.Client) error {
				_, err := registrar{t, client}.call(&resourceRequest{method: http.MethodPost, path: "/images", body: registration("m-1")})
				return err
			},
		} {
			t.Run(service+" by "+scheme, func(t *testing.T) {
				require.NoError(t, call(c.core(t, sign, session("STS.to/k+e=n"))))
				requireRefusal(t, refusalOf(t, call(c.core(t, sign, session("STS.other")))), 400,
					"InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
				requireRefusal(t, refusalOf(t, call(c.core(t, sign, session("")))), 400, "MissingSecurityToken", "%s")
			})
		}
	}
}

func TestContractAnswerForms(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	good, err := client.DescribeTasks(new(tasksRequest).SetRegionId(hangzhou))
	require.NoError(t, err)
	require.Equal(t, "application/json;charset=utf-8", value(good.Headers["content-type"]))
	_, err = client.DescribeTasks(new(tasksRequest))
	bad := refusalOf(t, err)
	require.Equal(t, c.host(), bad.HostID)
	require.Contains(t, bad.Recommend, "https://")
	require.NotEqual(t, value(good.Body.RequestId), bad.RequestID)

	_, err = registrar{t, c.core(t)}.call(&resourceRequest{method: http.MethodGet, path: "/images/img-none"})
	require.Regexp(t, requestID, refusalOf(t, err).RequestID, "in the body, where the SDK looks")
}

// CreateImageComponent takes 1000 calls a minute, the one documented limit.
func TestContractThrottling(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	request := componentOf("RUN true").SetClientToken("token-1")
	create := func() error {
		_, err := client.CreateImageComponent(request)
		return err
	}
	for range 1000 {
		require.NoError(t, create())
	}
	requireRefusal(t, refusalOf(t, create()), 400, "Throttling", "Request was denied due to request throttling.")
	_, err := client.CreateImageComponent(componentOf("RUN true").SetRegionId("cn-beijing"))
	require.NoError(t, err, "each region has its own count")
	c.clock.pass(time.Minute)
	require.NoError(t, create(), "what is throttled in one minute passes in the next")
}

// The typed client's every action, by the old signature: it is the other one that ECS takes.
func TestContractABuildByTheOldSignature(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t, oldSignature)
	begun, err := client.ImportImage(importOfBase())
	require.NoError(t, err)
	_, err = client.DescribeTaskAttribute(taskOf(*begun.Body.TaskId))
	require.NoError(t, err)
	c.pass(time.Hour)
	component, err := client.CreateImageComponent(componentOf(taskDocument))
	require.NoError(t, err)
	pipeline, err := client.CreateImagePipeline(pipelineOn(*begun.Body.ImageId).
		SetBuildContent("COMPONENT " + *component.Body.ImageComponentId))
	require.NoError(t, err)
	started, err := client.StartImagePipelineExecution(startOf(*pipeline.Body.ImagePipelineId))
	require.NoError(t, err)
	_, err = client.CancelImagePipelineExecution(stopOf(*started.Body.ExecutionId))
	require.NoError(t, err)
	listed, err := client.DescribeImagePipelineExecutions(executionsOf(*pipeline.Body.ImagePipelineId))
	require.NoError(t, err)
	require.EqualValues(t, 1, *listed.Body.TotalCount)
}
