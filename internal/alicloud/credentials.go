package alicloud

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/alibabacloud-go/tea/dara"
	"github.com/aliyun/credentials-go/credentials"
	"golang.org/x/sync/singleflight"
)

// chainTimeout bounds one search for credentials. The chain takes no context; its own
// time-outs end a search that was given up on.
const chainTimeout = 20 * time.Second

// CheckCredentials finds credentials in the chain without calling ECS. It takes at most
// 20 s. The error wraps ErrNoCredentials and says what to set; it never holds a secret.
func (c *Cloud) CheckCredentials(ctx context.Context) error {
	_, err := c.credentials.get(ctx)
	return err
}

// chain is the official credential chain: environment, OIDC, CLI profile, credentials
// file, ECS RAM role, credentials URI. The vendor's object is neither safe for
// concurrent use nor able to recover after every provider failed once, so it is asked
// by one search at a time and made anew after a failure.
type chain struct {
	config *credentials.Config // nil for the chain
	search singleflight.Group
	mu     sync.Mutex // guards source
	source credentials.Credential
}

func newChain(id, secret string) *chain {
	if id == "" {
		return &chain{}
	}
	return &chain{config: &credentials.Config{
		Type: dara.String("access_key"), AccessKeyId: &id, AccessKeySecret: &secret,
	}}
}

// get returns the credentials of the moment. Concurrent callers share one search.
func (c *chain) get(ctx context.Context) (*credentials.CredentialModel, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	limit := time.NewTimer(chainTimeout)
	defer limit.Stop()
	select {
	case found := <-c.search.DoChan("", c.find):
		if found.Err != nil {
			return nil, found.Err
		}
		return found.Val.(*credentials.CredentialModel), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-limit.C:
		return nil, fmt.Errorf("%w within %s: %s", ErrNoCredentials, seconds(chainTimeout), remedy())
	}
}

// find drops the chain's own error: it can quote a whole configuration file.
func (c *chain) find() (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.source == nil {
		source, err := credentials.NewCredential(c.config)
		if err != nil {
			return nil, fmt.Errorf("%w: %s", ErrNoCredentials, remedy())
		}
		c.source = source
	}
	keys, err := c.source.GetCredential()
	if err != nil || dara.StringValue(keys.AccessKeyId) == "" || dara.StringValue(keys.AccessKeySecret) == "" {
		c.source = nil
		return nil, fmt.Errorf("%w: %s", ErrNoCredentials, remedy())
	}
	return keys, nil
}

// heed forgets cached credentials when the cloud says that their token is not valid. A
// search that is running fetches new ones anyway.
func (c *chain) heed(code string) {
	if strings.HasPrefix(code, "InvalidSecurityToken") && c.mu.TryLock() {
		c.source = nil
		c.mu.Unlock()
	}
}

// remedy says what to set, and what is set and did not help.
func remedy() string {
	advice := "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET " +
		"(with ALIBABA_CLOUD_SECURITY_TOKEN for temporary keys), make a profile with \"aliyun configure\", " +
		"or give this machine a RAM role"
	if tried := configured(); len(tried) > 0 {
		advice += "; configured but of no use: " + strings.Join(tried, ", ")
	}
	if os.Getenv("ALICLOUD_ACCESS_KEY") != "" || os.Getenv("ALICLOUD_SECRET_KEY") != "" {
		advice += "; ALICLOUD_ACCESS_KEY and ALICLOUD_SECRET_KEY are the names Packer and Terraform read, " +
			"Kiln reads ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET"
	}
	return advice
}

// configured names the parts of the chain that somebody has set up.
func configured() []string {
	var parts []string
	for _, part := range []struct{ variable, name string }{
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_ID (is the secret missing?)"},
		{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_ACCESS_KEY_SECRET (is the id missing?)"},
		{"ALIBABA_CLOUD_OIDC_TOKEN_FILE", "the role of ALIBABA_CLOUD_OIDC_TOKEN_FILE"},
		{"ALIBABA_CLOUD_PROFILE", "the profile of ALIBABA_CLOUD_PROFILE"},
		{"ALIBABA_CLOUD_CREDENTIALS_FILE", "the file of ALIBABA_CLOUD_CREDENTIALS_FILE"},
		{"ALIBABA_CLOUD_ECS_METADATA", "the role of ALIBABA_CLOUD_ECS_METADATA"},
		{"ALIBABA_CLOUD_CREDENTIALS_URI", "the address of ALIBABA_CLOUD_CREDENTIALS_URI"},
	} {
		if os.Getenv(part.variable) != "" {
			parts = append(parts, part.name)
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		for _, file := range []string{".aliyun/config.json", ".alibabacloud/credentials"} {
			if _, err := os.Stat(filepath.Join(home, file)); err == nil {
				parts = append(parts, "~/"+file)
			}
		}
	}
	return parts
}
