// Package cloud runs the emulated cloud on this machine.
package cloud

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/seed1230462e/kiln/cmd/kilndev/lock"
	"github.com/seed1230462e/kiln/cmd/kilndev/seed"
	"github.com/seed1230462e/kiln/internal/emulator"
)

// The default key pair.
const (
	DefaultKeyID     = "kiln-dev"
	DefaultKeySecret = "kiln-dev-secret"
)

// Host is where the cloud listens unless told otherwise.
const Host = "127.0.0.1"

// stopTimeout bounds the wait for requests that are being answered.
const stopTimeout = 2 * time.Second

// Options of a cloud. The zero value is one in memory, on a free port, at the pace of the clock.
type Options struct {
	Host            string // default Host
	Port            int
	AccessKeyID     string
	AccessKeySecret string
	// OSSDir holds the objects as OSSDir/bucket/key. Default: StateFile.oss, or without
	// a state file a temporary folder that goes with the cloud.
	OSSDir string
	// StateFile keeps everything over a restart. Empty: memory.
	StateFile string
	Speed     float64
	// Log gets one JSON line a request, LogFile in its place at its end. Default: none.
	Log     io.Writer
	LogFile string
	// Conditions, unless nil, replace those that the state file keeps. Faults are planned.
	Conditions *emulator.Conditions
	Faults     []emulator.Fault
}

// Cloud is a running cloud.
type Cloud struct {
	opts   Options
	temp   string // the folder to remove, if any
	lock   *lock.Lock
	log    *os.File // LogFile, if any
	server *emulator.Server
	http   *http.Server
	url    string
}

// Start listens, seeds the objects that are missing and serves. It returns lock.ErrTaken
// when another process uses the state file.
func Start(opts Options) (*Cloud, error) {
	opts.Host = cmp.Or(opts.Host, Host)
	opts.AccessKeyID = cmp.Or(opts.AccessKeyID, DefaultKeyID)
	opts.AccessKeySecret = cmp.Or(opts.AccessKeySecret, DefaultKeySecret)
	c := &Cloud{opts: opts}
	if err := c.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start the emulated cloud: %w", err), c.Stop())
	}
	return c, nil
}

func (c *Cloud) start() error {
	listener, err := net.Listen("tcp", net.JoinHostPort(c.opts.Host, strconv.Itoa(c.opts.Port)))
	if err != nil {
		return err
	}
	c.url = "http://" + listener.Addr().String()
	if err := c.open(); err != nil {
		return errors.Join(err, listener.Close())
	}
	c.http = &http.Server{Handler: c.server, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = c.http.Serve(listener) }() // ends with Stop
	return nil
}

// open locks the state, opens the log, fills the OSS folder and makes the server.
func (c *Cloud) open() (err error) {
	if c.opts.StateFile != "" {
		if c.lock, err = lock.Take(c.opts.StateFile); err != nil {
			return err
		}
	}
	if c.opts.LogFile != "" {
		if c.log, err = os.OpenFile(c.opts.LogFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
			return err
		}
		c.opts.Log = c.log
	}
	if err := c.chooseFolder(); err != nil {
		return err
	}
	if err := seed.Into(c.opts.OSSDir); err != nil {
		return err
	}
	c.server, err = emulator.New(emulator.Options{
		AccessKeyID:     c.opts.AccessKeyID,
		AccessKeySecret: c.opts.AccessKeySecret,
		OSSDir:          c.opts.OSSDir,
		StateFile:       c.opts.StateFile,
		Speed:           c.opts.Speed,
		Log:             c.opts.Log,
	})
	if err != nil {
		return err
	}
	if c.opts.Conditions != nil {
		err = c.server.Set(*c.opts.Conditions)
	}
	return errors.Join(err, c.server.Plan(c.opts.Faults...))
}

func (c *Cloud) chooseFolder() (err error) {
	switch {
	case c.opts.OSSDir != "":
	case c.opts.StateFile != "":
		c.opts.OSSDir = c.opts.StateFile + ".oss"
	default:
		if c.temp, err = os.MkdirTemp("", "kiln-oss-"); err != nil {
			return err
		}
		c.opts.OSSDir = c.temp
	}
	c.opts.OSSDir, err = filepath.Abs(c.opts.OSSDir)
	return err
}

// URL is the base URL of all services.
func (c *Cloud) URL() string { return c.url }

// OSSDir is the folder with the objects.
func (c *Cloud) OSSDir() string { return c.opts.OSSDir }

// Keys are the key pair that the cloud accepts.
func (c *Cloud) Keys() (id, secret string) { return c.opts.AccessKeyID, c.opts.AccessKeySecret }

// Stop answers what is asked, closes the state and removes the temporary folder.
func (c *Cloud) Stop() error {
	var errs []error
	if c.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := c.http.Shutdown(ctx); err != nil {
			errs = append(errs, c.http.Close())
		}
	}
	if c.server != nil {
		errs = append(errs, c.server.Close())
	}
	if c.log != nil {
		errs = append(errs, c.log.Close())
	}
	if c.temp != "" {
		errs = append(errs, os.RemoveAll(c.temp))
	}
	return errors.Join(append(errs, c.lock.Release())...)
}
