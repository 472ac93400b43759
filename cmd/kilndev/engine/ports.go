package engine

import (
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/testing/freeport"
)

// ports of the four services.
type ports struct{ frontend, history, matching, worker int }

// pickPorts finds free ports for the services that nobody calls from outside, and for
// the frontend if it is 0.
func pickPorts(frontend int) ports {
	if frontend == 0 {
		frontend = freeport.MustGetFreePort()
	}
	return ports{
		frontend: frontend,
		history:  freeport.MustGetFreePort(),
		matching: freeport.MustGetFreePort(),
		worker:   freeport.MustGetFreePort(),
	}
}

func (p ports) byService() map[primitives.ServiceName]int {
	return map[primitives.ServiceName]int{
		primitives.FrontendService: p.frontend,
		primitives.HistoryService:  p.history,
		primitives.MatchingService: p.matching,
		primitives.WorkerService:   p.worker,
	}
}
