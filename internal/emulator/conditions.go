package emulator

// Conditions are the state of the account and of the services, as far as it makes calls
// fail or things turn out otherwise. The zero value is a cloud in which everything is
// allowed and there, and every import and execution succeeds.
type Conditions struct {
	// Begin is an action with whose next call the conditions begin to hold; empty is now.
	Begin   string  `json:"begin,omitempty"`
	Account Account `json:"account,omitzero"`
	// Forbid names the actions, or * for all, that the caller may not use, and why.
	Forbid map[string]Denial `json:"forbid,omitempty"`
	Roles  Roles             `json:"roles,omitzero"`
	OSS    OSS               `json:"oss,omitzero"`
	// Quotas are how many there may be in a region: images, snapshots, components,
	// pipelines; and in all: batchComputeImages (10000), sharedImages.
	Quotas map[string]int `json:"quotas,omitempty"`
	// Regions says what is wrong with a region.
	Regions map[string]Region `json:"regions,omitempty"`
	Known   Known             `json:"known,omitzero"`
	// TakenNames are names in somebody else's hands, taken but never listed: of images, * for
	// all, and of components with their versions as in tools/1.0.0, */* for all.
	TakenNames []string `json:"takenNames,omitempty"`
	// NotBuildable are the systems that Image Builder does not build, by OSType or
	// Platform: Linux, Windows, FreeBSD.
	NotBuildable []string `json:"notBuildable,omitempty"`
	// NotRepairable and NotDistributable are ids of base images.
	NotRepairable    []string `json:"notRepairable,omitempty"`
	NotDistributable []string `json:"notDistributable,omitempty"`
	// BYOLOnly are the platforms that are imported under an own licence only.
	BYOLOnly []string `json:"byolOnly,omitempty"`
	// Maintenance are the actions that fail inside the service, or * for all.
	Maintenance []string `json:"maintenance,omitempty"`
	// Status holds a resource, by its id or by a beginning of it such as m-*, in another
	// status than its own; in none it does not exist.
	Status map[string]string `json:"status,omitempty"`
	// ImageUse is what an image is needed for, so that it cannot be deleted: instances,
	// shared, copied or exported; by its id or by a beginning of it such as m-*.
	ImageUse map[string]string `json:"imageUse,omitempty"`
	// Imports and Executions say what becomes of those that begin from now on.
	Imports    Imports    `json:"imports,omitzero"`
	Executions Executions `json:"executions,omitzero"`
	// TokensIgnored: ClientToken and IdempotentToken have no meaning.
	TokensIgnored bool `json:"tokensIgnored,omitempty"`
	// ListLag is how long a new resource is not shown by the actions that look, in
	// simulated time, and ListLagReal by the clock; the longer one counts.
	ListLag     Duration `json:"listLag,omitempty"`
	ListLagReal Duration `json:"listLagReal,omitempty"`
	Flow        Flow     `json:"flow,omitzero"`
	// OldAnswers: ImportImage answers with the codes of its older pages where they differ.
	OldAnswers bool `json:"oldAnswers,omitempty"`
}

// Account is what is wrong with the account as a whole.
type Account struct {
	Arrears        bool `json:"arrears,omitempty"`        // nothing may be created
	NoRealName     bool `json:"noRealName,omitempty"`     // likewise
	NotWhitelisted bool `json:"notWhitelisted,omitempty"` // nothing may be imported
	KeyInactive    bool `json:"keyInactive,omitempty"`    // the key pair is switched off
}

// Denial is why a caller may not use an action.
type Denial string

// The denials and their codes.
const (
	DeniedByRAM         Denial = "ram"           // Forbidden.RAM
	DeniedToAccount     Denial = "account"       // Forbbiden, NoPermission or Forbidden, by the action
	DeniedToSubUser     Denial = "subUser"       // Forbidden.SubUser
	DeniedByRiskControl Denial = "riskControl"   // Forbidden.RiskControl
	DeniedWithoutRAM    Denial = "notSupportRAM" // Forbidden.NotSupportRAM
)

// Roles are what the services may do for the account. Empty is all they need.
type Roles struct {
	ImageImport         string `json:"imageImport,omitempty"`         // missing: ECS may not read OSS
	CloudBoxImageImport string `json:"cloudBoxImageImport,omitempty"` // missing
	ServiceLinked       string `json:"serviceLinked,omitempty"`       // forbidden: the caller may not make it
	BatchCompute        string `json:"batchCompute,omitempty"`        // missing, or cannotShare
}

// OSS is what is wrong with the disk files. The key * means all buckets or objects.
type OSS struct {
	Disabled bool              `json:"disabled,omitempty"` // because of the account's state
	Buckets  map[string]Bucket `json:"buckets,omitempty"`
	Objects  map[string]Object `json:"objects,omitempty"` // as bucket/key
}

// Bucket is what is wrong with a bucket.
type Bucket struct {
	Region     string `json:"region,omitempty"` // where it is; empty: in all of them
	Denied     bool   `json:"denied,omitempty"`
	Encrypted  bool   `json:"encrypted,omitempty"`
	FlowLimit  bool   `json:"flowLimit,omitempty"`
	NotMatched string `json:"notMatched,omitempty"` // why it is not the right one
}

// Object is what is wrong with an object.
type Object struct {
	Denied    bool `json:"denied,omitempty"`
	Archived  bool `json:"archived,omitempty"`
	Importing bool `json:"importing,omitempty"` // by somebody else
}

// Region is what is wrong with a region.
type Region struct {
	Closed   bool     `json:"closed,omitempty"`   // it is unknown
	NoImport bool     `json:"noImport,omitempty"` // it imports nothing
	Formats  []string `json:"formats,omitempty"`  // those that it imports; empty: all
}

// Known are the only things there are of a kind. A kind that is not given has everything
// of the documented form, and no cloud box.
type Known struct {
	InstanceTypes  []string `json:"instanceTypes,omitempty"`
	VSwitches      []string `json:"vSwitches,omitempty"`
	ResourceGroups []string `json:"resourceGroups,omitempty"`
	CloudBoxes     []string `json:"cloudBoxes,omitempty"`
	// CloudBoxImport: images can be imported to a cloud box.
	CloudBoxImport bool `json:"cloudBoxImport,omitempty"`
}

// Flow is the flow control of the actions, in windows of one minute.
type Flow struct {
	// Limits are the calls of an action that a region takes in a minute, 0 for none at
	// all; * is the limit of each action that is not named. CreateImageComponent is
	// limited to 1000 by itself.
	Limits map[string]int `json:"limits,omitempty"`
	// Code is that of a throttled call; Throttling by default.
	Code string `json:"code,omitempty"`
	// Silent: a throttled answer does not say when to come again.
	Silent bool `json:"silent,omitempty"`
}
