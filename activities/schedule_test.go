package activities

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
)

// lister answers every list, with nothing.
type lister struct {
	client.Client
	query string
}

func (l *lister) ListWorkflow(_ context.Context, req *workflowservice.ListWorkflowExecutionsRequest) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	l.query = req.GetQuery()
	return &workflowservice.ListWorkflowExecutionsResponse{}, nil
}

func TestRunsOfAScheduleAreFoundWhateverItsID(t *testing.T) {
	var l lister
	_, err := closedRuns(t.Context(), &l, NoteFailureInput{Schedule: `bob's \ nightly`, Limit: 3})
	require.NoError(t, err)
	require.Contains(t, l.query, `TemporalScheduledById = 'bob\'s \\ nightly' AND `)
}
