//go:build bench

package testsuite

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"github.com/seed1230462e/kiln/workflows"
)

// TestBench6Overhead compares the wall time of a build with what its import and its
// execution take the emulated cloud. Builds run one after the other; the cloud is SPEED
// times faster than production, and the worker looks as much more often.
func TestBench6Overhead(t *testing.T) {
	s := newSheet(t, 6, "A build's wall time over the cloud's own")
	speeds := s.numbers("SPEED", 60, 600)
	r := newRig(t)
	c := r.temporal(t)
	var rows [][]string
	for _, speed := range speeds {
		cloud := newBank(t, "--speed", strconv.Itoa(speed))
		look := usualLook / time.Duration(speed)
		worker := r.hire(t, cloud, "--poll-interval", look.String())
		r.oneBuild(t, c, fmt.Sprintf("warm-%d", speed), 0)
		var walls, own, over, ratio spread
		for run := range s.runs {
			wall, result := r.oneBuild(t, c, fmt.Sprintf("over-%d-%d", speed, run), run+1)
			takes := cloud.own(t, result)
			walls, own = append(walls, wall.Seconds()), append(own, takes.Seconds())
			over, ratio = append(over, (wall-takes).Seconds()), append(ratio, float64(wall)/float64(takes))
		}
		rows = append(rows, []string{fmt.Sprintf("%d times, looks each %s", speed, look), own.String(), walls.String(), over.String(), ratio.String()})
		worker.stop(t)
		cloud.stop(t)
	}
	s.say("One build at a time of docs/examples/quickstart.yaml: the cloud's own time is that of the import task and of the execution, from when it accepts them to when they have ended. Times in s.")
	s.table([]string{"cloud faster by", "cloud's own", "wall", "over", "ratio"}, rows)
}

// oneBuild runs one build and returns how long it took by the server's clock.
func (r *rig) oneBuild(t *testing.T, c client.Client, id string, i int) (time.Duration, workflows.Result) {
	t.Helper()
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: id, TaskQueue: workflows.DefaultTaskQueue}, workflows.BuildType, benchDocument(i))
	require.NoError(t, err)
	var result workflows.Result
	require.NoError(t, run.Get(context.Background(), &result))
	events := history(t, c, id).GetEvents()
	return events[len(events)-1].GetEventTime().AsTime().Sub(events[0].GetEventTime().AsTime()), result
}

// own is how long the cloud itself worked for a build.
func (b *bank) own(t *testing.T, result workflows.Result) time.Duration {
	t.Helper()
	answer, err := http.Get(b.CloudURL + "/_kiln/state")
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	var state struct {
		Resources []struct {
			ID   string
			Body moments
		}
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&state))
	var own time.Duration
	found := 0
	for _, resource := range state.Resources {
		if line := resource.Body.Timeline; resource.ID == result.ImportTaskID || resource.ID == result.ExecutionID {
			own += line[len(line)-1].At.Sub(line[0].At)
			found++
		}
	}
	require.Equal(t, 2, found)
	return own
}
