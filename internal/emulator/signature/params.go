package signature

import (
	"cmp"
	"crypto/hmac"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// param is one name and value of a query or a form, decoded.
type param struct{ name, value string }

// parse splits a query or a form. What is not encoded well is taken as it stands, so
// that every input has one reading, the one whose signature is checked.
func parse(raw string) []param {
	var params []param
	for item := range strings.SplitSeq(raw, "&") {
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		params = append(params, param{unescape(name), unescape(value)})
	}
	return params
}

// form is the parameters of a body that says it is a form.
func form(r *http.Request, body []byte) []param {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		return nil
	}
	return parse(string(body))
}

// merge keeps one value a name: the last.
func merge(lists ...[]param) url.Values {
	merged := url.Values{}
	for _, params := range lists {
		for _, p := range params {
			merged.Set(p.name, p.value)
		}
	}
	return merged
}

// signing are the parameters that sign a request, and say nothing else about it.
var signing = []string{
	"AccessKeyId", "SecurityToken", "Signature", "SignatureMethod",
	"SignatureNonce", "SignatureType", "SignatureVersion", "Timestamp",
}

// meaning is params without those that only sign.
func meaning(params url.Values) url.Values {
	for _, name := range signing {
		params.Del(name)
	}
	return params
}

// sorted is params in the order of their names: that of "name=value" would put Tag.1.Key
// before Tag.1.
func sorted(params []param) []param {
	return slices.SortedFunc(slices.Values(params), func(a, b param) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
}

// canonical sorts and joins parameters as the gateway signs them. An empty value keeps
// its equals sign.
func canonical(params []param) string {
	items := make([]string, len(params))
	for i, p := range sorted(params) {
		items[i] = escape(p.name) + "=" + escape(p.value)
	}
	return strings.Join(items, "&")
}

// join sorts and joins parameters as they are.
func join(params []param) string {
	items := make([]string, len(params))
	for i, p := range sorted(params) {
		items[i] = p.name + "=" + p.value
	}
	return strings.Join(items, "&")
}

// bare is join where an empty value leaves its name alone.
func bare(params []param) string {
	items := make([]string, len(params))
	for i, p := range sorted(params) {
		if items[i] = p.name; p.value != "" {
			items[i] += "=" + p.value
		}
	}
	return strings.Join(items, "&")
}

// resource is a path with a query, if there is one.
func resource(path, query string) string {
	if query == "" {
		return path
	}
	return path + "?" + query
}

// escape encodes as RFC 3986 says: only letters, digits and -_.~ stay.
func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// escapePath is escape for a path: slashes stay.
func escapePath(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		segments[i] = escape(segment)
	}
	return strings.Join(segments, "/")
}

func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// headerValue is a header as it is signed: every value trimmed, joined by commas.
func headerValue(r *http.Request, name string) string {
	values := slices.Clone(r.Header.Values(name))
	for i, value := range values {
		values[i] = strings.TrimSpace(value)
	}
	return strings.Join(values, ",")
}

// headerNames are the names, in lower case and sorted, of the headers that begin so.
func headerNames(r *http.Request, prefix string) []string {
	var names []string
	for name := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// headerLines are the lines "name:value" of the named headers.
func headerLines(r *http.Request, names []string) string {
	var lines strings.Builder
	for _, name := range names {
		value := headerValue(r, name)
		if name == "host" {
			value = r.Host
		}
		lines.WriteString(name + ":" + value + "\n")
	}
	return lines.String()
}

// fields reads the "Name=value,Name=value" of an Authorization header.
func fields(s string) map[string]string {
	read := map[string]string{}
	for item := range strings.SplitSeq(s, ",") {
		if name, value, ok := strings.Cut(strings.TrimSpace(item), "="); ok {
			read[name] = value
		}
	}
	return read
}

func sum(newHash func() hash.Hash, key []byte, text string) []byte {
	mac := hmac.New(newHash, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func inBase64(sum []byte) string { return base64.StdEncoding.EncodeToString(sum) }
func inHex(sum []byte) string    { return hex.EncodeToString(sum) }
