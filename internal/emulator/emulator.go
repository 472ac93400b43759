// Package emulator is the cloud's HTTP APIs as one http.Handler: ECS (the image actions
// of 2014-05-26), Batch Compute (2015-11-11) and a path-style OSS, on one base URL.
//
// It is written from the API documents and refuses what the real cloud would refuse. It
// shares no code with the client it checks.
package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator/ossfs"
	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// Options of a Server. The zero value is a cloud in memory, at the pace of the clock,
// with the default key pair.
type Options struct {
	// AccessKeyID and AccessKeySecret are the one key pair that may sign requests;
	// default kiln-dev and kiln-dev-secret.
	AccessKeyID     string
	AccessKeySecret string
	// SecurityToken makes the key pair a temporary one: a request has to bring the token.
	// Empty: the pair is long-lived, and a request that brings a token is refused.
	SecurityToken string
	// OSSDir holds the objects as OSSDir/bucket/key. Empty: no bucket exists.
	OSSDir string
	// StateFile is the SQLite file that keeps everything over a restart. Empty: memory.
	StateFile string
	// Speed is how many times faster than the clock imports and executions go; default 1.
	// What is under way keeps the pace at which it began.
	Speed float64
	// Log gets one JSON line a request. Nil: none.
	Log io.Writer
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Server is the emulated cloud.
type Server struct {
	opts     Options
	store    *store
	verifier *signature.Verifier
	oss      *ossfs.Store
	log      *requestLog
	calls    calls

	plan       plan
	conditions atomic.Pointer[Conditions]
	setting    sync.Mutex // held while conditions change
	admin      http.Handler
	closing    chan struct{}
	closed     sync.Once
}

// New opens the state and returns the cloud. The caller owns the listener.
func New(opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	state, err := openStore(opts.StateFile)
	if err != nil {
		return nil, err
	}
	oss, err := ossfs.New(opts.OSSDir)
	if err != nil {
		return nil, errors.Join(err, state.close())
	}
	s := &Server{opts: opts, store: state, oss: oss, log: &requestLog{to: opts.Log}, closing: make(chan struct{})}
	s.verifier = &signature.Verifier{Secret: s.secret, Token: s.token, Now: opts.Now, Nonces: &signature.NoncesMemory{}}
	s.admin = s.adminHandler()
	if err := s.loadConditions(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (o Options) withDefaults() (Options, error) {
	o.AccessKeyID = cmp.Or(o.AccessKeyID, "kiln-dev")
	o.AccessKeySecret = cmp.Or(o.AccessKeySecret, "kiln-dev-secret")
	o.Log = cmp.Or(o.Log, io.Discard)
	o.Speed = cmp.Or(o.Speed, 1)
	if o.Now == nil { // functions are not comparable
		o.Now = time.Now
	}
	if fits := o.Speed > 0 && o.Speed <= maxSpeed; !fits { // NaN does not
		return Options{}, fmt.Errorf("speed %v: want a number above 0 and at most %d", o.Speed, maxSpeed)
	}
	return o, nil
}

const maxSpeed = 1_000_000

func (s *Server) secret(accessKeyID string) (string, bool) {
	return s.opts.AccessKeySecret, accessKeyID == s.opts.AccessKeyID
}

func (s *Server) token(string) (signature.Token, bool) {
	return signature.Token{Value: s.opts.SecurityToken}, s.opts.SecurityToken != ""
}

// Close closes the state and lets go of what a fault holds. Requests that come later are
// answered with InternalError.
func (s *Server) Close() error {
	s.closed.Do(func() { close(s.closing) })
	return errors.Join(s.store.close(), s.oss.Close())
}
