package emulator

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
)

const ecsVersion = "2014-05-26"

// reply is an action's answer without the request id.
type reply map[string]any

// action is one call of the ECS API.
type action struct {
	run func(*call) (reply, error)
	// creates: the action takes a ClientToken.
	creates bool
	// anywhere: the action needs no region.
	anywhere bool
}

// actions is the emulated surface; anything else is refused, never half answered.
var actions = map[string]action{
	"DescribeRegions":                 {run: (*call).describeRegions, anywhere: true},
	"ImportImage":                     {run: (*call).importImage, creates: true},
	"DescribeTasks":                   {run: (*call).describeTasks},
	"DescribeTaskAttribute":           {run: (*call).describeTaskAttribute},
	"CancelTask":                      {run: (*call).cancelTask},
	"DescribeImages":                  {run: (*call).describeImages},
	"DeleteImage":                     {run: (*call).deleteImage},
	"CreateImageComponent":            {run: (*call).createImageComponent, creates: true},
	"DescribeImageComponents":         {run: (*call).describeImageComponents},
	"DeleteImageComponent":            {run: (*call).deleteImageComponent},
	"CreateImagePipeline":             {run: (*call).createImagePipeline, creates: true},
	"DescribeImagePipelines":          {run: (*call).describeImagePipelines},
	"DeleteImagePipeline":             {run: (*call).deleteImagePipeline},
	"StartImagePipelineExecution":     {run: (*call).startImagePipelineExecution, creates: true},
	"CancelImagePipelineExecution":    {run: (*call).cancelImagePipelineExecution},
	"DescribeImagePipelineExecutions": {run: (*call).describeImagePipelineExecutions},
}

// ecs answers one RPC.
func (c *call) ecs() (answer, error) {
	act, err := c.admit()
	if err != nil {
		return answer{}, err
	}
	var body reply
	err = c.effect(func() (err error) {
		body, err = c.once("ecs", c.text("ClientToken"), c.line.Params, act.run)
		return err
	})
	if err != nil {
		return answer{}, err
	}
	body["RequestId"] = c.line.RequestID
	return answer{status: http.StatusOK, header: ecsHeader, body: body}, nil
}

// admit checks what all actions have in common: method, signature, action, parameters,
// region and token, and the rate.
func (c *call) admit() (action, error) {
	name, version := c.requested()
	c.line.Action = name
	if c.http.Method != http.MethodGet && c.http.Method != http.MethodPost {
		return action{}, refuse("", "UnsupportedHTTPMethod")
	}
	who, err := c.identify()
	if err != nil {
		return action{}, err
	}
	act, err := chosen(c.http.URL.Path, name, version)
	if err != nil {
		return action{}, err
	}
	values, err := flatten(who.Params)
	if err != nil {
		return action{}, err
	}
	c.params = newParams(name, values)
	if c.conditions, err = c.server.holding(name); err != nil {
		return action{}, err
	}
	c.line.Params = callParams(values)
	if err := c.place(act); err != nil {
		return action{}, err
	}
	return act, c.begin(act.creates)
}

var ecsHeader = map[string]string{"Content-Type": "application/json;charset=utf-8"}

// requested is the action and version a request asks for: in headers or, from older
// clients, in parameters.
func (c *call) requested() (name, version string) {
	name, version = c.http.Header.Get("x-acs-action"), c.http.Header.Get("x-acs-version")
	sources := []url.Values{c.http.URL.Query()}
	if kind, _, _ := mime.ParseMediaType(c.http.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		if form, err := url.ParseQuery(string(c.body)); err == nil {
			sources = append(sources, form)
		}
	}
	for _, source := range sources {
		if name == "" {
			name = source.Get("Action")
		}
		if version == "" {
			version = source.Get("Version")
		}
	}
	return name, version
}

func chosen(path, name, version string) (action, error) {
	switch {
	case name == "":
		return action{}, missing("", "Action")
	case version == "":
		return action{}, missing("", "Version")
	case version != ecsVersion:
		return action{}, refuse("", "NoSuchVersion", "Specified version "+version+" is not found.")
	}
	act, ok := actions[name]
	if !ok || path != "/" {
		return action{}, refuse("", "InvalidApi.NotFound")
	}
	return act, nil
}

// place checks where an action is to happen, and its token's form.
func (c *call) place(act action) error {
	if !act.anywhere {
		c.line.Region = c.required("RegionId")
		c.check(c.line.Region == "" || c.open(c.line.Region),
			"InvalidRegionId.NotFound", "The specified RegionId does not exist.")
	}
	if act.creates {
		c.line.Token = c.text("ClientToken")
		c.check(clientToken(c.line.Token), "InvalidClientToken.Malformed")
	} else {
		delete(c.values, "ClientToken") // not a parameter of this action
	}
	return c.fault()
}

func ecsRefusal(c *call, refused *refusal) answer {
	body := reply{
		"RequestId": c.line.RequestID,
		"HostId":    c.http.Host,
		"Code":      refused.Code,
		"Message":   refused.Message,
		"Recommend": "https://api.aliyun.com/troubleshoot?product=Ecs&q=" + url.QueryEscape(refused.Code),
	}
	if refused.Code == "Forbidden.RAM" {
		body["AccessDeniedDetail"] = c.accessDenied()
	}
	return answer{status: refused.Status, header: ecsHeader, body: body}
}

// callParams are the parameters that belong to the call itself, for the log and for
// telling a repeat from another request.
func callParams(values map[string]string) map[string]string {
	own := map[string]string{}
	for name, value := range values {
		if !slices.Contains(envelope, name) {
			own[name] = value
		}
	}
	return own
}

var envelope = []string{"Action", "Version", "Format", "ClientToken"}
