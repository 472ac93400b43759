package spec

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, document string, opts Options) Build {
	t.Helper()
	build, err := Read("build.yaml", []byte(document), opts)
	require.NoError(t, err)
	return build
}

// faultsOf reads a document that has to be refused.
func faultsOf(t *testing.T, document string, opts Options) Faults {
	t.Helper()
	_, err := Read("build.yaml", []byte(document), opts)
	var faults Faults
	require.ErrorAs(t, err, &faults)
	return faults
}

const head = "name: web\nregion: cn-hangzhou\n"

const fromImage = head + "source: {imageId: m-bp1}\n"

func importing(fields string) string {
	return head + "source:\n  import:\n    disks: [{bucket: kiln-examples, object: disks/base.qcow2}]\n" + fields
}

func TestAcceptedDocuments(t *testing.T) {
	tests := map[string]string{
		"import alone":                              importing(""),
		"an existing image is registered":           fromImage + "batchCompute: {}",
		"an existing image goes through a template": fromImage + "template: {}",
		"a family needs no registration":            head + "source: {imageFamily: 'acs:ubuntu_24_04_x64'}\ntemplate: {}",
		"a system image by its long id":             head + "source: {imageId: ubuntu_24_04_x64_20G_alibase_20250812.vhd}\ntemplate: {}",
		"an existing template stands alone":         head + "template: {id: ip-bp1}",
		"line ends of Windows":                      strings.ReplaceAll(fromImage+"template: {}\n", "\n", "\r\n"),
		"a byte order mark":                         byteOrderMark + importing(""),
		"a document start and end":                  "---\n" + importing("") + "...\n",
		"a YAML directive":                          "%YAML 1.2\n---\n" + importing(""),
		"JSON with tabs":                            "{\n\t\"name\": \"web\", \"region\": \"cn-hangzhou\",\n\t\"source\": {\"imageId\": \"m-bp1\"}, \"template\": {}}",
		"a region with many parts":                  strings.Replace(importing(""), "cn-hangzhou", "cn-north-2-gov-1", 1),
		"a whole number written as 40.0":            importing("template: {systemDiskSizeGiB: 40.0}"),
		"linux may bring its own licence":           importing("    platform: RedHat\n    licenseType: BYOL"),
		"i386 boots by UEFI":                        importing("    architecture: i386\n    bootMode: UEFI"),
		"arm64 without boot mode":                   importing("    architecture: arm64"),
		"Chinese names":                             importing("    imageName: 网页服务器\ntemplate: {name: 网页}"),
		"a description of two characters":           importing("    description: ok"),
		"an empty description is left out":          importing("    description: ''"),
		"18 tags":                                   fromImage + "template: {}\ntags:" + tags(18),
		"a tag that replaces a common one":          fromImage + "tags:" + tags(18) + "template:\n  tags: {TAG1: mine}",
		"an empty tag value":                        importing("tags: {team: ''}"),
		"an image that a CloudBox stores":           importing("    storageLocationArn: arn:acs:cloudbox:cn-hangzhou:1234567890123456:cloudbox/cb-bp1"),
		"a component by id with parameters":         fromImage + "components: [{id: ic-bp1, type: Test, parameters: {version: '1.26'}}]",
		"the same name in two versions":             fromImage + "components:\n- {name: nginx, content: RUN true}\n- {name: nginx, content: RUN false}",
		"content of 16 KB":                          fromImage + "components: [{name: big, content: 'RUN " + strings.Repeat("x", maxContent-4) + "'}]",
		"comments and blank lines in content":       fromImage + "components:\n- name: app\n  content: |\n    # first\n\n    RUN true\n",
		"COMPONENT in template content":             fromImage + "template: {buildContent: COMPONENT ic-bp1 --v 1}",
		"YAML test content beside build components": fromImage + "components: [{name: app, content: RUN true}]\ntemplate:\n  testContent: |\n    Tasks: [{Name: a, Action: Reboot}]\n",
		"17 disks":                  head + "source: {import: {disks: [" + strings.Repeat("{bucket: kiln-examples, object: d.raw},", 17) + "]}}",
		"nothing to remove is kept": fromImage + "batchCompute: {}\nonSuccess: {importedImage: keep, components: keep, template: keep}\nretries: {import: 0, execution: 0}",
		"components of the build's own are removed beside others": fromImage + "components: [{id: ic-bp1}, {name: app, content: RUN true}]\nonSuccess: {components: remove, template: remove}",
		"a template made for components is removed":               fromImage + "components: [{id: ic-bp1}]\nonSuccess: {template: remove}",
		"an existing template runs again":                         head + "template: {id: ip-bp1}\nretries: {execution: 3}",
		"a failed or cancelled build is cleaned up":               fromImage + "template: {}\nonFailure: cleanup\nonCancel: cleanup",
		"durations in parts":                                      importing("timeouts: {call: 1h30m, import: 90m, cleanup: 1h}"),
	}
	for name, document := range tests {
		t.Run(name, func(t *testing.T) {
			requireRoundTrip(t, read(t, document, Options{}))
		})
	}
}

func tags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "\n  tag%d: x", i)
	}
	return b.String() + "\n"
}

func TestDefaults(t *testing.T) {
	build := read(t, importing(`
    osType: windows
    licenseType: BYOL
    tags: {Team: own}
resourceGroupId: rg-1
tags: {team: common, stage: dev}
components:
- {id: ic-bp1}
- name: iis
  systemType: Windows
  resourceGroupId: rg-2
  content: "Tasks: [{Name: a, Action: Reboot}]"
batchCompute: {}
`), Options{})

	require.Equal(t, map[string]string{"Team": "own", "stage": "dev"}, build.Source.Import.Tags)
	require.Equal(t, "rg-1", build.Source.Import.ResourceGroupID)
	require.Empty(t, build.Source.Import.ImageName, "the workflow names the image")
	require.Empty(t, build.Source.Import.Architecture, "the service has its own defaults")

	require.Equal(t, Component{ID: "ic-bp1", Type: "Build"}, build.Components[0])
	require.Equal(t, "Build", build.Components[1].Type)
	require.Equal(t, "rg-2", build.Components[1].ResourceGroupID)
	require.Equal(t, build.Tags, build.Components[1].Tags)

	require.Equal(t, &Template{Name: "web", ResourceGroupID: "rg-1", Tags: build.Tags}, build.Template)
	require.Equal(t, build.Tags, build.Execution.Tags)
	require.Equal(t, Image{Name: "web", Tags: build.Tags}, build.Image)
	require.Equal(t, &BatchCompute{Name: "web", Platform: "Windows"}, build.BatchCompute)
	require.Equal(t, Timeouts{Call: Duration(2 * time.Hour), Conflict: Duration(12 * time.Hour), Import: Duration(12 * time.Hour),
		Execution: Duration(12 * time.Hour), Cleanup: Duration(2 * time.Hour)}, build.Timeouts)
	require.Equal(t, Keep, build.OnFailure)
	require.Equal(t, Cleanup, build.OnCancel)
	require.Equal(t, OnSuccess{ImportedImage: Keep, Components: Keep, Template: Keep}, build.OnSuccess)
	require.Zero(t, build.Retries)
}

func TestWhatIsGivenIsNotFilled(t *testing.T) {
	build := read(t, importing(`
template: {}
onFailure: ${{ vars.after }}
onCancel: keep
onSuccess: {importedImage: remove}
retries: {import: 10, execution: "${{ vars.again }}"}
timeouts: {cleanup: 90m}
variables: {after: cleanup, again: "2"}
`), Options{})
	require.Equal(t, Cleanup, build.OnFailure)
	require.Equal(t, Keep, build.OnCancel)
	require.Equal(t, OnSuccess{ImportedImage: Remove, Components: Keep, Template: Keep}, build.OnSuccess)
	require.Equal(t, Retries{Import: 10, Execution: 2}, build.Retries)
	require.Equal(t, Duration(90*time.Minute), build.Timeouts.Cleanup)
	requireRoundTrip(t, build)
}

func TestWithoutTemplateNothingIsFilledForOne(t *testing.T) {
	build := read(t, importing("tags: {team: web}"), Options{})
	require.Nil(t, build.Template)
	require.Zero(t, build.Image)
	require.Zero(t, build.Execution)
	require.Nil(t, build.BatchCompute)
}

func TestAnExistingTemplateGetsNoSettings(t *testing.T) {
	build := read(t, head+"resourceGroupId: rg-1\ntags: {team: web}\ntemplate: {id: ip-1}", Options{})
	require.Equal(t, &Template{ID: "ip-1"}, build.Template)
	require.Equal(t, build.Tags, build.Execution.Tags)
	require.Zero(t, build.Image)
}

func TestBatchComputeNameFollowsTheBuild(t *testing.T) {
	build := read(t, "name: Web.base-1_x\nregion: cn-hangzhou\nsource: {imageId: m-1}\nbatchCompute: {}", Options{})
	require.Equal(t, "Web-base-1_x", build.BatchCompute.Name)
}

func TestComponentVersionFollowsTheContent(t *testing.T) {
	versionOf := func(fields string) string {
		version := read(t, fromImage+"components: [{name: app, "+fields+"}]", Options{}).Components[0].Version
		require.Regexp(t, `^1\.\d{1,9}\.\d{1,9}$`, version)
		return version
	}
	plain := versionOf("content: RUN true")
	require.Equal(t, plain, versionOf("type: Build, systemType: Linux, content: RUN true, description: another"))
	require.NotEqual(t, plain, versionOf("content: RUN false"))
	require.NotEqual(t, plain, versionOf("type: Test, content: RUN true"))
	require.Equal(t, "1.38551453.390705448", plain, "versions that exist in the cloud have to stay what they are")
	require.Equal(t, "2.0.0", read(t, fromImage+"components: [{name: app, version: 2.0.0, content: RUN true}]", Options{}).Components[0].Version)
}

func TestFilesAreInlined(t *testing.T) {
	files := map[string]string{"a b.txt": "\uFEFFRUN echo ${{ vars.x }}\r\n", "test.txt": "RUN true"}
	opts := Options{ReadFile: func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, os.ErrNotExist
		}
		return []byte(text), nil
	}}
	build := read(t, fromImage+`
variables: {x: "1", f: test}
components: [{name: app, contentFile: "a b.txt"}]
template: {buildContentFile: "${{ vars.f }}.txt", testContentFile: test.txt}
`, opts)
	require.Equal(t, "RUN echo 1\n", build.Components[0].Content)
	require.Empty(t, build.Components[0].ContentFile)
	require.Equal(t, "RUN true", build.Template.BuildContent)
	require.Equal(t, "RUN true", build.Template.TestContent)
	require.Empty(t, build.Template.BuildContentFile+build.Template.TestContentFile)
	requireRoundTrip(t, build)

	files["bad.txt"] = "\xff"
	for name, want := range map[string]string{
		"bad.txt":  `the file "bad.txt" is not UTF-8 text`,
		"gone.txt": `there is no file "gone.txt" beside the document`,
	} {
		faults := faultsOf(t, fromImage+"components: [{name: app, contentFile: "+name+"}]", opts)
		require.Len(t, faults, 1)
		require.Equal(t, want, faults[0].Message)
	}
}

func TestALargeDocumentIsRefused(t *testing.T) {
	faults := faultsOf(t, importing("")+"# "+strings.Repeat("x", MaxDocument), Options{})
	require.Len(t, faults, 1)
	require.Contains(t, faults[0].Message, "want at most 1048576 (1 MiB)")
}

func TestManyFaultsEndInACount(t *testing.T) {
	document := `{"name":"web","region":"cn-hangzhou"`
	for i := range 5000 {
		document += fmt.Sprintf(`,"unknown-%d":1`, i)
	}
	faults := faultsOf(t, document+"}", Options{})
	require.Len(t, faults, maxFaults+1)
	require.Equal(t, "and 4901 more faults from here on", faults[maxFaults].Message)
}

func TestFaultsOfAFileComeInItsOrder(t *testing.T) {
	faults := faultsOf(t, fromImage+"components: [{name: nginx, contentFile: nginx.txt}]\n", Options{ReadFile: func(string) ([]byte, error) {
		return []byte(strings.Repeat("apt-get update\n", 12)), nil
	}})
	require.Len(t, faults, 12)
	for i, fault := range faults {
		require.Contains(t, fault.Message, fmt.Sprintf("line %d of nginx.txt: ", i+1))
	}
}

func TestFaultsPointAtTheSamePlaceInJSONAndYAML(t *testing.T) {
	text := "{\"name\": \"web\",\n \"regoin\": \"cn-hangzhou\",\n \"source\": {\"import\": {\"disks\": [{\"bucket\": \"k\", \"object\": \"o\"}, 5]}}}"
	fromJSON := faultsOf(t, text, Options{})
	fromYAML := faultsOf(t, text+" # YAML, for it has a comment", Options{})
	require.Len(t, fromJSON, 3)
	for i := range fromJSON {
		require.Equal(t, fromJSON[i].String(), fromYAML[i].String())
		require.Equal(t, fromJSON[i].Path, fromYAML[i].Path)
	}
}

func TestFaultPaths(t *testing.T) {
	faults := faultsOf(t, importing("tags: {'kiln:x y': v}\ncomponents: [{name: 1}]\ntimeouts: {call: x}"), Options{})
	var paths []string
	for _, fault := range faults {
		paths = append(paths, fault.Path)
		require.Equal(t, "build.yaml", fault.File)
		require.Contains(t, fault.Excerpt, fmt.Sprintf("> %d | ", fault.Line))
	}
	require.Equal(t, []string{`tags["kiln:x y"]`, "components[0].content", "components[0].name", "timeouts.call"}, paths)
	require.Equal(t, faults.Error(), faults[0].String()+"\n"+faults[1].String()+"\n"+faults[2].String()+"\n"+faults[3].String())
}

// Every text of a YAML document is found where it stands.
func TestPositionsOfTexts(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	require.NoError(t, err)
	texts := 0
	for _, file := range append(files, exampleFiles(t)...) {
		document, err := os.ReadFile(file)
		require.NoError(t, err)
		found := &findings{source: linesOf(string(document))}
		root := parse(file, document, found)
		if root == nil {
			continue
		}
		root.each(nil, func(p path, n *node) {
			if n.kind != isText || n.text == "" {
				return
			}
			texts++
			rest := string([]rune(found.source[n.at.line-1])[n.at.column-1:])
			require.True(t, strings.ContainsAny(rest[:1], `"'|>`) || strings.HasPrefix(rest, n.text),
				"%s: %s is %q, but %d:%d is %q", file, p, n.text, n.at.line, n.at.column, rest)
		})
	}
	require.Greater(t, texts, 200)
}

func TestStarterIsADocument(t *testing.T) {
	build := read(t, string(Starter("shop-base")), Options{})
	require.Equal(t, "shop-base", build.Name)
	require.Equal(t, "shop-base", build.Image.Family)
	require.Equal(t, starterName, read(t, string(Starter("not a name")), Options{}).Name)
	requireRoundTrip(t, build)
}

func TestDuration(t *testing.T) {
	data, err := json.Marshal(Duration(90 * time.Minute))
	require.NoError(t, err)
	require.JSONEq(t, `"1h30m0s"`, string(data))
	var d Duration
	require.NoError(t, json.Unmarshal(data, &d))
	require.Equal(t, Duration(90*time.Minute), d)
	require.ErrorContains(t, json.Unmarshal([]byte(`"soon"`), &d), "want a form such as 90m or 6h")
	require.ErrorContains(t, json.Unmarshal([]byte(`90`), &d), `want text such as "90m"`)
}
