package alicloud

import (
	"encoding/base64"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnObjectIsRefusedInTheWordsOfOSS(t *testing.T) {
	said := func(code, message string) string {
		return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>` + code + `</Code><Message>` + message + `</Message><RequestId>R-1</RequestId></Error>`
	}
	for _, test := range []struct {
		name   string
		status int
		header string // x-oss-err before it is encoded
		want   Error
		absent bool
	}{
		{"an object that is not there", 404, said("NoSuchKey", "The specified key does not exist."),
			Error{Code: "NoSuchKey", Message: "The specified key does not exist."}, true},
		{"a bucket that is not there", 404, said("NoSuchBucket", "The specified bucket does not exist."),
			Error{Code: "NoSuchBucket", Message: "The specified bucket does not exist."}, true},
		{"a wrong secret", 403, said("SignatureDoesNotMatch", "The request signature we calculated does not match."),
			Error{Code: "SignatureDoesNotMatch", Message: "The request signature we calculated does not match."}, false},
		{"nothing but 404", 404, "", Error{Code: "NoSuchKey", Message: "The object does not exist."}, true},
		{"nothing but 403", 403, "", Error{Code: "AccessDenied", Message: "The object may not be looked at."}, false},
		{"a header that is no XML", 403, "odd", Error{Code: "AccessDenied", Message: "The object may not be looked at."}, false},
		{"overload", 503, said("ServiceUnavailable", "Please reduce your request rate."),
			Error{Code: "ServiceUnavailable", Message: "Please reduce your request rate."}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			cloud, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("x-oss-request-id", "R-1")
				if test.header != "" {
					w.Header().Set("x-oss-err", base64.StdEncoding.EncodeToString([]byte(test.header)))
				}
				w.WriteHeader(test.status)
			}, func(o *Options) { o.OSSEndpoint = o.ECSEndpoint })
			_, err := cloud.Object(t.Context(), region, "bucket", "key")
			is := *failed(t, err)
			require.Equal(t, test.absent, errors.Is(err, ErrNotFound))
			is.Err = nil
			test.want.API, test.want.HTTPStatus, test.want.RequestID = "OSS.HeadObject", test.status, "R-1"
			require.Equal(t, test.want, is)
		})
	}
}
