package emulator

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Fault is a planned departure from what a call would do. It applies to calls that are
// signed well and name a known action and place; the first planned fault that applies is
// the one that happens.
type Fault struct {
	// Action is the action's name, * for all. Those of Batch Compute may be written
	// BatchCompute.CreateImage or CreateImage.
	Action string `json:"action"`
	// From and To are the first and the last matching call that it happens to, counted
	// from 1 on; 0 leaves an end open.
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
	// Probability that it happens to a call within From and To; 0 is always. The same Seed
	// chooses the same calls.
	Probability float64 `json:"probability,omitempty"`
	Seed        uint64  `json:"seed,omitempty"`
	// Params have to be among the call's parameters, or the members of its body.
	Params map[string]string `json:"params,omitempty"`
	// When is before the effect, the default, or after it.
	When When `json:"when,omitempty"`
	Do   Deed `json:"do"`
	// Code, Status and Message are the answer of Refuse. Status and Message are by default
	// those of the catalogue. RetryAfterMs goes out as x-acs-retry-after.
	Code         string `json:"code,omitempty"`
	Status       int    `json:"status,omitempty"`
	Message      string `json:"message,omitempty"`
	RetryAfterMs int    `json:"retryAfterMs,omitempty"`
	// DelayMs is how long Delay waits, by the real clock.
	DelayMs int `json:"delayMs,omitempty"`
	// Calls and Hits are how many calls matched and to how many it happened. Faults fills
	// them in.
	Calls int `json:"calls"`
	Hits  int `json:"hits"`
}

// When says on which side of the effect a fault lies.
type When string

// Before leaves no effect, After leaves the effect and spoils the answer.
const (
	Before When = "before"
	After  When = "after"
)

// Deed is what a fault does.
type Deed string

// The deeds.
const (
	Refuse     Deed = "refuse"     // answers with an error code
	Hang       Deed = "hang"       // answers nothing until the client goes away
	Reset      Deed = "reset"      // resets the connection
	HTML502    Deed = "html502"    // answers as a gateway does whose service is gone
	Truncate   Deed = "truncate"   // cuts the JSON in the middle
	WrongTypes Deed = "wrongTypes" // makes objects, numbers and nulls of the ids
	Empty      Deed = "empty"      // answers success and leaves everything out
	Redirect   Deed = "redirect"   // answers 302
	Delay      Deed = "delay"      // waits, then does what the call asks for
)

var deeds = []Deed{Refuse, Hang, Reset, HTML502, Truncate, WrongTypes, Empty, Redirect, Delay}

// check says what is wrong with a fault and fills in what it leaves out.
func (f *Fault) check() error {
	f.Calls, f.Hits = 0, 0
	if f.When == "" {
		f.When = Before
	}
	known := knownActions()
	switch {
	case !slices.Contains(known, f.Action):
		return fmt.Errorf("action %q: want * or one of %s", f.Action, strings.Join(known[1:], ", "))
	case !slices.Contains(deeds, f.Do):
		return fmt.Errorf("do %q: want one of %s", f.Do, joined(deeds))
	case f.When != Before && f.When != After:
		return fmt.Errorf("when %q: want before or after", f.When)
	case f.From < 0 || f.To < 0 || f.To > 0 && f.From > f.To:
		return fmt.Errorf("from %d to %d: want numbers of calls, counted from 1", f.From, f.To)
	case !(f.Probability >= 0 && f.Probability <= 1): // NaN is neither
		return fmt.Errorf("probability %v: want a number from 0 to 1", f.Probability)
	case f.DelayMs < 0 || f.RetryAfterMs < 0:
		return fmt.Errorf("delayMs %d, retryAfterMs %d: want milliseconds", f.DelayMs, f.RetryAfterMs)
	case f.Do == Delay && f.DelayMs == 0:
		return fmt.Errorf("do delay: want delayMs")
	}
	return f.checkAnswer()
}

func (f *Fault) checkAnswer() error {
	answers := f.Code != "" || f.Status != 0 || f.Message != "" || f.RetryAfterMs != 0
	switch {
	case f.Do != Refuse && answers:
		return fmt.Errorf("do %s: code, status, message and retryAfterMs belong to refuse", f.Do)
	case f.Do == Refuse && f.Code == "":
		return fmt.Errorf("do refuse: want a code")
	case f.Status != 0 && (f.Status < 400 || f.Status > 599):
		return fmt.Errorf("status %d: want one from 400 to 599", f.Status)
	}
	return nil
}

// refusal is the answer of a Refuse to a call of an API.
func (f *Fault) refusal(api string) *refusal {
	row, _ := documented(api, f.Code)
	message := f.Message
	if message == "" {
		message = fill(row.Message, []string{"A planned fault"})
	}
	return &refusal{cmp.Or(f.Status, row.Status, 400), f.Code, message}
}

// matches says whether a fault is meant for a call.
func (f *Fault) matches(api string, params map[string]string) bool {
	if !names(f.Action, api) {
		return false
	}
	for name, value := range f.Params {
		if sent, ok := params[name]; !ok || sent != value {
			return false
		}
	}
	return true
}

// names says whether a pattern, * or an action's name with or without its service, means
// an action.
func names(pattern, api string) bool {
	return pattern == "*" || pattern == api || batchComputeAPI+pattern == api
}

// knownActions are * and all spellings of the actions there are.
func knownActions() []string {
	known := slices.Collect(maps.Keys(actions))
	for _, calls := range []map[string]resourceCall{imagesCalls, imageCalls} {
		for _, call := range calls {
			known = append(known, call.name, batchComputeAPI+call.name)
		}
	}
	slices.Sort(known)
	return append([]string{"*"}, known...)
}

func joined[T ~string](words []T) string {
	var text []string
	for _, word := range words {
		text = append(text, string(word))
	}
	return strings.Join(text, ", ")
}
