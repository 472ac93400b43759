package testsuite

// The contract tests drive the emulated cloud with the vendor's own SDKs and hold what it
// answers to the API documents: a change in either shows here.

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
)

const (
	hangzhou = "cn-hangzhou"
	disks    = "kiln-examples" // the bucket of the seeded disks
	seeded   = "../cmd/kilndev/seed/kiln-examples/disks"
)

// The SDKs date what they sign by the real clock, and the cloud allows 15 minutes either
// way. So its minutes run fast and its clock moves little.
const simulatedSpeed = 600

// emulated is the emulated cloud behind a listener. Its clock stands still until it is
// told to pass.
type emulated struct {
	url     string
	clock   *handClock
	opts    emulator.Options
	serving atomic.Pointer[emulator.Server]
}

// emulate starts a cloud whose OSS holds the seeded disks.
func emulate(t *testing.T, change ...func(*emulator.Options)) *emulated {
	t.Helper()
	c := &emulated{clock: &handClock{now: time.Now().Truncate(time.Second)}}
	c.opts = emulator.Options{OSSDir: t.TempDir(), Now: c.clock.Now, Speed: simulatedSpeed}
	for _, f := range change {
		f(&c.opts)
	}
	require.NoError(t, os.CopyFS(filepath.Join(c.opts.OSSDir, disks, "disks"), os.DirFS(seeded)))
	c.open(t)
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.serving.Load().ServeHTTP(w, r)
	}))
	c.url = listener.URL
	t.Cleanup(func() {
		listener.Close()
		require.NoError(t, c.serving.Load().Close())
	})
	return c
}

func (c *emulated) open(t *testing.T) {
	t.Helper()
	server, err := emulator.New(c.opts)
	require.NoError(t, err)
	c.serving.Store(server)
}

// restart closes the cloud and opens it again with the same options.
func (c *emulated) restart(t *testing.T) {
	t.Helper()
	require.NoError(t, c.serving.Load().Close())
	c.open(t)
}

// pass lets simulated time go by.
func (c *emulated) pass(d time.Duration) { c.clock.pass(d / simulatedSpeed) }

// put makes an object of the seeded bucket.
func (c *emulated) put(t *testing.T, key string, content []byte) {
	t.Helper()
	file := filepath.Join(c.opts.OSSDir, disks, filepath.FromSlash(key))
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, content, 0o644))
}

// drop removes an object of the seeded bucket.
func (c *emulated) drop(t *testing.T, key string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(c.opts.OSSDir, disks, filepath.FromSlash(key))))
}

// host is where the cloud listens, as the SDKs want it.
func (c *emulated) host() string { return strings.TrimPrefix(c.url, "http://") }

// config is what the SDKs' clients are made from, with the cloud's default key pair.
func (c *emulated) config(change ...func(*openapiutil.Config)) *openapiutil.Config {
	config := &openapiutil.Config{
		AccessKeyId: dara.String("kiln-dev"), AccessKeySecret: dara.String("kiln-dev-secret"),
		RegionId: dara.String(hangzhou), Endpoint: dara.String(c.host()), Protocol: dara.String("HTTP"),
		NoProxy: dara.String(c.host()), ConnectTimeout: dara.Int(5_000), ReadTimeout: dara.Int(30_000),
	}
	for _, f := range change {
		f(config)
	}
	return config
}

// ecs is the official ECS client.
func (c *emulated) ecs(t *testing.T, change ...func(*openapiutil.Config)) *ecs.Client {
	t.Helper()
	client, err := ecs.NewClient(c.config(change...))
	require.NoError(t, err)
	return client
}

// core is the official client without a service's types.
func (c *emulated) core(t *testing.T, change ...func(*openapiutil.Config)) *openapi.Client {
	t.Helper()
	client, err := openapi.NewClient(c.config(change...))
	require.NoError(t, err)
	return client
}

// oldSignature selects the signatures of version 1, HMAC-SHA1, in place of ACS3.
func oldSignature(config *openapiutil.Config) { config.SignatureAlgorithm = dara.String("v2") }

// handClock stands still until it is moved.
type handClock struct {
	mu  sync.Mutex
	now time.Time
}

// Now is the time it shows.
func (c *handClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *handClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
