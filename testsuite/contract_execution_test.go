package testsuite

import (
	"slices"
	"strings"
	"testing"
	"time"

	ecs "github.com/alibabacloud-go/ecs-20140526/v7/client"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"
)

type (
	startRequest      = ecs.StartImagePipelineExecutionRequest
	startTag          = ecs.StartImagePipelineExecutionRequestTag
	stopRequest       = ecs.CancelImagePipelineExecutionRequest
	executionsRequest = ecs.DescribeImagePipelineExecutionsRequest
	execution         = *ecs.DescribeImagePipelineExecutionsResponseBodyImagePipelineExecutionImagePipelineExecutionSet
)

func startOf(pipelineID string) *startRequest {
	return new(startRequest).SetRegionId(hangzhou).SetImagePipelineId(pipelineID)
}

func stopOf(executionID string) *stopRequest {
	return new(stopRequest).SetRegionId(hangzhou).SetExecutionId(executionID)
}

func executionsOf(pipelineID string) *executionsRequest {
	return new(executionsRequest).SetRegionId(hangzhou).SetImagePipelineId(pipelineID)
}

// start runs a template and returns the execution's id.
func (c *emulated) start(t *testing.T, pipelineID string) string {
	t.Helper()
	answer, err := c.ecs(t).StartImagePipelineExecution(startOf(pipelineID))
	require.NoError(t, err)
	return *answer.Body.ExecutionId
}

func (c *emulated) execution(t *testing.T, id string) execution {
	t.Helper()
	answer, err := c.ecs(t).DescribeImagePipelineExecutions(new(executionsRequest).SetRegionId(hangzhou).SetExecutionId(id))
	require.NoError(t, err)
	require.Len(t, answer.Body.ImagePipelineExecution.ImagePipelineExecutionSet, 1)
	return answer.Body.ImagePipelineExecution.ImagePipelineExecutionSet[0]
}

// withoutImage are the states in which an execution has no image to name.
var withoutImage = []string{"PREPARING", "REPAIRING", "BUILDING", "CANCELLING", "CANCELLED"}

// course follows an execution to its end and returns its states in their order.
func (c *emulated) course(t *testing.T, id string) []string {
	t.Helper()
	var states []string
	for range 240 {
		now := c.execution(t, id)
		if !slices.Contains(states, *now.Status) {
			states = append(states, *now.Status)
		}
		require.Equal(t, *now.Status, states[len(states)-1], "no state comes back")
		require.Equal(t, slices.Contains(withoutImage, *now.Status), value(now.ImageId) == "", "the image in %s", *now.Status)
		if slices.Contains([]string{"SUCCESS", "CANCELLED"}, *now.Status) {
			return states
		}
		c.pass(15 * time.Second)
	}
	t.Fatalf("the execution did not end: %v", states)
	return nil
}

func TestContractAnExecutionRunsItsCourse(t *testing.T) {
	for _, row := range []struct {
		claim  string
		change func(*pipelineRequest)
		want   []string
	}{
		{"that only builds", func(*pipelineRequest) {}, []string{"PREPARING", "BUILDING", "RELEASING", "SUCCESS"}},
		{"that repairs", func(r *pipelineRequest) { r.SetRepairMode("Standard") },
			[]string{"PREPARING", "REPAIRING", "BUILDING", "RELEASING", "SUCCESS"}},
		{"that tests", func(r *pipelineRequest) { r.SetTestContent("RUN true") },
			[]string{"PREPARING", "BUILDING", "TESTING", "RELEASING", "SUCCESS"}},
		{"that copies", func(r *pipelineRequest) { r.SetToRegionId(dara.StringSlice([]string{hangzhou, "cn-beijing"})) },
			[]string{"PREPARING", "BUILDING", "DISTRIBUTING", "RELEASING", "SUCCESS"}},
		{"that shares", func(r *pipelineRequest) { r.SetAddAccount([]*int64{dara.Int64(123)}) },
			[]string{"PREPARING", "BUILDING", "DISTRIBUTING", "RELEASING", "SUCCESS"}},
		{"that does all of it", func(r *pipelineRequest) {
			r.SetRepairMode("Standard").SetTestContent("RUN true").SetToRegionId(dara.StringSlice([]string{"cn-beijing"}))
		}, []string{"PREPARING", "REPAIRING", "BUILDING", "TESTING", "DISTRIBUTING", "RELEASING", "SUCCESS"}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c := emulate(t)
			request := pipelineOn(*c.imported(t, importOfBase()).ImageId)
			row.change(request)
			id := c.start(t, c.pipeline(t, request))
			require.Equal(t, row.want, c.course(t, id))
			require.Equal(t, "Available", *c.image(t, hangzhou, *c.execution(t, id).ImageId).Status)
		})
	}
}

func TestContractStartImagePipelineExecution(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	pipelineID := c.pipeline(t, pipelineOn(*c.imported(t, importOfBase().SetPlatform("Debian")).ImageId).SetSystemDiskSize(60).
		SetToRegionId(dara.StringSlice([]string{"cn-beijing"})).
		SetImageOptions(new(pipelineImage).SetImageName("golden").SetImageFamily("golden-family").SetDescription("made by the contract").
			SetImageTags([]*pipelineImageTag{new(pipelineImageTag).SetKey("team").SetValue("core")})))
	answer, err := client.StartImagePipelineExecution(startOf(pipelineID).SetClientToken("token-1").
		SetTag([]*startTag{new(startTag).SetKey("kiln:token").SetValue("abc")}))
	require.NoError(t, err)
	requireFields(t, answer.Body, "RequestId ExecutionId")
	require.Regexp(t, requestID, *answer.Body.RequestId)
	require.Regexp(t, `^exec-[a-z0-9]+$`, *answer.Body.ExecutionId)

	id := *answer.Body.ExecutionId
	begun := c.execution(t, id)
	require.Empty(t, value(begun.ImageId), "there is no image yet")
	c.course(t, id)
	done := c.execution(t, id)
	requireFields(t, done, "ExecutionId ImagePipelineId Status Message ImageId CreationTime ModifiedTime ResourceGroupId Tags")
	require.Equal(t, pipelineID, *done.ImagePipelineId)
	require.Equal(t, "kiln:token=abc", *done.Tags.Tag[0].TagKey+"="+*done.Tags.Tag[0].TagValue)
	require.NotEqual(t, *begun.ModifiedTime, *done.ModifiedTime)
	require.Equal(t, *begun.CreationTime, *done.CreationTime)

	img := c.image(t, hangzhou, *done.ImageId)
	require.Equal(t, []string{"golden_" + id, "golden-family", "made by the contract", "Debian", "Available", "self"},
		[]string{*img.ImageName, *img.ImageFamily, *img.Description, *img.Platform, *img.Status, *img.ImageOwnerAlias})
	require.EqualValues(t, 60, *img.Size)
	require.Equal(t, "team=core", *img.Tags.Tag[0].TagKey+"="+*img.Tags.Tag[0].TagValue)
	copied, err := client.DescribeImages(imagesOf("cn-beijing").SetImageName("golden_" + id))
	require.NoError(t, err)
	require.Len(t, copied.Body.Images.Image, 1)

	child := pipelineOn("golden-family").SetBaseImageType("IMAGE_FAMILY")
	require.NotEmpty(t, c.start(t, c.pipeline(t, child)), "a family stands for its newest image")
}

func TestContractOneExecutionAtATime(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	base := *c.imported(t, importOfBase()).ImageId
	pipelineID := c.pipeline(t, pipelineOn(base))
	first := c.start(t, pipelineID)
	_, err := client.StartImagePipelineExecution(startOf(pipelineID))
	requireRefusal(t, refusalOf(t, err), 403, "InvalidImagePipeline.HasRunningExecution", "%s")
	require.NotEmpty(t, c.start(t, c.pipeline(t, pipelineOn(base))), "another template is free")

	_, err = client.CancelImagePipelineExecution(stopOf(first))
	require.NoError(t, err)
	_, err = client.StartImagePipelineExecution(startOf(pipelineID))
	requireRefusal(t, refusalOf(t, err), 403, "InvalidImagePipeline.HasRunningExecution", "%s")
	require.Equal(t, []string{"CANCELLING", "CANCELLED"}, c.course(t, first))
	second := c.start(t, pipelineID)
	require.NotEqual(t, first, second)
}

func TestContractCancelImagePipelineExecution(t *testing.T) {
	for _, state := range []string{"PREPARING", "REPAIRING", "BUILDING", "TESTING", "DISTRIBUTING", "RELEASING", "SUCCESS"} {
		t.Run(state, func(t *testing.T) {
			c := emulate(t)
			client := c.ecs(t)
			id := c.start(t, c.pipeline(t, pipelineOn(*c.imported(t, importOfBase()).ImageId).SetRepairMode("Standard").
				SetTestContent("RUN true").SetToRegionId(dara.StringSlice([]string{"cn-beijing"}))))
			for *c.execution(t, id).Status != state {
				c.pass(15 * time.Second)
			}
			answer, err := client.CancelImagePipelineExecution(stopOf(id))
			switch state {
			case "PREPARING", "REPAIRING", "BUILDING":
				require.NoError(t, err)
				requireFields(t, answer.Body, "RequestId")
				require.Equal(t, []string{"CANCELLING", "CANCELLED"}, c.course(t, id))
				_, err = client.CancelImagePipelineExecution(stopOf(id))
				requireRefusal(t, refusalOf(t, err), 400, "InvalidStatus.CancelFailed",
					"Failed to cancel execution,status is success, failed or cancelled.")
			case "SUCCESS":
				requireRefusal(t, refusalOf(t, err), 400, "InvalidStatus.CancelFailed",
					"Failed to cancel execution,status is success, failed or cancelled.")
			default:
				requireRefusal(t, refusalOf(t, err), 403, "InvalidStatus.ImagePipelineExecution", "%s")
			}
		})
	}
}

func TestContractDescribeImagePipelineExecutions(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	base := *c.imported(t, importOfBase()).ImageId
	pipelineID := c.pipeline(t, pipelineOn(base))
	done := c.start(t, pipelineID)
	c.course(t, done)
	begun, err := client.StartImagePipelineExecution(startOf(pipelineID).
		SetTag([]*startTag{new(startTag).SetKey("team").SetValue("core")}))
	require.NoError(t, err)
	running := *begun.Body.ExecutionId

	for _, row := range []struct {
		claim  string
		change func(*executionsRequest)
		want   []string
	}{
		{"of a template", func(*executionsRequest) {}, []string{done, running}},
		{"by id alone", func(r *executionsRequest) { r.SetExecutionId(done).ImagePipelineId = nil }, []string{done}},
		{"by id and template", func(r *executionsRequest) { r.SetExecutionId(running) }, []string{running}},
		{"that ended well", func(r *executionsRequest) { r.SetStatus("SUCCESS") }, []string{done}},
		{"in one of two states", func(r *executionsRequest) { r.SetStatus("PREPARING,BUILDING") }, []string{running}},
		{"that failed", func(r *executionsRequest) { r.SetStatus("FAILED,TEST_FAILED,PARTITION_SUCCESS") }, nil},
		{"by tag", func(r *executionsRequest) {
			r.Tag = []*ecs.DescribeImagePipelineExecutionsRequestTag{
				new(ecs.DescribeImagePipelineExecutionsRequestTag).SetKey("team").SetValue("core")}
		}, []string{running}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			request := executionsOf(pipelineID)
			row.change(request)
			answer, err := client.DescribeImagePipelineExecutions(request)
			require.NoError(t, err)
			requireFields(t, answer.Body, "RequestId MaxResults NextToken TotalCount ImagePipelineExecution")
			require.EqualValues(t, len(row.want), *answer.Body.TotalCount)
			var got []string
			for _, one := range answer.Body.ImagePipelineExecution.ImagePipelineExecutionSet {
				got = append(got, *one.ExecutionId)
			}
			require.ElementsMatch(t, row.want, got)
		})
	}
	first, err := client.DescribeImagePipelineExecutions(executionsOf(pipelineID).SetMaxResults(1))
	require.NoError(t, err)
	require.NotEmpty(t, *first.Body.NextToken)
	second, err := client.DescribeImagePipelineExecutions(executionsOf(pipelineID).SetMaxResults(1).SetNextToken(*first.Body.NextToken))
	require.NoError(t, err)
	require.Empty(t, *second.Body.NextToken)
}

func TestContractExecutionRefusals(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	pipelineID := c.pipeline(t, pipelineOn(*c.imported(t, importOfBase()).ImageId))
	id := c.start(t, c.pipeline(t, pipelineOn(*c.imported(t, importOfBase()).ImageId)))

	t.Run("Start", func(t *testing.T) {
		refuses(t, func() *startRequest { return startOf(pipelineID) }, client.StartImagePipelineExecution, []refusal[startRequest]{
			{"no region", func(r *startRequest) { r.RegionId = nil }, 400, "MissingParameter", "%s"},
			{"an unknown region", func(r *startRequest) { r.SetRegionId("mars-north-1") }, 404, "InvalidRegionId.NotFound", "%s"},
			{"no template", func(r *startRequest) { r.ImagePipelineId = nil }, 400, "MissingParameter", "%s"},
			{"an unknown template", func(r *startRequest) { r.SetImagePipelineId("ip-none") }, 404, "InvalidImagePipeline.NotFound", "%s"},
			{"a template of another region", func(r *startRequest) { r.SetRegionId("cn-beijing") }, 404, "InvalidImagePipeline.NotFound", "%s"},
			{"a token of 65 letters", func(r *startRequest) { r.SetClientToken(strings.Repeat("t", 65)) },
				400, "InvalidClientToken.Malformed", "%s"},
			{"a tag key twice", func(r *startRequest) {
				r.Tag = []*startTag{new(startTag).SetKey("team"), new(startTag).SetKey("team")}
			}, 400, "Duplicate.TagKey", "The Tag.N.Key contain duplicate key."},
			{"a reserved tag key", func(r *startRequest) { r.Tag = []*startTag{new(startTag).SetKey("aliyun")} },
				400, "InvalidTagKey.Malformed", tagKeyText},
			{"a tag value that is a URL", func(r *startRequest) { r.Tag = []*startTag{new(startTag).SetKey("a").SetValue("http://b")} },
				400, "InvalidTagValue.Malformed", tagValueText},
		})
	})
	t.Run("Cancel", func(t *testing.T) {
		refuses(t, func() *stopRequest { return stopOf(id) }, client.CancelImagePipelineExecution, []refusal[stopRequest]{
			{"no region", func(r *stopRequest) { r.RegionId = nil }, 400, "MissingParameter", "%s"},
			{"no execution", func(r *stopRequest) { r.ExecutionId = nil }, 400, "MissingParameter", "%s"},
			{"an unknown execution", func(r *stopRequest) { r.SetExecutionId("exec-none") },
				404, "InvalidImagePipelineExecution.NotFound", "The specified image pipeline execution does not exist!"},
		})
	})
	t.Run("Describe", func(t *testing.T) {
		refuses(t, func() *executionsRequest { return executionsOf(pipelineID) }, client.DescribeImagePipelineExecutions,
			[]refusal[executionsRequest]{
				{"no region", func(r *executionsRequest) { r.RegionId = nil }, 400, "MissingParameter", "%s"},
				{"neither template nor execution", func(r *executionsRequest) { r.ImagePipelineId = nil },
					400, "MissingParameter.ImagePipelineId", "The specified parameter ImagePipelineId should not be empty."},
				{"an unknown template", func(r *executionsRequest) { r.SetImagePipelineId("ip-none") }, 404, "InvalidImagePipeline.NotFound", "%s"},
				{"an unknown status", func(r *executionsRequest) { r.SetStatus("SUCCESS,PARTIAL_SUCCESS") }, 400, "InvalidParameter.Status", "%s"},
				{"a token that no page gave", func(r *executionsRequest) { r.SetNextToken("invented") },
					403, "Invalid.NextToken", "The specified NextToken is not valid."},
				{"501 results", func(r *executionsRequest) { r.SetMaxResults(501) }, 400, "", "%s"},
			})
	})
}

// What a template needs is looked at again when it starts.
func TestContractStartLooksAgain(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	t.Run("at the name of the image", func(t *testing.T) {
		fixed := pipelineOn(*c.imported(t, importOfBase()).ImageId).
			SetAdvancedOptions(new(pipelineAdvanced).SetImageNameSuffix("disable"))
		fixed.ImageOptions.SetImageName("golden-fixed")
		pipelineID := c.pipeline(t, fixed)
		first := c.start(t, pipelineID)
		_, err := client.ImportImage(importOfBase().SetImageName("golden-fixed"))
		requireRefusal(t, refusalOf(t, err), 400, "InvalidImageName.Duplicated", "The destination image is exist.")
		c.course(t, first)
		require.Equal(t, "golden-fixed", *c.image(t, hangzhou, *c.execution(t, first).ImageId).ImageName)
		_, err = client.StartImagePipelineExecution(startOf(pipelineID))
		requireRefusal(t, refusalOf(t, err), 400, "InvalidImageName.Duplicated", "The specified image name is already in use.")
	})
	t.Run("at the object", func(t *testing.T) {
		c.put(t, "short-lived.raw", make([]byte, 1<<20))
		r := pipelineFromOSS()
		r.ImportImageOptions.DiskDeviceMappings[0].SetOSSObject("short-lived.raw")
		pipelineID := c.pipeline(t, r)
		c.drop(t, "short-lived.raw")
		_, err := client.StartImagePipelineExecution(startOf(pipelineID))
		requireRefusal(t, refusalOf(t, err), 404, "InvalidImagePipeline.OSSObjectNotFound",
			"The ImportImageOptions.DiskDeviceMappings.OSSObject of the specified ImagePipeline is not found in this region.")
	})
}

func TestContractAnExecutionFromOSS(t *testing.T) {
	c := emulate(t)
	r := pipelineFromOSS()
	r.ImportImageOptions.SetPlatform("Debian")
	id := c.start(t, c.pipeline(t, r))
	require.Equal(t, []string{"PREPARING", "BUILDING", "RELEASING", "SUCCESS"}, c.course(t, id))
	require.Equal(t, "Debian", *c.image(t, hangzhou, *c.execution(t, id).ImageId).Platform)
}
