package starter

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// started is a build that runs.
type started struct {
	BuildID  string `json:"buildId"`
	RunID    string `json:"runId"`
	Attached bool   `json:"attached"` // it was running already
}

// start starts a build, or finds the one with the same id that is running.
func (s *session) start(ctx context.Context, build spec.Build, opts BuildOptions) (started, error) {
	run, err := s.execute(ctx, client.StartWorkflowOptions{
		ID:                                       opts.BuildID,
		TaskQueue:                                opts.TaskQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            build.Name + " in " + build.Region,
		StaticDetails:                            details(build),
		TypedSearchAttributes:                    workflows.StartAttributes(build.Name, build.Region),
	}, build)
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return s.attach(ctx, opts, running.RunId)
	}
	if err != nil {
		return started{}, s.explain("start build "+opts.BuildID, opts.BuildID, err)
	}
	is := started{BuildID: run.GetID(), RunID: run.GetRunID()}
	s.announce(is, opts.follow.Progress, fmt.Sprintf("Building %s in %s: build id %s, run id %s", build.Name, build.Region, is.BuildID, is.RunID))
	return is, nil
}

// execute starts a build. A namespace that has seen no worker yet does not know the search
// attributes; the build sets them then, when there is one.
func (s *session) execute(ctx context.Context, opts client.StartWorkflowOptions, arguments ...any) (client.WorkflowRun, error) {
	run, err := s.ExecuteWorkflow(ctx, opts, workflows.BuildType, arguments...)
	if unknown := (*serviceerror.InvalidArgument)(nil); errors.As(err, &unknown) {
		opts.TypedSearchAttributes = sdktemporal.SearchAttributes{}
		return s.ExecuteWorkflow(ctx, opts, workflows.BuildType, arguments...)
	}
	return run, err
}

func (s *session) attach(ctx context.Context, opts BuildOptions, runID string) (started, error) {
	desc, err := s.describe(ctx, opts.BuildID, runID)
	if err != nil {
		return started{}, s.explain("look at build "+opts.BuildID, opts.BuildID, err)
	}
	is := started{BuildID: opts.BuildID, RunID: runID, Attached: true}
	since := desc.GetWorkflowExecutionInfo().GetStartTime().AsTime().In(s.now().Location())
	following := "following it and leaving this document aside"
	if opts.Detach {
		following = "leaving this document aside"
	}
	s.announce(is, opts.follow.Progress, fmt.Sprintf("%s is already building since %s; %s (run id %s)",
		is.BuildID, since.Format(time.DateTime), following, runID))
	return is, nil
}

// announce says at once which build this is. That it is another one's is said even
// when no progress is wanted.
func (s *session) announce(is started, form cli.Progress, sentence string) {
	s.announceAs(form, is.Attached, sentence, func(e eventHead) any {
		return struct {
			eventHead
			started
		}{e, is}
	})
}

// eventHead begins a line of the JSON progress.
type eventHead struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"` // started, attached or progress; build of one of a fleet
}

// announceAs says a sentence, or in JSON what tells of the event.
func (s *session) announceAs(form cli.Progress, attached bool, sentence string, tell func(eventHead) any) {
	switch {
	case form == cli.ProgressJSON:
		name := "started"
		if attached {
			name = "attached"
		}
		_ = cli.OutputJSONL.Write(s.Err, tell(eventHead{s.now(), name}))
	case form != cli.ProgressNone || attached:
		_, _ = fmt.Fprintln(s.Err, sentence)
	}
}

func (s *session) printStarted(is started, output cli.Output) error {
	return s.printIDs(is, is.BuildID, is.RunID, output)
}

// printIDs prints the ids of what was started, which is all of it in text.
func (s *session) printIDs(is any, id, runID string, output cli.Output) error {
	if output != cli.OutputText {
		return output.Write(s.Out, is)
	}
	_, err := fmt.Fprintf(s.Out, "%s  %s\n", id, runID)
	return err
}

// details tell the Web UI in Markdown what a build is about.
func details(build spec.Build) string {
	source := "image " + build.Source.ImageID
	switch {
	case build.Source.Import != nil:
		source = count(len(build.Source.Import.Disks), "disk") + " from OSS"
	case build.Source.ImageFamily != "":
		source = "image family " + build.Source.ImageFamily
	case build.Template != nil && build.Template.ID != "":
		source = "template " + build.Template.ID
	}
	text := fmt.Sprintf("Golden image **%s** in %s from %s, %s", build.Name, build.Region, source, count(len(build.Components), "component"))
	if build.BatchCompute != nil {
		text += ", registered with Batch Compute"
	}
	return text + "."
}
