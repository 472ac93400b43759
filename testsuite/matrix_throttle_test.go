package testsuite

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator"
)

// In the middle of a build, from some moment or some call on, the cloud takes no call of
// any action for the rest of its minute and the next one. Retries and waits go by the
// bubble's clock, as the cloud does, so the times in its log are those of production.
func TestMatrixMinutesOfThrottling(t *testing.T) {
	for _, silent := range []bool{false, true} {
		for at := 5 * time.Second; at < 140*time.Second; at += 5 * time.Second {
			t.Run(fmt.Sprintf("from %v on, silent %t", at, silent), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					throttled := throttling(silent)
					y.throttled(order{document: golden, at: map[time.Duration]func(){
						at: func() { require.NoError(t, y.server.Set(throttled)) },
					}})
				})
			})
		}
		for _, api := range append([]string{"DescribeTaskAttribute", "DescribeImages", "DescribeImagePipelineExecutions"}, mutations...) {
			t.Run(fmt.Sprintf("from %s on, silent %t", api, silent), func(t *testing.T) {
				t.Parallel()
				bubble(t, func(y *yard) {
					require.NoError(t, y.server.Set(from(api, throttling(silent))))
					y.throttled(order{document: golden})
				})
			})
		}
	}
}

// throttling takes no call. Silent: it does not say when to come again.
func throttling(silent bool) emulator.Conditions {
	return emulator.Conditions{Flow: emulator.Flow{Limits: map[string]int{"*": 0}, Code: "Throttling.User", Silent: silent}}
}

// throttled runs a build under throttling to its good end. No action is refused twice in
// a minute.
func (y *yard) throttled(o order) {
	over := make(chan struct{})
	go y.lift(over)
	v := y.build(o)
	close(over)
	require.NoError(y.t, v.err)
	y.oneOfEach(v)
	refused := map[string]int{}
	for _, a := range y.requests(func(r request) bool { return r.Code == "Throttling.User" }) {
		refused[a.Action+a.Time.Format(" 15:04")]++
	}
	require.NotEmpty(y.t, refused)
	for action, calls := range refused {
		require.Equal(y.t, 1, calls, action)
	}
}

// lift ends the throttling with the minute after the one in which it began.
func (y *yard) lift(over <-chan struct{}) {
	for len(y.requests(func(r request) bool { return r.Code == "Throttling.User" })) == 0 {
		select {
		case <-time.After(time.Second):
		case <-over:
			return
		}
	}
	select {
	case <-time.After(time.Until(time.Now().Truncate(time.Minute).Add(2 * time.Minute))):
		y.set(func(c *emulator.Conditions) { *c = emulator.Conditions{} })
	case <-over:
	}
}
