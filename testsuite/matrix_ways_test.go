package testsuite

import (
	"strconv"
	"strings"
	"time"

	openapiutil "github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
	"github.com/seed1230462e/kiln/internal/spec"
)

// way is how a row comes about by itself: by what the document asks for, what is there
// before the build, and the state of the account and the services.
type way struct {
	api, code, says string // says is a part of the documented message, where a code has several
	because         string
	document        string // default golden
	state           emulator.Conditions
	after           emulator.Conditions // five minutes later
	before          func(y *yard) (document string)
	never           string // what a failure says of a conflict that will not clear; empty: it clears
}

// ways are those that a valid document leaves open. The other rows are malformed requests
// that Kiln never sends.
var ways = []way{
	{api: "ImportImage", code: "Forbbiden", because: "the account may not import",
		state: emulator.Conditions{Forbid: map[string]emulator.Denial{"ImportImage": emulator.DeniedToAccount}}},
	{api: "ImportImage", code: "IncorrectImageStatus", because: "the image of that name is Waiting", before: anotherImage,
		state: emulator.Conditions{Status: map[string]string{"m-*": "Waiting"}},
		after: emulator.Conditions{Status: map[string]string{"m-bp1000000000001": "none"}}},
	{api: "ImportImage", code: "IncorrectImageStatus", because: "the image of that name is UnAvailable", before: anotherImage,
		state: emulator.Conditions{Status: map[string]string{"m-*": "UnAvailable"}},
		never: "Image m-bp1000000000001 is UnAvailable"},
	{api: "ImportImage", code: "RegionId.NotFound", because: "the region is closed",
		state: emulator.Conditions{OldAnswers: true, Regions: map[string]emulator.Region{hangzhou: {Closed: true}}}},
	{api: "ImportImage", code: "ImageIsImporting", because: "somebody imports the same object",
		state: emulator.Conditions{OSS: emulator.OSS{Objects: map[string]emulator.Object{"*": {Importing: true}}}}},
	{api: "ImportImage", code: "InvalidRegion.NotSupport", because: "the region imports nothing",
		state: emulator.Conditions{Regions: map[string]emulator.Region{hangzhou: {NoImport: true}}}},
	{api: "ImportImage", code: "QuotaExceed.Image", because: "the quota of images is used up",
		state: emulator.Conditions{Quotas: map[string]int{"images": 0}}},
	{api: "ImportImage", code: "QuotaExceed.Snapshot", because: "the quota of snapshots is used up",
		state: emulator.Conditions{Quotas: map[string]int{"snapshots": 0}}},

	{api: "CreateImageComponent", code: "QuotaExceed.ImageComponent", because: "the quota of components is used up",
		state: emulator.Conditions{Quotas: map[string]int{"components": 0}}},
	{api: "CreateImageComponent", code: "InvalidImage.OsTypeUnsupported", because: "Image Builder does not build the system",
		state: emulator.Conditions{NotBuildable: []string{"Linux"}}},
	{api: "CreateImageComponent", code: "InvalidOperation.NoPermissionCreateServiceLinkedRole", because: "the service-linked role is missing",
		state: emulator.Conditions{Roles: emulator.Roles{ServiceLinked: "forbidden"}}},
	{api: "CreateImageComponent", code: "InvalidResourceGroup.NotFound", because: "the resource group does not exist",
		document: strings.Replace(golden, `"name": "nginx"`, `"name": "nginx", "resourceGroupId": "rg-gone0000000000"`, 1),
		state:    emulator.Conditions{Known: emulator.Known{ResourceGroups: []string{"rg-other000000000"}}}},

	{api: starts, code: "InvalidImagePipeline.NotFound", because: "the template does not exist", document: running("ip-gone")},
	{api: starts, code: "InvalidImagePipeline.HasRunningExecution", because: "somebody else runs the template", before: busyTemplate},
	{api: starts, code: "InvalidImage.OsTypeUnsupported", because: "Image Builder no longer builds the system",
		state: from(starts, emulator.Conditions{NotBuildable: []string{"Linux"}})},
	{api: starts, code: "InvalidInstanceType.NotFound", because: "the instance type has gone", document: template(`"instanceType": "ecs.g7.large"`),
		state: from(starts, emulator.Conditions{Known: emulator.Known{InstanceTypes: []string{"ecs.g9.large"}}})},
	{api: starts, code: "InvalidVSwitchId.NotFound", because: "the switch has gone", document: template(`"vSwitchId": "vsw-bp1000000000000gone"`),
		state: from(starts, emulator.Conditions{Known: emulator.Known{VSwitches: []string{"vsw-bp10000000000other"}}})},
	{api: starts, code: "InvalidRegionId.NotFound", because: "the region has closed",
		state: from(starts, emulator.Conditions{Regions: map[string]emulator.Region{hangzhou: {Closed: true}}})},
	{api: starts, code: "InvalidImage.NotFound", because: "the base image has become UnAvailable",
		state: from(starts, emulator.Conditions{Status: map[string]string{"m-*": "UnAvailable"}})},
	{api: starts, code: "InvalidImagePipeline.BaseImageNotFound", because: "the base image was deleted",
		state: from(starts, emulator.Conditions{Status: map[string]string{"m-*": "none"}})},
	{api: starts, code: "ImageComponent.NotFound", because: "the component was deleted",
		state: from(starts, emulator.Conditions{Status: map[string]string{"ic-*": "none"}})},
	{api: starts, code: "StartImagePipelineExecution.Failed", because: "the service is being maintained",
		state: emulator.Conditions{Maintenance: []string{starts}}},
	{api: starts, code: "InvalidImagePipeline.OSSObjectNotAuthorized", because: "the object of the template is denied", before: templateFromOSS,
		state: objects(emulator.Object{Denied: true})},
	{api: starts, code: "InvalidImagePipeline.OSSObjectNeedRestore", because: "the object of the template is archived", before: templateFromOSS,
		state: objects(emulator.Object{Archived: true})},
	{api: starts, code: "InvalidImagePipeline.OSSObjectNotFound", because: "the bucket of the template is in another region", before: templateFromOSS,
		state: from(starts, emulator.Conditions{OSS: emulator.OSS{Buckets: map[string]emulator.Bucket{"*": {Region: "cn-shanghai"}}}})},
	{api: starts, code: "InvalidOperation.NoRightAccessOSS", because: "the import role was deleted", before: templateFromOSS,
		state: from(starts, emulator.Conditions{Roles: emulator.Roles{ImageImport: "missing"}})},

	{api: registers, code: "InvalidEcsImageId", says: "does not exist", because: "the image was deleted",
		state: from(registers, emulator.Conditions{Status: map[string]string{"m-*": "none"}})},
	{api: registers, code: "InvalidEcsImageId", says: "not available", because: "the image is being worked on",
		state: from(registers, emulator.Conditions{Status: map[string]string{"m-*": "Creating"}})},
	{api: registers, code: "InvalidEcsImageId", says: "not available", because: "the image is CreateFailed",
		state: from(registers, emulator.Conditions{Status: map[string]string{"m-*": "CreateFailed"}}),
		never: "Image m-bp1000000000002 is CreateFailed"},
	{api: registers, code: "InvalidEcsImageId", says: "not available", because: "the image is UnAvailable",
		state: from(registers, emulator.Conditions{Status: map[string]string{"m-*": "UnAvailable"}}),
		never: "Image m-bp1000000000002 is UnAvailable"},
	{api: registers, code: "InvalidEcsImageId", says: "not available", because: "the image is Deprecated",
		state: from(registers, emulator.Conditions{Status: map[string]string{"m-*": "Deprecated"}}),
		never: "Image m-bp1000000000002 is Deprecated"},
	{api: registers, code: "InvalidEcsImageId", says: "share Image Quota", because: "the quota of shares is used up",
		state: emulator.Conditions{Quotas: map[string]int{"sharedImages": 0}}},
	{api: registers, code: "InvalidRoleArn", says: "created", because: "the role of Batch Compute is missing",
		state: emulator.Conditions{Roles: emulator.Roles{BatchCompute: "missing"}}},
	{api: registers, code: "InvalidRoleArn", says: "have access", because: "the role of Batch Compute may not share images",
		state: emulator.Conditions{Roles: emulator.Roles{BatchCompute: "cannotShare"}}},
	{api: registers, code: "QuotaExhausted.MaxImageCount", because: "the quota of registered images is used up",
		state: emulator.Conditions{Quotas: map[string]int{"batchComputeImages": 0}}},
}

const (
	starts    = "StartImagePipelineExecution"
	registers = "BatchCompute.CreateImage"
)

// waysOf are the ways of a row, with one for each fault of a component's content.
func waysOf(e errcode.Entry) []way {
	var fitting []way
	for _, w := range ways {
		if w.api == e.API && w.code == e.Code && strings.Contains(e.Message, w.says) {
			fitting = append(fitting, w)
		}
	}
	for _, bad := range badContents {
		if e.API == "CreateImageComponent" && bad.code == e.Code {
			fitting = append(fitting, way{api: e.API, code: e.Code, because: bad.claim,
				document: strings.Replace(golden, `"RUN true"`, strconv.Quote(bad.content), 1)})
		}
	}
	return fitting
}

// early tells whether Kiln finds the fault in the document and calls nobody.
func (w way) early() bool {
	_, err := spec.Read("document", []byte(w.document), spec.Options{})
	return w.document != "" && err != nil
}

// enter brings the cloud into the state and returns the document.
func (y *yard) enter(w way) string {
	document := w.document
	if document == "" {
		document = golden
	}
	if w.before != nil {
		document = w.before(y)
	}
	require.NoError(y.t, y.server.Set(w.state))
	return document
}

// from is a state that begins with the next call of an action.
func from(action string, state emulator.Conditions) emulator.Conditions {
	state.Begin = action
	return state
}

func objects(state emulator.Object) emulator.Conditions {
	return from(starts, emulator.Conditions{OSS: emulator.OSS{Objects: map[string]emulator.Object{"*": state}}})
}

// template is golden with a field of its template.
func template(field string) string {
	return strings.Replace(golden, `"components"`, `"template": {`+field+`}, "components"`, 1)
}

// running is a document that runs an existing template and registers the image.
func running(pipelineID string) string {
	return `{"name": "golden", "region": "cn-hangzhou", "template": {"id": "` + pipelineID + `"},
		"batchCompute": {"name": "golden", "platform": "Linux"}, "timeouts": {"conflict": "10m"}}`
}

const otherOwner = "somebody-else"

// anotherImage has the name that the build's import wants.
func anotherImage(y *yard) string {
	_, err := y.cloud.ImportImage(y.t.Context(), alicloud.ImportImageRequest{
		Region: hangzhou, ImageName: "golden-base", Disks: diskOfBase, Tags: alicloud.Tags{"kiln:build": otherOwner},
	})
	require.NoError(y.t, err)
	time.Sleep(2 * time.Minute)
	return golden
}

// anotherTemplate builds on an image of the system.
func anotherTemplate(y *yard) string {
	id, err := y.cloud.CreatePipeline(y.t.Context(), alicloud.CreatePipelineRequest{
		Region: hangzhou, Name: "shared", BaseImageType: "IMAGE", BaseImage: "m-bp1kilnubuntu2404x64", BuildContent: "RUN true",
	})
	require.NoError(y.t, err)
	return id
}

// busyTemplate is run by another build.
func busyTemplate(y *yard) string {
	id := anotherTemplate(y)
	_, err := y.cloud.StartExecution(y.t.Context(), alicloud.StartExecutionRequest{
		Region: hangzhou, PipelineID: id, Tags: alicloud.Tags{"kiln:build": otherOwner},
	})
	require.NoError(y.t, err)
	return running(id)
}

// templateFromOSS imports its base each time that it runs.
func templateFromOSS(y *yard) string {
	client, err := ecs.NewClient(&openapiutil.Config{
		AccessKeyId: dara.String("kiln-dev"), AccessKeySecret: dara.String("kiln-dev-secret"), RegionId: dara.String(hangzhou),
		Endpoint: dara.String("cloud.test"), Protocol: dara.String("HTTP"), HttpClient: y.network,
	})
	require.NoError(y.t, err)
	answer, err := client.CreateImagePipeline(pipelineFromOSS())
	require.NoError(y.t, err)
	return running(*answer.Body.ImagePipelineId)
}
