package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

func TestReferences(t *testing.T) {
	script, err := command.Parse(`
COMPONENT ic-bp67acfmxazb4p
component ic-2 --version 1.2 --greeting "hello world"
COMPONENT acs:ecs:cn-hangzhou:123:imagecomponent/nginx/1.*.*
COMPONENT acs:ecs:cn-hangzhou:123:imagecomponent/my:nginx:1.0.0 \
  --port 80
COMPONENT nginx:2.0.1
RUN true
`, command.Build, command.Linux)
	require.NoError(t, err)
	none := map[string]string{}
	require.Equal(t, []command.Reference{
		{Line: 2, ID: "ic-bp67acfmxazb4p", Values: none},
		{Line: 3, ID: "ic-2", Values: map[string]string{"version": "1.2", "greeting": "hello world"}},
		{Line: 4, Region: "cn-hangzhou", Account: "123", Name: "nginx", Version: "1.*.*", Values: none},
		{Line: 5, Region: "cn-hangzhou", Account: "123", Name: "my:nginx", Version: "1.0.0", Values: map[string]string{"port": "80"}},
		{Line: 7, Name: "nginx", Version: "2.0.1", Values: none},
	}, script.References)
}

func TestReferenceFaults(t *testing.T) {
	const invalid = "InvalidParameter.TestContent"
	run(t, []row{
		{name: "alone", in: command.Test, content: "COMPONENT", code: invalid, says: "line 1"},
		{name: "an image's id", in: command.Test, content: "COMPONENT m-1", code: invalid},
		{name: "a name without a version", in: command.Test, content: "COMPONENT nginx", code: invalid},
		{name: "a version of two parts", in: command.Test, content: "COMPONENT nginx:1.0", code: invalid, says: "major.minor.patch"},
		{name: "a name that is none", in: command.Test, content: "COMPONENT 1x:1.0.0", code: invalid, says: "1x"},
		{name: "another service", in: command.Test, content: "COMPONENT acs:oss:r:1:imagecomponent/a/1.0.0", code: invalid},
		{name: "another resource", in: command.Test, content: "COMPONENT acs:ecs:r:1:image/a/1.0.0", code: invalid},
		{name: "a cut name", in: command.Test, content: "COMPONENT acs:ecs:r", code: invalid},
		{name: "a value without a name", in: command.Test, content: "COMPONENT ic-1 a b", code: invalid, says: "--name value"},
		{name: "a name without a value", in: command.Test, content: "COMPONENT ic-1 --a", code: invalid, says: "--a"},
		{name: "a name twice", in: command.Test, content: "COMPONENT ic-1 --a 1 --a 2", code: invalid, says: "twice"},
		{name: "an open quote", in: command.Test, content: `COMPONENT ic-1 --a "b`, code: invalid},
		{name: "in a template for Windows", in: command.Test, on: command.Windows, content: "COMPONENT ic-1"},
	})
}

func TestReferenceMatches(t *testing.T) {
	for _, tt := range []struct {
		want, version string
		matches       bool
	}{
		{"1.2.3", "1.2.3", true},
		{"1.2.3", "1.2.4", false},
		{"1.*.*", "1.9.0", true},
		{"1.*.*", "2.0.0", false},
		{"*.*.*", "7.0.1", true},
		{"1.0.*", "1.0", false},
	} {
		r := command.Reference{Name: "a", Version: tt.want}
		require.Equal(t, tt.matches, r.Matches(tt.version), "%s for %s", tt.version, tt.want)
	}
}

func TestReferenceIsWrittenAsItWasRead(t *testing.T) {
	for _, target := range []string{"ic-1", "nginx:1.0.0", "acs:ecs:cn-hangzhou:123:imagecomponent/nginx/1.*.*"} {
		script, err := command.Parse("COMPONENT "+target, command.Build, command.Linux)
		require.NoError(t, err)
		require.Equal(t, target, script.References[0].String())
	}
}

func TestBind(t *testing.T) {
	declared := []command.Parameter{
		{Name: "version", Type: command.String, Required: true},
		{Name: "port", Type: command.Number, Default: "80"},
		{Name: "debug", Type: command.Boolean, Default: "false"},
	}
	for _, tt := range []struct {
		name   string
		values map[string]string
		says   string
	}{
		{name: "all", values: map[string]string{"version": "1", "port": "8.5", "debug": "true"}},
		{name: "what is required", values: map[string]string{"version": ""}},
		{name: "not what is required", says: "parameter version"},
		{name: "one too many", values: map[string]string{"version": "1", "a": "b"}, says: "no parameter a"},
		{name: "a number in words", values: map[string]string{"version": "1", "port": "http"}, says: "is no Number"},
		{name: "a boolean in words", values: map[string]string{"version": "1", "debug": "yes"}, says: "is no Boolean"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := command.Bind(command.Reference{Line: 3, ID: "ic-1", Values: tt.values}, declared, command.Build)
			if tt.says == "" {
				require.NoError(t, err)
				return
			}
			requireFault(t, err, "InvalidParameter.BuildContent", tt.says)
			require.ErrorContains(t, err, "line 3")
		})
	}
}
