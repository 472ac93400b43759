package emulator

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// inABuild are conditions that make a call of a good build answer with a row, beginning
// with that call. They are the last column of the table of causes.
var inABuild = []struct {
	api, code, words string
	conditions       Conditions
}{
	{"ImportImage", "Forbbiden", "", Conditions{Forbid: map[string]Denial{"ImportImage": DeniedToAccount}}},
	{"ImportImage", "InvalidImageName.Duplicated", "", Conditions{TakenNames: []string{"*"}}},
	{"ImportImage", "RegionId.NotFound", "", Conditions{OldAnswers: true, Regions: map[string]Region{"cn-hangzhou": {Closed: true}}}},
	{"ImportImage", "ImageIsImporting", "", objects(Object{Importing: true})},
	{"ImportImage", "InvalidRegion.NotSupport", "", Conditions{Regions: map[string]Region{"cn-hangzhou": {NoImport: true}}}},
	{"ImportImage", "QuotaExceed.Image", "", Conditions{Quotas: map[string]int{"images": 0}}},
	{"ImportImage", "QuotaExceed.Snapshot", "", Conditions{Quotas: map[string]int{"snapshots": 0}}},

	{makeComponent, "QuotaExceed.ImageComponent", "", Conditions{Quotas: map[string]int{"components": 0}}},
	{makeComponent, "InvalidImage.OsTypeUnsupported", "", Conditions{NotBuildable: []string{"Linux", "Windows"}}},
	{makeComponent, "InvalidComponentVersion.Exist", "", Conditions{TakenNames: []string{"*/*"}}},
	{makeComponent, "InvalidOperation.NoPermissionCreateServiceLinkedRole", "", Conditions{Roles: Roles{ServiceLinked: "forbidden"}}},
	{makeComponent, "InvalidResourceGroup.NotFound", "", Conditions{Known: Known{ResourceGroups: []string{"rg-none"}}}},

	{startPipeline, "InvalidImage.OsTypeUnsupported", "", Conditions{NotBuildable: []string{"Linux", "Windows"}}},
	{startPipeline, "InvalidImageName.Duplicated", "", Conditions{TakenNames: []string{"*"}}},
	{startPipeline, "StartImagePipelineExecution.Failed", "", Conditions{Maintenance: []string{startPipeline}}},
	{startPipeline, "InvalidImagePipeline.NotFound", "", Conditions{Status: map[string]string{"ip-*": gone}}},
	{startPipeline, "InvalidInstanceType.NotFound", "", Conditions{Known: Known{InstanceTypes: []string{"ecs.none.large"}}}},
	{startPipeline, "InvalidVSwitchId.NotFound", "", Conditions{Known: Known{VSwitches: []string{"vsw-none"}}}},
	{startPipeline, "InvalidRegionId.NotFound", "", Conditions{Regions: map[string]Region{"cn-hangzhou": {Closed: true}}}},
	{startPipeline, "InvalidImage.NotFound", "", Conditions{Status: map[string]string{"m-*": "UnAvailable"}}},
	{startPipeline, "ImageComponent.NotFound", "", Conditions{Status: map[string]string{"ic-*": gone}}},
	{startPipeline, "InvalidImagePipeline.BaseImageNotFound", "", Conditions{Status: map[string]string{"m-*": gone}}},

	{batchCreate, "InvalidEcsImageId", "does not exist", Conditions{Status: map[string]string{"m-*": gone}}},
	{batchCreate, "InvalidEcsImageId", "not available", Conditions{Status: map[string]string{"m-*": "Creating"}}},
	{batchCreate, "InvalidEcsImageId", "share Image Quota", Conditions{Quotas: map[string]int{"sharedImages": 0}}},
	{batchCreate, "InvalidRoleArn", "created", Conditions{Roles: Roles{BatchCompute: "missing"}}},
	{batchCreate, "InvalidRoleArn", "have access", Conditions{Roles: Roles{BatchCompute: "cannotShare"}}},
	{batchCreate, "QuotaExhausted.MaxImageCount", "", Conditions{Quotas: map[string]int{"batchComputeImages": 0}}},
}

// conditions are those that raise the row in a good build, as JSON; empty when it takes
// more than conditions.
func (c cause) conditions(t *testing.T) string {
	t.Helper()
	for _, row := range inABuild {
		if row.api == c.api && row.code == c.code && row.words == c.words {
			row.conditions.Begin = row.api
			text, err := json.Marshal(row.conditions)
			require.NoError(t, err)
			return string(text)
		}
	}
	return ""
}

// TestConditionsRaiseRowsInABuild makes the calls of a build, each as it should be, and
// wants the first refusal from the action of the row.
func TestConditionsRaiseRowsInABuild(t *testing.T) {
	tested := 0
	for _, row := range documentRows() {
		cause, _ := causeOf(row)
		text := cause.conditions(t)
		if text == "" {
			continue
		}
		tested++
		t.Run(row.Document+" "+row.Code+" "+cause.words, func(t *testing.T) {
			c := newCloud(t)
			conditions, err := ReadConditions([]byte(text))
			require.NoError(t, err)
			c.set(conditions)
			api, refused := c.build()
			require.Equal(t, row.API, api, "%s", refused.raw)
			requireRow(t, row, refused)
		})
	}
	require.GreaterOrEqual(t, tested, len(inABuild), "each is of a row")
}

// build makes the calls of a build and returns the first that is refused.
func (c *cloud) build() (api string, refused result) {
	group := args{"ResourceGroupId": "rg-1"}
	imported := c.ecs("ImportImage", importArgs.with("ResourceGroupId", "rg-1"))
	if imported.Status >= 300 {
		return "ImportImage", imported
	}
	c.clock.pass(20 * time.Minute)
	piece := c.ecs(makeComponent, group.with("Name", "agent", "ComponentVersion", "1.0.0", "Content", "RUN true"))
	if piece.Status >= 300 {
		return makeComponent, piece
	}
	template := c.ecs(makePipeline, machineArgs.with("BaseImage", imported.text("ImageId"),
		"BuildContent", "COMPONENT "+piece.text("ImageComponentId"), "AdvancedOptions.ImageNameSuffix", "disable"))
	if template.Status >= 300 {
		return makePipeline, template
	}
	started := c.ecs(startPipeline, args{"ImagePipelineId": template.text("ImagePipelineId")})
	if started.Status >= 300 {
		return startPipeline, started
	}
	c.clock.pass(time.Hour)
	found := c.ecs("DescribeImagePipelineExecutions", args{"ExecutionId": started.text("ExecutionId")}).ok()
	made := found.text("ImagePipelineExecution", "ImagePipelineExecutionSet", 0, "ImageId")
	return batchCreate, c.batch("POST", "/images", batchBody(made))
}
