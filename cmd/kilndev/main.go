// Command kilndev is Kiln on one machine: a Temporal server, its Web UI, an emulated
// cloud and a worker in one process, and every command of kiln.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/starter"
	"github.com/seed1230462e/kiln/worker"
)

const name = "kilndev"

// version is set by -ldflags "-X main.version=…".
var version = "dev"

func main() {
	env := cli.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Version: version}
	os.Exit(cli.Main(newRoot(env), env))
}

func newRoot(env cli.Env) *cobra.Command {
	root := starter.NewCommand(name, env)
	root.Long = "Kiln on one machine, with no cloud account: a Temporal server, its Web UI, an emulated cloud and a worker in one\n" +
		"process, and every command of kiln."
	root.Example = "  kilndev run docs/examples/quickstart.yaml\n  kilndev up"
	root.AddCommand(worker.NewCommand(env), newRunCommand(env), newUpCommand(env), newEmulatorCommand(env))
	return root
}
