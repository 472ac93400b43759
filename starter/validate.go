package starter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
)

type validateOptions struct {
	Files  []string
	Vars   []string
	Output cli.Output
}

func newValidateCommand(a *app) *cobra.Command {
	var opts validateOptions
	cmd := &cobra.Command{
		Use:   "validate FILE...",
		Short: "Check build documents, offline",
		Long: "Checks build documents against the schema and every rule the cloud documents, without any connection.\n" +
			"All faults of all files are shown in one go, as file:line:column; - reads standard input.\nExits with 2 when there is a fault.",
		Example:           fmt.Sprintf("  %[1]s validate web-base.yaml\n  %[1]s validate --var release=9.4 -o json images/*.yaml", a.name),
		Args:              documentArgs,
		ValidArgsFunction: completeDocuments,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Files = args
			return runValidate(cmd.Context(), a, opts)
		},
	}
	addVars(cmd.Flags(), &opts.Vars)
	cli.AddOutput(cmd, &opts.Output)
	return cmd
}

// verdict is what is wrong with a file.
type verdict struct {
	File   string      `json:"file"`
	Valid  bool        `json:"valid"`
	Builds int         `json:"builds,omitempty"` // that it stands for, when it has a matrix
	Faults spec.Faults `json:"faults"`
	unread bool        // what the error of the command tells
}

func runValidate(ctx context.Context, a *app, opts validateOptions) error {
	vars, err := parseVars(opts.Vars)
	if err != nil {
		return err
	}
	var verdicts []verdict
	var bad []string
	var unread []error
	for _, file := range opts.Files {
		v, err := judge(ctx, a.In, file, vars)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			unread = append(unread, err)
		case !v.Valid:
			bad = append(bad, v.File)
		}
		verdicts = append(verdicts, v)
	}
	if err := printVerdicts(a, opts.Output, verdicts); err != nil {
		return err
	}
	if len(bad) > 0 {
		unread = append(unread, cli.Fail(cli.ExitUsage, fmt.Errorf("not valid: %s", strings.Join(bad, ", "))))
	}
	return errors.Join(unread...)
}

// judge is the verdict on a file. The error is why it could not be read, which the verdict
// tells as well, as a fault.
func judge(ctx context.Context, in io.Reader, file string, vars map[string]string) (verdict, error) {
	v := verdict{File: called(file), Faults: spec.Faults{}}
	is, err := expandDocument(ctx, in, file, vars)
	switch {
	case err == nil:
		v.Valid = true
		if is.Matrix {
			v.Builds = len(is.Members)
		}
	case !errors.As(err, &v.Faults):
		v.Faults = spec.Faults{{File: v.File, Line: 1, Column: 1, Message: err.Error()}}
		v.unread = true
		return v, err
	}
	return v, nil
}

func printVerdicts(a *app, output cli.Output, verdicts []verdict) error {
	if output != cli.OutputText {
		return cli.WriteAll(a.Out, output, verdicts)
	}
	for _, v := range verdicts {
		if err := printVerdict(a, v); err != nil {
			return err
		}
	}
	return nil
}

func printVerdict(a *app, v verdict) (err error) {
	switch {
	case v.Builds > 0:
		_, err = fmt.Fprintf(a.Out, "%s: valid, %s\n", v.File, count(v.Builds, "build"))
	case v.Valid:
		_, err = fmt.Fprintf(a.Out, "%s: valid\n", v.File)
	case !v.unread:
		printFaults(a.Err, v.Faults)
	}
	return err
}
