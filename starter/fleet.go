package starter

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// fleetOptions say how a fleet runs.
type fleetOptions struct {
	MaxParallel int
	FailFast    bool
}

// addFlags defines the flags. otherwise says what holds without them, if not the defaults;
// parallel is that of --max-parallel, and 0 if there is none.
func (o *fleetOptions) addFlags(cmd *cobra.Command, parallel int, otherwise string) {
	cmd.Flags().IntVar(&o.MaxParallel, "max-parallel", parallel, "at most `N` builds of a fleet run at a time"+otherwise)
	cmd.Flags().BoolVar(&o.FailFast, "fail-fast", false, "begin no further build of a fleet once one has failed; those that run go on"+otherwise)
}

func (o *fleetOptions) check() error {
	if o.MaxParallel < 1 || o.MaxParallel > activities.MostParallel {
		return refusef("--max-parallel %d: want 1 to %d", o.MaxParallel, activities.MostParallel)
	}
	return nil
}

// runFleet builds what several documents, or one with a matrix, stand for.
func runFleet(ctx context.Context, a *app, b batch, opts BuildOptions) error {
	if opts.BuildID != "" {
		return refusef("--build-id names one build, and these documents stand for %d: each has its own name as its id, and --fleet-id names all of them together", len(b.members))
	}
	if err := opts.check(); err != nil {
		return err
	}
	if opts.FleetID == "" {
		opts.FleetID = b.fleetID(opts.Files)
	}
	fleet := workflows.Fleet{Documents: b.documents, MaxParallel: opts.MaxParallel, FailFast: opts.FailFast}
	for _, err := range []error{checkID("fleet id", opts.FleetID, "; name one with --fleet-id"), b.checkMembers(opts.FleetID), checkSize(fleet, b)} {
		if err != nil {
			return err
		}
	}
	where, err := opts.Connect(ctx)
	if err != nil {
		return err
	}
	s, err := a.open(ctx, where)
	if err != nil {
		return err
	}
	defer s.Close()
	run, err := s.startFleet(ctx, fleet, b, opts)
	if err != nil {
		return err
	}
	return s.finishFleet(ctx, run, opts.Detach, opts.follow)
}

// finishFleet follows a fleet that runs to its end, or says which it is when that is enough.
func (s *session) finishFleet(ctx context.Context, run startedFleet, detach bool, opts followOptions) error {
	if detach {
		return s.printStartedFleet(run, opts.Output)
	}
	seen, err := s.followFleet(ctx, run.FleetID, run.RunID, opts)
	if err != nil {
		return err
	}
	return s.reportFleet(seen, opts.Output)
}

// startedFleet is a fleet that runs.
type startedFleet struct {
	FleetID  string `json:"fleetId"`
	RunID    string `json:"runId"`
	Attached bool   `json:"attached"` // it was running already
	Builds   int    `json:"builds"`
}

// startFleet starts a fleet, or finds the one with the same id and the same builds that is running.
func (s *session) startFleet(ctx context.Context, fleet workflows.Fleet, b batch, opts BuildOptions) (startedFleet, error) {
	run, err := s.ExecuteWorkflow(ctx, fleetStart(opts.FleetID, opts.TaskQueue, fleet, len(b.members)), workflows.FleetType, fleet)
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return s.attachFleet(ctx, b, opts, running.RunId)
	}
	if err != nil {
		return startedFleet{}, s.explain("start fleet "+opts.FleetID, opts.FleetID, err)
	}
	is := startedFleet{FleetID: run.GetID(), RunID: run.GetRunID(), Builds: len(b.members)}
	s.announceFleet(is, opts.follow.Progress, fmt.Sprintf("Building %s, %d at a time: fleet id %s, run id %s",
		count(is.Builds, "image"), min(fleet.MaxParallel, is.Builds), is.FleetID, is.RunID))
	return is, nil
}

func fleetStart(fleetID, taskQueue string, fleet workflows.Fleet, builds int) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       fleetID,
		TaskQueue:                                taskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("%s, %d at a time", count(builds, "build"), cmp.Or(fleet.MaxParallel, workflows.DefaultParallel)),
	}
}

// attachFleet finds the fleet that is running in place of this one. One with other builds is another
// fleet, which only happens to have the id.
func (s *session) attachFleet(ctx context.Context, b batch, opts BuildOptions, runID string) (startedFleet, error) {
	desc, err := s.describeEither(ctx, opts.FleetID, runID)
	if err != nil {
		return startedFleet{}, s.settle(opts.FleetID, err)
	}
	since := s.clock(desc.GetWorkflowExecutionInfo().GetStartTime().AsTime())
	if !isFleet(desc) {
		return startedFleet{}, refusef("%s is a build that runs, since %s, and no fleet: name this fleet otherwise with --fleet-id", opts.FleetID, since)
	}
	runs, err := s.fleetInput(ctx, opts.FleetID, firstRun(desc))
	if err != nil {
		return startedFleet{}, err
	}
	if other := runs.lacks(b); other != "" {
		return startedFleet{}, refusef("fleet %[1]s is already building since %[2]s, without %[3]s: name this fleet otherwise with --fleet-id, or wait with `%[4]s watch %[1]s`",
			opts.FleetID, since, other, s.name)
	}
	is := startedFleet{FleetID: opts.FleetID, RunID: runID, Attached: true, Builds: len(runs.builds) + len(runs.Done)}
	following := "following it and leaving these documents aside"
	if opts.Detach {
		following = "leaving these documents aside"
	}
	s.announceFleet(is, opts.follow.Progress, fmt.Sprintf("fleet %s is already building since %s; %s (run id %s)", is.FleetID, since, following, runID))
	return is, nil
}

// announceFleet says at once which fleet this is.
func (s *session) announceFleet(is startedFleet, form cli.Progress, sentence string) {
	s.announceAs(form, is.Attached, sentence, func(e eventHead) any {
		return struct {
			eventHead
			startedFleet
		}{e, is}
	})
}

func (s *session) printStartedFleet(is startedFleet, output cli.Output) error {
	return s.printIDs(is, is.FleetID, is.RunID, output)
}
