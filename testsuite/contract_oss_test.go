package testsuite

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss"
	"github.com/aliyun/alibabacloud-oss-go-sdk-v2/oss/credentials"
	"github.com/stretchr/testify/require"
)

// oss is the official OSS client, path style.
func (c *emulated) oss(change ...func(*oss.Config)) *oss.Client {
	config := oss.LoadDefaultConfig().WithRegion(hangzhou).WithEndpoint(c.url).WithUsePathStyle(true).WithRetryMaxAttempts(1).
		WithCredentialsProvider(credentials.NewStaticCredentialsProvider("kiln-dev", "kiln-dev-secret"))
	for _, f := range change {
		f(config)
	}
	return oss.NewClient(config)
}

// byOSSSignature runs a test under both signatures of OSS.
func byOSSSignature(t *testing.T, test func(t *testing.T, c *emulated, client *oss.Client)) {
	t.Helper()
	for claim, version := range map[string]oss.SignatureVersionType{"V1": oss.SignatureVersionV1, "V4": oss.SignatureVersionV4} {
		t.Run(claim, func(t *testing.T) {
			c := emulate(t)
			test(t, c, c.oss(func(config *oss.Config) { config.WithSignatureVersion(version) }))
		})
	}
}

func TestContractObjects(t *testing.T) {
	byOSSSignature(t, func(t *testing.T, c *emulated, client *oss.Client) {
		disk, err := os.ReadFile(filepath.Join(seeded, "base.qcow2"))
		require.NoError(t, err)
		sum := md5.Sum(disk)
		const key = "uploads/golden base+1~镜像.qcow2"
		// The client compares the CRC64 in the answers with its own.
		put, err := client.PutObject(t.Context(), &oss.PutObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr(key),
			Body: bytes.NewReader(disk), ContentMD5: oss.Ptr(base64.StdEncoding.EncodeToString(sum[:]))})
		require.NoError(t, err)
		require.NotEmpty(t, *put.ETag)
		require.NotEmpty(t, *put.HashCRC64)
		require.NotEmpty(t, put.Headers.Get("x-oss-request-id"))

		head, err := client.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr(key)})
		require.NoError(t, err)
		require.EqualValues(t, len(disk), head.ContentLength)
		require.Equal(t, []string{*put.ETag, *put.HashCRC64, "Normal", "Standard"},
			[]string{*head.ETag, *head.HashCRC64, *head.ObjectType, *head.StorageClass})
		require.WithinDuration(t, time.Now(), *head.LastModified, time.Hour)

		got, err := client.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr(key)})
		require.NoError(t, err)
		defer got.Body.Close()
		whole, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		require.True(t, bytes.Equal(disk, whole))

		part, err := client.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr(key), Range: oss.Ptr("bytes=0-3")})
		require.NoError(t, err)
		defer part.Body.Close()
		magic, err := io.ReadAll(part.Body)
		require.NoError(t, err)
		require.Equal(t, "QFI\xfb", string(magic))
		require.Equal(t, 206, part.StatusCode)

		require.Equal(t, "QCOW2", disksOf(c.imported(t, importOf(key)))[0].Format, "what was uploaded can be imported")
	})
}

func TestContractObjectRefusals(t *testing.T) {
	byOSSSignature(t, func(t *testing.T, c *emulated, client *oss.Client) {
		put := func(r *oss.PutObjectRequest) error {
			r.Body = bytes.NewReader([]byte("disk"))
			_, err := client.PutObject(t.Context(), r)
			return err
		}
		get := func(bucket, key string) error {
			_, err := client.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(key)})
			return err
		}
		head := func(bucket, key string) error {
			_, err := client.HeadObject(t.Context(), &oss.HeadObjectRequest{Bucket: oss.Ptr(bucket), Key: oss.Ptr(key)})
			return err
		}
		for _, row := range []struct {
			claim   string
			err     error
			status  int
			code    string
			message string
		}{
			{"an object that is not there", get(disks, "is-not-there.raw"), 404, "NoSuchKey", "The specified key does not exist."},
			{"a bucket that is not there", get("is-not-there", "disk.raw"), 404, "NoSuchBucket", "The specified bucket does not exist."},
			{"looking at an object that is not there", head(disks, "is-not-there.raw"), 404, "NoSuchKey", "The specified key does not exist."},
			{"looking into a bucket that is not there", head("is-not-there", "disk.raw"),
				404, "NoSuchBucket", "The specified bucket does not exist."},
			{"putting into a bucket that is not there", put(&oss.PutObjectRequest{Bucket: oss.Ptr("is-not-there"), Key: oss.Ptr("disk.raw")}),
				404, "NoSuchBucket", "The specified bucket does not exist."},
			{"putting other bytes than the sum says", put(&oss.PutObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr("disk.raw"),
				ContentMD5: oss.Ptr("1B2M2Y8AsgTpgAmY7PhCfg==")}), 400, "InvalidDigest", "The Content-MD5 you specified was invalid."},
			{"putting over an object that is to be kept", put(&oss.PutObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr("disks/data.raw"),
				ForbidOverwrite: oss.Ptr("true")}), 409, "FileAlreadyExists", "The object you specified already exists and can not be overwritten."},
		} {
			t.Run(row.claim, func(t *testing.T) {
				got := serviceError(t, row.err)
				require.Equal(t, row.code, got.Code)
				require.Equal(t, row.status, got.StatusCode)
				require.Equal(t, row.message, got.Message)
				require.NotEmpty(t, got.RequestID)
			})
		}
		require.Error(t, head(disks, "disk.raw"), "a refused put leaves nothing behind")
	})
}

func serviceError(t *testing.T, err error) *oss.ServiceError {
	t.Helper()
	var got *oss.ServiceError
	require.ErrorAs(t, err, &got)
	return got
}

func TestContractObjectsNeedASignature(t *testing.T) {
	c := emulate(t)
	as := func(id, secret string, token ...string) func(*oss.Config) {
		return func(config *oss.Config) {
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(id, secret, token...))
		}
	}
	for _, row := range []struct {
		claim  string
		change func(*oss.Config)
		code   string
	}{
		{"an unknown key", as("somebody", "kiln-dev-secret"), "InvalidAccessKeyId"},
		{"a wrong secret", as("kiln-dev", "guess"), "SignatureDoesNotMatch"},
		{"a token that the key does not have", as("kiln-dev", "kiln-dev-secret", "STS.token"), "InvalidSecurityToken"},
	} {
		for claim, version := range map[string]oss.SignatureVersionType{" by V1": oss.SignatureVersionV1, " by V4": oss.SignatureVersionV4} {
			t.Run(row.claim+claim, func(t *testing.T) {
				client := c.oss(row.change, func(config *oss.Config) { config.WithSignatureVersion(version) })
				_, err := client.GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr("disks/data.raw")})
				got := serviceError(t, err)
				require.Equal(t, row.code, got.Code)
				require.Equal(t, 403, got.StatusCode)
			})
		}
	}
	t.Run("a clock that is 16 minutes off", func(t *testing.T) {
		c.clock.pass(16 * time.Minute)
		_, err := c.oss().GetObject(t.Context(), &oss.GetObjectRequest{Bucket: oss.Ptr(disks), Key: oss.Ptr("disks/data.raw")})
		require.Equal(t, "RequestTimeTooSkewed", serviceError(t, err).Code)
	})
}
