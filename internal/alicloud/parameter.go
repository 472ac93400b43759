package alicloud

import (
	"cmp"
	"maps"
	"slices"

	"github.com/alibabacloud-go/tea/dara"
)

// optional leaves an empty parameter out of the request.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return dara.String(s)
}

// optionalNumber leaves a zero parameter out of the request.
func optionalNumber(n int32) *int32 {
	if n == 0 {
		return nil
	}
	return dara.Int32(n)
}

// tagList spells tags in the order of their keys, as the request type that asks.
func tagList[T any](tags Tags, pair func(key, value *string) T) []T {
	var list []T
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, pair(dara.String(key), dara.String(tags[key])))
	}
	return list
}

// tagSet is how answers spell tags: TagKey and TagValue, or as requests do.
type tagSet struct {
	listOf[struct{ TagKey, TagValue, Key, Value text }]
}

func (s tagSet) tags() Tags {
	if len(s.listOf) == 0 {
		return nil
	}
	tags := Tags{}
	for _, t := range s.listOf {
		tags[string(cmp.Or(t.TagKey, t.Key))] = string(cmp.Or(t.TagValue, t.Value))
	}
	return tags
}

// have reports whether the tags include all of some others, and the keys.
//
// A036: only whole tags are asked of the service. Keys are looked for here, in the list of
// all that is the caller's own.
func (t Tags) have(others Tags, keys []string) bool {
	for key, value := range others {
		if got, ok := t[key]; !ok || got != value {
			return false
		}
	}
	for _, key := range keys {
		if _, ok := t[key]; !ok {
			return false
		}
	}
	return true
}

// maxIDs is how many ids a list of components or templates takes in one call.
const maxIDs = 20

// batches are ids as they fit into calls: without any, one call that names none.
func batches(ids []string) [][]string {
	if len(ids) == 0 {
		return [][]string{nil}
	}
	return slices.Collect(slices.Chunk(ids, maxIDs))
}

// among reports whether an id is one of those asked for; without any, each is.
func among(ids []string, id id) bool {
	return len(ids) == 0 || slices.Contains(ids, string(id))
}
