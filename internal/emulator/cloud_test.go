package emulator

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what the scheme signs with
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/errcode"
)

// cloud is an emulator under test with a clock of its own.
type cloud struct {
	t      testing.TB
	server *Server
	clock  *clock
	log    *lines
	opts   Options
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// lines collects the log.
type lines struct {
	mu  sync.Mutex
	raw bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.Write(p)
}

func (l *lines) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.raw.String()
}

// take returns what was written since the last take.
func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := l.raw.String()
	l.raw.Reset()
	return taken
}

func (l *lines) entries(t testing.TB) []entry {
	var all []entry
	for line := range strings.Lines(l.text()) {
		var e entry
		require.NoError(t, json.Unmarshal([]byte(line), &e), line)
		all = append(all, e)
	}
	return all
}

// newCloud opens an emulator with these objects in its OSS: golden/disk.qcow2 (a 20 GiB
// disk), golden/data.raw (1 MiB), golden/empty.raw and golden/disk.iso.
func newCloud(t testing.TB, change ...func(*Options)) *cloud {
	c := &cloud{t: t, clock: &clock{now: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}, log: &lines{}}
	c.opts = Options{OSSDir: t.TempDir(), Now: c.clock.Now, Log: c.log}
	for _, f := range change {
		f(&c.opts)
	}
	c.put("golden/disk.qcow2", qcow2(20*gib))
	c.put("golden/data.raw", make([]byte, 1<<20))
	c.put("golden/empty.raw", nil)
	c.put("golden/disk.iso", make([]byte, 512))
	c.open()
	t.Cleanup(func() {
		c.compareShadow()
		require.NoError(t, c.server.Close())
	})
	return c
}

func (c *cloud) open() {
	server, err := New(c.opts)
	require.NoError(c.t, err)
	c.server = server
	if _, test := c.t.(*testing.T); test && c.opts.StateFile == "" {
		shadow, err := readStore("file::memory:")
		require.NoError(c.t, err)
		server.store.file = shadow.file
	}
}

// compareShadow holds what a cloud has in memory against what it wrote down: they differ
// when something was changed after it was saved, or would not outlive a restart.
func (c *cloud) compareShadow() {
	s := c.server.store
	if s.file == nil || s.closed {
		return
	}
	written := newStore(s.file)
	require.NoError(c.t, written.load())
	require.Len(c.t, written.rows, len(s.rows))
	for at, is := range s.rows {
		text, err := json.Marshal(is)
		require.NoError(c.t, err)
		was, err := json.Marshal(written.rows[at])
		require.NoError(c.t, err)
		require.Equal(c.t, string(was), string(text))
	}
	require.Equal(c.t, written.shelves, s.shelves)
}

// restart closes the emulator and opens it again on the same options.
func (c *cloud) restart() {
	c.compareShadow()
	require.NoError(c.t, c.server.Close())
	c.open()
}

func (c *cloud) put(object string, content []byte) {
	file := filepath.Join(c.opts.OSSDir, filepath.FromSlash(object))
	require.NoError(c.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(c.t, os.WriteFile(file, content, 0o644))
}

// qcow2 is the header of an image of version 2 with one cluster behind it.
func qcow2(size uint64) []byte {
	header := make([]byte, 1<<16)
	copy(header, "QFI\xfb")
	binary.BigEndian.PutUint32(header[4:], 2)
	binary.BigEndian.PutUint32(header[20:], 16)
	binary.BigEndian.PutUint64(header[24:], size)
	binary.BigEndian.PutUint32(header[36:], uint32(size>>29))
	binary.BigEndian.PutUint64(header[40:], 1<<16)
	return append(header, make([]byte, 1<<16)...)
}

// result is an answer.
type result struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   map[string]any
	raw    []byte
}

// at digs into the body: names of members and indexes into lists.
func (r result) at(path ...any) any {
	r.t.Helper()
	var v any = r.Body
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			require.True(r.t, ok, "no member %s in %v of %s", step, v, r.raw)
			v = m[step]
		case int:
			l, ok := v.([]any)
			require.True(r.t, ok && step < len(l), "no item %d in %v of %s", step, v, r.raw)
			v = l[step]
		}
	}
	return v
}

func (r result) text(path ...any) string {
	r.t.Helper()
	text, ok := r.at(path...).(string)
	require.True(r.t, ok, "no text at %v of %s", path, r.raw)
	return text
}

func (r result) code() string {
	code, _ := r.Body["Code"].(string)
	return code
}

// ok wants success.
func (r result) ok() result {
	r.t.Helper()
	require.Equal(r.t, 200, r.Status, "%s", r.raw)
	return r
}

// refused wants a documented refusal.
func (r result) refused(status int, code string) {
	r.t.Helper()
	require.Equal(r.t, code, r.code(), "%s", r.raw)
	require.Equal(r.t, status, r.Status, "%s", r.raw)
}

type args map[string]string

// with is a copy with some changes: pairs of name and value; the value "-" removes.
func (a args) with(pairs ...string) args {
	changed := maps.Clone(a)
	for n := 0; n < len(pairs); n += 2 {
		if changed[pairs[n]] = pairs[n+1]; pairs[n+1] == "-" {
			delete(changed, pairs[n])
		}
	}
	return changed
}

var nonce atomic.Int64

// sign adds an RPC V1 signature.
func (c *cloud) sign(method, action string, a args) url.Values {
	v := url.Values{}
	for name, value := range a {
		v.Set(name, value)
	}
	for name, value := range map[string]string{
		"Action": action, "Version": "2014-05-26", "AccessKeyId": "kiln-dev", "Format": "JSON",
		"Timestamp": c.clock.Now().UTC().Format("2006-01-02T15:04:05Z"), "SignatureMethod": "HMAC-SHA1",
		"SignatureVersion": "1.0", "SignatureNonce": fmt.Sprint("n", nonce.Add(1)),
	} {
		if _, set := a[name]; !set {
			v.Set(name, value)
		}
	}
	text := method + "&%2F&" + pct(strings.ReplaceAll(v.Encode(), "+", "%20"))
	v.Set("Signature", mac("kiln-dev-secret&", text))
	return v
}

func pct(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func mac(secret, text string) string {
	m := hmac.New(sha1.New, []byte(secret))
	m.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// ecs calls an action in cn-hangzhou, unless the arguments say another region.
func (c *cloud) ecs(action string, a args) result {
	c.t.Helper()
	if _, set := a["RegionId"]; !set {
		a = a.with("RegionId", "cn-hangzhou")
	}
	return c.send(httptest.NewRequest("POST", "/?"+c.sign("POST", action, a).Encode(), nil), action)
}

// batch calls Batch Compute.
func (c *cloud) batch(method, target, body string) result {
	c.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	c.signBatch(r, target)
	if method == "DELETE" {
		return c.send(r, "BatchCompute.DeleteImage")
	}
	return c.send(r, "BatchCompute.CreateImage")
}

// signBatch adds an ROA V1 signature.
func (c *cloud) signBatch(r *http.Request, target string) {
	date := c.clock.Now().UTC().Format(http.TimeFormat)
	r.Header.Set("Date", date)
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("x-acs-version", "2015-11-11")
	text := r.Method + "\napplication/json\n\napplication/json\n" + date + "\nx-acs-version:2015-11-11\n" + target
	r.Header.Set("Authorization", "acs kiln-dev:"+mac("kiln-dev-secret", text))
}

// send wants every answer to be JSON with a request id, and every refusal to be in the
// catalogue with that status.
func (c *cloud) send(r *http.Request, api string) result {
	c.t.Helper()
	w := httptest.NewRecorder()
	c.server.ServeHTTP(w, r)
	answer := result{t: c.t, Status: w.Code, Header: w.Header(), raw: w.Body.Bytes()}
	if w.Code == http.StatusNoContent {
		require.Empty(c.t, answer.raw)
		return answer
	}
	require.NoError(c.t, json.Unmarshal(answer.raw, &answer.Body), "%s", answer.raw)
	if w.Code >= 300 {
		c.documented(api, answer)
	}
	return answer
}

func (c *cloud) documented(api string, r result) {
	c.t.Helper()
	require.NotEmpty(c.t, r.text("RequestId"))
	require.NotEmpty(c.t, r.text("Message"), "%s", r.raw)
	apis := append([]string{api, "*"}, lenders...)
	known := errcode.Lookup(api, r.code(), r.Status, r.text("Message")).Known || slices.ContainsFunc(errcode.All(), func(e errcode.Entry) bool {
		return e.Code == r.code() && e.Status == r.Status && slices.Contains(apis, e.API)
	})
	require.True(c.t, known, "%s answers %d %s, which no document has", api, r.Status, r.code())
}

// importArgs are a good ImportImage.
var importArgs = args{"ImageName": "golden-base", "DiskDeviceMapping.1.OSSBucket": "golden", "DiskDeviceMapping.1.OSSObject": "disk.qcow2"}

const ubuntu = "m-bp1kilnubuntu2404x64"

// pipelineArgs are a good CreateImagePipeline.
var pipelineArgs = args{"BaseImageType": "IMAGE", "BaseImage": ubuntu, "BuildContent": "RUN true", "ImageOptions.ImageName": "golden"}

// imported imports an image and waits until it is usable.
func (c *cloud) imported(a args) string {
	c.t.Helper()
	id := c.ecs("ImportImage", a).ok().text("ImageId")
	c.clock.pass(20 * time.Minute)
	return id
}

func (c *cloud) component(pairs ...string) string {
	c.t.Helper()
	return c.ecs("CreateImageComponent", args{"Content": "RUN true"}.with(pairs...)).ok().text("ImageComponentId")
}

func (c *cloud) pipeline(pairs ...string) string {
	c.t.Helper()
	return c.ecs("CreateImagePipeline", pipelineArgs.with(pairs...)).ok().text("ImagePipelineId")
}

func (c *cloud) start(pipelineID string) string {
	c.t.Helper()
	return c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": pipelineID}).ok().text("ExecutionId")
}

func (c *cloud) drop(object string) {
	require.NoError(c.t, os.Remove(filepath.Join(c.opts.OSSDir, filepath.FromSlash(object))))
}
