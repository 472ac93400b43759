package starter

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// remains are what of a ledger may still be in the cloud.
func remains(ledger []workflows.Resource) []workflows.Resource {
	return slices.DeleteFunc(slices.Clone(ledger), func(r workflows.Resource) bool { return !r.Exists() })
}

// leftBlock lists what a build that is over leaves in the cloud, aligned.
func leftBlock(left []workflows.Resource) string {
	var b strings.Builder
	_, _ = fmt.Fprintln(&b, "left in the cloud:")
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range left {
		_, _ = fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", r.Kind, dash(r.ID), dash(r.Name), r.Region, whyLeft(r))
	}
	_ = table.Flush() // a strings.Builder takes everything
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// whyLeft says what is special about a resource that is left.
func whyLeft(r workflows.Resource) string {
	switch {
	case r.State == workflows.ResourceLeft:
		return oneLine("could not be removed: " + r.Reason)
	case r.State == workflows.ResourceAsked:
		return "may exist: it was asked for, and no answer is known"
	case r.Kind.Runs():
		return "may still run"
	}
	return ""
}

// lastWords say how a build without a result ended, what it leaves in the cloud and what
// to do next.
func (s *session) lastWords(snap snapshot) error {
	says := []string{snap.ended.says}
	left := remains(snap.Resources)
	switch {
	case snap.ended.code == "": // nobody knows
	case snap.silence != "":
		says = append(says, "what it leaves in the cloud only a worker can tell: "+snap.silence, s.next(snap, left))
	case len(left) > 0:
		says = append(says, leftBlock(left), s.next(snap, left))
	case snap.ended.begun():
		says = append(says, "nothing is left in the cloud", s.next(snap, left))
	}
	says = slices.DeleteFunc(says, func(line string) bool { return line == "" })
	return cli.Fail(snap.ended.exit, errors.New(strings.Join(says, "\n")))
}

// next says which commands go on after the end of a build; nothing where no other command
// reaches the server.
func (s *session) next(snap snapshot, left []workflows.Resource) string {
	if s.alone {
		return ""
	}
	again := fmt.Sprintf("`%s retry %s` goes on from there", s.name, snap.BuildID)
	if len(left) == 0 && snap.silence == "" {
		again = fmt.Sprintf("`%s retry %s` starts it again", s.name, snap.BuildID)
	}
	switch {
	case snap.ended.code == activities.InvalidBuild:
		again = fmt.Sprintf("`%s retry %s -f FILE` goes on from there with a document that is in order", s.name, snap.BuildID)
	case snap.ended.failure != nil:
		again += ", with -f FILE by a changed document"
	}
	if len(left) == 0 && snap.silence == "" {
		return again
	}
	return again + "\n" + s.leftovers()
}

func (s *session) leftovers() string {
	return fmt.Sprintf("`%s leftovers list` lists what builds have left", s.name)
}
