//go:build e2e

package testsuite

import (
	"sync"
	"testing"
)

// TestCrash kills real processes with SIGKILL, at each effect of a build and at random
// moments, and asks the cloud afterwards whether anything was lost or made twice. `make
// crash N=1000 SEED=7` runs it with a thousand random kills.
func TestCrash(t *testing.T) {
	var sum report
	var all sync.WaitGroup // they mostly wait for timeouts
	for name, test := range map[string]func(*testing.T, *report){
		"effects": crashAtEachEffect, "deletions": crashAtEachDeletion, "servers": crashOfServers, "turn": crashWhileWaitingForATurn,
		"cancelling": crashWhileCancelling, "cancelled in flight": crashWhileCancelledInFlight, "storm": crashInStorms,
	} {
		all.Go(func() { t.Run(name, func(t *testing.T) { test(t, &sum) }) })
	}
	all.Wait()
	t.Logf("all of it:\n%s", sum.String())
}
