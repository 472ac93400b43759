package emulator

import (
	"slices"
	"time"
)

// The states of an execution, in their order. A013.
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
	execFailed       = "FAILED"
	execTestFailed   = "TEST_FAILED"
	execPartly       = "PARTITION_SUCCESS"
)

var (
	executionStates = []string{execPreparing, execRepairing, execBuilding, execTesting, execDistributing,
		execReleasing, execSuccess, execPartly, execFailed, execTestFailed, execCancelling, execCancelled}
	finalStates       = []string{execSuccess, execPartly, execFailed, execTestFailed, execCancelled}
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
	BaseID                 string     // the image that it starts from; empty when that comes from OSS
	Images                 []imageRef // the template's region first
	Tags                   []tag
	ResourceGroupID        string
	Created, ImageAt       time.Time // ImageAt is from when on it tells the image's id (A014)
	Timeline               timeline
	Reason                 Reason // why it does not succeed, if it does not
}

type imageRef struct{ ID, Region string }

// key has the template and the images as labels: that of the base and those to be made.
func (e execution) key() key {
	labels := []string{e.PipelineID, e.BaseID}
	for _, made := range e.Images {
		labels = append(labels, made.ID)
	}
	return key{"execution", e.Region, e.ID, labels}
}

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
// (ECS API reference, CancelImagePipelineExecution.)
func (c *call) cancelImagePipelineExecution() (reply, error) {
	id := c.required("ExecutionId")
	if err := c.fault(); err != nil {
		return nil, err
	}
	e, found := find[execution](c.tx, c.line.Region, id)
	switch {
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
		c.tx.remove(image{ID: made.ID, Region: made.Region})
	}
	e.Images = nil
	c.tx.save(e)
	return reply{}, nil
}
