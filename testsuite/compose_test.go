package testsuite

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/workflows"
)

// composeFile is what the tests read of docker-compose.yml.
type composeFile struct {
	Services map[string]composeService `yaml:"services"`
}

type composeService struct {
	Image       string            `yaml:"image"`
	Build       *composeBuild     `yaml:"build"`
	Entrypoint  []string          `yaml:"entrypoint"`
	Command     []string          `yaml:"command"`
	Environment map[string]string `yaml:"environment"`
	Ports       []string          `yaml:"ports"`
	Volumes     []string          `yaml:"volumes"`
	Healthcheck map[string]any    `yaml:"healthcheck"`
	DependsOn   map[string]struct {
		Condition string `yaml:"condition"`
	} `yaml:"depends_on"`
}

type composeBuild struct {
	Context string `yaml:"context"`
	Target  string `yaml:"target"`
}

// repository is the image without its tag.
func (s composeService) repository() string {
	repository, _, _ := strings.Cut(s.Image, ":")
	return repository
}

func readCompose(t *testing.T) composeFile {
	t.Helper()
	text, err := os.ReadFile("../docker-compose.yml")
	require.NoError(t, err)
	var file composeFile
	require.NoError(t, yaml.Unmarshal(text, &file))
	require.NotEmpty(t, file.Services)
	return file
}

func TestComposeServices(t *testing.T) {
	services := readCompose(t).Services
	for _, name := range []string{
		"postgresql", "temporal-admin-tools", "temporal", "temporal-create-namespace", "temporal-ui", "emulator", "worker-1", "worker-2",
	} {
		require.Contains(t, services, name)
	}
	require.Equal(t, services["worker-1"], services["worker-2"])
}

// Every image has a tag from .env, and .env names no version that nothing uses.
func TestComposeVersionsComeFromEnv(t *testing.T) {
	text, err := os.ReadFile("../.env")
	require.NoError(t, err)
	unused := map[string]bool{}
	for _, row := range regexp.MustCompile(`(?m)^(\w+_VERSION)=\S+$`).FindAllStringSubmatch(string(text), -1) {
		unused[row[1]] = true
	}
	for name, service := range readCompose(t).Services {
		match := regexp.MustCompile(`^[a-z/-]+:\$\{(\w+)\}$`).FindStringSubmatch(service.Image)
		require.NotNil(t, match, "the image of %s: %s", name, service.Image)
		require.Contains(t, string(text), "\n"+match[1]+"=", "the tag of %s", name)
		delete(unused, match[1])
	}
	require.Empty(t, unused)
}

func TestComposePortsAreOnLoopbackAndDoNotCollide(t *testing.T) {
	taken := map[string]string{}
	for name, service := range readCompose(t).Services {
		for _, port := range service.Ports {
			match := regexp.MustCompile(`^127\.0\.0\.1:(\d+):\d+$`).FindStringSubmatch(port)
			require.NotNil(t, match, "port %s of %s", port, name)
			require.Empty(t, taken[match[1]], "port %s of %s", port, name)
			taken[match[1]] = name
		}
	}
	require.NotEmpty(t, taken)
}

func TestComposeWaitsOnlyForWhatCanCome(t *testing.T) {
	services := readCompose(t).Services
	for name, service := range services {
		for other, wait := range service.DependsOn {
			awaited, ok := services[other]
			require.True(t, ok, "%s waits for %s", name, other)
			switch wait.Condition {
			case "service_healthy":
				require.NotEmpty(t, awaited.Healthcheck, "%s waits for the health of %s", name, other)
			case "service_completed_successfully":
				require.NotEmpty(t, awaited.Entrypoint, "%s waits for the end of %s, which is no job", name, other)
			default:
				require.Fail(t, "unknown condition", "%s waits for %s: %s", name, other, wait.Condition)
			}
		}
	}
}

// A file that is mounted exists, and so does the script that a job runs from it.
func TestComposeMountsWhatExists(t *testing.T) {
	for name, service := range readCompose(t).Services {
		mounts := map[string]string{}
		for _, volume := range service.Volumes {
			if from, rest, _ := strings.Cut(volume, ":"); strings.HasPrefix(from, ".") {
				require.DirExists(t, filepath.Join("..", from), "a volume of %s", name)
				mounts[strings.TrimSuffix(rest, ":ro")] = from
			}
		}
		paths := service.Command
		if file := service.Environment["DYNAMIC_CONFIG_FILE_PATH"]; file != "" {
			paths = append(paths, file)
		}
		for _, path := range paths {
			if from, ok := mounts[filepath.Dir(path)]; ok {
				require.FileExists(t, filepath.Join("..", from, filepath.Base(path)), "a file of %s", name)
			} else {
				require.False(t, filepath.IsAbs(path), "%s of %s is mounted by nothing", path, name)
			}
		}
	}
}

// An environment variable that an image does not read is a setting that does nothing.
func TestComposeSetsOnlyVariablesThatAreRead(t *testing.T) {
	read := upstreamEnvironment(t)
	for _, match := range regexp.MustCompile(`\(env ([A-Z][A-Z_]+)`).FindAllStringSubmatch(run(t, buildKiln(t), "worker", "--help"), -1) {
		read["kiln "+match[1]] = true
	}
	require.True(t, read["kiln KILN_ECS_ENDPOINT"], "the help of the worker names its environment")
	for name, service := range readCompose(t).Services {
		for variable := range service.Environment {
			require.True(t, read[service.repository()+" "+variable], "%s of %s", variable, name)
		}
	}
}

// upstreamEnvironment is "image NAME" for what the images of others, and the vendor's
// library in ours, read; each row of the file names the source that says so.
func upstreamEnvironment(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile("testdata/upstream-environment.tsv")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		row := strings.Split(line, "\t")
		require.Len(t, row, 3, line)
		names[row[0]+" "+row[1]] = true
	}
	return names
}

// Commands and flags of our own images are ones that our binaries have.
func TestComposeRunsCommandsThatExist(t *testing.T) {
	binaries := map[string]string{"kiln": buildKiln(t), "kilndev": buildKilndev(t)}
	for name, service := range readCompose(t).Services {
		if service.Build == nil {
			continue
		}
		require.Equal(t, service.repository(), service.Build.Target, "the image of %s is its target in the Dockerfile", name)
		help := run(t, binaries[service.Build.Target], append(service.Command, "--help")...)
		require.Contains(t, help, "Usage:\n  "+service.Build.Target+" "+service.Command[0], "the command of %s", name)
	}
}

func TestDockerfileBuildsWithTheGoOfTheModule(t *testing.T) {
	dockerfile, err := os.ReadFile("../Dockerfile")
	require.NoError(t, err)
	modfile, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	goVersion := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(string(modfile))[1]
	require.Contains(t, string(dockerfile), "ARG GO_VERSION="+goVersion+"\n")
	for _, target := range []string{"kiln", "kilndev"} {
		stage := regexp.MustCompile(`(?ms)^FROM \S+ AS ` + target + `$.*?(\z|^FROM )`).FindString(string(dockerfile))
		require.Contains(t, stage, "\nUSER 65532:65532\n", target)
		require.Contains(t, stage, "\nENTRYPOINT [\"/"+target+"\"]\n", target)
	}
}

func TestNamespaceJobAsksAgainUntilTheServerAnswers(t *testing.T) {
	bin, calls := t.TempDir(), filepath.Join(t.TempDir(), "calls")
	script(t, bin, "sleep", "")
	script(t, bin, "temporal", `echo "$*" >> `+calls+`; test "$(wc -l < `+calls+`)" -gt 5`)

	job := exec.Command("/bin/sh", "../deploy/compose/create-namespace.sh")
	job.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "TEMPORAL_NAMESPACE=team-a"}
	out, err := job.CombinedOutput()
	require.NoError(t, err, string(out))

	asked, err := os.ReadFile(calls)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(asked)), "\n")
	require.Contains(t, lines[0], "namespace describe --namespace team-a")
	last := lines[len(lines)-1]
	require.Contains(t, last, "search-attribute create --namespace team-a")
	for _, name := range workflows.SearchAttributes() {
		require.Contains(t, last, "--name "+name+" --type Keyword")
	}
}

// script puts a shell script into a folder of the PATH.
func script(t *testing.T, dir, name, body string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+body+"\n"), 0o755))
}

// run returns what a command prints when it succeeds.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %s: %s", filepath.Base(name), strings.Join(args, " "), out)
	return string(out)
}
