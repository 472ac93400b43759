package emulator

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	applicationID = 0x4b494c4e // "KILN", so that no other program's file is taken for ours
	schemaVersion = 2
)

const schema = `
CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) WITHOUT ROWID;
`

// fromVersion1 brings a file of the first version, which had three tables, to ours.
const fromVersion1 = schema + `
INSERT INTO record SELECT kind, id, body FROM resource;
INSERT INTO record SELECT 'counter', name, json_object('Prefix', name, 'Last', value) FROM counter;
INSERT INTO record SELECT 'token', service || '/' || region || '/' || action || '/' || token, json_object('Service', service,
	'Region', region, 'Action', action, 'Token', token, 'Request', request, 'Answer', json(answer), 'IDs', json(ids)) FROM token;
DROP TABLE resource;
DROP TABLE counter;
DROP TABLE token;
`

// stateFile keeps a store on disk, in one SQLite database. A nil one keeps nothing.
type stateFile struct {
	db        *sql.DB
	put, drop *sql.Stmt
}

// openStore opens the state file, or a store in memory when the name is empty. It refuses
// a file that another process has open and one that is not an emulator's.
func openStore(name string) (*store, error) {
	if name == "" {
		return newStore(nil), nil
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", name, err)
	}
	// The exclusive lock is taken with the first statement and held until Close: two
	// emulators on one file would each believe in a cloud of their own.
	s, err := readStore((&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}).String() +
		"?_txlock=exclusive&_pragma=locking_mode(EXCLUSIVE)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", name, plainer(err))
	}
	return s, nil
}

// readStore makes a store of what a database has.
func readStore(dsn string) (*store, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // the lock belongs to its connection
	f := &stateFile{db: db}
	s := newStore(f)
	for _, step := range []func() error{f.prove, f.prepare, s.load} {
		if err := step(); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return s, nil
}

// prove lays the schema into an empty database and checks that a filled one is ours.
func (f *stateFile) prove() error {
	t, err := f.db.Begin()
	if err != nil {
		return err
	}
	defer t.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var tables, application, version int
	for pragma, into := range map[string]*int{
		"SELECT count(*) FROM sqlite_master": &tables,
		"PRAGMA application_id":              &application,
		"PRAGMA user_version":                &version,
	} {
		if err := t.QueryRow(pragma).Scan(into); err != nil {
			return err
		}
	}
	lay := ""
	switch {
	case tables == 0:
		lay = schema
	case application != applicationID:
		return errors.New("it is a database of another program")
	case version == 1:
		lay = fromVersion1
	case version != schemaVersion:
		return fmt.Errorf("it was written by another version: schema %d, this one reads %d", version, schemaVersion)
	}
	if lay != "" {
		mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)
		if _, err := t.Exec(lay + mark); err != nil {
			return err
		}
	}
	return t.Commit()
}

// prepare makes the file, which is ours, ready to be written.
func (f *stateFile) prepare() error {
	_, err := f.db.Exec("PRAGMA journal_mode = WAL")
	if err == nil {
		f.put, err = f.db.Prepare("REPLACE INTO record (kind, id, body) VALUES (?, ?, ?)")
	}
	if err == nil {
		f.drop, err = f.db.Prepare("DELETE FROM record WHERE kind = ? AND id = ?")
	}
	return err
}

// kinds are all there are, with what reads one.
var kinds = map[string]func(body []byte) (resource, error){
	image{}.key().kind:      decode[image],
	task{}.key().kind:       decode[task],
	component{}.key().kind:  decode[component],
	pipeline{}.key().kind:   decode[pipeline],
	execution{}.key().kind:  decode[execution],
	batchImage{}.key().kind: decode[batchImage],
	Conditions{}.key().kind: decode[Conditions],
	counter{}.key().kind:    decode[counter],
	token{}.key().kind:      decode[token],
}

func decode[T resource](body []byte) (resource, error) {
	var r T
	err := json.Unmarshal(body, &r)
	return r, err
}

// load reads everything into memory.
func (s *store) load() error {
	rows, err := s.file.db.Query("SELECT kind, id, body FROM record")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at place
		var body []byte
		if err := rows.Scan(&at.kind, &at.id, &body); err != nil {
			return err
		}
		read, known := kinds[at.kind]
		if !known {
			return fmt.Errorf("%s is a %s, of which this version knows nothing", at.id, at.kind)
		}
		r, err := read(body)
		if err != nil {
			return fmt.Errorf("read %s %s: %w", at.kind, at.id, err)
		}
		s.put(at, r)
	}
	return rows.Err()
}

// write writes what a transaction has changed, all or nothing.
func (f *stateFile) write(t *tx) error {
	if f == nil || len(t.before) == 0 {
		return nil
	}
	written, err := f.db.Begin()
	if err != nil {
		return err
	}
	defer written.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for at := range t.before {
		if err := f.writeOne(written, at, t.store.rows[at]); err != nil {
			return fmt.Errorf("write %s %s: %w", at.kind, at.id, err)
		}
	}
	return written.Commit()
}

func (f *stateFile) writeOne(t *sql.Tx, at place, r resource) error {
	if r == nil {
		_, err := t.Stmt(f.drop).Exec(at.kind, at.id)
		return err
	}
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = t.Stmt(f.put).Exec(at.kind, at.id, string(body))
	return err
}

// close may be called again.
func (f *stateFile) close() error {
	if f == nil {
		return nil
	}
	return f.db.Close()
}

// plainer says the two faults a user can do something about in words.
func plainer(err error) error {
	var fault *sqlite.Error
	if !errors.As(err, &fault) {
		return err
	}
	switch fault.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("another process has it open: %w", err)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("it is not a database: %w", err)
	}
	return err
}
