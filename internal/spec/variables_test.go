package spec

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVariables(t *testing.T) {
	build := read(t, `
name: web-${{vars.stage}}
region: ${{  vars.region  }}
variables: {stage: dev, region: cn-hangzhou, size: "40", keep: "false", v: "1.0", account: "1234567890123456", empty: ""}
source: {imageId: "m-${{ vars.stage }}"}
components:
- name: app
  version: ${{ vars.v }}.0
  content: 'RUN echo ${{ vars.stage }} ${HOME} {{ x }} ${{ github.sha }} $${{ vars.v }}'
template:
  description: ${{ vars.empty }}
  systemDiskSizeGiB: ${{ vars.size }}
  deleteInstanceOnFailure: ${{ vars.keep }}
  addAccounts: ["${{ vars.account }}"]
  tags: {release: "${{ vars.v }}"}
`, Options{Vars: map[string]string{"stage": "prod", "size": "80"}})

	require.Equal(t, "web-prod", build.Name)
	require.Equal(t, "cn-hangzhou", build.Region)
	require.Equal(t, "m-prod", build.Source.ImageID)
	require.Equal(t, "1.0.0", build.Components[0].Version)
	require.Equal(t, "RUN echo prod ${HOME} {{ x }} ${{ github.sha }} $1.0", build.Components[0].Content)
	require.Equal(t, int32(80), build.Template.SystemDiskSizeGiB)
	require.Equal(t, new(false), build.Template.DeleteInstanceOnFailure)
	require.Equal(t, []int64{1234567890123456}, build.Template.AddAccounts)
	require.Equal(t, "1.0", build.Template.Tags["release"])
	require.Equal(t, "prod", build.Variables["stage"], "the values it was made with")
	require.Equal(t, "80", build.Variables["size"])
	requireRoundTrip(t, build)
}

func TestAValueNeverChangesTheShape(t *testing.T) {
	const value = "x\ncomponents: []\n\"'}{\\"
	build := read(t, importing("    description: ${{ vars.text }}\nvariables: {text: ''}"), Options{Vars: map[string]string{"text": value}})
	require.Equal(t, value, build.Source.Import.Description)
	requireRoundTrip(t, build)
}

func TestBadVariables(t *testing.T) {
	tests := map[string]struct {
		document string
		vars     map[string]string
		want     string
	}{
		"unknown, with a near name":    {importing("variables: {stage: x}\ntags: {a: '${{ vars.stge }}'}"), nil, `there is no variable "stge"; did you mean "stage"?`},
		"unknown, none declared":       {importing("tags: {a: '${{ vars.stage }}'}"), nil, `there is no variable "stage"; declare it under variables`},
		"set but not declared":         {importing(""), map[string]string{"stage": "x"}, `the variable "stage" is set, but the document does not declare it; add it under variables, or do not set it`},
		"var instead of vars":          {importing("tags: {a: '${{ var.stage }}'}"), nil, `"${{ var.stage }}" is no reference to a variable; write ${{ vars.name }}`},
		"a declared name alone":        {importing("variables: {stage: x}\ntags: {a: '${{ stage }}'}"), nil, `"${{ stage }}" is no reference to a variable; write ${{ vars.name }}`},
		"a value with a reference":     {importing("variables: {a: x}"), map[string]string{"a": "${{ vars.a }}"}, `the value of the variable "a" refers to a variable; write the text itself`},
		"values that make a reference": {importing("variables: {a: '{{ vars.b }}', b: x}\ntags: {t: '$${{ vars.a }}'}"), nil, "the values of the variables put together another reference; write the text itself"},
		"text where a number belongs":  {importing("variables: {a: big}\ntemplate: {systemDiskSizeGiB: '${{ vars.a }}'}"), nil, `systemDiskSizeGiB is "big"; want a whole number`},
		"a number out of range":        {importing("variables: {a: '1'}\ntemplate: {systemDiskSizeGiB: '${{ vars.a }}'}"), nil, "systemDiskSizeGiB is 1; want at least 20"},
		"a number with more text":      {importing("variables: {a: '4'}\ntemplate: {systemDiskSizeGiB: '${{ vars.a }}0'}"), nil, `systemDiskSizeGiB is "40"; want a whole number`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			faults := faultsOf(t, test.document, Options{Vars: test.vars})
			require.Len(t, faults, 1, "%v", faults)
			require.Equal(t, test.want, faults[0].Message)
		})
	}
}
