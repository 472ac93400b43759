package quota_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/quota"
)

var (
	importing = alicloud.Call{API: "ImportImage", Region: "cn-hangzhou"}
	starting  = alicloud.Call{API: "StartImagePipelineExecution", Region: "cn-hangzhou"}
	looking   = alicloud.Call{API: "DescribeImages", Region: "cn-hangzhou"}
	elsewhere = alicloud.Call{API: "ImportImage", Region: "cn-beijing"}
)

// office is a quota and when calls have passed it.
type office struct {
	*quota.Quota
	mu     sync.Mutex
	passed []pass
}

type pass struct {
	call alicloud.Call
	who  int
	at   time.Time
}

func open(opts quota.Options) *office { return &office{Quota: quota.New(opts)} }

// go1 makes one call, and notes when it passed.
func (o *office) go1(ctx context.Context, call alicloud.Call, who int) error {
	err := o.Enter(ctx, call)
	if err == nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.passed = append(o.passed, pass{call, who, time.Now()})
	}
	return err
}

// insist makes one call, and comes back each time it is sent away.
func (o *office) insist(t *testing.T, call alicloud.Call, who int) {
	for {
		began := time.Now()
		err := o.go1(t.Context(), call, who)
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("Enter took %s", took)
		}
		if err == nil {
			return
		}
		time.Sleep(heldBack(t, err).RetryAfter)
	}
}

// of are the passes of calls that are wanted; nil wants all.
func (o *office) of(wanted func(alicloud.Call) bool) (all []pass) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.passed {
		if wanted == nil || wanted(p.call) {
			all = append(all, p)
		}
	}
	return all
}

func only(call alicloud.Call) func(alicloud.Call) bool {
	return func(other alicloud.Call) bool { return call == other }
}

// heldBack is the error of a call that was sent away.
func heldBack(t *testing.T, err error) *alicloud.Error {
	t.Helper()
	var held *alicloud.Error
	require.ErrorAs(t, err, &held)
	require.Equal(t, alicloud.CodeHeldBack, held.Code)
	require.Zero(t, held.HTTPStatus)
	require.Positive(t, held.RetryAfter)
	return held
}

// requireWithin holds passes to a limit in each 60 s.
func requireWithin(t *testing.T, limit int, passed []pass) {
	t.Helper()
	for i := limit; i < len(passed); i++ {
		if apart := passed[i].at.Sub(passed[i-limit].at); apart < time.Minute {
			require.Failf(t, "too many calls", "%d calls within %s, by %s", limit+1, apart, passed[i].at)
		}
	}
}

func TestNoSixtySecondsSeeMoreThanTheLimit(t *testing.T) {
	for _, limit := range []int{1, 2, 3, 4, 7, 10, 60, 333, 1000} {
		for name, opts := range map[string]quota.Options{
			"of the API":     {CallsPerMinute: 100_000, APICallsPerMinute: map[string]int{"ImportImage": limit}},
			"of the account": {CallsPerMinute: limit},
			"of a worker":    {CallsPerMinute: limit * 3, Workers: 3},
		} {
			t.Run(strconv.Itoa(limit)+" "+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					o := open(opts)
					var callers sync.WaitGroup
					chance := rand.New(rand.NewPCG(1, uint64(limit)))
					for range 4 { // crowds, and quiet times in which the bucket fills up
						for who := range chance.IntN(limit) + limit/2 + 1 {
							callers.Go(func() { o.insist(t, importing, who) })
						}
						time.Sleep(time.Duration(chance.Int64N(int64(90 * time.Second))))
					}
					callers.Wait()
					requireWithin(t, limit, o.of(nil))
					o.passed = nil
					time.Sleep(time.Hour)
					at := time.Now()
					for range 2 * limit {
						callers.Go(func() { o.insist(t, importing, 0) })
					}
					callers.Wait()
					require.Equal(t, at, o.of(nil)[0].at, "a call that may pass does not wait")
					requireWithin(t, limit, o.of(nil))
				})
			})
		}
	}
}

func TestTenThousandCallersAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{})
		calls := []alicloud.Call{importing, starting, looking, elsewhere}
		began := time.Now()
		var callers sync.WaitGroup
		for who := range 10_000 {
			callers.Go(func() { o.insist(t, calls[who%len(calls)], who) })
		}
		callers.Wait()
		require.Len(t, o.of(nil), 10_000)
		requireWithin(t, 1000, o.of(nil))
		require.Less(t, time.Since(began), 14*time.Minute, "the quota of 10 to 11 minutes is put to use")
	})
}

func TestWhoWaitsPassesInTheOrderOfComing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{APICallsPerMinute: map[string]int{"ImportImage": 100}})
		var callers sync.WaitGroup
		for who := range 35 {
			callers.Go(func() { _ = o.go1(t.Context(), importing, who) })
			synctest.Wait()
		}
		callers.Wait()
		require.Len(t, o.of(nil), 35)
		for who, p := range o.of(nil) {
			require.Equal(t, who, p.who)
		}
	})
}

func TestLooksLeaveRoomForOtherCalls(t *testing.T) {
	for _, limit := range []int{4, 10, 50, 1000} {
		t.Run(strconv.Itoa(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := open(quota.Options{CallsPerMinute: limit})
				var callers sync.WaitGroup
				for range 5 * limit {
					callers.Go(func() { o.insist(t, looking, 0) })
				}
				for range 20 { // the flood goes on, and a tenth of the limit is wanted
					time.Sleep(10 * time.Minute / time.Duration(limit))
					began := time.Now()
					require.NoError(t, o.go1(t.Context(), importing, 0))
					require.Equal(t, began, time.Now(), "a call that makes something does not wait for looks")
				}
				callers.Wait()
				requireWithin(t, limit*4/5, o.of(only(looking)))
				requireWithin(t, limit, o.of(nil))
			})
		})
	}
}

func TestLooksWaitForOtherCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{CallsPerMinute: 100})
		var callers sync.WaitGroup
		for who := range 40 {
			callers.Go(func() { _ = o.go1(t.Context(), looking, who) })
		}
		synctest.Wait()
		waited := len(o.of(nil))
		for who := range 20 {
			callers.Go(func() { o.insist(t, importing, who) })
		}
		callers.Wait()
		require.Len(t, o.of(only(importing)), 20)
		for _, p := range o.of(nil)[waited : waited+20] {
			require.Equal(t, importing, p.call, "looks that wait are overtaken")
		}
	})
}

func TestACallIsSentAwayWhenItWouldWaitForTooLong(t *testing.T) {
	for _, test := range []struct {
		name string
		opts quota.Options
		call alicloud.Call
		says string
	}{
		{"for its API", quota.Options{APICallsPerMinute: map[string]int{"ImportImage": 10}}, importing,
			"the call was held back and not made: --api-calls-per-minute lets the account make 10 of ImportImage in cn-hangzhou"},
		{"for the account", quota.Options{CallsPerMinute: 20, Workers: 2}, importing,
			"the call was held back and not made: --calls-per-minute lets the account make 20, and this worker is one of 2 (--workers)"},
		{"for looks", quota.Options{CallsPerMinute: 20}, looking,
			"the call was held back and not made: --calls-per-minute lets the account make 20, of which calls that only look use 80 % at most"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := open(test.opts)
				var callers sync.WaitGroup
				var sent []time.Duration
				for range 12 {
					callers.Go(func() {
						began := time.Now()
						if err := o.go1(t.Context(), test.call, 0); err != nil {
							held := heldBack(t, err)
							require.Equal(t, test.says, held.Message)
							require.Equal(t, test.call.API, held.API)
							require.Equal(t, began, time.Now(), "it is known at once")
							sent = append(sent, held.RetryAfter)
						}
					})
					synctest.Wait()
				}
				callers.Wait()
				require.NotEmpty(t, sent)
				require.NotEmpty(t, o.of(nil))
				for i, wait := range sent {
					require.Greater(t, wait, 20*time.Second)
					require.True(t, i == 0 || wait > sent[i-1], "they come back one after the other")
				}
			})
		})
	}
}

func TestThoseSentAwayComeBackInAFewMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{CallsPerMinute: 10})
		sent := make(chan error)
		for range 1000 {
			go func() {
				sent <- o.go1(t.Context(), importing, 0)
			}()
		}
		for range 1000 {
			if err := <-sent; err != nil {
				require.LessOrEqual(t, heldBack(t, err).RetryAfter, 6*time.Minute)
			}
		}
	})
}

func TestACallThatIsOvertakenForTooLongIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{CallsPerMinute: 60})
		drain(t, o, looking)
		began := time.Now()
		look := make(chan error)
		go func() { look <- o.go1(t.Context(), looking, 0) }()
		synctest.Wait()
		go func() {
			for range 60 {
				_ = o.go1(t.Context(), importing, 0)
			}
		}()
		var others sync.WaitGroup
		for range 30 {
			others.Go(func() { o.insist(t, starting, 0) })
		}
		heldBack(t, <-look)
		require.Equal(t, 20*time.Second, time.Since(began))
		others.Wait()
		time.Sleep(10 * time.Minute)
		requireWithin(t, 60, o.of(nil))
	})
}

// drain lets calls pass until one would have to wait.
func drain(t *testing.T, o *office, call alicloud.Call) {
	t.Helper()
	for began := time.Now(); began.Equal(time.Now()); {
		require.NoError(t, o.go1(t.Context(), call, 0))
	}
}

func TestAWaitThatIsCancelledEndsAtOnceAndLeavesItsPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := open(quota.Options{APICallsPerMinute: map[string]int{"ImportImage": 10}})
		drain(t, o, importing)
		ctx, cancel := context.WithCancelCause(t.Context())
		given := make(chan error)
		began := time.Now()
		go func() { given <- o.go1(ctx, importing, 1) }()
		synctest.Wait()
		next := make(chan error)
		go func() { next <- o.go1(t.Context(), importing, 2) }()
		synctest.Wait()
		cancel(errors.New("stop"))
		require.ErrorIs(t, <-given, context.Canceled)
		require.Equal(t, began, time.Now())
		require.NoError(t, <-next)
		require.Equal(t, 7500*time.Millisecond, time.Since(began), "it is first now")
		require.ErrorIs(t, o.go1(ctx, elsewhere, 3), context.Canceled, "although nothing holds it back")
	})
}

func TestACallThatMayPassCostsNothing(t *testing.T) {
	o := quota.New(quota.Options{CallsPerMinute: 1_000_000, APICallsPerMinute: map[string]int{"ImportImage": 1_000_000}})
	require.Zero(t, testing.AllocsPerRun(1000, func() { _ = o.Enter(context.Background(), importing) }))
}
