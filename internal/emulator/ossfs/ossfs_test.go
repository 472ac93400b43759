package ossfs_test

import (
	"encoding/base64"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/ossfs"
)

// store is a store with the bucket "golden", and its directory.
func store(t *testing.T) (*ossfs.Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "oss")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "golden"), 0o755))
	s, err := ossfs.New(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s, dir
}

// ask sends one request. Header is name, value, name, value.
func ask(s http.Handler, method, target, body string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(body)
}

// refusal is the body of an error.
type refusal struct {
	XMLName                          xml.Name `xml:"Error"`
	Code, Message, RequestId, HostId string   // as OSS spells them
}

func requireRefused(t *testing.T, res *http.Response, status int, code string) {
	t.Helper()
	body := text(t, res)
	require.Equal(t, status, res.StatusCode, body)
	var refused refusal
	require.NoError(t, xml.Unmarshal([]byte(body), &refused))
	require.Equal(t, code, refused.Code)
	require.NotEmpty(t, refused.Message)
	require.Equal(t, res.Header.Get("x-oss-request-id"), refused.RequestId)
	require.Len(t, refused.RequestId, 24)
	require.Equal(t, "example.com", refused.HostId)
}

func TestPutThenGetAndHead(t *testing.T) {
	s, dir := store(t)

	put := ask(s, "PUT", "/golden/disks/a%20b%2B.raw", "hello")
	require.Equal(t, 200, put.StatusCode)
	require.Equal(t, `"5D41402ABC4B2A76B9719D911017C592"`, put.Header.Get("ETag"))

	onDisk, err := os.ReadFile(filepath.Join(dir, "golden", "disks", "a b+.raw"))
	require.NoError(t, err)
	require.Equal(t, "hello", string(onDisk))

	for _, method := range []string{"GET", "HEAD"} {
		got := ask(s, method, "/golden/disks/a%20b%2B.raw", "")
		require.Equal(t, 200, got.StatusCode)
		require.Equal(t, put.Header.Get("ETag"), got.Header.Get("ETag"))
		require.Equal(t, put.Header.Get("x-oss-hash-crc64ecma"), got.Header.Get("x-oss-hash-crc64ecma"))
		require.Equal(t, "XUFAKrxLKna5cZ2REBfFkg==", got.Header.Get("Content-MD5"))
		require.Equal(t, "5", got.Header.Get("Content-Length"))
		require.Equal(t, "Normal", got.Header.Get("x-oss-object-type"))
		require.Equal(t, "Standard", got.Header.Get("x-oss-storage-class"))
		require.Len(t, got.Header.Get("x-oss-request-id"), 24)
		_, err := http.ParseTime(got.Header.Get("Last-Modified"))
		require.NoError(t, err)
		want := map[string]string{"GET": "hello", "HEAD": ""}[method]
		require.Equal(t, want, text(t, got))
	}
	require.Equal(t, 200, ask(s, "HEAD", "/golden/disks/a%20b%2B.raw?objectMeta", "").StatusCode)
}

func TestSumsAreTheDocumentedOnes(t *testing.T) {
	s, _ := store(t)
	put := ask(s, "PUT", "/golden/check", "123456789")
	require.Equal(t, "11051210869376104954", put.Header.Get("x-oss-hash-crc64ecma"), "0x995dc9bbdf1939fa, the check value of CRC-64/XZ")
	require.Equal(t, `"25F9E794323B453885F5181F1B624D0B"`, put.Header.Get("ETag"))
}

func TestPutReplacesAndSumsFollow(t *testing.T) {
	s, dir := store(t)
	for _, content := range []string{"one", "two", "", "six"} {
		put := ask(s, "PUT", "/golden/a", content)
		got := ask(s, "GET", "/golden/a", "")
		require.Equal(t, content, text(t, got))
		require.Equal(t, put.Header.Get("ETag"), got.Header.Get("ETag"))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "golden/a"), []byte("behind our back"), 0o600))
	got := ask(s, "GET", "/golden/a", "")
	require.Equal(t, "behind our back", text(t, got))
	require.Equal(t, `"567FC669EE70E81413E7B1FC277004DC"`, got.Header.Get("ETag"))
}

func TestRefusals(t *testing.T) {
	s, dir := store(t)
	require.Equal(t, 200, ask(s, "PUT", "/golden/a/b", "x").StatusCode)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("s"), 0o600))
	require.NoError(t, os.Symlink("../../secret", filepath.Join(dir, "golden", "link")))
	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "linked")))
	long := strings.Repeat("k", 1024)

	for _, tt := range []struct {
		name   string
		method string
		target string
		header []string
		status int
		code   string
	}{
		{name: "unknown key", method: "GET", target: "/golden/none", status: 404, code: "NoSuchKey"},
		{name: "unknown bucket", method: "GET", target: "/silver/a", status: 404, code: "NoSuchBucket"},
		{name: "put into an unknown bucket", method: "PUT", target: "/silver/a", status: 404, code: "NoSuchBucket"},
		{name: "a directory is no object", method: "GET", target: "/golden/a", status: 404, code: "NoSuchKey"},
		{name: "below an object there is none", method: "GET", target: "/golden/a/b/c", status: 404, code: "NoSuchKey"},
		{name: "a bucket in capitals", method: "GET", target: "/Golden/a", status: 400, code: "InvalidBucketName"},
		{name: "a bucket that is a path", method: "GET", target: "/../a", status: 400, code: "InvalidBucketName"},
		{name: "a bucket that is a hidden file", method: "PUT", target: "/.put-x/a", status: 400, code: "InvalidBucketName"},
		{name: "a key that leaves its bucket", method: "GET", target: "/golden/../secret", status: 400, code: "InvalidObjectName"},
		{name: "the same, encoded", method: "GET", target: "/golden/%2e%2e%2fsecret", status: 400, code: "InvalidObjectName"},
		{name: "the same, to write", method: "PUT", target: "/golden/a/../../secret", status: 400, code: "InvalidObjectName"},
		{name: "an absolute key", method: "PUT", target: "/golden//etc/passwd", status: 400, code: "InvalidObjectName"},
		{name: "a key with a slash at the end", method: "PUT", target: "/golden/a/", status: 400, code: "InvalidObjectName"},
		{name: "a key with a NUL", method: "PUT", target: "/golden/a%00b", status: 400, code: "InvalidObjectName"},
		{name: "a key with a backslash first", method: "PUT", target: "/golden/%5Ca", status: 400, code: "InvalidObjectName"},
		{name: "a key that is too long", method: "PUT", target: "/golden/" + long, status: 400, code: "InvalidObjectName"},
		{name: "a key whose part is too long for a file", method: "PUT", target: "/golden/" + long[:300], status: 400, code: "InvalidObjectName"},
		{name: "a key that is another's directory", method: "PUT", target: "/golden/a", status: 400, code: "InvalidObjectName"},
		{name: "a key below another", method: "PUT", target: "/golden/a/b/c", status: 400, code: "InvalidObjectName"},
		{name: "a link out of the directory", method: "GET", target: "/golden/link/../../x", status: 400, code: "InvalidObjectName"},
		{name: "a bucket that is a link out of the directory", method: "GET", target: "/linked/passwd", status: 404, code: "NoSuchBucket"},
		{name: "a sum that is another's", method: "PUT", target: "/golden/c", header: []string{"Content-MD5", "1B2M2Y8AsgTpgAmY7PhCfg=="}, status: 400, code: "InvalidDigest"},
		{name: "an object that may not be replaced", method: "PUT", target: "/golden/a/b", header: []string{"x-oss-forbid-overwrite", "true"}, status: 409, code: "FileAlreadyExists"},
		{name: "a copy", method: "PUT", target: "/golden/c", header: []string{"x-oss-copy-source", "/golden/a/b"}, status: 501, code: "NotImplemented"},
		{name: "another storage class", method: "PUT", target: "/golden/c", header: []string{"x-oss-storage-class", "Archive"}, status: 501, code: "NotImplemented"},
		{name: "an upload in parts", method: "PUT", target: "/golden/c?partNumber=1&uploadId=u", status: 501, code: "NotImplemented"},
		{name: "a subresource", method: "GET", target: "/golden/a/b?acl", status: 501, code: "NotImplemented"},
		{name: "a deletion", method: "DELETE", target: "/golden/a/b", status: 501, code: "NotImplemented"},
		{name: "a bucket", method: "GET", target: "/golden", status: 501, code: "NotImplemented"},
		{name: "a bucket with a slash", method: "PUT", target: "/golden/", status: 501, code: "NotImplemented"},
		{name: "all buckets", method: "GET", target: "/", status: 501, code: "NotImplemented"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			requireRefused(t, ask(s, tt.method, tt.target, "body", tt.header...), tt.status, tt.code)
		})
	}
	requireOnly(t, dir, "golden", "linked", "secret")
	requireOnly(t, filepath.Join(dir, "golden"), "a", "link")
}

// requireOnly wants a directory to hold nothing else, such as what a put left behind.
func requireOnly(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	require.Equal(t, want, names)
}

func TestLinksStayInside(t *testing.T) {
	s, dir := store(t)
	outside := filepath.Join(filepath.Dir(dir), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "golden", "link")))

	requireRefused(t, ask(s, "GET", "/golden/link", ""), 404, "NoSuchKey")

	require.Equal(t, 200, ask(s, "PUT", "/golden/link", "mine").StatusCode)
	kept, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, "secret", string(kept), "a put replaces the link, not what it points to")
}

func TestHeadTellsItsErrorInAHeader(t *testing.T) {
	s, _ := store(t)
	res := ask(s, "HEAD", "/golden/none", "")
	require.Equal(t, 404, res.StatusCode)
	body, err := base64.StdEncoding.DecodeString(res.Header.Get("x-oss-err"))
	require.NoError(t, err)
	var refused refusal
	require.NoError(t, xml.Unmarshal(body, &refused))
	require.Equal(t, "NoSuchKey", refused.Code)
}

func TestACallersRequestIDIsKept(t *testing.T) {
	s, _ := store(t)
	w := httptest.NewRecorder()
	w.Header().Set("x-oss-request-id", "MINE")
	s.ServeHTTP(w, httptest.NewRequest("GET", "/golden/none", nil))
	require.Equal(t, "MINE", w.Header().Get("x-oss-request-id"))
	require.Contains(t, w.Body.String(), "<RequestId>MINE</RequestId>")
}

func TestABrokenUploadLeavesTheOldObject(t *testing.T) {
	s, dir := store(t)
	require.Equal(t, 200, ask(s, "PUT", "/golden/a", "old").StatusCode)

	r := httptest.NewRequest("PUT", "/golden/a", io.MultiReader(strings.NewReader("ne"), iotest.ErrReader(errors.New("gone"))))
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)

	requireRefused(t, w.Result(), 500, "InternalError")
	require.Equal(t, "old", text(t, ask(s, "GET", "/golden/a", "")))
	requireOnly(t, dir, "golden")
}

func TestPutsDoNotMix(t *testing.T) {
	s, _ := store(t)
	var all sync.WaitGroup
	for _, content := range []string{"a", "b", "c", "d"} {
		all.Go(func() {
			for range 20 {
				ask(s, "PUT", "/golden/x/y", strings.Repeat(content, 5000))
				got, err := io.ReadAll(ask(s, "GET", "/golden/x/y", "").Body)
				if err != nil || strings.Trim(string(got), string(got[:1])) != "" || len(got) != 5000 {
					t.Errorf("an object of two puts: %d bytes, %v", len(got), err)
				}
			}
		})
	}
	all.Wait()
}

func TestOneOfManyMayNotOverwrite(t *testing.T) {
	s, _ := store(t)
	var all sync.WaitGroup
	made := make(chan int, 8)
	for range cap(made) {
		all.Go(func() { made <- ask(s, "PUT", "/golden/once", "x", "x-oss-forbid-overwrite", "true").StatusCode })
	}
	all.Wait()
	close(made)
	count := map[int]int{}
	for status := range made {
		count[status]++
	}
	require.Equal(t, map[int]int{200: 1, 409: 7}, count)
}

func TestRanges(t *testing.T) {
	s, _ := store(t)
	require.Equal(t, 200, ask(s, "PUT", "/golden/ten", "0123456789").StatusCode)
	require.Equal(t, 200, ask(s, "PUT", "/golden/empty", "").StatusCode)
	for _, tt := range []struct {
		name     string
		key      string
		span     string
		standard bool
		status   int
		want     string
	}{
		{name: "none", status: 200, want: "0123456789"},
		{name: "from the start", span: "bytes=0-3", status: 206, want: "0123"},
		{name: "to the end", span: "bytes=7-", status: 206, want: "789"},
		{name: "the last", span: "bytes=-2", status: 206, want: "89"},
		{name: "all", span: "bytes=0-9", status: 206, want: "0123456789"},
		{name: "the first of two", span: "bytes=0-1,4-5", status: 206, want: "01"},
		{name: "beyond the end", span: "bytes=5-10", status: 200, want: "0123456789"},
		{name: "beyond the end, standard", span: "bytes=5-10", standard: true, status: 206, want: "56789"},
		{name: "outside", span: "bytes=10-12", status: 200, want: "0123456789"},
		{name: "outside, standard", span: "bytes=10-12", standard: true, status: 416},
		{name: "from outside, standard", span: "bytes=10-", standard: true, status: 416},
		{name: "more than there is", span: "bytes=-11", status: 200, want: "0123456789"},
		{name: "more than there is, standard", span: "bytes=-11", standard: true, status: 206, want: "0123456789"},
		{name: "the last none, standard", span: "bytes=-0", standard: true, status: 416},
		{name: "backwards", span: "bytes=3-1", status: 200, want: "0123456789"},
		{name: "in another unit", span: "byte=0-1", status: 200, want: "0123456789"},
		{name: "in words", span: "bytes=a-b", status: 200, want: "0123456789"},
		{name: "of nothing", span: "bytes=-", status: 200, want: "0123456789"},
		{name: "of an empty object", key: "empty", span: "bytes=0-", status: 200},
		{name: "of an empty object, standard", key: "empty", span: "bytes=0-", standard: true, status: 416},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.key == "" {
				tt.key = "ten"
			}
			header := []string{"Range", tt.span}
			if tt.standard {
				header = append(header, "x-oss-range-behavior", "standard")
			}
			res := ask(s, "GET", "/golden/"+tt.key, "", header...)
			if tt.status == 416 {
				requireRefused(t, res, 416, "InvalidRange")
				return
			}
			require.Equal(t, tt.status, res.StatusCode)
			require.Equal(t, tt.want, text(t, res))
		})
	}
	require.Equal(t, 200, ask(s, "HEAD", "/golden/ten", "", "Range", "bytes=0-1").StatusCode)
}

func TestOpen(t *testing.T) {
	s, _ := store(t)
	require.Equal(t, 200, ask(s, "PUT", "/golden/a", "hello").StatusCode)

	file, info, err := s.Open("golden", "a")
	require.NoError(t, err)
	defer file.Close()
	require.Equal(t, int64(5), info.Size())

	for _, tt := range []struct {
		bucket, key string
		want        error
	}{
		{"golden", "b", ossfs.ErrNoSuchKey},
		{"silver", "a", ossfs.ErrNoSuchBucket},
		{"golden", "../a", ossfs.ErrObjectName},
		{"-", "a", ossfs.ErrBucketName},
	} {
		_, _, err := s.Open(tt.bucket, tt.key)
		require.ErrorIs(t, err, tt.want)
	}
}

func TestBucketExists(t *testing.T) {
	s, dir := store(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	require.True(t, s.BucketExists("golden"))
	require.False(t, s.BucketExists("silver"))
	require.False(t, s.BucketExists("file"))
	require.False(t, s.BucketExists(".."))
}

func TestWithoutADirectoryThereIsNoBucket(t *testing.T) {
	s, err := ossfs.New("")
	require.NoError(t, err)
	require.False(t, s.BucketExists("golden"))
	for _, method := range []string{"GET", "PUT"} {
		requireRefused(t, ask(s, method, "/golden/a", "x"), 404, "NoSuchBucket")
	}
	require.NoError(t, s.Close())
}

func TestNewWantsADirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := ossfs.New(file)
	require.Error(t, err)
}

func TestValidBucket(t *testing.T) {
	for name, valid := range map[string]bool{
		"abc": true, "a-1": true, "kiln-examples": true, strings.Repeat("a", 63): true,
		"ab": false, "": false, strings.Repeat("a", 64): false, "-abc": false, "abc-": false,
		"Abc": false, "a_c": false, "a.c": false, "a/c": false, "镜像镜": false,
	} {
		require.Equal(t, valid, ossfs.ValidBucket(name), name)
	}
}

func FuzzServe(f *testing.F) {
	dir := f.TempDir()
	require.NoError(f, os.MkdirAll(filepath.Join(dir, "oss", "golden"), 0o755))
	s, err := ossfs.New(filepath.Join(dir, "oss"))
	require.NoError(f, err)
	f.Cleanup(func() { s.Close() })
	for _, path := range []string{"/golden/a", "/golden/../x", "/golden/a/../../../x", "//", "/golden/\x00", "/../golden/a", "/golden/a\\..\\b"} {
		f.Add("PUT", path, "bytes=0-1")
		f.Add("GET", path, "bytes=-5")
	}
	f.Fuzz(func(t *testing.T, method, path, span string) {
		r := httptest.NewRequest("GET", "/", strings.NewReader("x"))
		r.Method, r.URL.Path = method, path
		r.Header.Set("Range", span)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		require.NotZero(t, w.Code)
		requireOnly(t, dir, "oss")
		requireOnly(t, filepath.Join(dir, "oss"), "golden")
	})
}
