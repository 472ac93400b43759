package starter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

type retryOptions struct {
	BuildID string
	RunID   string
	From    string   // a step; empty: what is missing or has changed
	File    string   // a changed document; empty: that of the run
	Vars    []string // KEY=VALUE
	Detach  bool
	// Of a fleet; nil is as the earlier run had it.
	MaxParallel *int
	FailFast    *bool
	follow      followOptions
}

func newRetryCommand(a *app) *cobra.Command {
	var opts retryOptions
	var fleet fleetOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "retry BUILD-ID|FLEET-ID",
		Short: "Go on with a build or fleet that failed or was cancelled",
		Long: "Starts a build again from where its latest run ended, and follows it as the build command does, with the same\n" +
			"result and the same exit codes. Refuses a build that still runs, and one that succeeded.\n\n" +
			"What earlier runs made is used again as long as it is there and what goes into it has not changed; the steps say\n" +
			"so, and why something is made anew. What it replaces is removed first, so there is one of each. A call whose answer\n" +
			"was lost is repeated with its token, and an import or execution that still runs is waited for.\n\n" +
			"--from STEP makes everything from that step on anew: " + workflows.StepNames() + ".\n" +
			"--file FILE goes on with a changed document. The build keeps its id, whatever name the document has.\n\n" +
			"Of a fleet, those builds go on that failed, were cancelled or never began, under the same fleet id and each as by\n" +
			"itself; --from applies to each of them.\n\n" +
			"What a terminated or timed-out run made only a worker can tell, so one has to be running.",
		Example: fmt.Sprintf("  %[1]s retry web-base\n  %[1]s retry web-base --from register\n  %[1]s retry web-base -f web-base.yaml --var release=9.4\n"+
			"  %[1]s retry web-base --detach -o json | jq -r .runId", a.name),
		Args:              cli.OneArg("BUILD-ID or FLEET-ID"),
		ValidArgsFunction: a.completeEither(&conn, retryableStates...),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.BuildID = args[0]
			opts.takeFleet(cmd, fleet)
			if err := opts.check(cmd); err != nil {
				return err
			}
			return runRetry(cmd.Context(), a, &conn, opts)
		},
	}
	cmd.Flags().StringVar(&opts.From, "from", "", "make everything from this `STEP` on anew (default: what is missing or has changed)")
	cmd.Flags().StringVarP(&opts.File, "file", "f", "", "go on with the document in `FILE`; - is standard input (default: the document of the run)")
	addVars(cmd.Flags(), &opts.Vars)
	cmd.Flags().StringVar(&opts.RunID, "run-id", "", "refuse to go on from another run than this one (default: the latest)")
	cmd.Flags().BoolVar(&opts.Detach, "detach", false, "print the ids and return at once")
	fleet.addFlags(cmd, 0, " (default: as in the earlier run)")
	opts.follow.addFlags(cmd)
	conn.AddFlags(cmd.Flags())
	_ = cmd.RegisterFlagCompletionFunc("from", cobra.FixedCompletions(stepNames(workflows.Steps), cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder))
	_ = cmd.RegisterFlagCompletionFunc("file", completeDocuments) // fails for a flag that does not exist only
	return cmd
}

// takeFleet takes over what the user says about how a fleet runs.
func (o *retryOptions) takeFleet(cmd *cobra.Command, fleet fleetOptions) {
	if cmd.Flags().Changed("max-parallel") {
		o.MaxParallel = &fleet.MaxParallel
	}
	if cmd.Flags().Changed("fail-fast") {
		o.FailFast = &fleet.FailFast
	}
}

// check finds what is wrong with the options by themselves.
func (o *retryOptions) check(cmd *cobra.Command) error {
	switch {
	case o.Detach && o.follow.WaitTimeout > 0:
		return errDetachWaits(cmd)
	case len(o.Vars) > 0 && o.File == "":
		return cli.Usagef(cmd, "--var sets variables of a document that --file names; those of the run's own document have their values")
	case o.From != "" && !slices.Contains(workflows.Steps, workflows.Step(o.From)):
		return cli.Usagef(cmd, "--from %s: there is no such step%s; the steps are %s", o.From, nearStep(o.From), workflows.StepNames())
	}
	if o.MaxParallel != nil {
		if err := (&fleetOptions{MaxParallel: *o.MaxParallel}).check(); err != nil {
			return err
		}
	}
	return o.follow.check()
}

// nearStep names the step that a misspelt one most likely means, or is empty.
func nearStep(word string) string {
	means := spec.Closest(word, stepNames(workflows.Steps))
	if means == "" {
		return ""
	}
	return " (did you mean " + means + "?)"
}

func runRetry(ctx context.Context, a *app, conn *cli.Connection, opts retryOptions) error {
	var build spec.Build
	var err error
	if opts.File != "" { // before anything else: standard input may take its time
		if build, err = a.buildDocument(ctx, opts.File, opts.Vars); err != nil {
			return err
		}
	}
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	desc, err := s.describeEither(ctx, opts.BuildID, "")
	switch {
	case err != nil:
		return s.settle(opts.BuildID, err)
	case isFleet(desc):
		return s.retryFleet(ctx, desc, opts)
	case opts.MaxParallel != nil || opts.FailFast != nil:
		return refusef("--max-parallel and --fail-fast are for fleets, and %s is a build", opts.BuildID)
	}
	from, err := s.previous(ctx, desc, opts.RunID)
	if err != nil {
		return err
	}
	if opts.File == "" {
		if build, err = s.documentOf(from); err != nil {
			return err
		}
	}
	if err := refuseStep(opts.BuildID, build, workflows.Step(opts.From)); err != nil {
		return err
	}
	run, err := s.retry(ctx, from, build, opts)
	if err != nil {
		return err
	}
	if opts.Detach {
		return s.printRetried(run, opts.follow.Output)
	}
	snap, err := s.follow(ctx, run.BuildID, run.RunID, opts.follow)
	if err != nil {
		return err
	}
	return s.report(snap, opts.follow.Output)
}

// refuseStep refuses a step that a document does not have.
func refuseStep(buildID string, build spec.Build, step workflows.Step) error {
	steps := workflows.StepsOf(build)
	if step == "" || slices.Contains(steps, step) {
		return nil
	}
	return refusef("--from %s: the document of build %s has no such step; its steps are %s", step, buildID, strings.Join(stepNames(steps), ", "))
}

// documentOf reads the document that a run was started with.
func (s *session) documentOf(from previous) (spec.Build, error) {
	build, err := from.readDocument()
	var faults spec.Faults
	if errors.As(err, &faults) {
		printFaults(s.Err, faults)
		return build, cli.Fail(cli.ExitUsage, fmt.Errorf("the document of run %s has %s; nothing was started: `%s retry %s -f FILE` goes on with a document that is in order",
			from.RunID, count(len(faults), "fault"), s.name, from.BuildID))
	}
	return build, err
}

// retried is a run that goes on from another.
type retried struct {
	started
	PreviousRunID string         `json:"previousRunId"`
	PreviousEnd   string         `json:"previousEnd"`    // a failure's code, or cancelled, terminated or timedOut
	From          workflows.Step `json:"from,omitempty"` // the step that the user named, or in which the run failed
}

// retry starts the run. One that somebody else has started meanwhile is left alone.
func (s *session) retry(ctx context.Context, from previous, build spec.Build, opts retryOptions) (retried, error) {
	var document any = build
	if opts.File == "" {
		document = converter.NewRawValue(from.document) // as it was sent
	}
	run, err := s.execute(ctx, client.StartWorkflowOptions{
		ID:                                       from.BuildID,
		TaskQueue:                                from.taskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            build.Name + " in " + build.Region,
		StaticDetails:                            details(build) + fmt.Sprintf(" Goes on from run %s, which %s.", from.RunID, from.ended.how()),
		TypedSearchAttributes:                    workflows.StartAttributes(build.Name, build.Region),
	}, document, *from.retry(workflows.Step(opts.From)))
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return retried{}, cli.Fail(cli.ExitUsage, fmt.Errorf("somebody else has started build %[1]s meanwhile, as run %[2]s; `%[3]s watch %[1]s` follows it",
			from.BuildID, running.RunId, s.name))
	}
	if err != nil {
		return retried{}, s.explain("retry build "+from.BuildID, from.BuildID, err)
	}
	is := retried{started: started{BuildID: run.GetID(), RunID: run.GetRunID()}, PreviousRunID: from.RunID, PreviousEnd: from.ended.code, From: workflows.Step(opts.From)}
	if is.From == "" {
		is.From = from.ended.step()
	}
	s.announceRetry(is, from, build, opts)
	return is, nil
}

// announceRetry says what the run goes on from, and with what.
func (s *session) announceRetry(is retried, from previous, build spec.Build, opts retryOptions) {
	sentence := fmt.Sprintf("Retrying %s in %s: build id %s, run id %s\nIt goes on from run %s, which %s.\n%s.",
		build.Name, build.Region, is.BuildID, is.RunID, from.RunID, from.ended.how(), opts.plan(is.From))
	s.announceAs(opts.follow.Progress, false, sentence, func(e eventHead) any {
		return struct {
			eventHead
			retried
		}{e, is}
	})
}

// plan says what a retry makes.
func (o *retryOptions) plan(failed workflows.Step) string {
	const reuse = "What is there and has not changed is used again"
	switch {
	case o.From != "":
		return fmt.Sprintf("Everything from step %s on is made anew", o.From)
	case o.File == "" && failed != "":
		return fmt.Sprintf("%s, so it begins with step %s", reuse, failed)
	}
	return reuse
}

func (s *session) printRetried(is retried, output cli.Output) error {
	if output != cli.OutputText {
		return output.Write(s.Out, is)
	}
	return s.printStarted(is.started, output)
}

func stepNames(steps []workflows.Step) []string {
	var names []string
	for _, step := range steps {
		names = append(names, string(step))
	}
	return names
}
