package starter

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

func newScheduleListCommand(a *app) *cobra.Command {
	var output cli.Output
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the schedules of builds",
		Long: "Lists the schedules that start builds, by id, each with its next run in its own time zone and what came of the\n" +
			"last one. The server lists a new or changed schedule after a moment.",
		Example: fmt.Sprintf("  %[1]s schedule list\n  %[1]s schedule list -o json | jq -r '.[] | select(.paused) | .scheduleId'", a.name),
		Args:    cli.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runScheduleList(cmd.Context(), a, &conn, output)
		},
	}
	cli.AddOutput(cmd, &output)
	conn.AddFlags(cmd.Flags())
	return cmd
}

// listedSchedule is a schedule in the list.
type listedSchedule struct {
	ScheduleID string        `json:"scheduleId"`
	Name       string        `json:"name,omitempty"`   // of the document
	Region     string        `json:"region,omitempty"` // of the document
	When       []string      `json:"when"`             // in words
	TimeZone   string        `json:"timeZone"`
	Paused     bool          `json:"paused"`
	Notes      string        `json:"notes,omitempty"`
	NextRuns   []time.Time   `json:"nextRuns"` // at most five
	LastRun    *scheduledRun `json:"lastRun,omitempty"`
}

func runScheduleList(ctx context.Context, a *app, conn *cli.Connection, output cli.Output) error {
	s, err := a.connect(ctx, conn)
	if err != nil {
		return err
	}
	defer s.Close()
	entries, err := s.listSchedules(ctx)
	if err != nil {
		return err
	}
	last, err := s.lastRuns(ctx, entries)
	if err != nil {
		return err
	}
	var all []listedSchedule
	for _, entry := range entries {
		is := listedEntry(entry)
		if run, started := last[entry.ID]; started {
			is.LastRun = &run
		}
		all = append(all, is)
	}
	if output != cli.OutputText {
		return cli.WriteAll(s.Out, output, all)
	}
	if len(all) == 0 {
		_, _ = fmt.Fprintf(s.Err, "no schedules of builds in namespace %s; `%s schedule create FILE` makes one\n", s.opts.Namespace, s.name)
		return nil
	}
	return printSchedules(s.Out, all)
}

// listSchedules lists the schedules of builds, by id.
func (s *session) listSchedules(ctx context.Context) ([]*client.ScheduleListEntry, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	found, err := s.ScheduleClient().List(ctx, client.ScheduleListOptions{PageSize: 1000})
	if err != nil {
		return nil, s.explainSchedule("list schedules", err)
	}
	var entries []*client.ScheduleListEntry
	for found.HasNext() {
		entry, err := found.Next()
		if err != nil {
			return nil, s.explainSchedule("list schedules", err)
		}
		if _, ours := entry.Memo.GetFields()[memoFingerprint]; ours || entry.WorkflowType.Name == workflows.BuildType {
			entries = append(entries, entry)
		}
	}
	slices.SortFunc(entries, func(a, b *client.ScheduleListEntry) int { return strings.Compare(a.ID, b.ID) })
	return entries, nil
}

func listedEntry(entry *client.ScheduleListEntry) listedSchedule {
	is := listedSchedule{
		ScheduleID: entry.ID,
		Name:       keyword(entry.SearchAttributes, workflows.AttrName.GetName()),
		Region:     keyword(entry.SearchAttributes, workflows.AttrRegion.GetName()),
		Paused:     entry.Paused,
		Notes:      entry.Note,
		NextRuns:   upcoming(entry.NextActionTimes, entry.Paused),
	}
	if entry.Spec != nil {
		t := timesIn(*entry.Spec)
		is.When, is.TimeZone = t.words(), t.TimeZone
	}
	return is
}

// keyword is the text of a search attribute; empty when there is none.
func keyword(attributes *commonpb.SearchAttributes, name string) string {
	var value string
	if payload := attributes.GetIndexedFields()[name]; payload != nil {
		_ = converter.GetDefaultDataConverter().FromPayload(payload, &value)
	}
	return value
}

// upcoming are the next runs. The server tells those of a paused schedule as well.
func upcoming(at []time.Time, paused bool) []time.Time {
	if paused || at == nil {
		return []time.Time{}
	}
	return at
}

// entryState is a word for how a schedule is.
func entryState(entry *client.ScheduleListEntry) string {
	return stateWord(entry.Paused, entry.Spec == nil || timesIn(*entry.Spec).none(), len(entry.NextActionTimes))
}

// stateWord is a word for how a schedule is. One without times never ends.
func stateWord(paused, none bool, next int) string {
	switch {
	case paused:
		return "paused"
	case next == 0 && !none:
		return "ended"
	}
	return "active"
}

func printSchedules(w io.Writer, all []listedSchedule) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "SCHEDULE ID\tWHEN\tTIME ZONE\tNEXT RUN\tLAST RUN\tOUTCOME\tIMAGE")
	for _, is := range all {
		next := stateWord(is.Paused, slices.Contains(is.When, onlyTriggered), len(is.NextRuns))
		if len(is.NextRuns) > 0 {
			next = inZone(is.NextRuns[0], is.TimeZone)
		}
		var at, outcome, image string
		if run := is.LastRun; run != nil {
			at, outcome, image = inZone(run.time(), is.TimeZone), run.words(), run.ImageID
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", is.ScheduleID, strings.Join(is.When, "; "), is.TimeZone,
			next, dash(at), dash(outcome), dash(image))
	}
	return table.Flush()
}

// time is the time that the schedule meant, or where it is not told that of the start.
func (r scheduledRun) time() time.Time {
	if r.At != nil {
		return *r.At
	}
	return r.StartedAt
}
