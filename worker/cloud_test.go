package worker

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

func TestCheckCloud(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		silent bool
		says   string // empty for no error
	}{
		{name: "it answers", status: 200, body: `{"RequestId":"r","Regions":{"Region":[{"RegionId":"cn-hangzhou"}]}}`},
		{name: "the key is unknown", status: 404, body: `{"Code":"InvalidAccessKeyId.NotFound","Message":"Specified access key is not found."}`, says: "ALIBABA_CLOUD_ACCESS_KEY_ID"},
		{name: "the secret is wrong", status: 400, body: `{"Code":"SignatureDoesNotMatch","Message":"no"}`, says: "ALIBABA_CLOUD_ACCESS_KEY_SECRET"},
		{name: "the key may not list regions", status: 403, body: `{"Code":"Forbidden.RAM","Message":"no"}`},
		{name: "it is out of order", status: 503, body: `{"Code":"ServiceUnavailable","Message":"no"}`},
		{name: "its gateway is out of order", status: 502, body: "<html>Bad Gateway"},
		{name: "it is no cloud", status: 200, body: "<html>", silent: true, says: "no usable answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			}))
			defer server.Close()
			cloud, err := alicloud.New(alicloud.Options{ECSEndpoint: server.URL, AccessKeyID: "id", AccessKeySecret: "top"})
			require.NoError(t, err)

			err = CheckCloud(t.Context(), cloud)
			switch {
			case test.says == "":
				require.NoError(t, err)
			case test.silent:
				require.ErrorIs(t, err, ErrCloudSilent)
				require.ErrorContains(t, err, test.says)
			default:
				requireRefused(t, err, test.says)
			}
		})
	}
}
