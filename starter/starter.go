// Package starter is the command line: it starts builds and follows them.
package starter

import (
	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
)

// NewCommand is the root command, named for its binary, with every command that starts
// or follows a build.
func NewCommand(name string, env cli.Env) *cobra.Command {
	return &cobra.Command{Use: name}
}
