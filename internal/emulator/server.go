package emulator

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// maxBody is more than any documented request needs: 256 KB, or three texts of 16 KB
// with every byte escaped.
const maxBody = 1 << 20

// front is one service's side of the wire.
type front struct {
	service string
	// handle gives effect to a call.
	handle func(*call) (answer, error)
	// refuse gives a refusal the service's form.
	refuse func(*call, *refusal) answer
}

var (
	ecsFront          = front{"ecs", (*call).ecs, ecsRefusal}
	batchComputeFront = front{"batchcompute", (*call).batchCompute, batchComputeRefusal}
)

// call is one request to ECS or Batch Compute.
type call struct {
	params
	server *Server
	http   *http.Request
	body   []byte
	now    time.Time
	tx     *tx
	line   entry

	conditions Conditions // those that hold for it
	planned    *Fault     // what is planned for it, if anything
	took       bool       // whether its effect took place
	retryAfter string     // for the header x-acs-retry-after, in milliseconds
}

// answer is a status with headers of its service and a JSON body; a nil body is none.
type answer struct {
	status int
	header map[string]string
	body   any
}

// ServeHTTP answers a request of any of the three services. GET /healthz and
// what is under /_kiln/ are the emulator's own and need no signature.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case isAdmin(r):
		s.serveAdmin(w, r)
	case r.URL.Path == "/healthz" && r.Header.Get("Authorization") == "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintln(w, "ok")
	case isOSS(r):
		s.serveOSS(w, r)
	case isBatchCompute(r):
		s.serve(w, r, batchComputeFront)
	default:
		s.serve(w, r, ecsFront)
	}
}

func isBatchCompute(r *http.Request) bool {
	return r.URL.Path == "/images" || strings.HasPrefix(r.URL.Path, "/images/") ||
		strings.HasPrefix(r.Header.Get("Authorization"), "acs ") ||
		r.Header.Get("x-acs-version") == batchComputeVersion
}

// serve runs one call. Its effect is durable and its line is written before the first
// byte of the answer leaves.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, f front) {
	began := time.Now()
	c := &call{server: s, http: r, now: s.opts.Now().UTC().Round(0)}
	c.line = s.log.begin(r, f.service, newRequestID(), c.now)

	a, err := c.run(f)
	a, err = c.spoil(f, a, err)
	c.line.end(a.status, err, time.Since(began))
	s.log.write(c.line)
	c.deliver(w, a)
}

func (c *call) run(f front) (answer, error) {
	a, err := c.read(f)
	switch {
	case err == nil:
		return a, nil
	case errors.Is(err, errHeld):
		return answer{}, nil
	}
	var refused *refusal
	if errors.As(err, &refused) {
		refused = c.older(refused)
		return c.refused(f, refused), refused
	}
	// What went wrong inside is for the log alone.
	refused = &refusal{http.StatusInternalServerError, "InternalError",
		"The request processing has failed due to some unknown error, exception or failure."}
	return c.refused(f, refused), err
}

// refused gives a refusal the service's form and says when to come again, if known.
func (c *call) refused(f front, r *refusal) answer {
	a := f.refuse(c, r)
	if c.retryAfter != "" {
		a.header = maps.Clone(a.header)
		a.header["x-acs-retry-after"] = c.retryAfter
	}
	return a
}

func (c *call) read(f front) (answer, error) {
	body, err := io.ReadAll(io.LimitReader(c.http.Body, maxBody+1))
	if err != nil {
		return answer{}, &refusal{http.StatusBadRequest, "InvalidParameter", "The request body could not be read."}
	}
	if len(body) > maxBody {
		return answer{}, &refusal{http.StatusRequestEntityTooLarge, "InvalidParameter", "The request body is too large."}
	}
	c.body = body
	return f.handle(c)
}

// identify verifies the signature and returns what was signed.
func (c *call) identify() (signature.Identity, error) {
	who, err := c.server.verifier.Verify(c.http, c.body)
	var bad *signature.Refusal
	if errors.As(err, &bad) {
		return who, &refusal{bad.Status, bad.Code, bad.Message}
	}
	c.line.AccessKeyID = who.AccessKeyID
	return who, err
}

func (a answer) send(w http.ResponseWriter) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.WriteHeader(a.status)
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(a.body) // a client that has gone away is no fault of ours
}

// newRequestID is an upper-case UUID, as in the documents' examples.
func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails, by its documentation
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
