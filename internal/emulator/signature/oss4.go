package signature

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	ossTime         = "20060102T150405Z"
	ossTerminator   = "aliyun_v4_request"
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// readOSS4 reads the V4 signature of a path-style request. (OSS, Include a V4 signature
// in the Authorization header.)
func readOSS4(r *http.Request, authorization string) (*claim, *Refusal) {
	given := fields(authorization)
	id, scope, _ := strings.Cut(given["Credential"], "/")
	if id == "" || given["Signature"] == "" {
		return nil, oss.malformed.refuse()
	}
	if r.Header.Get("x-oss-content-sha256") != unsignedPayload {
		return nil, &Refusal{Status: 400, Code: "InvalidArgument", Message: "The value of x-oss-content-sha256 has to be UNSIGNED-PAYLOAD."}
	}
	at, text, refused := ossDate(r)
	if refused != nil {
		return nil, refused
	}
	parts := strings.Split(scope, "/")
	if len(parts) != 4 || parts[0] != at.Format("20060102") || parts[1] == "" || parts[3] != ossTerminator {
		return nil, oss.malformed.because("Credential takes AccessKeyId/date/region/oss/" + ossTerminator)
	}
	c := &claim{
		Identity: Identity{
			Scheme: OSSV4, AccessKeyID: id,
			SecurityToken: r.Header.Get("x-oss-security-token"),
			Params:        merge(parse(r.URL.RawQuery)),
		},
		signature: given["Signature"], at: at, words: oss,
	}
	requestSum := sha256.Sum256([]byte(oss4Request(r, given["AdditionalHeaders"])))
	toSign := func(date string) string {
		return strings.Join([]string{string(OSSV4), date, scope, inHex(requestSum[:])}, "\n")
	}
	c.toSign, c.also = toSign(at.Format(ossTime)), toSign(text)
	c.sign = func(secret, text string) string {
		key := []byte("aliyun_v4" + secret)
		for _, part := range parts {
			key = sum(sha256.New, key, part)
		}
		return inHex(sum(sha256.New, key, text))
	}
	return c, nil
}

// oss4Request is the canonical request. Some headers are always signed when they are
// sent, others when additional names them.
func oss4Request(r *http.Request, additional string) string {
	signed := headerNames(r, "x-oss-")
	for _, name := range append(strings.Split(strings.ToLower(additional), ";"), "content-type", "content-md5") {
		if r.Header.Get(name) != "" || name == "host" {
			signed = append(signed, name)
		}
	}
	slices.Sort(signed)
	query := parse(r.URL.RawQuery)
	for i, p := range query {
		query[i] = param{escape(p.name), escape(p.value)} // before the sorting
	}
	return strings.Join([]string{
		r.Method, escapePath(ossPath(r)), bare(query),
		headerLines(r, slices.Compact(signed)), strings.ToLower(additional), unsignedPayload,
	}, "\n")
}

// ossDate reads x-oss-date, or the Date header in its place. Older clients sign the text
// of that header as it is, so it comes back too.
func ossDate(r *http.Request) (at time.Time, text string, refused *Refusal) {
	text = r.Header.Get("x-oss-date")
	if text == "" {
		text = r.Header.Get("Date")
		at, refused = httpDate(text, oss)
		return at.UTC(), text, refused
	}
	at, err := time.Parse(ossTime, text)
	if err != nil || len(text) != len(ossTime) {
		return time.Time{}, "", oss.badTime.refuse()
	}
	return at, text, nil
}
