package emulator

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// entry is one line of the log. Its shape is documented in docs/emulator.md: scripts
// audit a build by it.
type entry struct {
	Time        string            `json:"time"`
	RequestID   string            `json:"requestId"`
	Service     string            `json:"service"`
	Action      string            `json:"action"`
	Region      string            `json:"region"`
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Status      int               `json:"status"`
	Code        string            `json:"code"`
	Message     string            `json:"message"`
	AccessKeyID string            `json:"accessKeyId"`
	Token       string            `json:"token"`
	Repeat      bool              `json:"repeat"`
	ResourceIDs []string          `json:"resourceIds"`
	Params      map[string]string `json:"params"`
	TookMs      float64           `json:"tookMs"`

	// Of a call to which a planned fault happened, otherwise left out.
	Fault  string `json:"fault,omitempty"`
	Effect *bool  `json:"effect,omitempty"`
}

// requestLog writes whole lines, one at a time.
type requestLog struct {
	mu sync.Mutex
	to io.Writer
}

func (l *requestLog) begin(r *http.Request, service, requestID string, now time.Time) entry {
	return entry{
		Time: now.Format(time.RFC3339Nano), RequestID: requestID, Service: service,
		Method: r.Method, Path: r.URL.Path, ResourceIDs: []string{}, Params: map[string]string{},
	}
}

// end notes the outcome. A refusal's message may quote what was signed, which can hold
// a security token; the line says the code and leaves signature faults at that.
func (e *entry) end(status int, err error, took time.Duration) {
	e.Status = status
	e.TookMs = float64(took.Microseconds()) / 1000
	if err == nil {
		return
	}
	if e.Effect == nil || !*e.Effect {
		e.ResourceIDs = []string{} // what was counted for a refused call was not made
	}
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		e.Code = refused.Code
		if e.AccessKeyID != "" {
			e.Message = refused.Message
		}
	default:
		e.Code, e.Message = "InternalError", err.Error()
	}
}

func (l *requestLog) write(e entry) {
	line, err := json.Marshal(e)
	if err != nil {
		return // strings and numbers always encode
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.to.Write(append(line, '\n'))
}
