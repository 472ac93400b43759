package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Usagef is a mistake in how a command was called, with the way to its help.
func Usagef(cmd *cobra.Command, format string, args ...any) error {
	return usageError(cmd, fmt.Errorf(format, args...))
}

func usageError(cmd *cobra.Command, err error) error {
	hint := fmt.Sprintf("Run '%s --help' for usage.", cmd.CommandPath())
	return Fail(ExitUsage, fmt.Errorf("%w\n%s", err, hint))
}

// NoArgs wants no argument.
func NoArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return Usagef(cmd, "%s takes no argument, got %s", cmd.CommandPath(), strings.Join(args, " "))
	}
	return nil
}

// OneArg wants exactly one argument, named as in the usage line.
func OneArg(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch len(args) {
		case 0:
			return Usagef(cmd, "%s needs a %s", cmd.CommandPath(), name)
		case 1:
			return nil
		}
		return Usagef(cmd, "%s takes one %s, got %d: %s", cmd.CommandPath(), name, len(args), strings.Join(args, " "))
	}
}

// SomeArgs wants at least one argument, named as in the usage line; hint ends the sentence.
func SomeArgs(name, hint string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return Usagef(cmd, "%s needs at least one %s%s", cmd.CommandPath(), name, hint)
		}
		return nil
	}
}

// prepare gives every command of the tree the same manners: mistakes in flags and
// arguments are usage errors, and so is a name that is no command.
func prepare(root *cobra.Command) {
	root.SilenceUsage, root.SilenceErrors = true, true
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.SetFlagErrorFunc(flagError)
	root.SetUsageFunc(printUsage)
	if help, _, err := root.Find([]string{"help"}); err == nil && help != root {
		help.Args = knownTopic
	}
	prepareCommand(root)
}

// knownTopic refuses what is no command to help with, in the words of that command's group.
func knownTopic(help *cobra.Command, args []string) error {
	cmd, rest, err := help.Root().Find(args)
	if err == nil && len(rest) > 0 {
		err = knownCommand(cmd, rest)
	}
	if err != nil {
		return usageError(cmd, err)
	}
	return nil
}

func prepareCommand(cmd *cobra.Command) {
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = knownCommand
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			err := refuseEmpty(cmd, args, check)
			var coded *Error
			if err == nil || errors.As(err, &coded) {
				return err
			}
			return usageError(cmd, err)
		}
	}
	for _, sub := range cmd.Commands() {
		prepareCommand(sub)
	}
}

// refuseEmpty refuses empty arguments and flags: a shell makes them of "$ID" when nobody has
// set it. What remains has to pass the check.
func refuseEmpty(cmd *cobra.Command, args []string, check cobra.PositionalArgs) error {
	given := slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return arg == "" })
	if err := check(cmd, given); err != nil {
		return err
	}
	if len(given) < len(args) {
		return fmt.Errorf("%s got an empty argument", cmd.CommandPath())
	}
	var err error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if _, may := f.Annotations[mayBeEmpty]; err == nil && !may && isEmpty(f.Value) {
			err = fmt.Errorf("--%s is empty: give it a value, or leave it out", f.Name)
		}
	})
	return err
}

func isEmpty(value pflag.Value) bool {
	if many, ok := value.(pflag.SliceValue); ok {
		return slices.Contains(many.GetSlice(), "")
	}
	return value.Type() == "string" && value.String() == ""
}

// mayBeEmpty is the annotation of a flag for which an empty text means something.
const mayBeEmpty = "kiln-may-be-empty"

// MayBeEmpty marks flags for which an empty text means something; others refuse it.
func MayBeEmpty(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		_ = flags.SetAnnotation(name, mayBeEmpty, nil) // fails for a flag that does not exist only
	}
}

// knownCommand refuses what cobra took for the arguments of a group of commands.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	// Cobra sets the distance only where it makes the suggestions itself.
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	suggestion := ""
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		suggestion = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q for %q%s", args[0], cmd.CommandPath(), suggestion)
}

// flagGroup is the annotation of a flag that the help lists under a heading of its own.
const flagGroup = "kiln-flag-group"

// group puts the flags that define adds under a heading of the help.
func group(flags *pflag.FlagSet, heading string, define func(*pflag.FlagSet)) {
	own := pflag.NewFlagSet(heading, pflag.ContinueOnError)
	define(own)
	own.VisitAll(func(f *pflag.Flag) {
		f.Annotations = map[string][]string{flagGroup: {heading}}
		flags.AddFlag(f)
	})
}

// printUsage is cobra's usage text with the flags under their headings.
func printUsage(cmd *cobra.Command) error {
	var b strings.Builder
	b.WriteString("Usage:\n")
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "  %s COMMAND\n", cmd.CommandPath())
	} else {
		fmt.Fprintf(&b, "  %s\n", cmd.UseLine())
	}
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	if cmd.HasAvailableSubCommands() {
		b.WriteString("\nCommands:\n")
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() || sub.Name() == "help" {
				fmt.Fprintf(&b, "  %-*s  %s\n", cmd.NamePadding(), sub.Name(), sub.Short)
			}
		}
	}
	b.WriteString(flagUsages(cmd))
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nRun '%s COMMAND --help' for more about a command.\n", cmd.CommandPath())
	}
	_, err := fmt.Fprint(cmd.OutOrStderr(), b.String())
	return err
}

func flagUsages(cmd *cobra.Command) string {
	headings := []string{"Flags"}
	groups := map[string]*pflag.FlagSet{"Flags": pflag.NewFlagSet("", pflag.ContinueOnError)}
	add := func(f *pflag.Flag) {
		heading := "Flags"
		if named := f.Annotations[flagGroup]; len(named) == 1 {
			heading = named[0]
		}
		if !slices.Contains(headings, heading) {
			headings = append(headings, heading)
			groups[heading] = pflag.NewFlagSet("", pflag.ContinueOnError)
		}
		groups[heading].AddFlag(f)
	}
	cmd.NonInheritedFlags().VisitAll(add)
	cmd.InheritedFlags().VisitAll(add)

	var b strings.Builder
	for _, heading := range headings {
		if groups[heading].HasAvailableFlags() {
			fmt.Fprintf(&b, "\n%s:\n%s", heading, groups[heading].FlagUsages())
		}
	}
	return b.String()
}
