//go:build e2e

package testsuite

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

// cancellations are the calls with which a cancelled build ends what runs for it, and the look
// during which it is cancelled.
var cancellations = []struct{ document, look, api string }{
	{goldenBuild, "DescribeTaskAttribute", "CancelTask"},
	{onTopBuild, "DescribeImagePipelineExecutions", "CancelImagePipelineExecution"},
}

// onTopBuild builds on an image that is there.
const onTopBuild = `{"name": "NAME", "region": "cn-hangzhou", "source": {"imageId": "m-bp1kilnubuntu2404x64"},
	"template": {"buildContent": "RUN echo NAME"}}`

// endingPoints are the moments at which the worker dies of a call that ends something.
// Begins lets the build come to it.
func endingPoints(api string, begins func(s *scene)) []point {
	return []point{
		{"killed before the cloud has the call", func(s *scene) {
			h := s.worker.toCloud.holdCall(api)
			begins(s)
			s.reach(h)
			s.lose(s.worker.actor)
			h.drop()
			s.successor()
		}},
		{"killed, and the call arrives after its successor's", func(s *scene) {
			h := s.worker.toCloud.holdCall(api)
			begins(s)
			s.reach(h)
			s.lose(s.worker.actor)
			again := s.successor().toCloud.holdAnswer(api)
			s.reach(again)
			h.deliver()
			again.deliver()
		}},
		{"killed after the effect, the answer on its way", func(s *scene) {
			h := s.worker.toCloud.holdAnswer(api)
			begins(s)
			s.reach(h)
			s.lose(s.worker.actor)
			h.drop()
			s.successor()
		}},
		{"not killed: that it is done cannot be reported for a while", func(s *scene) {
			h := s.worker.toCloud.holdAnswer(api)
			begins(s)
			s.reach(h)
			s.disturb("temporal cut", s.worker.toTemporal.cut)
			h.deliver()
			s.missed(s.worker.toTemporal)
			s.worker.toTemporal.heal()
		}},
	}
}

// cancel cancels the build of the scene.
func (s *scene) cancel() {
	require.NoError(s.t, s.client.CancelWorkflow(context.Background(), s.id, ""))
}

// inFlight are the moments at which a build is cancelled while the cloud has a call of it,
// or is about to, and nobody will ever hear the answer.
func inFlight(api string) []point {
	return []point{
		{"killed before the cloud has the call", func(s *scene) {
			h := s.worker.toCloud.holdCall(api)
			s.begin()
			s.reach(h)
			s.cancel()
			s.lose(s.worker.actor)
			h.drop()
			s.successor()
		}},
		{"killed after the effect, the answer on its way", func(s *scene) {
			h := s.worker.toCloud.holdAnswer(api)
			s.begin()
			s.reach(h)
			s.cancel()
			s.lose(s.worker.actor)
			h.drop()
			s.successor()
		}},
		{"not killed: what it made cannot be reported for a while", func(s *scene) {
			s.answerUnrecorded(api)
			s.cancel()
			s.missed(s.worker.toTemporal)
			s.worker.toTemporal.heal()
		}},
	}
}

// crashWhileCancelling: a cancelled build ends what runs for it, and removes what it has
// made, whenever a worker dies.
func crashWhileCancelling(t *testing.T, sum *report) {
	c := newCast(t, castOptions{speed: "3"}) // nothing is over before it is cancelled
	var all sync.WaitGroup
	for _, is := range cancellations {
		for n, p := range endingPoints(is.api, (*scene).cancel) {
			c.toll.points.add("cancelling", 1)
			all.Go(func() {
				t.Run(is.api+" "+p.name, func(t *testing.T) {
					s := c.newScene(t, fmt.Sprintf("%s-%d", is.api, n+1))
					defer s.leave()
					look := s.worker.toCloud.holdAnswer(is.look)
					s.document = strings.ReplaceAll(is.document, "NAME", s.id)
					s.begin()
					s.reach(look)
					look.deliver()
					p.dies(s)
					s.requireCancelled()
					require.Equal(t, 1, c.cancelled(s.id, is.api))
				})
			})
		}
	}
	all.Wait()
	c.close(t, sum, "make crash")
}

// crashWhileCancelledInFlight: what a call made whose answer nobody heard, because the
// build was cancelled and its worker died, is found and removed.
func crashWhileCancelledInFlight(t *testing.T, sum *report) {
	c := newCast(t, castOptions{speed: "3000"})
	var points []point
	for _, api := range mutations {
		for _, p := range inFlight(api) {
			points = append(points, point{api + " " + p.name, p.dies})
		}
	}
	c.scenes(t, "in-flight", points, func(s *scene) { s.requireCancelled() })
	c.close(t, sum, "make crash")
}

// requireCancelled waits until the build is cancelled, and has left nothing.
func (s *scene) requireCancelled() {
	s.t.Helper()
	b := s.end(s.id, s.document)
	var cancelled *temporal.CanceledError
	require.ErrorAs(s.t, b.err, &cancelled)
	b.unwanted = true
	require.Empty(s.t, s.living(s.hear(s.t, b)))
}

// living are the resources of a build that are there to be used or paid for.
func (s *scene) living(said testimony) (found []string) {
	d := newDocket(evidence{requests: s.log.all(), after: s.state(s.t), builds: []testimony{said}})
	for id, thing := range d.things {
		if thing.build == said.id && thing.live() && !thing.over() {
			found = append(found, thing.Kind+" "+id)
		}
	}
	return found
}

// cancelled is how often a call has cancelled what a build had begun.
func (c *cast) cancelled(build, api string) (n int) {
	requests := c.log.all()
	d := newDocket(evidence{requests: requests, builds: []testimony{{id: build}}})
	for _, r := range requests {
		if r.api() == api && r.made() && d.owner(targetOf(r)) == build {
			n++
		}
	}
	return n
}
