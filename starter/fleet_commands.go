package starter

import (
	"context"
	"fmt"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// statusOfFleet shows how a fleet is.
func (s *session) statusOfFleet(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse, output cli.Output) error {
	looks := s.lookAtFleet(desc)
	snap, err := looks.look(ctx)
	if err != nil {
		return s.settle(looks.id, err)
	}
	if output != cli.OutputText {
		return output.Write(s.Out, snap)
	}
	if err := s.printFleet(snap); err != nil {
		return err
	}
	if snap.Note != "" {
		_, _ = fmt.Fprintln(s.Out, snap.Note)
	}
	switch {
	case snap.result != nil && s.fleetHint(snap) != "":
		_, err = fmt.Fprintf(s.Out, "\n%s\n", s.fleetHint(snap))
	case snap.result == nil && snap.end != nil:
		_, err = fmt.Fprintf(s.Out, "\n%s\n", snap.end)
	case !snap.closed():
		_, err = fmt.Fprintf(s.Out, "\n  fleet id   %s\n  run id     %s\n  started    %s\n", snap.FleetID, snap.RunID, s.clock(snap.StartedAt))
	}
	return err
}

// watchFleet follows a fleet to its end.
func (s *session) watchFleet(ctx context.Context, fleetID, runID string, opts followOptions) error {
	snap, err := s.followFleet(ctx, fleetID, runID, opts)
	if err != nil {
		return err
	}
	return s.reportFleet(snap, opts.Output)
}

// cancelledFleet says what a cancel of a fleet did.
type cancelledFleet struct {
	FleetID string                  `json:"fleetId"`
	RunID   string                  `json:"runId"`
	State   workflows.State         `json:"state"` // running until all of its builds have stopped
	Counts  map[workflows.State]int `json:"counts,omitempty"`
	Members []workflows.FleetMember `json:"members,omitempty"` // once they have stopped
}

// cancelFleet asks a fleet to stop, and with it each of its builds that run.
func (s *session) cancelFleet(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse, opts cancelOptions) error {
	snap := introduce(desc.GetWorkflowExecutionInfo())
	if err := s.askToStop(ctx, subject{"fleet", opts.BuildID}, snap, client.CancelWorkflowOptions{
		WorkflowID: opts.BuildID, FirstExecutionRunID: firstRun(desc), Reason: opts.Reason,
	}); err != nil {
		return err
	}
	is := cancelledFleet{FleetID: opts.BuildID, RunID: snap.RunID, State: workflows.StateRunning}
	if !opts.Wait {
		return s.printAsked(subject{"fleet", is.FleetID}, is, opts.follow.Output)
	}
	opts.follow.Stopping = true
	seen, err := s.followFleet(ctx, opts.BuildID, snap.RunID, opts.follow)
	if err != nil {
		return err
	}
	if seen.State != workflows.StateCancelled {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("fleet %[1]s %[2]s before it could be cancelled; `%[3]s status %[1]s` shows how", is.FleetID, fleetWord(seen), s.name))
	}
	is.RunID, is.State, is.Counts, is.Members = seen.RunID, seen.State, seen.Counts, seen.Members
	if opts.follow.Output != cli.OutputText {
		return opts.follow.Output.Write(s.Out, is)
	}
	return s.printFleet(seen)
}

// firstRun is the first of the runs as which a fleet goes on: cancelling by it reaches the latest.
func firstRun(desc *workflowservice.DescribeWorkflowExecutionResponse) string {
	info := desc.GetWorkflowExecutionInfo()
	if first := info.GetFirstRunId(); first != "" {
		return first
	}
	return info.GetExecution().GetRunId()
}
