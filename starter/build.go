package starter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// BuildOptions are what the build command asks for.
type BuildOptions struct {
	Files     []string // the documents; - is standard input
	Vars      []string // KEY=VALUE
	BuildID   string   // default: the document's name
	TaskQueue string
	Detach    bool

	// FleetID makes a fleet of the documents also when there is one without a matrix;
	// default: see batch.fleetID.
	FleetID string

	fleetOptions

	// Connect says where Temporal is. It is asked once, after the document proved good.
	Connect func(ctx context.Context) (client.Options, error)

	follow followOptions
}

// AddFlags defines the flags of the build command, but for those of the connection.
func (o *BuildOptions) AddFlags(cmd *cobra.Command) {
	addVars(cmd.Flags(), &o.Vars)
	o.follow.addFlags(cmd)
	cmd.Flags().StringVar(&o.BuildID, "build-id", "", "id of the build, one running build each (default: the document's name)")
	cmd.Flags().StringVar(&o.FleetID, "fleet-id", "", "`ID` of the fleet, one running fleet each (default: the name of a document with a matrix, or the folder of several documents)")
	o.fleetOptions.addFlags(cmd, workflows.DefaultParallel, "")
	cmd.Flags().StringVar(&o.TaskQueue, "task-queue", cli.Getenv("KILN_TASK_QUEUE", workflows.DefaultTaskQueue), "task `QUEUE` of the workers (env KILN_TASK_QUEUE)")
}

func newBuildCommand(a *app) *cobra.Command {
	var opts BuildOptions
	var conn cli.Connection
	cmd := &cobra.Command{
		Use:   "build FILE...",
		Short: "Build images and follow the builds to their end",
		Long: "Starts the build that a document describes and follows it; - reads the document from standard input.\n" +
			"When a build with the same id is running, follows that one instead and says so.\n\n" +
			"Several documents, or one with a matrix, are a fleet: many builds that run as one, at most --max-parallel at a\n" +
			"time. All documents are checked before anything starts. A build that fails leaves the others alone; with --fail-fast\n" +
			"no further one begins. Without --fleet-id the fleet is called as its document with a matrix, or as the folder that\n" +
			"the documents have in common, so the same command follows a fleet that is running.\n\n" +
			"The builds belong to Temporal and not to this command: Ctrl-C leaves them running.\n\n" +
			"Exit codes: 0 built, 1 failed, 2 document or usage at fault, 3 --wait-timeout ran out, 4 no connection,\n" +
			"5 image tests failed, 6 partly successful, 7 cancelled or rejected, 130 interrupted (the build goes on).\n" +
			"Of a fleet: 0 all built, 1 none built, 6 some built, 7 cancelled.",
		Example: fmt.Sprintf("  %[1]s build web-base.yaml\n  %[1]s build web-base.yaml --var release=9.4 --build-id web-base-94\n"+
			"  %[1]s build web-base.yaml --detach -o json | jq -r .buildId\n  %[1]s build images/*.yaml --max-parallel 20", a.name),
		Args:              documentArgs,
		ValidArgsFunction: completeDocuments,
		RunE: func(cmd *cobra.Command, args []string) error {
			if opts.Detach && opts.follow.WaitTimeout > 0 {
				return errDetachWaits(cmd)
			}
			opts.Files = args
			opts.Connect = func(context.Context) (client.Options, error) { return conn.Options() }
			return runBuild(cmd.Context(), a, opts)
		},
	}
	opts.AddFlags(cmd)
	cmd.Flags().BoolVar(&opts.Detach, "detach", false, "print the ids and return at once")
	conn.AddFlags(cmd.Flags())
	return cmd
}

func errDetachWaits(cmd *cobra.Command) error {
	return cli.Usagef(cmd, "--detach does not wait, so --wait-timeout has no meaning beside it")
}

// Build is the build command of the binary called name, against a server that goes with it.
func Build(ctx context.Context, name string, env cli.Env, opts BuildOptions) error {
	return runBuild(ctx, &app{Env: env, name: name, now: time.Now, dial: dial, alone: true}, opts)
}

func runBuild(ctx context.Context, a *app, opts BuildOptions) error {
	if err := opts.follow.check(); err != nil {
		return err
	}
	b, err := a.readBatch(ctx, opts.Files, opts.Vars)
	switch {
	case err != nil:
		return err
	case !b.single() || opts.FleetID != "":
		return runFleet(ctx, a, b, opts)
	}
	build := b.members[0].Build
	if opts.BuildID == "" {
		opts.BuildID = build.Name
	}
	if err := checkBuildID(opts.BuildID); err != nil {
		return err
	}
	where, err := opts.Connect(ctx)
	if err != nil {
		return err
	}
	s, err := a.open(ctx, where)
	if err != nil {
		return err
	}
	defer s.Close()

	run, err := s.start(ctx, build, opts)
	if err != nil {
		return err
	}
	if opts.Detach {
		return s.printStarted(run, opts.follow.Output)
	}
	snap, err := s.follow(ctx, run.BuildID, run.RunID, opts.follow)
	if err != nil {
		return err
	}
	return s.report(snap, opts.follow.Output)
}

// buildDocument reads the document of one build.
func (a *app) buildDocument(ctx context.Context, file string, pairs []string) (spec.Build, error) {
	vars, err := parseVars(pairs)
	if err != nil {
		return spec.Build{}, err
	}
	build, err := readDocument(ctx, a.In, file, vars)
	var faults spec.Faults
	if errors.As(err, &faults) {
		printFaults(a.Err, faults)
		return spec.Build{}, cli.Fail(cli.ExitUsage, fmt.Errorf("%s: %s; nothing was started", called(file), count(len(faults), "fault")))
	}
	return build, err
}

// buildIDs are what the id may be: it is a tag value on every cloud resource (at most
// 128 characters, ECS TagResources) and is typed in shells.
var buildIDs = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,127}$`)

func checkBuildID(id string) error { return checkID("build id", id, "; name one with --build-id") }

func checkID(what, id, advice string) error {
	if !buildIDs.MatchString(id) {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("%s %q: want a letter or digit, then at most 127 letters, digits and . _ / -%s", what, id, advice))
	}
	return nil
}
