package box

import (
	"context"
	"time"

	"github.com/seed1230462e/kiln/worker"
)

const (
	// A wait on this machine looks often, and a killed process is missed soon.
	pollInterval     = 100 * time.Millisecond
	heartbeatTimeout = 15 * time.Second
	newsInterval     = time.Second
)

// startWorker runs a worker until the box stops, and returns when it polls.
func (b *Box) startWorker(ctx context.Context) error {
	if b.opts.NoWorker {
		return nil
	}
	ready := make(chan struct{}, 1)
	opts := worker.Options{
		Client:           b.Client(),
		Cloud:            b.target,
		Logger:           b.logger,
		TaskQueue:        b.opts.TaskQueue,
		HeartbeatTimeout: heartbeatTimeout,
		NewsInterval:     newsInterval,
		StopTimeout:      stopTimeout,
		Ready: func() {
			select {
			case ready <- struct{}{}:
			default:
			}
		},
	}
	if b.nearby() {
		opts.PollInterval = pollInterval
	}
	b.run(opts)
	select {
	case <-ready:
		return nil
	case err := <-b.failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// run keeps a worker going until the box stops.
func (b *Box) run(opts worker.Options) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := worker.Run(ctx, opts); err != nil {
			b.failed <- err
		}
	}()
	b.onStop(func() error {
		cancel()
		<-done
		return nil
	})
}
