package worker

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The rate of the task queue is for calls; a wait calls nothing by itself.
func TestTheQueueRateIsThatOfCalls(t *testing.T) {
	opts := Options{QueueRate: 2.5}
	require.InDelta(t, 2.5, opts.forCalls(nil).TaskQueueActivitiesPerSecond, 0)
	require.Zero(t, opts.forWaits(nil).TaskQueueActivitiesPerSecond)
	require.True(t, opts.forWaits(nil).DisableWorkflowWorker)
}
