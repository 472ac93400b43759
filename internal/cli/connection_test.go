package cli_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
)

const profiles = `
[profile.default]
address = "file:7233"
namespace = "file-ns"
[profile.default.grpc_meta]
Some_Header = "file"

[profile.cloud]
address = "cloud:7233"
namespace = "cloud-ns"
api_key = "cloud-key"

[profile.cloud.tls]
server_name = "cloud.example"
`

// connect parses flags into a connection. No TEMPORAL_* of the machine reaches it.
func connect(t *testing.T, env map[string]string, args ...string) (client.Options, error) {
	t.Helper()
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "TEMPORAL_") {
			t.Setenv(name, "") // restores it after the test
			require.NoError(t, os.Unsetenv(name))
		}
	}
	file := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(file, []byte(profiles), 0o600))
	t.Setenv("TEMPORAL_CONFIG_FILE", file)
	for name, value := range env {
		t.Setenv(name, value)
	}
	var conn cli.Connection
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	conn.AddFlags(flags)
	require.NoError(t, flags.Parse(args))
	return conn.Options()
}

func TestConnectionPrecedence(t *testing.T) {
	for _, test := range []struct {
		name      string
		env       map[string]string
		args      []string
		address   string
		namespace string
	}{
		{"the file counts when nothing else is said", nil, nil, "file:7233", "file-ns"},
		{"the environment wins over the file", map[string]string{"TEMPORAL_ADDRESS": "env:1"}, nil, "env:1", "file-ns"},
		{"a flag wins over the environment", map[string]string{"TEMPORAL_ADDRESS": "env:1", "TEMPORAL_NAMESPACE": "env-ns"}, []string{"--address", "flag:2"}, "flag:2", "env-ns"},
		{"-n is the namespace", nil, []string{"-n", "flag-ns"}, "file:7233", "flag-ns"},
		{"a profile is named by the environment", map[string]string{"TEMPORAL_PROFILE": "cloud"}, nil, "cloud:7233", "cloud-ns"},
		{"a profile is named by a flag", nil, []string{"--profile", "cloud"}, "cloud:7233", "cloud-ns"},
		{"without the file the defaults count", nil, []string{"--disable-config-file"}, "localhost:7233", "default"},
		{"a file of the environment may be missing", map[string]string{"TEMPORAL_CONFIG_FILE": "/nonexistent/temporal.toml"}, nil, "localhost:7233", "default"},
		{"a file that is not read may be missing", nil, []string{"--config-file", "/nonexistent/temporal.toml", "--disable-config-file"}, "localhost:7233", "default"},
		{"without environment and file the flags count", map[string]string{"TEMPORAL_ADDRESS": "env:1"}, []string{"--disable-config-file", "--disable-config-env", "--namespace", "x"}, "localhost:7233", "x"},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts, err := connect(t, test.env, test.args...)
			require.NoError(t, err)
			require.Equal(t, test.address, opts.HostPort)
			require.Equal(t, test.namespace, opts.Namespace)
		})
	}
}

func TestConnectionTLS(t *testing.T) {
	for _, test := range []struct {
		name       string
		env        map[string]string
		args       []string
		on         bool
		off        bool
		serverName string
	}{
		{name: "is off by default"},
		{name: "comes with an API key", args: []string{"--api-key", "k"}, on: true},
		{name: "comes with the flag", args: []string{"--tls"}, on: true},
		{name: "comes with the environment", env: map[string]string{"TEMPORAL_TLS": "true"}, on: true},
		{name: "comes with any of its settings", args: []string{"--tls-server-name", "s"}, on: true, serverName: "s"},
		{name: "takes the profile's settings", args: []string{"--profile", "cloud"}, on: true, serverName: "cloud.example"},
		{name: "a flag wins over the profile's setting", args: []string{"--profile", "cloud", "--tls-server-name", "s"}, on: true, serverName: "s"},
		{name: "a flag turns on what the environment turned off", env: map[string]string{"TEMPORAL_TLS": "false"}, args: []string{"--tls"}, on: true},
		{name: "--tls=false turns it off whatever else is set", args: []string{"--profile", "cloud", "--tls=false"}, off: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			opts, err := connect(t, test.env, test.args...)
			require.NoError(t, err)
			require.Equal(t, test.on, opts.ConnectionOptions.TLS != nil)
			require.Equal(t, test.off, opts.ConnectionOptions.TLSDisabled)
			if test.on {
				require.Equal(t, test.serverName, opts.ConnectionOptions.TLS.ServerName)
			}
		})
	}
}

func TestConnectionClientCertificate(t *testing.T) {
	certFile, keyFile := keyPair(t)
	// The flag for a file has to push out the data that the environment brings.
	env := map[string]string{"TEMPORAL_TLS_CLIENT_CERT_DATA": "junk", "TEMPORAL_TLS_CLIENT_KEY_DATA": "junk"}
	opts, err := connect(t, env, "--tls-cert-path", certFile, "--tls-key-path", keyFile, "--tls-ca-path", certFile, "--tls-disable-host-verification")
	require.NoError(t, err)
	require.Len(t, opts.ConnectionOptions.TLS.Certificates, 1)
	require.NotNil(t, opts.ConnectionOptions.TLS.RootCAs)
	require.True(t, opts.ConnectionOptions.TLS.InsecureSkipVerify)
}

func keyPair(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	return certFile, keyFile
}

func TestConnectionHeadersAreMerged(t *testing.T) {
	opts, err := connect(t, map[string]string{"TEMPORAL_GRPC_META_OTHER": "env"}, "--grpc-meta", "Third_One=a=b")
	require.NoError(t, err)
	headers, err := opts.HeadersProvider.GetHeaders(context.Background())
	require.NoError(t, err)
	require.Equal(t, map[string]string{"some-header": "file", "other": "env", "third-one": "a=b"}, headers)
}

func TestConnectionRefusesWhatCannotWork(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"an address with a scheme", []string{"--address", "https://x:7233"}, "without http:// or https://"},
		{"an address without a port", []string{"--address", "temporal"}, "want HOST:PORT"},
		{"an address with an empty port", []string{"--address", "temporal:"}, "want HOST:PORT"},
		{"a profile that is not there", []string{"--profile", "nope"}, "unable to find profile nope"},
		{"a header without a value", []string{"--grpc-meta", "x"}, `--grpc-meta "x": want KEY=VALUE`},
		{"a certificate without its key", []string{"--tls-cert-path", "x.pem"}, "other must be present too"},
		{"a CA file that is not there", []string{"--tls-ca-path", "/nonexistent.pem"}, "no such file"},
		{"a configuration file that is not there", []string{"--config-file", "/nonexistent.toml"}, "--config-file /nonexistent.toml: there is no such file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := connect(t, nil, test.args...)
			require.ErrorContains(t, err, test.says)
			require.ErrorContains(t, err, "the Temporal connection: ")
			var coded *cli.Error
			require.ErrorAs(t, err, &coded)
			require.Equal(t, cli.ExitUsage, coded.Exit)
		})
	}
}

func TestConnectionPrintsNoKey(t *testing.T) {
	var conn cli.Connection
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	conn.AddFlags(flags)
	require.NoError(t, flags.Parse([]string{"--api-key", "hush", "--tls-key-data", "hush", "--address", "here:1", "-n", "ns"}))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.Equal(t, "namespace ns at here:1", fmt.Sprintf(verb, conn))
	}
}

func TestCloudFlagsDefaultToTheEnvironment(t *testing.T) {
	t.Setenv("KILN_ECS_ENDPOINT", "http://env:1")
	t.Setenv("KILN_BATCHCOMPUTE_ENDPOINT", "http://env:2")
	t.Setenv("KILN_OSS_ENDPOINT", "")
	var cloud cli.CloudFlags
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	cloud.AddFlags(flags)
	require.NoError(t, flags.Parse([]string{"--batchcompute-endpoint", "http://flag:3"}))
	require.Equal(t, cli.CloudFlags{ECSEndpoint: "http://env:1", BatchComputeEndpoint: "http://flag:3"}, cloud)
	require.Equal(t, "http://env:1", cloud.Options().ECSEndpoint)
	require.Equal(t, "http://flag:3", cloud.Options().BatchComputeEndpoint)
}
