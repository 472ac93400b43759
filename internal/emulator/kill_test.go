package emulator

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const childEnv = "KILN_EMULATOR_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		importForever(dir)
	}
	os.Exit(m.Run())
}

// importForever imports one image after the other and says each id once it is answered.
func importForever(dir string) {
	server, err := New(Options{OSSDir: filepath.Join(dir, "oss"), StateFile: filepath.Join(dir, "state.db")})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	c := &cloud{clock: &clock{now: time.Now()}}
	for n := 0; ; n++ {
		w := httptest.NewRecorder()
		v := c.sign("POST", "ImportImage", nthImport(n).with("RegionId", "cn-hangzhou"))
		server.ServeHTTP(w, httptest.NewRequest("POST", "/?"+v.Encode(), nil))
		var body struct{ ImageId, Code string }
		_ = json.Unmarshal(w.Body.Bytes(), &body)
		fmt.Println(body.ImageId + body.Code)
	}
}

func nthImport(n int) args {
	return importArgs.with("ImageName", fmt.Sprint("golden-", n), "ClientToken", fmt.Sprint("token-", n))
}

// TestAKillLeavesNoHalf kills an emulator in the middle of creating: what was answered is
// there with its token, and no image is without its task.
func TestAKillLeavesNoHalf(t *testing.T) {
	dir := t.TempDir()
	c := newCloud(t, func(o *Options) {
		o.OSSDir = filepath.Join(dir, "oss")
		o.Now = time.Now
	})
	child := exec.Command(os.Args[0], "-test.run=^$")
	child.Env = append(os.Environ(), childEnv+"="+dir)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	var answered []string
	lines := bufio.NewScanner(out)
	for len(answered) < 50 && lines.Scan() {
		answered = append(answered, lines.Text())
	}
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait())

	c.clock.now = time.Now()
	c.opts.StateFile = filepath.Join(dir, "state.db")
	c.restart()

	for n, id := range answered {
		require.Equal(t, id, c.ecs("ImportImage", nthImport(n)).ok().text("ImageId"))
	}
	images := c.ecs("DescribeImages", args{"ImageOwnerAlias": "self", "Status": "Creating,Available"}).ok().at("TotalCount")
	tasks := c.ecs("DescribeTasks", args{}).ok().at("TotalCount")
	require.Equal(t, images, tasks)
	require.GreaterOrEqual(t, images, float64(len(answered)))
	require.NoError(t, c.server.store.do(func(x *tx) error {
		require.Equal(t, images, float64(count[token](x)))
		return nil
	}))
}
