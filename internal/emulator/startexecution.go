package emulator

import (
	"cmp"
	"time"
)

// startImagePipelineExecution runs a template. (ECS API reference, StartImagePipelineExecution.)
func (c *call) startImagePipelineExecution() (reply, error) {
	id := c.required("ImagePipelineId")
	tags := readTags(c.params, "Tag")
	c.checkRepositoryCredential()
	if err := c.fault(); err != nil {
		return nil, err
	}
	p, err := c.thePipeline(id)
	if err != nil {
		return nil, err
	}
	base, err := c.startable(p)
	if err != nil {
		return nil, err
	}
	e := execution{Region: p.Region, PipelineID: p.ID, BaseID: base.ID, Tags: tags, ResourceGroupID: p.ResourceGroupID, Created: c.now}
	e.ID = c.newID("exec", p.Region)
	stages, leaves := c.courseNow(p)
	e.Timeline, e.Reason = schedule(c.now, c.server.opts.Speed, stages...), c.conditions.Executions.Reason
	if leaves {
		c.planImages(p, base, &e)
	}
	c.tx.save(e)
	return reply{"ExecutionId": e.ID}, nil
}

// checkRepositoryCredential holds what the error table names, and no list of parameters,
// to the lengths in its messages.
func (c *call) checkRepositoryCredential() {
	credential := c.in("DockerRepositoryCredential")
	if credential.empty() {
		return
	}
	const code = "InvalidDockerRepositoryCredential."
	c.check(lengthIn(credential.text("DockerRegistry"), 1, 512), code+"DockerRegistryMalformed")
	c.check(lengthIn(credential.text("User"), 1, 128), code+"UserMalformed")
}

func (c *call) thePipeline(id string) (pipeline, error) {
	p, found := find[pipeline](c.tx, c.line.Region, id)
	if !found {
		return p, refuse(c.api, "InvalidImagePipeline.NotFound", "The specified ImagePipelineId "+id+" is not found.")
	}
	return p, nil
}

// startable checks again what may have changed since the template was made, and returns
// its base image.
func (c *call) startable(p pipeline) (image, error) {
	if _, err := c.endedRuns(p); err != nil {
		return image{}, err
	}
	base, found := c.base(p)
	if !found {
		return image{}, c.noBase(p)
	}
	c.checkMachine(p)
	if err := c.checkObjects(p); err != nil {
		return image{}, err
	}
	if err := c.checkBuild(p, base); err != nil {
		return image{}, err
	}
	return base, c.checkTargetName(p)
}

// endedRuns are the executions of a template, of which none may be running.
func (c *call) endedRuns(p pipeline) ([]execution, error) {
	runs := labelled[execution](c.tx, p.Region, p.ID)
	for _, run := range runs {
		if !run.ended(c.now) {
			return nil, refuse(c.api, "InvalidImagePipeline.HasRunningExecution",
				"The execution "+run.ID+" of the specified image pipeline is running.")
		}
	}
	return runs, nil
}

// planImages lays down the images that an execution will leave: one in the template's
// region at the end of building and, when distributing, a copy in each other region.
// They are there from the beginning, unseen, so that nothing else takes their names.
func (c *call) planImages(p pipeline, base image, e *execution) {
	built, _ := e.Timeline.start(execBuilding)
	built = built.Add(c.real(buildingTakes))
	e.ImageAt = built
	distributed, distributes := e.Timeline.start(execDistributing)
	distributes = distributes && c.conditions.Executions.Status != execPartly
	for n, regionID := range p.targets() {
		if n > 0 && !distributes {
			break
		}
		img := p.product(base, e.ID)
		img.Region = regionID
		if n == 0 {
			img.appear(built.Add(-c.real(creatingTakes)), built)
		} else {
			img.appear(distributed, distributed.Add(c.real(distributingTakes)))
			img.Copied = true
		}
		if distributes && len(p.AddAccounts) > 0 {
			img.SharedFrom = distributed
		}
		c.become(&img, c.conditions.Executions.Image)
		img.ID = c.newID("m", regionID)
		e.Images = append(e.Images, imageRef{img.ID, regionID})
		c.tx.save(img)
	}
}

func (i *image) appear(creating, available time.Time) {
	i.Created = creating
	i.Timeline = timeline{{imageCreating, creating}, {imageAvailable, available}}
}

// real is how long something simulated takes by the clock.
func (c *call) real(simulated time.Duration) time.Duration {
	return time.Duration(float64(simulated) / c.server.opts.Speed)
}

// product is the image that an execution makes of a base.
func (p pipeline) product(base image, executionID string) image {
	img := image{
		Name: cmp.Or(p.Image.Name, p.ID) + "_" + executionID, Family: p.Image.Family, Description: p.Image.Description,
		OSNameEn: base.OSNameEn, ResourceGroupID: p.ResourceGroupID, Made: base.Made, Tags: p.Image.Tags,
	}
	if p.NameSuffix == "disable" {
		img.Name = p.Image.Name
	}
	if p.Image.NvmeSupport != "auto" {
		img.Made.NvmeSupport = p.Image.NvmeSupport
	}
	for n, d := range base.Disks {
		d = imageDisk{SizeGiB: d.SizeGiB, Format: "VHD"}
		if n == 0 {
			d.SizeGiB = max(d.SizeGiB, p.SystemDiskSize)
		}
		img.Disks = append(img.Disks, d)
	}
	return img
}
