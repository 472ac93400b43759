package testsuite

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/errcode"
)

// stubborn: creating calls after one of the step was refused for good. A call is no second
// one when the refusal may have been lost with a worker, and none of the first one's when
// the step was begun anew by decision.
func (d *docket) stubborn() (found []string) {
	for n, c := range d.calls {
		if c.build == "" || c.Status < 400 || !c.answered() || d.lossSince(c.Time) || d.stray(c.request) || errcode.Classify(c.api(), c.Code, c.Status, c.Message) != errcode.Stop {
			continue
		}
		for _, later := range d.calls[n+1:] {
			same := later.build == c.build && later.step == c.step && !d.stray(later.request)
			if same && (later.token() == c.token() || !d.decided(c.build, []string{c.token(), later.token()})) {
				found = append(found, fmt.Sprintf("build %s called %s with the token %s (request %s) after %s had refused it for good with %s",
					c.build, later.api(), later.token(), later.RequestID, c.RequestID, c.Code))
				break
			}
		}
	}
	return found
}

// ambiguous: tokens that went out with two sets of parameters, and calls without one.
func (d *docket) ambiguous() (found []string) {
	meant := map[string]creating{}
	for _, c := range d.calls {
		token := c.token()
		switch was, known := meant[token]; {
		case token == "" && len(c.Params) > 0:
			found = append(found, fmt.Sprintf("%s was called without a token (request %s)", c.api(), c.RequestID))
		case token == "":
		case !known:
			meant[token] = c
		case was.api() != c.api():
			found = append(found, fmt.Sprintf("token %s stands for %s and for %s", token, was.api(), c.api()))
		case differing(was.Params, c.Params) != "":
			found = append(found, fmt.Sprintf("token %s of %s stands for two requests, %s and %s: %s", token, c.api(), was.RequestID, c.RequestID, differing(was.Params, c.Params)))
		case len(c.Params) > len(was.Params):
			meant[token] = c
		}
	}
	return found
}

// differing says which parameter of two requests differs. The log has only some of them
// of a request that was held before it was read, so one may have fewer.
func differing(a, b map[string]string) string {
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, name := range slices.Sorted(maps.Keys(a)) {
		if other, sent := b[name]; !sent || other != a[name] {
			return fmt.Sprintf("%s is %q and %q", name, a[name], other)
		}
	}
	return ""
}

// How many looks and calls there may be beside those that the time explains: at first
// retries come quickly, and looks for what a lost call may have made.
const (
	freeLooks = 24
	freeCalls = 12
	// slowestRetry is how far apart retries are at least once they have slowed down: a minute
	// less a quarter, which chance takes.
	slowestRetry = 45 * time.Second
	// throttledRetry is the shortest pause that the tests' clouds ask for when they throttle.
	throttledRetry = 5 * time.Second
)

// wasteful: more looks at one thing than polling explains, more calls with one token than
// retries explain. Each loss of a worker may cost some of both.
func (d *docket) wasteful() (found []string) {
	looks, shared, calls, throttled := map[string][]time.Time{}, map[string][]time.Time{}, map[string][]time.Time{}, map[string][]time.Time{}
	for _, r := range d.requests {
		slow := strings.Contains(r.Code, "Throttling")
		switch {
		case r.Service == "oss":
		case r.looks() && d.owner(targetOf(r)) != "":
			at := r.api() + " of " + meaning(r)
			looks[at] = append(looks[at], r.Time)
		case r.looks(): // at what several builds may look at
			at := r.api() + " of " + meaning(r)
			shared[at] = append(shared[at], r.Time)
		case mutates(r) && slow:
			throttled[r.token()] = append(throttled[r.token()], r.Time)
		case mutates(r):
			calls[r.token()] = append(calls[r.token()], r.Time)
		}
	}
	extra := 3 * (len(d.losses) + len(d.strays))
	builds := max(1, len(d.builds))
	found = append(found, tooMany("looks by ", looks, d.poll, freeLooks+extra)...)
	found = append(found, tooMany("looks by ", shared, d.poll/time.Duration(builds), freeLooks*builds+extra)...)
	found = append(found, tooMany("calls with the token ", calls, slowestRetry, freeCalls+extra)...)
	return append(found, tooMany("throttled calls with the token ", throttled, throttledRetry, freeCalls+extra)...)
}

func tooMany(of string, seen map[string][]time.Time, every time.Duration, free int) (found []string) {
	for what, times := range seen {
		elapsed := slices.MaxFunc(times, time.Time.Compare).Sub(slices.MinFunc(times, time.Time.Compare))
		if allowed := free + int(elapsed/every); len(times) > allowed {
			found = append(found, fmt.Sprintf("%d %s%s in %v, where %d are enough", len(times), of, what, elapsed, allowed))
		}
	}
	return sorted(found)
}

// meaning is what a look looks at, in words that are the same for equal looks.
func meaning(r request) string {
	text, _ := json.Marshal(r.Params) // in the order of the names
	return r.Path + string(text)
}

// leaked: where a secret stands.
func (d *docket) leaked() (found []string) {
	texts := maps.Clone(d.said)
	if texts == nil {
		texts = map[string]string{}
	}
	put := func(where string, value any) {
		text, _ := json.Marshal(value)
		texts[where] = string(text)
	}
	put("the cloud's log", d.requests)
	for _, b := range d.builds {
		for where, value := range map[string]any{
			"result": b.result, "failure": b.failure, "cancellation": b.cancellation, "progress": b.progress, "history": b.history,
		} {
			put("the "+where+" of build "+b.id, value)
		}
	}
	for where, text := range texts {
		for n, secret := range d.secrets {
			if secret != "" && strings.Contains(text, secret) {
				found = append(found, fmt.Sprintf("secret %d stands in %s", n+1, where))
			}
		}
	}
	return sorted(found)
}
