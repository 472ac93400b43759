package testsuite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"
)

type (
	componentRequest  = ecs.CreateImageComponentRequest
	componentTag      = ecs.CreateImageComponentRequestTag
	componentsRequest = ecs.DescribeImageComponentsRequest
	component         = *ecs.DescribeImageComponentsResponseBodyImageComponentImageComponentSet
)

func componentOf(content string) *componentRequest {
	return new(componentRequest).SetRegionId(hangzhou).SetContent(content)
}

func componentsOf(region string) *componentsRequest {
	return new(componentsRequest).SetRegionId(region)
}

// component makes one and returns its id.
func (c *emulated) component(t *testing.T, r *componentRequest) string {
	t.Helper()
	answer, err := c.ecs(t).CreateImageComponent(r)
	require.NoError(t, err)
	return *answer.Body.ImageComponentId
}

func (c *emulated) components(t *testing.T, r *componentsRequest) []component {
	t.Helper()
	answer, err := c.ecs(t).DescribeImageComponents(r)
	require.NoError(t, err)
	require.EqualValues(t, len(answer.Body.ImageComponent.ImageComponentSet), *answer.Body.TotalCount)
	return answer.Body.ImageComponent.ImageComponentSet
}

// taskDocument is content in YAML with a parameter of each type.
const taskDocument = `Parameters:
  version: {Type: String, DefaultValue: "1.0"}
  retries: {Type: Number, DefaultValue: "3"}
  verbose: {Type: Boolean, DefaultValue: "false"}
Tasks:
  - Name: probe
    Action: RunShellCommand
    Properties: {commandContent: uname -r}
  - Name: install
    Action: RunShellCommand
    Properties:
      commandContent: echo {{ version }} {{ retries }} {{ verbose }} {{ probe.stdout }}
      workingDir: /opt
  - Name: fetch
    Action: OSSDownload
    Properties: {bucketName: golden, objectName: tools.tar, destinationDir: /opt}
  - Name: restart
    Action: Reboot
`

func TestContractCreateImageComponent(t *testing.T) {
	c := emulate(t)
	answer, err := c.ecs(t).CreateImageComponent(componentOf(taskDocument).
		SetName("tools").SetDescription("the tools of every image").SetSystemType("Linux").SetComponentType("Build").
		SetComponentVersion("1.2.3").SetResourceGroupId("rg-one").SetClientToken("token-1").
		SetTag([]*componentTag{new(componentTag).SetKey("kiln:build").SetValue("web")}))
	require.NoError(t, err)
	requireFields(t, answer.Body, "RequestId ImageComponentId")
	require.Regexp(t, requestID, *answer.Body.RequestId)
	require.Regexp(t, `^ic-[a-z0-9]+$`, *answer.Body.ImageComponentId)

	listed, err := c.ecs(t).DescribeImageComponents(componentsOf(hangzhou))
	require.NoError(t, err)
	requireFields(t, listed.Body, "RequestId MaxResults NextToken TotalCount ImageComponent")
	require.Empty(t, *listed.Body.NextToken)
	made := listed.Body.ImageComponent.ImageComponentSet[0]
	requireFields(t, made, `ImageComponentId Name Description ComponentType ComponentVersion SystemType Owner Content CreationTime
		ResourceGroupId Tags Parameters`)
	require.Equal(t, []string{*answer.Body.ImageComponentId, "tools", "the tools of every image", "Build", "1.2.3", "Linux", "SELF", "rg-one"},
		[]string{*made.ImageComponentId, *made.Name, *made.Description, *made.ComponentType, *made.ComponentVersion, *made.SystemType,
			*made.Owner, *made.ResourceGroupId})
	require.Equal(t, taskDocument, *made.Content, "content comes back in full")
	require.Equal(t, c.clock.Now().UTC().Format(time.RFC3339), *made.CreationTime)
	require.Equal(t, "kiln:build=web", *made.Tags.Tag[0].TagKey+"="+*made.Tags.Tag[0].TagValue)
	var parameters []string
	for _, p := range made.Parameters.Parameter {
		parameters = append(parameters, *p.Name+" "+*p.Type+" "+*p.DefaultValue)
	}
	require.Equal(t, []string{"version String 1.0", "retries Number 3", "verbose Boolean false"}, parameters)
}

func TestContractComponentDefaults(t *testing.T) {
	c := emulate(t)
	nameless := c.component(t, componentOf("RUN true"))
	made := c.components(t, componentsOf(hangzhou).SetImageComponentId(dara.StringSlice([]string{nameless})))[0]
	require.Equal(t, []string{nameless, "Linux", "Build", "1.0.0"},
		[]string{*made.Name, *made.SystemType, *made.ComponentType, *made.ComponentVersion})

	for _, want := range []string{"1.0.0", "2.0.0"} {
		id := c.component(t, componentOf("RUN true").SetName("tools"))
		require.Equal(t, want, *c.components(t, componentsOf(hangzhou).SetImageComponentId(dara.StringSlice([]string{id})))[0].ComponentVersion)
	}
	c.component(t, componentOf("RUN true").SetName("tools").SetComponentVersion("7.1.3"))
	next := c.component(t, componentOf("RUN true").SetName("tools"))
	require.Equal(t, "8.0.0", *c.components(t, componentsOf(hangzhou).SetImageComponentId(dara.StringSlice([]string{next})))[0].ComponentVersion,
		"one above the highest major")
}

func TestContractDescribeImageComponentsFilters(t *testing.T) {
	c := emulate(t)
	one := c.component(t, componentOf("RUN true").SetName("tools").SetComponentVersion("1.0.0").SetResourceGroupId("rg-one"))
	two := c.component(t, componentOf("RUN true").SetName("tools").SetComponentVersion("1.1.0").
		SetTag([]*componentTag{new(componentTag).SetKey("team").SetValue("core")}))
	check := c.component(t, componentOf("RUN true").SetName("check").SetComponentType("Test"))
	windows := c.component(t, componentOf(`{"Tasks": [{"Name": "a", "Action": "Reboot"}]}`).SetName("win").SetSystemType("Windows"))

	for _, row := range []struct {
		claim  string
		change func(*componentsRequest)
		want   []string
	}{
		{"all", func(*componentsRequest) {}, []string{one, two, check, windows}},
		{"by ids", func(r *componentsRequest) { r.SetImageComponentId(dara.StringSlice([]string{one, check, "ic-none"})) }, []string{one, check}},
		{"by name", func(r *componentsRequest) { r.SetName("tools") }, []string{one, two}},
		{"by a part of the name", func(r *componentsRequest) { r.SetName("tool") }, nil},
		{"by version", func(r *componentsRequest) { r.SetName("tools").SetComponentVersion("1.1.0") }, []string{two}},
		{"by a pattern of versions", func(r *componentsRequest) { r.SetName("tools").SetComponentVersion("1.*.*") }, []string{one, two}},
		{"by a part of a version", func(r *componentsRequest) { r.SetName("tools").SetComponentVersion("1.0.*") }, []string{one}},
		{"by type", func(r *componentsRequest) { r.SetComponentType("Test") }, []string{check}},
		{"by system", func(r *componentsRequest) { r.SetSystemType("Windows") }, []string{windows}},
		{"by resource group", func(r *componentsRequest) { r.SetResourceGroupId("rg-one") }, []string{one}},
		{"by tag", func(r *componentsRequest) {
			r.Tag = []*ecs.DescribeImageComponentsRequestTag{new(ecs.DescribeImageComponentsRequestTag).SetKey("team").SetValue("core")}
		}, []string{two}},
		{"the caller's own", func(r *componentsRequest) { r.SetOwner("SELF") }, []string{one, two, check, windows}},
		{"of another region", func(r *componentsRequest) { r.SetRegionId("cn-beijing") }, nil},
	} {
		t.Run(row.claim, func(t *testing.T) {
			request := componentsOf(hangzhou)
			row.change(request)
			var got []string
			for _, one := range c.components(t, request) {
				got = append(got, *one.ImageComponentId)
			}
			require.ElementsMatch(t, row.want, got)
		})
	}
}

func TestContractDescribeImageComponentsPages(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	for n := range 7 {
		c.component(t, componentOf("RUN true").SetName(fmt.Sprint("component-", n)))
	}
	request := componentsOf(hangzhou).SetMaxResults(3)
	seen := map[string]bool{}
	for _, want := range []int{3, 3, 1} {
		answer, err := client.DescribeImageComponents(request)
		require.NoError(t, err)
		require.Equal(t, []int32{3, 7}, []int32{*answer.Body.MaxResults, *answer.Body.TotalCount})
		require.Len(t, answer.Body.ImageComponent.ImageComponentSet, want)
		require.Equal(t, want == 1, *answer.Body.NextToken == "", "the token ends with the list")
		for _, one := range answer.Body.ImageComponent.ImageComponentSet {
			seen[*one.Name] = true
		}
		request.SetNextToken(*answer.Body.NextToken)
	}
	require.Len(t, seen, 7)
	first, err := client.DescribeImageComponents(componentsOf(hangzhou))
	require.NoError(t, err)
	require.EqualValues(t, 50, *first.Body.MaxResults, "the default")
}

func TestContractCreateImageComponentRefusals(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	c.component(t, componentOf("RUN true").SetName("tools").SetComponentVersion("1.0.0"))
	rows := []refusal[componentRequest]{
		{"no region", func(r *componentRequest) { r.RegionId = nil },
			400, "MissingParameter", `The input parameter "RegionId" that is mandatory for processing this request is not supplied.`},
		{"an unknown region", func(r *componentRequest) { r.SetRegionId("mars-north-1") }, 404, "InvalidRegionId.NotFound", "%s"},
		{"a name that begins with a digit", func(r *componentRequest) { r.SetName("1st") }, 400, "InvalidName.Malformed", "%s"},
		{"a name of one letter", func(r *componentRequest) { r.SetName("a") }, 400, "InvalidName.Malformed", "%s"},
		{"a name of 129 letters", func(r *componentRequest) { r.SetName(strings.Repeat("a", 129)) }, 400, "InvalidName.Malformed", "%s"},
		{"a description of one letter", func(r *componentRequest) { r.SetDescription("d") }, 400, "InvalidDescription.Malformed", "%s"},
		{"a description that is a URL", func(r *componentRequest) { r.SetDescription("http://example.com") }, 400, "InvalidDescription.Malformed", "%s"},
		{"an unknown system", func(r *componentRequest) { r.SetSystemType("Plan9") }, 400, "InvalidSystemType.NotSupportedValue", "%s"},
		{"an unknown type", func(r *componentRequest) { r.SetComponentType("Deploy") }, 400, "InvalidComponentType.NotSupportedValue", "%s"},
		{"a version of two numbers", func(r *componentRequest) { r.SetComponentVersion("1.0") },
			400, "InvalidParameter.ComponentVersion", "The specified ComponentVersion is invalid."},
		{"a version that is taken", func(r *componentRequest) { r.SetName("tools").SetComponentVersion("1.0.0") },
			403, "InvalidComponentVersion.Exist", "The specified ComponentVersion does exist with the specified Name."},
		{"an unknown resource group", func(r *componentRequest) { r.SetResourceGroupId("golden") },
			404, "InvalidResourceGroup.NotFound", "The ResourceGroup provided does not exist in our records."},
		{"no content", func(r *componentRequest) { r.Content = nil }, 400, "MissingParameter.Content", "%s"},
		{"content above 16 KB", func(r *componentRequest) { r.SetContent("RUN echo " + strings.Repeat("镜", 16<<10/3)) },
			400, "InvalidContent.LengthExceeded", "%s"},
		{"128 commands", func(r *componentRequest) { r.SetContent(strings.Repeat("RUN true\n", 128)) },
			400, "InvalidImageTemplateCommandSize.ExceededMaxNumber", "%s"},
		{"line commands for Windows", func(r *componentRequest) { r.SetSystemType("Windows") },
			400, "InvalidImageTemplateCommand.NotSupported", "%s"},
		{"a token of 65 letters", func(r *componentRequest) { r.SetClientToken(strings.Repeat("t", 65)) },
			400, "InvalidClientToken.Malformed", "%s"},
		{"a reserved tag key", func(r *componentRequest) { r.Tag = []*componentTag{new(componentTag).SetKey("aliyun")} },
			400, "InvalidTagKey.Malformed", "%s"},
		{"a tag key twice", func(r *componentRequest) {
			r.Tag = []*componentTag{new(componentTag).SetKey("team"), new(componentTag).SetKey("team")}
		}, 400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."},
	}
	for _, bad := range badContents {
		rows = append(rows, refusal[componentRequest]{bad.claim, func(r *componentRequest) { r.SetContent(bad.content) },
			bad.status, bad.code, bad.message})
	}
	refuses(t, func() *componentRequest { return componentOf("RUN true") }, client.CreateImageComponent, rows)
	require.Len(t, c.components(t, componentsOf(hangzhou)), 1, "a refused call leaves nothing behind")
}

// badContents are faults of the command language, with the rows of CreateImageComponent.
var badContents = []struct {
	claim, content string
	status         int
	code, message  string
}{
	{"COMPONENT in a component", "COMPONENT ic-1", 400, "InvalidCommand.Component", "Image component does not support component command."},
	{"FROM in a component", "FROM m-1", 404, "NotSupportedCommand.FROM", "%s"},
	{"an unknown command", "EXPOSE 80", 400, "InvalidImageTemplateCommand.NotSupported", "%s"},
	{"RUN with an open quotation", `RUN echo "golden`, 400, "InvalidCommandContent.RUN", "%s"},
	{"ENV with a name alone", "ENV PATH", 400, "InvalidCommandContent.ENV", "%s"},
	{"WORKDIR with two paths", "WORKDIR /a /b", 400, "InvalidCommandContent.WORKDIR", "%s"},
	{"COPY without a target", "COPY a", 400, "InvalidCommandContent.COPY", "%s"},
	{"COPY of a URL with a query", "COPY https://example.com/a?b=c /a", 400, "InvalidCommandContent.COPY", "%s"},
	{"USER with two users", "USER a b", 400, "InvalidCommandContent.USER", "%s"},
	{"CMD with a broken list", `CMD ["a"`, 400, "InvalidCommandContent.CMD", "%s"},
	{"ENTRYPOINT with a broken list", `ENTRYPOINT ["a"`, 400, "InvalidCommandContent.ENTRYPOINT", "%s"},
	{"RUN alone", "RUN", 400, "EmptyCommandContent.RUN", "%s."},
	{"ENV alone", "ENV", 400, "EmptyCommandContent.ENV", "%s."},
	{"LABEL alone", "LABEL", 400, "EmptyCommandContent.LABEL", "%s."},
	{"COPY alone", "COPY", 400, "EmptyCommandContent.COPY", "%s."},
	{"ENTRYPOINT alone", "ENTRYPOINT", 400, "EmptyCommandContent.ENTRYPOINT", "%s."},
	{"CMD alone", "CMD", 400, "EmptyCommandContent.CMD", "%s."},
	{"WORKDIR alone", "WORKDIR", 400, "EmptyCommandContent.WORKDIR", "%s."},
	{"USER alone", "USER", 400, "EmptyCommandContent.USER", "%s."},
	{"RESTART with an argument", "RESTART now", 400, "NotEmptyCommandContent.RESTART", "%s."},
	{"a fault on a later line", "RUN true\nRUN", 400, "EmptyCommandContent.RUN", "%s."},
	{"broken YAML", "Tasks: [", 400, "InvalidParameter.Content", "%s."},
	{"YAML without a task", "Tasks: []", 400, "InvalidParameter.Content", "%s."},
	{"a task without its property", "Tasks:\n- {Name: a, Action: RunShellCommand}", 400, "InvalidParameter.Content", "%s."},
	{"an unknown action", "Tasks:\n- {Name: a, Action: RunPerl}", 400, "InvalidImageTemplateCommand.NotSupported", "%s"},
	{"an action of Windows", "Tasks:\n- {Name: a, Action: RunPowerShellCommand, Properties: {commandContent: dir}}",
		400, "InvalidImageTemplateCommand.NotSupported", "%s"},
	{"a parameter of an unknown type", "Parameters: {a: {Type: List}}\nTasks:\n- {Name: a, Action: Reboot}",
		400, "InvalidParameter.Content", "%s."},
	{"a reference to nothing", "Tasks:\n- {Name: a, Action: RunShellCommand, Properties: {commandContent: 'echo {{ version }}'}}",
		400, "InvalidParameter.Content", "%s."},
}

func TestContractGoodContents(t *testing.T) {
	c := emulate(t)
	for claim, content := range map[string]string{
		"every line command": "RUN true\nENV a b\nENV c=\"d e\"\nWORKDIR /opt\nCOPY https://example.com/a /opt/a\nUSER root\n" +
			"LABEL team=core\nCMD [\"a\", \"b\"]\nENTRYPOINT a b\nRESTART",
		"a continued line":      "RUN echo a \\\n  b",
		"127 commands":          strings.Repeat("RUN true\n", 127),
		"16 KB to the byte":     "RUN echo " + strings.Repeat("a", 16<<10-len("RUN echo ")),
		"braces that are shell": "RUN echo '{{ .Version }}'",
		"tasks in YAML":         taskDocument,
		"tasks in JSON":         `{"Tasks": [{"Name": "a", "Action": "RunShellCommand", "Properties": {"commandContent": "true"}}]}`,
	} {
		t.Run(claim, func(t *testing.T) { c.component(t, componentOf(content)) })
	}
	c.component(t, componentOf("Tasks:\n- {Name: a, Action: RunPowerShellCommand, Properties: {commandContent: dir}}").SetSystemType("Windows"))
}

func TestContractDescribeImageComponentsRefusals(t *testing.T) {
	client := emulate(t).ecs(t)
	refuses(t, func() *componentsRequest { return componentsOf(hangzhou) }, client.DescribeImageComponents, []refusal[componentsRequest]{
		{"no region", func(r *componentsRequest) { r.RegionId = nil }, 400, "MissingParameter", "%s"},
		{"21 ids", func(r *componentsRequest) {
			r.ImageComponentId = dara.StringSlice(strings.Fields(strings.Repeat("ic-1 ", 21)))
		}, 400, "InvalidImageComponentIdSize.ExceededMaxNumber", "%s"},
		{"an unknown owner", func(r *componentsRequest) { r.SetOwner("FRIENDS") },
			400, "InvalidParameter.Owner", `The specified parameter \"Owner\" is not valid.`},
		{"an unknown system", func(r *componentsRequest) { r.SetSystemType("Plan9") }, 400, "InvalidSystemType.NotSupportedValue", "%s."},
		{"an unknown type", func(r *componentsRequest) { r.SetComponentType("Deploy") }, 400, "InvalidComponentType.NotSupportedValue", "%s."},
		{"a version without a name", func(r *componentsRequest) { r.SetComponentVersion("1.0.0") },
			400, "InvalidParameter.ComponentVersion", "The specified ComponentVersion is invalid."},
		{"a version that is none", func(r *componentsRequest) { r.SetName("tools").SetComponentVersion("one") },
			400, "InvalidParameter.ComponentVersion", "The specified ComponentVersion is invalid."},
		{"a token that no page gave", func(r *componentsRequest) { r.SetNextToken("invented") },
			403, "Invalid.NextToken", "The specified NextToken is not valid."},
		{"501 results", func(r *componentsRequest) { r.SetMaxResults(501) }, 400, "", "%s"},
	})
}
