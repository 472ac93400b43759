//go:build e2e

package testsuite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	stormWorkers = 3
	stormBuilds  = 20  // at a time
	stormKills   = 200 // at most: more are told in several stories, each in a cast of its own
)

// crashInStorms strikes a cast at random moments while many builds run, until as many
// blows as wanted have killed something. Every build has to succeed all the same.
func crashInStorms(t *testing.T, sum *report) {
	seed := number(t, "KILN_CRASH_SEED", 1)
	for kills := int(number(t, "KILN_CRASH_N", 20)); kills > 0; kills -= stormKills {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { tellStory(t, sum, seed, min(kills, stormKills)) })
		seed++
	}
}

// storm is a cast under blows.
type storm struct {
	*cast
	t     *testing.T
	seed  uint64
	seen  chan passage // calls that make something, and their answers
	gone  []absence
	diary *os.File

	started atomic.Int64  // builds
	calls   atomic.Int64  // that made something, or were to
	over    chan struct{} // closed when no more builds are to begin
	crowd   sync.WaitGroup
	mu      sync.Mutex
	ended   []built
}

func tellStory(t *testing.T, sum *report, seed uint64, kills int) {
	again := fmt.Sprintf("make crash N=%d SEED=%d", kills, seed)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("again: %s", again)
		}
	})
	s := &storm{t: t, seed: seed, seen: make(chan passage, 1000), over: make(chan struct{})}
	s.cast = newCast(t, castOptions{speed: "600", faults: stormFaults(seed), passes: s.passes})
	s.openDiary()
	for range stormWorkers {
		s.newHand(t, "kiln", "3s")
	}
	if forgetful(seed) {
		s.admin(t, http.MethodPut, "conditions", `{"tokensIgnored": true, "listLagReal": "500ms"}`)
	}
	template := s.template()
	for range stormBuilds {
		s.crowd.Go(func() { s.buildOn(template) })
	}
	story := storyOf(seed, kills)
	for n, b := range story {
		s.strike(b)
		if n+1 == len(story) || !story[n+1].joined {
			s.mend()
		}
	}
	close(s.over)
	s.calm()
	s.crowd.Wait()
	for _, b := range s.ended {
		s.hear(t, b)
	}
	s.close(t, sum, again)
}

// forgetful tells of every third story: its cloud forgets the tokens and is slow to list
// what it has made, so that only Kiln's own looks keep it from making things twice. There
// no call arrives late, which nothing but a token could defend.
func forgetful(seed uint64) bool { return seed%3 == 0 }

// stormFaults are what goes wrong with the calls that reach the cloud: with many of those
// that make something, and with some of all. Each life of the cloud has others.
func stormFaults(seed uint64) func(life int) string {
	return func(life int) string {
		var plan strings.Builder
		chance := rand.New(rand.NewPCG(seed, uint64(life)))
		fault := func(action, what string, percent float64) {
			fmt.Fprintf(&plan, "- {action: '%s', %s, probability: %g, seed: %d}\n", action, what, percent/100, chance.Uint32())
		}
		for _, api := range mutations {
			fault(api, "do: hang, when: before", 2)
			fault(api, "do: hang, when: after", 2)
			fault(api, "do: reset, when: after", 3)
			fault(api, "do: empty, when: after", 1)
			fault(api, "do: truncate, when: after", 1)
			fault(api, "do: wrongTypes, when: after", 1)
		}
		fault("*", "do: reset", 0.2)
		fault("*", "do: html502", 0.2)
		fault("*", "do: refuse, code: ServiceUnavailable", 0.5)
		fault("*", "do: refuse, code: Throttling.User, retryAfterMs: 500", 0.1) // each silences a worker for the rest of the minute
		fault("*", "do: delay, delayMs: 200", 1)
		return plan.String()
	}
}

// passes hears of what the workers call.
func (s *storm) passes(p passage) {
	if slices.Contains(mutations, p.api) {
		if p.answer {
			s.calls.Add(1)
		}
		select {
		case s.seen <- p:
		default: // nobody has listened for long; the storm is over
		}
	}
}

func (s *storm) openDiary() {
	var err error
	s.diary, err = os.Create(filepath.Join(s.folder, "story.log"))
	require.NoError(s.t, err)
	s.t.Cleanup(func() { _ = s.diary.Close() })
}

func (s *storm) note(format string, args ...any) {
	_, _ = fmt.Fprintf(s.diary, time.Now().Format("15:04:05.000 ")+format+"\n", args...)
}

// until waits for something that others have to do.
func (s *storm) until(what string, condition func() bool) {
	s.t.Helper()
	require.NoError(s.t, persist("wait until "+what, func(context.Context) error {
		if !condition() {
			return errors.New("not yet")
		}
		return nil
	}))
}

// calm ends the faults of the cloud.
func (s *storm) calm() {
	s.admin(s.t, http.MethodDelete, "faults", "")
}
