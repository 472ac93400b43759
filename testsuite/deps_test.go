package testsuite

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/seed1230462e/kiln"

// goTool runs the go command in a folder of the repository and returns what it prints.
func goTool(t *testing.T, env []string, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), append(env, "GOWORK=off")...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), stderr.String())
	return string(out)
}

// buildKiln builds kiln as `make kiln` does, so that the build cache serves both.
func buildKiln(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kiln")
	goTool(t, []string{"CGO_ENABLED=0"}, "..", "build", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, "./cmd/kiln")
	return path
}

// buildKilndev builds kilndev as `make kilndev` does.
func buildKilndev(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "kilndev")
	goTool(t, nil, "../cmd/kilndev", "build", "-buildvcs=false", "-o", path, ".")
	return path
}

func TestKilnLinksNeitherServerNorEmulator(t *testing.T) {
	deps := strings.Fields(goTool(t, nil, "..", "list", "-deps", "./cmd/kiln"))
	require.Contains(t, deps, module+"/worker", "the list is that of kiln")
	for _, dep := range deps {
		for _, unwanted := range []string{"go.temporal.io/server", "github.com/temporalio/ui-server", module + "/internal/emulator", module + "/cmd/kilndev"} {
			require.False(t, strings.HasPrefix(dep, unwanted), "kiln links %s", dep)
		}
	}
}

func TestRootModuleDoesNotRequireTheServer(t *testing.T) {
	text, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	require.NotContains(t, string(text), "go.temporal.io/server")
	require.NotContains(t, string(text), "github.com/temporalio/ui-server")
}

// What makes kiln large is the ECS client: the linker drops those of its thousand methods
// that nothing calls, but only while no type that names the client gets into an interface
// or a generic function.
func TestKilnIsSmall(t *testing.T) {
	const limit = 40_000_000
	info, err := os.Stat(buildKiln(t))
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(limit))
}
