package testsuite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/quota"
)

// behind returns a client of the yard's cloud whose calls pass a quota.
func (y *yard) behind(opts quota.Options) *alicloud.Cloud {
	y.t.Helper()
	cloud, err := alicloud.New(alicloud.Options{
		ECSEndpoint: "http://cloud.test", BatchComputeEndpoint: "http://cloud.test", OSSEndpoint: "http://cloud.test",
		AccessKeyID: "kiln-dev", AccessKeySecret: yardSecret, Dial: y.network.dial, Gate: quota.New(opts),
	})
	require.NoError(y.t, err)
	y.t.Cleanup(cloud.CloseIdleConnections)
	return cloud
}

// limit lets the cloud take some calls of each action in a minute.
func (y *yard) limit(calls int) {
	y.set(func(c *emulator.Conditions) { c.Flow.Limits = map[string]int{"*": calls} })
}

// throttles are the calls that the cloud has throttled.
func (y *yard) throttles() []request {
	return y.requests(func(r request) bool { return strings.Contains(r.Code, "Throttling") })
}

// insist makes a call until it is not throttled, by the cloud or by the quota, and comes
// back when it is told to, as an activity does.
func insist(ctx context.Context, call func(context.Context) error) error {
	for {
		err := call(ctx)
		var refused *alicloud.Error
		if !errors.As(err, &refused) || !strings.Contains(refused.Code, "Throttling") {
			return err
		}
		time.Sleep(max(time.Second, refused.RetryAfter))
	}
}

// crowd calls the cloud from many places at once: looks at images and at registrations, in
// two regions, and components that are made.
func crowd(y *yard, cloud *alicloud.Cloud, size int) error {
	var callers sync.WaitGroup
	failed := make(chan error, size)
	for n := range size {
		callers.Go(func() {
			failed <- insist(y.t.Context(), func(ctx context.Context) error {
				region := []string{hangzhou, "cn-beijing"}[n/4%2]
				switch n % 4 {
				case 0, 1:
					_, err := cloud.Images(ctx, alicloud.ImageQuery{Region: region, ID: "m-1"})
					return err
				case 2:
					_, err := cloud.BatchImages(ctx, hangzhou) // the emulated one counts for all regions
					return err
				}
				_, err := cloud.CreateComponent(ctx, componentNumber(region, n))
				return err
			})
		})
	}
	callers.Wait()
	close(failed)
	var all error
	for err := range failed {
		all = errors.Join(all, err)
	}
	return all
}

func componentNumber(region string, n int) alicloud.CreateComponentRequest {
	return alicloud.CreateComponentRequest{
		Region: region, ClientToken: fmt.Sprintf("token_%d", n), Name: fmt.Sprintf("tool-%d", n), Version: "1.0.0",
		Type: "Build", SystemType: "Linux", Content: "RUN true",
	}
}

// With the limits of the cloud the quota keeps a crowd below them; a client without one
// runs into them.
func TestLimitsOfTheCloudAreNotReached(t *testing.T) {
	const limit = 12
	perAPI := map[string]int{"DescribeImages": limit, "BatchCompute.ListImages": limit, "CreateImageComponent": limit}
	for _, test := range []struct {
		name string
		opts quota.Options
	}{
		{"by those of the APIs", quota.Options{APICallsPerMinute: perAPI}},
		{"by that of the account", quota.Options{CallsPerMinute: limit}},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(y *yard) {
				y.limit(limit)
				require.NoError(y.t, crowd(y, y.behind(test.opts), 160))
				require.Empty(y.t, y.throttles())
				require.Len(y.t, y.requests(func(r request) bool { return r.Status < 300 }), 160)
			})
		})
	}
	t.Run("two workers that share the account", func(t *testing.T) {
		bubble(t, func(y *yard) {
			y.limit(limit)
			opts := quota.Options{APICallsPerMinute: perAPI, Workers: 2}
			one, two := y.behind(opts), y.behind(opts)
			other := make(chan error)
			go func() { other <- crowd(y, two, 80) }()
			require.NoError(y.t, crowd(y, one, 80))
			require.NoError(y.t, <-other)
			require.Empty(y.t, y.throttles())
		})
	})
	t.Run("without a quota they are", func(t *testing.T) {
		bubble(t, func(y *yard) {
			y.limit(limit)
			require.NoError(y.t, crowd(y, y.cloud, 160))
			require.NotEmpty(y.t, y.throttles())
		})
	})
}

// Another tool uses up the account's calls at the beginning of each of five minutes: our
// first call of the minute is throttled, and no other follows before the next minute.
func TestLimitsThatAnotherToolUsesUp(t *testing.T) {
	const ours = "m-ours"
	for _, code := range []string{"Throttling", "Throttling.User"} {
		t.Run(code, func(t *testing.T) {
			bubble(t, func(y *yard) {
				y.limit(10)
				y.set(func(c *emulator.Conditions) { c.Flow.Code = code })
				cloud := y.behind(quota.Options{})
				over := make(chan struct{})
				go y.useUp(over, 5)
				time.Sleep(time.Minute)
				var callers sync.WaitGroup
				for range 100 {
					callers.Go(func() {
						_ = insist(y.t.Context(), func(ctx context.Context) error {
							_, err := cloud.Images(ctx, alicloud.ImageQuery{Region: hangzhou, ID: ours})
							return err
						})
					})
				}
				callers.Wait()
				<-over
				passed := y.requests(func(r request) bool { return r.Params["ImageId"] == ours && r.Status == http.StatusOK })
				require.Len(y.t, passed, 100, "all is done in the end")
				requireSilence(y.t, y.requests(func(r request) bool { return r.Params["ImageId"] == ours }))
			})
		})
	}
}

// useUp makes all calls that the cloud takes, at the beginning of each of some minutes.
func (y *yard) useUp(over chan<- struct{}, minutes int) {
	defer close(over)
	for range minutes {
		for range 10 {
			_, _ = y.cloud.Images(y.t.Context(), alicloud.ImageQuery{Region: hangzhou, ID: "m-theirs"})
		}
		time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute)))
	}
}

// requireSilence holds each throttle to being the last call of its minute, but for calls
// that were made in the same moment.
func requireSilence(t *testing.T, calls []request) {
	t.Helper()
	silent := map[time.Time]time.Time{} // since when, by minute
	for _, call := range calls {
		minute := call.Time.Truncate(time.Minute)
		if since, ok := silent[minute]; ok {
			require.Zero(t, call.Time.Sub(since), "a call at %s although one was throttled at %s", call.Time, since)
		}
		if call.Status != http.StatusOK {
			silent[minute] = call.Time
		}
	}
	require.NotEmpty(t, silent, "nothing was throttled")
}

// Looks that come in crowds hold no call up that makes something.
func TestLimitsLetCallsThatMakeSomethingGoFirst(t *testing.T) {
	bubble(t, func(y *yard) {
		cloud := y.behind(quota.Options{CallsPerMinute: 60})
		var lookers sync.WaitGroup
		for range 300 {
			lookers.Go(func() {
				_ = insist(y.t.Context(), func(ctx context.Context) error {
					_, err := cloud.Images(ctx, alicloud.ImageQuery{Region: hangzhou, ID: "m-1"})
					return err
				})
			})
		}
		for n := range 20 {
			time.Sleep(10 * time.Second)
			began := time.Now()
			_, err := cloud.CreateComponent(y.t.Context(), componentNumber(hangzhou, n))
			require.NoError(y.t, err)
			require.Zero(y.t, time.Since(began))
		}
		require.Less(y.t, len(y.calls("DescribeImages")), 300, "looks still wait")
		lookers.Wait()
		require.Len(y.t, y.calls("DescribeImages"), 300)
	})
}

// A build whose account may call little takes its time, and makes each thing once.
func TestLimitsOfABuild(t *testing.T) {
	bubble(t, func(y *yard) {
		y.limit(4)
		y.cloud = y.behind(quota.Options{CallsPerMinute: 4})
		v := y.build(order{document: golden})
		require.NoError(y.t, v.err)
		y.oneOfEach(v)
		require.Empty(y.t, y.throttles())
		for _, api := range mutations {
			require.Len(y.t, y.calls(api), 1, api)
		}
	})
}
