package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/cli"
)

// run runs a small tree whose command go returns err.
func run(t *testing.T, err error, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	env := cli.Env{Out: &out, Err: &errs}
	root := &cobra.Command{Use: "kiln", Short: "Make images"}
	sub := &cobra.Command{
		Use: "go THING", Short: "Go somewhere", Example: "  kiln go home", Args: cli.OneArg("THING"),
		RunE: func(*cobra.Command, []string) error { return err },
	}
	var output cli.Output
	cli.AddOutput(sub, &output)
	(&cli.CloudFlags{}).AddFlags(sub.Flags())
	sub.Flags().Int("limit", 20, "limit")
	sub.Flags().Duration("wait", 0, "wait")
	sub.Flags().Bool("detach", false, "detach")
	sub.Flags().String("queue", "default", "queue")
	sub.Flags().StringArray("region", nil, "region")
	group := &cobra.Command{Use: "schedule", Short: "Group"}
	group.AddCommand(&cobra.Command{Use: "list", Args: cli.NoArgs, RunE: func(*cobra.Command, []string) error { return nil }})
	root.AddCommand(sub, group)
	root.SetArgs(append([]string{}, args...))
	code = cli.Main(root, env)
	return code, out.String(), errs.String()
}

func TestMainExitCodes(t *testing.T) {
	for _, test := range []struct {
		name string
		args []string
		err  error
		code int
		says string
	}{
		{"a command that worked", []string{"go", "x"}, nil, 0, ""},
		{"an error without a code", []string{"go", "x"}, errors.New("it broke"), 1, "Error: it broke\n"},
		{"an error with its code", []string{"go", "x"}, cli.Fail(cli.ExitTests, errors.New("tests failed")), 5, "Error: tests failed\n"},
		{"an error whose code is wrapped", []string{"go", "x"}, fmt.Errorf("build: %w", cli.Fail(cli.ExitPartial, errors.New("half"))), 6, "Error: build: half\n"},
		{"an unknown command", []string{"bo", "x"}, nil, 2, "Error: unknown command \"bo\" for \"kiln\"; did you mean go?\nRun 'kiln --help' for usage.\n"},
		{"an unknown command of a group", []string{"schedule", "make"}, nil, 2, "Error: unknown command \"make\" for \"kiln schedule\"\nRun 'kiln schedule --help' for usage.\n"},
		{"an unknown flag", []string{"go", "x", "--fast"}, nil, 2, "Error: unknown flag: --fast\nRun 'kiln go --help' for usage.\n"},
		{"a word that a flag does not take", []string{"go", "x", "-o", "xml"}, nil, 2, "Error: invalid argument \"xml\" for \"-o, --output\" flag: want text, json or jsonl\nRun 'kiln go --help' for usage.\n"},
		{"a word where a number belongs", []string{"go", "x", "--limit", "many"}, nil, 2, "Error: invalid argument \"many\" for \"--limit\" flag: want a whole number\nRun 'kiln go --help' for usage.\n"},
		{"a number beyond all", []string{"go", "x", "--limit", "99999999999999999999"}, nil, 2, "Error: invalid argument \"99999999999999999999\" for \"--limit\" flag: the number is out of range\nRun 'kiln go --help' for usage.\n"},
		{"a number where a time belongs", []string{"go", "x", "--wait=5"}, nil, 2, "Error: invalid argument \"5\" for \"--wait\" flag: want a duration such as 90s, 30m or 24h\nRun 'kiln go --help' for usage.\n"},
		{"a word where yes or no belongs", []string{"go", "x", "--detach=perhaps"}, nil, 2, "Error: invalid argument \"perhaps\" for \"--detach\" flag: want true or false\nRun 'kiln go --help' for usage.\n"},
		{"no argument", []string{"go"}, nil, 2, "Error: kiln go needs a THING\nRun 'kiln go --help' for usage.\n"},
		{"too many arguments", []string{"go", "x", "y"}, nil, 2, "Error: kiln go takes one THING, got 2: x y\nRun 'kiln go --help' for usage.\n"},
		{"an argument where none belongs", []string{"schedule", "list", "x"}, nil, 2, "Error: kiln schedule list takes no argument, got x\nRun 'kiln schedule list --help' for usage.\n"},
		{"an empty argument is none", []string{"go", ""}, nil, 2, "Error: kiln go needs a THING\nRun 'kiln go --help' for usage.\n"},
		{"an empty argument beside another", []string{"go", "x", ""}, nil, 2, "Error: kiln go got an empty argument\nRun 'kiln go --help' for usage.\n"},
		{"an empty argument where none belongs", []string{"schedule", "list", ""}, nil, 2, "Error: kiln schedule list got an empty argument\nRun 'kiln schedule list --help' for usage.\n"},
		{"an empty command", []string{""}, nil, 2, "Error: kiln got an empty argument\nRun 'kiln --help' for usage.\n"},
		{"an empty flag", []string{"go", "x", "--queue", ""}, nil, 2, "Error: --queue is empty: give it a value, or leave it out\nRun 'kiln go --help' for usage.\n"},
		{"an empty one of many", []string{"go", "x", "--region", "a", "--region="}, nil, 2, "Error: --region is empty: give it a value, or leave it out\nRun 'kiln go --help' for usage.\n"},
		{"a flag that may be empty", []string{"go", "x", "--ecs-endpoint", ""}, nil, 0, ""},
		{"help with an unknown command", []string{"help", "bo"}, nil, 2, "Error: unknown command \"bo\" for \"kiln\"; did you mean go?\nRun 'kiln --help' for usage.\n"},
		{"help with an unknown command of a group", []string{"help", "schedule", "make"}, nil, 2, "Error: unknown command \"make\" for \"kiln schedule\"\nRun 'kiln schedule --help' for usage.\n"},
		{"help with what a command does not have", []string{"help", "go", "home"}, nil, 2, "Error: unknown command \"home\" for \"kiln go\"\nRun 'kiln go --help' for usage.\n"},
		{"help", []string{"help"}, nil, 0, ""},
		{"help with a command", []string{"help", "schedule", "list"}, nil, 0, ""},
		{"an argument of cobra's own command", []string{"completion", "csh"}, nil, 2, "Error: unknown command \"csh\" for \"kiln completion\"; did you mean bash or fish or zsh?\nRun 'kiln completion --help' for usage.\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, _, stderr := run(t, test.err, test.args...)
			require.Equal(t, test.code, code)
			require.Equal(t, test.says, stderr)
		})
	}
}

func TestMainHelpShowsFlagsUnderTheirHeadings(t *testing.T) {
	code, stdout, stderr := run(t, nil, "go", "--help")
	require.Zero(t, code)
	require.Empty(t, stderr)
	require.Regexp(t, `(?s)Usage:\n  kiln go THING \[flags\]\n\nExamples:\n  kiln go home\n\nFlags:\n.*--output.*\n\nCloud \(.*--ecs-endpoint URL .*env KILN_ECS_ENDPOINT`, stdout)
}

func TestMainGroupsShowTheirCommands(t *testing.T) {
	code, stdout, _ := run(t, nil, "schedule")
	require.Zero(t, code)
	require.Contains(t, stdout, "Commands:\n  list")
}

func TestMainEndsTheContextAtASignal(t *testing.T) {
	for _, test := range []struct {
		name   string
		signal syscall.Signal
		result func(context.Context) error
		code   int
		says   string
	}{
		{"an error that is the end of the context", syscall.SIGINT, func(ctx context.Context) error { return ctx.Err() }, 130, "Error: interrupted\n"},
		{"a command that ends in order", syscall.SIGTERM, func(context.Context) error { return nil }, 0, ""},
		{"a command with its own words", syscall.SIGTERM, func(ctx context.Context) error { return cli.Fail(cli.ExitFailed, fmt.Errorf("stop: %w", ctx.Err())) }, 1, "Error: stop: context canceled\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var errs bytes.Buffer
			root := &cobra.Command{Use: "kiln", RunE: func(cmd *cobra.Command, _ []string) error {
				if err := syscall.Kill(syscall.Getpid(), test.signal); err != nil {
					return err
				}
				<-cmd.Context().Done()
				return test.result(cmd.Context())
			}}
			root.SetArgs([]string{})
			require.Equal(t, test.code, cli.Main(root, cli.Env{Out: &errs, Err: &errs}))
			require.Equal(t, test.says, errs.String())
		})
	}
}
