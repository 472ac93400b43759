package worker

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/cli"
)

const (
	cloudTimeout = 5 * time.Second
	// probeRegion is the region asked for the list of regions: every account has it.
	probeRegion = "cn-hangzhou"
)

// ErrCloudSilent is wrapped by the error of CheckCloud for a cloud that gave no usable answer.
var ErrCloudSilent = errors.New("no usable answer")

// CheckCloud asks ECS for its regions, once, to find out whether the endpoint answers
// and accepts the credentials. Credentials that are missing or refused come back as a
// *cli.Error with the connection exit code. What the credentials may do is not checked.
func CheckCloud(ctx context.Context, cloud *alicloud.Cloud) error {
	ctx, cancel := context.WithTimeout(ctx, cloudTimeout)
	defer cancel()
	if err := cloud.CheckCredentials(ctx); err != nil {
		return cli.Fail(cli.ExitConnection, err)
	}
	_, err := cloud.Regions(ctx, probeRegion)
	var refused *alicloud.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &refused) || silent(refused):
		return fmt.Errorf("%w: %w", ErrCloudSilent, err)
	case keyRefused(refused.Code):
		return cli.Fail(cli.ExitConnection, fmt.Errorf("the cloud refused the access key (%s, request id %s): "+
			"check ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or the profile they come from", refused.Code, refused.RequestID))
	default:
		return nil // it answered and knows the key; each call has its own permission
	}
}

// silent tells whether nothing that could be the cloud has answered. A 5xx may be an
// outage of the cloud, which builds wait out.
func silent(err *alicloud.Error) bool {
	switch err.Code {
	case alicloud.CodeNoAnswer, alicloud.CodeRedirected:
		return true
	case alicloud.CodeBadAnswer:
		return err.HTTPStatus < http.StatusInternalServerError
	}
	return false
}

// keyRefused tells the codes that speak of the key itself from those that speak of
// what it may do (ECS API reference, common error codes).
func keyRefused(code string) bool {
	for _, prefix := range []string{"InvalidAccessKeyId", "SignatureDoesNotMatch", "IncompleteSignature", "InvalidSecurityToken", "MissingSecurityToken", "Forbidden.AccessKeyDisabled"} {
		if code == prefix || strings.HasPrefix(code, prefix+".") {
			return true
		}
	}
	return false
}
