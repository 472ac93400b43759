package emulator

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func batchBody(image string) string {
	return fmt.Sprintf(`{"Name": "golden", "Description": "d", "EcsImageId": %q, "Platform": "Linux"}`, image)
}

func TestBatchComputeImageLife(t *testing.T) {
	c := newCloud(t)
	ecsID := c.imported(importArgs)
	made := c.batch("POST", "/images", batchBody(ecsID))
	require.Equal(t, 201, made.Status)
	require.Equal(t, "application/json; charset=utf-8", made.Header.Get("Content-Type"))
	require.Equal(t, "AliyunBatchCompute", made.Header.Get("Server"))
	require.NotEmpty(t, made.Header.Get("x-acs-request-id"))
	require.Equal(t, map[string]any{"Id": made.text("Id")}, made.Body)

	shown := c.batch("GET", "/images/"+made.text("Id"), "").ok()
	require.Equal(t, map[string]any{
		"Id": made.text("Id"), "Name": "golden", "Description": "d", "EcsImageId": ecsID, "Platform": "Linux", "Type": "Self",
		"OwnerId": ownerID, "CreationTime": "2026-11-21T12:20:00.000000Z",
	}, shown.Body)
	require.Equal(t, made.text("Id"), c.batch("GET", "/images", "").ok().text("Items", 0, "Id"))

	require.Equal(t, 204, c.batch("DELETE", "/images/"+made.text("Id"), "").Status)
	c.batch("DELETE", "/images/"+made.text("Id"), "").refused(404, "InvalidResource.NotFound")
	c.batch("GET", "/images/"+made.text("Id"), "").refused(404, "InvalidResource.NotFound")
	require.Equal(t, 201, c.batch("POST", "/images", batchBody(ecsID)).Status, "it may be registered again")
}

func TestBatchComputeCreateImageRefuses(t *testing.T) {
	c := newCloud(t)
	ecsID := c.imported(importArgs)
	registered := c.imported(importArgs.with("ImageName", "golden-registered"))
	require.Equal(t, 201, c.batch("POST", "/images", batchBody(registered)).Status)
	creating := c.ecs("ImportImage", importArgs.with("ImageName", "golden-creating")).ok().text("ImageId")
	body := func(old, replacement string) string { return strings.Replace(batchBody(ecsID), old, replacement, 1) }
	const field = "Specified parameter %s is not valid."
	for _, row := range []struct{ claim, body, code, message string }{
		{"nothing", "", "InvalidJsonFormat", "The request body has an invalid json format."},
		{"a comma after the last member", `{"Name": "golden",}`, "InvalidJsonFormat", ""},
		{"something behind the object", batchBody(ecsID) + "x", "InvalidJsonFormat", ""},
		{"a second object", batchBody(ecsID) + "{}", "InvalidJsonFormat", ""},
		{"bytes that are no UTF-8", body("golden", "\xff"), "InvalidJsonFormat", ""},
		{"a list", `[]`, "InvalidHttpBody", "Specified parameter HttpBody is not valid. Its type must be object."},
		{"null", `null`, "InvalidHttpBody", ""},
		{"a string", `"x"`, "InvalidHttpBody", ""},
		{"no name", body(`"Name": "golden", `, ""), "MissingName", "Name is mandatory for this action."},
		{"a member in small letters", body(`"Name"`, `"name"`), "MissingName", ""},
		{"a name that is a number", body(`"golden"`, `7`), "InvalidName", fmt.Sprintf(field, "Name") + " Its type must be string."},
		{"a name that is null", body(`"golden"`, `null`), "InvalidName", fmt.Sprintf(field, "Name") + " Its type must be string."},
		{"an empty name", body("golden", ""), "InvalidName", fmt.Sprintf(field, "Name") + " Its length must be in [1, 64]."},
		{"a name of 65 letters", body("golden", long[:65]), "InvalidName", fmt.Sprintf(field, "Name") + " Its length must be in [1, 64]."},
		{"a name that begins with a digit", body("golden", "1golden"), "InvalidName",
			fmt.Sprintf(field, "Name") + " It must only contain characters within [a-zA-Z0-9_-], and must not start with [0-9]."},
		{"a name with a dot", body("golden", "golden.1"), "InvalidName", ""},
		{"a description that is a number", body(`"d"`, `7`), "InvalidDescription", fmt.Sprintf(field, "Description") + " Its type must be string."},
		{"a description of 1025 letters", body(`"d"`, `"`+strings.Repeat("x", 1025)+`"`), "InvalidDescription",
			fmt.Sprintf(field, "Description") + " Its length must be in [0, 1024]."},
		{"no image", body("EcsImageId", "ImageId"), "MissingEcsImageId", "EcsImageId is mandatory for this action."},
		{"an image that is a list", body(`"`+ecsID+`"`, `[]`), "InvalidEcsImageId", fmt.Sprintf(field, "EcsImageId") + " Its type must be string."},
		{"an image id of 257 letters", body(ecsID, long[:257]), "InvalidEcsImageId", fmt.Sprintf(field, "EcsImageId") + " Its length must be in [1, 256]."},
		{"no platform", body(`, "Platform": "Linux"`, ""), "MissingPlatform", "Platform is mandatory for this action."},
		{"a platform that is true", body(`"Linux"`, `true`), "InvalidPlatform", fmt.Sprintf(field, "Platform") + " Its type must be string."},
		{"an empty platform", body("Linux", ""), "InvalidPlatform", fmt.Sprintf(field, "Platform") + " Its length must be in [1, 256]."},
		{"an unknown platform", body("Linux", "BSD"), "InvalidPlatform", fmt.Sprintf(field, "Platform")},
		{"an unknown image", batchBody("m-none"), "InvalidEcsImageId", fmt.Sprintf(field, "EcsImageId") + " The specified EcsImageId does not exist or not you onwer."},
		{"an image of the system", batchBody(ubuntu), "InvalidEcsImageId", fmt.Sprintf(field, "EcsImageId") + " The specified EcsImageId does not exist or not you onwer."},
		{"an image that is not yet usable", batchBody(creating), "InvalidEcsImageId", fmt.Sprintf(field, "EcsImageId") + " The image is not available."},
		{"an image that is registered", batchBody(registered), "InvalidEcsImageId", fmt.Sprintf(field, "EcsImageId") + " This EcsImageId has been registered."},
		{"two faults: the first in the documented order", `{"EcsImageId": 7, "Name": 7}`, "InvalidName", ""},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c := *c
			c.t = t
			r := c.batch("POST", "/images", row.body)
			r.refused(400, row.code)
			require.Empty(t, r.Body["HostId"])
			require.Equal(t, r.Header.Get("x-acs-request-id"), r.text("RequestId"))
			if row.message != "" {
				require.Equal(t, row.message, r.text("Message"))
			}
		})
	}
	require.Equal(t, 201, c.batch("POST", "/images", batchBody(ecsID)).Status)
}

func TestIdempotentToken(t *testing.T) {
	c := newCloud(t)
	ecsID := c.imported(importArgs)
	first := c.batch("POST", "/images?IdempotentToken=tok_1", batchBody(ecsID))
	require.Equal(t, 201, first.Status)
	reordered := fmt.Sprintf(`{"Platform":"Linux","EcsImageId":%q,"Description":"d","Name":"golden"}`, ecsID)
	again := c.batch("POST", "/images?IdempotentToken=tok_1", reordered)
	require.Equal(t, 201, again.Status)
	require.Equal(t, first.Body, again.Body)
	c.batch("POST", "/images?IdempotentToken=tok_1", strings.Replace(batchBody(ecsID), "golden", "other", 1)).refused(400, "IdempotentTokenMismatch")
	c.batch("POST", "/images?IdempotentToken=tok_2", batchBody(ecsID)).refused(400, "InvalidEcsImageId")
	c.batch("POST", "/images?IdempotentToken=tok-3", batchBody(ecsID)).refused(400, "InvalidIdempotentToken")
	c.batch("POST", "/images?IdempotentToken="+strings.Repeat("a", 65), batchBody(ecsID)).refused(400, "InvalidIdempotentToken")
	second := c.imported(importArgs.with("ImageName", "golden-2"))
	require.Equal(t, 201, c.batch("POST", "/images?IdempotentToken", batchBody(second)).Status, "an empty token is none")
}

func TestBatchComputeGate(t *testing.T) {
	c := newCloud(t)
	c.batch("PUT", "/images", "").refused(400, "MethodNotAllowed")
	c.batch("POST", "/images/img-1", "").refused(400, "MethodNotAllowed")
	c.batch("GET", "/jobs", "").refused(400, "InvalidUrlPattern")
	c.batch("GET", "/images/", "").refused(400, "InvalidUrlPattern")
	c.batch("GET", "/images/img-1/files", "").refused(400, "InvalidUrlPattern")
	t.Run("no signature", func(t *testing.T) {
		r := c.send(httptest.NewRequest("GET", "/images", nil), "BatchCompute.CreateImage")
		require.Equal(t, 400, r.Status)
		require.Empty(t, r.Body["HostId"], "the form of Batch Compute")
	})
	t.Run("another version", func(t *testing.T) {
		r := httptest.NewRequest("GET", "/images", nil)
		date := c.clock.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
		r.Header.Set("Date", date)
		r.Header.Set("Authorization", "acs kiln-dev:"+mac("kiln-dev-secret", "GET\n\n\n\n"+date+"\n/images"))
		c.send(r, "BatchCompute.CreateImage").refused(403, "InvalidVersion.NotFound")
	})
}

func TestListBatchImages(t *testing.T) {
	c := newCloud(t)
	var ids []string
	for n := range 3 {
		id := c.imported(importArgs.with("ImageName", fmt.Sprint("golden-", n)))
		ids = append(ids, c.batch("POST", "/images", batchBody(id)).text("Id"))
	}
	var seen []string
	marker := ""
	for range 3 {
		page := c.batch("GET", "/images?Marker="+marker+"&MaxItemCount=2", "")
		if marker == "" {
			page = c.batch("GET", "/images?Marker&MaxItemCount=2", "")
		}
		for _, item := range page.ok().at("Items").([]any) {
			seen = append(seen, item.(map[string]any)["Id"].(string))
		}
		if marker = page.text("NextMarker"); marker == "" {
			break
		}
	}
	require.Equal(t, ids, seen)
	require.Empty(t, c.batch("GET", "/images?Type=System", "").ok().at("Items"))
	for _, query := range []string{"MaxItemCount=101", "MaxItemCount=-1", "MaxItemCount=x"} {
		c.batch("GET", "/images?"+query, "").refused(400, "InvalidMaxItemCount")
	}
	c.batch("GET", "/images?Marker=2", "").refused(400, "InvalidMarker")
}
