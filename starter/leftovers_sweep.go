package starter

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
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

// sweep removes the leftovers, and tells of each.
func (s *session) sweep(ctx context.Context, found search, output cli.Output) error {
	var done []swept
	err := s.sweeper(found).sweep(ctx, func(is swept) {
		done = append(done, is)
		if output == cli.OutputText {
			printSwept(s, is)
		}
	})
	switch {
	case output != cli.OutputText:
		err = cmp.Or(err, cli.WriteAll(s.Out, output, done))
	case len(found.leftovers) == 0:
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
