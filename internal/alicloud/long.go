package alicloud

import (
	"context"
	"net/url"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
)

// maxQuery is how long the parameters of a call may be in its URL. The gateway answers a
// URL that is too long with 414, and the commands of a component alone may have 16 KB, of
// which each byte may take three in a URL.
const maxQuery = 4 << 10

// callLong makes a call of an action that takes commands. The SDK puts all parameters
// into the URL; here a form takes those that are too long for it, as Terraform sends them.
func callLong(ctx context.Context, client *ecs.Client, api string, request any) error {
	params := &openapiutil.Params{
		Action: &api, Version: dara.String("2014-05-26"), Protocol: dara.String("HTTPS"),
		Pathname: dara.String("/"), Method: dara.String("POST"), AuthType: dara.String("AK"),
		Style: dara.String("RPC"), ReqBodyType: dara.String("formData"), BodyType: dara.String("json"),
	}
	query := openapiutil.Query(request)
	form, values := map[string]any{}, url.Values{}
	for name, value := range query {
		form[name] = dara.StringValue(value)
		values.Set(name, dara.StringValue(value))
	}
	sent := &openapiutil.OpenApiRequest{Query: query}
	if len(values.Encode()) > maxQuery {
		sent = &openapiutil.OpenApiRequest{Query: map[string]*string{}, Body: form}
	}
	_, err := client.CallApiWithCtx(ctx, params, sent, &dara.RuntimeOptions{})
	return err
}
