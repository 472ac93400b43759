package emulator

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	batchComputeVersion = "2015-11-11"
	batchComputeAPI     = "BatchCompute."
)

// resourceCall is one call of the Batch Compute API.
type resourceCall struct {
	name string
	run  func(c *call, id string) (answer, error)
}

// imageCalls are the calls on the collection /images and on one image in it.
var (
	imagesCalls = map[string]resourceCall{
		http.MethodPost: {"CreateImage", (*call).createBatchImage},
		http.MethodGet:  {"ListImages", (*call).listBatchImages},
	}
	imageCalls = map[string]resourceCall{
		http.MethodGet:    {"GetImage", (*call).getBatchImage},
		http.MethodDelete: {"DeleteImage", (*call).deleteBatchImage},
	}
)

// batchCompute answers one ROA call: who calls, which version, which resource. The region
// is that of x-acs-region-id; without it an ECS image may be in any region.
func (c *call) batchCompute() (answer, error) {
	calls, id := c.resource()
	resource, known := calls[c.http.Method]
	c.line.Action = resource.name
	c.line.Region = c.http.Header.Get("x-acs-region-id")
	c.params = newParams(batchComputeAPI+resource.name, map[string]string{})
	if _, err := c.identify(); err != nil {
		return answer{}, err
	}
	if version := c.http.Header.Get("x-acs-version"); version != batchComputeVersion {
		return answer{}, refuse(c.api, "InvalidVersion.NotFound")
	}
	switch {
	case calls == nil:
		return answer{}, refuse(c.api, "InvalidUrlPattern")
	case !known:
		return answer{}, refuse(c.api, "MethodNotAllowed")
	}
	if err := c.readQuery(); err != nil {
		return answer{}, err
	}
	var err error
	if c.conditions, err = c.server.holding(c.api); err != nil {
		return answer{}, err
	}
	if err := c.begin(resource.name == "CreateImage"); err != nil {
		return answer{}, err
	}
	var a answer
	err = c.effect(func() (err error) {
		a, err = resource.run(c, id)
		return err
	})
	a.header = c.batchComputeHeader(a.body)
	return a, err
}

// resource is what may be called on the path, by method, and the id in the path; nil for
// a path that is none.
func (c *call) resource() (map[string]resourceCall, string) {
	if c.http.URL.Path == "/images" {
		return imagesCalls, ""
	}
	id, ok := strings.CutPrefix(c.http.URL.Path, "/images/")
	if !ok || id == "" || strings.Contains(id, "/") {
		return nil, ""
	}
	return imageCalls, id
}

func (c *call) readQuery() error {
	query, err := url.ParseQuery(c.http.URL.RawQuery)
	if err != nil {
		return refuse(c.api, "InvalidQueryString", "The query string is not valid.")
	}
	for name := range query {
		c.values[name] = query.Get(name)
	}
	c.line.Params = callParams(c.values)
	return nil
}

func (c *call) batchComputeHeader(body any) map[string]string {
	header := map[string]string{"Server": "AliyunBatchCompute", "x-acs-request-id": c.line.RequestID}
	if body != nil {
		header["Content-Type"] = "application/json; charset=utf-8"
	}
	return header
}

// batchComputeRefusal has all that any of the documented forms has. A027.
func batchComputeRefusal(c *call, refused *refusal) answer {
	body := reply{"RequestId": c.line.RequestID, "HostId": "", "Code": refused.Code, "Message": refused.Message}
	return answer{status: refused.Status, header: c.batchComputeHeader(body), body: body}
}
