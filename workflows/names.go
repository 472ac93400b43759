package workflows

import (
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
)

// BuildType is the workflow type of a build. Its one argument is the build document
// as JSON; it returns a Result.
const BuildType = "BuildGoldenImage"

// DefaultTaskQueue is the task queue of a worker that is told no other.
const DefaultTaskQueue = "kiln"

// WaitQueue is the task queue of the waits that belong to a task queue. A worker
// serves both; waits have slots of their own, so that thousands of them never keep a
// call from running.
func WaitQueue(taskQueue string) string { return taskQueue + "-waits" }

// The search attributes of a build. A worker registers them when it starts.
var (
	AttrName    = temporal.NewSearchAttributeKeyKeyword("KilnName")    // the document's name
	AttrRegion  = temporal.NewSearchAttributeKeyKeyword("KilnRegion")  // where it builds
	AttrState   = temporal.NewSearchAttributeKeyKeyword("KilnState")   // a State
	AttrImageID = temporal.NewSearchAttributeKeyKeyword("KilnImageId") // the golden image, once it exists
)

// StartAttributes are those of a build that begins. Whoever starts it with them spares the
// build an event and the server a write; a build that lacks one of them sets it itself.
func StartAttributes(name, region string) temporal.SearchAttributes {
	return temporal.NewSearchAttributes(AttrName.ValueSet(name), AttrRegion.ValueSet(region), AttrState.ValueSet(string(StateRunning)))
}

// SearchAttributes are the names of all of them; each is a Keyword.
func SearchAttributes() []string {
	return []string{AttrName.GetName(), AttrRegion.GetName(), AttrState.GetName(), AttrImageID.GetName()}
}

var registration = workflow.RegisterOptions{Name: BuildType}
