package emulator

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func (c *cloud) task(id string) (status, process string) {
	r := c.ecs("DescribeTaskAttribute", args{"TaskId": id}).ok()
	return r.text("TaskStatus"), r.text("TaskProcess")
}

// image is the state of an image; empty when there is none.
func (c *cloud) image(id string) string { return c.imageIn("cn-hangzhou", id) }

func (c *cloud) imageIn(region, id string) string {
	all := "Creating,Waiting,Available,UnAvailable,CreateFailed,Deprecated"
	r := c.ecs("DescribeImages", args{"RegionId": region, "ImageId": id, "Status": all}).ok()
	if r.at("TotalCount") == 0.0 {
		return ""
	}
	return r.text("Images", "Image", 0, "Status")
}

func (c *cloud) execution(id string) (status, imageID string) {
	c.t.Helper()
	r := c.ecs("DescribeImagePipelineExecutions", args{"ExecutionId": id}).ok()
	one := func(name string) string {
		return r.text("ImagePipelineExecution", "ImagePipelineExecutionSet", 0, name)
	}
	return one("Status"), one("ImageId")
}

func TestAnImportRunsItsCourse(t *testing.T) {
	c := newCloud(t)
	made := c.ecs("ImportImage", importArgs).ok()
	imageID, taskID := made.text("ImageId"), made.text("TaskId")
	require.Equal(t, "m-bp1000000000001", imageID)
	require.Equal(t, "t-bp1000000000001", taskID)
	require.Equal(t, "cn-hangzhou", made.text("RegionId"))
	for _, want := range []struct {
		after                  time.Duration
		task, process, imageIs string
	}{
		{0, "Waiting", "0%", "Creating"},
		{30 * time.Second, "Processing", "0%", "Creating"},
		{5*time.Minute + 15*time.Second, "Processing", "49%", "Creating"},
		{9*time.Minute + 59*time.Second, "Processing", "99%", "Creating"},
		{11 * time.Minute, "Finished", "100%", "Available"},
		{48 * time.Hour, "Finished", "100%", "Available"},
	} {
		t.Run(want.after.String(), func(t *testing.T) {
			c := *c
			c.t = t
			c.clock.pass(want.after)
			defer c.clock.pass(-want.after)
			status, process := c.task(taskID)
			require.Equal(t, want.task, status)
			require.Equal(t, want.process, process)
			require.Equal(t, want.imageIs, c.image(imageID))
		})
	}
	c.clock.pass(time.Hour)
	listed := c.ecs("DescribeTasks", args{"TaskIds": taskID}).ok()
	one := func(name string) any { return listed.at("TaskSet", "Task", 0, name) }
	require.Equal(t, "Finished", one("TaskStatus"))
	require.Equal(t, imageID, one("ResourceId"))
	require.Equal(t, "2026-11-21T12:00Z", one("CreationTime"))
	require.Equal(t, "2026-11-21T12:10Z", one("FinishedTime"))
}

func TestALargerFileTakesLonger(t *testing.T) {
	now := time.Now()
	for bytes, want := range map[int64]time.Duration{0: 10 * time.Minute, 100 * gib: 20 * time.Minute} {
		c := newCloud(t)
		err := c.server.store.do(func(x *tx) error {
			one := &call{server: c.server, tx: x, now: now}
			one.startImport(image{Region: "cn-hangzhou"}, bytes)
			require.Equal(t, want, list[task](x, "cn-hangzhou")[0].Ends.Sub(now).Round(time.Millisecond))
			return nil
		})
		require.NoError(t, err)
	}
}

func TestSpeed(t *testing.T) {
	c := newCloud(t, func(o *Options) { o.Speed = 600 })
	made := c.ecs("ImportImage", importArgs).ok()
	c.clock.pass(1100 * time.Millisecond)
	status, _ := c.task(made.text("TaskId"))
	require.Equal(t, "Finished", status)

	for _, speed := range []float64{-1, maxSpeed + 1} {
		_, err := New(Options{Speed: speed})
		require.ErrorContains(t, err, "speed")
	}
}

func TestCancelTask(t *testing.T) {
	c := newCloud(t)
	made := c.ecs("ImportImage", importArgs).ok()
	cancel := args{"TaskId": made.text("TaskId")}
	c.clock.pass(5*time.Minute + 15*time.Second)
	c.ecs("CancelTask", cancel).ok()
	c.clock.pass(time.Hour)
	status, process := c.task(made.text("TaskId"))
	require.Equal(t, "Deleted", status)
	require.Equal(t, "49%", process, "what was done when it was cancelled")
	require.Empty(t, c.image(made.text("ImageId")))
	c.ecs("CancelTask", cancel).refused(403, "InvalidTaskId.IncorrectTaskStatus")

	again := c.ecs("ImportImage", importArgs).ok() // the name is free again
	require.NotEqual(t, made.text("ImageId"), again.text("ImageId"))
	c.clock.pass(time.Hour)
	c.ecs("CancelTask", args{"TaskId": again.text("TaskId")}).refused(403, "InvalidTaskId.IncorrectTaskStatus")
	c.ecs("CancelTask", cancel.with("RegionId", "cn-beijing")).refused(400, "InvalidTaskId.NotFound")
}

func TestAnExecutionRunsItsCourse(t *testing.T) {
	for _, row := range []struct {
		claim   string
		changes []string
		states  []string
	}{
		{"plain", nil, []string{"PREPARING", "BUILDING", "RELEASING", "SUCCESS"}},
		{"with tests", []string{"TestContent", "RUN true"}, []string{"PREPARING", "BUILDING", "TESTING", "RELEASING", "SUCCESS"}},
		{"to a region", []string{"ToRegionId.1", "cn-beijing"}, []string{"PREPARING", "BUILDING", "DISTRIBUTING", "RELEASING", "SUCCESS"}},
		{"to an account", []string{"AddAccount.1", "123"}, []string{"PREPARING", "BUILDING", "DISTRIBUTING", "RELEASING", "SUCCESS"}},
		{"with everything", []string{"RepairMode", "Standard", "TestContent", "RUN true", "AddAccount.1", "123"},
			[]string{"PREPARING", "REPAIRING", "BUILDING", "TESTING", "DISTRIBUTING", "RELEASING", "SUCCESS"}},
	} {
		t.Run(row.claim, func(t *testing.T) {
			c := newCloud(t)
			id := c.start(c.pipeline(row.changes...))
			var states []string
			for range 50 {
				status, imageID := c.execution(id)
				if len(states) == 0 || states[len(states)-1] != status {
					states = append(states, status)
				}
				before := status == "PREPARING" || status == "REPAIRING" || status == "BUILDING"
				require.Equal(t, before, imageID == "", "the image's id in %s", status)
				if imageID != "" {
					require.Equal(t, "Available", c.image(imageID))
				}
				c.clock.pass(30 * time.Second)
			}
			require.Equal(t, row.states, states)
		})
	}
}

func TestAnExecutionLeavesAnImage(t *testing.T) {
	c := newCloud(t)
	id := c.start(c.pipeline("ImageOptions.ImageFamily", "golden-family", "ImageOptions.Description", "made by a test",
		"ImageOptions.ImageTags.1.Key", "team", "ImageOptions.ImageTags.1.Value", "core", "SystemDiskSize", "60", "ToRegionId.1", "cn-beijing"))
	c.clock.pass(9 * time.Minute)
	made := c.ecs("DescribeImages", args{"ImageName": "golden", "Status": "Creating,Available"}).ok()
	require.Equal(t, "Creating", made.text("Images", "Image", 0, "Status"), "an image being made can be seen")

	c.clock.pass(time.Hour)
	_, imageID := c.execution(id)
	shown := c.ecs("DescribeImages", args{"ImageId": imageID}).ok()
	one := func(path ...any) any { return shown.at(append([]any{"Images", "Image", 0}, path...)...) }
	for name, want := range map[string]any{
		"ImageName": "golden_" + id, "ImageFamily": "golden-family", "Description": "made by a test", "Architecture": "x86_64",
		"Platform": "Ubuntu", "OSType": "linux", "BootMode": "UEFI", "Size": 60.0, "ImageOwnerAlias": "self", "Progress": "100%",
	} {
		require.Equal(t, want, one(name), name)
	}
	require.Equal(t, "core", one("Tags", "Tag", 0, "TagValue"))
	copied := c.ecs("DescribeImages", args{"RegionId": "cn-beijing", "ImageName": "golden_" + id}).ok()
	require.Equal(t, "m-2ze000000000001", copied.text("Images", "Image", 0, "ImageId"))

	child := c.pipeline("BaseImageType", "IMAGE_FAMILY", "BaseImage", "golden-family")
	require.NotEmpty(t, c.start(child))
}

func TestOneExecutionAtATime(t *testing.T) {
	c := newCloud(t)
	pipelineID := c.pipeline()
	start := args{"ImagePipelineId": pipelineID}
	first := c.start(pipelineID)
	c.ecs("StartImagePipelineExecution", start).refused(403, "InvalidImagePipeline.HasRunningExecution")
	c.start(c.pipeline()) // another template is free
	c.clock.pass(20 * time.Minute)
	second := c.start(pipelineID)

	listed := c.ecs("DescribeImagePipelineExecutions", start).ok()
	require.Equal(t, 2.0, listed.at("TotalCount"))
	require.Equal(t, first, listed.text("ImagePipelineExecution", "ImagePipelineExecutionSet", 0, "ExecutionId"))
	running := c.ecs("DescribeImagePipelineExecutions", start.with("Status", "PREPARING,BUILDING")).ok()
	require.Equal(t, 1.0, running.at("TotalCount"))
	require.Equal(t, second, running.text("ImagePipelineExecution", "ImagePipelineExecutionSet", 0, "ExecutionId"))
}

func TestCancelExecution(t *testing.T) {
	for _, row := range []struct {
		after  time.Duration
		status int
		code   string
	}{
		{0, 200, ""},
		{5 * time.Minute, 200, ""},
		{9*time.Minute + 30*time.Second, 200, ""}, // the image is being made
		{11 * time.Minute, 403, "InvalidStatus.ImagePipelineExecution"},
		{13 * time.Minute, 400, "InvalidStatus.CancelFailed"},
	} {
		t.Run(row.after.String(), func(t *testing.T) {
			c := newCloud(t)
			pipelineID := c.pipeline()
			id := c.start(pipelineID)
			c.clock.pass(row.after)
			r := c.ecs("CancelImagePipelineExecution", args{"ExecutionId": id})
			require.Equal(t, row.status, r.Status)
			require.Equal(t, row.code, r.code())
			if row.status != 200 {
				return
			}
			status, _ := c.execution(id)
			require.Equal(t, "CANCELLING", status)
			c.ecs("CancelImagePipelineExecution", args{"ExecutionId": id}).refused(403, "InvalidStatus.ImagePipelineExecution")
			c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": pipelineID}).refused(403, "InvalidImagePipeline.HasRunningExecution")
			c.clock.pass(time.Hour)
			status, imageID := c.execution(id)
			require.Equal(t, "CANCELLED", status)
			require.Empty(t, imageID)
			require.Equal(t, 0.0, c.ecs("DescribeImages", args{"ImageName": "golden_", "Status": "Creating,Available"}).ok().at("TotalCount"))
			c.ecs("CancelImagePipelineExecution", args{"ExecutionId": id}).refused(400, "InvalidStatus.CancelFailed")
			c.start(pipelineID)
		})
	}
}

func TestAFixedImageName(t *testing.T) {
	c := newCloud(t)
	fixed := c.pipeline("AdvancedOptions.ImageNameSuffix", "disable", "ImageOptions.ImageName", "golden-fixed")
	id := c.start(fixed)
	c.ecs("ImportImage", importArgs.with("ImageName", "golden-fixed")).refused(400, "InvalidImageName.Duplicated")
	c.clock.pass(time.Hour)
	_, imageID := c.execution(id)
	require.Equal(t, "golden-fixed", c.ecs("DescribeImages", args{"ImageId": imageID}).ok().text("Images", "Image", 0, "ImageName"))
	c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": fixed}).refused(400, "InvalidImageName.Duplicated")
}

func TestStartLooksAgain(t *testing.T) {
	c := newCloud(t)
	t.Run("at the base image", func(t *testing.T) {
		made := c.ecs("ImportImage", importArgs).ok()
		c.clock.pass(time.Hour)
		id := c.pipeline("BaseImage", made.text("ImageId"))
		require.NoError(t, c.server.store.do(func(x *tx) error {
			x.remove(image{ID: made.text("ImageId"), Region: "cn-hangzhou"})
			return nil
		}))
		c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": id}).refused(404, "InvalidImagePipeline.BaseImageNotFound")
	})
	t.Run("at the components", func(t *testing.T) {
		used := c.component()
		id := c.pipeline("BuildContent", "COMPONENT "+used)
		require.NoError(t, c.server.store.do(func(x *tx) error {
			x.remove(component{ID: used, Region: "cn-hangzhou"})
			return nil
		}))
		c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": id}).refused(404, "ImageComponent.NotFound")
	})
	t.Run("at the objects", func(t *testing.T) {
		c.put("golden/short-lived.raw", make([]byte, 1<<20))
		id := c.ecs("CreateImagePipeline", fromOSSArgs.with(disk1+"OSSObject", "short-lived.raw")).ok().text("ImagePipelineId")
		c.drop("golden/short-lived.raw")
		c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": id}).refused(404, "InvalidImagePipeline.OSSObjectNotFound")
	})
}

func TestATemplateFromOSS(t *testing.T) {
	c := newCloud(t)
	made := c.ecs("CreateImagePipeline", fromOSSArgs.with("ImageOptions.ImageName", "from-oss", importOption+"Platform", "Debian",
		importOption+"ImportImageTags.1.Key", "a", importOption+"ImportImageTags.1.Value", "b")).ok()
	shown := c.ecs("DescribeImagePipelines", args{"ImagePipelineId.1": made.text("ImagePipelineId")}).ok()
	option := func(path ...any) any {
		return shown.at(append([]any{"ImagePipeline", "ImagePipelineSet", 0, "ImportImageOptions"}, path...)...)
	}
	require.Equal(t, 20.0, option("DiskDeviceMappings", "DiskDeviceMapping", 0, "DiskImageSize"))
	require.Equal(t, "QCOW2", option("DiskDeviceMappings", "DiskDeviceMapping", 0, "Format"))
	require.Equal(t, "b", option("ImportImageTags", "ImportImageTag", 0, "Value"))
	id := c.start(made.text("ImagePipelineId"))
	c.clock.pass(11 * time.Minute)
	status, _ := c.execution(id)
	require.Equal(t, "PREPARING", status, "the import takes its time")
	c.clock.pass(time.Hour)
	_, imageID := c.execution(id)
	require.Equal(t, "Debian", c.ecs("DescribeImages", args{"ImageId": imageID}).ok().text("Images", "Image", 0, "Platform"))
}

func TestATemplateIgnoresWhatBelongsToAnotherKindOfBase(t *testing.T) {
	c := newCloud(t)
	shown := func(a args) result {
		id := c.ecs("CreateImagePipeline", a).ok().text("ImagePipelineId")
		return c.ecs("DescribeImagePipelines", args{"ImagePipelineId.1": id}).ok()
	}
	fromOSS := shown(fromOSSArgs.with("BaseImage", "m-none"))
	require.Empty(t, fromOSS.text("ImagePipeline", "ImagePipelineSet", 0, "BaseImage"))
	onImage := shown(pipelineArgs.with(importOption+"OSType", "no system", disk1+"OSSObject", "none"))
	require.Equal(t, ubuntu, onImage.text("ImagePipeline", "ImagePipelineSet", 0, "BaseImage"))
	require.NotContains(t, onImage.at("ImagePipeline", "ImagePipelineSet", 0), "ImportImageOptions")
}

func TestComponentVersions(t *testing.T) {
	c := newCloud(t)
	version := func(id string) string {
		return c.ecs("DescribeImageComponents", args{"ImageComponentId.1": id}).ok().text("ImageComponent", "ImageComponentSet", 0, "ComponentVersion")
	}
	require.Equal(t, "1.0.0", version(c.component("Name", "tools")))
	require.Equal(t, "2.0.0", version(c.component("Name", "tools")))
	require.Equal(t, "7.1.3", version(c.component("Name", "tools", "ComponentVersion", "7.1.3")))
	require.Equal(t, "8.0.0", version(c.component("Name", "tools")))
	require.Equal(t, "1.0.0", version(c.component("Name", "others")))
	nameless := c.component()
	require.Equal(t, nameless, c.ecs("DescribeImageComponents", args{"ImageComponentId.1": nameless}).text("ImageComponent", "ImageComponentSet", 0, "Name"))

	for pattern, want := range map[string]float64{"": 4, "7.1.3": 1, "*.0.0": 3, "2.*.*": 1, "9.*.*": 0} {
		r := c.ecs("DescribeImageComponents", args{"Name": "tools", "ComponentVersion": pattern}).ok()
		require.Equal(t, want, r.at("TotalCount"), pattern)
	}
	reference := func(v string) string {
		return "COMPONENT acs:ecs:cn-hangzhou:" + ownerID + ":imagecomponent/tools/" + v
	}
	c.pipeline("BuildContent", reference("7.*.*"))
	c.ecs("CreateImagePipeline", pipelineArgs.with("BuildContent", reference("7.2.*"))).refused(404, "ImageComponent.NotFound")
}

func TestComponentParameters(t *testing.T) {
	c := newCloud(t)
	id := c.component("Name", "tools", "Content",
		"Parameters:\n  version: {Type: String, DefaultValue: \"1.0\"}\nTasks:\n- {Name: a, Action: RunShellCommand, Properties: {commandContent: 'echo {{ version }}'}}")
	shown := c.ecs("DescribeImageComponents", args{"ImageComponentId.1": id}).ok()
	parameter := func(name string) string {
		return shown.text("ImageComponent", "ImageComponentSet", 0, "Parameters", "Parameter", 0, name)
	}
	require.Equal(t, "version String 1.0", fmt.Sprint(parameter("Name"), " ", parameter("Type"), " ", parameter("DefaultValue")))
	c.pipeline("BuildContent", "COMPONENT "+id+" --version 2.0")
}

func TestADataDiskWithoutAFileIsEmpty(t *testing.T) {
	c := newCloud(t)
	c.set(Conditions{Regions: map[string]Region{"cn-hangzhou": {Formats: []string{"QCOW2"}}}})
	base := c.imported(importArgs.with("DiskDeviceMapping.2.DiskImageSize", "7", "DiskDeviceMapping.3.DiskImSize", "8"))
	run := c.start(c.pipeline("BaseImage", base))
	c.clock.pass(time.Hour)
	_, built := c.execution(run)
	for _, id := range []string{base, built} {
		image := c.ecs("DescribeImages", args{"ImageId": id}).ok()
		disk := func(n int, name string) string {
			return image.text("Images", "Image", 0, "DiskDeviceMappings", "DiskDeviceMapping", n, name)
		}
		require.Equal(t, []string{"data", "7", ""}, []string{disk(1, "Type"), disk(1, "Size"), disk(1, "ImportOSSObject")})
		require.Equal(t, []string{"data", "8", ""}, []string{disk(2, "Type"), disk(2, "Size"), disk(2, "ImportOSSObject")})
	}
}

func TestManyDisks(t *testing.T) {
	c := newCloud(t)
	a := importArgs
	for n := 2; n <= 19; n++ {
		a = a.with(fmt.Sprintf("DiskDeviceMapping.%d.OSSBucket", n), "golden", fmt.Sprintf("DiskDeviceMapping.%d.OSSObject", n), "data.raw")
	}
	a = a.with("DiskDeviceMapping.19.OSSObject", "is-not-there", "DiskDeviceMapping.2.DiskImageSize", "7")
	id := c.imported(a)
	shown := c.ecs("DescribeImages", args{"ImageId": id}).ok()
	disks := shown.at("Images", "Image", 0, "DiskDeviceMappings", "DiskDeviceMapping").([]any)
	require.Len(t, disks, 17, "what is numbered above 17 is dropped without a word")
	disk := func(n int, name string) any { return disks[n].(map[string]any)[name] }
	require.Equal(t, "system", disk(0, "Type"))
	require.Equal(t, "20", disk(0, "Size"), "by the disk in the file")
	require.Equal(t, "QCOW2", disk(0, "Format"), "by the file's bytes")
	require.Equal(t, "data", disk(1, "Type"))
	require.Equal(t, "7", disk(1, "Size"), "as asked for")
	require.Equal(t, "1", disk(2, "Size"))
	require.Equal(t, "data.raw", disk(2, "ImportOSSObject"))
}
