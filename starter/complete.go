package starter

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// completeDocuments offers the files that can be documents.
func completeDocuments(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeYAML offers those that can be documents with comments.
func completeYAML(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeBuilds offers the builds of the server whose latest run is in one of the states,
// when it answers quickly; without states all builds.
func (a *app) completeBuilds(conn *cli.Connection, states ...workflows.State) cobra.CompletionFunc {
	return a.complete(conn, func(ctx context.Context, s *session) ([]string, error) {
		builds, err := s.list(ctx, listOptions{Limit: 50})
		return offered(builds, states), err
	})
}

// completeEither offers fleets as well, in the same way.
func (a *app) completeEither(conn *cli.Connection, states ...workflows.State) cobra.CompletionFunc {
	return a.complete(conn, func(ctx context.Context, s *session) ([]string, error) {
		fleets, err := s.list(ctx, listOptions{Fleets: true, Limit: 50})
		if err != nil {
			return nil, err
		}
		builds, err := s.list(ctx, listOptions{Limit: 50})
		return append(offered(fleets, states), offered(builds, states)...), err
	})
}

// complete completes the first argument, or a flag, with what a quick look at the server finds.
func (a *app) complete(conn *cli.Connection, find func(context.Context, *session) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		const nothing = cobra.ShellCompDirectiveNoFileComp
		if len(args) > 0 {
			return nil, nothing
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), 2*time.Second)
		defer cancel()
		s, err := a.connect(ctx, conn)
		if err != nil {
			return nil, nothing
		}
		defer s.Close()
		ids, err := find(ctx, s)
		if err != nil {
			return nil, nothing
		}
		return ids, nothing | cobra.ShellCompDirectiveKeepOrder
	}
}

// retryableStates are those in which a build or fleet can be retried. A fleet alone is partial.
var retryableStates = []workflows.State{workflows.StateFailed, workflows.StateCancelled, statePartial}

// offered are the ids of the builds whose newest run, which comes first, fits.
func offered(runs []listed, states []workflows.State) []string {
	var ids []string
	seen := map[string]bool{}
	for _, r := range runs {
		if !seen[r.BuildID] && (len(states) == 0 || slices.Contains(states, r.State)) {
			ids = append(ids, cobra.CompletionWithDesc(r.BuildID, string(r.State)))
		}
		seen[r.BuildID] = true
	}
	return ids
}
