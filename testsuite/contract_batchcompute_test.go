package testsuite

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"
)

// registrar calls Batch Compute, which has no client of its own, through the core of the
// official SDK.
type registrar struct {
	t    *testing.T
	core *openapi.Client
}

// bySignature runs a test under each signature that a client of Batch Compute may use.
func bySignature(t *testing.T, test func(t *testing.T, c *emulated, r registrar)) {
	t.Helper()
	for claim, change := range map[string]func(*openapiutil.Config){
		"ROA V1": oldSignature, "ACS3": func(*openapiutil.Config) {},
	} {
		t.Run(claim, func(t *testing.T) {
			c := emulate(t)
			test(t, c, registrar{t, c.core(t, change)})
		})
	}
}

// resourceRequest is one call on a resource.
type resourceRequest struct {
	method, path, version string
	query                 map[string]string
	body                  any
	raw                   []byte // in place of body: sent as it is, which only ACS3 can
}

// resourceAnswer is what the core makes of an answer.
type resourceAnswer struct {
	status       int // 0 for a 204 by the old signature
	header, body map[string]any
}

func (r registrar) call(request *resourceRequest) (*resourceAnswer, error) {
	params := &openapiutil.Params{
		Style: dara.String("ROA"), Action: dara.String("Any"), Version: dara.String("2015-11-11"), Protocol: dara.String("HTTP"),
		Method: &request.method, Pathname: &request.path, AuthType: dara.String("AK"),
		ReqBodyType: dara.String("json"), BodyType: dara.String("json"),
	}
	if request.version != "" {
		params.Version = &request.version
	}
	sent := &openapiutil.OpenApiRequest{Query: map[string]*string{}, Body: request.body}
	for name, text := range request.query {
		sent.Query[name] = &text
	}
	if request.raw != nil {
		params.ReqBodyType, sent.Body = dara.String("byte"), request.raw
	}
	result, err := r.core.CallApi(params, sent, &dara.RuntimeOptions{})
	if err != nil {
		return nil, err
	}
	answer := &resourceAnswer{}
	answer.header, _ = result["headers"].(map[string]any)
	answer.body, _ = result["body"].(map[string]any)
	if status, told := result["statusCode"]; told {
		answer.status, err = strconv.Atoi(fmt.Sprint(status))
	}
	return answer, err
}

// ok is an answer's body.
func (r registrar) ok(method, path string, query map[string]string, body any) map[string]any {
	r.t.Helper()
	answer, err := r.call(&resourceRequest{method: method, path: path, query: query, body: body})
	require.NoError(r.t, err)
	return answer.body
}

// register registers an image and returns its id with Batch Compute.
func (r registrar) register(body map[string]any, token string) string {
	r.t.Helper()
	id, _ := r.ok(http.MethodPost, "/images", map[string]string{"IdempotentToken": token}, body)["Id"].(string)
	require.NotEmpty(r.t, id)
	return id
}

// registration is a good CreateImage.
func registration(imageID string) map[string]any {
	return map[string]any{"Name": "golden", "Description": "made by the contract", "EcsImageId": imageID, "Platform": "Linux"}
}

func TestContractRegisterAnImage(t *testing.T) {
	bySignature(t, func(t *testing.T, c *emulated, r registrar) {
		imageID := *c.imported(t, importOfBase()).ImageId
		created, err := r.call(&resourceRequest{method: http.MethodPost, path: "/images",
			query: map[string]string{"IdempotentToken": "token_1"}, body: registration(imageID)})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, created.status)
		id := created.body["Id"].(string)
		require.Regexp(t, `^img-[a-z0-9]+$`, id)
		require.Regexp(t, requestID, created.header["x-acs-request-id"])
		require.Equal(t, "application/json; charset=utf-8", created.header["content-type"])
		require.Equal(t, "AliyunBatchCompute", created.header["server"])

		img := r.ok(http.MethodGet, "/images/"+id, nil, nil)
		made, err := time.Parse("2006-01-02T15:04:05.000000Z", img["CreationTime"].(string))
		require.NoError(t, err, "microseconds")
		require.WithinDuration(t, c.clock.Now(), made, 0)
		owner, hasOwner := img["OwnerId"]
		require.True(t, hasOwner)
		require.Equal(t, map[string]any{
			"Id": id, "Name": "golden", "Description": "made by the contract", "EcsImageId": imageID, "Platform": "Linux",
			"Type": "Self", "OwnerId": owner, "CreationTime": img["CreationTime"],
		}, img)

		gone, err := r.call(&resourceRequest{method: http.MethodDelete, path: "/images/" + id})
		require.NoError(t, err)
		require.Empty(t, gone.body)
		require.Contains(t, []int{0, http.StatusNoContent}, gone.status)
		_, err = r.call(&resourceRequest{method: http.MethodGet, path: "/images/" + id})
		requireRefusal(t, refusalOf(t, err), 404, "InvalidResource.NotFound", "Specified resource is not found.")
		require.NotEqual(t, id, r.register(registration(imageID), ""), "it can be registered anew")
	})
}

func TestContractListRegisteredImages(t *testing.T) {
	bySignature(t, func(t *testing.T, c *emulated, r registrar) {
		var want []string
		for n := range 7 {
			body := registration(*c.imported(t, importOfBase()).ImageId)
			body["Name"] = fmt.Sprint("golden-", n)
			want = append(want, r.register(body, ""))
		}
		list := func(query map[string]string) (ids []string, next string) {
			answer := r.ok(http.MethodGet, "/images", query, nil)
			for _, item := range answer["Items"].([]any) {
				ids = append(ids, item.(map[string]any)["Id"].(string))
			}
			return ids, answer["NextMarker"].(string)
		}
		var got []string
		marker := ""
		for _, size := range []int{3, 3, 1} {
			page, next := list(map[string]string{"Marker": marker, "MaxItemCount": "3", "Type": "Self"})
			require.Len(t, page, size)
			require.Equal(t, size == 1, next == "", "an empty marker ends the list")
			got, marker = append(got, page...), next
		}
		require.ElementsMatch(t, want, got)

		all, next := list(nil)
		require.ElementsMatch(t, want, all)
		require.Empty(t, next)
		other, _ := list(map[string]string{"Type": "Other"})
		require.ElementsMatch(t, want, other, "another type is ignored")
		system, _ := list(map[string]string{"Type": "System"})
		require.False(t, slices.ContainsFunc(system, func(id string) bool { return slices.Contains(want, id) }))
	})
}

func TestContractBatchComputeRefusals(t *testing.T) {
	bySignature(t, func(t *testing.T, c *emulated, r registrar) {
		registered := *c.imported(t, importOfBase()).ImageId
		r.register(registration(registered), "")
		begun, err := c.ecs(t).ImportImage(importOfBase())
		require.NoError(t, err)
		system, err := c.ecs(t).DescribeImages(imagesOf(hangzhou).SetImageOwnerAlias("system"))
		require.NoError(t, err)

		with := func(pairs ...any) func(*resourceRequest) {
			return func(r *resourceRequest) {
				body := r.body.(map[string]any)
				for n := 0; n < len(pairs); n += 2 {
					if body[pairs[n].(string)] = pairs[n+1]; pairs[n+1] == nil {
						delete(body, pairs[n].(string))
					}
				}
			}
		}
		good := func() *resourceRequest {
			return &resourceRequest{method: http.MethodPost, path: "/images", query: map[string]string{}, body: registration("m-none")}
		}
		const notValid = "Specified parameter %s is not valid. "
		invalid := func(name, reason string) string {
			return strings.TrimSpace(strings.Replace(notValid, "%s", name, 1) + reason)
		}
		refuses(t, good, r.call, []refusal[resourceRequest]{
			{"a body that is a list", func(r *resourceRequest) { r.body = []string{"golden"} },
				400, "InvalidHttpBody", "Specified parameter HttpBody is not valid. Its type must be object."},
			{"an empty object", func(r *resourceRequest) { r.body = map[string]any{} }, 400, "MissingName", "Name is mandatory for this action."},
			{"no name", with("Name", nil), 400, "MissingName", "Name is mandatory for this action."},
			{"a name that is a number", with("Name", 7), 400, "InvalidName", invalid("Name", "Its type must be string.")},
			{"an empty name", with("Name", ""), 400, "InvalidName", invalid("Name", "Its length must be in [1, 64].")},
			{"a name of 65 letters", with("Name", strings.Repeat("a", 65)),
				400, "InvalidName", invalid("Name", "Its length must be in [1, 64].")},
			{"a name that begins with a digit", with("Name", "1st"), 400, "InvalidName",
				invalid("Name", "It must only contain characters within [a-zA-Z0-9_-], and must not start with [0-9].")},
			{"a name with a dot", with("Name", "golden.1"), 400, "InvalidName",
				invalid("Name", "It must only contain characters within [a-zA-Z0-9_-], and must not start with [0-9].")},
			{"a description that is a list", with("Description", []int{1}),
				400, "InvalidDescription", invalid("Description", "Its type must be string.")},
			{"a description of 1025 letters", with("Description", strings.Repeat("d", 1025)),
				400, "InvalidDescription", invalid("Description", "Its length must be in [0, 1024].")},
			{"no image", with("EcsImageId", nil), 400, "MissingEcsImageId", "EcsImageId is mandatory for this action."},
			{"an image that is a truth value", with("EcsImageId", true),
				400, "InvalidEcsImageId", invalid("EcsImageId", "Its type must be string.")},
			{"an image id of 257 letters", with("EcsImageId", strings.Repeat("m", 257)),
				400, "InvalidEcsImageId", invalid("EcsImageId", "Its length must be in [1, 256].")},
			{"an image that is not there", with("EcsImageId", "m-none"),
				400, "InvalidEcsImageId", invalid("EcsImageId", "The specified EcsImageId does not exist or not you onwer.")},
			{"an image of the system", with("EcsImageId", *system.Body.Images.Image[0].ImageId),
				400, "InvalidEcsImageId", invalid("EcsImageId", "The specified EcsImageId does not exist or not you onwer.")},
			{"an image that is registered", with("EcsImageId", registered),
				400, "InvalidEcsImageId", invalid("EcsImageId", "This EcsImageId has been registered.")},
			{"an image that is being imported", with("EcsImageId", *begun.Body.ImageId),
				400, "InvalidEcsImageId", invalid("EcsImageId", "The image is not available.")},
			{"no platform", with("Platform", nil), 400, "MissingPlatform", "Platform is mandatory for this action."},
			{"a platform that is an object", with("Platform", map[string]any{}),
				400, "InvalidPlatform", invalid("Platform", "Its type must be string.")},
			{"an empty platform", with("Platform", ""), 400, "InvalidPlatform", invalid("Platform", "Its length must be in [1, 256].")},
			{"an unknown platform", with("Platform", "BeOS"), 400, "InvalidPlatform", invalid("Platform", "")},
			{"a token with a hyphen", func(r *resourceRequest) { r.query["IdempotentToken"] = "token-1" },
				400, "InvalidIdempotentToken", invalid("IdempotentToken", "")},
			{"a token of 65 letters", func(r *resourceRequest) { r.query["IdempotentToken"] = strings.Repeat("t", 65) },
				400, "InvalidIdempotentToken", invalid("IdempotentToken", "")},
			{"name and image missing: the name comes first", with("EcsImageId", nil, "Name", nil),
				400, "MissingName", "Name is mandatory for this action."},
			{"image and platform missing: the image comes first", with("Platform", nil, "EcsImageId", nil),
				400, "MissingEcsImageId", "EcsImageId is mandatory for this action."},
		})
		refuses(t, func() *resourceRequest { return &resourceRequest{method: http.MethodGet, path: "/images"} }, r.call, []refusal[resourceRequest]{
			{"an image that nobody registered", func(r *resourceRequest) { r.path = "/images/img-none" },
				404, "InvalidResource.NotFound", "Specified resource is not found."},
			{"deleting what nobody registered", func(r *resourceRequest) { r.method, r.path = http.MethodDelete, "/images/img-none" },
				404, "InvalidResource.NotFound", "Specified resource is not found."},
			{"another version", func(r *resourceRequest) { r.version = "2016-01-01" },
				403, "InvalidVersion.NotFound", "Specified version is not found."},
			{"another method", func(r *resourceRequest) { r.method = http.MethodPut },
				400, "MethodNotAllowed", "The request http method is not supported for this resource."},
			{"a path below an image", func(r *resourceRequest) { r.path = "/images/img-1/tags" },
				400, "InvalidUrlPattern", "Specified url pattern contains some illegal words."},
			{"more items than a page has", func(r *resourceRequest) { r.query = map[string]string{"MaxItemCount": "101"} },
				400, "InvalidMaxItemCount", invalid("MaxItemCount", "")},
			{"a number of items that is none", func(r *resourceRequest) { r.query = map[string]string{"MaxItemCount": "many"} },
				400, "InvalidMaxItemCount", invalid("MaxItemCount", "")},
		})
	})
}

// The page's own example has a comma behind the last member, which no JSON has.
func TestContractBatchComputeWantsJSON(t *testing.T) {
	c := emulate(t)
	r := registrar{t, c.core(t)}
	good, err := json.Marshal(registration(*c.imported(t, importOfBase()).ImageId))
	require.NoError(t, err)
	refuses(t, func() *resourceRequest { return &resourceRequest{method: http.MethodPost, path: "/images", raw: good} }, r.call,
		[]refusal[resourceRequest]{
			{"a comma behind the last member", func(r *resourceRequest) { r.raw = []byte(`{"Name": "golden", "Platform": "Linux",}`) },
				400, "InvalidJsonFormat", "The request body has an invalid json format."},
			{"no JSON at all", func(r *resourceRequest) { r.raw = []byte("Name=golden") },
				400, "InvalidJsonFormat", "The request body has an invalid json format."},
			{"a second object behind the first", func(r *resourceRequest) { r.raw = append(good, good...) },
				400, "InvalidJsonFormat", "The request body has an invalid json format."},
			{"null", func(r *resourceRequest) { r.raw = []byte("null") },
				400, "InvalidHttpBody", "Specified parameter HttpBody is not valid. Its type must be object."},
		})
	_, err = r.call(&resourceRequest{method: http.MethodPost, path: "/images", raw: good})
	require.NoError(t, err)
}
