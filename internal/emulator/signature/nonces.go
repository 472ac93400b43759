package signature

import (
	"sync"
	"time"
)

// maxNonces is how many nonces are remembered unless NoncesMemory says otherwise: some
// 40 requests a second over the whole window.
const maxNonces = 1 << 16

// NoncesMemory remembers nonces for as long as a request may be repeated, in memory.
// The zero value is ready, and may be used from many goroutines.
type NoncesMemory struct {
	// Max bounds what is remembered; beyond it the oldest is forgotten. Zero: 65536.
	Max int

	mu    sync.Mutex
	seen  map[string]struct{}
	order []usedNonce
}

type usedNonce struct {
	nonce string
	at    time.Time
}

// Use notes a nonce and tells whether it was new. A request may be dated a Window
// ahead, so a nonce stays for two.
func (n *NoncesMemory) Use(nonce string, at time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.forget(at.Add(-2 * Window))
	if _, used := n.seen[nonce]; used {
		return false
	}
	if n.seen == nil {
		n.seen = map[string]struct{}{}
	}
	n.seen[nonce] = struct{}{}
	n.order = append(n.order, usedNonce{nonce, at})
	return true
}

// forget drops what is older than before, and makes room for one more.
func (n *NoncesMemory) forget(before time.Time) {
	limit := n.Max
	if limit <= 0 {
		limit = maxNonces
	}
	for len(n.order) > 0 && (n.order[0].at.Before(before) || len(n.order) >= limit) {
		delete(n.seen, n.order[0].nonce)
		n.order = n.order[1:]
	}
}
