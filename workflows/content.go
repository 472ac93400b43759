package workflows

import (
	"strings"

	"go.temporal.io/sdk/workflow"
)

// content is the build or test content of a template: a COMPONENT command for each
// component of the kind, in the document's order, then what the document adds.
// (Image Builder commands: COMPONENT ic-… --name value.) A048: for Windows too, although
// that is a line command.
func content(components []component, kind, added string) string {
	var lines []string
	for _, c := range components {
		if c.Type != kind {
			continue
		}
		line := "COMPONENT " + c.id
		for _, name := range workflow.DeterministicKeys(c.Parameters) {
			line += " --" + name + " " + c.Parameters[name]
		}
		lines = append(lines, line)
	}
	if added != "" {
		lines = append(lines, added)
	}
	return strings.Join(lines, "\n")
}
