//go:build e2e

package testsuite

import (
	"testing"
)

// outages are the moments at which a server goes away, or all do. Each leaves the worker
// alive, unless it says otherwise, and brings back what went.
var outages = []point{
	{"Temporal during a call", func(s *scene) {
		h := s.worker.toCloud.holdAnswer("ImportImage")
		s.begin()
		s.reach(h)
		s.lose(s.temporal)
		h.deliver()
		s.worker.awaitSaying(s.t, made["ImportImage"])
		s.missed(s.worker.toTemporal)
		s.temporal.start()
	}},
	{"Temporal during a wait", func(s *scene) {
		h := s.worker.toCloud.holdCall("DescribeTaskAttribute")
		s.begin()
		s.reach(h)
		s.lose(s.temporal)
		h.deliver()
		s.missed(s.worker.toTemporal)
		s.temporal.start()
	}},
	{"the cloud before the effect of a call", func(s *scene) {
		h := s.worker.toCloud.holdCall("CreateImagePipeline")
		s.begin()
		s.reach(h)
		s.lose(s.cloud)
		h.deliver()
		s.missed(s.worker.toCloud)
		s.cloud.start()
	}},
	{"the cloud after the effect of a call", func(s *scene) {
		h := s.worker.toCloud.holdAnswer("StartImagePipelineExecution")
		s.begin()
		s.reach(h)
		s.lose(s.cloud)
		h.drop()
		s.missed(s.worker.toCloud)
		s.cloud.start()
	}},
	{"the cloud during a wait", func(s *scene) {
		h := s.worker.toCloud.holdCall("DescribeImagePipelineExecutions")
		s.begin()
		s.reach(h)
		s.lose(s.cloud)
		h.drop()
		s.missed(s.worker.toCloud)
		s.cloud.start()
	}},
	{"the way to the cloud during a wait", func(s *scene) {
		h := s.worker.toCloud.holdCall("DescribeTaskAttribute")
		s.begin()
		s.reach(h)
		s.disturb("cloud cut", s.worker.toCloud.cut)
		s.missed(s.worker.toCloud)
		s.worker.toCloud.heal()
	}},
	{"everything after the effect of a call", func(s *scene) {
		h := s.worker.toCloud.holdAnswer("BatchCompute.CreateImage")
		s.begin()
		s.reach(h)
		s.lose(s.temporal)
		s.lose(s.worker.actor)
		s.lose(s.cloud)
		h.drop()
		s.cloud.start()
		s.temporal.start()
		s.successor()
	}},
}

// missed waits until a worker has felt that the other side is gone.
func (s *scene) missed(n *network) {
	s.t.Helper()
	before := n.tried()
	eventually(s.t, "a server is missed", func() bool { return n.tried() > before })
}

// crashOfServers: whatever server goes away, the build goes on when it is back, and
// nothing is made twice.
func crashOfServers(t *testing.T, sum *report) {
	for _, o := range outages {
		t.Run(o.name, func(t *testing.T) {
			c := newCast(t, castOptions{speed: "3000"})
			s := c.newScene(t, "outage")
			o.dies(s)
			s.requireBuilt()
			c.toll.points.add("servers", 1)
			c.close(t, sum, "make crash")
		})
	}
}
