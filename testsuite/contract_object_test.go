package testsuite

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

func TestContractClientLooksAtObjects(t *testing.T) {
	c := emulate(t)
	ours := c.client(t)
	is, err := ours.Object(t.Context(), hangzhou, disks, "disks/base.qcow2")
	require.NoError(t, err)
	file, err := os.Stat(filepath.Join(seeded, "base.qcow2"))
	require.NoError(t, err)
	require.Equal(t, file.Size(), is.Size)
	require.NotEmpty(t, is.ETag)
	require.NotEmpty(t, is.CRC64)
	again, err := ours.Object(t.Context(), hangzhou, disks, "disks/base.qcow2")
	require.NoError(t, err)
	require.Equal(t, is, again)

	_, err = ours.Object(t.Context(), hangzhou, disks, "disks/none.qcow2")
	require.ErrorIs(t, err, alicloud.ErrNotFound)
	var refused *alicloud.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 404, refused.HTTPStatus)
	require.Equal(t, "NoSuchKey", refused.Code)
	require.NotEmpty(t, refused.RequestID)

	_, err = ours.Object(t.Context(), hangzhou, "is-not-there", "disks/base.qcow2")
	require.ErrorIs(t, err, alicloud.ErrNotFound)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "NoSuchBucket", refused.Code)

	stranger, err := alicloud.New(alicloud.Options{OSSEndpoint: c.url, AccessKeyID: "kiln-dev", AccessKeySecret: "wrong-secret"})
	require.NoError(t, err)
	_, err = stranger.Object(t.Context(), hangzhou, disks, "disks/base.qcow2")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 403, refused.HTTPStatus)
	require.Equal(t, "SignatureDoesNotMatch", refused.Code)
	require.NotContains(t, err.Error(), "wrong-secret")

	nobody, err := alicloud.New(alicloud.Options{OSSEndpoint: "http://127.0.0.1:1", AccessKeyID: "kiln-dev", AccessKeySecret: "kiln-dev-secret"})
	require.NoError(t, err)
	_, err = nobody.Object(t.Context(), hangzhou, disks, "disks/base.qcow2")
	require.ErrorAs(t, err, &refused)
	require.Equal(t, alicloud.CodeNoAnswer, refused.Code)
}
