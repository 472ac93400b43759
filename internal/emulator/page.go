package emulator

import (
	"encoding/base64"
	"math"
	"strings"
	"time"
)

// pageNumber is the older way to page: numbered pages.
type pageNumber struct{ number, size int }

func (p params) readPageNumber() pageNumber {
	return pageNumber{p.number("PageNumber", 1, 1, math.MaxInt32, ""), p.number("PageSize", 10, 1, 100, "")}
}

func pageOf[T any](p pageNumber, all []T) []T {
	from := min(len(all), (p.number-1)*p.size)
	return all[from:min(len(all), from+p.size)]
}

func (p pageNumber) reply(total int, r reply) reply {
	r["PageNumber"], r["PageSize"], r["TotalCount"] = p.number, p.size, total
	return r
}

// pageToken is the newer way to page: the token names the last id of the page before.
type pageToken struct {
	after string
	size  int
}

func (p params) readPageToken() pageToken {
	page := pageToken{size: p.number("MaxResults", 50, 1, 500, "")}
	if !p.has("NextToken") {
		return page
	}
	text, err := base64.RawURLEncoding.DecodeString(p.text("NextToken"))
	after, ours := strings.CutPrefix(string(text), p.api+"/")
	p.check(err == nil && ours && after != "", "Invalid.NextToken")
	page.after = after
	return page
}

// pageFrom cuts a page from resources in the order of their ids and returns the token of
// the next one, empty after the last.
func pageFrom[T resource](api string, p pageToken, all []T) ([]T, string) {
	var shown []T
	for _, r := range all {
		switch {
		case r.key().id <= p.after:
		case len(shown) == p.size:
			last := shown[len(shown)-1].key().id
			return shown, base64.RawURLEncoding.EncodeToString([]byte(api + "/" + last))
		default:
			shown = append(shown, r)
		}
	}
	return shown, ""
}

func (p pageToken) reply(total int, next string, r reply) reply {
	r["MaxResults"], r["TotalCount"], r["NextToken"] = p.size, total, next
	return r
}

// seconds and minutes are the two ways in which answers write a time; tasks have no
// seconds.
func seconds(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func minutes(t time.Time) string { return t.UTC().Format("2006-01-02T15:04Z") }
