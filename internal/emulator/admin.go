package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// adminPath is where the emulator's own API is. No bucket, and no image, has such a name.
const adminPath = "/_kiln/"

func isAdmin(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, adminPath) }

// adminHandler is the emulator's own API: conditions, faults and the state of everything.
// It is not signed; it answers clients on this machine that are no web pages.
func (s *Server) adminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_kiln/conditions", func(w http.ResponseWriter, _ *http.Request) { show(w, s.Conditions()) })
	mux.HandleFunc("PUT /_kiln/conditions", s.putConditions)
	mux.HandleFunc("GET /_kiln/faults", func(w http.ResponseWriter, _ *http.Request) { show(w, orNone(s.Faults())) })
	mux.HandleFunc("POST /_kiln/faults", s.postFaults)
	mux.HandleFunc("DELETE /_kiln/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("DELETE /_kiln/resources/{id}", s.deleteResource)
	mux.HandleFunc("GET /_kiln/state", s.getState)
	return mux
}

func (s *Server) serveAdmin(w http.ResponseWriter, r *http.Request) {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	ip := net.ParseIP(host)
	switch {
	case ip == nil || !ip.IsLoopback():
		complain(w, http.StatusForbidden, errors.New("the emulator's own API answers this machine alone"))
	case r.Header.Get("Origin") != "":
		complain(w, http.StatusForbidden, errors.New("the emulator's own API does not answer web pages"))
	default:
		s.admin.ServeHTTP(w, r)
	}
}

func (s *Server) putConditions(w http.ResponseWriter, r *http.Request) {
	text, ok := body(w, r)
	if !ok {
		return
	}
	to, err := ReadConditions(text)
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	if err := s.Set(to); err != nil {
		complain(w, http.StatusInternalServerError, err)
		return
	}
	show(w, s.Conditions())
}

func (s *Server) postFaults(w http.ResponseWriter, r *http.Request) {
	text, ok := body(w, r)
	if !ok {
		return
	}
	faults, err := ReadFaults(text)
	if err == nil {
		err = s.Plan(faults...)
	}
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return
	}
	show(w, orNone(s.Faults()))
}

func (s *Server) deleteResource(w http.ResponseWriter, r *http.Request) {
	err := s.Delete(r.PathValue("id"))
	switch {
	case errors.Is(err, ErrUnknown):
		complain(w, http.StatusNotFound, err)
	case err != nil:
		complain(w, http.StatusInternalServerError, err)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// State is everything there is in the cloud at a time.
type State struct {
	Time      time.Time  `json:"time"`
	Resources []Resource `json:"resources"`
}

// Resource is one thing in the cloud. Body is how the emulator keeps it, which may change
// from one version to the next.
type Resource struct {
	Kind   string          `json:"kind"` // image, task, component, pipeline, execution or batchimage
	Region string          `json:"region"`
	ID     string          `json:"id"`
	Name   string          `json:"name,omitempty"`
	Status string          `json:"status,omitempty"` // of an image, a task or an execution
	Tokens []string        `json:"tokens"`           // with which it was asked for
	Body   json.RawMessage `json:"body"`
}

func (s *Server) getState(w http.ResponseWriter, r *http.Request) {
	state, err := s.State()
	if err != nil {
		complain(w, http.StatusInternalServerError, err)
		return
	}
	show(w, state)
}

func body(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		complain(w, http.StatusBadRequest, err)
		return nil, false
	}
	return text, true
}

func show(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(value) // a client that has gone away is no fault of ours
}

// complain answers with a sentence that says what is wrong.
func complain(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}
