package starter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

type cancelOptions struct {
	BuildID string
	RunID   string
	Reason  string
	Wait    bool
	follow  followOptions
}

func newCancelCommand(a *app) *cobra.Command {
	var opts cancelOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "cancel BUILD-ID|FLEET-ID",
		Short: "Ask a running build or fleet to stop",
		Long: "Asks a running build to stop and returns at once; watch shows the end. The build ends the import task or execution\n" +
			"that runs in the cloud, waits for what can no longer be cancelled, and then removes what it made, unless its document\n" +
			"says `onCancel: keep`. That takes at most `timeouts.cleanup` of the document. What could not be removed is named, with\n" +
			"the reason, by every command that shows the end. What the build did not make is never removed.\n\n" +
			"A fleet asks each of its builds that run, and begins no further one.\n\n" +
			"Refuses what is over already, with exit code 2. With --wait follows the build to its end: exits with 0 when it was\n" +
			"cancelled, with 6 when something could not be removed, and with 1 when it ended otherwise.",
		Example:           fmt.Sprintf("  %[1]s cancel web-base\n  %[1]s cancel web-base --reason 'wrong disk' --wait", a.name),
		Args:              cli.OneArg("BUILD-ID or FLEET-ID"),
		ValidArgsFunction: a.completeEither(&conn),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.BuildID = args[0]
			return runCancel(cmd.Context(), a, &conn, opts)
		},
	}
	cmd.Flags().StringVar(&opts.Reason, "reason", "", "why, for the history")
	cli.MayBeEmpty(cmd.Flags(), "reason")
	cmd.Flags().BoolVar(&opts.Wait, "wait", false, "follow the build to its end")
	addRunID(cmd, &opts.RunID)
	opts.follow.addFlags(cmd)
	conn.AddFlags(cmd.Flags())
	return cmd
}

// cancelled says what a cancel did.
type cancelled struct {
	BuildID string          `json:"buildId"`
	RunID   string          `json:"runId"`
	State   workflows.State `json:"state"` // running until the build has stopped
	// Resources is the ledger, once the build has stopped.
	Resources []workflows.Resource `json:"resources,omitempty"`
}

func runCancel(ctx context.Context, a *app, conn *cli.Connection, opts cancelOptions) error {
	if err := opts.follow.check(); err != nil {
		return err
	}
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	desc, err := s.describeEither(ctx, opts.BuildID, opts.RunID)
	if err != nil {
		return s.settle(opts.BuildID, err)
	}
	if isFleet(desc) {
		return s.cancelFleet(ctx, desc, opts)
	}
	asked := introduce(desc.GetWorkflowExecutionInfo())
	runID := asked.RunID
	if err := s.askToStop(ctx, subject{"build", opts.BuildID}, asked, client.CancelWorkflowOptions{
		WorkflowID: opts.BuildID, RunID: runID, Reason: opts.Reason,
	}); err != nil {
		return err
	}
	is := cancelled{BuildID: opts.BuildID, RunID: runID, State: workflows.StateRunning}
	if !opts.Wait {
		return s.printAsked(subject{"build", is.BuildID}, is, opts.follow.Output)
	}
	opts.follow.Stopping = true
	snap, err := s.follow(ctx, opts.BuildID, runID, opts.follow)
	if err != nil {
		return err
	}
	if is.State, is.Resources = snap.State, snap.Resources; is.State != workflows.StateCancelled {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("build %[1]s %[2]s before it could be cancelled; `%[3]s status %[1]s` shows how", is.BuildID, ended(is.State), s.name))
	}
	return s.printCancelled(is, snap, opts.follow.Output)
}

// askToStop asks a build or fleet to stop, if it runs.
func (s *session) askToStop(ctx context.Context, what subject, snap snapshot, request client.CancelWorkflowOptions) error {
	if snap.closed() {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("%s %s is not running: it %s at %s", what.kind, what.id, ended(snap.State), s.clock(*snap.FinishedAt)))
	}
	if request.Reason == "" {
		request.Reason = "cancelled with " + s.name + " cancel"
	}
	err := s.CancelWorkflowWithOptions(ctx, request)
	var over *serviceerror.NotFound
	switch {
	case errors.As(err, &over):
		return cli.Fail(cli.ExitUsage, fmt.Errorf("%[1]s %[2]s has just ended; `%[3]s status %[2]s` shows how", what.kind, what.id, s.name))
	case err != nil:
		return s.explain("cancel "+what.kind+" "+what.id, what.id, err)
	}
	return nil
}

// ended says in a sentence how a build or fleet ended.
func ended(state workflows.State) string {
	switch state {
	case workflows.StateCancelled:
		return "was cancelled"
	case workflows.StateSkipped:
		return "was skipped"
	case workflows.StateUnchanged:
		return "ended unchanged"
	case statePartial:
		return "was partly successful"
	}
	return string(state)
}

func (s *session) printAsked(what subject, is any, output cli.Output) error {
	if output != cli.OutputText {
		return output.Write(s.Out, is)
	}
	_, err := fmt.Fprintf(s.Out, "asked %[1]s %[2]s to stop; `%[3]s watch %[2]s` shows the end\n", what.kind, what.id, s.name)
	return err
}

// printCancelled prints what a build left that was cancelled, as it should be. What it was
// to remove and could not is an error all the same.
func (s *session) printCancelled(is cancelled, snap snapshot, output cli.Output) error {
	var err error
	if output != cli.OutputText {
		err = output.Write(s.Out, is)
	} else {
		_, err = fmt.Fprintln(s.Out, snap.end)
	}
	left := slices.DeleteFunc(slices.Clone(is.Resources), func(r workflows.Resource) bool { return !isLeft(r) })
	if err == nil && len(left) > 0 {
		err = cli.Fail(cli.ExitPartial, fmt.Errorf("build %s was cancelled, and %s could not be removed", is.BuildID, count(len(left), "resource")))
	}
	return err
}

// settle makes a sentence of a look's error for a command that looks once only.
func (s *session) settle(buildID string, err error) error {
	var coded *cli.Error
	if errors.As(err, &coded) {
		return err
	}
	return s.explain("look at build "+buildID, buildID, err)
}

// clock is a moment in the user's time zone.
func (a *app) clock(t time.Time) string { return t.In(a.now().Location()).Format(time.DateTime) }
