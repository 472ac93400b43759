package signature

import (
	"crypto/sha1" // what the scheme signs with
	"net/http"
	"strings"
	"time"
)

// readROA reads "id:signature" of an acs Authorization. Clients differ in what they send
// with it, so only a date is needed besides; nonce, action and Content-MD5 may be absent.
// (Batch Compute, Signature.)
func readROA(r *http.Request, body []byte, authorization string) (*claim, *Refusal) {
	id, signature, _ := strings.Cut(authorization, ":")
	if id == "" || signature == "" {
		return nil, gateway.malformed.because("Authorization takes acs AccessKeyId:Signature")
	}
	if method := r.Header.Get("x-acs-signature-method"); method != "" {
		if refused := signatureMethod(method); refused != nil {
			return nil, refused
		}
	}
	date := r.Header.Get("Date")
	if date == "" {
		date = r.Header.Get("x-acs-date")
	}
	if date == "" {
		return nil, missing("Date")
	}
	at, refused := httpDate(date, gateway)
	if refused != nil {
		return nil, refused
	}
	c := &claim{
		Identity: Identity{
			Scheme: ROAV1, AccessKeyID: id,
			SecurityToken: r.Header.Get("x-acs-security-token"),
			Params:        merge(parse(r.URL.RawQuery), form(r, body)),
		},
		signature: signature, nonce: r.Header.Get("x-acs-signature-nonce"), at: at, words: gateway,
	}
	head := strings.Join([]string{
		r.Method, headerValue(r, "Accept"), headerValue(r, "Content-MD5"), headerValue(r, "Content-Type"), date,
		headerLines(r, headerNames(r, "x-acs-")),
	}, "\n")
	query := parse(r.URL.RawQuery)
	c.toSign = head + resource(r.URL.EscapedPath(), bare(query))
	c.also = head + resource(r.URL.EscapedPath(), join(query)) // clients differ on empty values
	c.sign = func(secret, text string) string { return inBase64(sum(sha1.New, []byte(secret), text)) }
	return c, nil
}

func httpDate(s string, words *wording) (time.Time, *Refusal) {
	at, err := http.ParseTime(s)
	if err != nil {
		return time.Time{}, words.badTime.refuse()
	}
	return at, nil
}
