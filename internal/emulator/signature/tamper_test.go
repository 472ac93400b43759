package signature_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// tamper changes a request after it was signed.
type tamper struct {
	name   string
	change func(r *http.Request)
	body   string // replaces the body
	want   string // empty: the change is none that the scheme covers
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) {
		if value == "" {
			r.Header.Del(name)
			return
		}
		r.Header.Set(name, value)
	}
}

func query(old, replacement string) func(*http.Request) {
	return func(r *http.Request) { r.URL.RawQuery = strings.Replace(r.URL.RawQuery, old, replacement, 1) }
}

func authorization(old, replacement string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), old, replacement, 1))
	}
}

const (
	mismatch   = "SignatureDoesNotMatch"
	incomplete = "IncompleteSignature"
	noKey      = "InvalidAccessKeyId.NotFound"
)

func runTampers(t *testing.T, vector string, tampers []tamper) {
	for _, tt := range tampers {
		t.Run(tt.name, func(t *testing.T) {
			r, body := request(t, vector)
			if tt.change != nil {
				tt.change(r)
			}
			if tt.body != "" {
				body = []byte(tt.body)
			}
			_, err := verifierAt(probed, false).Verify(r, body)
			requireCode(t, tt.want, err)
		})
	}
}

func TestTamperedACS3(t *testing.T) {
	emptySum := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	runTampers(t, "v3-createimage", []tamper{
		{name: "method", change: func(r *http.Request) { r.Method = "PUT" }, want: mismatch},
		{name: "path", change: func(r *http.Request) { r.URL.Path = "/images/" }, want: mismatch},
		{name: "query value", change: query("tok_1", "tok_2"), want: mismatch},
		{name: "query parameter added", change: query("tok_1", "tok_1&a=b"), want: mismatch},
		{name: "query removed", change: func(r *http.Request) { r.URL.RawQuery = "" }, want: mismatch},
		{name: "host", change: func(r *http.Request) { r.Host = "other" }, want: mismatch},
		{name: "body", body: `{}`, want: mismatch},
		{name: "body's sum", change: header("x-acs-content-sha256", emptySum), want: mismatch},
		{name: "body's sum absent", change: header("x-acs-content-sha256", ""), want: "MissingParameter"},
		{name: "content type", change: header("Content-Type", "text/plain"), want: mismatch},
		{name: "action", change: header("x-acs-action", "DeleteImage"), want: mismatch},
		{name: "version", change: header("x-acs-version", "2014-05-26"), want: mismatch},
		{name: "nonce", change: header("x-acs-signature-nonce", "other"), want: mismatch},
		{name: "nonce absent", change: header("x-acs-signature-nonce", ""), want: "MissingParameter"},
		{name: "date", change: header("x-acs-date", "2026-11-21T19:05:32Z"), want: mismatch},
		{name: "date absent", change: header("x-acs-date", ""), want: "MissingParameter"},
		{name: "date with a fraction", change: header("x-acs-date", "2026-11-21T19:05:31.5Z"), want: "InvalidTimeStamp.Format"},
		{name: "date in words", change: header("x-acs-date", "Sat, 21 Nov 2026 19:05:31 GMT"), want: "InvalidTimeStamp.Format"},
		{name: "header added", change: header("x-acs-region-id", "cn-beijing"), want: incomplete},
		{name: "host left out", change: authorization("host;", ""), want: incomplete},
		{name: "action left out", change: authorization("x-acs-action;", ""), want: incomplete},
		{name: "content type left out", change: authorization("content-type;", ""), want: mismatch},
		{name: "signed headers absent", change: authorization("SignedHeaders=", "Headers="), want: incomplete},
		{name: "signature", change: authorization("Signature=ec", "Signature=ed"), want: mismatch},
		{name: "signature in upper case", change: authorization("Signature=ec", "Signature=EC"), want: mismatch},
		{name: "signature absent", change: authorization("Signature=", "Sig="), want: incomplete},
		{name: "signature empty", change: func(r *http.Request) {
			value := r.Header.Get("Authorization")
			r.Header.Set("Authorization", value[:strings.LastIndex(value, "=")+1])
		}, want: incomplete},
		{name: "other key", change: authorization("testAK", "testid"), want: mismatch},
		{name: "unknown key", change: authorization("testAK", "nobody"), want: noKey},
		{name: "key absent", change: authorization("Credential=testAK", "Credential="), want: incomplete},
		{name: "other scheme", change: header("Authorization", "Bearer abc"), want: incomplete},
		{name: "no signature", change: header("Authorization", ""), want: incomplete},
		{name: "accept is not signed", change: header("Accept", "text/html")},
		{name: "user agent is not signed", change: header("User-Agent", "curl")},
		{name: "spaces between the parts", change: authorization(",", ", ")},
	})
}

func TestParametersMayChangePlaces(t *testing.T) {
	runTampers(t, "v3-importimage", []tamper{
		{name: "on the wire", change: func(r *http.Request) {
			first, rest, _ := strings.Cut(r.URL.RawQuery, "&")
			r.URL.RawQuery = rest + "&" + first
		}},
		{name: "but not values", change: query("40&", "41&"), want: mismatch},
	})
}

func TestTamperedRPC(t *testing.T) {
	runTampers(t, "rpc1-describetasks-cli-get", []tamper{
		{name: "method", change: func(r *http.Request) { r.Method = "POST" }, want: mismatch},
		{name: "action", change: query("DescribeTasks", "CancelTask"), want: mismatch},
		{name: "version", change: query("2014-05-26", "2015-11-11"), want: mismatch},
		{name: "parameter", change: query("t-1", "t-3"), want: mismatch},
		{name: "parameter added", change: query("&TaskIds", "&A=b&TaskIds"), want: mismatch},
		{name: "empty parameter removed", change: query("SignatureType=&", ""), want: mismatch},
		{name: "format", change: query("Format=JSON", "Format=XML"), want: mismatch},
		{name: "nonce", change: query("n-1", "n-2"), want: mismatch},
		{name: "nonce absent", change: query("SignatureNonce=n-1&", ""), want: "MissingParameter"},
		{name: "time", change: query("05%3A31Z", "05%3A30Z"), want: mismatch},
		{name: "time absent", change: query("Timestamp", "Time"), want: "MissingParameter"},
		{name: "time in words", change: query("2026-11-21T", "Saturday"), want: "InvalidTimeStamp.Format"},
		{name: "time with milliseconds", change: query("31Z", "31.000Z"), want: mismatch},
		{name: "time with a tenth", change: query("31Z", "31.0Z"), want: "InvalidTimeStamp.Format"},
		{name: "key absent", change: query("AccessKeyId=testAK&", ""), want: "MissingParameter"},
		{name: "unknown key", change: query("testAK", "nobody"), want: noKey},
		{name: "signature", change: query("Signature=j", "Signature=k"), want: mismatch},
		{name: "signature absent", change: query("&Signature=", "&S="), want: incomplete},
		{name: "method of signing", change: query("HMAC-SHA1", "HMAC-SHA256"), want: "InvalidParamater"},
		{name: "version of signing", change: query("SignatureVersion=1.0", "SignatureVersion=2.0"), want: incomplete},
		{name: "no parameter at all", change: func(r *http.Request) { r.URL.RawQuery = "" }, want: incomplete},
		{name: "a body that is no form", body: "Action=CancelTask"},
		{name: "host is not signed", change: func(r *http.Request) { r.Host = "other" }},
		{name: "headers are not signed", change: header("x-acs-action", "CancelTask")},
	})
	_, form := request(t, "rpc1-describetasks-both")
	runTampers(t, "rpc1-describetasks-both", []tamper{
		{name: "form adds a parameter", body: string(form) + "&A=b", want: mismatch},
		{name: "form repeats a parameter", body: string(form) + "&RegionId=cn-hangzhou"},
		{name: "form without the signature", body: "A=b", want: "MissingParameter"},
		{name: "form that does not say so", change: header("Content-Type", ""), want: "MissingParameter"},
		{name: "query", change: query("DescribeTasks", "CancelTask"), want: mismatch},
	})
}

func TestTamperedROA(t *testing.T) {
	runTampers(t, "roa1-createimage", []tamper{
		{name: "method", change: func(r *http.Request) { r.Method = "PUT" }, want: mismatch},
		{name: "path", change: func(r *http.Request) { r.URL.Path = "/images/img-1" }, want: mismatch},
		{name: "query", change: query("tok_1", "tok_2"), want: mismatch},
		{name: "query added", change: query("tok_1", "tok_1&a"), want: mismatch},
		{name: "accept", change: header("Accept", "text/html"), want: mismatch},
		{name: "content type", change: header("Content-Type", "text/plain"), want: mismatch},
		{name: "content sum added", change: header("Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="), want: mismatch},
		{name: "date", change: header("Date", "Sat, 21 Nov 2026 19:05:32 GMT"), want: mismatch},
		{name: "date absent", change: header("Date", ""), want: "MissingParameter"},
		{name: "date in numbers", change: header("Date", "2026-11-21T19:05:31Z"), want: "InvalidTimeStamp.Format"},
		{name: "header", change: header("x-acs-version", "2014-05-26"), want: mismatch},
		{name: "header added", change: header("x-acs-region-id", "cn-beijing"), want: mismatch},
		{name: "header removed", change: header("x-acs-action", ""), want: mismatch},
		{name: "method of signing", change: header("x-acs-signature-method", "HMAC-MD5"), want: "InvalidParamater"},
		{name: "method of signing in lower case", change: header("x-acs-signature-method", "hmac-sha1"), want: mismatch},
		{name: "unknown key", change: authorization("testAK", "nobody"), want: noKey},
		{name: "other key", change: authorization("testAK", "testid"), want: mismatch},
		{name: "signature", change: authorization("testAK:c", "testAK:d"), want: mismatch},
		{name: "signature absent", change: header("Authorization", "acs testAK:"), want: incomplete},
		{name: "key absent", change: authorization("testAK", ""), want: incomplete},
		{name: "colon absent", change: header("Authorization", "acs testAK"), want: incomplete},
		{name: "host is not signed", change: func(r *http.Request) { r.Host = "other" }},
		{name: "user agent is not signed", change: header("User-Agent", "curl")},
	})
}

func TestTamperedROAWithAnEmptyValue(t *testing.T) {
	for vector, late := range map[string]time.Duration{"roa1-listimages": 0, "roa1-listimages-equals": captured.Sub(probed)} {
		for _, tt := range []tamper{
			{name: "as it was sent"},
			{name: "another value", change: query("Type=Self", "Type=System"), want: mismatch},
			{name: "a value for the empty one", change: query("Marker=", "Marker=img-1"), want: mismatch},
			{name: "the empty one removed", change: query("Marker=&", ""), want: mismatch},
		} {
			t.Run(vector+" "+tt.name, func(t *testing.T) {
				r, body := request(t, vector)
				if tt.change != nil {
					tt.change(r)
				}
				_, err := verifierAt(probed.Add(late), false).Verify(r, body)
				requireCode(t, tt.want, err)
			})
		}
	}
}

func TestTamperedOSS1(t *testing.T) {
	runTampers(t, "oss1-bucket", []tamper{
		{name: "method", change: func(r *http.Request) { r.Method = "PUT" }, want: mismatch},
		{name: "bucket", change: func(r *http.Request) { r.URL.Path = "/other" }, want: mismatch},
		{name: "key", change: func(r *http.Request) { r.URL.Path = "/bkt/key" }, want: mismatch},
		{name: "subresource", change: func(r *http.Request) { r.URL.RawQuery = "acl" }, want: mismatch},
		{name: "content type", change: header("Content-Type", "text/plain"), want: mismatch},
		{name: "header added", change: header("x-oss-meta-a", "b"), want: mismatch},
		{name: "date", change: header("Date", "Sat, 21 Nov 2026 19:05:32 GMT"), want: mismatch},
		{name: "date absent", change: header("Date", ""), want: "AccessDenied"},
		{name: "unknown key", change: authorization("testAK", "nobody"), want: "InvalidAccessKeyId"},
		{name: "signature", change: authorization("testAK:t", "testAK:T"), want: mismatch},
		{name: "signature absent", change: header("Authorization", "OSS testAK"), want: "InvalidArgument"},
		{name: "other parameters are not signed", change: func(r *http.Request) { r.URL.RawQuery = "prefix=a" }},
		{name: "host is not signed", change: func(r *http.Request) { r.Host = "other" }},
	})
}

func TestTamperedOSS4(t *testing.T) {
	runTampers(t, "oss4-bucket-host", []tamper{
		{name: "method", change: func(r *http.Request) { r.Method = "PUT" }, want: mismatch},
		{name: "path", change: func(r *http.Request) { r.URL.Path = "/bkt/key" }, want: mismatch},
		{name: "query", change: query("list-type=2", "list-type=1"), want: mismatch},
		{name: "host", change: func(r *http.Request) { r.Host = "other" }, want: mismatch},
		{name: "header added", change: header("x-oss-meta-a", "b"), want: mismatch},
		{name: "content type added", change: header("Content-Type", "text/plain"), want: mismatch},
		{name: "date", change: header("x-oss-date", "20261121T190532Z"), want: mismatch},
		{name: "date of another day", change: authorization("20261121", "20261120"), want: "InvalidArgument"},
		{name: "date absent", change: header("x-oss-date", ""), want: "AccessDenied"},
		{name: "date with a fraction", change: header("x-oss-date", "20261121T190531.5Z"), want: "AccessDenied"},
		{name: "region", change: authorization("cn-hangzhou", "cn-beijing"), want: mismatch},
		{name: "product", change: authorization("/oss/", "/ecs/"), want: mismatch},
		{name: "scope", change: authorization("/aliyun_v4_request", ""), want: "InvalidArgument"},
		{name: "payload", change: header("x-oss-content-sha256", "abc"), want: "InvalidArgument"},
		{name: "unknown key", change: authorization("testAK", "nobody"), want: "InvalidAccessKeyId"},
		{name: "signature", change: authorization("Signature=2", "Signature=3"), want: mismatch},
		{name: "signature absent", change: authorization("Signature=", "S="), want: "InvalidArgument"},
		{name: "additional headers left out", change: authorization("AdditionalHeaders=host, ", ""), want: mismatch},
		{name: "other headers are not signed", change: header("User-Agent", "curl")},
	})
}

func TestMismatchShowsTheStringToSign(t *testing.T) {
	for _, tt := range []struct{ vector, want string }{
		{vector: "rpc1-importimage-sts", want: " server string to sign is:GET&%2F&AccessKeyId%3DtestAK%26Action%3DImportImage"},
		{vector: "v3-importimage-sts", want: " server canonical request is:GET\n/\nArchitecture=x86_64"},
		{vector: "roa1-createimage", want: " server string to sign is:GET\napplication/json\n"},
	} {
		r, body := request(t, tt.vector)
		r.Method = http.MethodGet
		_, err := verifierAt(probed, strings.HasSuffix(tt.vector, "-sts")).Verify(r, body)
		requireCode(t, mismatch, err)
		require.ErrorContains(t, err, "Specified signature is not matched with our calculation.")
		require.ErrorContains(t, err, tt.want)
		require.NotContains(t, err.Error(), "STS.token")
	}
}

func TestMismatchHidesATokenThatNeedsEncoding(t *testing.T) {
	const token = "CAIS+a/b="
	r, body := request(t, "rpc1-importimage-sts")
	r.URL.RawQuery = strings.Replace(r.URL.RawQuery, "STS.token", url.QueryEscape(token), 1)
	v := verifierAt(probed, true)
	v.Token = func(string) (signature.Token, bool) { return signature.Token{Value: token}, true }

	_, err := v.Verify(r, body)

	requireCode(t, mismatch, err)
	require.ErrorContains(t, err, "SecurityToken%3D***%26")
}
