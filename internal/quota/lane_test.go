package quota

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// The alarm may ring late, and whoever comes before it does is not first.
func TestWhoComesBeforeTheAlarmRingsIsNotFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(Options{CallsPerMinute: 60})
		for range q.account.Burst() {
			require.NoError(t, q.Enter(t.Context(), alicloud.Call{API: "ImportImage"}))
		}
		passed := make(chan string, 2)
		enter := func(api string) {
			if q.Enter(t.Context(), alicloud.Call{API: api}) == nil {
				passed <- api
			}
		}
		go enter("ImportImage")
		synctest.Wait()
		q.alarm.Stop()
		time.Sleep(q.account.interval() + time.Millisecond)
		go enter("CancelTask")
		require.Equal(t, "ImportImage", <-passed)
		require.Equal(t, "CancelTask", <-passed)
	})
}
