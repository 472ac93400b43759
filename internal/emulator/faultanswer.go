package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
)

const html502 = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n" +
	"<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"

// deliver sends an answer, or what a fault has made of it.
func (c *call) deliver(w http.ResponseWriter, a answer) {
	var deed Deed
	if c.planned != nil {
		deed = c.planned.Do
	}
	switch deed {
	case Hang:
		select {
		case <-c.http.Context().Done():
		case <-c.server.closing:
		}
		abort(w, false)
	case Reset:
		abort(w, true)
	case HTML502:
		a.send(w)
		_, _ = io.WriteString(w, html502)
	case Truncate:
		a.sendHalf(w)
	default:
		a.send(w)
	}
}

// abort closes the connection without an answer, with a reset if wanted.
func abort(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // how a handler ends a connection that is not its own
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0) // then closing is a reset
	}
	_ = conn.Close()
}

// sendHalf sends the first half of the JSON as if it were all.
func (a answer) sendHalf(w http.ResponseWriter) {
	if a.body == nil {
		a.send(w)
		return
	}
	var whole bytes.Buffer
	encoder := json.NewEncoder(&whole)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(a.body) // it could be sent, so it can be encoded
	a.body = nil
	a.send(w)
	_, _ = w.Write(whole.Bytes()[:whole.Len()/2])
}

// confused is a body in which no id has the type that is documented: each becomes an
// object, a number or null in turn, beginning with the turn that is given.
func confused(body any, turn int) any {
	text, err := json.Marshal(body)
	var decoded any
	if err != nil || json.Unmarshal(text, &decoded) != nil {
		return body
	}
	return confuse(decoded, &turn)
}

func confuse(value any, turn *int) any {
	switch value := value.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(value)) {
			member := value[name]
			if text, ok := member.(string); ok && strings.HasSuffix(name, "Id") && name != "RequestId" {
				value[name] = []any{map[string]any{"Value": text}, 4711, nil}[*turn%3]
				*turn++
				continue
			}
			value[name] = confuse(member, turn)
		}
	case []any:
		for n := range value {
			value[n] = confuse(value[n], turn)
		}
	}
	return value
}
