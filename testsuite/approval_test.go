//go:build e2e

package testsuite

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/workflows"
)

const (
	asksFirst  = `, "approval": {"reason": "look at the kernel"}`
	toBeLooked = buildsOnTop + `, "batchCompute": {}` + asksFirst
)

// commence starts a build and returns its run at once.
func commence(t *testing.T, c client.Client, id, document string) client.WorkflowRun {
	t.Helper()
	run, err := c.ExecuteWorkflow(context.Background(), client.StartWorkflowOptions{ID: id, TaskQueue: "kiln"}, "BuildGoldenImage", json.RawMessage(document))
	require.NoError(t, err)
	return run
}

// awaitsApproval returns the image of a build once it waits for approval.
func awaitsApproval(t *testing.T, c client.Client, id string) (image string) {
	t.Helper()
	eventually(t, id+" waits for approval", func() bool {
		var is workflows.Progress
		answer, err := c.QueryWorkflow(context.Background(), id, "", "progress")
		if err != nil || answer.Get(&is) != nil || is.State != workflows.StateWaiting {
			return false
		}
		for _, s := range is.Steps {
			if s.Name == is.Step {
				image = s.ResourceID
			}
		}
		return true
	})
	require.Regexp(t, "^m-", image)
	return image
}

// resulted waits until a build has succeeded.
func resulted(t *testing.T, run client.WorkflowRun) workflows.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var result workflows.Result
	require.NoError(t, run.Get(ctx, &result))
	return result
}

// registrations counts the requests that made an image known to Batch Compute.
func (p *machine) registrations(t *testing.T) int {
	t.Helper()
	return p.effects(t, "CreateImage")
}

// A build waits, tells a receiver that fails first, and goes on when somebody approves.
func TestBuildsThatAreApproved(t *testing.T) {
	p, worker := told(t, "3000")
	c := p.temporal(t)
	hook, robot, quiet := receive(t, fails, takes), receive(t, greets), receive(t, takes)
	run := commence(t, c, "approved", tells("approved", toBeLooked, toHook(hook.URL), toRobot(robot.URL, "waiting"), toHook(quiet.URL, "failed")))
	image := awaitsApproval(t, c, "approved")
	follower := start(t, p.env(t), kilnBin(t), "watch", "approved", "--progress", "plain", "-o", "json")
	follower.said(t, "`kiln approve approved` lets it go on")

	eventually(t, "the receivers are told", func() bool { return len(hook.all(t)) == 2 && len(robot.all(t)) == 1 })
	for _, one := range hook.all(t) {
		require.NoError(t, one.verify(hookSecret))
		require.Equal(t, hook.all(t)[0].header.Get("webhook-id"), one.header.Get("webhook-id"))
		for _, want := range []string{`"type":"io.kiln.build.waiting"`, `"imageId":"` + image + `"`, `"reason":"look at the kernel"`} {
			require.Contains(t, string(one.body), want)
		}
		require.NotContains(t, string(one.body), "finishedAt")
	}
	require.NoError(t, robot.all(t)[0].verifyRobot(robotToken, robotSecret))
	require.Contains(t, string(robot.all(t)[0].body), "kiln approve approved")

	require.Zero(t, p.registrations(t), "nothing is released before")
	desc, err := c.DescribeWorkflowExecution(context.Background(), "approved", "")
	require.NoError(t, err)
	require.Empty(t, desc.GetPendingActivities(), "waiting holds no activity")
	eventually(t, "it is listed as waiting", func() bool {
		return strings.Contains(p.kiln(t, "list", "--state", "waiting").stdout, "approved")
	})

	done := p.kiln(t, "approve", "approved", "--by", "ann@laptop", "--reason", "boots", "-o", "json")
	require.Zero(t, done.code, done.stderr)
	require.Equal(t, image, decode[workflows.Verdict](t, done.stdout).ImageID)
	result := resulted(t, run)
	require.Equal(t, 1, p.registrations(t))
	require.Equal(t, []string{image, image, "ann@laptop", "boots"}, []string{result.ImageID, result.Approval.ImageID, result.Approval.By, result.Approval.Reason})
	require.Zero(t, follower.wait(t), follower.stderr.String())
	require.Equal(t, result.Approval, decode[workflows.Result](t, follower.stdout.String()).Approval)

	again := p.kiln(t, "approve", "approved")
	require.Equal(t, 2, again.code)
	require.Contains(t, again.stderr, "does not wait for approval: it succeeded at ")

	_, err = toldOf(t, c, "approved", result.RunID)
	require.NoError(t, err)
	require.Len(t, hook.all(t), 3)
	requireEvent(t, hook.all(t)[2], "succeeded", result)
	require.NotEqual(t, hook.all(t)[0].header.Get("webhook-id"), hook.all(t)[2].header.Get("webhook-id"))
	require.Empty(t, quiet.all(t))
	waited := "approved/notify-waiting/" + result.RunID
	requireNoSecret(t, c, worker, "approved", waited)
	requireSummaries(t, history(t, c, "approved"))
	record(t, history(t, c, "approved"), "approved")
	record(t, history(t, c, waited), "telling-to-wait")
}

// A rejected build is not released. Its retry asks again for the same image, and any
// client of Temporal can approve that.
func TestBuildsThatAreRejected(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	file := filepath.Join(t.TempDir(), "rejected.json")
	require.NoError(t, os.WriteFile(file, []byte(`{"name": "rejected", "region": "cn-hangzhou", `+toBeLooked+`}`), 0o600))
	follower := start(t, p.env(t), kilnBin(t), "build", file, "--progress", "plain")
	eventually(t, "the build has begun", func() bool {
		_, err := c.DescribeWorkflowExecution(context.Background(), "rejected", "")
		return err == nil
	})
	first := awaitsApproval(t, c, "rejected")

	done := p.kiln(t, "reject", "rejected", "--by", "ann@laptop", "--reason", "the kernel is too old")
	require.Zero(t, done.code, done.stderr)
	require.Equal(t, 7, follower.wait(t))
	require.Contains(t, follower.stderr.String(), "image "+first+" was rejected by ann@laptop: the kernel is too old")
	require.Equal(t, 7, p.kiln(t, "watch", "rejected").code)
	require.Zero(t, p.registrations(t))
	again := p.kiln(t, "reject", "rejected", "--reason", "once more")
	require.Equal(t, 2, again.code)
	require.Contains(t, again.stderr, "does not wait for approval: it failed at ")
	record(t, history(t, c, "rejected"), "rejected")

	retried := p.kiln(t, "retry", "rejected", "--detach")
	require.Zero(t, retried.code, retried.stderr)
	require.Equal(t, first, awaitsApproval(t, c, "rejected"))
	require.Equal(t, 1, p.effects(t, "StartImagePipelineExecution"), "the image is used again")
	update, err := c.UpdateWorkflow(context.Background(), client.UpdateWorkflowOptions{
		WorkflowID: "rejected", UpdateName: "approve", WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{map[string]string{"by": "bob", "reason": "it is not"}},
	})
	require.NoError(t, err)
	var verdict struct{ By, Reason, ImageID string }
	require.NoError(t, update.Get(context.Background(), &verdict))
	require.Equal(t, []string{"bob", "it is not", first}, []string{verdict.By, verdict.Reason, verdict.ImageID})
	require.Equal(t, "bob", resulted(t, c.GetWorkflow(context.Background(), "rejected", "")).Approval.By)
	require.Equal(t, 1, p.registrations(t))
	record(t, history(t, c, "rejected"), "approved-at-last")
}

// What waits is workflow state: it outlives its worker, and comes to its other ends.
func TestApprovalOutlivesItsWorker(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless", "--no-worker")
	c := p.temporal(t)
	worker := p.worker(t)
	run := commence(t, c, "outlives", tells("outlives", toBeLooked))
	awaitsApproval(t, c, "outlives")
	worker.kill()
	p.worker(t)

	done := p.kiln(t, "approve", "outlives")
	require.Zero(t, done.code, done.stderr)
	require.Equal(t, workflows.OutcomeSucceeded, resulted(t, run).Outcome)
	require.Equal(t, 1, p.registrations(t))
	require.Equal(t, 1, p.effects(t, "StartImagePipelineExecution"))
}

// A wait has other ends than a decision.
func TestBuildsThatWaitInVain(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	commence(t, c, "forgotten", tells("forgotten", buildsOnTop+`, "approval": {"timeout": "1s"}`))
	watched := p.kiln(t, "watch", "forgotten")
	require.Equal(t, 1, watched.code)
	require.Contains(t, watched.stderr, "ApprovalTimeout")
	record(t, history(t, c, "forgotten"), "approval-timeout")

	commence(t, c, "stopped", tells("stopped", toBeLooked))
	image := awaitsApproval(t, c, "stopped")
	done := p.kiln(t, "cancel", "stopped", "--wait", "-o", "json")
	require.Zero(t, done.code, done.stderr)
	require.Contains(t, done.stdout, image)
	require.Equal(t, 1, p.effects(t, "DeleteImage"), "a cancelled build removes what it made")
	record(t, history(t, c, "stopped"), "cancelled-waiting")
	require.Zero(t, p.registrations(t))
}

// A reset brings an update back before the build waits again, where it is refused: nobody
// has approved what is built after the reset.
func TestResetOfABuildThatWasApproved(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	run := commence(t, c, "reset", tells("reset", toBeLooked))
	awaitsApproval(t, c, "reset")
	require.Zero(t, p.kiln(t, "approve", "reset", "--by", "ann").code)
	require.Equal(t, "ann", resulted(t, run).Approval.By)

	p.resetToBegin(t, c, "reset")
	awaitsApproval(t, c, "reset")
	require.Zero(t, p.kiln(t, "approve", "reset", "--by", "bob").code)
	require.Equal(t, "bob", resulted(t, c.GetWorkflow(context.Background(), "reset", "")).Approval.By)
}

// failureType is the type of the error of an update.
func failureType(err error) string {
	var refused *temporal.ApplicationError
	if errors.As(err, &refused) {
		return refused.Type()
	}
	return ""
}

// A client without our command line is told as clearly why a decision is not taken.
func TestDecisionsByTheBareTemporalAPI(t *testing.T) {
	p := up(t, "--speed", "3000", "--headless")
	c := p.temporal(t)
	decide := func(id, update string, args ...any) error {
		handle, err := c.UpdateWorkflow(context.Background(), client.UpdateWorkflowOptions{
			WorkflowID: id, UpdateName: update, WaitForStage: client.WorkflowUpdateStageCompleted, Args: args})
		if err != nil {
			return err
		}
		return handle.Get(context.Background(), nil)
	}
	commence(t, c, "open", tells("open", importOneDisk))
	require.Equal(t, workflows.NotWaiting, failureType(decide("open", "approve")))
	run := commence(t, c, "bare", tells("bare", buildsOnTop+asksFirst))
	awaitsApproval(t, c, "bare")
	require.Equal(t, workflows.InvalidDecision, failureType(decide("bare", "reject", workflows.Decision{By: strings.Repeat("x", 300)})))
	require.ErrorContains(t, decide("bare", "reject", "no object"), "unable to decode the input")
	require.NoError(t, decide("bare", "approve"), "without a word")
	require.Equal(t, "somebody", resulted(t, run).Approval.By)
	require.ErrorContains(t, decide("bare", "approve"), "already completed")
	for _, event := range history(t, c, "bare").GetEvents() {
		require.NotContains(t, event.GetEventType().String(), "Rejected", "a decision that is refused leaves nothing in the history")
	}
}
