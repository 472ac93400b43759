package starter

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// statePartial is how a build stands that has its image, but had trouble with the rest.
const statePartial = workflows.State(workflows.OutcomePartial)

// tallied are the states of the builds of a fleet, in the order in which people read them.
var tallied = []workflows.State{
	workflows.StateSucceeded, workflows.StateUnchanged, statePartial, workflows.StateFailed,
	workflows.StateCancelled, workflows.StateSkipped, workflows.StateRunning, workflows.StatePending,
}

// standing is how a build of a fleet is: its outcome where that says more than the state. One that
// waits for something is running.
func standing(m workflows.FleetMember) workflows.State {
	switch {
	case m.State == workflows.StateSucceeded && m.Outcome != "":
		return workflows.State(m.Outcome)
	case !slices.Contains(tallied, m.State):
		return workflows.StateRunning
	}
	return m.State
}

// isOver tells whether a build of a fleet has ended, or never begins.
func isOver(m workflows.FleetMember) bool {
	is := standing(m)
	return is != workflows.StateRunning && is != workflows.StatePending
}

// tally counts the builds of a fleet by how they stand.
type tally map[workflows.State]int

func tallyOf(members []workflows.FleetMember) tally {
	t := tally{}
	for _, m := range members {
		t[standing(m)]++
	}
	return t
}

// of is how many builds stand in one of the states; without states all of them.
func (t tally) of(states ...workflows.State) int {
	n := 0
	for state, builds := range t {
		if len(states) == 0 || slices.Contains(states, state) {
			n += builds
		}
	}
	return n
}

func (t tally) good() int { return t.of(workflows.StateSucceeded, workflows.StateUnchanged) }

func (t tally) done() int {
	return t.of() - t.of(workflows.StateRunning, workflows.StatePending)
}

// retryable is how many builds a retry would begin.
func (t tally) retryable() int {
	return t.of(workflows.StateFailed, workflows.StateCancelled, workflows.StateSkipped)
}

// words are the counts that are not zero: 490 of 500 builds succeeded, 10 failed.
func (t tally) words() string {
	var words []string
	for _, state := range tallied {
		switch {
		case t[state] > 0 && len(words) == 0:
			words = append(words, fmt.Sprintf("%d of %s %s", t[state], count(t.of(), "build"), state))
		case t[state] > 0:
			words = append(words, fmt.Sprintf("%d %s", t[state], state))
		}
	}
	return strings.Join(words, ", ")
}

// counter is how far a fleet that runs has come, on one line.
func (t tally) counter() string {
	line := fmt.Sprintf("%d running, %d of %d done", t[workflows.StateRunning], t.done(), t.of())
	for _, state := range []workflows.State{statePartial, workflows.StateFailed, workflows.StateCancelled, workflows.StateSkipped} {
		if t[state] > 0 {
			line += fmt.Sprintf(", %d %s", t[state], state)
		}
	}
	return line
}

// fleetEnd is what a fleet that is over is to be told with; nil when every build is good.
func (s *session) fleetEnd(snap fleetSnapshot) error {
	t := tallyOf(snap.Members)
	exit, says := cli.ExitPartial, "was partly successful"
	switch {
	case snap.State == workflows.StateCancelled:
		exit, says = cli.ExitCancelled, "was cancelled"
	case t.good() == t.of():
		return nil
	case t.good()+t[statePartial] == 0:
		exit, says = cli.ExitFailed, "failed"
	}
	says = fmt.Sprintf("fleet %s %s: %s", snap.FleetID, says, t.words())
	return cli.Fail(exit, errors.New(strings.TrimSuffix(says+"\n"+s.fleetHint(snap), "\n")))
}

// fleetHint says which commands go on after the end of a fleet that has told it; empty when there is
// nothing to go on with.
func (s *session) fleetHint(snap fleetSnapshot) string {
	if s.alone || tallyOf(snap.Members).retryable() == 0 {
		return ""
	}
	return fmt.Sprintf("`%[1]s retry %[2]s` goes on with those that have no image, `%[1]s status BUILD-ID` tells more of one", s.name, snap.FleetID)
}

// reportFleet prints how a closed fleet ended. The error is the fleet's, with its exit code.
func (s *session) reportFleet(snap fleetSnapshot, output cli.Output) error {
	var err error
	switch {
	case output != cli.OutputText && snap.result != nil:
		err = output.Write(s.Out, snap.result)
	case output != cli.OutputText:
		err = output.Write(s.Out, snap)
	case len(snap.Members) > 0:
		err = s.printFleet(snap)
	}
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return snap.end
}

// printFleet prints the builds of a fleet and their totals.
func (s *session) printFleet(snap fleetSnapshot) error {
	if len(snap.Members) > 0 {
		if err := printMembers(s.Out, snap.Members, s.lastMoment(snap)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(s.Out, s.totals(snap))
	return err
}

// totals are the last line of a fleet's table.
func (s *session) totals(snap fleetSnapshot) string {
	t, since := tallyOf(snap.Members), took(s.lastMoment(snap).Sub(snap.StartedAt))
	if t.of() == 0 {
		return fmt.Sprintf("Fleet %s %s, %s", snap.FleetID, snap.State, since)
	}
	during := "in"
	if !snap.closed() {
		during = "for"
	}
	return fmt.Sprintf("\nFleet %s %s %s %s: %s", snap.FleetID, fleetWord(snap), during, since, t.words())
}

// lastMoment is the end of a fleet, or now.
func (a *app) lastMoment(snap fleetSnapshot) time.Time {
	if snap.FinishedAt != nil {
		return *snap.FinishedAt
	}
	return a.now()
}

func fleetWord(snap fleetSnapshot) string {
	switch {
	case snap.State == workflows.StateCancelled:
		return "was cancelled"
	case snap.Outcome != "":
		return ended(workflows.State(snap.Outcome))
	}
	return string(snap.State)
}

// printMembers prints a line a build; the reasons have a column when there are any.
func printMembers(w io.Writer, members []workflows.FleetMember, now time.Time) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	header := "BUILD\tREGION\tSTATE\tIMAGE\tTOOK"
	if slices.ContainsFunc(members, func(m workflows.FleetMember) bool { return reason(m) != "" }) {
		header += "\tREASON"
	}
	_, _ = fmt.Fprintln(table, header)
	for _, m := range members {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", m.ID, dash(m.Region), standing(m), dash(m.ImageID), dash(memberTook(m, now)), reason(m))
	}
	_ = table.Flush() // a strings.Builder takes everything
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

func memberTook(m workflows.FleetMember, now time.Time) string {
	switch {
	case m.StartedAt == nil:
		return ""
	case m.FinishedAt != nil:
		return took(m.FinishedAt.Sub(*m.StartedAt))
	}
	return took(now.Sub(*m.StartedAt))
}

// reason is why a build of a fleet did not make its image, with the first line of the message.
func reason(m workflows.FleetMember) string {
	first, _, _ := strings.Cut(strings.TrimSpace(m.Message), "\n")
	switch {
	case m.Code == "":
		return first
	case first == "":
		return m.Code
	}
	return m.Code + ": " + first
}
