//go:build e2e

package testsuite

import (
	"cmp"
	"slices"
	"time"

	"github.com/stretchr/testify/require"
)

// absence is something that a blow took away.
type absence struct {
	rank rank
	back func(alone bool)
}

// rank is the order in which things come back: a server is missed by workers only, and the
// cloud by builds that Temporal lets go on.
type rank int

const (
	rankWorkers rank = iota
	rankTemporal
	rankCloud
)

// strike waits for the moment of a blow and strikes.
func (s *storm) strike(b blow) {
	worker := s.hands[b.worker]
	if !b.joined {
		worker = s.await(b, worker)
	}
	s.note("%v (%s)", b, worker.name)
	switch b.target {
	case oneWorker:
		s.killWorkers(worker)
	case allWorkers:
		s.killWorkers(s.hands...)
	case theTemporal:
		s.killServer(s.temporal, farTemporal, b.lasts)
	case theCloud:
		s.killServer(s.cloud, farCloud, b.lasts)
	case allAtOnce:
		s.killServer(s.temporal, farTemporal, b.lasts)
		s.killWorkers(s.hands...)
		s.killServer(s.cloud, farCloud, b.lasts)
	case oneNetwork:
		s.disturbAll(b, worker)
	case allNetworks:
		s.disturbAll(b, s.hands...)
	}
}

// await waits for a blow's moment and returns the worker that it belongs to, or the one
// that the blow names.
func (s *storm) await(b blow, named *hand) *hand {
	if b.timing == aRequest {
		before := s.log.length()
		s.until("the cloud is asked", func() bool { return s.log.length() >= before+b.nth })
		return named
	}
	for len(s.seen) > 0 {
		<-s.seen // what was before the last blow
	}
	for n := 0; ; {
		select {
		case p := <-s.seen:
			if p.answer == (b.timing == anAnswer) {
				n++
			}
			if n == b.nth {
				at := slices.IndexFunc(s.hands, func(h *hand) bool { return h.toCloud == p.network })
				return s.hands[at]
			}
		case <-time.After(endurance):
			require.FailNow(s.t, "no build goes on")
		}
	}
}

func (s *storm) takeAway(r rank, back func(alone bool)) { s.gone = append(s.gone, absence{r, back}) }

func (s *storm) killWorkers(hands ...*hand) {
	for _, h := range hands {
		s.lose(h.actor)
	}
	s.takeAway(rankWorkers, func(bool) {
		for _, h := range s.hands {
			h.start()
		}
	})
}

// killServer kills a server until the workers have missed it some times.
func (s *storm) killServer(server *actor, other far, times int) {
	s.lose(server)
	s.takeAway(rankOf[other], func(bool) {
		if server.lives() {
			return // another blow had taken it away before, and it is back
		}
		before := s.tried(other)
		s.until(server.name+" is missed", func() bool { return s.tried(other) >= before+times })
		server.start()
	})
}

var rankOf = map[far]rank{farTemporal: rankTemporal, farCloud: rankCloud}

// networksTo are those of some workers.
func networksTo(other far, hands ...*hand) []*network {
	var all []*network
	for _, h := range hands {
		all = append(all, map[far]*network{farTemporal: h.toTemporal, farCloud: h.toCloud}[other])
	}
	return all
}

// tried counts the connections to a server that all workers have asked for in vain.
func (s *storm) tried(other far) (n int) {
	for _, network := range networksTo(other, s.hands...) {
		n += network.tried()
	}
	return n
}

// disturbAll cuts the networks of some workers, or makes them silent.
func (s *storm) disturbAll(b blow, hands ...*hand) {
	networks := networksTo(b.network, hands...)
	for _, n := range networks {
		s.disturb(string(b.network)+" "+string(b.manner), func() { n.set(b.state()) })
	}
	s.takeAway(rankOf[b.network], func(alone bool) {
		networks = slices.DeleteFunc(networks, (*network).works) // they healed with another blow
		if len(networks) == 0 {
			return
		}
		s.felt(b, networks, alone)
		for _, n := range networks {
			if b.manner == mannerLost {
				n.cut()
			}
			n.heal()
		}
	})
}

// felt waits until it makes a difference that networks do not work: something is tried in
// vain, or stuck. The other workers may go on for a while then.
func (s *storm) felt(b blow, networks []*network, alone bool) {
	s.until("the network to "+string(b.network)+" is missed", func() bool {
		return slices.ContainsFunc(networks, func(n *network) bool { return n.missed() })
	})
	if alone && b.target == oneNetwork {
		before := s.log.length()
		s.until("the other workers go on", func() bool { return s.log.length() >= before+20*b.lasts })
	}
}

// mend brings back what is gone.
func (s *storm) mend() {
	slices.SortStableFunc(s.gone, func(a, b absence) int { return cmp.Compare(a.rank, b.rank) })
	for n, l := range s.gone {
		l.back(len(s.gone) == 1 && n == 0)
	}
	s.gone = nil
}
