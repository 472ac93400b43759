package starter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// retryFleet begins those builds of a fleet again that have no image, under the same fleet id.
func (s *session) retryFleet(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse, opts retryOptions) error {
	snap, err := s.retryableFleet(ctx, desc, opts)
	if err != nil {
		return err
	}
	input, err := s.fleetInput(ctx, snap.FleetID, snap.firstRun)
	if err != nil {
		return err
	}
	fleet, err := s.again(ctx, input, snap, opts)
	if err != nil {
		return err
	}
	run, err := s.startAgain(ctx, fleet, snap, opts)
	if err != nil {
		return err
	}
	return s.finishFleet(ctx, run, opts.Detach, opts.follow)
}

// retryableFleet looks at the fleet, and refuses one that cannot be retried.
func (s *session) retryableFleet(ctx context.Context, desc *workflowservice.DescribeWorkflowExecutionResponse, opts retryOptions) (fleetSnapshot, error) {
	snap, err := s.lookAtFleet(desc).look(ctx)
	if err != nil {
		return snap, s.settle(opts.BuildID, err)
	}
	switch {
	case opts.File != "":
		err = fmt.Errorf("--file names the document of one build, and %[1]s is a fleet, which goes on with its own: `%[2]s retry BUILD-ID -f FILE` gives one of its builds another document", snap.FleetID, s.name)
	case opts.RunID != "" && opts.RunID != snap.RunID:
		err = fmt.Errorf("run %s is not the latest of fleet %s, and a retry goes on from the latest: that is %s", opts.RunID, snap.FleetID, snap.RunID)
	case !snap.closed():
		err = fmt.Errorf("fleet %[1]s still runs, since %[2]s; `%[3]s watch %[1]s` follows it, `%[3]s cancel %[1]s` stops it", snap.FleetID, s.clock(snap.StartedAt), s.name)
	case len(snap.Members) == 0 && snap.Note != "":
		err = fmt.Errorf("run %s of fleet %s was cut off, so only a worker can tell how its builds are, and none does: %s", snap.RunID, snap.FleetID, snap.Note)
	case len(snap.Members) == 0:
		err = snap.end
	case tallyOf(snap.Members).of(retriedStates...) == 0:
		err = fmt.Errorf("no build of fleet %s failed, was cancelled or never began, so there is nothing to retry; `%s build FILE...` builds anew", snap.FleetID, s.name)
	}
	if err != nil {
		return snap, cli.Fail(cli.ExitUsage, err)
	}
	return snap, nil
}

// retriedStates are those in which a build is left that a retry of its fleet begins again. One
// that is running or pending was cut off together with its fleet.
var retriedStates = []workflows.State{
	workflows.StateFailed, workflows.StateCancelled, workflows.StateSkipped, workflows.StateRunning, workflows.StatePending,
}

// again is the fleet that goes on with the builds that have no image. The others are done.
func (s *session) again(ctx context.Context, input fleetInput, snap fleetSnapshot, opts retryOptions) (workflows.Fleet, error) {
	fleet := workflows.Fleet{Name: input.Name, Documents: input.Documents, MaxParallel: input.MaxParallel, FailFast: input.FailFast}
	if opts.MaxParallel != nil {
		fleet.MaxParallel = *opts.MaxParallel
	}
	if opts.FailFast != nil {
		fleet.FailFast = *opts.FailFast
	}
	plans, err := s.planFleet(ctx, input, snap, workflows.Step(opts.From))
	if err != nil {
		return fleet, err
	}
	for _, plan := range plans {
		if plan.build == nil {
			fleet.Done = append(fleet.Done, plan.done)
			continue
		}
		fleet.Builds = append(fleet.Builds, *plan.build)
	}
	if len(fleet.Builds) == 0 {
		return fleet, refusef("the builds of fleet %s that had no image have one by now, so there is nothing to retry", snap.FleetID)
	}
	if size := retrySize(fleet); size > activities.FleetSize {
		return fleet, refusef("%s with what their earlier runs made are %.1f MB, and Temporal takes 2 MB for one fleet: retry some of them with `%s retry BUILD-ID` first",
			count(len(fleet.Builds), "build"), float64(size)/1e6, s.name)
	}
	return fleet, nil
}

// retrySize is what a fleet that goes on takes at most, in any of its runs.
func retrySize(fleet workflows.Fleet) int {
	size := inputSize(fleet)
	for _, document := range fleet.Documents {
		size += len(document)
	}
	for _, build := range fleet.Builds {
		size += activities.MemberSize(build.ID)
	}
	return size
}

// memberPlan is how a member goes on: as a build that begins again, or as what it is already.
type memberPlan struct {
	build *workflows.FleetBuild
	done  workflows.FleetMember
}

// planFleet says of each member how it goes on.
func (s *session) planFleet(ctx context.Context, input fleetInput, snap fleetSnapshot, from workflows.Step) ([]memberPlan, error) {
	builds := map[string]workflows.FleetBuild{}
	for _, build := range input.builds {
		builds[build.ID] = build
	}
	plans := make([]memberPlan, len(snap.Members))
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, m := range snap.Members {
		build, known := builds[m.ID]
		if plans[i].done = m; !known || !slices.Contains(retriedStates, standing(m)) {
			continue
		}
		group.Go(func() (err error) {
			plans[i], err = s.goesOn(grouped, snap, m, build, from)
			return err
		})
	}
	return plans, group.Wait()
}

// goesOn says how a build goes on that had no image at the end of its fleet: anew when it has not
// begun, from its latest run when that has no image either, and not at all when it has one by now.
func (s *session) goesOn(ctx context.Context, snap fleetSnapshot, m workflows.FleetMember, build workflows.FleetBuild, step workflows.Step) (memberPlan, error) {
	build.Retry = nil
	if m.RunID == "" && m.State != workflows.StateRunning {
		return memberPlan{build: &build}, nil
	}
	desc, err := s.describe(ctx, m.ID, "")
	switch {
	case m.RunID == "" && !cli.Unreachable(err) && !snap.began(desc): // the fleet was cut off while it was to begin the build
		return memberPlan{build: &build}, nil
	case err != nil:
		return memberPlan{}, s.settle(m.ID, err)
	}
	if latest := describe(desc.GetWorkflowExecutionInfo()); latest.State == workflows.StateSucceeded {
		latest, err = s.lookBack(ctx, latest, desc, false)
		return memberPlan{done: memberOf(latest)}, err
	}
	from, err := s.previous(ctx, desc, "")
	if err != nil {
		return memberPlan{}, err
	}
	build.Retry = from.retry(step)
	return memberPlan{build: &build}, s.hasStep(from, step)
}

// memberOf is a build that has its image as a member of a fleet.
func memberOf(s snapshot) workflows.FleetMember {
	m := workflows.FleetMember{ID: s.BuildID, RunID: s.RunID, Name: s.Name, Region: s.Region, State: s.State, StartedAt: &s.StartedAt, FinishedAt: s.FinishedAt}
	if s.Result != nil {
		m.ImageID, m.Outcome = s.Result.ImageID, string(s.Result.Outcome)
	}
	return m
}

// began tells whether the fleet has started a run that the server has described, if it has.
func (f fleetSnapshot) began(desc *workflowservice.DescribeWorkflowExecutionResponse) bool {
	info := desc.GetWorkflowExecutionInfo()
	return info.GetParentExecution().GetWorkflowId() == f.FleetID && !info.GetStartTime().AsTime().Before(f.StartedAt)
}

// hasStep refuses a step that the document of a run does not have.
func (s *session) hasStep(from previous, step workflows.Step) error {
	if step == "" {
		return nil
	}
	build, err := s.documentOf(from)
	if err != nil {
		return err
	}
	return refuseStep(from.BuildID, build, step)
}

// retriedFleet is a run of a fleet that goes on from another.
type retriedFleet struct {
	startedFleet
	PreviousRunID string `json:"previousRunId"`
	Retried       int    `json:"retried"` // builds that begin again
}

func (s *session) startAgain(ctx context.Context, fleet workflows.Fleet, snap fleetSnapshot, opts retryOptions) (startedFleet, error) {
	start := fleetStart(snap.FleetID, snap.taskQueue, fleet, len(fleet.Builds))
	start.StaticDetails = fmt.Sprintf("Goes on from run %s with %s of %d.", snap.RunID, count(len(fleet.Builds), "build"), len(snap.Members))
	run, err := s.ExecuteWorkflow(ctx, start, workflows.FleetType, fleet)
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return startedFleet{}, refusef("somebody else has started fleet %[1]s meanwhile, as run %[2]s; `%[3]s watch %[1]s` follows it", snap.FleetID, running.RunId, s.name)
	}
	if err != nil {
		return startedFleet{}, s.explain("retry fleet "+snap.FleetID, snap.FleetID, err)
	}
	is := retriedFleet{
		startedFleet:  startedFleet{FleetID: run.GetID(), RunID: run.GetRunID(), Builds: len(snap.Members)},
		PreviousRunID: snap.RunID, Retried: len(fleet.Builds),
	}
	s.announceFleetRetry(is, fleet, opts)
	return is.startedFleet, nil
}

// announceFleetRetry says which builds begin again, and with what.
func (s *session) announceFleetRetry(is retriedFleet, fleet workflows.Fleet, opts retryOptions) {
	sentence := fmt.Sprintf("Retrying %d of %s, %d at a time: fleet id %s, run id %s\nIt goes on from run %s. %s.",
		is.Retried, count(is.Builds, "build"), min(cmp.Or(fleet.MaxParallel, workflows.DefaultParallel), is.Retried), is.FleetID, is.RunID,
		is.PreviousRunID, opts.plan(""))
	s.announceAs(opts.follow.Progress, false, sentence, func(e eventHead) any {
		return struct {
			eventHead
			retriedFleet
		}{e, is}
	})
}
