// Package errcode is the catalogue of cloud error codes the project knows.
//
// A row says what a code means for a build. A code with no row is Retry when the HTTP
// status is 5xx or the code begins with Throttling, and Stop otherwise, after the ECS
// guide "How to ensure idempotence".
package errcode

// Class says what a build does about a code.
type Class string

// The classes.
const (
	Retry     Class = "retry"     // try again with the same token
	Wait      Class = "wait"      // a conflict that clears by itself: try again on a longer interval
	Reconcile Class = "reconcile" // something exists already: look it up, adopt it or stop
	Stop      Class = "stop"      // repeating cannot help
)

// Entry is one row of the catalogue.
type Entry struct {
	API     string // action; * is any, BatchCompute.* any of Batch Compute
	Status  int    // HTTP status
	Code    string
	Message string // as documented; %s and {Name} stand for anything; empty when not documented
	Source  string // the document
	Class   Class
	Meaning string // what it says about the request or the account
	Advice  string // what to do next, naming the parameter, role, quota or command
	Known   bool   // false for a code that has no row
}
