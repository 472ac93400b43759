package starter

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
)

func newSchemaCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of a build document",
		Long: "Prints the JSON Schema (draft-07) of a build document. Editors that speak to the YAML language server use it\n" +
			"when a document begins with `# yaml-language-server: $schema=FILE`.",
		Example: fmt.Sprintf("  %[1]s schema > kiln.schema.json", a.name),
		Args:    cli.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Out.Write(spec.Schema())
			return err
		},
	}
}
