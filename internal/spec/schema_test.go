package spec

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/invopop/jsonschema"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the schema and the golden files")

func TestSchemaIsGeneratedFromTheTypes(t *testing.T) {
	generated := generateSchema(t)
	if *update {
		require.NoError(t, os.WriteFile("build.schema.json", generated, 0o644))
		return
	}
	require.Equal(t, string(generated), string(Schema()),
		"build.schema.json differs from the types; run: go generate ./internal/spec")
}

func TestSchemaIsDraft7AndClosed(t *testing.T) {
	var schema struct {
		Version     string `json:"$schema"`
		Definitions map[string]struct {
			Type                 string          `json:"type"`
			Description          string          `json:"description"`
			AdditionalProperties json.RawMessage `json:"additionalProperties"`
		} `json:"definitions"`
	}
	require.NoError(t, json.Unmarshal(Schema(), &schema))
	require.Equal(t, "http://json-schema.org/draft-07/schema#", schema.Version)
	require.NotEmpty(t, schema.Definitions)
	for name, definition := range schema.Definitions {
		require.NotEmpty(t, definition.Description, name)
		if definition.Type == "object" {
			require.JSONEq(t, "false", string(definition.AdditionalProperties), name)
		}
	}
}

func TestSchemaIsACopy(t *testing.T) {
	Schema()[0] = 'x'
	require.True(t, json.Valid(Schema()))
}

// generateSchema makes the schema of Build from the Go types and their comments.
func generateSchema(t *testing.T) []byte {
	const module = "github.com/seed1230462e/kiln/internal/spec"
	reflector := jsonschema.Reflector{Anonymous: true, ExpandedStruct: true, Mapper: durationSchema}
	require.NoError(t, reflector.AddGoComments(module, ".", jsonschema.WithFullComment()))
	schema := reflector.Reflect(Build{})
	schema.Version = "http://json-schema.org/draft-07/schema#"
	schema.Title = "Kiln build document"

	definitions := schema.Definitions
	finish("Build", schema)
	regionUnlessMatrix(schema)
	for name, definition := range definitions {
		if definition.Properties != nil {
			finish(name, definition)
		}
	}
	definitions["Reference"] = &jsonschema.Schema{
		Type: "string", Pattern: `\$\{\{.*\}\}`,
		Description: "Reference to a variable, ${{ vars.name }}, in place of the value.",
	}
	schema.Properties.Set(schemaField, &jsonschema.Schema{
		Type: "string", Description: "Address of this schema, for editors of JSON documents.",
	})

	text, err := json.MarshalIndent(schema, "", "  ")
	require.NoError(t, err)
	text = bytes.ReplaceAll(text, []byte(`"$defs"`), []byte(`"definitions"`))
	text = bytes.ReplaceAll(text, []byte(`"#/$defs/`), []byte(`"#/definitions/`))
	return append(text, '\n')
}

// regionUnlessMatrix wants a region of a document, unless its matrix may say the regions.
func regionUnlessMatrix(build *jsonschema.Schema) {
	build.Required = slices.DeleteFunc(build.Required, func(name string) bool { return name == "region" })
	build.If = &jsonschema.Schema{Not: &jsonschema.Schema{Required: []string{"matrix"}}}
	build.Then = &jsonschema.Schema{Required: []string{"region"}}
}

// durationSchema lets the schema say what Duration's text form is.
func durationSchema(t reflect.Type) *jsonschema.Schema {
	if t != reflect.TypeFor[Duration]() {
		return nil
	}
	return &jsonschema.Schema{Type: "string", Pattern: `^([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$`}
}

// finish completes the schema of a struct.
func finish(name string, s *jsonschema.Schema) {
	s.Description = strings.ReplaceAll(s.Description, "\n", " ")
	for property := s.Properties.Oldest(); property != nil; property = property.Next() {
		property.Value = orReference(amend(name+"."+property.Key, property.Value))
		property.Value.Description = strings.ReplaceAll(property.Value.Description, "\n", " ")
	}
}

// amend adds what is known as Go data and not from the types.
func amend(property string, schema *jsonschema.Schema) *jsonschema.Schema {
	switch property {
	case "Import.platform":
		for _, platform := range append(append([]string{}, linuxPlatforms...), windowsPlatforms...) {
			schema.Enum = append(schema.Enum, platform)
		}
	case "Template.addAccounts":
		schema.Items.Minimum, schema.Items.Maximum = "1", "9999999999999999"
		schema.Items = orReference(schema.Items)
	}
	return schema
}

// orReference lets a reference to a variable stand where an editor would want a number,
// a boolean or one of some texts. Plain text allows it anyhow.
func orReference(schema *jsonschema.Schema) *jsonschema.Schema {
	if schema.Type != "integer" && schema.Type != "boolean" && len(schema.Enum) == 0 && schema.Pattern == "" {
		return schema
	}
	value := *schema
	value.Description, value.Default = "", nil
	return &jsonschema.Schema{
		Description: schema.Description, Default: schema.Default,
		AnyOf: []*jsonschema.Schema{&value, {Ref: "#/$defs/Reference"}},
	}
}
