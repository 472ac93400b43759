//go:build e2e

package testsuite

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// hear takes down what a build says that is over, while a worker is there to ask.
func (c *cast) hear(t *testing.T, b built) testimony {
	t.Helper()
	said := b.testimony(t)
	var err error
	said.document, err = spec.Read(b.id, []byte(b.document), spec.Options{})
	require.NoError(t, err)
	require.NoError(t, persist("ask build "+b.id, func(ctx context.Context) error {
		answer, err := c.client.QueryWorkflow(ctx, b.id, b.run, workflows.ProgressQuery)
		if err != nil {
			return err
		}
		return answer.Get(&said.progress)
	}))
	said.history = historyOf(t, c.client, b.id, b.run)
	c.toll.mu.Lock()
	defer c.toll.mu.Unlock()
	c.toll.builds = append(c.toll.builds, said)
	return said
}

// testimony is what a build said at its end. One that did not end has said nothing.
func (b built) testimony(t *testing.T) testimony {
	t.Helper()
	var failed *temporal.ApplicationError
	var cancelled *temporal.CanceledError
	said := testimony{id: b.id, mustSucceed: !b.unwanted || !errors.As(b.err, &cancelled)}
	switch {
	case b.err == nil:
		said.result = &b.result
	case errors.As(b.err, &failed):
		said.failure = &workflows.Failure{}
		require.NoError(t, failed.Details(said.failure))
	case errors.As(b.err, &cancelled):
		said.cancellation = &workflows.Cancellation{}
		if cancelled.HasDetails() {
			require.NoError(t, cancelled.Details(said.cancellation))
		}
	}
	return said
}

// close audits everything that happened in a cast. Again is the command that tells the
// same story.
func (c *cast) close(t *testing.T, sum *report, again string) {
	t.Helper()
	e := evidence{
		requests: c.log.all(), after: c.state(t), builds: c.toll.builds, losses: c.toll.losses, gaps: c.toll.kills["cloud"] > 0,
		poll: pollInterval, secrets: []string{castSecret}, said: c.workersSaid(t),
	}
	require.NotEmpty(t, e.builds)
	require.NotEmpty(t, e.requests)
	violations := audit(e)
	for _, v := range violations {
		t.Errorf("%s: %s", v.Invariant, v.Says)
	}
	if t.Failed() {
		t.Logf("again: %s", again)
	}
	r := c.report(e, violations)
	t.Logf("\n%s", r.String())
	sum.add(r)
}

// workersSaid is all that the workers have said, by worker.
func (c *cast) workersSaid(t *testing.T) map[string]string {
	t.Helper()
	said := map[string]string{}
	for _, h := range c.hands {
		text, err := os.ReadFile(h.said)
		require.NoError(t, err)
		require.NotEmpty(t, text, h.name)
		said["the log of "+h.name] = string(text)
	}
	return said
}
