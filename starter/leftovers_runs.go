package starter

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"golang.org/x/sync/errgroup"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// ran is what Temporal knows of one run of a build.
type ran struct {
	BuildID string
	RunID   string
	Region  string // empty when it did not get as far as that
	Begun   time.Time
	State   workflows.State
	How     string               // continues a sentence about a run that ended without success
	Outside bool                 // it was ended from outside, so it kept nothing by decision
	Lines   []workflows.Resource // its ledger
	Silence string               // why the ledger is not known; empty when it is
}

func (r ran) running() bool { return r.State == workflows.StateRunning }

// books are the runs that Temporal knows, the newest first.
type books []ran

// of are the runs of a build.
func (b books) of(buildID string) books {
	return slices.DeleteFunc(slices.Clone(b), func(r ran) bool { return r.BuildID != buildID })
}

func (b books) knows(runID string) bool {
	return slices.ContainsFunc(b, func(r ran) bool { return r.RunID == runID })
}

// regions are those in which the builds have, or had, anything.
func (b books) regions() []string {
	var regions []string
	for _, r := range b {
		regions = append(regions, r.Region)
		for _, line := range r.Lines {
			regions = append(regions, line.Region)
		}
	}
	slices.Sort(regions)
	return slices.DeleteFunc(slices.Compact(regions), func(region string) bool { return region == "" })
}

func (b books) sort() {
	slices.SortStableFunc(b, func(x, y ran) int { return y.Begun.Compare(x.Begun) })
}

// atOnce is how many runs, builds or regions are asked for at the same time.
const atOnce = 8

// readBooks reads what became of every run of every build.
func (s *session) readBooks(ctx context.Context) (books, error) {
	infos, err := s.everyRun(ctx)
	if err != nil {
		return nil, err
	}
	return s.readRuns(ctx, infos)
}

func (s *session) everyRun(ctx context.Context) ([]*workflowpb.WorkflowExecutionInfo, error) {
	var infos []*workflowpb.WorkflowExecutionInfo
	req := &workflowservice.ListWorkflowExecutionsRequest{Query: listOptions{}.filter(), PageSize: 1000}
	for {
		page, err := s.ListWorkflow(ctx, req)
		if err != nil {
			return nil, s.explainList(listOptions{}, err)
		}
		infos = append(infos, page.GetExecutions()...)
		if req.NextPageToken = page.GetNextPageToken(); len(req.NextPageToken) == 0 {
			return infos, nil
		}
	}
}

// latestRuns adds the latest runs of builds: the list of all runs lags behind.
func (s *session) latestRuns(ctx context.Context, b books, buildIDs []string) (books, error) {
	latest := make([]*workflowpb.WorkflowExecutionInfo, len(buildIDs))
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, id := range buildIDs {
		group.Go(func() (err error) {
			latest[i], err = s.latestRun(grouped, id)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	latest = slices.DeleteFunc(latest, func(info *workflowpb.WorkflowExecutionInfo) bool {
		return info == nil || b.knows(info.GetExecution().GetRunId())
	})
	added, err := s.readRuns(ctx, latest)
	all := append(slices.Clone(b), added...)
	all.sort()
	return all, err
}

// latestRun is the latest run of a build; nil when Temporal knows none.
func (s *session) latestRun(ctx context.Context, buildID string) (*workflowpb.WorkflowExecutionInfo, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	desc, err := s.DescribeWorkflowExecution(ctx, buildID, "")
	var missing *serviceerror.NotFound
	var invalid *serviceerror.InvalidArgument // a tag may hold what is no workflow id
	switch {
	case errors.As(err, &missing), errors.As(err, &invalid):
		return nil, nil
	case err != nil:
		return nil, s.explain("look at build "+buildID, buildID, err)
	case desc.GetWorkflowExecutionInfo().GetType().GetName() != workflows.BuildType:
		return nil, nil
	}
	return desc.GetWorkflowExecutionInfo(), nil
}

func (s *session) readRuns(ctx context.Context, infos []*workflowpb.WorkflowExecutionInfo) (books, error) {
	polled := map[string]bool{}
	for _, info := range infos {
		if queue := info.GetTaskQueue(); !polled[queue] {
			polled[queue], _ = s.polled(ctx, queue)
		}
	}
	all := make(books, len(infos))
	group, grouped := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i, info := range infos {
		group.Go(func() (err error) {
			all[i], err = s.readRun(grouped, info, polled[info.GetTaskQueue()])
			return err
		})
	}
	err := group.Wait()
	all.sort()
	return all, err
}

// readRun reads what became of a run, and its ledger. polled: a worker may answer for it.
func (s *session) readRun(ctx context.Context, info *workflowpb.WorkflowExecutionInfo, polled bool) (ran, error) {
	snap := describe(info)
	r := ran{BuildID: snap.BuildID, RunID: snap.RunID, Region: snap.Region, Begun: snap.StartedAt, State: snap.State}
	told := false
	if !r.running() {
		var result workflows.Result
		err := s.resultOf(ctx, r.BuildID, r.RunID, &result)
		if cli.Unreachable(err) || ctx.Err() != nil {
			return r, s.explain("read how build "+r.BuildID+" ended", r.BuildID, cmp.Or(ctx.Err(), err))
		}
		r.Lines, told = result.Resources, err == nil
		if err != nil {
			is := ending(r.BuildID, err)
			r.How, r.Outside = is.how(), is.code == endTerminated || is.code == endTimeout
			r.Lines, told = is.ledger, is.told
		}
	}
	if !told {
		r.Lines, r.Silence = s.askLedger(ctx, snap, info.GetTaskQueue(), polled)
	}
	return r, nil
}

// askLedger asks the run itself for its ledger, and says why there is no answer.
func (s *session) askLedger(ctx context.Context, snap snapshot, queue string, polled bool) (lines []workflows.Resource, silence string) {
	if !polled {
		return nil, s.silence(ctx, queue, nil)
	}
	s.ask(ctx, &snap, queue)
	return snap.Resources, snap.Note
}
