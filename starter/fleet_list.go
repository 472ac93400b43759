package starter

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// listedFleet is a fleet in the list.
type listedFleet struct {
	FleetID    string          `json:"fleetId"`
	RunID      string          `json:"runId"`
	Name       string          `json:"name"`   // of its document, or how many builds it has
	Region     string          `json:"region"` // or how many there are
	State      workflows.State `json:"state"`
	StartedAt  time.Time       `json:"startedAt"`
	FinishedAt *time.Time      `json:"finishedAt,omitempty"`
}

// printFleets prints what was listed as fleets.
func printFleets(w io.Writer, output cli.Output, found []listed, now time.Time) error {
	var fleets []listedFleet
	for _, is := range found {
		fleets = append(fleets, listedFleet{is.BuildID, is.RunID, is.Name, is.Region, is.State, is.StartedAt, is.FinishedAt})
	}
	if output != cli.OutputText {
		return cli.WriteAll(w, output, fleets)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "FLEET ID\tSTATE\tNAME\tREGION\tSTARTED\tTOOK")
	for _, f := range fleets {
		end := now
		if f.FinishedAt != nil {
			end = *f.FinishedAt
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", f.FleetID, f.State, dash(f.Name), dash(f.Region), f.StartedAt.In(now.Location()).Format(time.DateTime), took(end.Sub(f.StartedAt)))
	}
	return table.Flush()
}

// completeFleets offers the fleets of the server, when it answers quickly.
func (a *app) completeFleets(conn *cli.Connection) cobra.CompletionFunc {
	return a.complete(conn, func(ctx context.Context, s *session) ([]string, error) {
		fleets, err := s.list(ctx, listOptions{Fleets: true, Limit: 50})
		return offered(fleets, nil), err
	})
}
