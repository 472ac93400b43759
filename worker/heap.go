package worker

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// leastHeap is how far a worker's heap grows before it is collected. A worker with little
	// to remember would otherwise collect a few MB several times a second, up to a
	// tenth of its CPU. Beyond half of it Go's own rule wants as much.
	leastHeap = 64 << 20
	// usualPercent is Go's own rule: collect when the heap has doubled.
	usualPercent = 100
)

// collectFrom lets the heap grow to least bytes before the collector comes, until the
// function it returns is called. Who sets GOGC has it their way.
func collectFrom(least uint64) (stop func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	var mu sync.Mutex
	stopped := false
	var adjust func(struct{})
	adjust = func(struct{}) {
		mu.Lock()
		defer mu.Unlock()
		if stopped {
			return
		}
		debug.SetGCPercent(percentFor(least, heapAfterCollection()))
		runtime.AddCleanup(new(*byte), adjust, struct{}{}) // the next collection finds it
	}
	adjust(struct{}{})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		stopped = true
		debug.SetGCPercent(usualPercent)
	}
}

// heapState is what the last collection left: bytes in use, and bytes it had to look through.
type heapState struct{ live, scanned uint64 }

func heapAfterCollection() heapState {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(samples)
	live := samples[0].Value.Uint64()
	return heapState{live: live, scanned: live + samples[1].Value.Uint64() + samples[2].Value.Uint64()}
}

// smallestHeap is what Go lets grow before it collects, times GOGC percent, however little lives.
const smallestHeap = 4 << 20

// percentFor is the GOGC by which a heap is collected at least bytes, or by the usual rule
// where that is later. (Go GC guide: the target is what lives, and GOGC percent of that with
// stacks and globals.)
func percentFor(least uint64, h heapState) int {
	if h.live >= least {
		return usualPercent
	}
	return max(usualPercent, int(100*(least-h.live)/max(smallestHeap, h.scanned)))
}
