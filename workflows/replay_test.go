package workflows

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/worker"

	"github.com/seed1230462e/kiln/activities"
)

// Every history of a release replays: a build that was running when the worker was
// upgraded goes on. Those of the next release say that a change in the order of steps is
// meant; `make record` records them anew, and the others never.
func TestRecordedHistoriesReplay(t *testing.T) {
	for _, release := range []string{"0.1.0", "next"} {
		histories, err := filepath.Glob(filepath.Join("testdata/histories", release, "*.json"))
		require.NoError(t, err)
		require.NotEmpty(t, histories, release)
		for _, history := range histories {
			t.Run(release+"/"+filepath.Base(history), func(t *testing.T) {
				replayer := worker.NewWorkflowReplayer()
				Register(replayer, Options{})
				require.NoError(t, replayer.ReplayWorkflowHistoryFromJSONFile(nil, history))
			})
		}
	}
}

// Each activity that a worker has is in a history, so no branch goes without one.
func TestHistoriesCoverTheActivities(t *testing.T) {
	var recorded strings.Builder
	histories, err := filepath.Glob("testdata/histories/next/*.json")
	require.NoError(t, err)
	for _, history := range histories {
		text, err := os.ReadFile(history)
		require.NoError(t, err)
		recorded.Write(text)
	}
	var names registrations
	activities.Register(&names, nil, nil, nil)
	require.NotEmpty(t, names)
	for _, name := range names {
		switch name {
		case "ReadDocument", "ReadFleet": // they are local
			continue
		case "CancelImport", "CancelExecution": // builds of 0.1.0 may still ask for them
			continue
		}
		if !strings.Contains(recorded.String(), `"name": "`+name+`"`) { // require.Contains would print all of them
			t.Errorf("no history has the activity %s", name)
		}
	}
	for _, marker := range []string{"Version", "LocalActivity", "SideEffect"} {
		if !strings.Contains(recorded.String(), `"markerName": "`+marker+`"`) {
			t.Errorf("no history has a marker %s", marker)
		}
	}
}

// registrations collects the names of activities.
type registrations []string

func (r *registrations) RegisterActivity(a any) {
	methods := reflect.TypeOf(a)
	for i := range methods.NumMethod() {
		*r = append(*r, methods.Method(i).Name)
	}
}

func (r *registrations) RegisterActivityWithOptions(a any, _ activity.RegisterOptions) {
	r.RegisterActivity(a)
}

func (r *registrations) RegisterDynamicActivity(any, activity.DynamicRegisterOptions) {}
