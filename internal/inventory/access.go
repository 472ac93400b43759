package inventory

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// Open finds credentials in the official chain and returns the account that they are of.
// An error that is no NoAccess is one of the options.
func Open(ctx context.Context, opts alicloud.Options) (Account, error) {
	cloud, err := alicloud.New(opts)
	if err != nil {
		return Account{}, err
	}
	if err := cloud.CheckCredentials(ctx); err != nil {
		return Account{}, err
	}
	return Account{ECS: cloud, Batch: cloud}, nil
}

// NoAccess tells whether an error says that there is no way into the account: no
// credentials, no answer, or a caller who may not do that.
func NoAccess(err error) bool {
	var refused *alicloud.Error
	switch {
	case errors.Is(err, alicloud.ErrNoCredentials):
		return true
	case !errors.As(err, &refused):
		return false
	}
	return refused.Code == alicloud.CodeNoAnswer || slices.ContainsFunc(noAccess, func(begins string) bool { return strings.HasPrefix(refused.Code, begins) })
}

// noAccess are the beginnings of the codes of authentication and authorization. (ECS and
// Batch Compute API references, common errors.)
var noAccess = []string{
	"InvalidAccessKeyId", "InvalidSecurityToken", "MissingSecurityToken", "IncompleteSignature", "SignatureDoesNotMatch",
	"Forbidden", "NoPermission",
}

// NotFound tells whether an error says that there is no such resource.
func NotFound(err error) bool { return errors.Is(err, alicloud.ErrNotFound) }

// Passing tells whether trying again may help, and how long the cloud asks to wait.
func Passing(err error) (pause time.Duration, passing bool) {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return 0, false
	}
	class := errcode.Classify(refused.API, refused.Code, refused.HTTPStatus, refused.Message)
	return refused.RetryAfter, class == errcode.Retry
}

// Code is the cloud's code in an error; empty when it is no answer of the cloud.
func Code(err error) string {
	var refused *alicloud.Error
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}
