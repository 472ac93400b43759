package starter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/errcode"
)

type errorsOptions struct {
	Code   string // empty is every code
	API    string
	Class  string
	Output cli.Output
}

func newErrorsCommand(a *app) *cobra.Command {
	var opts errorsOptions
	cmd := &cobra.Command{
		Use:   "errors [CODE]",
		Short: "Explain the error codes of the cloud",
		Long: "Prints the error codes that Kiln knows, or what one of them means, what Kiln does about it and how to fix it.\n" +
			"The case of CODE does not matter. Works offline; exits with 1 when Kiln does not know the code, and says what\nit would do about it.",
		Example: fmt.Sprintf("  %[1]s errors InvalidOSSObject.NotFound\n  %[1]s errors Throttling --api ImportImage\n"+
			"  %[1]s errors --api CreateImageComponent --class stop\n  %[1]s errors -o json", a.name),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.OneArg("CODE")(cmd, args)
			}
			return nil
		},
		ValidArgsFunction: completeCodes(&opts),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := opts.readAPI(cmd); err != nil {
				return err
			}
			if len(args) == 0 {
				return runErrors(a, opts)
			}
			opts.Code = args[0]
			return runErrorsOf(a, opts)
		},
	}
	cmd.Flags().StringVar(&opts.API, "api", "", "only codes of this action, such as ImportImage; * is any")
	_ = cmd.RegisterFlagCompletionFunc("api", cobra.FixedCompletions(actions(), cobra.ShellCompDirectiveNoFileComp))
	cli.Choice(cmd, &opts.Class, "class", "only codes of this class", classes()...)
	cli.AddOutput(cmd, &opts.Output)
	return cmd
}

func classes() []string {
	var names []string
	for _, class := range errcode.Classes() {
		names = append(names, string(class))
	}
	return names
}

// actions are those that the catalogue has rows for.
func actions() []string {
	var names []string
	for _, e := range errcode.All() {
		if !slices.Contains(names, e.API) {
			names = append(names, e.API)
		}
	}
	return names
}

// readAPI gives --api the spelling of the catalogue.
func (o *errorsOptions) readAPI(cmd *cobra.Command) error {
	if o.API == "" {
		return nil
	}
	for _, name := range actions() {
		if strings.EqualFold(name, o.API) {
			o.API = name
			return nil
		}
	}
	return cli.Usagef(cmd, "--api %s: want one of %s", o.API, strings.Join(actions(), ", "))
}

// completeCodes offers the codes that the flags leave, each with its classes.
func completeCodes(opts *errorsOptions) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var codes []string
		classesOf := map[string][]string{}
		for _, e := range opts.among(errcode.All()) {
			if len(begun) > len(e.Code) || !strings.EqualFold(e.Code[:len(begun)], begun) {
				continue
			}
			if classesOf[e.Code] == nil {
				codes = append(codes, e.Code)
			}
			if !slices.Contains(classesOf[e.Code], string(e.Class)) {
				classesOf[e.Code] = append(classesOf[e.Code], string(e.Class))
			}
		}
		slices.Sort(codes)
		for i, code := range codes {
			codes[i] = cobra.CompletionWithDesc(code, strings.Join(classesOf[code], " or "))
		}
		return codes, cobra.ShellCompDirectiveNoFileComp
	}
}

// among keeps the entries that the flags ask for.
func (o errorsOptions) among(entries []errcode.Entry) []errcode.Entry {
	return slices.DeleteFunc(entries, func(e errcode.Entry) bool {
		return o.API != "" && e.API != o.API || o.Class != "" && string(e.Class) != o.Class
	})
}

func runErrors(a *app, opts errorsOptions) error {
	rows := explain(opts.among(errcode.All()))
	if opts.Output != cli.OutputText {
		return cli.WriteAll(a.Out, opts.Output, rows)
	}
	if len(rows) == 0 {
		_, _ = fmt.Fprintln(a.Err, "no codes match")
		return nil
	}
	if err := printErrors(a.Out, rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Err, "\n`%s errors CODE` shows the documented messages too\n", a.name)
	return err
}

func runErrorsOf(a *app, opts errorsOptions) error {
	entries := errcode.Rows(opts.API, opts.Code)
	if len(entries) == 0 {
		return unknownCode(opts.API, opts.Code)
	}
	rows := explain(errorsOptions{Class: opts.Class}.among(entries))
	if len(rows) == 0 {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("no row of the code %s is of class %s; leave --class out", opts.Code, opts.Class))
	}
	if opts.Output != cli.OutputText {
		return cli.WriteAll(a.Out, opts.Output, rows)
	}
	for i, r := range rows {
		if i > 0 {
			_, _ = fmt.Fprintln(a.Out)
		}
		printExplained(a.Out, r)
	}
	if strings.Contains(rows[0].Code, "{") && !strings.Contains(opts.Code, "{") {
		_, _ = fmt.Fprintf(a.Err, "\n%s has no row of its own: these stand for it%s\n", opts.Code, didYouMean(opts.Code))
	}
	return nil
}
