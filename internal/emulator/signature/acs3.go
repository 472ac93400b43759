package signature

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"time"
)

// readACS3 reads the gateway's V3 signature. (ECS, V3 request structure and signature.)
func readACS3(r *http.Request, body []byte, authorization string) (*claim, *Refusal) {
	given := fields(authorization)
	c := &claim{
		Identity: Identity{
			Scheme: ACS3, AccessKeyID: given["Credential"],
			SecurityToken: r.Header.Get("x-acs-security-token"),
			Params:        merge(parse(r.URL.RawQuery), form(r, body)),
		},
		signature: given["Signature"],
		nonce:     r.Header.Get("x-acs-signature-nonce"),
		words:     gateway,
	}
	if c.AccessKeyID == "" || c.signature == "" || given["SignedHeaders"] == "" {
		return nil, gateway.malformed.because("Authorization takes Credential, SignedHeaders and Signature")
	}
	for _, name := range []string{"x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"} {
		if r.Header.Get(name) == "" {
			return nil, missing(name)
		}
	}
	var refused *Refusal
	if c.at, refused = timestamp(r.Header.Get("x-acs-date"), wholeSeconds); refused != nil {
		return nil, refused
	}
	return c.signACS3(r, body, strings.Split(given["SignedHeaders"], ";"))
}

func (c *claim) signACS3(r *http.Request, body []byte, signed []string) (*claim, *Refusal) {
	slices.Sort(signed)
	for _, name := range append(headerNames(r, "x-acs-"), "host") {
		if !slices.Contains(signed, name) {
			return nil, gateway.malformed.because("the header " + name + " is not signed")
		}
	}
	bodySum := sha256.Sum256(body)
	request := strings.Join([]string{
		r.Method, acsPath(r), canonical(parse(r.URL.RawQuery)),
		headerLines(r, signed), strings.Join(signed, ";"), inHex(bodySum[:]),
	}, "\n")
	requestSum := sha256.Sum256([]byte(request))

	c.toSign = string(ACS3) + "\n" + inHex(requestSum[:])
	c.explain = " server canonical request is:" + request
	// The header is signed too, so a request could claim one body and sign another.
	c.forged = r.Header.Get("x-acs-content-sha256") != inHex(bodySum[:])
	c.sign = func(secret, text string) string { return inHex(sum(sha256.New, []byte(secret), text)) }
	return c, nil
}

// acsPath is the path with every segment encoded anew.
func acsPath(r *http.Request) string {
	if r.URL.Path == "" {
		return "/"
	}
	return escapePath(r.URL.Path)
}

// The layouts of the gateway's times. The documents know the first alone; the JavaScript
// SDK signs RPC requests with the second.
const (
	wholeSeconds = "2006-01-02T15:04:05Z"
	milliseconds = "2006-01-02T15:04:05.000Z"
)

// timestamp reads a time in one of the layouts, to the letter.
func timestamp(s string, layouts ...string) (time.Time, *Refusal) {
	for _, layout := range layouts {
		if at, err := time.Parse(layout, s); err == nil && len(s) == len(layout) {
			return at, nil
		}
	}
	return time.Time{}, gateway.badTime.refuse()
}
