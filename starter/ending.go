package starter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	sdktemporal "go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/activities"
	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/workflows"
)

// The words for ends that have no code.
const (
	endCancelled  = "cancelled"
	endTerminated = "terminated"
	endTimeout    = "timedOut"
)

// end is how a build that has no result ended.
type end struct {
	exit    int
	code    string // of a failure, or a word for another end; empty when nobody can read it
	says    string
	failure *workflows.Failure
	ledger  []workflows.Resource
	told    bool // the ledger is known
	// approval that was given before the end.
	approval *workflows.Verdict
}

// begun tells whether the build got as far as its first step.
func (e end) begun() bool { return e.failure == nil || e.failure.Step != "" }

// step is the one in which a build failed, if it did.
func (e end) step() workflows.Step {
	if e.failure == nil {
		return ""
	}
	return e.failure.Step
}

// how continues a sentence about a run that ended so.
func (e end) how() string {
	switch {
	case e.step() != "":
		return fmt.Sprintf("failed in step %s (%s)", e.step(), e.code)
	case e.failure != nil:
		return fmt.Sprintf("failed (%s)", e.code)
	case e.code == endTimeout:
		return "ran into its time limit"
	}
	return "was " + e.code
}

// ending reads why a build has no result. What was terminated or ran out of time does not
// tell its ledger, nor does what no build says.
func ending(buildID string, err error) end {
	var application *sdktemporal.ApplicationError
	var cancelled *sdktemporal.CanceledError
	var terminated *sdktemporal.TerminatedError
	var timeout *sdktemporal.TimeoutError
	switch {
	case errors.As(err, &application): // first, for its cause may be any of the others
		failure := failureOf(application)
		e := end{exit: failureExit(failure.Code), code: failure.Code, ledger: failure.Resources, told: application.HasDetails(), approval: failure.Approval}
		failure.Resources, failure.Approval = nil, nil // they have a place of their own
		e.failure, e.says = &failure, failureBlock(buildID, failure)
		return e
	case errors.As(err, &cancelled):
		var left workflows.Cancellation
		told := cancelled.HasDetails() && cancelled.Details(&left) == nil
		return end{exit: cli.ExitCancelled, code: endCancelled, says: fmt.Sprintf("build %s was cancelled", buildID), ledger: left.Resources, told: told, approval: left.Approval}
	case errors.As(err, &terminated):
		return end{exit: cli.ExitFailed, code: endTerminated, says: fmt.Sprintf("build %s was terminated from outside, so it has not cleaned up", buildID)}
	case errors.As(err, &timeout):
		return end{exit: cli.ExitFailed, code: endTimeout, says: fmt.Sprintf("build %s ran into the time limit of its workflow, so it has not cleaned up", buildID)}
	}
	return end{exit: cli.ExitFailed, says: fmt.Sprintf("read how build %s ended: %v", buildID, err)}
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
	case activities.Rejected:
		return cli.ExitCancelled
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
	"retry":     "tried again, in vain",
	"wait":      "a conflict that should have cleared by itself",
	"reconcile": "something is there already and does not fit",
	"stop":      "repeating cannot help",
}

// partial is the error of a build that made its image and had trouble with the rest.
func (s *session) partial(result workflows.Result) error {
	if result.Outcome != workflows.OutcomePartial {
		return nil
	}
	trouble := "not everything after it worked"
	if len(result.Warnings) > 0 {
		trouble = strings.Join(result.Warnings, "; ")
	}
	says := fmt.Sprintf("build %s was partly successful: the image exists, but %s", result.BuildID, trouble)
	if slices.ContainsFunc(result.Resources, isLeft) && !s.alone {
		says += "\n" + s.leftovers()
	}
	return cli.Fail(cli.ExitPartial, errors.New(says))
}

// isLeft tells whether a build was to remove a resource and could not.
func isLeft(r workflows.Resource) bool { return r.State == workflows.ResourceLeft }
