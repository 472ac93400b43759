package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/inventory"
)

func TestWhatAnErrorMeans(t *testing.T) {
	for _, test := range []struct {
		name     string
		err      error
		noAccess bool
		passing  bool
	}{
		{name: "no credentials", err: fmt.Errorf("look: %w", alicloud.ErrNoCredentials), noAccess: true},
		{name: "no answer", err: &alicloud.Error{API: "DescribeImages", Code: alicloud.CodeNoAnswer}, noAccess: true, passing: true},
		{name: "a key that does not exist", err: &alicloud.Error{API: "DescribeImages", Code: "InvalidAccessKeyId.NotFound", HTTPStatus: 404}, noAccess: true},
		{name: "a permission that is missing", err: &alicloud.Error{API: "DeleteImage", Code: "Forbidden.RAM", HTTPStatus: 403}, noAccess: true},
		{name: "a region that is none", err: &alicloud.Error{API: "DescribeImages", Code: "InvalidRegionId.NotFound"}},
		{name: "a service that is away", err: &alicloud.Error{API: "DescribeImages", Code: "ServiceUnavailable", HTTPStatus: 503}, passing: true},
		{name: "too many calls", err: &alicloud.Error{API: "DescribeImages", Code: "Throttling.User", HTTPStatus: 400}, passing: true},
		{name: "an image that is used", err: refusal("DeleteImage", "ImageUsingByInstance")},
		{name: "no error of the cloud", err: errors.New("ours")},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.noAccess, inventory.NoAccess(test.err))
			_, passing := inventory.Passing(test.err)
			require.Equal(t, test.passing, passing)
		})
	}
	pause, _ := inventory.Passing(&alicloud.Error{API: "DescribeImages", Code: "Throttling", HTTPStatus: 400, RetryAfter: time.Minute})
	require.Equal(t, time.Minute, pause)
}

func TestOpen(t *testing.T) {
	_, err := inventory.Open(context.Background(), alicloud.Options{ECSEndpoint: "nowhere"})
	require.ErrorContains(t, err, "must begin with http")
	require.False(t, inventory.NoAccess(err))
	_, err = inventory.Open(context.Background(), alicloud.Options{AccessKeyID: "id", AccessKeySecret: "secret"})
	require.NoError(t, err)
}
