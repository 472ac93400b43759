package spec

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// requireParts: the documents together stand for the builds, each once and in the same order.
func requireParts(t *testing.T, is Expansion) {
	t.Helper()
	var parts []string
	for _, document := range is.Documents {
		part, err := Expand("part", document, Options{})
		require.NoError(t, err)
		parts = append(parts, namesOf(part)...)
	}
	require.Equal(t, namesOf(is), parts)
}

func expand(t *testing.T, document string, opts Options) Expansion {
	t.Helper()
	is, err := Expand("build.yaml", []byte(document), opts)
	require.NoError(t, err)
	requireBuildsOfDocuments(t, is)
	requireParts(t, is)
	return is
}

// requireBuildsOfDocuments holds the two ways to the document of a build to each other:
// what Expand read itself, and what a worker reads of a Pattern.
func requireBuildsOfDocuments(t *testing.T, is Expansion) {
	t.Helper()
	for _, m := range is.Members {
		pattern, err := PatternOf(is.Documents[m.Document])
		require.NoError(t, err)
		require.True(t, pattern.Has(m.Cell))
		require.Equal(t, m.Build.Name, pattern.Name(m.Cell))
		require.Equal(t, m.Build.Region, pattern.Region(m.Cell))
		document, err := pattern.Document(m.Cell)
		require.NoError(t, err)
		build, err := Read("document", document, Options{})
		require.NoError(t, err, "%s", document)
		require.Equal(t, m.Build, build)
		requireRoundTrip(t, build)
	}
}

func namesOf(is Expansion) []string {
	var names []string
	for _, m := range is.Members {
		names = append(names, m.Build.Name)
	}
	return names
}

const ofFamily = "source: {imageFamily: 'acs:ubuntu'}\ntemplate: {}\n"

const webFamily = "name: web\n" + ofFamily

const inHangzhou = webFamily + "region: cn-hangzhou\n"

func TestExpandOfADocumentWithoutAMatrix(t *testing.T) {
	is := expand(t, inHangzhou, Options{})
	require.False(t, is.Matrix)
	require.Len(t, is.Members, 1)
	require.Equal(t, read(t, inHangzhou, Options{}), is.Members[0].Build)
}

func TestNamesAlone(t *testing.T) {
	const document = webFamily + "matrix: {regions: [cn-hangzhou, cn-beijing]}"
	all := expand(t, document, Options{})
	names, err := Expand("build.yaml", []byte(document), Options{NamesOnly: true})
	require.NoError(t, err)
	require.Equal(t, all.Documents, names.Documents)
	require.Equal(t, namesOf(all), namesOf(names))
	require.Equal(t, Member{Cell: Cell{Region: "cn-beijing"}, Build: Build{Name: "web-cn-beijing", Region: "cn-beijing"}}, names.Members[1])
	_, err = Expand("build.yaml", []byte(document+"\nimage: {description: x}"), Options{NamesOnly: true})
	require.ErrorContains(t, err, "it has 1 character, want 2 to 256")
}

func TestNamesOfTheBuildsOfAMatrix(t *testing.T) {
	long := strings.Repeat("x", 60)
	for name, test := range map[string]struct {
		document string
		want     []string
	}{
		"regions":  {webFamily + "matrix: {regions: [cn-hangzhou, cn-beijing]}", []string{"web-cn-hangzhou", "web-cn-beijing"}},
		"variants": {inHangzhou + "matrix: {variants: [{name: b}, {name: a, variables: {x: '1'}}]}", []string{"web-b", "web-a"}},
		"values in the order of their variables' names": {inHangzhou + "matrix: {variables: {os: [b, a], arch: ['1', '2']}}",
			[]string{"web-1-b", "web-1-a", "web-2-b", "web-2-a"}},
		"regions change first": {webFamily + "matrix: {regions: [cn-hangzhou, cn-beijing], variables: {v: [x, y]}, variants: [{name: b}, {name: a}]}",
			[]string{"web-b-x-cn-hangzhou", "web-b-x-cn-beijing", "web-b-y-cn-hangzhou", "web-b-y-cn-beijing",
				"web-a-x-cn-hangzhou", "web-a-x-cn-beijing", "web-a-y-cn-hangzhou", "web-a-y-cn-beijing"}},
		"a name that says some of it": {"name: ${{vars.region}}-${{ vars.v }}\n" + ofFamily + "matrix: {regions: [cn-hangzhou], variables: {v: [x], w: [z]}}",
			[]string{"cn-hangzhou-x-z"}},
		"a value that is no name":    {inHangzhou + "matrix: {variables: {disk: [/dev/vda, '']}}", []string{"web-dev-vda-fa940173", "web"}},
		"a name that is too long":    {"name: " + long + "\nregion: cn-hangzhou\n" + ofFamily + "matrix: {variables: {v: [abcdef]}}", []string{long[:55] + "-b9498fa6"}},
		"one that is just not":       {"name: " + long + "\nregion: cn-hangzhou\n" + ofFamily + "matrix: {variables: {v: [abc]}}", []string{long + "-abc"}},
		"a region that is a default": {"name: web\nregion: ${{ vars.in }}\n" + ofFamily + "variables: {in: cn-hangzhou}\nmatrix: {variables: {v: [a]}}", []string{"web-a"}},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, namesOf(expand(t, test.document, Options{})))
		})
	}
}

func TestWhatAMatrixSets(t *testing.T) {
	is := expand(t, webFamily+`
tags: {a: "${{ vars.region }} ${{ vars.variant }} ${{ vars.x }} ${{ vars.y }} ${{ vars.z }}"}
variables: {x: default, y: default, z: default}
matrix:
  regions: [cn-hangzhou]
  variants: [{name: one, variables: {x: one}}, {name: two}]
  variables: {y: [why]}
`, Options{Vars: map[string]string{"z": "given"}})
	require.True(t, is.Matrix)
	require.Equal(t, "cn-hangzhou one one why given", is.Members[0].Build.Tags["a"])
	require.Equal(t, "cn-hangzhou two default why given", is.Members[1].Build.Tags["a"])
	require.Equal(t, Cell{Region: "cn-hangzhou", Variant: "one", Variables: map[string]string{"y": "why"}}, is.Members[0].Cell)
	require.Equal(t, "one", is.Members[0].Build.Variables["x"], "the values it is made with")
}

func TestRegionAndVariantAreOrdinaryNamesWithoutTheirLists(t *testing.T) {
	is := expand(t, inHangzhou+"tags: {a: '${{ vars.region }}${{ vars.variant }}'}\nvariables: {region: mine}\nmatrix: {variables: {variant: [a]}}", Options{})
	require.Equal(t, "minea", is.Members[0].Build.Tags["a"])
}

func TestFilesOfAMatrix(t *testing.T) {
	read := map[string]int{}
	opts := Options{ReadFile: func(name string) ([]byte, error) {
		read[name]++
		if strings.HasPrefix(name, "gone") {
			return nil, os.ErrNotExist
		}
		return []byte("RUN echo " + name + " ${{ vars.v }}"), nil
	}}
	const document = inHangzhou + "variables: {f: file}\nmatrix: {variables: {v: [a, b], w: [c, d]}}\n"
	is := expand(t, document+"components: [{name: app, contentFile: '${{ vars.f }}.txt'}]", opts)
	require.Len(t, is.Documents, 1, "one file serves all")
	require.Equal(t, "RUN echo file.txt b", is.Members[3].Build.Components[0].Content)
	require.Equal(t, map[string]int{"file.txt": 1}, read)

	is = expand(t, document+"components: [{name: app, contentFile: '${{ vars.w }}.txt'}]", opts)
	require.Len(t, is.Documents, 2)
	require.Equal(t, []string{"web-a-c", "web-b-c", "web-a-d", "web-b-d"}, namesOf(is))
	require.Equal(t, "RUN echo c.txt b", is.Members[1].Build.Components[0].Content)

	is = expand(t, "name: web\nregion: cn-hangzhou\nsource: {imageId: m-1}\nmatrix: {variants: [{name: x, variables: {f: one}}, {name: y, variables: {f: two}}], variables: {v: [a]}}\n"+
		"template: {buildContentFile: '${{ vars.f }}'}\n", opts)
	require.Len(t, is.Documents, 2)
	require.Equal(t, "RUN echo two a", is.Members[1].Build.Template.BuildContent)

	_, err := Expand("build.yaml", []byte(document+"components: [{name: app, contentFile: 'gone-${{ vars.w }}.txt'}]"), opts)
	require.ErrorContains(t, err, `there is no file "gone-c.txt" beside the document (in 2 of 4 builds, the first of v "a", w "c")`)
}

func TestFaultsNameTheirBuilds(t *testing.T) {
	_, err := Expand("build.yaml", []byte(webFamily+`
variables: {days: "2"}
matrix: {regions: [cn-hangzhou, cn-beijing], variants: [{name: few, variables: {days: "11"}}, {name: odd, variables: {days: big}}, {name: good}]}
tags: {'kiln:x': y}
components: [{name: app, content: "RUN ${{ vars.dais }}"}]
image: {description: "http://${{ vars.region }}"}
retries: {execution: "${{ vars.days }}"}
`), Options{})
	var faults Faults
	require.ErrorAs(t, err, &faults)
	var told []string
	for _, fault := range faults {
		told = append(told, fmt.Sprintf("%d:%d %s", fault.Line, fault.Column, fault.Message))
		require.Contains(t, fault.Excerpt, "> ")
	}
	require.Equal(t, []string{
		`7:8 the tag key "kiln:x" is not valid: Kiln keeps keys that start with "kiln:" for itself`,
		`8:35 there is no variable "dais"; did you mean "days"?`,
		`9:22 description is "http://cn-beijing"; it cannot start with "http://" (in 3 of 6 builds, the first of variant few, region cn-beijing)`,
		`9:22 description is "http://cn-hangzhou"; it cannot start with "http://" (in 3 of 6 builds, the first of variant few, region cn-hangzhou)`,
		`10:22 retries.execution is "big"; want a whole number (in 2 of 6 builds, the first of variant odd, region cn-hangzhou)`,
		`10:22 retries.execution is 11; want at most 10 (in 2 of 6 builds, the first of variant few, region cn-hangzhou)`,
	}, told)
}

// What builds of one region would do to each other is a fault of the document.
func TestBuildsThatGetInEachOthersWay(t *testing.T) {
	const importing = "source: {import: {imageName: %s, disks: [{bucket: kiln-examples, object: o.raw}]}}\n"
	const twoRegions = "name: web\nmatrix: {regions: [cn-hangzhou, cn-beijing]}\n"
	const two = "name: web\nregion: cn-hangzhou\nmatrix: {variables: {v: [a, b]}}\n"
	for name, test := range map[string]struct{ document, want string }{
		"an image name": {two + fmt.Sprintf(importing, "base"),
			`4:30: the builds of v "a" and of v "b" would both make "base" in cn-hangzhou, and there can be one; use a variable of the matrix in it`},
		"in two regions":        {twoRegions + fmt.Sprintf(importing, "base"), ""},
		"with a variable":       {two + fmt.Sprintf(importing, "'base-${{ vars.v }}'"), ""},
		"an exact name":         {two + ofFamily + "image: {name: golden, nameSuffix: disable}", `6:15: the builds of v "a" and of v "b" would both make "golden" in cn-hangzhou`},
		"a name with a suffix":  {two + ofFamily + "image: {name: golden}", ""},
		"the default name":      {two + ofFamily + "image: {nameSuffix: disable}", ""},
		"one component for all": {two + ofFamily + "components: [{name: app, version: 1.0.0, content: RUN true}]", ""},
		"a component that differs": {two + ofFamily + "components: [{name: app, version: 1.0.0, content: 'RUN ${{ vars.v }}'}]",
			`6:35: the builds of v "a" and of v "b" would both make "app 1.0.0" in cn-hangzhou`},
		"a component with versions": {two + ofFamily + "components: [{name: app, content: 'RUN ${{ vars.v }}'}]", ""},
		"names of builds": {"name: web\nregion: cn-hangzhou\n" + ofFamily + "matrix: {variables: {v: [a, ''], w: [a, '']}}",
			`5:1: the builds of v "a", w "" and of v "", w "a" would both be called web-a; refer to a variable of the matrix in name`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Expand("build.yaml", []byte(test.document), Options{})
			if test.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestReadRefusesAMatrix(t *testing.T) {
	faults := faultsOf(t, webFamily+"matrix: {regions: [cn-hangzhou]}", Options{})
	require.Len(t, faults, 1)
	require.Equal(t, "matrix", faults[0].Path)
	require.Equal(t, "build.yaml:4:1: a document with a matrix stands for many builds, not for one; "+
		"start them with `kiln build`, or with a workflow of type BuildFleet", faults[0].String())
}

func TestAThousandBuilds(t *testing.T) {
	document := inHangzhou + "components: [{name: 'app-${{ vars.a }}', content: 'RUN echo ${{ vars.b }} ${{ vars.c }}'}]\nmatrix:\n  variables:\n"
	for _, name := range []string{"a", "b", "c"} {
		document += "    " + name + ": [" + "'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'" + "]\n"
	}
	is, err := Expand("build.yaml", []byte(document), Options{})
	require.NoError(t, err)
	require.Len(t, is.Members, 1000)
	require.Len(t, is.Documents, 1)
	unique := map[string]bool{}
	for _, name := range namesOf(is) {
		unique[name] = true
	}
	require.Len(t, unique, 1000)

	_, err = Expand("build.yaml", []byte(document+"    d: ['0', '1']\n"), Options{})
	var faults Faults
	require.ErrorAs(t, err, &faults)
	require.Equal(t, "the matrix stands for more than 1000 builds; split the document", faults[0].Message)
}

func TestCellsOfOtherMatrices(t *testing.T) {
	pattern, err := PatternOf([]byte(`{"name": "web", "matrix": {"regions": ["cn-hangzhou"], "variants": [{"name": "a"}], "variables": {"v": ["x"]}}}`))
	require.NoError(t, err)
	fits := Cell{Region: "cn-hangzhou", Variant: "a", Variables: map[string]string{"v": "x"}}
	require.True(t, pattern.Has(fits))
	for _, cell := range []Cell{
		{}, {Region: "cn-hangzhou", Variant: "a"}, {Region: "cn-beijing", Variant: "a", Variables: fits.Variables},
		{Region: "cn-hangzhou", Variant: "b", Variables: fits.Variables}, {Variant: "a", Variables: fits.Variables},
		{Region: "cn-hangzhou", Variant: "a", Variables: map[string]string{"v": "y"}},
		{Region: "cn-hangzhou", Variant: "a", Variables: map[string]string{"w": "x"}},
		{Region: "cn-hangzhou", Variant: "a", Variables: map[string]string{"v": "x", "w": "x"}},
	} {
		require.False(t, pattern.Has(cell), cell)
	}
	alone, err := PatternOf([]byte(`{"name": "web"}`))
	require.NoError(t, err)
	require.True(t, alone.Has(Cell{}))
	require.False(t, alone.Has(fits))
}
