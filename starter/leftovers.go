package starter

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/inventory"
)

type leftoversOptions struct {
	Regions   []string // empty: those of the builds that Temporal knows
	BuildID   string
	OlderThan time.Duration
	Output    cli.Output
	cloud     cli.CloudFlags
	open      accountOpener
}

func newLeftoversCommand(a *app, open accountOpener) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "leftovers",
		Short: "Cloud resources that builds made and that nothing uses",
		Long: "Lists and removes what builds have left in the cloud: images, components, templates and registrations of builds\n" +
			"that did not succeed, what a build could not remove, and imports and executions that still run for nobody.\n\n" +
			"What carries the tag of a build is looked up in the account, and what Temporal knows of the builds decides: what a\n" +
			"build that runs or has succeeded has or uses, and what a build only found, is never a leftover.",
		Example: fmt.Sprintf("  %[1]s leftovers list\n  %[1]s leftovers sweep --older-than 24h --yes", a.name),
	}
	cmd.AddCommand(newLeftoversListCommand(a, open), newLeftoversSweepCommand(a, open))
	return cmd
}

func newLeftoversListCommand(a *app, open accountOpener) *cobra.Command {
	opts := leftoversOptions{open: open}
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List what builds have left in the cloud, and why",
		Long: "Lists what builds have left in the cloud, and changes nothing. What a build that Temporal does not know any more\n" +
			"has made is listed as unknown: it may be in use.",
		Example: fmt.Sprintf("  %[1]s leftovers list\n  %[1]s leftovers list --region cn-hangzhou --older-than 24h\n"+
			"  %[1]s leftovers list -o json | jq -r '.[] | select(.state==\"leftover\") | .id'", a.name),
		Args: cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := opts.check(cmd); err != nil {
				return err
			}
			return runLeftoversList(cmd.Context(), a, &conn, opts)
		},
	}
	opts.addFlags(cmd, a, &conn)
	return cmd
}

func (o *leftoversOptions) addFlags(cmd *cobra.Command, a *app, conn *cli.Connection) {
	cmd.Flags().StringArrayVar(&o.Regions, "region", nil, "look in this `REGION`; repeatable (default: the regions of the builds that Temporal knows)")
	cmd.Flags().StringVar(&o.BuildID, "build-id", "", "only what this build has made")
	cmd.Flags().DurationVar(&o.OlderThan, "older-than", 0, "only what was created so long ago, such as 24h")
	cli.AddOutput(cmd, &o.Output)
	o.cloud.AddFlags(cmd.Flags())
	conn.AddFlags(cmd.Flags())
	_ = cmd.RegisterFlagCompletionFunc("build-id", a.completeBuilds(conn)) // fails for a flag that does not exist only
}

func (o *leftoversOptions) check(cmd *cobra.Command) error {
	if o.OlderThan < 0 {
		return cli.Usagef(cmd, "--older-than %s: want a duration such as 24h", o.OlderThan)
	}
	return nil
}

// repeatable are the flags that a command which is shown again takes over. None of them
// holds a secret.
var repeatable = []string{
	"region", "build-id", "older-than", "address", "namespace", "profile", "config-file", "ecs-endpoint", "batchcompute-endpoint",
}

// calledAs is the command with the flags that it was called with.
func calledAs(cmd *cobra.Command) string {
	words := []string{cmd.CommandPath()}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		for _, name := range repeatable {
			if f.Name != name {
				continue
			}
			values := []string{f.Value.String()}
			if many, ok := f.Value.(pflag.SliceValue); ok {
				values = many.GetSlice()
			}
			for _, value := range values {
				words = append(words, "--"+name, shellWord(value))
			}
		}
	})
	return strings.Join(words, " ")
}

// shellWord quotes what a shell would not take for one word.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// accountOpener reaches the cloud account that the flags name.
type accountOpener func(ctx context.Context, flags *cli.CloudFlags) (inventory.Account, error)

func openAccount(ctx context.Context, flags *cli.CloudFlags) (inventory.Account, error) {
	account, err := inventory.Open(ctx, flags.Options())
	switch {
	case err == nil:
		return account, nil
	case inventory.NoAccess(err):
		return account, cli.Fail(cli.ExitConnection, err)
	}
	return account, cli.Fail(cli.ExitUsage, err)
}

func runLeftoversList(ctx context.Context, a *app, conn *cli.Connection, opts leftoversOptions) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := s.searchLeftovers(ctx, opts)
	if err != nil {
		return err
	}
	if opts.Output != cli.OutputText {
		err = cli.WriteAll(s.Out, opts.Output, found.leftovers)
	} else {
		err = s.printLeftovers(found)
	}
	return cmp.Or(err, found.incomplete())
}

func (s *session) printLeftovers(found search) error {
	if len(found.leftovers) == 0 {
		found.sayNothing(s)
		return nil
	}
	if err := printLeftoverTable(s.Out, found.leftovers, s.now().Location()); err != nil {
		return err
	}
	s.hintRetry(found.leftovers)
	return nil
}

// sayNothing says that nothing is left, when that is known.
func (f *search) sayNothing(s *session) {
	switch {
	case f.incomplete() != nil:
	case f.unknown > 0:
		_, _ = fmt.Fprintln(s.Err, "nothing is known to be left")
	case f.narrow:
		_, _ = fmt.Fprintln(s.Err, "nothing is left that matches")
	default:
		_, _ = fmt.Fprintln(s.Err, "nothing is left")
	}
}

// hintRetry says which builds can still be retried with what is left of them.
func (s *session) hintRetry(all []leftover) {
	var ids []string
	seen := map[string]bool{}
	for _, l := range all {
		if l.Retry && !seen[l.BuildID] {
			seen[l.BuildID] = true
			ids = append(ids, l.BuildID)
		}
	}
	if len(ids) > 0 {
		_, _ = fmt.Fprintf(s.Err, "\n`%s retry BUILD-ID` can still go on with what is left of %s\n", s.name, strings.Join(ids, ", "))
	}
}

func printLeftoverTable(w io.Writer, all []leftover, zone *time.Location) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tID\tREGION\tBUILD ID\tCREATED\tWHY")
	for _, l := range all {
		created := ""
		if l.CreatedAt != nil {
			created = l.CreatedAt.In(zone).Format(time.DateTime)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Kind, l.ID, l.Region, l.BuildID, dash(created), l.says())
	}
	return table.Flush()
}

// says is why it is listed, on one line.
func (l leftover) says() string {
	text := strings.Join(strings.Fields(l.Why), " ")
	if l.State == fateUnknown {
		return "unknown: " + text
	}
	return text
}
