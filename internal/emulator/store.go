package emulator

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// store keeps everything that outlives a request in one SQLite database. One transaction
// runs at a time, so an action sees and leaves a whole cloud, and a killed process
// leaves the last whole one behind.
type store struct {
	mu       sync.Mutex
	db       *sql.DB
	conn     *sql.Conn            // the only one
	prepared map[string]*sql.Stmt // by their text
}

// do runs work in one transaction. It commits when work returns nil and leaves no trace
// otherwise: a refused call has not happened.
func (s *store) do(work func(*tx) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &tx{store: s}
	if _, err := t.exec("BEGIN"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			_, _ = t.exec("ROLLBACK") // a commit that failed may have done so itself
		}
	}()
	if err := work(t); err != nil {
		return err
	}
	if _, err := t.exec("COMMIT"); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	committed = true
	return nil
}

// close may be called again.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, statement := range s.prepared {
		errs = append(errs, statement.Close())
	}
	if err := s.conn.Close(); !errors.Is(err, sql.ErrConnDone) {
		errs = append(errs, err)
	}
	return errors.Join(append(errs, s.db.Close())...)
}

// tx is one transaction on the store. No context ends it: a caller that goes away does
// not undo what it asked for.
type tx struct {
	store *store
	// see, unless nil, may change a resource that was read, and says whether it is seen.
	see func(resource any) bool
}

func (t *tx) exec(statement string, args ...any) (sql.Result, error) {
	prepared, err := t.prepare(statement)
	if err != nil {
		return nil, err
	}
	return prepared.Exec(args...)
}

func (t *tx) query(statement string, args ...any) (*sql.Rows, error) {
	prepared, err := t.prepare(statement)
	if err != nil {
		return nil, err
	}
	return prepared.Query(args...)
}

// first scans the first row of an answer; none is sql.ErrNoRows.
func (t *tx) first(into []any, statement string, args ...any) error {
	prepared, err := t.prepare(statement)
	if err != nil {
		return err
	}
	return prepared.QueryRow(args...).Scan(into...)
}

// prepare keeps each statement for the next time: there are few, and SQLite is slower to
// read one than to run it.
func (t *tx) prepare(statement string) (*sql.Stmt, error) {
	if known := t.store.prepared[statement]; known != nil {
		return known, nil
	}
	made, err := t.store.conn.PrepareContext(context.Background(), statement)
	if err == nil {
		t.store.prepared[statement] = made
	}
	return made, err
}

// resource is anything with an id that the cloud keeps: images, tasks, components, ….
type resource interface{ key() key }

// key is how a resource is found. Label is the second way in: a name, or the id of
// what the resource belongs to; it need not be unique.
type key struct{ kind, region, id, label string }

// save writes a resource, new or changed.
func (t *tx) save(r resource) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode %s: %w", r.key().id, err)
	}
	k := r.key()
	_, err = t.exec(`INSERT INTO resource (kind, region, id, label, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (kind, region, id) DO UPDATE SET label = excluded.label, body = excluded.body`,
		k.kind, k.region, k.id, k.label, string(body))
	if err != nil {
		return fmt.Errorf("save %s: %w", k.id, err)
	}
	return nil
}

// remove deletes a resource; one that is not there is fine.
func (t *tx) remove(r resource) error {
	k := r.key()
	if _, err := t.exec(`DELETE FROM resource WHERE kind = ? AND region = ? AND id = ?`, k.kind, k.region, k.id); err != nil {
		return fmt.Errorf("remove %s: %w", k.id, err)
	}
	return nil
}

// find reads one resource by its id; an empty region is any region.
func find[T resource](t *tx, region, id string) (T, bool, error) {
	var zero T
	found, err := pick[T](t, region, []string{id})
	if err != nil || len(found) == 0 {
		return zero, false, err
	}
	return found[0], true, nil
}

// list reads a region's resources of one kind in the order of their creation.
func list[T resource](t *tx, region string) ([]T, error) {
	var zero T
	return query[T](t, `SELECT body FROM resource WHERE kind = ? AND region = ? ORDER BY id`, zero.key().kind, region)
}

// pick reads a region's resources of one kind in the order of their creation: those with
// the ids, or all when there are no ids. An id that is not there is left out; with ids an
// empty region is any.
func pick[T resource](t *tx, region string, ids []string) ([]T, error) {
	if len(ids) == 0 {
		return list[T](t, region)
	}
	var zero T
	args := []any{zero.key().kind, region, region}
	for _, id := range ids {
		args = append(args, id)
	}
	return query[T](t, `SELECT body FROM resource INDEXED BY resource_id WHERE kind = ? AND (region = ? OR ? = '') AND id IN (?`+
		strings.Repeat(", ?", len(ids)-1)+`) ORDER BY id`, args...)
}

// labelled reads those of a region's resources that carry the label, oldest first.
func labelled[T resource](t *tx, region, label string) ([]T, error) {
	var zero T
	return query[T](t, `SELECT body FROM resource INDEXED BY resource_label WHERE kind = ? AND region = ? AND label = ? ORDER BY id`,
		zero.key().kind, region, label)
}

// naming reads those of a region's resources in which a text stands, oldest first.
func naming[T resource](t *tx, region, text string) ([]T, error) {
	var zero T
	return query[T](t, `SELECT body FROM resource WHERE kind = ? AND region = ? AND instr(body, ?) > 0 ORDER BY id`,
		zero.key().kind, region, text)
}

// count tells how many resources of one kind there are in all regions.
func count[T resource](t *tx) (int, error) {
	var zero T
	var n int
	if err := t.first([]any{&n}, `SELECT count(*) FROM resource WHERE kind = ?`, zero.key().kind); err != nil {
		return 0, fmt.Errorf("count resources: %w", err)
	}
	return n, nil
}

// query reads the resources that a statement selects. One that goes by id or label names the
// index: SQLite, which has no statistics here, would go through all of the kind.
func query[T resource](t *tx, statement string, args ...any) ([]T, error) {
	rows, err := t.query(statement, args...)
	if err != nil {
		return nil, fmt.Errorf("read resources: %w", err)
	}
	defer rows.Close()
	var found []T
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, fmt.Errorf("read resources: %w", err)
		}
		var one T
		if err := json.Unmarshal(body, &one); err != nil {
			return nil, fmt.Errorf("decode a resource: %w", err)
		}
		if t.see == nil || t.see(&one) {
			found = append(found, one)
		}
	}
	return found, rows.Err()
}

// nextID counts up: prefix, then the count in base 36, wide enough that the order of ids
// is the order of creation.
func (t *tx) nextID(prefix string) (string, error) {
	var n int64
	err := t.first([]any{&n}, `INSERT INTO counter (name, value) VALUES (?, 1)
		ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`, prefix)
	if err != nil {
		return "", fmt.Errorf("count %s: %w", prefix, err)
	}
	count := strconv.FormatInt(n, 36)
	return prefix + strings.Repeat("0", max(0, idDigits-len(count))) + count, nil
}

const idDigits = 12
