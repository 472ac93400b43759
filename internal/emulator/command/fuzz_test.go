package command_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/command"
)

// FuzzParse wants a script or a fault of any content.
func FuzzParse(f *testing.F) {
	for _, content := range []string{
		document, tasks(2), "RUN a \\\n b", "FROM a\nCOMPONENT ic-1 --a \"b c\"", "COMPONENT acs:ecs:r:1:imagecomponent/a/1.*.*",
		"CMD [\"a\"]", "Tasks: {{ a }}", "Tasks: [", "{? a : b}", "Tasks:\n- !!map {a: b}", "- - - -",
	} {
		f.Add(content, true)
	}
	f.Fuzz(func(t *testing.T, content string, template bool) {
		in := command.Component
		if template {
			in = command.Build
		}
		script, err := command.Parse(content, in, command.Linux)
		if err != nil {
			var fault *command.Fault
			require.ErrorAs(t, err, &fault)
			require.NotEmpty(t, fault.Code)
			return
		}
		require.LessOrEqual(t, script.Commands, command.MaxCommands)
	})
}
