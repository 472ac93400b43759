package spec

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const examples = "../../docs/examples"

// readExample reads an example as the command line does: files beside the document.
func readExample(t *testing.T, file string) Build {
	t.Helper()
	document, err := os.ReadFile(file)
	require.NoError(t, err)
	build, err := Read(file, document, Options{ReadFile: func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(file), name))
	}})
	require.NoError(t, err)
	return build
}

func exampleFiles(t *testing.T) []string {
	t.Helper()
	yaml, err := filepath.Glob(filepath.Join(examples, "*.yaml"))
	require.NoError(t, err)
	json, err := filepath.Glob(filepath.Join(examples, "*.json"))
	require.NoError(t, err)
	files := slices.Concat(yaml, json)
	require.GreaterOrEqual(t, len(files), 10)
	return files
}

func TestExamplesAreValid(t *testing.T) {
	for _, file := range exampleFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			build := readExample(t, file)
			require.NotEmpty(t, build.Name)
			for _, disk := range disksOf(build) {
				require.Equal(t, "kiln-examples", disk.Bucket)
				require.Contains(t, []string{"disks/base.qcow2", "disks/data.raw", "disks/windows.vhd", "disks/arm64.raw"}, disk.Object)
			}
		})
	}
}

func disksOf(b Build) []Disk {
	if b.Source.Import == nil {
		return nil
	}
	return b.Source.Import.Disks
}

func TestExamplesNameTheirSchema(t *testing.T) {
	for _, file := range exampleFiles(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		if filepath.Ext(file) == ".yaml" {
			require.True(t, strings.HasPrefix(string(text), "# yaml-language-server: $schema=../../internal/spec/build.schema.json\n"), file)
		} else {
			require.Contains(t, string(text), `"$schema": "../../internal/spec/build.schema.json"`, file)
		}
	}
}

// The command line sends what it read to a workflow, which reads it again.
func TestWhatWasReadReadsBackTheSame(t *testing.T) {
	for _, file := range exampleFiles(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			requireRoundTrip(t, readExample(t, file))
		})
	}
}

func requireRoundTrip(t *testing.T, build Build) {
	t.Helper()
	document, err := json.Marshal(build)
	require.NoError(t, err)
	again, err := Read("document", document, Options{})
	require.NoError(t, err)
	sent, err := json.Marshal(again)
	require.NoError(t, err)
	require.Equal(t, string(document), string(sent))
	require.Equal(t, build.Fingerprint(), again.Fingerprint())
}

// The full example is there to be copied from, so it shows every field, but for those
// that exclude others or need hardware of their own.
func TestFullExampleShowsEveryField(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(examples, "full.yaml"))
	require.NoError(t, err)
	elsewhere := []string{"$schema", "imageId", "imageFamily", "id", "licenseType", "storageLocationArn", "buildContentFile", "testContentFile"}
	for _, name := range propertyNames(t) {
		if !slices.Contains(elsewhere, name) {
			require.Contains(t, string(text), name+":", "full.yaml")
		}
	}
}

func TestReferenceExplainsEveryField(t *testing.T) {
	text, err := os.ReadFile("../../docs/document.md")
	require.NoError(t, err)
	for _, name := range propertyNames(t) {
		require.Contains(t, string(text), "`"+name+"`", "docs/document.md")
	}
}

// propertyNames are the names of all fields in the schema.
func propertyNames(t *testing.T) []string {
	t.Helper()
	type object struct {
		Properties map[string]any `json:"properties"`
	}
	var schema struct {
		object
		Definitions map[string]object `json:"definitions"`
	}
	require.NoError(t, json.Unmarshal(Schema(), &schema))
	names := map[string]bool{}
	for _, o := range append(slices.Collect(maps.Values(schema.Definitions)), schema.object) {
		for name := range o.Properties {
			names[name] = true
		}
	}
	require.Greater(t, len(names), 50)
	return slices.Sorted(maps.Keys(names))
}
