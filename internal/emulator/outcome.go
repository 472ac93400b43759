package emulator

import (
	"cmp"
	"slices"
	"time"
)

// forever is longer than anybody waits.
const forever = 100 * 365 * 24 * time.Hour

// turnOut lays down what the conditions make of an import.
func (c *call) turnOut(work *task, img *image) {
	imports := c.conditions.Imports
	switch {
	case imports.Fail != (Reason{}):
		fails := c.now.Add(c.real(time.Duration(imports.After)))
		work.Reason = imports.Fail
		work.Timeline = work.Timeline[:2].turn(fails, timeline{{taskFailed, fails}})
		left := cmp.Or(imports.ImageAfter, imageCreateFailed)
		img.Timeline = timeline{{imageCreating, c.now}, {left, fails}}
	case imports.Stuck:
		work.Timeline = work.Timeline[:2]
		work.Ends = c.now.Add(forever)
		img.Timeline = timeline{{imageCreating, c.now}, {imageAvailable, work.Ends}}
	default:
		c.become(img, imports.Image)
	}
}

// become lays down what the conditions make of a new image.
func (c *call) become(img *image, to Images) {
	last := &img.Timeline[len(img.Timeline)-1]
	last.Status = cmp.Or(to.Status, last.Status)
	if to.UsableAfter > 0 {
		img.UsableFrom = last.At.Add(c.real(time.Duration(to.UsableAfter)))
		img.TellsUsable = !to.Silent
	}
	if to.GoneAfter > 0 {
		img.Timeline = append(img.Timeline, moment{gone, last.At.Add(c.real(time.Duration(to.GoneAfter)))})
	}
}

// courseNow is what will happen to an execution of a template under the conditions, and
// whether it leaves images.
func (c *call) courseNow(p pipeline) (stages []stage, leaves bool) {
	to := c.conditions.Executions
	stages = p.course()
	if to.Passes != "" {
		stages = slices.Insert(stages, 1, stage{to.Passes, time.Duration(to.PassesFor)})
	}
	if to.Stuck {
		return stuck(stages), false
	}
	switch to.Status {
	case "":
		return stages, true
	case execFailed:
		return cut(stages, to, execBuilding, stage{status: execFailed}), false
	case execCancelled:
		return cut(stages, to, execBuilding, stage{execCancelling, cancellingTakes}, stage{status: execCancelled}), false
	case execTestFailed:
		if where(stages, execTesting) < 0 {
			stages = slices.Insert(stages, where(stages, execBuilding)+1, stage{execTesting, testingTakes})
		}
		return cut(stages, to, execTesting, stage{status: execTestFailed}), to.After == 0
	}
	return cut(stages, to, execReleasing, stage{status: to.Status}), to.After == 0
}

// cut ends stages with others: after some time, or at the end of a stage.
func cut(stages []stage, to Executions, end string, others ...stage) []stage {
	var kept []stage
	left := time.Duration(to.After)
	for _, s := range stages {
		if to.After > 0 {
			s.takes = min(s.takes, left)
			left -= s.takes
		}
		kept = append(kept, s)
		if to.After == 0 && s.status == end || to.After > 0 && left == 0 {
			break
		}
	}
	return append(kept, others...)
}

// stuck are stages that never get beyond building.
func stuck(stages []stage) []stage {
	building := where(stages, execBuilding)
	stages[building].takes = forever
	return stages[:building+1]
}

// where is the index of a status among stages, -1 for none.
func where(stages []stage, status string) int {
	return slices.IndexFunc(stages, func(s stage) bool { return s.status == status })
}
