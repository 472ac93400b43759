package signature

import (
	"crypto/sha1" // what the scheme signs with
	"net/http"
	"slices"
	"strings"
)

// subresources are the query parameters that OSS V1 signs, besides those that begin
// with x-oss-.
var subresources = []string{
	"acl", "append", "bucketInfo", "callback", "callback-var", "cloudboxes", "continuation-token", "delete", "location",
	"objectMeta", "partNumber", "position", "regionList", "response-cache-control", "response-content-disposition",
	"response-content-encoding", "response-content-language", "response-content-type", "response-expires", "restore",
	"security-token", "sequential", "stat", "symlink", "tagging", "uploadId", "uploads", "versionId", "versioning", "versions",
}

// readOSS1 reads "id:signature" of an OSS Authorization on a path-style request. (OSS,
// Include a V1 signature in the Authorization header.)
func readOSS1(r *http.Request, authorization string) (*claim, *Refusal) {
	id, signature, _ := strings.Cut(authorization, ":")
	if id == "" || signature == "" {
		return nil, oss.malformed.refuse()
	}
	date := r.Header.Get("x-oss-date")
	if date == "" {
		date = r.Header.Get("Date")
	}
	at, refused := httpDate(date, oss)
	if refused != nil {
		return nil, refused
	}
	c := &claim{
		Identity: Identity{
			Scheme: OSSV1, AccessKeyID: id,
			SecurityToken: r.Header.Get("x-oss-security-token"),
			Params:        merge(parse(r.URL.RawQuery)),
		},
		signature: signature, at: at, words: oss,
	}
	c.toSign = strings.Join([]string{
		r.Method, headerValue(r, "Content-MD5"), headerValue(r, "Content-Type"), date,
		headerLines(r, headerNames(r, "x-oss-")) + ossResource(r),
	}, "\n")
	c.sign = func(secret, text string) string { return inBase64(sum(sha1.New, []byte(secret), text)) }
	return c, nil
}

func ossResource(r *http.Request) string {
	signed := slices.DeleteFunc(parse(r.URL.RawQuery), func(p param) bool {
		return !slices.Contains(subresources, p.name) && !strings.HasPrefix(p.name, "x-oss-")
	})
	return resource(ossPath(r), bare(signed))
}

// ossPath is /bucket/key, decoded. A bucket alone is signed with a slash behind it,
// however it was sent.
func ossPath(r *http.Request) string {
	path := "/" + strings.TrimPrefix(r.URL.Path, "/")
	if path != "/" && !strings.Contains(path[1:], "/") {
		path += "/"
	}
	return path
}
