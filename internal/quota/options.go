package quota

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// The limits that hold unless others are given. CreateImageComponent documents its own;
// for the others only Quota Center knows, so they get the same (A017).
const (
	DefaultCallsPerMinute    = 1000
	defaultAPICallsPerMinute = 1000

	defaultMaxWait = 20 * time.Second
)

// documented are the limits that an API reference names. (CreateImageComponent,
// 2014-05-26: 1,000 calls in 60 seconds.)
var documented = map[string]int{"CreateImageComponent": 1000}

// everyAPI stands for the APIs that are not named.
const everyAPI = "*"

// leastShare is what a worker needs so that looks leave room for other calls.
const leastShare = 4

// Options of a Quota. The zero value means the defaults.
type Options struct {
	// CallsPerMinute is what the account takes in all.
	CallsPerMinute int
	// APICallsPerMinute is what the account takes of an API in each region. "*" is every API
	// that is not named and documents no limit of its own.
	APICallsPerMinute map[string]int
	// Workers is how many processes share the account; each keeps to its share. Default 1.
	Workers int
	// MaxWait is how long a call is held back before it is sent away; default 20 s.
	MaxWait time.Duration
}

// Check says what is wrong with options that are given one by one, by their flags.
func (o Options) Check() error {
	if o.Workers < 1 {
		return fmt.Errorf("--workers is %d: give the number of worker processes that share the account, at least 1", o.Workers)
	}
	if o.CallsPerMinute < 1 {
		return fmt.Errorf("--calls-per-minute is %d: give what the account may call in a minute, such as %d", o.CallsPerMinute, DefaultCallsPerMinute)
	}
	if share := o.share(o.CallsPerMinute); share < leastShare {
		return fmt.Errorf("--calls-per-minute %d leaves %d to each of --workers %d: a worker needs %d at least", o.CallsPerMinute, share, o.Workers, leastShare)
	}
	for _, api := range slices.Sorted(maps.Keys(o.APICallsPerMinute)) {
		if err := o.checkAPI(api, o.APICallsPerMinute[api]); err != nil {
			return err
		}
	}
	return nil
}

func (o Options) checkAPI(api string, limit int) error {
	switch {
	case api != everyAPI && !slices.Contains(alicloud.APIs(), api):
		return fmt.Errorf("--api-calls-per-minute %s=%d: Kiln does not call %s; give one of %s, or * for the others", api, limit, api, strings.Join(alicloud.APIs(), ", "))
	case limit < 1:
		return fmt.Errorf("--api-calls-per-minute %s=%d: give at least 1", api, limit)
	case o.share(limit) < 1:
		return fmt.Errorf("--api-calls-per-minute %s=%d leaves nothing to each of --workers %d: give at least 1 for each", api, limit, o.Workers)
	}
	return nil
}

// share is what one worker may use of a limit.
func (o Options) share(limit int) int { return limit / o.Workers }

// limit is how often the account may call an API in a region in a minute.
func (o Options) limit(api string) int {
	return cmp.Or(o.APICallsPerMinute[api], documented[api], o.APICallsPerMinute[everyAPI], defaultAPICallsPerMinute)
}

// looks tells whether an API only reads.
func looks(api string) bool {
	action := api[strings.LastIndex(api, ".")+1:]
	return slices.ContainsFunc([]string{"Describe", "List", "Get", "Head"}, func(verb string) bool { return strings.HasPrefix(action, verb) })
}
