package watch

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPause(t *testing.T) {
	const s, m = time.Second, time.Minute
	usual := span{from: 28 * m, to: 32 * m}
	for _, test := range []struct {
		name string
		view view
		want time.Duration
	}{
		{"just begun: the shortest", view{age: 0}, 5 * s},
		{"then growing with the age", view{age: m}, 20 * s},
		{"up to the longest", view{age: 20 * m}, 2 * m},
		{"the longest bounds what is not near", view{age: 20 * m, longest: 8 * s}, 8 * s},
		{"before the usual end: half of the way to it", view{age: 26 * m, usual: usual}, m},
		{"far before the usual end: as if it were not known", view{age: m, usual: usual}, 20 * s},
		{"where it usually ends: the shortest", view{age: 29 * m, usual: usual}, 5 * s},
		{"overdue: growing again", view{age: 33 * m, usual: usual}, 30 * s},
		{"half done: half of the way", view{age: 2 * m, percent: 50}, 40 * s},
		{"nearly done by the percentage", view{age: 1770 * s, percent: 98}, 8939 * time.Millisecond},
		{"a percentage that stands still is no better than none", view{age: 20 * m, percent: 50}, 2 * m},
		{"at 99 it may end now", view{age: 30 * m, percent: 99}, 5 * s},
		{"a state that is near the end: the shortest", view{age: 10 * m, near: true}, 5 * s},
		{"looks within the allowance", view{age: 30 * m, near: true, looks: 34, allowance: 2 * m}, 5 * s},
		{"looks beyond the allowance wait for the next", view{age: 30 * m, near: true, looks: 35, allowance: 2 * m}, 2 * m},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.view.shortest = 5 * s
			if test.view.longest == 0 {
				test.view.longest = 2 * m
			}
			require.Equal(t, test.want, test.view.pause().Truncate(time.Millisecond))
		})
	}
}

func TestMemoryKnowsTheUsualSpanOfTheLastThings(t *testing.T) {
	var m memory
	require.Equal(t, span{}, m.usual())
	require.False(t, m.learn(20*time.Minute))
	require.False(t, m.learn(10*time.Minute))
	require.Equal(t, span{}, m.usual(), "two are too few")
	require.True(t, m.learn(12*time.Minute), "now the span is known")
	require.Equal(t, span{from: 570 * time.Second, to: 21 * time.Minute}, m.usual())
	for range remembered {
		require.False(t, m.learn(time.Minute))
	}
	require.Equal(t, span{from: 57 * time.Second, to: 63 * time.Second}, m.usual(), "the old ones are forgotten")
}
