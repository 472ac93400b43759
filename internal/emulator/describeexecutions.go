package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

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
	if item.Message == "" || slices.Contains(finalStates, m.Status) && e.Reason.Message != "" {
		item.Message = cmp.Or(e.Reason.Message, m.Status)
	}
	if slices.Contains(finalStates, m.Status) {
		item.ErrorCode, item.ErrorInfo = e.Reason.Code, e.Reason.Message
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
	execFailed:       "The image could not be built.",
	execTestFailed:   "The image has been created, but its tests failed.",
	execPartly:       "The image has been created, but not all regions or accounts have it.",
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
		return labelled[execution](c.tx, c.line.Region, pipelineID), nil
	}
	e, found := find[execution](c.tx, c.line.Region, id)
	if !found || pipelineID != "" && pipelineID != e.PipelineID {
		return nil, nil
	}
	return []execution{e}, nil
}
