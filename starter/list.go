package starter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	workflowpb "go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

type listOptions struct {
	State  string
	Name   string
	Region string
	// Schedule that started the builds.
	Schedule string
	// Fleet whose builds are wanted.
	Fleet string
	// Fleets lists fleets in place of builds.
	Fleets bool
	Query  string
	Limit  int
	Output cli.Output
	// wordless: the namespace knows no search attribute for the state.
	wordless bool
}

func newListCommand(a *app) *cobra.Command {
	var opts listOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List builds, newest first",
		Long: "Lists the builds that Temporal still remembers, newest first; the retention of the namespace says how long.\n" +
			"--fleet lists the builds that a fleet started, and --fleets the fleets themselves.\n\n" +
			"--state takes the words of the column STATE. Fleets are " + wordsOf(fleetStates()) + ";\nbuilds are " + wordsOf(buildStates()) + ".\n" +
			"A build that was partly successful is listed as succeeded; status tells what it had trouble with.\n\n" +
			"--query adds a condition in Temporal's list filter language, on attributes such as " + strings.Join(workflows.SearchAttributes(), ", ") + ".",
		Example: fmt.Sprintf("  %[1]s list --state running\n  %[1]s list --name web-base --limit 5 -o json\n"+
			"  %[1]s list --fleet images --state failed\n  %[1]s list --fleets --state partial\n  %[1]s list --query 'StartTime > \"2026-01-01T00:00:00Z\"'", a.name),
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opts.check(cmd); err != nil {
				return err
			}
			return runList(cmd.Context(), a, &conn, opts)
		},
	}
	cli.Choice(cmd, &opts.State, "state", "only builds or fleets in this state", states()...)
	cmd.Flags().StringVar(&opts.Name, "name", "", "only builds of the document with this name")
	cmd.Flags().StringVar(&opts.Region, "region", "", "only builds in this region")
	cmd.Flags().StringVar(&opts.Schedule, "schedule", "", "only builds that the schedule with this `ID` started")
	_ = cmd.RegisterFlagCompletionFunc("schedule", a.completeSchedules(&conn)) // fails for a flag that does not exist only
	cmd.Flags().StringVar(&opts.Fleet, "fleet", "", "only builds that the fleet with this `ID` started")
	_ = cmd.RegisterFlagCompletionFunc("fleet", a.completeFleets(&conn)) // fails for a flag that does not exist only
	cmd.Flags().BoolVar(&opts.Fleets, "fleets", false, "list fleets in place of builds")
	cmd.Flags().StringVar(&opts.Query, "query", "", "one more condition in the list filter language")
	cmd.Flags().IntVar(&opts.Limit, "limit", 20, "at most so many")
	cli.AddOutput(cmd, &opts.Output)
	conn.AddFlags(cmd.Flags())
	return cmd
}

func (o *listOptions) check(cmd *cobra.Command) error {
	if o.Limit < 1 {
		return cli.Usagef(cmd, "--limit %d: want 1 or more", o.Limit)
	}
	for _, flag := range []string{"fleet", "schedule"} {
		if o.Fleets && cmd.Flags().Changed(flag) {
			return cli.Usagef(cmd, "--%s chooses among builds, and --fleets lists fleets; leave one of them out", flag)
		}
	}
	switch state := workflows.State(o.State); {
	case o.Fleets && slices.Contains(statesOfBuilds, state):
		return cli.Usagef(cmd, "--state %s: no fleet is ever in it; they are %s", state, wordsOf(fleetStates()))
	case !o.Fleets && state == statePartial:
		return cli.Usagef(cmd, "--state %s is for --fleets; a build that was partly successful is listed as succeeded", state)
	}
	return nil
}

// statuses are the statuses of a workflow that make a state, in the list filter language.
var statuses = []struct {
	state workflows.State
	names string
}{
	{workflows.StateRunning, "'Running'"},
	{workflows.StateWaiting, "'Running'"},
	{workflows.StateSucceeded, "'Completed'"},
	{workflows.StateUnchanged, "'Completed'"},
	{workflows.StateSkipped, "'Completed'"},
	{statePartial, "'Completed'"},
	{workflows.StateFailed, "'Failed', 'TimedOut', 'Terminated'"},
	{workflows.StateCancelled, "'Canceled'"},
}

// statesOfBuilds are those in which no fleet ever is. A fleet alone is partial.
var statesOfBuilds = []workflows.State{workflows.StateWaiting, workflows.StateUnchanged, workflows.StateSkipped}

func states() []string {
	var names []string
	for _, s := range statuses {
		names = append(names, string(s.state))
	}
	return names
}

func buildStates() []string {
	return slices.DeleteFunc(states(), func(name string) bool { return name == string(statePartial) })
}

func fleetStates() []string {
	return slices.DeleteFunc(states(), func(name string) bool { return slices.Contains(statesOfBuilds, workflows.State(name)) })
}

// wordsOf are words as a sentence has them: running, failed or cancelled.
func wordsOf(words []string) string {
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// inState is the condition for a state. It goes by the workflow's own status, and by the word of
// the build or fleet where that says more, as the list does that shows the state. In a namespace
// without search attributes there are no such words.
func (o listOptions) inState() []string {
	state, word := workflows.State(o.State), workflows.AttrState.GetName()
	var terms []string
	for _, s := range statuses {
		if s.state == state {
			terms = append(terms, "ExecutionStatus IN ("+s.names+")")
		}
	}
	switch leaveOut := finer[state]; {
	case isFiner(state):
		terms = append(terms, word+" = "+activities.Quote(o.State))
	case len(leaveOut) > 0 && !o.wordless:
		var others []string
		for _, other := range leaveOut {
			others = append(others, activities.Quote(string(other)))
		}
		terms = append(terms, fmt.Sprintf("(%[1]s IS NULL OR %[1]s NOT IN (%[2]s))", word, strings.Join(others, ", ")))
	}
	return terms
}

// filter is the list filter of the options.
func (o listOptions) filter() string {
	terms := []string{"WorkflowType = " + activities.Quote(workflows.BuildType)}
	if o.Fleets { // one that continued as new is listed as its latest run
		terms = []string{"WorkflowType = " + activities.Quote(workflows.FleetType), "ExecutionStatus != 'ContinuedAsNew'"}
	}
	terms = append(terms, o.inState()...)
	if o.Name != "" {
		terms = append(terms, workflows.AttrName.GetName()+" = "+activities.Quote(o.Name))
	}
	if o.Region != "" {
		terms = append(terms, workflows.AttrRegion.GetName()+" = "+activities.Quote(o.Region))
	}
	if o.Schedule != "" {
		terms = append(terms, scheduledBy(o.Schedule))
	}
	if o.Fleet != "" {
		terms = append(terms, "ParentWorkflowId = "+activities.Quote(o.Fleet))
	}
	if o.Query != "" {
		terms = append(terms, "("+o.Query+")")
	}
	return strings.Join(terms, " AND ")
}

// listed is a build in the list.
type listed struct {
	BuildID    string          `json:"buildId"`
	RunID      string          `json:"runId"`
	Name       string          `json:"name"`
	Region     string          `json:"region"`
	State      workflows.State `json:"state"`
	ImageID    string          `json:"imageId"`
	StartedAt  time.Time       `json:"startedAt"`
	FinishedAt *time.Time      `json:"finishedAt,omitempty"`
}

func runList(ctx context.Context, a *app, conn *cli.Connection, opts listOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	builds, err := s.list(ctx, opts)
	if err != nil {
		return err
	}
	if opts.Fleets && len(builds) > 0 {
		return printFleets(s.Out, opts.Output, builds, s.now())
	}
	if opts.Output != cli.OutputText {
		return cli.WriteAll(s.Out, opts.Output, builds)
	}
	if len(builds) == 0 {
		_, _ = fmt.Fprintln(s.Err, s.nothing(opts))
		return nil
	}
	return printList(s.Out, builds, s.now())
}

// nothing says that there is nothing to list.
func (s *session) nothing(opts listOptions) string {
	switch opts.filter() {
	case listOptions{Fleets: true}.filter():
		return fmt.Sprintf("no fleets in namespace %s yet; `%s build FILE...` with several documents, or one with a matrix, starts one", s.opts.Namespace, s.name)
	case listOptions{}.filter():
		return fmt.Sprintf("no builds in namespace %s yet; `%s build FILE` starts one", s.opts.Namespace, s.name)
	}
	what := "builds"
	if opts.Fleets {
		what = "fleets"
	}
	return fmt.Sprintf("no %s in namespace %s match", what, s.opts.Namespace)
}

// list asks for the builds page by page. The server lists the running first, then by
// their end, so the newest first is our own order.
func (s *session) list(ctx context.Context, opts listOptions) ([]listed, error) {
	builds, err := s.listPages(ctx, opts)
	if len(finer[workflows.State(opts.State)]) > 0 && unmapped(err) == workflows.AttrState.GetName() {
		opts.wordless = true
		builds, err = s.listPages(ctx, opts)
	}
	if err != nil {
		return nil, s.explainList(opts, err)
	}
	slices.SortStableFunc(builds, func(a, b listed) int { return cmp.Compare(b.StartedAt.UnixNano(), a.StartedAt.UnixNano()) })
	return builds[:min(len(builds), opts.Limit)], nil
}

// listPages asks for pages until there are as many builds as are wanted.
func (s *session) listPages(ctx context.Context, opts listOptions) ([]listed, error) {
	var builds []listed
	req := &workflowservice.ListWorkflowExecutionsRequest{Query: opts.filter(), PageSize: int32(min(opts.Limit, 1000))}
	for {
		page, err := s.ListWorkflow(ctx, req)
		if err != nil {
			return nil, err
		}
		for _, info := range page.GetExecutions() {
			builds = append(builds, listing(info))
		}
		req.NextPageToken = page.GetNextPageToken()
		if len(builds) >= opts.Limit || len(req.NextPageToken) == 0 {
			return builds, nil
		}
	}
}

// unmapped is the search attribute for the lack of which the server has refused a filter, if so.
func unmapped(err error) string {
	var invalid *serviceerror.InvalidArgument
	if !errors.As(err, &invalid) {
		return ""
	}
	for _, name := range workflows.SearchAttributes() {
		if strings.Contains(invalid.Message, name) {
			return name
		}
	}
	return ""
}

func listing(info *workflowpb.WorkflowExecutionInfo) listed {
	snap := introduce(info)
	return listed{
		BuildID:    snap.BuildID,
		RunID:      snap.RunID,
		Name:       snap.Name,
		Region:     snap.Region,
		State:      snap.State,
		ImageID:    attribute(info, workflows.AttrImageID.GetName()),
		StartedAt:  snap.StartedAt,
		FinishedAt: snap.FinishedAt,
	}
}

func (s *session) explainList(opts listOptions, err error) error {
	var invalid *serviceerror.InvalidArgument
	if !errors.As(err, &invalid) {
		return s.explain("list builds", "", err)
	}
	if name := unmapped(err); name != "" {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("namespace %s does not know the search attribute %s yet; a worker registers it when it starts: `%s worker`",
			s.opts.Namespace, name, s.name))
	}
	if opts.Query != "" {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("--query: the server refuses the filter %s (%s)", opts.filter(), invalid.Message))
	}
	return cli.Fail(cli.ExitFailed, fmt.Errorf("list builds: %w", err))
}

func printList(w io.Writer, builds []listed, now time.Time) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "BUILD ID\tSTATE\tREGION\tIMAGE\tSTARTED\tTOOK")
	for _, b := range builds {
		end := now
		if b.FinishedAt != nil {
			end = *b.FinishedAt
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", b.BuildID, b.State, dash(b.Region), dash(b.ImageID),
			b.StartedAt.In(now.Location()).Format(time.DateTime), took(end.Sub(b.StartedAt)))
	}
	return table.Flush()
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
