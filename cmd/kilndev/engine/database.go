package engine

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	"go.temporal.io/server/schema/sqlite"
	"google.golang.org/protobuf/types/known/durationpb"
)

// retention is how long a finished workflow stays in a database file.
const retention = 30 * 24 * time.Hour

// checkWritable refuses a file in words of its own: SQLite opens what it cannot write,
// and the server's complaint about it fills a screen.
func checkWritable(file string) error {
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return f.Close()
}

// prepareSchema makes the tables of a new file, all or none: a kill in between leaves
// a file that the next start begins afresh.
func prepareSchema(file string) (err error) {
	db, err := sql.Open("sqlite", "file:"+uriPath(file)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var tables int
	if err := db.QueryRow("SELECT count(*) FROM sqlite_master WHERE name = 'executions_visibility'").Scan(&tables); err != nil {
		return fmt.Errorf("read the database file %s: %w", file, err)
	}
	if tables > 0 {
		return nil
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	if err := sqlite.SetupSchemaOnDB(schemaTx{tx: tx}); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// schemaTx is the part of sqlplugin.AdminDB that setting up a schema needs.
type schemaTx struct {
	sqlplugin.AdminDB
	tx *sql.Tx
}

// Exec runs one statement.
func (s schemaTx) Exec(statement string, args ...any) error {
	_, err := s.tx.Exec(statement, args...)
	return err
}

// createNamespace leaves a namespace alone that exists.
func createNamespace(db database, searchAttributes []string) error {
	types := make(map[string]enums.IndexedValueType, len(searchAttributes))
	for _, name := range searchAttributes {
		types[name] = enums.INDEXED_VALUE_TYPE_KEYWORD
	}
	namespace, err := sqlite.NewNamespaceConfig(clusterName, Namespace, false, types)
	if err != nil {
		return err
	}
	namespace.Detail.Config.Retention = durationpb.New(retention)
	return sqlite.CreateNamespaces(db.config(), namespace)
}
