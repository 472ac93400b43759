//go:build bench

package testsuite

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/worker"
	"github.com/seed1230462e/kiln/workflows"
)

// The times of production, which a benchmark divides by its scale.
const (
	halfAnHour     = 30 * time.Minute
	usualLook      = 5 * time.Second
	usualHeartbeat = 2 * time.Minute
)

// TestBench5History counts what a build with two waits of half an hour leaves in the
// engine. All times are production's divided by SCALE; SCALE=1 takes the hour.
func TestBench5History(t *testing.T) {
	s := newSheet(t, 5, "History and Actions of a build")
	scale := s.number("SCALE", 60)
	r := newRig(t)
	c := r.temporal(t)
	cloud := newBank(t, slowly(t, scale)...)
	beats := &beats{}
	r.employ(t, cloud, beats, time.Duration(scale))
	var runs []client.WorkflowRun
	for i := range s.runs {
		run, err := c.ExecuteWorkflow(context.Background(),
			client.StartWorkflowOptions{ID: fmt.Sprintf("history-%04d", i), TaskQueue: workflows.DefaultTaskQueue}, workflows.BuildType, benchDocumentOf(i, "disks/half-an-hour.raw", "RAW"))
		require.NoError(t, err)
		runs = append(runs, run)
	}
	var events, kilobytes, all spread
	kinds := map[string]spread{}
	for _, run := range runs {
		require.NoError(t, run.Get(context.Background(), nil))
		happened := history(t, c, run.GetID())
		described, err := c.DescribeWorkflowExecution(context.Background(), run.GetID(), run.GetRunID())
		require.NoError(t, err)
		events = append(events, float64(len(happened.GetEvents())))
		kilobytes = append(kilobytes, float64(described.GetWorkflowExecutionInfo().GetHistorySizeBytes())/1000)
		total := 0
		counted := actionsOf(happened)
		counted["heartbeats"] = beats.of(run.GetID())
		for _, kind := range actionKinds {
			total += counted[kind]
			kinds[kind] = append(kinds[kind], float64(counted[kind]))
		}
		all = append(all, float64(total))
	}
	s.say("A build with an import and an execution of %s each, %d builds at once. All times are those of production divided by %d: looks each %s, a heartbeat timeout of %s.",
		halfAnHour, s.runs, scale, usualLook/time.Duration(scale), usualHeartbeat/time.Duration(scale))
	rows := [][]string{{"history events", events.String()}, {"history, kB", kilobytes.String()}, {"billed Actions", all.String()}}
	for _, kind := range actionKinds {
		rows = append(rows, []string{"· " + kind, kinds[kind].String()})
	}
	s.table([]string{"", "a build"}, rows)
}

// slowly are the flags of a cloud whose imports of disks/half-an-hour.raw and executions
// take half an hour, divided by the scale.
func slowly(t *testing.T, scale int) []string {
	t.Helper()
	dir := t.TempDir()
	// An import takes 10 min and 6 s a GiB, an execution 12 min and what it passes.
	disk := filepath.Join(dir, "oss", "kiln-examples", "disks", "half-an-hour.raw")
	require.NoError(t, os.MkdirAll(filepath.Dir(disk), 0o755))
	require.NoError(t, os.WriteFile(disk, []byte("not empty"), 0o644))
	require.NoError(t, os.Truncate(disk, 200<<30)) // sparse: it takes no room
	conditions := filepath.Join(dir, "conditions.yaml")
	require.NoError(t, os.WriteFile(conditions, []byte("executions: {passes: REPAIRING, passesFor: 18m}\n"), 0o644))
	return []string{"--speed", strconv.Itoa(scale), "--oss-dir", filepath.Join(dir, "oss"), "--conditions", conditions}
}

// employ runs a worker in this process until the test ends, so that its heartbeats can be
// counted on their way to the server, and scaled: no flag of the command does that.
func (r *rig) employ(t *testing.T, b *bank, beats *beats, scale time.Duration) {
	t.Helper()
	cloud, err := alicloud.New(alicloud.Options{
		ECSEndpoint: b.CloudURL, BatchComputeEndpoint: b.CloudURL, OSSEndpoint: b.CloudURL, AccessKeyID: b.AccessKeyID, AccessKeySecret: b.AccessKeySecret,
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{}, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Options{
			Client: client.Options{HostPort: r.TemporalAddress, ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(beats.count)}}},
			Cloud:  cloud, PollInterval: usualLook / scale, HeartbeatTimeout: usualHeartbeat / scale,
			Ready: func() { ready <- struct{}{} },
		})
	}()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
	<-ready
}

// beats are the task tokens of the heartbeats that reached the server.
type beats struct {
	mu     sync.Mutex
	tokens [][]byte
}

func (b *beats) count(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if beat, ok := req.(*workflowservice.RecordActivityTaskHeartbeatRequest); ok {
		b.mu.Lock()
		b.tokens = append(b.tokens, beat.GetTaskToken())
		b.mu.Unlock()
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// of counts the heartbeats of a build, whose id is in their tokens.
func (b *beats) of(id string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, token := range b.tokens {
		if bytes.Contains(token, []byte(id)) {
			n++
		}
	}
	return n
}

// actionKinds are what is billed as an Action (Temporal Cloud, Actions).
var actionKinds = []string{"starts", "activity attempts", "local activities", "timers", "search attributes", "side effects", "child workflows", "signals and updates", "heartbeats"}

// actionsOf counts the Actions that a history tells of: all but the heartbeats.
func actionsOf(history *historypb.History) map[string]int {
	counted := map[string]int{"starts": 1}
	local := map[int64]bool{}
	for _, event := range history.GetEvents() {
		switch event.GetEventType() {
		case enums.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			counted["activity attempts"] += int(event.GetActivityTaskStartedEventAttributes().GetAttempt())
		case enums.EVENT_TYPE_MARKER_RECORDED:
			marker := event.GetMarkerRecordedEventAttributes()
			if marker.GetMarkerName() == "LocalActivity" { // those of one workflow task count once
				local[marker.GetWorkflowTaskCompletedEventId()] = true
			} else if strings.Contains(marker.GetMarkerName(), "SideEffect") {
				counted["side effects"]++
			}
		case enums.EVENT_TYPE_TIMER_STARTED:
			counted["timers"]++
		case enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
			counted["search attributes"]++
		case enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
			counted["child workflows"] += 2
		case enums.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED, enums.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED:
			counted["signals and updates"]++
		}
	}
	counted["local activities"] = len(local)
	return counted
}

func TestBenchActions(t *testing.T) {
	event := func(kind enums.EventType) *historypb.HistoryEvent { return &historypb.HistoryEvent{EventType: kind} }
	started := event(enums.EVENT_TYPE_ACTIVITY_TASK_STARTED)
	started.Attributes = &historypb.HistoryEvent_ActivityTaskStartedEventAttributes{ActivityTaskStartedEventAttributes: &historypb.ActivityTaskStartedEventAttributes{Attempt: 3}}
	local := func() *historypb.HistoryEvent {
		marker := event(enums.EVENT_TYPE_MARKER_RECORDED)
		marker.Attributes = &historypb.HistoryEvent_MarkerRecordedEventAttributes{MarkerRecordedEventAttributes: &historypb.MarkerRecordedEventAttributes{MarkerName: "LocalActivity", WorkflowTaskCompletedEventId: 4}}
		return marker
	}
	counted := actionsOf(&historypb.History{Events: []*historypb.HistoryEvent{
		event(enums.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED), local(), local(), started, event(enums.EVENT_TYPE_ACTIVITY_TASK_COMPLETED),
		event(enums.EVENT_TYPE_TIMER_STARTED), event(enums.EVENT_TYPE_TIMER_FIRED), event(enums.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES),
		event(enums.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED),
	}})
	require.Equal(t, map[string]int{"starts": 1, "local activities": 1, "activity attempts": 3, "timers": 1, "search attributes": 1, "child workflows": 2}, counted)
}
