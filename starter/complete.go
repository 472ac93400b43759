package starter

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
)

// completeDocuments offers the files that can be documents.
func completeDocuments(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return []string{"yaml", "yml", "json"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeBuilds offers the builds of the server, when it answers quickly.
func (a *app) completeBuilds(conn *cli.Connection) cobra.CompletionFunc {
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
		builds, err := s.list(ctx, listOptions{Limit: 50})
		if err != nil {
			return nil, nothing
		}
		var ids []string
		for _, b := range builds {
			ids = append(ids, cobra.CompletionWithDesc(b.BuildID, string(b.State)))
		}
		return ids, nothing | cobra.ShellCompDirectiveKeepOrder
	}
}
