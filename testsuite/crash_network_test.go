//go:build e2e

package testsuite

import (
	"bytes"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// network is what lies between one worker and one server: a TCP proxy on a port that
// stays. It can be cut, fall silent and heal, and it can hold a single call on its way.
type network struct {
	listener net.Listener
	target   string
	// passes, unless nil, hears of each call and each answer on its way. Only the way to the
	// cloud, whose HTTP can be read, has one.
	passes func(passage)

	mu     sync.Mutex
	state  networkState
	turn   chan struct{} // closed when the state changes
	flows  map[*flow]bool
	tries  int
	before int // tries until the state changed
	stuck  int
	holds  []*hold
}

type networkState string

const (
	networkOpen   networkState = "open"
	networkCut    networkState = "cut"    // connections are reset, and so are new ones
	networkSilent networkState = "silent" // connections stay, and nothing moves on them
)

// passage is a call that passes a network, on its way to the cloud or back.
type passage struct {
	network *network
	api     string
	answer  bool
}

// newNetwork opens a way to an address, until the test ends.
func newNetwork(t *testing.T, target string, passes func(passage)) *network {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &network{listener: listener, target: target, passes: passes, state: networkOpen, turn: make(chan struct{}), flows: map[*flow]bool{}}
	go n.serve()
	t.Cleanup(func() {
		_ = listener.Close()
		n.cut()
	})
	return n
}

func (n *network) address() string { return n.listener.Addr().String() }

func (n *network) serve() {
	for {
		near, err := n.listener.Accept()
		if err != nil {
			return // the test is over
		}
		go n.connect(near.(*net.TCPConn))
	}
}

// connect lets a connection through, unless the network is cut or nobody listens behind it.
func (n *network) connect(near *net.TCPConn) {
	far, err := net.Dial("tcp", n.target)
	f := &flow{network: n, near: near, gone: make(chan struct{})}
	n.mu.Lock()
	through := err == nil && n.state != networkCut
	if through {
		f.far = far.(*net.TCPConn)
		n.flows[f] = true
	} else {
		n.tries++
	}
	n.mu.Unlock()
	switch {
	case through:
		f.run()
	case err == nil:
		_ = far.Close()
		fallthrough
	default:
		reset(near)
	}
}

// set brings the network into a state. A cut takes with it what was held.
func (n *network) set(state networkState) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state, n.before = state, n.tries
	close(n.turn)
	n.turn = make(chan struct{})
	if state == networkCut {
		for f := range n.flows {
			f.reset()
		}
	}
}

func (n *network) cut()     { n.set(networkCut) }
func (n *network) silence() { n.set(networkSilent) }

// heal lets everything move again: what a silent network has held arrives late.
func (n *network) heal() { n.set(networkOpen) }

func (n *network) works() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state == networkOpen
}

// tried counts the connections that were asked for in vain.
func (n *network) tried() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.tries
}

// missed tells whether something is stuck, or was tried in vain since the state changed.
func (n *network) missed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stuck > 0 || n.tries > n.before
}

// await returns when a flow may go on, and tells whether it does.
func (n *network) await(f *flow) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.state != networkOpen {
		turn := n.turn
		n.stuck++
		n.mu.Unlock()
		gone := false
		select {
		case <-turn:
		case <-f.gone:
			gone = true
		}
		n.mu.Lock()
		n.stuck--
		if gone {
			return false
		}
	}
	return true
}

// hold keeps one call on its way until it is told what becomes of it.
type hold struct {
	api     string
	answer  bool // not the call is held, but the answer to it
	reached chan struct{}
	fate    chan bool
}

// holdCall holds the next call of an API before the cloud has it.
func (n *network) holdCall(api string) *hold { return n.hold(api, false) }

// holdAnswer lets the next call of an API have its effect and holds the answer.
func (n *network) holdAnswer(api string) *hold { return n.hold(api, true) }

func (n *network) hold(api string, answer bool) *hold {
	h := &hold{api: api, answer: answer, reached: make(chan struct{}), fate: make(chan bool, 1)}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.holds = append(n.holds, h)
	return h
}

// deliver lets go of what is held; drop makes it vanish together with its connection.
func (h *hold) deliver() { h.fate <- true }
func (h *hold) drop()    { h.fate <- false }

// holder takes the hold that is meant for a passage out of the network; nil: none.
func (n *network) holder(p passage) *hold {
	n.mu.Lock()
	defer n.mu.Unlock()
	at := slices.IndexFunc(n.holds, func(h *hold) bool { return h.api == p.api && h.answer == p.answer })
	if at < 0 {
		return nil
	}
	h := n.holds[at]
	n.holds = slices.Delete(n.holds, at, at+1)
	return h
}

// flow is one connection through a network.
type flow struct {
	network   *network
	near, far *net.TCPConn
	gone      chan struct{} // closed when the flow is cut
	once      sync.Once

	mu     sync.Mutex
	asking []byte // the call that is on its way, as far as it came
	api    string // of it, once it can be told
}

// run moves bytes until both sides have ended. What one side has sent arrives although
// the side is not there any more.
func (f *flow) run() {
	var both sync.WaitGroup
	both.Go(func() { f.pump(f.far, f.near, false) })
	both.Go(func() { f.pump(f.near, f.far, true) })
	both.Wait()
	_, _ = f.near.Close(), f.far.Close()
	f.network.mu.Lock()
	delete(f.network.flows, f)
	f.network.mu.Unlock()
}

func (f *flow) pump(to, from *net.TCPConn, answers bool) {
	buffer := make([]byte, 32<<10)
	for {
		size, err := from.Read(buffer)
		if size > 0 && (!f.pass(buffer[:size], answers) || !f.network.await(f)) {
			f.reset()
			return
		}
		if _, broken := to.Write(buffer[:size]); broken != nil {
			f.reset()
			return
		}
		if err != nil {
			_ = to.CloseWrite()
			return
		}
	}
}

// reset ends both connections as a router does that has forgotten them.
func (f *flow) reset() {
	f.once.Do(func() { close(f.gone) })
	reset(f.near)
	reset(f.far)
}

func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0) // then closing is a reset
	_ = conn.Close()
}

// pass reads which call is passing, tells of it, and holds it if wanted. It tells
// whether the bytes go on.
func (f *flow) pass(text []byte, answers bool) bool {
	p := f.recognize(text, answers)
	if p.api == "" {
		return true
	}
	f.network.passes(p)
	h := f.network.holder(p)
	if h == nil {
		return true
	}
	close(h.reached)
	select {
	case delivered := <-h.fate:
		return delivered
	case <-f.gone:
		return false
	}
}

// recognize names a call with the bytes that make it recognizable, and its answer with
// the first bytes of that.
func (f *flow) recognize(text []byte, answers bool) passage {
	p := passage{network: f.network, answer: answers}
	if f.network.passes == nil {
		return p
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case answers:
		p.api = f.api
		f.api, f.asking = "", nil
	case f.api == "":
		f.asking = append(f.asking, text...)
		f.api = apiOf(f.asking)
		p.api = f.api
	}
	return p
}

// apiOf names the API that a request calls; empty when it cannot be told yet.
func apiOf(request []byte) string {
	header, _, complete := bytes.Cut(request, []byte("\r\n\r\n"))
	if !complete {
		return ""
	}
	start, _, _ := bytes.Cut(header, []byte(" HTTP/"))
	method, target, _ := strings.Cut(string(start), " ")
	if path, _, _ := strings.Cut(target, "?"); path == "/images" || strings.HasPrefix(path, "/images/") {
		return "BatchCompute." + map[string]string{
			"POST /images": "CreateImage", "GET /images": "ListImages", "GET /images/": "GetImage", "DELETE /images/": "DeleteImage",
		}[method+" "+path[:min(len(path), len("/images/"))]]
	}
	_, action, _ := bytes.Cut(header, []byte("\r\nx-acs-action: "))
	action, _, _ = bytes.Cut(action, []byte("\r\n"))
	return string(action)
}
