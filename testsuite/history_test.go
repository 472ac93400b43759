//go:build e2e || bench

package testsuite

import (
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"
)

var discard = slog.New(slog.DiscardHandler)

// history is all that happened to a build, in its last run.
func history(t *testing.T, c client.Client, id string) *historypb.History {
	t.Helper()
	return historyOf(t, c, id, "")
}

// historyOf is all that happened in a run.
func historyOf(t *testing.T, c client.Client, id, run string) *historypb.History {
	t.Helper()
	var history historypb.History
	events := c.GetWorkflowHistory(context.Background(), id, run, false, 0)
	for events.HasNext() {
		event, err := events.Next()
		require.NoError(t, err)
		history.Events = append(history.Events, event)
	}
	return &history
}

// scheduled are the types of the activities in a history.
func scheduled(history *historypb.History) []string {
	var types []string
	for _, event := range history.GetEvents() {
		if activity := event.GetActivityTaskScheduledEventAttributes(); activity != nil {
			types = append(types, activity.GetActivityType().GetName())
		}
	}
	return types
}
