package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// oneSignal is how long signals count as one: some tools, such as timeout, signal a
// process and then its group.
const oneSignal = 100 * time.Millisecond

// Main runs a command tree, prints its error once as a sentence, and returns the exit
// code. The commands' context ends at the first SIGINT or SIGTERM; a second one, not
// within oneSignal of it, ends the process at once.
func Main(root *cobra.Command, env Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, func() { time.AfterFunc(oneSignal, stop) })

	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	prepare(root)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return ExitOK
	}
	if interrupted(ctx, err) {
		err = Fail(ExitInterrupted, errors.New("interrupted"))
	}
	_, _ = fmt.Fprintln(env.Err, "Error:", err)
	return exitCode(err)
}

// interrupted tells whether err is but the end of a context that a signal ended.
func interrupted(ctx context.Context, err error) bool {
	var coded *Error
	return ctx.Err() != nil && errors.Is(err, context.Canceled) && !errors.As(err, &coded)
}

func exitCode(err error) int {
	var coded *Error
	if errors.As(err, &coded) {
		return coded.Exit
	}
	return ExitFailed
}
