package quota_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/quota"
)

// A bubble's clock begins at midnight, so 45 s later the minute has a quarter left.
const intoTheMinute = 45 * time.Second

// throttled is what the cloud says.
func throttled(code string, retryAfter time.Duration) *alicloud.Error {
	return &alicloud.Error{Code: code, HTTPStatus: 400, RetryAfter: retryAfter}
}

func TestAThrottleKeepsEverybodyAway(t *testing.T) {
	inBeijing := alicloud.Call{API: "StartImagePipelineExecution", Region: "cn-beijing"}
	for _, test := range []struct {
		name       string
		code       string
		retryAfter time.Duration
		away       []alicloud.Call
		others     []alicloud.Call
		atLeast    time.Duration
	}{
		{"from the API in the region", "Throttling", 0, []alicloud.Call{importing}, []alicloud.Call{starting, looking, elsewhere}, 15 * time.Second},
		{"whatever the code adds", "Throttling.Api", 0, []alicloud.Call{importing}, []alicloud.Call{starting, elsewhere}, 15 * time.Second},
		{"wherever the code says it", "Rejected.throttling", 0, []alicloud.Call{importing}, []alicloud.Call{starting, elsewhere}, 15 * time.Second},
		{"from the region, when the account is meant", "Throttling.User", 0, []alicloud.Call{importing, starting, looking}, []alicloud.Call{elsewhere, inBeijing}, 15 * time.Second},
		{"for as long as the cloud asks for", "Throttling", 17 * time.Second, []alicloud.Call{importing}, []alicloud.Call{starting}, 17 * time.Second},
		{"until the minute is over, when the cloud asks for less", "Throttling", time.Second, []alicloud.Call{importing}, nil, 15 * time.Second},
		{"no other refusal does", "ServiceUnavailable", time.Minute, nil, []alicloud.Call{importing, starting}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, call := range append(test.away, test.others...) {
				synctest.Test(t, func(t *testing.T) {
					o := open(quota.Options{})
					time.Sleep(intoTheMinute)
					o.Heed(importing, throttled(test.code, test.retryAfter))
					began := time.Now()
					require.NoError(t, o.go1(t.Context(), call, 0))
					if waited := time.Since(began); len(test.away) == 0 || !contains(test.away, call) {
						require.Zero(t, waited, call)
					} else {
						require.Greater(t, waited, test.atLeast, call)
						require.Less(t, waited, test.atLeast+3*time.Second, call)
					}
				})
			}
		})
	}
}

func contains(calls []alicloud.Call, call alicloud.Call) bool {
	for _, c := range calls {
		if c == call {
			return true
		}
	}
	return false
}

func TestAfterAThrottleCallsComeOneByOneAtFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{})
		time.Sleep(58 * time.Second) // so that nobody loses patience
		o.Heed(importing, throttled("Throttling", 0))
		var callers sync.WaitGroup
		for who := range 200 {
			callers.Go(func() { o.insist(t, importing, who) })
		}
		callers.Wait()
		first := o.of(nil)[0].at
		for i, p := range o.of(nil)[:10] {
			require.Equal(t, time.Duration(i)*time.Second, p.at.Sub(first), "probes are a second apart")
		}
		require.Less(t, time.Since(first), time.Minute, "and then at the full rate")
		requireWithin(t, 1000, o.of(nil))
	})
}

func TestAThrottleOfTheAccountIsProbedByAllTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{})
		time.Sleep(58 * time.Second) // so that nobody loses patience
		o.Heed(importing, throttled("Throttling.User", 0))
		var callers sync.WaitGroup
		for _, call := range []alicloud.Call{looking, looking, starting, importing} {
			callers.Go(func() { o.insist(t, call, 0) })
		}
		callers.Wait()
		for i, p := range o.of(nil)[1:] {
			require.Equal(t, time.Second, p.at.Sub(o.of(nil)[i].at))
			require.Equal(t, i > 0, p.call == looking, "looks come last")
		}
	})
}

func TestThrottlesOfCallsThatWereUnderWayCountOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{})
		time.Sleep(intoTheMinute)
		for range 1000 {
			o.Heed(importing, throttled("Throttling", 0))
		}
		time.Sleep(17500 * time.Millisecond)
		began := time.Now()
		require.NoError(t, o.go1(t.Context(), importing, 0))
		require.Equal(t, began, time.Now())
	})
}

func TestEachThrottleBeginsASilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{})
		for range 5 {
			o.Heed(importing, throttled("Throttling", 0))
			now := time.Now()
			o.insist(t, importing, 0)
			require.Greater(t, time.Now(), now.Truncate(time.Minute).Add(time.Minute))
		}
	})
}

func TestAThrottleSendsThoseAwayWhoCannotWaitThatLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{APICallsPerMinute: map[string]int{"ImportImage": 10}})
		drain(t, o, importing)
		time.Sleep(intoTheMinute - time.Since(time.Now().Truncate(time.Minute)))
		drain(t, o, importing)
		given := make(chan error)
		go func() { given <- o.go1(t.Context(), importing, 0) }()
		synctest.Wait()
		began := time.Now()
		o.Heed(importing, throttled("Throttling", 40*time.Second))
		held := heldBack(t, <-given)
		require.Equal(t, began, time.Now(), "it is known at once")
		require.Equal(t, "the call was held back and not made: the cloud has throttled ImportImage in cn-hangzhou and is left alone until its next minute", held.Message)
		require.Greater(t, held.RetryAfter, 40*time.Second)

		held = heldBack(t, o.go1(t.Context(), importing, 0))
		require.Greater(t, held.RetryAfter, 40*time.Second, "nor does a new call wait for it")
		o.Heed(starting, throttled("Throttling.User", 50*time.Second))
		held = heldBack(t, o.go1(t.Context(), looking, 0))
		require.Contains(t, held.Message, "the cloud has throttled this account in cn-hangzhou")
	})
}

func TestAThrottleDoesNotShortenALongerOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{})
		time.Sleep(intoTheMinute)
		o.Heed(importing, throttled("Throttling", 17*time.Second))
		o.Heed(importing, throttled("Throttling", 0))
		began := time.Now()
		require.NoError(t, o.go1(t.Context(), importing, 0))
		require.GreaterOrEqual(t, time.Since(began), 17500*time.Millisecond)
	})
}

// Those whom a throttle keeps waiting are not in the way of others.
func TestACrowdBehindAThrottleHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{CallsPerMinute: 100})
		time.Sleep(intoTheMinute)
		o.Heed(importing, throttled("Throttling", 0))
		for range 500 {
			go func() { _ = o.go1(t.Context(), importing, 0) }()
		}
		synctest.Wait()
		for range 10 {
			require.NoError(t, o.go1(t.Context(), elsewhere, 0))
		}
		require.Len(t, o.of(nil), 10)
		time.Sleep(time.Minute)
	})
}
