package workflows

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// scheduled runs a document as a schedule does, after the last success.
func scheduled(t *testing.T, c *cloud, at string, last *Result, document string) (Result, error) {
	t.Helper()
	env := scheduledIn(t, c, at, last, document)
	var result Result
	if err := env.GetWorkflowError(); err != nil {
		return result, err
	}
	return result, env.GetWorkflowResult(&result)
}

// scheduledIn is the environment in which such a run has ended.
func scheduledIn(t *testing.T, c *cloud, at string, last *Result, document string) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	c.calls = nil
	env := environment(t, c)
	when, err := time.Parse(time.RFC3339, at)
	require.NoError(t, err)
	require.NoError(t, env.SetTypedSearchAttributesOnStart(temporal.NewSearchAttributes(AttrScheduledBy.ValueSet("nightly"), AttrScheduledAt.ValueSet(when))))
	if last != nil {
		env.SetLastCompletionResult(last)
	}
	env.ExecuteWorkflow(BuildType, raw(document))
	require.True(t, env.IsWorkflowCompleted())
	return env
}

const (
	firstNight  = "2026-11-21T19:30:00Z"
	secondNight = "2026-11-22T19:30:00Z"
)

func TestScheduledRunHasNamesOfItsOwn(t *testing.T) {
	var c cloud
	result, err := scheduled(t, &c, "2026-11-22T03:30:00+08:00", nil, document(imported, built))
	require.NoError(t, err)
	require.Equal(t, "web-20261121T193000Z", c.template.ImageName)
	require.Equal(t, "nightly", result.Schedule)
	require.Equal(t, firstNight, result.ScheduledAt.Format(time.RFC3339))
}

func TestUnchangedInputEndsWithTheEarlierImage(t *testing.T) {
	var c cloud
	text := document(imported, built, registered, `"schedule": {"when": "changed"}`)
	first, err := scheduled(t, &c, firstNight, nil, text)
	require.NoError(t, err)
	require.Equal(t, OutcomeSucceeded, first.Outcome)

	second, err := scheduled(t, &c, secondNight, &first, text)
	require.NoError(t, err)
	require.Equal(t, OutcomeUnchanged, second.Outcome)
	require.True(t, second.Unchanged)
	require.Equal(t, first.ImageID, second.ImageID)
	require.Equal(t, first.BatchComputeImageID, second.BatchComputeImageID)
	require.Equal(t, first.Fingerprint, second.Fingerprint)
	require.Zero(t, count(c.calls, "ImportImage"))
	require.Empty(t, second.Tokens)

	third, err := scheduled(t, &c, secondNight, &second, text)
	require.NoError(t, err)
	require.Equal(t, OutcomeUnchanged, third.Outcome, "the last success is handed on")
}

// A build that had nothing to do did none of its steps, so it does not say that they succeeded or
// are yet to come.
func TestRunThatStandsStillSkipsItsSteps(t *testing.T) {
	text := document(imported, built, registered, `"schedule": {"when": "changed"}`)
	frozen := document(imported, built, registered, `"schedule": {"freeze": [{"from": "2026-11-01", "to": "2026-12-01"}]}`)
	var c cloud
	last, err := scheduled(t, &c, firstNight, nil, text)
	require.NoError(t, err)
	for _, test := range []struct {
		name, document string
		state          State
	}{
		{"in a freeze window", frozen, StateSkipped},
		{"with inputs that have not changed", text, StateUnchanged},
	} {
		t.Run(test.name, func(t *testing.T) {
			progress := progressOf(t, scheduledIn(t, &c, secondNight, &last, test.document))
			require.Equal(t, test.state, progress.State)
			require.Len(t, progress.Steps, 4)
			for _, step := range progress.Steps {
				require.Equal(t, StepProgress{Name: step.Name, State: StateSkipped}, step)
			}
		})
	}
}

func TestChangeOfAnyInputCausesABuild(t *testing.T) {
	text := document(imported, built, registered, `"schedule": {"when": "changed"}`)
	for _, test := range []struct {
		name, document string
		change         func(*cloud, *Result)
		changed        []string
	}{
		{"the disk file", text, func(c *cloud, _ *Result) { c.disk = "new" }, []string{"object disks/base.qcow2"}},
		{"the document", document(imported, `"template": {"buildContent": "RUN false"}`, registered, `"schedule": {"when": "changed"}`),
			func(*cloud, *Result) {}, []string{"document"}},
		{"an image that is gone", text, func(c *cloud, _ *Result) { c.gone = "m-golden" }, []string{"image m-golden"}},
		{"a success that was none in full", text, func(_ *cloud, last *Result) { last.Outcome = OutcomePartial }, nil},
		{"always", document(imported, built, registered, `"schedule": {"when": "always"}`), func(*cloud, *Result) {}, nil},
		{"no schedule in the document", document(imported, built, registered), func(*cloud, *Result) {}, nil},
		{"a file that may not be looked at", text, func(c *cloud, _ *Result) {
			c.refuse = map[string]error{"Object disks/base.qcow2": refusal("OSS.HeadObject", "AccessDenied", 403, "no")}
		}, []string{"object disks/base.qcow2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c cloud
			last, err := scheduled(t, &c, firstNight, nil, text)
			require.NoError(t, err)
			test.change(&c, &last)
			result, err := scheduled(t, &c, secondNight, &last, test.document)
			if c.gone == "" { // nothing of the new build can be found either
				require.NoError(t, err)
				require.Equal(t, OutcomeSucceeded, result.Outcome)
				require.Equal(t, test.changed, result.Changed)
			}
			require.Equal(t, 1, count(c.calls, "ImportImage"))
		})
	}
}

func TestLookThatFailsIsTriedAgain(t *testing.T) {
	var c cloud
	c.refuse = map[string]error{"Object disks/base.qcow2": &alicloud.Error{API: "OSS.HeadObject", Code: alicloud.CodeNoAnswer, Err: errors.New("reset")}}
	_, err := scheduled(t, &c, firstNight, nil, document(imported, built, `"schedule": {"when": "changed"}`, `"timeouts": {"call": "1m"}`))
	failureIn(t, err, alicloud.CodeNoAnswer)
	require.Empty(t, c.calls)
}
