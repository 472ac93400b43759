package emulator

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// store keeps everything that outlives a request. It is read in memory; a state file, if
// there is one, has the same. One transaction runs at a time, so an action sees and leaves
// a whole cloud, and a killed process leaves the last whole one in the file.
type store struct {
	mu     sync.Mutex
	file   *stateFile // nil: nothing outlives the process
	closed bool

	rows    map[place]resource
	shelves map[shelf][]string // ids in their order
}

// place is where one resource is.
type place struct{ kind, id string }

// shelf is where a region's resources of a kind that carry a label are; those on the shelf
// without a label are all.
type shelf struct{ kind, region, label string }

// resource is anything with an id that the cloud keeps: images, tasks, components, ….
// What its fields point to never changes once it is saved: those who read it share it.
type resource interface{ key() key }

// key is how a resource is found. Its id is the only one of its kind. Labels are another
// way in, such as a name, or the id of what the resource belongs to; they need not be unique.
type key struct {
	kind, region, id string
	labels           []string
}

func (k key) place() place { return place{k.kind, k.id} }

// shelves are those on which a resource stands.
func (k key) shelves() []shelf {
	on := []shelf{{k.kind, k.region, ""}}
	for _, label := range k.labels {
		if s := (shelf{k.kind, k.region, label}); !slices.Contains(on, s) {
			on = append(on, s)
		}
	}
	return on
}

func newStore(file *stateFile) *store {
	return &store{file: file, rows: map[place]resource{}, shelves: map[shelf][]string{}}
}

var errStoreClosed = errors.New("the state is closed")

// do runs work in one transaction. It commits when work returns nil and leaves no trace
// otherwise: a refused call has not happened.
func (s *store) do(work func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errStoreClosed
	}
	t := &tx{store: s, before: map[place]resource{}}
	committed := false
	defer func() {
		if !committed {
			t.rollback()
		}
	}()
	if err := work(t); err != nil {
		return err
	}
	if err := s.file.write(t); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// close may be called again.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	return s.file.close()
}

// put lays a resource, or nothing when it is nil, where another may be, and returns that.
func (s *store) put(at place, r resource) (before resource) {
	before = s.rows[at]
	if before != nil {
		for _, on := range before.key().shelves() {
			ids := s.shelves[on]
			i, _ := slices.BinarySearch(ids, at.id)
			if s.shelves[on] = slices.Delete(ids, i, i+1); len(ids) == 1 {
				delete(s.shelves, on)
			}
		}
		delete(s.rows, at)
	}
	if r != nil {
		for _, on := range r.key().shelves() {
			i, _ := slices.BinarySearch(s.shelves[on], at.id)
			s.shelves[on] = slices.Insert(s.shelves[on], i, at.id)
		}
		s.rows[at] = r
	}
	return before
}

// tx is one transaction on the store.
type tx struct {
	store  *store
	before map[place]resource // what was there before the transaction; nil: nothing
	// see, unless nil, may change a resource that was read, and says whether it is seen.
	see func(resource any) bool
}

func (t *tx) put(at place, r resource) {
	before := t.store.put(at, r)
	if _, known := t.before[at]; !known {
		t.before[at] = before
	}
}

func (t *tx) rollback() {
	for at, before := range t.before {
		t.store.put(at, before)
	}
}

// save writes a resource, new or changed.
func (t *tx) save(r resource) { t.put(r.key().place(), r) }

// remove deletes a resource; one that is not there is fine.
func (t *tx) remove(r resource) { t.put(r.key().place(), nil) }

// kept reads one resource by its id, seen or not.
func kept[T resource](t *tx, id string) (T, bool) {
	var zero T
	r, found := t.store.rows[place{zero.key().kind, id}].(T)
	return r, found
}

// find reads one resource by its id; an empty region is any region.
func find[T resource](t *tx, region, id string) (T, bool) {
	r, found := kept[T](t, id)
	if !found || region != "" && r.key().region != region || t.see != nil && !t.see(&r) {
		var zero T
		return zero, false
	}
	return r, true
}

// list reads a region's resources of one kind in the order of their creation.
func list[T resource](t *tx, region string) []T { return labelled[T](t, region, "") }

// labelled reads those of a region's resources that carry the label, oldest first; all when
// it is empty.
func labelled[T resource](t *tx, region, label string) []T {
	var zero T
	return each[T](t, region, t.store.shelves[shelf{zero.key().kind, region, label}])
}

// pick reads a region's resources of one kind in the order of their creation: those with
// the ids, or all when there are no ids. An id that is not there is left out.
func pick[T resource](t *tx, region string, ids []string) []T {
	if len(ids) == 0 {
		return list[T](t, region)
	}
	return each[T](t, region, slices.Compact(slices.Sorted(slices.Values(ids))))
}

func each[T resource](t *tx, region string, ids []string) []T {
	found := make([]T, 0, len(ids))
	for _, id := range ids {
		if r, seen := find[T](t, region, id); seen {
			found = append(found, r)
		}
	}
	return found
}

// count tells how many resources there are of a kind that belongs to no region, seen or not.
func count[T resource](t *tx) int {
	var zero T
	return len(t.store.shelves[shelf{kind: zero.key().kind}])
}

// counter is the last number that was given out under a prefix.
type counter struct {
	Prefix string
	Last   int64
}

func (c counter) key() key { return key{kind: "counter", id: c.Prefix} }

// nextID counts up: prefix, then the count in base 36, wide enough that the order of ids
// is the order of creation.
func (t *tx) nextID(prefix string) string {
	n, _ := kept[counter](t, prefix)
	n = counter{prefix, n.Last + 1}
	t.save(n)
	text := strconv.FormatInt(n.Last, 36)
	return prefix + strings.Repeat("0", max(0, idDigits-len(text))) + text
}

const idDigits = 12
