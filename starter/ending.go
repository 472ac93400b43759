package starter

import (
	"errors"
	"fmt"
	"strings"

	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// ending reads why a build has no result: its failure, when it failed, and the
// sentence for it with the exit code.
func ending(buildID string, err error) (*workflows.Failure, error) {
	var application *sdktemporal.ApplicationError
	var cancelled *sdktemporal.CanceledError
	var terminated *sdktemporal.TerminatedError
	var timeout *sdktemporal.TimeoutError
	switch {
	case errors.As(err, &application): // first, for its cause may be any of the others
		failure := failureOf(application)
		return &failure, cli.Fail(failureExit(failure.Code), errors.New(failureBlock(buildID, failure)))
	case errors.As(err, &cancelled):
		return nil, cli.Fail(cli.ExitCancelled, fmt.Errorf("build %s was cancelled", buildID))
	case errors.As(err, &terminated):
		return nil, cli.Fail(cli.ExitFailed, fmt.Errorf("build %s was terminated from outside, so what it had begun in the cloud is still there", buildID))
	case errors.As(err, &timeout):
		return nil, cli.Fail(cli.ExitFailed, fmt.Errorf("build %s ran into the time limit of its workflow, so what it had begun in the cloud is still there", buildID))
	}
	return nil, cli.Fail(cli.ExitFailed, fmt.Errorf("read how build %s ended: %w", buildID, err))
}

func failureOf(err *sdktemporal.ApplicationError) workflows.Failure {
	var failure workflows.Failure
	if !err.HasDetails() || err.Details(&failure) != nil || failure.Code == "" {
		return workflows.Failure{Code: err.Type(), Message: err.Message()}
	}
	return failure
}

func failureExit(code string) int {
	switch code {
	case activities.ImageTestsFailed:
		return cli.ExitTests
	case activities.InvalidBuild:
		return cli.ExitUsage
	}
	return cli.ExitFailed
}

// failureBlock is a failure for people: one sentence, then what there is to know.
func failureBlock(buildID string, f workflows.Failure) string {
	var b strings.Builder
	b.WriteString("build " + buildID + " failed")
	if f.Step != "" {
		fmt.Fprintf(&b, " in step %s", f.Step)
	}
	b.WriteString(": " + f.Message)
	for _, row := range failureRows(f) {
		fmt.Fprintf(&b, "\n  %-11s %s", row[0], row[1])
	}
	return b.String()
}

func failureRows(f workflows.Failure) [][2]string {
	code := f.Code
	if f.HTTPStatus != 0 {
		code += fmt.Sprintf(" (HTTP %d)", f.HTTPStatus)
	}
	class := f.Class
	if meaning := classMeaning[class]; meaning != "" {
		class += ": " + meaning
	}
	var rows [][2]string
	for _, row := range [][2]string{{"code", code}, {"request id", f.RequestID}, {"class", class}, {"advice", f.Advice}} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// classMeaning says what a class of the error catalogue means for whoever reads it.
var classMeaning = map[string]string{
	"retry":     "tried again until the time was up",
	"wait":      "a conflict that should have cleared by itself",
	"reconcile": "something is there already and does not fit",
	"stop":      "repeating cannot help",
}

// partial is the error of a build that made its image and had trouble with the rest.
func partial(result workflows.Result) error {
	if result.Outcome != workflows.OutcomePartial {
		return nil
	}
	trouble := "not everything after it worked"
	if len(result.Warnings) > 0 {
		trouble = strings.Join(result.Warnings, "; ")
	}
	return cli.Fail(cli.ExitPartial, fmt.Errorf("build %s was partly successful: the image exists, but %s", result.BuildID, trouble))
}
