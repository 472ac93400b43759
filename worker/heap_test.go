package worker

import (
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPercentFor(t *testing.T) {
	const mb = 1 << 20
	for _, tt := range []struct {
		name  string
		state heapState
		want  int
	}{
		{"before the first collection", heapState{}, 1600},
		{"next to nothing lives", heapState{live: mb, scanned: 2 * mb}, 1575},
		{"little lives", heapState{live: 4 * mb, scanned: 5 * mb}, 1200},
		{"stacks count", heapState{live: 14 * mb, scanned: 25 * mb}, 200},
		{"half of it lives", heapState{live: 32 * mb, scanned: 32 * mb}, 100},
		{"more than half", heapState{live: 40 * mb, scanned: 40 * mb}, 100},
		{"more than all", heapState{live: 200 * mb, scanned: 210 * mb}, 100},
	} {
		t.Run(tt.name, func(t *testing.T) { require.Equal(t, tt.want, percentFor(64*mb, tt.state)) })
	}
}

// A real heap follows: a small one grows to the least, a large one by Go's own rule.
func TestCollectFrom(t *testing.T) {
	t.Setenv("GOGC", "")
	const mb = 1 << 20
	least := 2*heapAfterCollection().live + 64*mb
	stop := collectFrom(least)
	defer stop()

	collected(t, "a small heap may grow to the least", func() bool { return near(read("/gc/heap/goal:bytes"), least) })
	held := make([]byte, least)
	collected(t, "a large one doubles", func() bool { return read("/gc/gogc:percent") == usualPercent })
	runtime.KeepAlive(held)
	collected(t, "small again", func() bool { return near(read("/gc/heap/goal:bytes"), least) })
	stop()
	collected(t, "no longer", func() bool { return read("/gc/gogc:percent") == usualPercent })
}

func TestCollectFromLeavesGOGCAlone(t *testing.T) {
	before := read("/gc/gogc:percent")
	t.Setenv("GOGC", "50")
	defer collectFrom(leastHeap)()
	runtime.GC()
	require.Equal(t, before, read("/gc/gogc:percent"))
}

// collected waits until something holds some time after a collection.
func collected(t *testing.T, what string, holds func() bool) {
	t.Helper()
	runtime.GC()
	require.Eventually(t, holds, 10*time.Second, time.Millisecond, what)
}

// near allows for the rounding to a whole percent.
func near(is, want uint64) bool { return is > want*9/10 && is < want*11/10 }

func read(name string) uint64 {
	sample := []metrics.Sample{{Name: name}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
