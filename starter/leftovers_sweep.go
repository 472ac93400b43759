package starter

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/inventory"
)

type sweepOptions struct {
	leftoversOptions
	Yes   bool
	again string // the command with its flags
}

func newLeftoversSweepCommand(a *app, open accountOpener) *cobra.Command {
	opts := sweepOptions{leftoversOptions: leftoversOptions{open: open}}
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "sweep",
		Short: "Remove what builds have left in the cloud",
		Long: "Shows what it would remove; with --yes removes it, and ends the imports and executions that still run for nobody.\n" +
			"Right before each removal it looks again whose the resource is and whether its build runs again.\n\n" +
			"What a build has made that Temporal does not know stays, unless --build-id names that build.\n\n" +
			"Exits with 0 when everything is gone, with 6 when some could not be removed, and with 1 when none could.",
		Example: fmt.Sprintf("  %[1]s leftovers sweep\n  %[1]s leftovers sweep --older-than 24h --yes\n  %[1]s leftovers sweep --build-id web-base --yes", a.name),
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opts.check(cmd); err != nil {
				return err
			}
			opts.again = calledAs(cmd)
			return runLeftoversSweep(cmd.Context(), a, &conn, opts)
		},
	}
	opts.addFlags(cmd, a, &conn)
	cmd.Flags().BoolVar(&opts.Yes, "yes", false, "remove it; without this nothing is changed")
	return cmd
}

// What a sweep did about a leftover.
const (
	outcomePlanned = "planned" // nothing: a dry run
	outcomeRemoved = "removed"
	outcomeEnded   = "ended" // a run
	outcomeKept    = "kept"  // it could not be removed
)

// swept is what became of a leftover.
type swept struct {
	leftover
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`   // the cloud's, of a refusal
	Reason  string `json:"reason,omitempty"` // why it was kept
}

func (s swept) gone() bool { return s.Outcome == outcomeRemoved || s.Outcome == outcomeEnded }

func runLeftoversSweep(ctx context.Context, a *app, conn *cli.Connection, opts sweepOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := s.searchLeftovers(ctx, opts.leftoversOptions)
	if err != nil {
		return err
	}
	all := len(found.leftovers)
	found.leftovers = slices.DeleteFunc(found.leftovers, func(l leftover) bool { return l.State != fateLeftover })
	found.unknown = all - len(found.leftovers)
	if opts.Yes {
		err = s.sweep(ctx, found, opts.Output)
	} else {
		err = s.planSweep(found, opts)
	}
	switch {
	case found.unknown == 1:
		_, _ = fmt.Fprintf(s.Err, "1 more may be in use and stays; `%s leftovers list` says why\n", s.name)
	case found.unknown > 1:
		_, _ = fmt.Fprintf(s.Err, "%d more may be in use and stay; `%s leftovers list` says why\n", found.unknown, s.name)
	}
	return cmp.Or(err, found.incomplete())
}

// planSweep shows what a sweep would remove.
func (s *session) planSweep(found search, opts sweepOptions) error {
	if opts.Output != cli.OutputText {
		plan := []swept{}
		for _, l := range found.leftovers {
			plan = append(plan, swept{leftover: l, Outcome: outcomePlanned})
		}
		return cli.WriteAll(s.Out, opts.Output, plan)
	}
	if err := s.printLeftovers(found); err != nil || len(found.leftovers) == 0 {
		return err
	}
	_, err := fmt.Fprintf(s.Err, "\na dry run: nothing was changed; this removes %s:\n  %s --yes\n", these(len(found.leftovers)), opts.again)
	return err
}

func these(n int) string {
	if n == 1 {
		return "it"
	}
	return fmt.Sprintf("these %d", n)
}

// sweep removes the leftovers in the order in which the cloud allows it.
func (s *session) sweep(ctx context.Context, found search, output cli.Output) error {
	todo := slices.Clone(found.leftovers)
	slices.SortStableFunc(todo, func(x, y leftover) int { return x.rank - y.rank })
	var done []swept
	var err error
	for _, l := range todo {
		var is swept
		if is, err = s.sweepOne(ctx, found, l); err != nil {
			break
		}
		done = append(done, is)
		if output == cli.OutputText {
			printSwept(s, is)
		}
	}
	if output != cli.OutputText {
		err = cmp.Or(err, cli.WriteAll(s.Out, output, done))
	} else if len(todo) == 0 {
		found.sayNothing(s)
	}
	return cmp.Or(err, s.unswept(done))
}

func printSwept(s *session, is swept) {
	line := fmt.Sprintf("%-7s  %-12s  %-22s  %s", is.Outcome, is.Kind, is.ID, is.Region)
	if is.Reason != "" {
		line += ": " + is.Reason
	}
	_, _ = fmt.Fprintln(s.Out, line)
}

// unswept is the error of a sweep that could not remove everything.
func (s *session) unswept(done []swept) error {
	kept, hint := 0, ""
	for _, is := range done {
		if is.gone() {
			continue
		}
		kept++
		if is.Code != "" {
			hint = fmt.Sprintf("; `%s errors %s` says what to do", s.name, is.Code)
		}
	}
	switch kept {
	case 0:
		return nil
	case len(done):
		return cli.Fail(cli.ExitFailed, fmt.Errorf("nothing could be removed%s", hint))
	}
	return cli.Fail(cli.ExitPartial, fmt.Errorf("%d of %d could not be removed%s", kept, len(done), hint))
}

// sweepOne removes one leftover, unless its build runs again. The error is one after which
// nothing more is to be removed.
func (s *session) sweepOne(ctx context.Context, found search, l leftover) (swept, error) {
	is := swept{leftover: l, Outcome: outcomeKept}
	latest, err := s.latestRun(ctx, l.BuildID)
	switch {
	case err != nil:
		return is, err
	case latest != nil && !found.books.knows(latest.GetExecution().GetRunId()):
		is.Reason = fmt.Sprintf("a new run of build %s has begun: %s", l.BuildID, latest.GetExecution().GetRunId())
		return is, nil
	}
	removal, err := patiently(ctx, func() (inventory.Removal, error) { return found.account.Remove(ctx, l.ref) })
	if err == nil && !removal.Gone && removal.Reason == "" {
		removal, err = s.awaitOver(ctx, found.account, l.ref)
	}
	switch {
	case ctx.Err() != nil:
		return is, ctx.Err()
	case err != nil:
		is.Code, is.Reason = inventory.Code(err), err.Error()
	case !removal.Gone:
		is.Reason = removal.Reason
	case l.Kind.Runs():
		is.Outcome = outcomeEnded
	default:
		is.Outcome = outcomeRemoved
	}
	return is, nil
}

// How long a run that was cancelled may take to end, and how often that is looked at.
const (
	overLimit    = 10 * time.Minute
	overInterval = 2 * time.Second
)

// awaitOver waits until a run that was cancelled is over: until then its template cannot
// be removed.
func (s *session) awaitOver(ctx context.Context, account inventory.Account, ref inventory.Ref) (inventory.Removal, error) {
	_, _ = fmt.Fprintf(s.Err, "waiting for the end of %s\n", ref)
	for end := s.now().Add(overLimit); ; {
		is, err := patiently(ctx, func() (inventory.Sight, error) { return account.See(ctx, ref) })
		switch {
		case inventory.NotFound(err) || err == nil && is.Over:
			return inventory.Removal{Gone: true}, nil
		case err != nil:
			return inventory.Removal{}, err
		case s.now().After(end):
			return inventory.Removal{Reason: fmt.Sprintf("%s was cancelled and is still %s", ref, is.Status)}, nil
		}
		if err := sleep(ctx, overInterval); err != nil {
			return inventory.Removal{}, err
		}
	}
}
