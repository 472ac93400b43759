package watch

import (
	"container/heap"
	"fmt"
	"sync"
	"time"

	"github.com/seed1230462e/kiln/internal/alicloud"
)

// crowd is how many wait at a desk before scouts go out for them.
const crowd = 1000

// crowded tells whether so many wait that scouts go out for them.
func (d *desk[T]) crowded() bool { return d.kind.scout != nil && len(d.items) > crowd }

// scout sends scouts out one after the other, as long as there is a crowd.
func (d *desk[T]) scout() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-d.ctx.Done():
			return
		}
		made, err := d.glance(d.eldest(time.Now()))
		pause := between
		if err != nil { // until a scout can see, all are looked at in their own time
			pause = dear
		}
		if !d.hurry(made, time.Now()) {
			return
		}
		timer.Reset(times(d.opts.Shortest, pause))
	}
}

// glance is what a scout sees. A panic is one that saw nothing.
func (d *desk[T]) glance(since time.Time) (made []string, err error) {
	defer func() {
		if stuck := recover(); stuck != nil {
			err = fmt.Errorf("panic: %v", stuck)
		}
	}()
	return d.kind.scout(d.ctx, d.region, since)
}

// eldest is since when those of a crowd have been made that may end now, if they end when
// things of this kind usually do.
func (d *desk[T]) eldest(now time.Time) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	since := now
	for _, it := range d.items {
		since = earlier(since, it.since)
	}
	if usual := d.memory.usual(); usual.to > 0 {
		since = later(since, now.Add(-usual.to))
	}
	return since.Add(-10 * time.Second) // an image may be there before its task (A049)
}

// hurry makes those due that have made something. It tells whether there is still a crowd.
func (d *desk[T]) hurry(made []string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, thing := range made {
		it := d.makers[thing]
		if it == nil || it.at < 0 {
			continue
		}
		it.due = later(now, it.rest)
		heap.Fix(&d.queue, it.at)
		d.round = time.Time{} // they all came at once: there is nobody to wait for
	}
	if d.scouts = d.crowded(); !d.scouts {
		d.review(now)
	}
	d.rouse()
	return d.scouts
}

// gallery keeps the images that the last scout of each region saw, for those who ask for
// one a moment later.
type gallery struct {
	lasts time.Duration

	mu    sync.Mutex
	walls map[string]wall // by region
}

// wall is what one scout saw.
type wall struct {
	hung   time.Time
	images map[string]alicloud.Image // by id
}

func (g *gallery) hang(region string, images []alicloud.Image) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.walls == nil {
		g.walls = map[string]wall{}
	}
	g.walls[region] = wall{time.Now(), byID(images, func(i alicloud.Image) string { return i.ID })}
}

func (g *gallery) shows(region, id string) (alicloud.Image, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if time.Since(g.walls[region].hung) > g.lasts {
		delete(g.walls, region)
	}
	image, ok := g.walls[region].images[id]
	return image, ok
}
