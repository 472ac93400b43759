//go:build e2e

package testsuite

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/activities"
)

// made is what a worker says when it has the answer to a call that makes something.
var made = map[string]string{
	"ImportImage":                 "Import accepted",
	"CreateImageComponent":        "Component made",
	"CreateImagePipeline":         "Template made",
	"StartImagePipelineExecution": "Execution started",
	"BatchCompute.CreateImage":    "Image registered",
}

// seekers is how an attempt finds out what a lost call has made.
var seekers = map[string]string{
	"ImportImage":                 "DescribeImages",
	"CreateImageComponent":        "DescribeImageComponents",
	"CreateImagePipeline":         "DescribeImagePipelines",
	"StartImagePipelineExecution": "DescribeImagePipelineExecutions",
	"BatchCompute.CreateImage":    "BatchCompute.ListImages",
}

// point is a moment of a build at which something dies.
type point struct {
	name string
	dies func(s *scene)
}

// scene is a build at a point, with a task queue and workers of its own.
type scene struct {
	*cast
	t        *testing.T
	id       string // of the build and its task queue
	build    built
	document string
	worker   *hand   // the last
	workers  []*hand // all
}

// goldenBuild is the whole story in one document.
const goldenBuild = `{"name": "NAME", "region": "cn-hangzhou",
	"source": {"import": {"disks": [{"bucket": "kiln-examples", "object": "disks/base.qcow2", "format": "QCOW2", "sizeGiB": 40}]}},
	"components": [{"name": "NAME", "content": "RUN echo NAME"}],
	"batchCompute": {"name": "NAME"}}`

// pinTimeout is long enough to pin a call whose worker has to do something meanwhile.
const pinTimeout = "10s"

// newScene is a scene with its first worker.
func (c *cast) newScene(t *testing.T, id string) *scene {
	s := &scene{cast: c, t: t, id: id, document: strings.ReplaceAll(goldenBuild, "NAME", id)}
	s.successor()
	return s
}

// successor is the worker that takes over.
func (s *scene) successor() *hand {
	s.worker = s.newHand(s.t, s.id, pinTimeout)
	s.workers = append(s.workers, s.worker)
	return s.worker
}

// leave sends the workers home.
func (s *scene) leave() {
	for _, w := range s.workers {
		w.kill()
	}
}

// begin starts the build of the scene.
func (s *scene) begin() {
	s.t.Helper()
	var err error
	s.build, err = s.cast.begin(s.id, s.id, s.document)
	require.NoError(s.t, err)
}

// reach waits until a call is where it is to be held, and makes sure that the cloud has
// given effect to it or not.
func (s *scene) reach(h *hold) {
	s.t.Helper()
	eventually(s.t, h.api+" is held", func() bool {
		select {
		case <-h.reached:
			return true
		default:
			return false
		}
	})
	if _, creates := made[h.api]; creates {
		require.Equal(s.t, h.answer, s.effects(h.api) == 1, "what is held is on the right side of the effect")
	}
}

// effects are the effects that a call of the scene's build has had, by the cloud's log.
func (s *scene) effects(api string) int {
	n := 0
	for _, r := range s.log.all() {
		if r.api() == api && r.made() && (tagsOf(r)[activities.TagBuild] == s.id || r.Params["Name"] == s.id) {
			n++
		}
	}
	return n
}

// The points of a call that makes something. Each holds the call on its way, so that it is
// not chance where the worker dies.
func pointsOf(api string) []point {
	return []point{
		{"killed before the cloud has the call", func(s *scene) {
			h := s.worker.toCloud.holdCall(api)
			s.begin()
			s.reach(h)
			s.lose(s.worker.actor)
			h.drop()
			s.successor()
		}},
		{"killed, and the call arrives after its successor's", func(s *scene) {
			h := s.worker.toCloud.holdCall(api)
			s.begin()
			s.reach(h)
			s.lose(s.worker.actor)
			again := s.successor().toCloud.holdAnswer(api)
			s.reach(again)
			before := s.log.asked(api)
			h.deliver()
			eventually(s.t, "the late call arrives", func() bool { return s.log.asked(api) > before })
			again.deliver()
		}},
		{"killed after the effect, the answer on its way", func(s *scene) {
			h := s.worker.toCloud.holdAnswer(api)
			s.begin()
			s.reach(h)
			s.lose(s.worker.actor)
			h.drop()
			s.successor()
		}},
		{"killed after the answer, before it is recorded", func(s *scene) {
			s.answerUnrecorded(api)
			s.lose(s.worker.actor)
			s.successor()
		}},
		{"killed while it looks for what a lost call has made", func(s *scene) {
			h := s.worker.toCloud.holdAnswer(api)
			s.begin()
			s.reach(h)
			s.lose(s.worker.actor)
			h.drop()
			look := s.successor().toCloud.holdAnswer(seekers[api])
			s.reach(look)
			s.lose(s.worker.actor)
			look.drop()
			s.successor()
		}},
		{"not killed but cut off, until its successor has taken over", func(s *scene) {
			h := s.worker.toCloud.holdCall(api)
			s.begin()
			s.reach(h)
			first := s.worker
			s.disturb("temporal cut", first.toTemporal.silence)
			again := s.successor().toCloud.holdAnswer(api)
			s.reach(again)
			h.deliver()
			first.toTemporal.heal()
			again.deliver()
		}},
		{"not killed: what it made cannot be reported for a while", func(s *scene) {
			s.answerUnrecorded(api)
			tried := s.worker.toTemporal.tried()
			eventually(s.t, "the worker misses Temporal", func() bool { return s.worker.toTemporal.tried() > tried })
			s.worker.toTemporal.heal()
		}},
	}
}

// answerUnrecorded brings the answer to a call to the worker, which cannot tell Temporal.
func (s *scene) answerUnrecorded(api string) {
	h := s.worker.toCloud.holdAnswer(api)
	s.begin()
	s.reach(h)
	s.disturb("temporal cut", s.worker.toTemporal.cut)
	h.deliver()
	s.worker.awaitSaying(s.t, made[api])
}

// waits are the looks of the waits that a worker can die in.
var waits = []struct{ name, look string }{
	{"the import's task", "DescribeTaskAttribute"},
	{"the imported image", "DescribeImages"},
	{"the execution", "DescribeImagePipelineExecutions"},
}

// effectPoints are all of them.
func effectPoints() []point {
	var all []point
	for _, api := range mutations {
		for _, p := range pointsOf(api) {
			all = append(all, point{api + " " + p.name, p.dies})
		}
	}
	for _, wait := range waits {
		all = append(all, point{"wait for " + wait.name + " killed in a look", func(s *scene) {
			h := s.worker.toCloud.holdCall(wait.look)
			s.begin()
			s.reach(h)
			s.lose(s.worker.actor)
			h.drop()
			s.successor()
		}})
	}
	return all
}

// scenesAtOnce is how many builds are brought to their points at the same time: they
// mostly wait for timeouts.
const scenesAtOnce = 12

// crashAtEachEffect: whenever a worker dies, its successor finishes the build, and
// nothing is made twice.
func crashAtEachEffect(t *testing.T, sum *report) {
	c := newCast(t, castOptions{speed: "3000"})
	c.scenes(t, "effects", effectPoints(), func(s *scene) { s.requireBuilt() })
	c.close(t, sum, "make crash")
}

// scenes brings a build to each point, and sees how it ends.
func (c *cast) scenes(t *testing.T, part string, points []point, ends func(*scene)) {
	slots := make(chan struct{}, scenesAtOnce)
	var all sync.WaitGroup
	for n, p := range points {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			t.Run(p.name, func(t *testing.T) {
				s := c.newScene(t, fmt.Sprintf("%s-%d", part, n+1))
				defer s.leave()
				p.dies(s)
				ends(s)
			})
		})
	}
	all.Wait()
	c.toll.points.add(part, len(points))
}

// requireBuilt waits until the build has succeeded.
func (s *scene) requireBuilt() testimony {
	s.t.Helper()
	b := s.end(s.build)
	said := s.hear(s.t, b)
	require.NoError(s.t, b.err)
	return said
}
