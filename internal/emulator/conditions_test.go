package emulator

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFlowControlCountsByActionAndMinute(t *testing.T) {
	c := newCloud(t)
	c.set(Conditions{Flow: Flow{Limits: map[string]int{"*": 2, "DescribeImages": 1, "CreateImageComponent": 0}}})
	throttled := func(r result) bool {
		t.Helper()
		if r.Status == 200 {
			return false
		}
		r.refused(400, "Throttling")
		return true
	}
	c.clock.pass(15 * time.Second)
	got := ""
	for range 3 {
		for _, action := range []string{"DescribeTasks", "DescribeImages", "DescribeRegions"} {
			got += map[bool]string{true: "x", false: "."}[throttled(c.ecs(action, args{}))]
		}
	}
	require.Equal(t, "....x.xxx", got)
	r := c.ecs("CreateImageComponent", componentArgs)
	require.True(t, throttled(r), "0 is none at all")
	require.Equal(t, "45000", r.Header.Get("x-acs-retry-after"))
	require.False(t, throttled(c.ecs("DescribeTasks", args{"RegionId": "cn-beijing"})), "regions count by themselves")
	c.clock.pass(45 * time.Second)
	require.False(t, throttled(c.ecs("DescribeTasks", args{})), "the next minute")

	c.set(Conditions{Flow: Flow{Limits: map[string]int{"BatchCompute.ListImages": 1}, Code: "Throttling.User", Silent: true}})
	c.batch("GET", "/images", "").ok()
	c.clock.pass(time.Second) // another date, so that it is another request
	r = c.batch("GET", "/images", "")
	r.refused(400, "Throttling.User")
	require.Empty(t, r.Header.Get("x-acs-retry-after"))
}

func TestWhatIsNewIsNotListedAtOnce(t *testing.T) {
	for _, lag := range []Conditions{
		{ListLag: Duration(time.Minute)}, {ListLagReal: Duration(time.Minute)}, {ListLag: Duration(time.Second), ListLagReal: Duration(time.Minute)},
	} {
		c := newCloud(t)
		imageID := c.imported(importArgs)
		c.set(lag)
		task := c.ecs("ImportImage", importArgs.with("ImageName", "other")).ok().text("TaskId")
		c.component()
		pipelineID := c.pipeline()
		execution := c.start(pipelineID)
		registered := c.batch("POST", "/images", batchBody(imageID)).text("Id")
		look := func() []any {
			return []any{
				c.ecs("DescribeTasks", args{}).at("TotalCount"),
				c.ecs("DescribeTaskAttribute", args{"TaskId": task}).Status,
				c.ecs("DescribeImages", args{"Status": "Creating"}).at("TotalCount"),
				c.ecs("DescribeImageComponents", args{}).at("TotalCount"),
				c.ecs("DescribeImagePipelines", args{}).at("TotalCount"),
				c.ecs("DescribeImagePipelineExecutions", args{"ExecutionId": execution}).at("TotalCount"),
				c.ecs("DescribeImagePipelineExecutions", args{"ImagePipelineId": pipelineID}).Status,
				len(c.batch("GET", "/images", "").at("Items").([]any)),
				c.batch("GET", "/images/"+registered, "").Status,
			}
		}
		require.Equal(t, []any{1.0, 400, 0.0, 0.0, 0.0, 0.0, 404, 0, 404}, look())
		c.ecs("ImportImage", importArgs.with("ImageName", "other")).refused(400, "InvalidImageName.Duplicated")
		c.clock.pass(time.Minute)
		require.Equal(t, []any{2.0, 200, 1.0, 1.0, 1.0, 1.0, 200, 1, 200}, look())
	}
}

func TestConditionsThatBeginWithAnAction(t *testing.T) {
	c := newCloud(t)
	c.set(Conditions{Begin: "StartImagePipelineExecution", Forbid: map[string]Denial{"*": DeniedByRAM}})
	id := c.pipeline()
	c.ecs("DescribeTasks", args{}).ok()
	require.Equal(t, "StartImagePipelineExecution", c.server.Conditions().Begin)
	c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": id}).refused(403, "Forbidden.RAM")
	c.ecs("DescribeTasks", args{}).refused(403, "Forbidden.RAM")
	c.set(Conditions{})
	c.ecs("DescribeTasks", args{}).ok()
}

func TestForbiddenByRAMSaysWhat(t *testing.T) {
	c := newCloud(t)
	c.set(Conditions{Forbid: map[string]Denial{"*": DeniedByRAM}})
	r := c.ecs("DescribeTasks", args{})
	require.Equal(t, "ecs:DescribeTasks", r.text("AccessDeniedDetail", "AuthAction"))
	require.Equal(t, "ImplicitDeny", r.text("AccessDeniedDetail", "NoPermissionType"))
}

func TestAStatusThatIsHeld(t *testing.T) {
	c := newCloud(t)
	task := c.ecs("ImportImage", importArgs).ok()
	status := func() string {
		return c.ecs("DescribeTaskAttribute", args{"TaskId": task.text("TaskId")}).ok().text("TaskStatus")
	}
	id := task.text("TaskId")
	c.set(Conditions{Status: map[string]string{"t-*": "Paused", id[:len(id)-1] + "*": "Lost", id: "Thinking", "*": "Lost"}})
	require.Equal(t, "Thinking", status(), "the id counts")
	c.set(Conditions{Status: map[string]string{"t-*": "Thinking", "*": "Lost"}})
	require.Equal(t, "Thinking", status(), "the longest beginning counts")
	c.clock.pass(time.Hour)
	require.Equal(t, "Thinking", status())
	c.set(Conditions{})
	require.Equal(t, "Finished", status())
	c.set(Conditions{Status: map[string]string{"m-*": "none"}})
	require.Zero(t, c.ecs("DescribeImages", args{}).at("TotalCount"), "not even those of the system")
}

func TestAnotherRoleThanTheDefaultOne(t *testing.T) {
	c := newCloud(t)
	c.set(Conditions{Roles: Roles{ImageImport: "missing"}})
	c.ecs("ImportImage", importArgs.with("RoleName", defaultImportRole)).refused(403, "NoSetRoletoECSServiceAcount")
	c.ecs("ImportImage", importArgs.with("RoleName", "MyImportRole")).ok()
}

func TestQuotasCountWhatIsThere(t *testing.T) {
	c := newCloud(t)
	c.set(Conditions{Quotas: map[string]int{"images": 2, "snapshots": 3, "components": 1, "pipelines": 1, "batchComputeImages": 1}})
	two := importArgs.with("ImageName", "two", "DiskDeviceMapping.2.OSSBucket", "golden", "DiskDeviceMapping.2.OSSObject", "data.raw")
	first := c.imported(importArgs)
	c.imported(two)
	c.ecs("ImportImage", importArgs.with("ImageName", "three")).refused(403, "QuotaExceed.Image")
	c.ecs("ImportImage", importArgs.with("ImageName", "three", "RegionId", "cn-beijing")).ok()
	c.component()
	c.ecs(makeComponent, componentArgs).refused(400, "QuotaExceed.ImageComponent")
	c.pipeline()
	c.ecs(makePipeline, pipelineArgs).refused(400, "QuotaExceed.ImagePipeline")
	require.Equal(t, 201, c.batch("POST", "/images", batchBody(first)).Status)
	c.set(Conditions{Quotas: map[string]int{"snapshots": 3}})
	c.ecs("ImportImage", importArgs.with("ImageName", "three")).refused(403, "QuotaExceed.Snapshot")
}

func TestConditionsAreCopied(t *testing.T) {
	c := newCloud(t)
	mine := Conditions{Forbid: map[string]Denial{"DescribeTasks": DeniedByRAM}}
	c.set(mine)
	delete(mine.Forbid, "DescribeTasks")
	delete(c.server.Conditions().Forbid, "DescribeTasks")
	c.ecs("DescribeTasks", args{}).refused(403, "Forbidden.RAM")
}

// TestManyAtOnce is for the race detector.
func TestManyAtOnce(t *testing.T) {
	c := newCloud(t)
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			for range 10 {
				_ = c.server.Set(Conditions{Begin: "DescribeTasks", Quotas: map[string]int{"images": n}})
				_ = c.server.Plan(Fault{Action: "*", Probability: 0.5, Seed: uint64(n), Do: Refuse, Code: "Throttling"})
				c.ecs("DescribeTasks", args{})
				c.ecs("ImportImage", importArgs.with("ImageName", fmt.Sprint("golden-", n)))
				c.server.Faults()
				c.server.Conditions()
				c.server.ClearFaults()
			}
		})
	}
	all.Wait()
}
