package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs a command tree, prints its error once as a sentence, and returns the exit
// code. The commands' context ends at the first SIGINT or SIGTERM; a second one ends
// the process at once.
func Main(root *cobra.Command, env Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)

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
