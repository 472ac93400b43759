package workflows

// Kind says what a resource is.
type Kind string

// The kinds of resources. Tasks and executions are runs: they are over some day, and
// removing one means to end it.
const (
	KindTask         Kind = "task"         // t-…, of an import
	KindImage        Kind = "image"        // m-…
	KindComponent    Kind = "component"    // ic-…
	KindTemplate     Kind = "template"     // ip-…
	KindExecution    Kind = "execution"    // exec-…
	KindRegistration Kind = "registration" // img-…, of Batch Compute
)

// ResourceState says what became of a resource.
type ResourceState string

// The states of a resource.
const (
	ResourceAsked   ResourceState = "asked"   // the call was begun; whether it made something is not known
	ResourceMade    ResourceState = "made"    // the build made it, and it is there
	ResourceAdopted ResourceState = "adopted" // it was there before, and is not the build's
	ResourceRemoved ResourceState = "removed" // the build made it and removed it, or it never came to be
	ResourceLeft    ResourceState = "left"    // the build was to remove it and could not
)

// Resource is a line of a build's ledger: one thing that it asked the cloud for.
type Resource struct {
	Step   Step          `json:"step"` // components/N for the Nth component
	Kind   Kind          `json:"kind"`
	Region string        `json:"region"`
	ID     string        `json:"id,omitempty"` // empty while it is not known
	Name   string        `json:"name,omitempty"`
	Token  string        `json:"token,omitempty"`  // of the call that asked for it
	Epoch  int           `json:"epoch,omitempty"`  // of the token: how often the step was begun anew by decision
	Inputs string        `json:"inputs,omitempty"` // a digest of what was asked for, without the token
	State  ResourceState `json:"state"`
	Reason string        `json:"reason,omitempty"` // why it is left
}
