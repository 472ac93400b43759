package signature_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// FuzzVerify wants an answer to any request, and none of them to be a stranger's.
func FuzzVerify(f *testing.F) {
	for _, tt := range vectors {
		r, body := request(f, tt.name)
		f.Add(r.Method, r.URL.Path, r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("Date"), r.Header.Get("Content-Type"), body)
	}
	v := verifierAt(probed, false)
	v.Secret = func(id string) (string, bool) { return "not the test data's", id == "testAK" }
	f.Fuzz(func(t *testing.T, method, path, query, authorization, date, kind string, body []byte) {
		header := http.Header{}
		for name, value := range map[string]string{
			"Authorization": authorization, "Date": date, "Content-Type": kind,
			"X-Acs-Date": "2026-11-21T19:05:31Z", "X-Acs-Signature-Nonce": "n", "X-Acs-Content-Sha256": "s",
			"X-Oss-Content-Sha256": "UNSIGNED-PAYLOAD",
		} {
			header.Set(name, value)
		}
		r := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Header: header}
		_, err := v.Verify(r, body)
		var refused *signature.Refusal
		require.ErrorAs(t, err, &refused)
		require.NotEmpty(t, refused.Code)
		require.NotZero(t, refused.Status)
	})
}
