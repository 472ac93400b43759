package signature

import (
	"crypto/sha1" // what the scheme signs with
	"net/http"
	"strings"
)

// readRPC reads a signature among the parameters, in the query or the form. (ECS,
// request signatures, version 1.0.)
func readRPC(r *http.Request, body []byte) (*claim, *Refusal) {
	all := merge(parse(r.URL.RawQuery), form(r, body))
	if !all.Has("Signature") && !all.Has("AccessKeyId") {
		return nil, gateway.malformed.because("the request is not signed")
	}
	for _, name := range []string{"AccessKeyId", "Timestamp", "SignatureNonce"} {
		if all.Get(name) == "" {
			return nil, missing(name)
		}
	}
	if all.Get("Signature") == "" || all.Get("SignatureVersion") != "1.0" {
		return nil, gateway.malformed.because("Signature and SignatureVersion=1.0 are needed")
	}
	if refused := signatureMethod(all.Get("SignatureMethod")); refused != nil {
		return nil, refused
	}
	at, refused := timestamp(all.Get("Timestamp"), wholeSeconds, milliseconds)
	if refused != nil {
		return nil, refused
	}
	c := &claim{
		Identity:  Identity{Scheme: RPCV1, AccessKeyID: all.Get("AccessKeyId"), SecurityToken: all.Get("SecurityToken")},
		signature: all.Get("Signature"), nonce: all.Get("SignatureNonce"), at: at, words: gateway,
	}
	var signed []param
	for name := range all {
		if name != "Signature" {
			signed = append(signed, param{name, all.Get(name)})
		}
	}
	c.Params = meaning(all)
	c.toSign = strings.Join([]string{r.Method, "%2F", escape(canonical(signed))}, "&")
	c.sign = func(secret, text string) string { return inBase64(sum(sha1.New, []byte(secret+"&"), text)) }
	return c, nil
}

// signatureMethod lets HMAC-SHA1 pass, in either case: Batch Compute's page has hmac-sha1.
// The code's spelling is the document's.
func signatureMethod(method string) *Refusal {
	if strings.EqualFold(method, "HMAC-SHA1") {
		return nil
	}
	return &Refusal{
		Status: http.StatusBadRequest, Code: "InvalidParamater",
		Message: `The specified parameter "SignatureMethod" is not valid.`,
	}
}
