// Package box runs Kiln on one machine, in one process: Temporal, its Web UI, the
// emulated cloud and a worker.
package box

import (
	"cmp"
	"context"
	"errors"
	"io"
	"time"

	"go.temporal.io/sdk/client"
	"go.uber.org/zap"

	"github.com/seed1230462e/kiln/cmd/kilndev/cloud"
	"github.com/seed1230462e/kiln/cmd/kilndev/engine"
	"github.com/seed1230462e/kiln/cmd/kilndev/ui"
	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/worker"
	"github.com/seed1230462e/kiln/workflows"
)

// Options of a box. Ports that are 0 are free ones.
type Options struct {
	// DBFile keeps everything over a restart, the emulated cloud in files beside it.
	// Empty: memory.
	DBFile   string
	Port     int // of Temporal
	UIPort   int
	Headless bool // no Web UI
	// Cloud is the emulated cloud.
	Cloud cloud.Options
	// External is a cloud that runs elsewhere; with it no emulated cloud is started.
	External *alicloud.Options
	NoWorker bool
	// TaskQueue of the worker; default workflows.DefaultTaskQueue.
	TaskQueue string
	// Log gets the log of the worker from Level on, and the server's errors.
	Log   io.Writer
	Level string
}

// Box is everything that runs.
type Box struct {
	opts   Options
	logger *zap.Logger
	engine *engine.Engine
	ui     *ui.UI          // nil when headless
	cloud  *cloud.Cloud    // nil with an external one
	target *alicloud.Cloud // what the worker calls
	failed chan error
	stops  []func() error // in the order of the starts
}

// Start starts everything and returns when the worker begins to poll. A *cli.Error
// says what the user has to change first.
func Start(ctx context.Context, opts Options) (*Box, error) {
	logger, err := worker.NewLogger(opts.Log, worker.LogConsole, cmp.Or(opts.Level, "info"))
	if err != nil {
		return nil, usage(err)
	}
	b := &Box{opts: opts, logger: logger, failed: make(chan error, 1)}
	for _, start := range []func(context.Context) error{b.checkPorts, b.checkExternal, b.startEngine, b.startCloud, b.startUI, b.startWorker} {
		if err := start(ctx); err != nil {
			return nil, errors.Join(usage(err), b.Stop())
		}
	}
	return b, nil
}

func (b *Box) startEngine(ctx context.Context) error {
	e, err := engine.Start(ctx, engine.Options{
		DBFile:           b.opts.DBFile,
		Port:             b.opts.Port,
		SearchAttributes: workflows.SearchAttributes(),
		Logger:           b.serverLogger(),
	})
	if err != nil {
		return err
	}
	b.engine = e
	b.onStop(e.Stop)
	return nil
}

// serverLogger is for the errors of the server: the rest is of use to its authors.
func (b *Box) serverLogger() *zap.Logger {
	if b.logger.Level() == zap.DebugLevel {
		return b.logger
	}
	return b.logger.WithOptions(zap.IncreaseLevel(zap.ErrorLevel))
}

func (b *Box) startUI(ctx context.Context) error {
	if b.opts.Headless {
		return nil
	}
	u, err := ui.Start(ctx, b.engine.Address(), engine.Namespace, b.opts.UIPort)
	if err != nil {
		return err
	}
	b.ui = u
	b.onStop(func() error { u.Stop(); return nil })
	return nil
}

// Client is how to reach the Temporal server.
func (b *Box) Client() client.Options {
	return client.Options{HostPort: b.engine.Address(), Namespace: engine.Namespace}
}

// Failed gets the error of a worker that gave up.
func (b *Box) Failed() <-chan error { return b.failed }

// onStop adds what stops the part that was started last.
func (b *Box) onStop(stop func() error) { b.stops = append(b.stops, stop) }

// Stop drains the worker and ends everything, the last started first.
func (b *Box) Stop() error {
	var errs []error
	for len(b.stops) > 0 {
		last := len(b.stops) - 1
		errs = append(errs, b.stops[last]())
		b.stops = b.stops[:last]
	}
	return errors.Join(errs...)
}

// stopTimeout bounds the drain: what a worker here has not finished, the next one finishes.
const stopTimeout = 10 * time.Second
