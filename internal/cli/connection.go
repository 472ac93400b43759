package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// Connection is the Temporal connection: flags over environment over profile, as in
// the temporal CLI.
type Connection struct {
	Address        string // host:port
	Namespace      string
	ConnectTimeout time.Duration

	apiKey, authority, identity         string
	grpcMeta                            []string
	tls                                 tlsFlags
	profile, configFile                 string
	disableConfigFile, disableConfigEnv bool
	flags                               *pflag.FlagSet
}

type tlsFlags struct {
	on, disableHostVerification bool
	certPath, certData          string
	keyPath, keyData            string
	caPath, caData, serverName  string
}

// Format prints where the connection goes, and never its keys.
func (c Connection) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "namespace %s at %s", c.Namespace, c.Address)
}

// AddFlags defines --address, --namespace, --api-key, --tls-*, --profile and the rest.
func (c *Connection) AddFlags(flags *pflag.FlagSet) {
	c.flags = flags
	group(flags, "Connection to Temporal (a flag wins over the environment, and that over temporal.toml)", c.define)
}

func (c *Connection) define(f *pflag.FlagSet) {
	f.StringVar(&c.Address, "address", "", "`HOST:PORT` of the Temporal server (env TEMPORAL_ADDRESS; default: "+defaultAddress+")")
	f.StringVarP(&c.Namespace, "namespace", "n", "", "Temporal `NAMESPACE` (env TEMPORAL_NAMESPACE; default: "+defaultNamespace+")")
	f.StringVar(&c.apiKey, "api-key", "", "API `KEY`; turns TLS on (env TEMPORAL_API_KEY)")
	f.StringArrayVar(&c.grpcMeta, "grpc-meta", nil, "header of every request as `KEY=VALUE`; repeatable (env TEMPORAL_GRPC_META_KEY)")
	f.StringVar(&c.authority, "client-authority", "", "`AUTHORITY` that requests name (env TEMPORAL_CLIENT_AUTHORITY)")
	f.StringVar(&c.identity, "identity", "", "identity of this client in the history (default: process, user and host)")
	f.BoolVar(&c.tls.on, "tls", false, "use TLS; --tls=false turns it off whatever else is set (env TEMPORAL_TLS)")
	f.StringVar(&c.tls.certPath, "tls-cert-path", "", "`FILE` with the client's certificate (env TEMPORAL_TLS_CLIENT_CERT_PATH)")
	f.StringVar(&c.tls.certData, "tls-cert-data", "", "the client's certificate as `PEM` (env TEMPORAL_TLS_CLIENT_CERT_DATA)")
	f.StringVar(&c.tls.keyPath, "tls-key-path", "", "`FILE` with the client's private key (env TEMPORAL_TLS_CLIENT_KEY_PATH)")
	f.StringVar(&c.tls.keyData, "tls-key-data", "", "the client's private key as `PEM` (env TEMPORAL_TLS_CLIENT_KEY_DATA)")
	f.StringVar(&c.tls.caPath, "tls-ca-path", "", "`FILE` with the server's CA (env TEMPORAL_TLS_SERVER_CA_CERT_PATH)")
	f.StringVar(&c.tls.caData, "tls-ca-data", "", "the server's CA as `PEM` (env TEMPORAL_TLS_SERVER_CA_CERT_DATA)")
	f.StringVar(&c.tls.serverName, "tls-server-name", "", "`NAME` that the server's certificate must have (env TEMPORAL_TLS_SERVER_NAME)")
	f.BoolVar(&c.tls.disableHostVerification, "tls-disable-host-verification", false, "do not check the server's certificate (env TEMPORAL_TLS_DISABLE_HOST_VERIFICATION)")
	f.StringVar(&c.profile, "profile", "", "`PROFILE` of the configuration file (env TEMPORAL_PROFILE; default: "+envconfig.DefaultConfigFileProfile+")")
	f.StringVar(&c.configFile, "config-file", "", "configuration `FILE` (env TEMPORAL_CONFIG_FILE; default: temporalio/temporal.toml in the user's configuration folder)")
	f.BoolVar(&c.disableConfigFile, "disable-config-file", false, "read no configuration file")
	f.BoolVar(&c.disableConfigEnv, "disable-config-env", false, "read no TEMPORAL_* environment")
	f.DurationVar(&c.ConnectTimeout, "client-connect-timeout", defaultConnectTimeout, "how long to try to connect")
}

const (
	defaultAddress        = "localhost:7233"
	defaultNamespace      = client.DefaultNamespace
	defaultConnectTimeout = 5 * time.Second
)

// Options are the client options that the flags, the environment and the profile name;
// address and namespace are always set. The logger is left to the caller. The error is
// one of usage.
func (c *Connection) Options() (client.Options, error) {
	opts, err := c.options()
	if err != nil {
		return client.Options{}, Fail(ExitUsage, fmt.Errorf("the Temporal connection: %w", err))
	}
	return opts, nil
}

func (c *Connection) options() (client.Options, error) {
	profile, err := c.load()
	if err != nil {
		return client.Options{}, err
	}
	if err := c.override(&profile); err != nil {
		return client.Options{}, err
	}
	if err := checkAddress(profile.Address); err != nil {
		return client.Options{}, err
	}
	opts, err := profile.ToClientOptions(envconfig.ToClientOptionsRequest{})
	if err != nil {
		return client.Options{}, err
	}
	opts.Identity = c.identity
	opts.ConnectionOptions.GetSystemInfoTimeout = c.ConnectTimeout
	return opts, nil
}

func (c *Connection) load() (envconfig.ClientConfigProfile, error) {
	if c.disableConfigFile && c.disableConfigEnv {
		return envconfig.ClientConfigProfile{}, nil
	}
	if err := c.checkFile(); err != nil {
		return envconfig.ClientConfigProfile{}, err
	}
	return envconfig.LoadClientConfigProfile(envconfig.LoadClientConfigProfileOptions{
		ConfigFilePath:    c.configFile,
		ConfigFileProfile: c.profile,
		DisableFile:       c.disableConfigFile,
		DisableEnv:        c.disableConfigEnv,
	})
}

// checkFile refuses a file that the user has named and that is not there: envconfig takes it
// for an empty one, and the command would go to localhost. One that TEMPORAL_CONFIG_FILE
// names may be missing, as in the temporal CLI.
func (c *Connection) checkFile() error {
	if c.configFile == "" || c.disableConfigFile {
		return nil
	}
	_, err := os.Stat(c.configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--config-file %s: there is no such file", c.configFile)
	}
	return nil
}

// override puts the flags over what the environment and the file say.
func (c *Connection) override(p *envconfig.ClientConfigProfile) error {
	set(&p.Address, c.Address)
	set(&p.Namespace, c.Namespace)
	set(&p.APIKey, c.apiKey)
	set(&p.Authority, c.authority)
	if p.Address == "" {
		p.Address = defaultAddress
	}
	if p.Namespace == "" {
		p.Namespace = defaultNamespace
	}
	for _, pair := range c.grpcMeta {
		key, value, ok := strings.Cut(pair, "=")
		if !ok {
			return fmt.Errorf("--grpc-meta %q: want KEY=VALUE", pair)
		}
		if p.GRPCMeta == nil {
			p.GRPCMeta = map[string]string{}
		}
		p.GRPCMeta[envconfig.NormalizeGRPCMetaKey(key)] = value
	}
	c.overrideTLS(p)
	return nil
}

func (c *Connection) overrideTLS(p *envconfig.ClientConfigProfile) {
	if c.flags != nil && c.flags.Changed("tls") && !c.tls.on {
		p.TLS = &envconfig.ClientConfigTLS{Disabled: true}
		return
	}
	if c.tls == (tlsFlags{}) {
		return
	}
	if p.TLS == nil {
		p.TLS = &envconfig.ClientConfigTLS{}
	}
	p.TLS.Disabled = false
	set(&p.TLS.ServerName, c.tls.serverName)
	setFile(&p.TLS.ClientCertPath, &p.TLS.ClientCertData, c.tls.certPath, c.tls.certData)
	setFile(&p.TLS.ClientKeyPath, &p.TLS.ClientKeyData, c.tls.keyPath, c.tls.keyData)
	setFile(&p.TLS.ServerCACertPath, &p.TLS.ServerCACertData, c.tls.caPath, c.tls.caData)
	p.TLS.DisableHostVerification = p.TLS.DisableHostVerification || c.tls.disableHostVerification
}

func set(to *string, flag string) {
	if flag != "" {
		*to = flag
	}
}

// setFile lets a flag for a file win over data from elsewhere, and the other way round.
func setFile(path *string, data *[]byte, flagPath, flagData string) {
	if flagPath != "" || flagData != "" {
		*path, *data = flagPath, []byte(flagData)
	}
}

func checkAddress(address string) error {
	if strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
		return fmt.Errorf("address %s: want HOST:PORT, without http:// or https://", address)
	}
	if strings.Contains(address, "://") { // a resolver of gRPC, such as dns:///
		return nil
	}
	if _, port, err := net.SplitHostPort(address); err != nil || port == "" {
		return errors.New("address " + address + ": want HOST:PORT, such as " + defaultAddress)
	}
	return nil
}
