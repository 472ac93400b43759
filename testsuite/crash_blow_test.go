//go:build e2e

package testsuite

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// blow is one thing that goes wrong in a storm. All of it is drawn beforehand, and its
// moment is counted in what is seen of the builds, so that a seed always tells the same story.
type blow struct {
	timing  timing
	nth     int // of these moments, from the last blow on
	target  target
	worker  int // which one, when the moment is none of a worker's own
	network far
	manner  manner
	lasts   int // how often what is gone is missed before it comes back
	// joined blows are struck while what the one before took away is still gone.
	joined bool
}

// timing is what a blow waits for.
type timing string

const (
	aRequest timing = "request" // that the cloud has answered
	aCall    timing = "call"    // that makes something, on its way to the cloud
	anAnswer timing = "answer"  // to such a call, on its way back
)

// target is what a blow strikes.
type target string

const (
	oneWorker   target = "worker"
	allWorkers  target = "all workers"
	theTemporal target = "temporal"
	theCloud    target = "cloud"
	allAtOnce   target = "everything"
	oneNetwork  target = "network of one worker"
	allNetworks target = "network of all workers"
)

// far is the other side of a worker's network.
type far string

const (
	farTemporal far = "temporal"
	farCloud    far = "cloud"
)

// manner is what becomes of a network.
type manner string

const (
	mannerCut  manner = "cut"  // connections are reset, and so are new ones
	mannerLate manner = "late" // silence, and what was sent meanwhile arrives late
	mannerLost manner = "lost" // silence, and what was sent meanwhile is lost
)

// kills tells whether a blow kills something.
func (b blow) kills() bool { return b.target != oneNetwork && b.target != allNetworks }

// state is that of the networks that a blow strikes.
func (b blow) state() networkState {
	if b.manner == mannerCut {
		return networkCut
	}
	return networkSilent
}

// String is such as "at call 2: worker".
func (b blow) String() string {
	text := fmt.Sprintf("at %s %d: %s", b.timing, b.nth, b.target)
	if b.joined {
		text = fmt.Sprintf("at once: %s", b.target)
	}
	if !b.kills() {
		text += fmt.Sprintf(" to %s, %s", b.network, b.manner)
	}
	return text
}

// targets are what chance draws from.
var targets = slices.Concat(
	slices.Repeat([]target{oneWorker}, 46), slices.Repeat([]target{allWorkers}, 8), slices.Repeat([]target{theTemporal}, 12),
	slices.Repeat([]target{theCloud}, 14), slices.Repeat([]target{allAtOnce}, 3),
	slices.Repeat([]target{oneNetwork}, 13), slices.Repeat([]target{allNetworks}, 4),
)

// storyOf draws blows until a number of them kill.
func storyOf(seed uint64, kills int) []blow {
	chance := rand.New(rand.NewPCG(seed, 0))
	var story []blow
	for kills > 0 {
		b := drawBlow(chance)
		if b.manner == mannerLate && b.network == farCloud && forgetful(seed) {
			b.manner = mannerLost
		}
		story = append(story, b)
		if b.kills() {
			kills--
		}
	}
	return story
}

func drawBlow(chance *rand.Rand) blow {
	b := blow{
		timing:  oneOf(chance, aRequest, aCall, anAnswer),
		nth:     1 + chance.IntN(2),
		target:  oneOf(chance, targets...),
		worker:  chance.IntN(stormWorkers),
		network: oneOf(chance, farTemporal, farCloud),
		manner:  oneOf(chance, mannerCut, mannerLate, mannerLost),
		lasts:   chance.IntN(4),
		joined:  chance.IntN(8) == 0,
	}
	if b.timing == aRequest {
		b.nth = 1 + chance.IntN(15) // most of them are looks
	}
	return b
}

func oneOf[T any](chance *rand.Rand, from ...T) T { return from[chance.IntN(len(from))] }
