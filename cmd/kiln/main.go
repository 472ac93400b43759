// Command kiln builds golden images on Alibaba Cloud: it starts and follows builds, and
// runs their worker.
package main

import (
	"os"
	"runtime/debug"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/starter"
	"github.com/seed1230462e/kiln/worker"
)

// version is set by -ldflags "-X main.version=…".
var version string

func main() {
	if info, ok := debug.ReadBuildInfo(); ok && version == "" {
		version = info.Main.Version
	}
	env := cli.Env{In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Version: version}
	root := starter.NewCommand("kiln", env)
	root.AddCommand(worker.NewCommand(env))
	os.Exit(cli.Main(root, env))
}
