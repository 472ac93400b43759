package starter

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// The words for the two decisions.
const (
	approved = "approved"
	rejected = "rejected"
)

// decideOptions are those of approve and reject.
type decideOptions struct {
	BuildID  string
	RunID    string
	By       string
	Reason   string
	Update   string // that decides
	Decision string // approved or rejected
	Output   cli.Output
}

func newApproveCommand(a *app) *cobra.Command {
	opts := decideOptions{Update: workflows.ApproveUpdate, Decision: approved}
	return a.decideCommand(&opts, &cobra.Command{
		Use:   "approve BUILD-ID",
		Short: "Let a build that waits for approval go on",
		Long: "Approves the golden image of a build whose document has the section `approval`; the build goes on and is registered.\n" +
			"`list --state waiting` lists the builds that wait. Refuses a build that does not wait, with exit code 2.\n\n" +
			"The approval is for this image: a retry that makes another one asks again.",
		Example: fmt.Sprintf("  %[1]s approve web-base\n  %[1]s approve web-base --reason 'boots, kernel 6.8.0-60' -o json", a.name),
	})
}

func newRejectCommand(a *app) *cobra.Command {
	opts := decideOptions{Update: workflows.RejectUpdate, Decision: rejected}
	return a.decideCommand(&opts, &cobra.Command{
		Use:   "reject BUILD-ID --reason WHY",
		Short: "Let a build that waits for approval fail",
		Long: "Rejects the golden image of a build whose document has the section `approval`: the build fails and is not registered,\n" +
			"and what follows it exits with 7. What it made stays, unless its document says `onFailure: cleanup`; retry goes on\n" +
			"from there. Refuses a build that does not wait, with exit code 2.",
		Example: fmt.Sprintf("  %[1]s reject web-base --reason 'the kernel is too old'", a.name),
	})
}

// decideCommand adds what the two commands have in common.
func (a *app) decideCommand(opts *decideOptions, cmd *cobra.Command) *cobra.Command {
	var conn cli.Connection
	cmd.Args = cli.OneArg("BUILD-ID")
	cmd.ValidArgsFunction = a.completeBuilds(&conn, workflows.StateWaiting)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		opts.BuildID = args[0]
		if opts.Decision == rejected && strings.TrimSpace(opts.Reason) == "" {
			return cli.Usagef(cmd, "%s needs --reason: whoever made the build has to know what to correct", cmd.CommandPath())
		}
		return runDecide(cmd.Context(), a, &conn, *opts)
	}
	cmd.Flags().StringVar(&opts.Reason, "reason", "", "why, for the history and the result of the build")
	cli.MayBeEmpty(cmd.Flags(), "reason")
	cmd.Flags().StringVar(&opts.By, "by", "", "who decides (default: USER@HOST)")
	addRunID(cmd, &opts.RunID)
	cli.AddOutput(cmd, &opts.Output)
	conn.AddFlags(cmd.Flags())
	return cmd
}

// decided says what was decided.
type decided struct {
	BuildID  string `json:"buildId"`
	RunID    string `json:"runId"`
	Decision string `json:"decision"`
	workflows.Verdict
}

func runDecide(ctx context.Context, a *app, conn *cli.Connection, opts decideOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	desc, err := s.describe(ctx, opts.BuildID, opts.RunID)
	if err != nil {
		return s.settle(opts.BuildID, err)
	}
	snap := introduce(desc.GetWorkflowExecutionInfo())
	if snap.closed() {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("build %s does not wait for approval: it %s at %s", opts.BuildID, ended(snap.State), s.clock(*snap.FinishedAt)))
	}
	verdict, err := s.decide(ctx, snap, opts)
	if err != nil {
		return s.undecided(ctx, snap, taskQueue(desc), err)
	}
	return s.printDecided(decided{snap.BuildID, snap.RunID, opts.Decision, verdict}, opts.Output)
}

// decideTimeout is how long a decision waits for a worker that takes it. The server offers
// it to the worker that had the build last for some seconds, and then to the others.
const decideTimeout = 30 * time.Second

func (s *session) decide(ctx context.Context, snap snapshot, opts decideOptions) (workflows.Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, decideTimeout)
	defer cancel()
	var verdict workflows.Verdict
	update, err := s.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: snap.BuildID, RunID: snap.RunID, UpdateName: opts.Update, WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{workflows.Decision{By: cmp.Or(opts.By, whoami()), Reason: opts.Reason}},
	})
	if err != nil {
		return verdict, err
	}
	return verdict, update.Get(ctx, &verdict)
}

// undecided is why a decision was not taken, or is not known to be.
func (s *session) undecided(ctx context.Context, snap snapshot, taskQueue string, err error) error {
	var refused *sdktemporal.ApplicationError
	var over *serviceerror.NotFound
	var late *client.WorkflowUpdateServiceTimeoutOrCanceledError
	switch {
	case errors.As(err, &refused) && strings.HasPrefix(refused.Message(), "unknown update"):
		return cli.Fail(cli.ExitFailed, fmt.Errorf("the worker of build %s knows no approvals; its version is older than this command's", snap.BuildID))
	case errors.As(err, &refused):
		return cli.Fail(cli.ExitUsage, errors.New(refused.Message()))
	case errors.As(err, &over):
		return cli.Fail(cli.ExitUsage, fmt.Errorf("build %s has just ended; `%s status %s` shows how", snap.BuildID, s.name, snap.BuildID))
	case ctx.Err() != nil:
		return cli.Fail(cli.ExitInterrupted, fmt.Errorf("interrupted; `%s status %s` shows whether build %s has taken it", s.name, snap.BuildID, snap.BuildID))
	case errors.As(err, &late):
		return cli.Fail(cli.ExitFailed, fmt.Errorf("nobody has answered for build %s within %s, so it may or may not be decided: %s",
			snap.BuildID, decideTimeout, s.silence(ctx, taskQueue, nil)))
	}
	return s.explain("decide about build "+snap.BuildID, snap.BuildID, err)
}

func (s *session) printDecided(is decided, output cli.Output) error {
	if output != cli.OutputText {
		return output.Write(s.Out, is)
	}
	_, err := fmt.Fprintf(s.Out, "image %s of build %s is %s by %s; `%s watch %s` shows the end\n", is.ImageID, is.BuildID, is.Decision, is.By, s.name, is.BuildID)
	return err
}

// whoami is who works here, as USER@HOST.
func whoami() string {
	name := os.Getenv("USER")
	if is, err := user.Current(); err == nil {
		name = is.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return cmp.Or(name, "unknown") + "@" + host
}

// howToDecide says what to type while a build waits. Nobody has set the address of a
// server that goes with its command.
func (s *session) howToDecide(buildID string) string {
	if s.alone {
		buildID += " --address " + s.opts.HostPort
	}
	return fmt.Sprintf("`%[1]s approve %[2]s` lets it go on, `%[1]s reject %[2]s --reason WHY` ends it", s.name, buildID)
}
