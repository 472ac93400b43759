package emulator

import "strings"

// tag is one tag as answers spell it; requests say Key and Value.
type tag struct {
	Key   string `json:"TagKey"`
	Value string `json:"TagValue"`
}

const maxTags = 20

// readTags reads the list name and holds it to the tag rule. (ECS API reference, Tag.N.)
func readTags(p params, name string) []tag {
	items := p.items(name)
	if len(items) > maxTags {
		p.check(false, "InvalidTagCount")
		return nil
	}
	var tags []tag
	for _, item := range items {
		t := tag{Key: item.text("Key"), Value: item.text("Value")}
		p.check(tagKey(t.Key), "InvalidTagKey.Malformed")
		p.check(tagValue(t.Value), "InvalidTagValue.Malformed")
		if same, code := p.sameTag(tags, t); same {
			p.check(false, code)
		}
		tags = append(tags, t)
	}
	return tags
}

// sameTag says whether a key was given before, and with which code its action refuses
// that: ImportImage compares without regard to case.
func (p params) sameTag(tags []tag, t tag) (bool, string) {
	ignoringCase := p.api == "ImportImage"
	for _, other := range tags {
		if ignoringCase && strings.EqualFold(other.Key, t.Key) {
			return true, "TagKey.Duplication"
		}
		if other.Key == t.Key {
			return true, "Duplicate.TagKey"
		}
	}
	return false, ""
}

func tagKey(key string) bool {
	return lengthIn(key, 1, 128) && !begins(key, "aliyun", "acs:") && !holdsURL(key)
}

func tagValue(value string) bool {
	return lengthIn(value, 0, 128) && !begins(value, "acs:") && !holdsURL(value)
}

// readTagFilter reads tags that a listing has to match. A key without a value matches
// every value.
func readTagFilter(p params) []tag {
	items := p.items("Tag")
	p.check(len(items) <= maxTags, "InvalidTagCount")
	var filter []tag
	for _, item := range items {
		p.check(item.has("Key"), "InvalidTag.Mismatch")
		filter = append(filter, tag{Key: item.text("Key"), Value: item.text("Value")})
	}
	return filter
}

// carries says whether tags hold all of the filter's.
func carries(tags, filter []tag) bool {
	for _, want := range filter {
		found := false
		for _, t := range tags {
			found = found || t.Key == want.Key && (want.Value == "" || want.Value == t.Value)
		}
		if !found {
			return false
		}
	}
	return true
}
