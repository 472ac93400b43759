// Package signature verifies who signed a request to the cloud, by every scheme its
// clients use.
//
// It is written from the schemes' documents (ECS "V3 request structure and signature",
// the RPC and ROA signature pages, OSS "Include a V4 signature in the Authorization
// header" and its V1 sister) and shares no code with any client.
package signature

import (
	"crypto/hmac"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Window is how far a request's time may be from the clock, either way.
const Window = 15 * time.Minute

// Scheme is how a request is signed.
type Scheme string

// The schemes.
const (
	ACS3  Scheme = "ACS3-HMAC-SHA256" // the gateway's V3, in Authorization
	RPCV1 Scheme = "RPC HMAC-SHA1"    // in the query or the form
	ROAV1 Scheme = "acs"              // Authorization: acs id:signature
	OSSV1 Scheme = "OSS"              // Authorization: OSS id:signature
	OSSV4 Scheme = "OSS4-HMAC-SHA256" // Authorization: OSS4-HMAC-SHA256 Credential=…
)

// Identity is who signed a request, and what was signed.
type Identity struct {
	Scheme        Scheme
	AccessKeyID   string
	SecurityToken string // empty for a long-lived key
	// Params is the query merged with the form, one value a name (the form's, if in both),
	// without the fields that only sign, so that a repeat of a request has equal Params.
	Params url.Values
}

// Token is the session that a temporary key belongs to.
type Token struct {
	Value   string
	Expires time.Time // zero: never
}

// Verifier verifies requests. It may be used from many goroutines when its parts may.
type Verifier struct {
	// Secret returns the secret of a key.
	Secret func(accessKeyID string) (secret string, ok bool)
	// Token returns the session of a temporary key. Nil: every key is long-lived, and a
	// request that brings a token is refused.
	Token func(accessKeyID string) (token Token, temporary bool)
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Nonces refuses a nonce's second use; nil lets it pass.
	Nonces *NoncesMemory
}

// claim is what a request says about its signer, and what the signer should have signed.
type claim struct {
	Identity
	signature string
	at        time.Time
	nonce     string // empty: the scheme needs none
	toSign    string // the string to sign, by our own calculation
	also      string // another that clients in use calculate of the same request; empty: none
	explain   string // what else helps to find a mismatch
	forged    bool   // the claim contradicts the request, whatever its signature
	sign      func(secret, text string) string
	words     *wording
}

// signedWith tells whether the signature is one that only the secret can make.
func (c *claim) signedWith(secret string) bool {
	for _, text := range []string{c.toSign, c.also} {
		if text != "" && hmac.Equal([]byte(c.sign(secret, text)), []byte(c.signature)) {
			return !c.forged
		}
	}
	return false
}

// Verify tells who signed r, whose body the caller has read. The error is a *Refusal.
// The schemes of OSS do not cover the body, so for those it may be nil.
//
// The order of the checks is ours: form, time, key, token, signature, nonce.
func (v *Verifier) Verify(r *http.Request, body []byte) (Identity, error) {
	c, refused := read(r, body)
	if refused != nil {
		return Identity{}, refused
	}
	if refused := v.judge(c); refused != nil {
		return Identity{}, refused
	}
	return c.Identity, nil
}

func read(r *http.Request, body []byte) (*claim, *Refusal) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	rest = strings.TrimSpace(rest)
	switch Scheme(scheme) {
	case ACS3:
		return readACS3(r, body, rest)
	case ROAV1:
		return readROA(r, body, rest)
	case OSSV1:
		return readOSS1(r, rest)
	case OSSV4:
		return readOSS4(r, rest)
	case "":
		return readRPC(r, body)
	}
	return nil, gateway.malformed.because("unknown scheme in Authorization")
}

func (v *Verifier) judge(c *claim) *Refusal {
	now := v.now()
	if c.at.Before(now.Add(-Window)) || c.at.After(now.Add(Window)) {
		return c.words.expired.refuse()
	}
	secret, known := v.Secret(c.AccessKeyID)
	if !known {
		return c.words.unknownKey.refuse()
	}
	if refused := v.judgeToken(c, now); refused != nil {
		return refused
	}
	if !c.signedWith(secret) {
		return c.mismatch()
	}
	if c.nonce != "" && v.Nonces != nil && !v.Nonces.Use(c.AccessKeyID+"/"+c.nonce, now) {
		return c.words.replayed.refuse()
	}
	return nil
}

// judgeToken wants the token that belongs to the key, and none from a long-lived key.
func (v *Verifier) judgeToken(c *claim, now time.Time) *Refusal {
	var want Token
	var temporary bool
	if v.Token != nil {
		want, temporary = v.Token(c.AccessKeyID)
	}
	switch given := c.SecurityToken; {
	case given == "" && !temporary:
		return nil
	case given == "":
		return c.words.noToken.refuse()
	case strings.ContainsFunc(given, func(r rune) bool { return r <= ' ' || r > '~' }):
		return c.words.badToken.refuse()
	case !temporary || !hmac.Equal([]byte(given), []byte(want.Value)):
		return c.words.wrongToken.refuse()
	case !want.Expires.IsZero() && now.After(want.Expires):
		return c.words.oldToken.refuse()
	}
	return nil
}

func (v *Verifier) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}
