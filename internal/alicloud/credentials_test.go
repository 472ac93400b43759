package alicloud

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bare leaves nothing in the environment that the chain could find.
func bare(t *testing.T) (home string) {
	t.Helper()
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "ALIBABA_CLOUD_") || strings.HasPrefix(name, "ALICLOUD_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	home = t.TempDir()
	t.Setenv("HOME", home)
	return home
}

func write(t *testing.T, path, content string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
}

func TestMissingCredentialsSayWhatToSet(t *testing.T) {
	tests := []struct {
		name  string
		setUp func(t *testing.T, home string)
		want  []string
	}{
		{"nothing is set", func(*testing.T, string) {}, []string{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "aliyun configure", "RAM role"}},
		{"an id without a secret", func(t *testing.T, _ string) { t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "some-id") }, []string{"is the secret missing?"}},
		{"a secret without an id", func(t *testing.T, _ string) { t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "do-not-print") }, []string{"is the id missing?"}},
		{"the names of Packer and Terraform", func(t *testing.T, _ string) {
			t.Setenv("ALICLOUD_ACCESS_KEY", "some-id")
			t.Setenv("ALICLOUD_SECRET_KEY", "do-not-print")
		}, []string{"Packer and Terraform", "Kiln reads ALIBABA_CLOUD_ACCESS_KEY_ID"}},
		{"a broken profile with a secret inside", func(t *testing.T, home string) {
			write(t, filepath.Join(home, ".aliyun/config.json"), `{"profiles":[{"access_key_secret":"do-not-print"`)
		}, []string{"of no use: ~/.aliyun/config.json"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.setUp(t, bare(t))
			cloud, s := serve(t, answers(200, `{}`), func(o *Options) { o.AccessKeyID, o.AccessKeySecret = "", "" })
			for _, err := range []error{cloud.CheckCredentials(context.Background()), importOf(context.Background(), cloud), registerOf(context.Background(), cloud)} {
				require.ErrorIs(t, err, ErrNoCredentials)
				for _, want := range tt.want {
					require.ErrorContains(t, err, want)
				}
				require.NotContains(t, err.Error(), "do-not-print")
			}
			require.Empty(t, s.requests)
		})
	}
}

func TestTheChainRecoversAfterAFailure(t *testing.T) {
	bare(t)
	cloud, s := serve(t, answers(200, `{"ImageId":"m-1","TaskId":"t-1"}`), func(o *Options) { o.AccessKeyID, o.AccessKeySecret = "", "" })
	require.ErrorIs(t, cloud.CheckCredentials(context.Background()), ErrNoCredentials)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret")
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "env-token")
	require.NoError(t, cloud.CheckCredentials(context.Background()))
	require.NoError(t, importOf(context.Background(), cloud))
	header := s.only(t).header
	require.Contains(t, header.Get("Authorization"), "Credential=env-id,")
	require.Equal(t, "env-token", header.Get("X-Acs-Security-Token"))
}

func TestFixedKeysNeedNoChain(t *testing.T) {
	bare(t)
	cloud, _ := serve(t, answers(200, `{}`))
	require.NoError(t, cloud.CheckCredentials(context.Background()))
}

func TestTheSecurityTokenStaysOutOfErrors(t *testing.T) {
	bare(t)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env-id")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "env-secret")
	t.Setenv("ALIBABA_CLOUD_SECURITY_TOKEN", "env-token")
	// A server that echoes what it was sent, as some proxies do on their error pages.
	cloud, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte(r.Header.Get("X-Acs-Security-Token") + " " + r.Header.Get("Authorization")))
	}, func(o *Options) { o.AccessKeyID, o.AccessKeySecret = "", "" })
	e := failed(t, importOf(context.Background(), cloud))
	require.Contains(t, e.Message, `"*** ***"`)
}

func TestAnExpiredTokenIsFetchedAnew(t *testing.T) {
	home := bare(t)
	issued := 0
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		issued++
		_, _ = w.Write([]byte(`{"Code":"Success","AccessKeyId":"id","AccessKeySecret":"secret","SecurityToken":"token","Expiration":"2099-01-01T00:00:00Z"}`))
	}))
	defer issuer.Close()
	write(t, filepath.Join(home, ".aliyun/config.json"), `{}`)
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", issuer.URL)
	cloud, _ := serve(t, answers(400, `{"Code":"InvalidSecurityToken.Expired"}`), func(o *Options) { o.AccessKeyID, o.AccessKeySecret = "", "" })
	for want := 1; want <= 3; want++ {
		require.Equal(t, "InvalidSecurityToken.Expired", failed(t, importOf(context.Background(), cloud)).Code)
		require.Equal(t, want, issued)
	}
}

func TestASearchForCredentialsHonoursTheContext(t *testing.T) {
	bare(t)
	ctx, cancel := context.WithCancel(context.Background())
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		cancel()
		<-ctx.Done()
		w.WriteHeader(http.StatusTeapot)
	}))
	defer issuer.Close()
	t.Setenv("ALIBABA_CLOUD_CREDENTIALS_URI", issuer.URL)
	cloud, err := New(Options{})
	require.NoError(t, err)
	require.ErrorIs(t, cloud.CheckCredentials(ctx), context.Canceled)
}
