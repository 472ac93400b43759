package emulator

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

const (
	applicationID = 0x4b494c4e // "KILN", so that no other program's file is taken for ours
	schemaVersion = 1
)

const schema = `
CREATE TABLE resource (
	kind TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL, label TEXT NOT NULL, body TEXT NOT NULL,
	PRIMARY KEY (kind, region, id)
) WITHOUT ROWID;
CREATE INDEX resource_label ON resource (kind, region, label);
CREATE INDEX resource_id ON resource (kind, id);
CREATE TABLE token (
	service TEXT NOT NULL, region TEXT NOT NULL, action TEXT NOT NULL, token TEXT NOT NULL,
	request TEXT NOT NULL, answer TEXT NOT NULL, ids TEXT NOT NULL,
	PRIMARY KEY (service, region, action, token)
) WITHOUT ROWID;
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
`

// openStore opens the state file, or a store in memory when the name is empty. It refuses
// a file that another process has open and one that is not an emulator's.
func openStore(file string) (*store, error) {
	if file == "" {
		return openDatabase("file::memory:")
	}
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", file, err)
	}
	// The exclusive lock is taken with the first statement and held until Close: two
	// emulators on one file would each believe in a cloud of their own.
	dsn := (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path)}).String() +
		"?_txlock=exclusive&_pragma=locking_mode(EXCLUSIVE)&_pragma=synchronous(FULL)"
	s, err := openDatabase(dsn)
	if err != nil {
		return nil, fmt.Errorf("open state file %s: %w", file, plainer(err))
	}
	return s, nil
}

func openDatabase(dsn string) (*store, error) {
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // memory belongs to its connection, and so does the lock
	if err := prepare(db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	// Only now: the journal mode is written into the file, which had to prove ours first.
	if _, err := db.Exec("PRAGMA journal_mode = WAL"); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	conn, err := db.Conn(context.Background())
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &store{db: db, conn: conn, prepared: map[string]*sql.Stmt{}}, nil
}

// prepare lays the schema into an empty database and checks that a filled one is ours.
func prepare(db *sql.DB) error {
	t, err := db.Begin()
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
	switch {
	case tables == 0:
		mark := fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, schemaVersion)
		if _, err := t.Exec(schema + mark); err != nil {
			return err
		}
	case application != applicationID:
		return errors.New("it is a database of another program")
	case version != schemaVersion:
		return fmt.Errorf("it was written by another version: schema %d, this one reads %d", version, schemaVersion)
	}
	return t.Commit()
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
