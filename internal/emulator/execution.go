package emulator

import (
	"slices"
	"strings"
	"time"
)

// The states of an execution. (Facts 1.12.)
const (
	execPreparing    = "PREPARING"
	execRepairing    = "REPAIRING"
	execBuilding     = "BUILDING"
	execTesting      = "TESTING"
	execDistributing = "DISTRIBUTING"
	execReleasing    = "RELEASING"
	execSuccess      = "SUCCESS"
	execCancelling   = "CANCELLING"
	execCancelled    = "CANCELLED"
)

var (
	executionStates = []string{execPreparing, execRepairing, execBuilding, execTesting, execDistributing, execReleasing, execSuccess,
		"PARTITION_SUCCESS", "FAILED", "TEST_FAILED", execCancelling, execCancelled}
	finalStates       = []string{execSuccess, execCancelled}
	cancellableStates = []string{execPreparing, execRepairing, execBuilding}
)

// Of an execution in simulated time: how long each state lasts.
const (
	preparingTakes    = 2 * time.Minute
	repairingTakes    = time.Minute
	buildingTakes     = 8 * time.Minute
	testingTakes      = 2 * time.Minute
	distributingTakes = 3 * time.Minute
	releasingTakes    = 2 * time.Minute
	cancellingTakes   = time.Minute
	// creatingTakes is how long, at the end of building, the image is being made.
	creatingTakes = 2 * time.Minute
)

// execution is one run of a template.
type execution struct {
	ID, Region, PipelineID string
	Images                 []imageRef // the template's region first
	Tags                   []tag
	ResourceGroupID        string
	Created, ImageAt       time.Time // ImageAt is from when on it tells the image's id
	Timeline               timeline
}

type imageRef struct{ ID, Region string }

func (e execution) key() key { return key{"execution", e.Region, e.ID, e.PipelineID} }

func (e execution) moment(now time.Time) moment {
	m, _ := e.Timeline.at(now)
	return m
}

func (e execution) ended(now time.Time) bool {
	return slices.Contains(finalStates, e.moment(now).Status)
}

// course is what will happen to an execution of a template.
func (p pipeline) course() []stage {
	stages := []stage{{execPreparing, p.preparation()}}
	if p.RepairMode != "" {
		stages = append(stages, stage{execRepairing, repairingTakes})
	}
	stages = append(stages, stage{execBuilding, buildingTakes})
	if p.TestContent != "" {
		stages = append(stages, stage{execTesting, testingTakes})
	}
	if len(p.ToRegions)+len(p.AddAccounts) > 0 {
		stages = append(stages, stage{execDistributing, distributingTakes})
	}
	return append(stages, stage{execReleasing, releasingTakes}, stage{status: execSuccess})
}

// preparation takes longer by the import when the base comes from OSS.
func (p pipeline) preparation() time.Duration {
	if p.BaseImageType == baseOSS {
		return importWaits + importWorks + preparingTakes
	}
	return preparingTakes
}

// cancelImagePipelineExecution stops an execution that has made no image yet.
// (Facts 1.10.)
func (c *call) cancelImagePipelineExecution() (reply, error) {
	id := c.required("ExecutionId")
	if err := c.fault(); err != nil {
		return nil, err
	}
	e, found, err := find[execution](c.tx, c.line.Region, id)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, refuse(c.api, "InvalidImagePipelineExecution.NotFound")
	case e.ended(c.now):
		return nil, refuse(c.api, "InvalidStatus.CancelFailed")
	case !slices.Contains(cancellableStates, e.moment(c.now).Status):
		return nil, refuse(c.api, "InvalidStatus.ImagePipelineExecution",
			"The execution cannot be cancelled in the status "+e.moment(c.now).Status+".")
	}
	e.Timeline = e.Timeline.turn(c.now, schedule(c.now, c.server.opts.Speed,
		stage{execCancelling, cancellingTakes}, stage{status: execCancelled}))
	for _, made := range e.Images {
		if err := c.tx.remove(image{ID: made.ID, Region: made.Region}); err != nil {
			return nil, err
		}
	}
	e.Images = nil
	return reply{}, c.tx.save(e)
}

// executionItem is an execution as DescribeImagePipelineExecutions shows it.
type executionItem struct {
	ExecutionID     string `json:"ExecutionId"`
	ImagePipelineID string `json:"ImagePipelineId"`
	Status          string
	Message         string
	ImageID         string `json:"ImageId"`
	ErrorCode       string `json:",omitempty"`
	ErrorInfo       string `json:",omitempty"`
	CreationTime    string
	ModifiedTime    string
	ResourceGroupID string `json:"ResourceGroupId"`
	Tags            tagItems
}

func (e execution) item(now time.Time) executionItem {
	m := e.moment(now)
	item := executionItem{
		ExecutionID: e.ID, ImagePipelineID: e.PipelineID, Status: m.Status, Message: messages[m.Status],
		CreationTime: seconds(e.Created), ModifiedTime: seconds(m.At),
		ResourceGroupID: e.ResourceGroupID, Tags: tagItems{orNone(e.Tags)},
	}
	if len(e.Images) > 0 && !now.Before(e.ImageAt) {
		item.ImageID = e.Images[0].ID
	}
	return item
}

// messages are what an execution says in each state; the documents leave that open.
var messages = map[string]string{
	execPreparing:    "The temporary resources are being created.",
	execRepairing:    "The source image is being repaired.",
	execBuilding:     "The build commands are running.",
	execTesting:      "The test commands are running.",
	execDistributing: "The image is being copied and shared.",
	execReleasing:    "The temporary resources are being released.",
	execSuccess:      "The image has been created.",
	execCancelling:   "The execution is being cancelled.",
	execCancelled:    "The execution has been cancelled.",
}

// describeImagePipelineExecutions lists the executions of a template, or one by its id.
func (c *call) describeImagePipelineExecutions() (reply, error) {
	pipelineID, id := c.text("ImagePipelineId"), c.text("ExecutionId")
	c.check(pipelineID != "" || id != "", "MissingParameter.ImagePipelineId")
	wanted := c.readExecutionStates()
	tags := readTagFilter(c.params)
	page := c.readPageToken()
	if err := c.fault(); err != nil {
		return nil, err
	}
	all, err := c.executions(pipelineID, id)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e execution) bool {
		return len(wanted) > 0 && !slices.Contains(wanted, e.moment(c.now).Status) || !carries(e.Tags, tags)
	})
	shown, next := pageFrom(c.api, page, all)
	items := []executionItem{}
	for _, e := range shown {
		items = append(items, e.item(c.now))
	}
	return page.reply(len(all), next, reply{"ImagePipelineExecution": reply{"ImagePipelineExecutionSet": items}}), nil
}

func (c *call) readExecutionStates() []string {
	if !c.has("Status") {
		return nil
	}
	wanted := strings.Split(c.text("Status"), ",")
	for _, status := range wanted {
		c.check(slices.Contains(executionStates, status), "InvalidParameter.Status", "The specified Status "+status+" is invalid.")
	}
	return wanted
}

// executions are those of a template, or the one with the id; both when both are given.
func (c *call) executions(pipelineID, id string) ([]execution, error) {
	if pipelineID != "" {
		if _, err := c.thePipeline(pipelineID); err != nil {
			return nil, err
		}
	}
	if id == "" {
		return labelled[execution](c.tx, c.line.Region, pipelineID)
	}
	e, found, err := find[execution](c.tx, c.line.Region, id)
	if err != nil || !found || pipelineID != "" && pipelineID != e.PipelineID {
		return nil, err
	}
	return []execution{e}, nil
}
