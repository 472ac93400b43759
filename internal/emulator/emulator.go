// Package emulator is the cloud's HTTP APIs as one http.Handler: ECS (the image actions
// of 2014-05-26), Batch Compute (2015-11-11) and a path-style OSS, on one base URL.
//
// It is written from the API documents and refuses what the real cloud would refuse. It
// shares no code with the client it checks.
package emulator

import (
	"io"
	"net/http"
	"time"
)

// Options of a Server. The zero value is a cloud in memory, at the pace of the clock,
// with the default key pair.
type Options struct {
	// AccessKeyID and AccessKeySecret are the one key pair that may sign requests;
	// default kiln-dev and kiln-dev-secret.
	AccessKeyID     string
	AccessKeySecret string
	// OSSDir holds the objects as OSSDir/bucket/key. Empty: no bucket exists.
	OSSDir string
	// StateFile is the SQLite file that keeps everything over a restart. Empty: memory.
	StateFile string
	// Speed is how many times faster than the clock imports and executions go; default 1.
	Speed float64
	// Log gets one JSON line a request. Nil: none.
	Log io.Writer
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Server is the emulated cloud.
type Server struct{ opts Options }

// New opens the state and returns the cloud. The caller owns the listener.
func New(opts Options) (*Server, error) { return &Server{opts: opts}, nil }

// ServeHTTP answers a request of any of the three services.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {}

// Close closes the state.
func (s *Server) Close() error { return nil }
