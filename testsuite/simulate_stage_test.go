package testsuite

import (
	"bytes"
	"encoding/json"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/spec"
	"github.com/seed1230462e/kiln/workflows"
)

// stage is where a plot is played: a cloud in a bubble, workers, and what is waited for.
type stage struct {
	*yard
	plot       plot
	crew       *crew
	templateID string
	began      time.Time
	over       chan struct{}
	meanwhile  sync.WaitGroup

	mu         sync.Mutex
	counts     map[string]int // requests by API
	cues       map[cue][]func()
	holding    []*weather // in the order of the plot; nil does not hold now
	excused    map[string]bool
	cancelling map[string]func() // builds that run, or have run
	cancels    int
	logs       bytes.Buffer
}

// cue is the Nth request of an API.
type cue struct {
	api string
	n   int
}

// findings are what came of a plot.
type findings struct {
	violations []violation
	tally      tally
}

// play runs a plot and audits it.
func (p plot) play(t *testing.T) (f findings) {
	bubbleAt(t, p.Speed, func(y *yard) {
		s := &stage{
			yard: y, plot: p, crew: newCrew(p.losses()), began: time.Now(), over: make(chan struct{}),
			counts: map[string]int{}, cues: map[cue][]func(){}, excused: map[string]bool{},
			cancelling: map[string]func(){},
		}
		f = s.run()
	})
	return f
}

func (p plot) losses() (all []loss) {
	for _, e := range p.Events {
		if e.Loss != nil {
			all = append(all, *e.Loss)
		}
	}
	return all
}

func (s *stage) run() findings {
	s.plantAll()
	before, known := s.state(), len(s.log.read(s.t))
	s.log.heard = s.hear
	s.began = time.Now()
	for n, e := range s.plot.Events {
		s.prepare(n, e)
	}
	builds := s.buildAll()
	close(s.over)
	s.meanwhile.Wait()
	s.crew.stalled.Wait()
	e := evidence{
		before: before, requests: s.log.read(s.t)[known:], after: s.state(), builds: builds,
		losses: s.crew.lost, strays: s.crew.strays, excused: s.excused, secrets: []string{yardSecret}, said: map[string]string{"the logs": s.logged()},
	}
	return findings{violations: audit(e), tally: s.tallyOf(e)}
}

// buildAll runs all builds and returns what their runs said.
func (s *stage) buildAll() []testimony {
	said := make([][]testimony, len(s.plot.Builds))
	ended := make([]chan struct{}, len(said))
	for n := range ended {
		ended[n] = make(chan struct{})
	}
	for n, b := range s.plot.Builds {
		go func() {
			defer close(ended[n])
			time.Sleep(time.Duration(b.After))
			if b.Then && n > 0 {
				<-ended[n-1]
			}
			said[n] = s.runs(b)
		}()
	}
	for _, end := range ended {
		<-end
	}
	return slices.Concat(said...)
}

// runs runs a build, and again as often as the plot wants and it has not succeeded.
func (s *stage) runs(b plotBuild) []testimony {
	said := []testimony{s.build(b, nil)}
	for _, next := range b.Again {
		last := said[len(said)-1]
		if last.result != nil || !last.ended() {
			break
		}
		if next.Content != "" && len(b.Shape.Components) > 0 {
			b.Shape.Components = slices.Clone(b.Shape.Components)
			b.Shape.Components[0].Content = next.Content
		}
		said = append(said, s.build(b, &workflows.Retry{
			RunID: last.progress.RunID, Origin: last.progress.RunID, From: next.From, Resources: last.ledger(),
		}))
	}
	return said
}

// longestRun is beyond all that a document's timeouts add up to.
const longestRun = 96 * time.Hour

// build runs one run of a build to its end.
func (s *stage) build(b plotBuild, retry *workflows.Retry) testimony {
	document := b.Shape.document(s.templateID)
	read, err := spec.Read("document", []byte(document), spec.Options{})
	require.NoError(s.t, err, "the plot wants a document that is none: %s", document)
	var endless atomic.Bool
	v, err := s.yard.run(order{
		id: b.ID, document: document, retry: retry, workers: s.crew, logs: s, metrics: tags{s},
		at: map[time.Duration]func(){longestRun: func() {
			endless.Store(true)
			s.cancel(b.ID)
		}},
		meanwhile: func(cancel func()) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.cancelling[b.ID] = cancel
		},
	})
	said := v.testimony(b.ID)
	switch {
	case err != nil:
		said = testimony{id: b.ID, progress: v.progress, stuck: err.Error()}
	case endless.Load():
		said = testimony{id: b.ID, progress: v.progress, stuck: "it was cancelled after " + longestRun.String()}
	}
	said.document, said.mustSucceed = read, s.plot.gentle()
	return said
}

// logged is what the workers have logged so far; a late one may still be at it.
func (s *stage) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs.String()
}

// Write takes what the workers log.
func (s *stage) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logs.Write(p)
}

// prepare sees to it that an event happens.
func (s *stage) prepare(n int, e event) {
	switch {
	case e.Fault != nil:
		s.yard.plan(*e.Fault)
	case e.Weather != nil:
		s.at(e.Weather.From, func() { s.change(n, e.Weather) })
	case e.Kill != nil:
		s.at(*e.Kill, s.crew.kill)
	case e.Cancel != nil:
		s.at(e.Cancel.At, func() { s.cancel(e.Cancel.Build) })
	case e.Act != nil:
		s.at(e.Act.At, func() { s.meanwhile.Go(func() { s.act(*e.Act) }) })
	}
}

// at does something at a moment, unless all is over by then.
func (s *stage) at(m instant, do func()) {
	switch {
	case m.Call != "":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cues[cue{m.Call, m.N}] = append(s.cues[cue{m.Call, m.N}], do)
	case m.After == 0:
		do()
	default:
		s.later(time.Duration(m.After), do)
	}
}

func (s *stage) later(in time.Duration, do func()) {
	s.meanwhile.Go(func() {
		select {
		case <-time.After(in):
			do()
		case <-s.over:
		}
	})
}

// hear counts a request, and does what waited for it before its answer leaves.
func (s *stage) hear(line []byte) {
	var r request
	_ = json.Unmarshal(line, &r)
	s.mu.Lock()
	s.counts[r.api()]++
	due := s.cues[cue{r.api(), s.counts[r.api()]}]
	s.mu.Unlock()
	for _, do := range due {
		do()
	}
}

// change brings a weather, for a while or for good.
func (s *stage) change(n int, w *weather) {
	s.hold(n, w)
	if w.For > 0 {
		s.later(time.Duration(w.For), func() { s.hold(n, nil) })
	}
}

func (s *stage) hold(n int, w *weather) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.holding == nil {
		s.holding = make([]*weather, len(s.plot.Events))
	}
	s.holding[n] = w
	var now []weather
	for _, one := range s.holding {
		if one != nil {
			now = append(now, *one)
		}
	}
	require.NoError(s.t, s.server.Set(weatherAt(now)))
}

func (s *stage) cancel(build string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.cancelling[build]; cancel != nil {
		s.cancels++
		go cancel()
	}
}
