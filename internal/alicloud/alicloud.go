// Package alicloud calls ECS and Batch Compute in our own types. It is the only
// package that imports the vendor's SDK.
//
// The SDK signs requests and spells their parameters; this package sends them and reads
// the answers, since the SDK hides the status of a broken answer and takes a redirect
// for success. One call is one request: nothing here tries again. Every failure of a
// call is an *Error, except for missing credentials (ErrNoCredentials) and an execution
// that is not there (ErrNotFound).
package alicloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
)

// The time-outs of Options when they are left out.
const (
	defaultConnectTimeout = 10 * time.Second
	defaultReadTimeout    = 60 * time.Second
)

// Cloud calls the services. It is safe for concurrent use; all its regions share one
// pool of connections.
type Cloud struct {
	ecs          *url.URL // nil for the public endpoints
	batchCompute *url.URL
	oss          *url.URL
	credentials  *chain
	wire         *wire
	gate         Gate // may be nil
}

// New checks the options and returns a Cloud. It makes no call.
func New(opts Options) (*Cloud, error) {
	ecsURL, err := baseURL("ECS", opts.ECSEndpoint)
	if err != nil {
		return nil, err
	}
	batchComputeURL, err := baseURL("Batch Compute", opts.BatchComputeEndpoint)
	if err != nil {
		return nil, err
	}
	ossURL, err := baseURL("OSS", opts.OSSEndpoint)
	if err != nil {
		return nil, err
	}
	if (opts.AccessKeyID == "") != (opts.AccessKeySecret == "") {
		return nil, errors.New("an AccessKey has an id and a secret: only one of them is given")
	}
	if opts.ConnectTimeout < 0 || opts.ReadTimeout < 0 {
		return nil, errors.New("a time-out is negative")
	}
	return &Cloud{
		ecs: ecsURL, batchCompute: batchComputeURL, oss: ossURL,
		credentials: newChain(opts.AccessKeyID, opts.AccessKeySecret),
		wire: newWire(
			cmp.Or(opts.ConnectTimeout, defaultConnectTimeout),
			cmp.Or(opts.ReadTimeout, defaultReadTimeout), opts.Dial),
		gate: opts.Gate,
	}, nil
}

// CloseIdleConnections closes the connections that no call is using.
func (c *Cloud) CloseIdleConnections() {
	(&http.Client{Transport: c.wire.transport}).CloseIdleConnections()
}

// baseURL checks an endpoint override. The services' paths begin at the root and are
// signed, so an override cannot have a path of its own.
func baseURL(service, override string) (*url.URL, error) {
	if override == "" {
		return nil, nil
	}
	u, err := url.Parse(override)
	switch {
	case err != nil:
		return nil, fmt.Errorf("the %s endpoint is not a URL such as http://127.0.0.1:9100", service)
	case u.User != nil:
		return nil, fmt.Errorf("the %s endpoint must not hold a user name or password", service)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("the %s endpoint %q must begin with http:// or https://", service, override)
	case u.Hostname() == "":
		return nil, fmt.Errorf("the %s endpoint %q names no host", service, override)
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.Fragment != "":
		return nil, fmt.Errorf("the %s endpoint %q must end after the host and port", service, override)
	}
	return u, nil
}

// invokeECS makes one call with the SDK's client and decodes its answer. It is no generic
// function over the client's methods: that would make the linker keep all of them, some
// 15 MB.
func (c *Cloud) invokeECS(
	ctx context.Context, api, region string, call func(client *ecs.Client, ctx context.Context) error, answer any,
) error {
	x := &exchange{Call: Call{API: api, Region: region}, service: "ECS"}
	config, err := c.config(ctx, x, c.ecs)
	if err != nil {
		return err
	}
	client, err := ecs.NewClient(config)
	if err != nil {
		return fmt.Errorf("%s: make the ECS client: %w", api, err)
	}
	client.NoProxy = client.Endpoint
	return c.outcome(x, call(client, x.in(ctx)), answer)
}

// invokeBatchCompute calls one Batch Compute action, which the SDK has no types for, and
// decodes its answer. The old signature (HMAC-SHA1) is the documented one.
func (c *Cloud) invokeBatchCompute(
	ctx context.Context, region, action, method, path string, query map[string]string, body any, answer any,
) error {
	x := &exchange{Call: Call{API: "BatchCompute." + action, Region: region}, service: "Batch Compute"}
	config, err := c.config(ctx, x, c.batchCompute)
	if err != nil {
		return err
	}
	if config.Endpoint == nil {
		config.Endpoint = dara.String("batchcompute." + region + ".aliyuncs.com")
	}
	config.SignatureAlgorithm = dara.String("v2")
	config.NoProxy = config.Endpoint
	client, err := openapi.NewClient(config)
	if err != nil {
		return fmt.Errorf("%s: make the Batch Compute client: %w", x.API, err)
	}
	params := &openapiutil.Params{
		Action: &action, Version: dara.String("2015-11-11"), Protocol: dara.String("HTTPS"),
		Pathname: &path, Method: &method, AuthType: dara.String("AK"),
		Style: dara.String("ROA"), ReqBodyType: dara.String("json"), BodyType: dara.String("json"),
	}
	request := &openapiutil.OpenApiRequest{Query: map[string]*string{}, Body: body}
	for name, value := range query {
		if value != "" {
			request.Query[name] = &value
		}
	}
	_, err = client.CallApiWithCtx(x.in(ctx), params, request, &dara.RuntimeOptions{})
	return c.outcome(x, err, answer)
}

var regionID = regexp.MustCompile(`^[a-z][a-z0-9-]{1,62}$`)

// config is what both SDK clients are made from. They are made for each call: they hold
// nothing but settings, and so every call signs with the credentials of the moment.
// NoProxy keeps the SDK from handling proxies, which the wire does.
//
// It is also where a call passes the gate: before anything is done for it but to see
// that it has a region.
func (c *Cloud) config(ctx context.Context, x *exchange, override *url.URL) (*openapiutil.Config, error) {
	if !regionID.MatchString(x.Region) {
		// The region becomes part of a host name, so ask no host and say what ECS would.
		return nil, &Error{API: x.API, Code: "InvalidRegionId.NotFound",
			Message: fmt.Sprintf("%.80q is not a region id such as cn-hangzhou.", x.Region)}
	}
	if err := c.enter(ctx, x); err != nil {
		return nil, err
	}
	keys, err := c.credentials.get(ctx)
	if err != nil {
		return nil, x.notSent(ctx, err)
	}
	x.secrets = []string{dara.StringValue(keys.AccessKeySecret), dara.StringValue(keys.SecurityToken)}
	config := &openapiutil.Config{
		AccessKeyId: keys.AccessKeyId, AccessKeySecret: keys.AccessKeySecret, SecurityToken: keys.SecurityToken,
		RegionId: &x.Region, UserAgent: dara.String("Kiln"), HttpClient: c.wire,
	}
	if override != nil {
		config.Endpoint = &override.Host
		config.Protocol = &override.Scheme
	}
	return config, nil
}

// outcome is what became of an exchange: the SDK's own error counts only when the
// request never reached the wire.
func (c *Cloud) outcome(x *exchange, sdkErr error, answer any) error {
	switch {
	case x.err != nil:
		c.credentials.heed(x.err.Code)
		c.heed(x, x.err)
		return x.err
	case x.answered:
		return x.decode(answer)
	default:
		return &Error{API: x.API, Code: CodeNoAnswer, Err: sdkErr,
			Message: x.clean(fmt.Sprintf("the request to %s was not sent: %v", x.service, sdkErr))}
	}
}
