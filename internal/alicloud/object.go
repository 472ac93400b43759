package alicloud

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"

	"github.com/alibabacloud-go/tea/dara"
)

// Object looks at an object in OSS without reading it. The error of an unknown object or
// bucket wraps ErrNotFound. (OSS API reference, HeadObject.)
func (c *Cloud) Object(ctx context.Context, region, bucket, key string) (Object, error) {
	x := &exchange{Call: Call{API: "OSS.HeadObject", Region: region}, service: "OSS"}
	config, err := c.config(ctx, x, c.oss)
	if err != nil {
		return Object{}, err
	}
	head, err := c.ossClient(config.AccessKeyId, config.AccessKeySecret, config.SecurityToken, region).
		HeadObject(ctx, &oss.HeadObjectRequest{Bucket: &bucket, Key: &key})
	if err != nil {
		refused := x.objectError(err)
		c.heed(x, refused)
		return Object{}, refused
	}
	return Object{ETag: dara.StringValue(head.ETag), CRC64: dara.StringValue(head.HashCRC64), Size: head.ContentLength}, nil
}

// ossClient is made for each call, as the others are, so that every call signs with the
// credentials of the moment. It does not try again.
func (c *Cloud) ossClient(id, secret, token *string, region string) *oss.Client {
	config := oss.LoadDefaultConfig().WithRegion(region).WithRetryMaxAttempts(1).
		WithHttpClient(&http.Client{
			Transport: c.wire.transport, Timeout: c.wire.connect + c.wire.read,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider(dara.StringValue(id), dara.StringValue(secret), dara.StringValue(token)))
	if c.oss != nil {
		config.WithEndpoint(c.oss.String()).WithUsePathStyle(true)
	}
	return oss.NewClient(config)
}

// noCode is the OSS SDK's word for a refusal that came without a code.
const noCode = "BadErrorResponse"

// objectError is what a look at an object came to. The answer to HEAD has no body: OSS
// sends its code and message in the x-oss-err header, which the SDK reads. Where that is
// missing the status decides.
func (x *exchange) objectError(err error) *Error {
	var refused *oss.ServiceError
	if !errors.As(err, &refused) {
		return &Error{API: x.API, Code: CodeNoAnswer, Err: err, Message: x.clean(fmt.Sprintf("no answer from OSS: %v", err))}
	}
	is := &Error{API: x.API, Code: refused.Code, HTTPStatus: refused.StatusCode, Message: x.clean(refused.Message), RequestID: refused.RequestID}
	if refused.StatusCode == http.StatusNotFound {
		is.Err = ErrNotFound
	}
	if refused.Code == noCode {
		is.guess()
	}
	return is
}

// guess takes the code of an object's refusal from its status, where one is usual.
func (e *Error) guess() {
	switch e.HTTPStatus {
	case http.StatusNotFound:
		e.Code, e.Message = "NoSuchKey", "The object does not exist."
	case http.StatusForbidden:
		e.Code, e.Message = "AccessDenied", "The object may not be looked at."
	}
}
