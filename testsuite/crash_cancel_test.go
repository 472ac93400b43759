//go:build e2e

package testsuite

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
)

// cancellations are the calls with which a cancelled build ends what runs for it, and the
// look during which it is cancelled.
var cancellations = []struct {
	document, look, api string
	awaited             bool // it is not over at once
}{
	{goldenBuild, "DescribeTaskAttribute", "CancelTask", false},
	{onTopBuild, "DescribeImagePipelineExecutions", "CancelImagePipelineExecution", true},
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

// awaitedEnd: the worker dies while it waits until a cancelled execution is over.
func awaitedEnd(s *scene) {
	h := s.worker.toCloud.holdAnswer("CancelImagePipelineExecution")
	s.cancel()
	s.reach(h)
	look := s.worker.toCloud.holdCall("DescribeImagePipelineExecutions")
	h.deliver()
	s.reach(look)
	s.lose(s.worker.actor)
	look.drop()
	s.successor()
}

// crashWhileCancelling: a cancelled build ends what runs for it, and removes what it has
// made, whenever a worker dies.
func crashWhileCancelling(t *testing.T, sum *report) {
	c := newCast(t, castOptions{speed: "3"}) // nothing is over before it is cancelled
	var points []point
	for _, is := range cancellations {
		moments := endingPoints(is.api, (*scene).cancel)
		if is.awaited {
			moments = append(moments, point{"killed while it waits for the end", awaitedEnd})
		}
		for _, p := range moments {
			points = append(points, point{is.api + " " + p.name, func(s *scene) {
				s.document = strings.ReplaceAll(is.document, "NAME", s.id)
				look := s.worker.toCloud.holdAnswer(is.look)
				s.begin()
				s.reach(look)
				look.deliver()
				p.dies(s)
			}})
		}
	}
	c.scenes(t, "cancelling", points, func(s *scene) {
		s.requireCancelled()
		require.Equal(s.t, 1, s.ended(), "what ran is ended once")
	})
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
	b := s.end(s.build)
	b.unwanted = true
	said := s.hear(s.t, b)
	var cancelled *temporal.CanceledError
	require.ErrorAs(s.t, b.err, &cancelled)
	require.Empty(s.t, s.living(said))
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

// ended is how often a call has ended what ran for the build.
func (s *scene) ended() (n int) {
	requests := s.log.all()
	d := newDocket(evidence{requests: requests, builds: []testimony{{id: s.id}}})
	for _, r := range requests {
		if slices.Contains([]string{"CancelTask", "CancelImagePipelineExecution"}, r.api()) && r.made() && d.owner(targetOf(r)) == s.id {
			n++
		}
	}
	return n
}
