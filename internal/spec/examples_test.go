package spec

import (
	"encoding/json"
	"errors"
	"maps"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

const examples = "../../docs/examples"

// readExample reads an example as the command line does: files beside the document.
func readExample(t *testing.T, file string) Expansion {
	t.Helper()
	document, err := os.ReadFile(file)
	require.NoError(t, err)
	is, err := Expand(file, document, Options{ReadFile: func(name string) ([]byte, error) {
		return os.ReadFile(filepath.Join(filepath.Dir(file), name))
	}})
	require.NoError(t, err)
	return is
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
			for _, m := range readExample(t, file).Members {
				require.NotEmpty(t, m.Build.Name)
				for _, disk := range disksOf(m.Build) {
					require.Equal(t, "kiln-examples", disk.Bucket)
					require.Contains(t, []string{"disks/base.qcow2", "disks/data.raw", "disks/windows.vhd", "disks/arm64.raw"}, disk.Object)
				}
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
			is := readExample(t, file)
			requireBuildsOfDocuments(t, is)
			requireParts(t, is)
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
	require.Equal(t, build, again)
	require.Equal(t, build.Fingerprint(), again.Fingerprint())
}

// The full example is there to be copied from, so it shows every field, but for those
// that exclude others or need hardware of their own. A matrix has an example of its own.
func TestFullExampleShowsEveryField(t *testing.T) {
	shown := map[string]bool{}
	for _, file := range []string{"full.yaml", "matrix.yaml"} {
		text, err := os.ReadFile(filepath.Join(examples, file))
		require.NoError(t, err)
		parse(file, text, &findings{}).each(nil, func(p path, _ *node) {
			if file == "full.yaml" || len(p) > 0 && p[0] == "matrix" {
				shown[p.withoutItems()] = true
			}
		})
		shown["image.nameSuffix"] = shown["image.nameSuffix"] || strings.Contains(string(text), "# nameSuffix: disable")
	}
	elsewhere := []string{"$schema", "imageId", "imageFamily", "id", "licenseType", "storageLocationArn", "buildContentFile", "testContentFile"}
	fields := fieldsBelow(compiledSchema(), nil)
	require.Greater(t, len(fields), 70)
	for _, field := range fields {
		if name := field[len(field)-1]; !slices.Contains(elsewhere, name.(string)) {
			require.True(t, shown[field.String()], "full.yaml shows no %s", field)
		}
	}
}

// withoutItems is the path with the indices left out.
func (p path) withoutItems() string {
	return slices.DeleteFunc(slices.Clone(p), isIndex).String()
}

// fieldsBelow are the paths of all fields of a schema; an item of a list adds no step.
func fieldsBelow(s *jsonschema.Schema, p path) []path {
	if s == nil {
		return nil
	}
	fields := fieldsBelow(below(s, 0), p)
	for name := range s.Properties {
		fields = append(fields, p.join(name))
		fields = append(fields, fieldsBelow(below(s, name), p.join(name))...)
	}
	return fields
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

// A document that lost a line is refused with faults, or is a document all the same.
func TestExamplesWithoutALine(t *testing.T) {
	for _, file := range exampleFiles(t) {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		lines := strings.SplitAfter(string(text), "\n")
		for i := range lines {
			document := strings.Join(slices.Concat(lines[:i], lines[i+1:]), "")
			is, err := Expand(file, []byte(document), Options{ReadFile: func(name string) ([]byte, error) {
				return os.ReadFile(filepath.Join(examples, name))
			}})
			var faults Faults
			if errors.As(err, &faults) {
				require.NotEmpty(t, faults)
				continue
			}
			require.NoError(t, err)
			requireBuildsOfDocuments(t, is)
		}
	}
}

// Whatever becomes of a document, if it is accepted it reads back the same.
func TestMutatedExamplesReadBackTheSame(t *testing.T) {
	m := mutator{Rand: rand.New(rand.NewSource(1)), parts: []any{
		nil, "", "x", "RUN true", "windows", "Windows", "arm64", "${{ vars.stage }}", 0, 1, -1, true, []any{}, map[string]any{},
	}}
	var documents []any
	for _, file := range exampleFiles(t) {
		var document any
		require.NoError(t, json.Unmarshal(readExample(t, file).Documents[0], &document))
		documents = append(documents, document)
		m.collect(document)
	}
	accepted := 0
	for i := range 3000 {
		document := m.mutate(documents[i%len(documents)])
		for range m.Intn(3) {
			document = m.mutate(document)
		}
		text, err := json.Marshal(document)
		require.NoError(t, err)
		if is, err := Expand("document", text, Options{}); err == nil {
			accepted++
			requireBuildsOfDocuments(t, is)
		}
	}
	require.Greater(t, accepted, 100)
}

// mutator changes documents by removing and exchanging their parts.
type mutator struct {
	*rand.Rand
	parts []any
}

func (m *mutator) collect(part any) {
	m.parts = append(m.parts, part)
	switch part := part.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(part)) {
			m.collect(part[key])
		}
	case []any:
		for _, item := range part {
			m.collect(item)
		}
	}
}

func (m *mutator) mutate(part any) any {
	switch part := part.(type) {
	case map[string]any:
		if len(part) > 0 {
			changed, key := maps.Clone(part), slices.Sorted(maps.Keys(part))[m.Intn(len(part))]
			if m.Intn(5) == 0 {
				delete(changed, key)
			} else {
				changed[key] = m.mutate(part[key])
			}
			return changed
		}
	case []any:
		if len(part) > 0 {
			changed, i := slices.Clone(part), m.Intn(len(part))
			if m.Intn(5) == 0 {
				return slices.Delete(changed, i, i+1)
			}
			changed[i] = m.mutate(part[i])
			return changed
		}
	}
	return m.parts[m.Intn(len(m.parts))]
}
