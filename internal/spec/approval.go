package spec

import (
	"cmp"
	"slices"
	"time"
)

// Approval lets the build wait, once the golden image exists, until somebody approves it.
type Approval struct {
	// Timeout after which a build that nobody has approved fails.
	Timeout Duration `json:"timeout,omitempty" jsonschema:"default=72h"`
	// Reason why somebody has to approve, or what to look at; told to whoever is asked.
	Reason string `json:"reason,omitempty"`
}

const approvalTimeout = Duration(72 * time.Hour)

var approvalRules = []func(*checker){
	(*checker).approvalReason,
	(*checker).toldOfNoWait,
}

func (c *checker) approvalReason() {
	if c.Approval != nil {
		c.text(c.Approval.Reason, func(text string) string { return length(text, 1, maxNotes) }, "approval", "reason")
	}
}

// toldOfNoWait refuses to tell somebody of a wait that never comes.
func (c *checker) toldOfNoWait() {
	if c.has("approval") {
		return
	}
	for i, notification := range c.Notifications {
		if at := slices.Index(notification.On, waiting); at >= 0 {
			c.fault(path{"notifications", i, "on", at}, "on has %s, but the build waits for nobody; add approval: {}, or leave it out", waiting)
		}
	}
}

// waiting is the word in a notification for a build that waits for approval.
const waiting = "waiting"

func (b Build) approvalWithDefaults() *Approval {
	if b.Approval == nil {
		return nil
	}
	filled := *b.Approval
	filled.Timeout = cmp.Or(filled.Timeout, approvalTimeout)
	return &filled
}
