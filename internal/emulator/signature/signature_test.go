package signature_test

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// request reads a request as it was on the wire.
func request(t testing.TB, name string) (*http.Request, []byte) {
	t.Helper()
	wire, err := os.ReadFile("testdata/" + name + ".http")
	require.NoError(t, err)
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(wire)))
	require.NoError(t, err)
	body, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r, body
}

// probed is when the requests of testAK were signed.
var probed = time.Date(2026, 11, 21, 19, 5, 31, 0, time.UTC)

// captured is when the clients signed that do it in a way of their own: another SDK for
// JavaScript, the same one for ECS, and the first OSS SDK for Go.
var captured = time.Date(2026, 11, 21, 21, 59, 44, 0, time.UTC)

// verifierAt knows the keys of the test data, and testAK's session when the request has one.
func verifierAt(at time.Time, sts bool) *signature.Verifier {
	secrets := map[string]string{"testAK": "testSecret", "testid": "testsecret", "ak": "sk"}
	return &signature.Verifier{
		Secret: func(id string) (string, bool) { secret, ok := secrets[id]; return secret, ok },
		Token: func(id string) (signature.Token, bool) {
			return signature.Token{Value: "STS.token"}, sts && id == "testAK"
		},
		Now: func() time.Time { return at },
	}
}

var vectors = []struct {
	name   string
	scheme signature.Scheme
	at     time.Time
	key    string
	params map[string]string // some of what the request says
}{
	{name: "v3-importimage", scheme: signature.ACS3, at: probed, key: "testAK",
		params: map[string]string{"ImageName": "golden base+*~ 镜像", "Tag.1.Value": "", "DiskDeviceMapping.1.OSSObject": "a/b c.raw"}},
	{name: "v3-importimage-sts", scheme: signature.ACS3, at: probed, key: "testAK"},
	{name: "v3-createimage", scheme: signature.ACS3, at: probed, key: "testAK", params: map[string]string{"IdempotentToken": "tok_1"}},
	{name: "v3-startexecution-form", scheme: signature.ACS3, at: probed, key: "testAK", params: map[string]string{"Tag.1.Value": "b c"}},
	{name: "rpc1-describeregions", scheme: signature.RPCV1, at: time.Date(2016, 2, 23, 12, 46, 24, 0, time.UTC), key: "testid",
		params: map[string]string{"Action": "DescribeRegions", "Version": "2014-05-26", "Format": "XML"}},
	{name: "rpc1-describeregions-js", scheme: signature.RPCV1, at: captured, key: "testAK", params: map[string]string{"Action": "DescribeRegions"}},
	{name: "rpc1-importimage-sts", scheme: signature.RPCV1, at: probed, key: "testAK",
		params: map[string]string{"ImageName": "golden base+*~ 镜像", "Action": "ImportImage"}},
	{name: "rpc1-describetasks-cli-get", scheme: signature.RPCV1, at: probed, key: "testAK", params: map[string]string{"TaskIds": "t-1,t-2"}},
	{name: "rpc1-describetasks-cli-post", scheme: signature.RPCV1, at: probed, key: "testAK"},
	{name: "rpc1-describetasks-form", scheme: signature.RPCV1, at: probed, key: "testAK", params: map[string]string{"TaskIds": "t-1,t-2"}},
	{name: "rpc1-describetasks-both", scheme: signature.RPCV1, at: probed, key: "testAK", params: map[string]string{"RegionId": "cn-hangzhou"}},
	{name: "roa1-createimage", scheme: signature.ROAV1, at: probed, key: "testAK", params: map[string]string{"IdempotentToken": "tok_1"}},
	{name: "roa1-createimage-js", scheme: signature.ROAV1, at: probed, key: "testAK"},
	{name: "roa1-deleteimage", scheme: signature.ROAV1, at: probed, key: "testAK"},
	{name: "roa1-listimages", scheme: signature.ROAV1, at: probed, key: "testAK", params: map[string]string{"Marker": "", "MaxItemCount": "100"}},
	{name: "roa1-listimages-equals", scheme: signature.ROAV1, at: captured, key: "testAK", params: map[string]string{"Marker": ""}},
	{name: "roa1-listimages-cli", scheme: signature.ROAV1, at: probed.Add(6 * time.Minute), key: "testAK"},
	{name: "roa1-getimage-sts", scheme: signature.ROAV1, at: probed, key: "testAK"},
	{name: "oss1-putobject-documented", scheme: signature.OSSV1, at: time.Date(2022, 12, 28, 10, 27, 41, 0, time.UTC), key: "ak"},
	{name: "oss1-putobject-sts", scheme: signature.OSSV1, at: probed, key: "testAK"},
	{name: "oss1-bucket", scheme: signature.OSSV1, at: probed, key: "testAK"},
	{name: "oss1-bucket-slash", scheme: signature.OSSV1, at: probed, key: "testAK"},
	{name: "oss4-putobject-documented", scheme: signature.OSSV4, at: time.Unix(1702743657, 0), key: "ak"},
	{name: "oss4-putobject-additional", scheme: signature.OSSV4, at: time.Unix(1702747512, 0), key: "ak"},
	{name: "oss4-putobject-date", scheme: signature.OSSV4, at: captured, key: "testAK"},
	{name: "oss4-putobject-sts", scheme: signature.OSSV4, at: probed, key: "testAK"},
	{name: "oss4-bucket-host", scheme: signature.OSSV4, at: probed, key: "testAK", params: map[string]string{"delimiter": "/"}},
}

func TestVerifyAcceptsWhatClientsSend(t *testing.T) {
	for _, tt := range vectors {
		t.Run(tt.name, func(t *testing.T) {
			r, body := request(t, tt.name)
			sts := strings.HasSuffix(tt.name, "-sts")

			got, err := verifierAt(tt.at, sts).Verify(r, body)

			require.NoError(t, err)
			require.Equal(t, tt.scheme, got.Scheme)
			require.Equal(t, tt.key, got.AccessKeyID)
			require.Equal(t, sts, got.SecurityToken == "STS.token")
			for name, value := range tt.params {
				require.Equal(t, []string{value}, got.Params[name], name)
			}
			for _, signing := range []string{"AccessKeyId", "Signature", "SignatureNonce", "Timestamp", "SecurityToken", "SignatureType"} {
				require.NotContains(t, got.Params, signing)
			}
		})
	}
}

func TestEveryVectorHasARow(t *testing.T) {
	files, err := os.ReadDir("testdata")
	require.NoError(t, err)
	var names []string
	for _, tt := range vectors {
		names = append(names, tt.name+".http")
	}
	for _, file := range files {
		if !file.IsDir() {
			require.Contains(t, names, file.Name())
		}
	}
}

func TestVerifyWantsARequestFromTheWindow(t *testing.T) {
	for _, tt := range []struct {
		name string
		late time.Duration
		want string
	}{
		{name: "a request of now", late: 0},
		{name: "the oldest", late: 15 * time.Minute},
		{name: "the furthest ahead", late: -15 * time.Minute},
		{name: "too old", late: 15*time.Minute + time.Second, want: "InvalidTimeStamp.Expired"},
		{name: "too far ahead", late: -15*time.Minute - time.Second, want: "InvalidTimeStamp.Expired"},
	} {
		for _, vector := range []string{"v3-importimage", "rpc1-describetasks-cli-get", "roa1-createimage", "roa1-createimage-js"} {
			t.Run(tt.name+" "+vector, func(t *testing.T) {
				r, body := request(t, vector)
				_, err := verifierAt(probed.Add(tt.late), false).Verify(r, body)
				requireCode(t, tt.want, err)
			})
		}
		t.Run(tt.name+" oss", func(t *testing.T) {
			want := tt.want
			if want != "" {
				want = "RequestTimeTooSkewed"
			}
			for _, vector := range []string{"oss1-bucket", "oss4-bucket-host"} {
				r, _ := request(t, vector)
				_, err := verifierAt(probed.Add(tt.late), false).Verify(r, nil)
				requireCode(t, want, err)
			}
		})
	}
}

func TestVerifyWantsTheTokenOfTheKey(t *testing.T) {
	for _, tt := range []struct {
		name   string
		vector string
		token  signature.Token
		sts    bool
		want   string
	}{
		{name: "the key's token", vector: "rpc1-importimage-sts", sts: true, token: signature.Token{Value: "STS.token"}},
		{name: "no token with a temporary key", vector: "v3-importimage", sts: true, want: "MissingSecurityToken"},
		{name: "a token with a long-lived key", vector: "v3-importimage-sts", want: "InvalidSecurityToken.MismatchWithAccessKey"},
		{name: "another session's token", vector: "roa1-getimage-sts", sts: true, token: signature.Token{Value: "other"}, want: "InvalidSecurityToken.MismatchWithAccessKey"},
		{name: "an expired session", vector: "rpc1-importimage-sts", sts: true,
			token: signature.Token{Value: "STS.token", Expires: probed.Add(-time.Second)}, want: "InvalidSecurityToken.Expired"},
		{name: "oss, another session's token", vector: "oss4-putobject-sts", sts: true, token: signature.Token{Value: "other"}, want: "InvalidSecurityToken"},
		{name: "oss, an expired session", vector: "oss1-putobject-sts", sts: true,
			token: signature.Token{Value: "STS.token", Expires: probed.Add(-time.Second)}, want: "SecurityTokenExpired"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, body := request(t, tt.vector)
			v := verifierAt(probed, false)
			v.Token = func(string) (signature.Token, bool) { return tt.token, tt.sts }
			_, err := v.Verify(r, body)
			requireCode(t, tt.want, err)
		})
	}
}

func TestVerifyWithoutTokensRefusesOne(t *testing.T) {
	r, body := request(t, "v3-importimage-sts")
	v := verifierAt(probed, false)
	v.Token = nil
	_, err := v.Verify(r, body)
	requireCode(t, "InvalidSecurityToken.MismatchWithAccessKey", err)
}

func TestVerifyTakesANonceOnce(t *testing.T) {
	for _, vector := range []string{"v3-importimage", "rpc1-describetasks-cli-get", "roa1-createimage"} {
		t.Run(vector, func(t *testing.T) {
			v := verifierAt(probed, false)
			v.Nonces = &signature.NoncesMemory{}
			r, body := request(t, vector)
			forged, _ := request(t, vector)
			forged.Method = "PUT"

			_, err := v.Verify(forged, body)
			requireCode(t, "SignatureDoesNotMatch", err)
			_, err = v.Verify(r, body)
			require.NoError(t, err, "a refused request spends no nonce")
			_, err = v.Verify(r, body)
			requireCode(t, "SignatureNonceUsed", err)
		})
	}
}

// requireCode wants a refusal with the code, or no error for an empty one.
func requireCode(t testing.TB, code string, err error) {
	t.Helper()
	if code == "" {
		require.NoError(t, err)
		return
	}
	var refused *signature.Refusal
	require.ErrorAs(t, err, &refused)
	require.Equal(t, code, refused.Code, refused.Message)
}
