package starter

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// fleetSnapshot is what one look at a fleet saw.
type fleetSnapshot struct {
	workflows.FleetProgress
	Outcome    workflows.Outcome `json:"outcome,omitempty"` // once it is over
	StartedAt  time.Time         `json:"startedAt"`
	FinishedAt *time.Time        `json:"finishedAt,omitempty"`
	Note       string            `json:"note,omitempty"` // why nothing better is known

	result    *workflows.FleetResult // of a fleet that is over and has told it
	end       error                  // what a closed fleet is to be told with, and its exit code; nil when all is well
	taskQueue string
	firstRun  string // of the runs as which the fleet went on
}

func (f fleetSnapshot) closed() bool { return f.FinishedAt != nil }

// fleetLooks are the looks at one fleet. A fleet that continues as new is followed from run to run.
type fleetLooks struct {
	*session
	id, runID string
	begun     time.Time // of the first of these runs
}

// lookAtFleet begins the looks at a run that the server has described.
func (s *session) lookAtFleet(desc *workflowservice.DescribeWorkflowExecutionResponse) *fleetLooks {
	is := desc.GetWorkflowExecutionInfo().GetExecution()
	return &fleetLooks{session: s, id: is.GetWorkflowId(), runID: is.GetRunId()}
}

// look sees how the fleet is. One look is a description and one query, however many builds there
// are. A server that does not answer is an error for which cli.Unreachable is true; any
// other error is a sentence.
func (l *fleetLooks) look(ctx context.Context) (fleetSnapshot, error) {
	for {
		desc, err := l.describeEither(ctx, l.id, l.runID)
		if err != nil {
			return fleetSnapshot{}, err
		}
		if desc.GetWorkflowExecutionInfo().GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW {
			return l.see(ctx, desc)
		}
		if err := l.follow(ctx); err != nil {
			return fleetSnapshot{}, err
		}
	}
}

// follow goes on to the run as which the fleet continues.
func (l *fleetLooks) follow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	events := l.GetWorkflowHistory(ctx, l.id, l.runID, false, enumspb.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if cli.Unreachable(err) {
			return err
		}
		if err != nil {
			return l.explainRun(l.id, l.runID, err)
		}
		if next := event.GetWorkflowExecutionContinuedAsNewEventAttributes().GetNewExecutionRunId(); next != "" {
			l.runID = next
			return nil
		}
	}
	return cli.Fail(cli.ExitFailed, fmt.Errorf("run %s of fleet %s does not say as which run it goes on; `%s status %s` shows the latest", l.runID, l.id, l.name, l.id))
}

// see sees how the run is that was described.
func (l *fleetLooks) see(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse) (fleetSnapshot, error) {
	info := desc.GetWorkflowExecutionInfo()
	if err := l.begin(ctx, desc); err != nil {
		return fleetSnapshot{}, err
	}
	snap := fleetSnapshot{StartedAt: l.begun, FinishedAt: optionalTime(info.GetCloseTime()), taskQueue: taskQueue(desc), firstRun: firstRun(desc)}
	snap.FleetID, snap.RunID, snap.State = l.id, l.runID, stateOf(info.GetStatus())
	snap.Counts, snap.Members = map[workflows.State]int{}, []workflows.FleetMember{}
	if snap.closed() {
		return l.lookBack(ctx, snap)
	}
	snap.Note = l.ask(ctx, &snap)
	return snap, nil
}

// begin learns when the fleet began, from the first of the runs as which it went on.
func (l *fleetLooks) begin(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse) error {
	info := desc.GetWorkflowExecutionInfo()
	if !l.begun.IsZero() {
		return nil
	}
	if first := info.GetFirstRunId(); first != "" && first != l.runID {
		if earlier, err := l.describeEither(ctx, l.id, first); err == nil { // it may be forgotten
			info = earlier.GetWorkflowExecutionInfo()
		} else if cli.Unreachable(err) {
			return err
		}
	}
	l.begun = info.GetStartTime().AsTime()
	return nil
}

// ask puts the fleet's own answer into the snapshot, and says why there is none.
func (l *fleetLooks) ask(ctx context.Context, snap *fleetSnapshot) (silence string) {
	asking, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	value, err := l.QueryWorkflow(asking, l.id, l.runID, workflows.ProgressQuery)
	var progress workflows.FleetProgress
	if err == nil {
		err = value.Get(&progress)
	}
	if err == nil {
		snap.Counts, snap.Members = progress.Counts, progress.Members
		return ""
	}
	if ctx.Err() != nil {
		return ""
	}
	return l.silence(ctx, snap.taskQueue, err)
}

// lookBack sees how a fleet ended. Its result is in the history; one that was cut off has none, and
// what became of its builds only a worker can tell.
func (l *fleetLooks) lookBack(ctx context.Context, snap fleetSnapshot) (fleetSnapshot, error) {
	var result workflows.FleetResult
	err := l.resultOf(ctx, l.id, l.runID, &result)
	if err != nil && cli.Unreachable(err) {
		return fleetSnapshot{}, err
	}
	if err != nil {
		result = resultWithin(err)
	}
	if result.FleetID != "" {
		snap.take(result)
		snap.end = l.fleetEnd(snap)
		return snap, nil
	}
	if polled, _ := l.polled(ctx, snap.taskQueue); polled {
		snap.Note = l.ask(ctx, &snap)
	} else {
		snap.Note = l.silence(ctx, snap.taskQueue, nil)
	}
	snap.end = l.cutOff(snap, err)
	return snap, nil
}

// resultWithin is the result that a fleet tells which failed or was cancelled.
func resultWithin(err error) (result workflows.FleetResult) {
	var application *sdktemporal.ApplicationError
	var cancelled *sdktemporal.CanceledError
	switch {
	case errors.As(err, &application) && application.HasDetails():
		err = application.Details(&result)
	case errors.As(err, &cancelled) && cancelled.HasDetails():
		err = cancelled.Details(&result)
	}
	if err != nil && result.Members == nil {
		return workflows.FleetResult{}
	}
	return result
}

// take puts the result of a fleet that is over into the snapshot.
func (f *fleetSnapshot) take(result workflows.FleetResult) {
	f.result = &result
	f.Outcome, f.Counts, f.Members, f.StartedAt = result.Outcome, result.Counts, result.Members, result.StartedAt
}

// cutOff tells the end of a fleet that had no time to tell it itself, or that could not begin.
func (s *session) cutOff(snap fleetSnapshot, err error) error {
	is := ending(snap.FleetID, err)
	says := "fleet" + strings.TrimPrefix(is.says, "build")
	switch is.code {
	case endTerminated:
		says = fmt.Sprintf("fleet %s was terminated from outside", snap.FleetID)
	case endTimeout:
		says = fmt.Sprintf("fleet %s ran into the time limit of its workflow", snap.FleetID)
	case "":
		says = fmt.Sprintf("read how fleet %s ended: %v", snap.FleetID, err)
	}
	if !s.alone && is.code != "" && is.code != activities.InvalidBuild {
		says += fmt.Sprintf("\n`%[1]s list --fleet %[2]s` shows what became of its builds, `%[1]s retry %[2]s` goes on with it", s.name, snap.FleetID)
	}
	return cli.Fail(is.exit, errors.New(says))
}
