package cloud_test

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/cmd/kilndev/cloud"
	"github.com/seed1230462e/kiln/cmd/kilndev/lock"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
)

func client(t *testing.T, c *cloud.Cloud) *alicloud.Cloud {
	t.Helper()
	id, secret := c.Keys()
	ecs, err := alicloud.New(alicloud.Options{ECSEndpoint: c.URL(), BatchComputeEndpoint: c.URL(), AccessKeyID: id, AccessKeySecret: secret})
	require.NoError(t, err)
	return ecs
}

func TestACloudInMemoryServesSeededObjectsAndLeavesNothing(t *testing.T) {
	var log bytes.Buffer
	c, err := cloud.Start(cloud.Options{Log: &log})
	require.NoError(t, err)
	require.FileExists(t, filepath.Join(c.OSSDir(), "kiln-examples", "disks", "base.qcow2"))
	regions, err := client(t, c).Regions(t.Context(), "cn-hangzhou")
	require.NoError(t, err)
	require.NotEmpty(t, regions)

	require.NoError(t, c.Stop())
	require.NoDirExists(t, c.OSSDir())
	require.Contains(t, log.String(), "DescribeRegions")
}

func TestAStateFileKeepsTheCloud(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cloud.db")
	first, err := cloud.Start(cloud.Options{StateFile: file, Speed: 60})
	require.NoError(t, err)
	require.Equal(t, file+".oss", first.OSSDir())
	started, err := client(t, first).ImportImage(t.Context(), alicloud.ImportImageRequest{
		Region: "cn-hangzhou", ImageName: "base", Platform: "Others Linux",
		Disks: []alicloud.Disk{{Bucket: "kiln-examples", Object: "disks/base.qcow2", Format: "QCOW2"}},
	})
	require.NoError(t, err)

	_, err = cloud.Start(cloud.Options{StateFile: file})
	require.ErrorIs(t, err, lock.ErrTaken)
	require.NoError(t, first.Stop())

	second, err := cloud.Start(cloud.Options{StateFile: file, Speed: 60})
	require.NoError(t, err)
	defer func() { require.NoError(t, second.Stop()) }()
	task, err := client(t, second).Task(t.Context(), "cn-hangzhou", started.TaskID)
	require.NoError(t, err)
	require.Equal(t, started.TaskID, task.ID)
}

func TestConditionsAndFaultsAreSetAtTheStart(t *testing.T) {
	file := filepath.Join(t.TempDir(), "cloud.db")
	c, err := cloud.Start(cloud.Options{
		StateFile:  file,
		Conditions: &emulator.Conditions{Forbid: map[string]emulator.Denial{"*": emulator.DeniedByRAM}},
		Faults:     []emulator.Fault{{Action: "*", To: 1, Do: emulator.Refuse, Code: "Throttling"}},
	})
	require.NoError(t, err)
	requireCode := func(want string) {
		t.Helper()
		var refused *alicloud.Error
		_, err := client(t, c).Task(t.Context(), "cn-hangzhou", "t-1")
		require.ErrorAs(t, err, &refused)
		require.Equal(t, want, refused.Code)
	}
	requireCode("Throttling")
	requireCode("Forbidden.RAM")
	require.NoError(t, c.Stop())

	c, err = cloud.Start(cloud.Options{StateFile: file})
	require.NoError(t, err)
	requireCode("Forbidden.RAM")
	require.NoError(t, c.Stop())

	c, err = cloud.Start(cloud.Options{StateFile: file, Conditions: &emulator.Conditions{}})
	require.NoError(t, err)
	requireCode("InvalidTaskId.NotFound")
	require.NoError(t, c.Stop())
}

func TestATakenPortIsAnErrorAndLeavesNoFolder(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, taken.Close()) }()
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	_, port, err := net.SplitHostPort(taken.Addr().String())
	require.NoError(t, err)
	number, err := strconv.Atoi(port)
	require.NoError(t, err)

	_, err = cloud.Start(cloud.Options{Port: number})
	require.ErrorContains(t, err, "in use")
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	require.Empty(t, left)
}
