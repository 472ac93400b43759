package workflows

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/activities"
)

// numbered is a document with a matrix of so many builds, called web-0 and so on.
func numbered(builds int) string {
	var values []string
	for i := range builds {
		values = append(values, fmt.Sprintf("%q", fmt.Sprint(i)))
	}
	return document(`"source": {"imageId": "m-1"}, "template": {"buildContent": "RUN echo ${{ vars.n }}"}, "matrix": {"variables": {"n": [` + strings.Join(values, ", ") + `]}}`)
}

func fleetOf(documents []string, fields ...string) string {
	return `{"documents": [` + strings.Join(documents, ", ") + `]` + strings.Join(fields, "") + `}`
}

func idsOf(members []FleetMember) []string {
	var ids []string
	for _, m := range members {
		ids = append(ids, m.ID)
	}
	return ids
}

func TestFleetRunsAllBuildsOfItsDocuments(t *testing.T) {
	var y yard
	env := y.place(t)
	two := `{"name": "app", "source": {"imageId": "m-1"}, "template": {}, "matrix": {"regions": ["cn-beijing", "cn-shanghai"], "variants": [{"name": "a", "variables": {"x": "1"}}]}}`
	result, err := env.fleet(t, fleetOf([]string{document(imported), two}))
	require.NoError(t, err)
	require.Equal(t, OutcomeSucceeded, result.Outcome)
	require.Equal(t, map[State]int{StateSucceeded: 3}, result.Counts)
	require.Equal(t, []string{"web", "app-a-cn-beijing", "app-a-cn-shanghai"}, idsOf(result.Members))
	for _, m := range result.Members {
		require.Equal(t, StateSucceeded, m.State)
		require.Equal(t, "m-"+m.ID, m.ImageID)
		require.NotEmpty(t, m.RunID)
		require.Equal(t, time.Minute, m.FinishedAt.Sub(*m.StartedAt))
	}
	require.Equal(t, "cn-shanghai", result.Members[2].Region)
	require.JSONEq(t, document(imported), y.documents["web"], "a document without a matrix is sent as it came")
	require.JSONEq(t, `{"name": "app-a-cn-beijing", "region": "cn-beijing", "source": {"imageId": "m-1"}, "template": {},
		"variables": {"region": "cn-beijing", "variant": "a", "x": "1"}}`, y.documents["app-a-cn-beijing"])

	progress := env.fleetProgress(t)
	require.Equal(t, StateSucceeded, progress.State)
	require.Equal(t, result.Members, progress.Members)
	require.Equal(t, result.FleetID, progress.FleetID)
}

func TestFleetNeverRunsMoreThanItMay(t *testing.T) {
	for _, test := range []struct {
		name, fields string
		most         int
	}{
		{"as told", `, "maxParallel": 4`, 4},
		{"one at a time", `, "maxParallel": 1`, 1},
		{"by default", ``, 10},
		{"more than there are", `, "maxParallel": 1000`, 25},
	} {
		t.Run(test.name, func(t *testing.T) {
			var y yard
			result, err := y.place(t).fleet(t, fleetOf([]string{numbered(25)}, test.fields))
			require.NoError(t, err)
			require.Equal(t, test.most, y.most)
			require.Equal(t, 25, result.Counts[StateSucceeded])
			require.ElementsMatch(t, idsOf(result.Members), y.began)
			require.True(t, slices.IsSortedFunc(result.Members, func(a, b FleetMember) int { return a.StartedAt.Compare(*b.StartedAt) }), "they begin in their order")
		})
	}
}

func failed(code string) error {
	return temporal.NewNonRetryableApplicationError("import: "+code, code, nil, Failure{Code: code, Message: "It is " + code, Step: StepImport})
}

func TestFleetGoesOnAfterAFailure(t *testing.T) {
	y := yard{ends: map[string]error{"web-1": failed("Broken")}}
	env := y.place(t)
	result, err := env.fleet(t, fleetOf([]string{numbered(12)}, `, "maxParallel": 3`))
	require.NoError(t, err)
	require.Equal(t, OutcomePartial, result.Outcome)
	require.Equal(t, map[State]int{StateSucceeded: 11, StateFailed: 1}, result.Counts)
	m := result.Members[1]
	require.Equal(t, []any{"Broken", "It is Broken", StepImport}, []any{m.Code, m.Message, m.Step})
}

func TestFailFastBeginsNoMore(t *testing.T) {
	y := yard{ends: map[string]error{"web-3": failed("Broken")}}
	env := y.place(t)
	result, err := env.fleet(t, fleetOf([]string{numbered(12)}, `, "maxParallel": 3, "failFast": true`))
	require.NoError(t, err)
	require.Equal(t, OutcomePartial, result.Outcome)
	require.Equal(t, StateFailed, result.Members[3].State)
	require.Equal(t, map[State]int{StateSucceeded: 5, StateFailed: 1, StateSkipped: 6}, result.Counts)
	require.Len(t, y.began, 6, "those that ran go on")
	require.Equal(t, StateSucceeded, env.fleetProgress(t).State)
}

func TestFleetWithoutASuccessFails(t *testing.T) {
	y := yard{ends: map[string]error{"web-0": failed("Broken"), "web-1": failed("Gone")}}
	env := y.place(t)
	_, err := env.fleet(t, fleetOf([]string{numbered(2)}))
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, FleetFailed, refused.Type())
	require.Equal(t, "none of 2 builds succeeded; web-0: Broken: It is Broken", refused.Message())
	var result FleetResult
	require.NoError(t, refused.Details(&result))
	require.Equal(t, OutcomeFailed, result.Outcome)
	require.Equal(t, []string{"Broken", "Gone"}, []string{result.Members[0].Code, result.Members[1].Code})
	require.Equal(t, StateFailed, env.fleetProgress(t).State)
}

func TestOutcomesOfMembers(t *testing.T) {
	for outcome, want := range map[Outcome]struct {
		state State
		fleet Outcome
	}{
		OutcomeUnchanged: {StateUnchanged, OutcomeSucceeded},
		OutcomeSkipped:   {StateSkipped, OutcomeSucceeded},
		OutcomePartial:   {StateSucceeded, OutcomePartial},
	} {
		y := yard{outcomes: map[string]Outcome{"web-0": outcome}}
		result, err := y.place(t).fleet(t, fleetOf([]string{numbered(1)}, `, "failFast": true`))
		require.NoError(t, err)
		require.Equal(t, want.fleet, result.Outcome)
		require.Equal(t, want.state, result.Members[0].State)
		require.Equal(t, string(outcome), result.Members[0].Outcome)
	}
}

func TestCancelledFleetWaitsForItsBuilds(t *testing.T) {
	y := yard{cleanUp: 5 * time.Minute}
	env := y.place(t)
	env.RegisterDelayedCallback(env.CancelWorkflow, 90*time.Second)
	began := env.Now()
	_, err := env.fleet(t, fleetOf([]string{numbered(7)}, `, "maxParallel": 2`))
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, err, &cancelled)
	var result FleetResult
	require.NoError(t, cancelled.Details(&result))
	require.Equal(t, OutcomeCancelled, result.Outcome)
	require.Equal(t, map[State]int{StateSucceeded: 2, StateCancelled: 2, StateSkipped: 3}, result.Counts)
	require.Len(t, y.began, 4)
	require.Equal(t, 90*time.Second+y.cleanUp, env.Now().Sub(began).Round(time.Second))
	require.Equal(t, StateCancelled, env.fleetProgress(t).State)
}

func TestRetryIsTheSecondArgument(t *testing.T) {
	var y yard
	retry := `{"runId": "r-2", "origin": "r-1", "from": "execution"}`
	result, err := y.place(t).fleet(t, fleetOf([]string{numbered(3)},
		`, "builds": [{"id": "again", "document": 0, "cell": {"variables": {"n": "1"}}, "retry": `+retry+`}, {"id": "anew", "document": 0, "cell": {"variables": {"n": "2"}}}]`,
		`, "done": [{"id": "before", "name": "before", "region": "cn-hangzhou", "state": "succeeded"}], "maxParallel": 1`)) // children that begin together have no order
	require.NoError(t, err)
	require.Equal(t, []string{"before", "again", "anew"}, idsOf(result.Members))
	require.Equal(t, OutcomeSucceeded, result.Outcome)
	require.Equal(t, []string{"web-1", "web-2"}, y.began)
	require.JSONEq(t, retry, y.retries["web-1"])
	require.Empty(t, y.retries["web-2"])
}

func TestFleetContinuesAsNew(t *testing.T) {
	y := yard{ends: map[string]error{"web-500": failed("Broken")}}
	y.onBegin = func(env *yardTest) {
		if len(y.began)%300 == 0 {
			env.SetContinueAsNewSuggested(true)
		}
	}
	single := strings.ReplaceAll(document(imported), `"web"`, `"alone"`)
	result, carried := y.runs(t, fleetOf([]string{single, numbered(1000)}, `, "maxParallel": 40`))
	require.Len(t, carried, 3)
	require.Len(t, y.began, 1001)
	once := map[string]bool{}
	for _, name := range y.began {
		require.False(t, once[name], name)
		once[name] = true
	}
	require.Len(t, result.Members, 1001)
	for i, m := range result.Members[1:] {
		require.Equal(t, fmt.Sprintf("web-%d", i), m.ID)
		require.True(t, once[m.ID], m.ID)
	}
	require.Equal(t, map[State]int{StateSucceeded: 1000, StateFailed: 1}, result.Counts)
	require.Equal(t, OutcomePartial, result.Outcome)
	require.Equal(t, "Broken", result.Members[501].Code)
	require.Equal(t, 40, y.most)
	for _, fleet := range carried {
		require.Equal(t, 1001, len(fleet.Done)+len(fleet.Builds))
		require.Equal(t, "null", string(fleet.Documents[0]), "what nobody needs is left behind")
		require.NotEqual(t, "null", string(fleet.Documents[1]))
		require.Equal(t, carried[0].StartedAt, fleet.StartedAt)
		require.Equal(t, 40, fleet.MaxParallel)
		require.Equal(t, "1001 builds", fleet.Name)
	}
	require.True(t, carried[0].StartedAt.Equal(result.StartedAt))
}

func TestEachRunBeginsABuild(t *testing.T) {
	var y yard
	y.onBegin = func(env *yardTest) { env.SetCurrentHistoryLength(mostEvents + 1) }
	result, carried := y.runs(t, fleetOf([]string{numbered(5)}, `, "maxParallel": 1`))
	require.Len(t, carried, 4)
	require.Equal(t, 5, result.Counts[StateSucceeded])
}

func TestFailFastHoldsAcrossRuns(t *testing.T) {
	y := yard{ends: map[string]error{"web-2": failed("Broken")}}
	y.onBegin = func(env *yardTest) {
		if len(y.began) == 2 {
			env.SetCurrentHistorySize(mostHistory + 1)
		}
	}
	result, carried := y.runs(t, fleetOf([]string{numbered(9)}, `, "maxParallel": 2, "failFast": true`))
	require.Len(t, carried, 1)
	require.True(t, carried[0].FailFast)
	require.Equal(t, map[State]int{StateSucceeded: 3, StateFailed: 1, StateSkipped: 5}, result.Counts)
}

func TestRubbishIsNoFleet(t *testing.T) {
	plain := document(imported)
	for name, test := range map[string]struct{ argument, want string }{
		"nothing":                  {``, "the argument is no fleet: EOF"},
		"no JSON":                  {`{"documents": `, "the argument is no fleet: unexpected EOF"},
		"a document":               {plain, `unknown field "region"`},
		"a list":                   {`[` + plain + `]`, "the argument is no fleet: json: cannot unmarshal array"},
		"text after it":            {fleetOf([]string{plain}) + `{}`, "the argument is no fleet"},
		"no documents":             {`{"documents": []}`, "it has no documents"},
		"a misspelt field":         {fleetOf([]string{plain}, `, "maxParalel": 3`), `unknown field "maxParalel"`},
		"too many at a time":       {fleetOf([]string{plain}, `, "maxParallel": 1001`), "maxParallel is 1001; want 1 to 1000"},
		"less than one at a time":  {fleetOf([]string{plain}, `, "maxParallel": -1`), "maxParallel is -1"},
		"a document with faults":   {fleetOf([]string{plain, document(`"sorce": {}`)}), `documents[1]:1:67: unknown field "sorce"`},
		"a document that is none":  {fleetOf([]string{`"web"`}), `the document is text; want a mapping`},
		"a name that comes twice":  {fleetOf([]string{plain, plain}), `two builds have the id "web"`},
		"the fleet's own id":       {fleetOf([]string{strings.ReplaceAll(plain, `"web"`, `"default-test-workflow-id"`)}), "has the id of the fleet"},
		"an id that comes twice":   {fleetOf([]string{plain}, `, "builds": [{"id": "a", "document": 0}, {"id": "a", "document": 0}]`), `two builds have the id "a"`},
		"one that is done":         {fleetOf([]string{plain}, `, "builds": [{"id": "a", "document": 0}], "done": [{"id": "a"}]`), `two builds have the id "a"`},
		"no id":                    {fleetOf([]string{plain}, `, "builds": [{"document": 0}]`), `the build id "" has 0 characters`},
		"a document it has not":    {fleetOf([]string{plain}, `, "builds": [{"id": "a", "document": 1}]`), `is of documents[1], and there are 1 documents`},
		"one before the first":     {fleetOf([]string{plain}, `, "builds": [{"id": "a", "document": -1}]`), `is of documents[-1]`},
		"a cell of no matrix":      {fleetOf([]string{plain}, `, "builds": [{"id": "a", "document": 0, "cell": {"region": "cn-beijing"}}]`), `of a cell that documents[0] does not have: region cn-beijing`},
		"no cell of a matrix":      {fleetOf([]string{numbered(2)}, `, "builds": [{"id": "a", "document": 0}]`), `of a cell that documents[0] does not have`},
		"named, and with faults":   {fleetOf([]string{document(`"sorce": {}`)}, `, "builds": [{"id": "a", "document": 0}]`), `the document of the build "a" is not valid`},
		"named, and of odd shape":  {fleetOf([]string{`{"name": 5}`}, `, "builds": [{"id": "a", "document": 0}]`), `the document documents[0] is not valid: name: json:`},
		"more than Temporal holds": {fleetOf([]string{strings.Replace(plain, "web", "web-"+strings.Repeat("x", 10), 1)}, `, "done": [{"id": "b", "message": "`+strings.Repeat("x", activities.FleetSize)+`"}]`), "the fleet is too large"},
	} {
		t.Run(name, func(t *testing.T) {
			var y yard
			env := y.place(t)
			_, err := env.fleet(t, test.argument)
			failure := failureIn(t, err, activities.InvalidBuild)
			require.Contains(t, failure.Message, test.want)
			require.NotEmpty(t, failure.Advice)
			require.Empty(t, y.began)
			require.Equal(t, StateFailed, env.fleetProgress(t).State)
		})
	}
}

// What a fleet is checked for may become stricter; one that runs is not checked again.
func TestFleetThatContinuesIsNotCheckedAgain(t *testing.T) {
	var y yard
	env := y.place(t)
	env.SetContinuedExecutionRunID("the run before")
	result, err := env.fleet(t, `{"documents": [null, `+document(`"sorce": {}`)+`], "builds": [{"id": "a", "document": 1}], "startedAt": "2026-11-22T00:00:00Z", "new": 1}`)
	require.NoError(t, err)
	require.Equal(t, 1, result.Counts[StateSucceeded])
}

// The activity's strict reading of a fleet knows every field.
func TestFleetIsReadWithAllOfItsFields(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	member := FleetMember{ID: "before", RunID: "r", Name: "n", Region: "r", State: StateFailed, Outcome: "o", ImageID: "m", Code: "c", Message: "m",
		Step: StepImport, StartedAt: &at, FinishedAt: &at}
	text, err := json.Marshal(Fleet{
		Name: "all", Documents: []json.RawMessage{json.RawMessage(document(imported))}, MaxParallel: 3, FailFast: true, Done: []FleetMember{member}, StartedAt: &at,
		Builds: []FleetBuild{{ID: "a", Retry: &Retry{RunID: "r", Origin: "o", From: StepImport, Resources: []Resource{{ID: "x"}}, Schedule: "s", ScheduledAt: &at}}},
	})
	require.NoError(t, err)
	_, err = (&activities.Document{}).ReadFleet(t.Context(), activities.ReadFleetInput{Text: string(text), FleetID: "f"})
	require.NoError(t, err)
}

// A member takes no more room than the check of the fleet's size allows for, whatever it says.
func TestMembersStaySmall(t *testing.T) {
	y := yard{ends: map[string]error{}}
	const builds = 200
	for i := range builds {
		text := strings.Repeat(`<"\&`+"\n", 200)
		y.ends[fmt.Sprintf("web-%d", i)] = temporal.NewNonRetryableApplicationError(text, "x", nil,
			Failure{Code: strings.Repeat("InvalidParameter.", 10), Message: text, Step: StepComponents})
	}
	_, err := y.place(t).fleet(t, fleetOf([]string{numbered(builds)}))
	var refused *temporal.ApplicationError
	require.ErrorAs(t, err, &refused)
	var result FleetResult
	require.NoError(t, refused.Details(&result))
	for _, m := range result.Members {
		text, err := json.Marshal(m)
		require.NoError(t, err)
		require.LessOrEqual(t, len(text), activities.MemberSize(m.ID))
		require.NotEmpty(t, m.Message)
	}
}

func TestWhatIsOnItsWayToTheServerStaysSmall(t *testing.T) {
	big := json.RawMessage(strings.Repeat("x", mostStarting/3))
	for _, test := range []struct {
		name      string
		documents []json.RawMessage
		retry     *Retry
		starting  int
		want      bool
	}{
		{"nothing is", []json.RawMessage{big}, nil, 0, true},
		{"room for one more", []json.RawMessage{big}, nil, 2, true},
		{"no room", []json.RawMessage{big}, nil, 3, false},
		{"a retry takes room", []json.RawMessage{big}, &Retry{Resources: make([]Resource, 1000)}, 2, false},
		{"many small ones", []json.RawMessage{json.RawMessage("{}")}, nil, mostStartingCount, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := fleet{Fleet: Fleet{Documents: test.documents, Builds: []FleetBuild{{Retry: test.retry}}, MaxParallel: 1000}}
			f.starting, f.startingSize = test.starting, test.starting*len(test.documents[0])
			require.Equal(t, test.want, f.mayBegin())
		})
	}
	alone := fleet{Fleet: Fleet{Documents: []json.RawMessage{json.RawMessage(strings.Repeat("x", 2*mostStarting))}, Builds: []FleetBuild{{}}, MaxParallel: 1}}
	require.True(t, alone.mayBegin(), "one that is larger than the room has it alone")
}

func TestReasonsOfMembers(t *testing.T) {
	code, message, _ := reasonOf("web", &temporal.ChildWorkflowExecutionAlreadyStartedError{})
	require.Equal(t, []string{AlreadyRunning, "a workflow with the id web is running outside of this fleet"}, []string{code, message})
	code, message, _ = reasonOf("web", temporal.NewApplicationError("odd", "Odd"))
	require.Equal(t, []string{"Odd", "odd"}, []string{code, message})
	code, _, _ = reasonOf("web", errors.New("lost"))
	require.Equal(t, "Failed", code)
}

func TestMatrixIsNoSingleBuild(t *testing.T) {
	var c cloud
	_, _, err := run(t, &c, numbered(2))
	require.Contains(t, failureIn(t, err, activities.InvalidBuild).Message, "start them with `kiln build`, or with a workflow of type BuildFleet")
	require.Empty(t, c.calls)
}

// A fleet that waits for its builds before it continues as new ends there when it is cancelled.
func TestFleetCancelledBeforeItContinues(t *testing.T) {
	y := yard{onBegin: func(env *yardTest) { env.SetContinueAsNewSuggested(true) }}
	env := y.place(t)
	env.RegisterDelayedCallback(env.CancelWorkflow, 30*time.Second)
	_, err := env.fleet(t, fleetOf([]string{numbered(4)}, `, "maxParallel": 2`))
	var cancelled *temporal.CanceledError
	require.ErrorAs(t, err, &cancelled)
	var result FleetResult
	require.NoError(t, cancelled.Details(&result))
	require.Equal(t, StateCancelled, result.Members[0].State)
	require.Equal(t, StateSkipped, result.Members[3].State)
}

// What comes too late to stop anything is no cancellation.
func TestFleetCancelledAtItsEnd(t *testing.T) {
	y := yard{cleanUp: time.Minute}
	y.finishes = true
	env := y.place(t)
	env.RegisterDelayedCallback(env.CancelWorkflow, 30*time.Second)
	result, err := env.fleet(t, fleetOf([]string{numbered(2)}))
	require.NoError(t, err)
	require.Equal(t, OutcomeSucceeded, result.Outcome)
}
