package testsuite

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/errcode"
)

// The rows of every API, and those of Batch Compute, hold at each call that makes something.
func TestMatrixCommonRows(t *testing.T) {
	for n, e := range errcode.All() {
		for _, api := range mutations {
			if !common(e, api) {
				continue
			}
			t.Run(fmt.Sprintf("%s %s %d", api, e.Code, n+1), func(t *testing.T) {
				t.Parallel()
				s := sayingOf(api, e)
				if own := errcode.Lookup(api, s.code, s.status, s.message); own.API == api {
					s.class, s.advice = own.Class, own.Advice // the API's own row says more
				} else {
					s.advice = own.Advice
				}
				if throttles(s) {
					proveThrottling(t, s)
					return
				}
				prove(t, s)
			})
		}
	}
}

// common tells whether a row that is not an API's own can be the answer to it. Status 0 is
// no answer of a cloud.
func common(e errcode.Entry, api string) bool {
	switch e.API {
	case "*":
		return e.Status != 0
	case "BatchCompute.*":
		return api == registers
	}
	return false
}

func throttles(s saying) bool {
	return slices.Contains([]string{"Throttling", "Throttling.User", "Throttling.Api", "Rejected.Throttling"}, s.code)
}

// proveThrottling: each call comes in a minute of its own, and no number of them fails the
// build; where the answer says when to come again, that holds.
func proveThrottling(t *testing.T, s saying) {
	refusals := 3
	if s.code == "Throttling" {
		refusals = 150 // minutes: longer than timeouts.call
	}
	bubble(t, func(y *yard) {
		y.plan(s.fault(0, refusals))
		v := y.build(order{document: golden})
		require.Equal(t, refusals+1, y.succeeded(v, s.api))
		for _, minute := range callsByMinute(y.calls(s.api)) {
			require.Equal(t, 1, minute)
		}
	})
	bubble(t, func(y *yard) {
		f := s.fault(0, 2)
		f.RetryAfterMs = 7000
		y.plan(f)
		v := y.build(order{document: golden})
		require.Equal(t, 3, y.succeeded(v, s.api))
		calls := y.calls(s.api)
		require.Equal(t, []time.Duration{7 * time.Second, 7 * time.Second},
			[]time.Duration{calls[1].Time.Sub(calls[0].Time), calls[2].Time.Sub(calls[1].Time)})
	})
}

// callsByMinute counts calls in the cloud's windows of one minute.
func callsByMinute(calls []request) map[time.Time]int {
	count := map[time.Time]int{}
	for _, call := range calls {
		count[call.Time.Truncate(time.Minute)]++
	}
	return count
}

// A code that nobody knows stops the build by a 4xx and is tried again after a 5xx.
func TestMatrixUnknownCodes(t *testing.T) {
	for _, api := range mutations {
		for status, class := range map[int]errcode.Class{400: errcode.Stop, 404: errcode.Stop, 409: errcode.Stop, 500: errcode.Retry, 503: errcode.Retry} {
			t.Run(fmt.Sprint(api, " ", status), func(t *testing.T) {
				t.Parallel()
				s := saying{api: api, code: "Backend.Down", message: "Something new.", status: status, class: class}
				s.advice = errcode.Lookup(api, s.code, status, s.message).Advice
				prove(t, s)
			})
		}
	}
}
