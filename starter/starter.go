// Package starter is the command line: it starts builds and follows them.
package starter

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
)

// NewCommand is the root command, named for its binary, with every command that starts
// or follows a build.
func NewCommand(name string, env cli.Env) *cobra.Command {
	return newRoot(&app{Env: env, name: name, now: time.Now, dial: dial})
}

// app is what every command needs.
type app struct {
	cli.Env
	name  string // of the binary, for the hints
	now   func() time.Time
	dial  dialer
	alone bool // the server goes with this command, so no other can follow
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   a.name,
		Short: "Durable golden-image builds for Alibaba Cloud, on Temporal",
		Long: "Kiln makes golden images on Alibaba Cloud: it imports a disk file from OSS, runs an image template on it\n" +
			"and registers the image with Batch Compute. Each build is a Temporal workflow, so it outlives this command.",
		Example: fmt.Sprintf("  %[1]s init web-base.yaml\n  %[1]s validate web-base.yaml\n  %[1]s build web-base.yaml", a.name),
		Version: a.Version,
	}
	root.AddCommand(
		newValidateCommand(a),
		newBuildCommand(a),
		newStatusCommand(a),
		newWatchCommand(a),
		newListCommand(a),
		newApproveCommand(a),
		newRejectCommand(a),
		newCancelCommand(a),
		newRetryCommand(a),
		newScheduleCommand(a),
		newLeftoversCommand(a, openAccount),
		newErrorsCommand(a),
		newSchemaCommand(a),
		newInitCommand(a),
		newVersionCommand(a),
	)
	return root
}

// connect dials the Temporal server that the flags name.
func (a *app) connect(ctx context.Context, conn *cli.Connection) (*session, error) {
	opts, err := conn.Options()
	if err != nil {
		return nil, err
	}
	return a.open(ctx, opts)
}
