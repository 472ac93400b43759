// Package engine is a Temporal server in this process: on SQLite, on the loopback
// interface, for one machine.
package engine

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/server/temporal"
	"go.uber.org/zap"

	"github.com/seed1230462e/kiln/cmd/kilndev/lock"
)

// Namespace is the one namespace of the server.
const Namespace = client.DefaultNamespace

// startTimeout bounds a start. A loaded machine takes two seconds.
const startTimeout = time.Minute

// Options of an engine. The zero value is a server in memory on a free port.
type Options struct {
	// DBFile keeps everything over a restart. Empty: memory.
	DBFile string
	// Port of the frontend on 127.0.0.1. 0: a free one.
	Port int
	// SearchAttributes of the namespace, each a Keyword.
	SearchAttributes []string
	// Logger of the server; default none.
	Logger *zap.Logger
}

// Engine is a running server.
type Engine struct {
	server   temporal.Server
	lock     *lock.Lock // nil in memory
	address  string
	stopping atomic.Bool
}

// Start runs a server and returns once its namespace can be used. It returns lock.ErrTaken
// when another process serves the database file: two servers on one file would corrupt
// each other's work.
func Start(ctx context.Context, opts Options) (*Engine, error) {
	e := &Engine{}
	if err := e.start(ctx, opts); err != nil {
		_ = e.Stop()
		return nil, fmt.Errorf("start Temporal: %w", err)
	}
	return e, nil
}

func (e *Engine) start(ctx context.Context, opts Options) error {
	db, err := e.database(opts.DBFile)
	if err != nil {
		return err
	}
	if err := createNamespace(db, opts.SearchAttributes); err != nil {
		return err
	}
	ports := pickPorts(opts.Port)
	e.address = loopback(ports.frontend)
	server, err := temporal.NewServer(serverOptions(db, ports, e.logger(opts.Logger))...)
	if err != nil {
		return err
	}
	e.server = server
	if err := server.Start(); err != nil {
		return err
	}
	return awaitNamespace(ctx, e.address)
}

// database locks and prepares the file, or names a fresh database in memory.
func (e *Engine) database(file string) (database, error) {
	if file == "" {
		// The driver keeps databases by name for the life of the process, so each needs its own.
		return database{name: "kiln" + strconv.FormatUint(rand.Uint64(), 36), memory: true}, nil
	}
	file, err := filepath.Abs(file)
	if err != nil {
		return database{}, err
	}
	if e.lock, err = lock.Take(file); err != nil {
		return database{}, err
	}
	if err := checkWritable(file); err != nil {
		return database{}, err
	}
	return database{name: file}, prepareSchema(file)
}

// Address is the host and port of the frontend.
func (e *Engine) Address() string { return e.address }

// Stop ends the server and gives the database file free.
func (e *Engine) Stop() error {
	e.stopping.Store(true)
	var err error
	if e.server != nil {
		err = e.server.Stop()
	}
	return errors.Join(err, e.lock.Release())
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
