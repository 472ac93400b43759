package starter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
)

// followOptions say how a build is followed to its end.
type followOptions struct {
	Output      cli.Output
	Progress    cli.Progress
	WaitTimeout time.Duration // 0 is for ever
	Stopping    bool          // the build was asked to stop
}

func (o *followOptions) addFlags(cmd *cobra.Command) {
	cli.AddOutput(cmd, &o.Output)
	cli.AddProgress(cmd, &o.Progress)
	cmd.Flags().DurationVar(&o.WaitTimeout, "wait-timeout", 0, "stop following after this time and exit with 3; the build goes on (default: follow to the end)")
}

// check finds what no flag can say by itself.
func (o *followOptions) check() error {
	if o.WaitTimeout < 0 {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("--wait-timeout %s: want a time above zero, such as 30m", o.WaitTimeout))
	}
	return nil
}

var errWaitTimeout = errors.New("the wait timed out")

// follow shows a build until it is over and returns how it was then. It never holds a
// call for the length of a build; a server that goes away is waited for.
func (s *session) follow(ctx context.Context, buildID, runID string, opts followOptions) (snapshot, error) {
	view := s.newView(opts.Progress)
	return bounded(ctx, opts, subject{"build", buildID}, s.name, func(ctx context.Context) (snapshot, error) {
		return s.watch(ctx, buildID, runID, view)
	})
}

// bounded watches until the watch is over, the user has waited enough, or interrupts it.
func bounded[T any](ctx context.Context, opts followOptions, what subject, name string, watch func(context.Context) (T, error)) (T, error) {
	if opts.WaitTimeout > 0 {
		var cancel context.CancelCauseFunc
		ctx, cancel = context.WithCancelCause(ctx)
		defer cancel(nil)
		// Not a deadline: the server would answer that it has passed before it has here.
		defer time.AfterFunc(opts.WaitTimeout, func() { cancel(errWaitTimeout) }).Stop()
	}
	seen, err := watch(ctx)
	switch {
	case err == nil:
		return seen, nil
	case errors.Is(context.Cause(ctx), errWaitTimeout):
		return seen, cli.Fail(cli.ExitTimeout, errors.New(opts.waitedEnough(what, name)))
	case ctx.Err() != nil:
		return seen, cli.Fail(cli.ExitInterrupted, errors.New(opts.interrupted(what, name)))
	}
	return seen, err
}

// subject is what a command follows: a build or a fleet.
type subject struct{ kind, id string }

func (o followOptions) waitedEnough(what subject, name string) string {
	if o.Stopping {
		return fmt.Sprintf("%[1]s %[2]s was asked to stop and is not over after %[3]s; `%[4]s watch %[2]s` shows the end", what.kind, what.id, o.WaitTimeout, name)
	}
	return fmt.Sprintf("%[1]s %[2]s is not over after %[3]s and goes on; `%[4]s watch %[2]s` follows it", what.kind, what.id, o.WaitTimeout, name)
}

func (o followOptions) interrupted(what subject, name string) string {
	if o.Stopping {
		return fmt.Sprintf("interrupted; %[1]s %[2]s was asked to stop: `%[3]s watch %[2]s` shows the end", what.kind, what.id, name)
	}
	return fmt.Sprintf("interrupted; %[1]s %[2]s goes on: `%[3]s watch %[2]s` follows it, `%[3]s cancel %[2]s` stops it", what.kind, what.id, name)
}

func (s *session) watch(ctx context.Context, buildID, runID string, view view) (snapshot, error) {
	_, live := view.(*liveView)
	return untilClosed(ctx, newPace(live), view.show,
		func(last snapshot) (snapshot, error) {
			snap, err := s.look(ctx, buildID, runID)
			return snap.after(last), err
		},
		func(last snapshot) snapshot {
			last.Note = s.lost("build")
			return last
		})
}

// untilClosed shows one look after another until one sees something closed, and returns
// that. While the server cannot be reached it shows what lost makes of the last one.
func untilClosed[S interface{ closed() bool }](
	ctx context.Context, pace *pace, show func(S), look func(last S) (S, error), lost func(last S) S,
) (S, error) {
	var last, none S
	for ; ; pace.wait(ctx) {
		seen, err := look(last)
		switch {
		case ctx.Err() != nil:
			return none, ctx.Err()
		case cli.Unreachable(err):
			last = lost(last)
			show(last)
			continue
		case err != nil:
			return none, err
		}
		last = seen
		show(last)
		if last.closed() {
			return last, nil
		}
	}
}

// lost says that the server cannot be reached and why that does no harm.
func (s *session) lost(what string) string {
	return fmt.Sprintf("lost the Temporal server at %s; the %s does not need this command, trying again", s.opts.HostPort, what)
}

// after keeps from the last look what this one did not learn.
func (s snapshot) after(last snapshot) snapshot {
	if len(s.Steps) == 0 {
		s.Steps, s.Step = slices.Clone(last.Steps), last.Step
		s.close()
	}
	if s.Name == "" {
		s.Name, s.Region = last.Name, last.Region
	}
	return s
}

// pace says how often to look: quickly at first, then each second or two.
type pace struct{ interval, longest time.Duration }

func newPace(live bool) *pace {
	p := &pace{interval: 250 * time.Millisecond, longest: 2 * time.Second}
	if live {
		p.longest = time.Second
	}
	return p
}

func (p *pace) wait(ctx context.Context) {
	timer := time.NewTimer(p.interval)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	p.interval = min(p.interval*5/4, p.longest)
}

// report prints how a closed build ended: its result, or in JSON what is known of a
// build that has none. The error is the build's, with its exit code.
func (s *session) report(snap snapshot, output cli.Output) error {
	var err error
	switch {
	case output != cli.OutputText && snap.Result != nil:
		err = output.Write(s.Out, snap.Result)
	case output != cli.OutputText:
		err = output.Write(s.Out, snap)
	case snap.Result != nil:
		err = printResult(s.Out, *snap.Result, snap.Steps)
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return snap.end
}

// printSnapshot shows a look at a build for people.
func (s *session) printSnapshot(snap snapshot) error {
	for _, line := range render(snap, s.now(), 0) {
		if _, err := lipgloss.Fprintln(s.Out, line); err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
	}
	return nil
}
