package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxTags    = 20
	ownTags    = 2 // kiln:build and kiln:token
	maxTagText = 128
)

// tagPrefix is that of the tags by which a build knows its own resources.
const tagPrefix = "kiln:"

var tagRules = []func(*checker){
	func(c *checker) { c.tags(c.Tags, nil, path{"tags"}) },
	func(c *checker) {
		if c.Source.Import != nil {
			c.tags(c.Source.Import.Tags, c.Tags, path{"source", "import", "tags"})
		}
	},
	func(c *checker) {
		c.eachComponent(func(c *checker, component Component, p path) { c.tags(component.Tags, c.Tags, p.join("tags")) })
	},
	func(c *checker) {
		if c.Template != nil {
			c.tags(c.Template.Tags, c.Tags, path{"template", "tags"})
		}
	},
	func(c *checker) { c.tags(c.Execution.Tags, c.Tags, path{"execution", "tags"}) },
	func(c *checker) { c.tags(c.Image.Tags, c.Tags, path{"image", "tags"}) },
}

// tags checks the tags of one section, and how many its resource gets with the common ones.
func (c *checker) tags(own, common map[string]string, p path) {
	seen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(own)) {
		at := p.join(key)
		if want := tagKey(key); want != "" {
			c.keyFault(at, "the tag key %s is not valid: %s", quote(key), want)
		}
		if want := tagValue(own[key]); want != "" {
			c.fault(at, "%s is %s; %s", at.label(), quote(own[key]), want)
		}
		if first, ok := seen[strings.ToLower(key)]; ok {
			c.keyFault(at, "the tag keys %s and %s differ in capitals only, which the service refuses; keep one", quote(first), quote(key))
		}
		seen[strings.ToLower(key)] = key
	}
	if total := len(mergeTags(common, own)); total > maxTags-ownTags && len(own) > 0 {
		together := ""
		if len(common) > 0 {
			together = " together with the document's own"
		}
		c.fault(p, "these are %d tags%s; want at most %d, since a resource takes %d and Kiln adds kiln:build and kiln:token",
			total, together, maxTags-ownTags, maxTags)
	}
}

func tagKey(key string) string {
	switch {
	case strings.HasPrefix(key, tagPrefix):
		return fmt.Sprintf("Kiln keeps keys that start with %q for itself", tagPrefix)
	case key == "":
		return "it is empty"
	}
	return first(key, notStarting("aliyun", "acs:"), withoutURL, tagLength)
}

func tagValue(value string) string { return first(value, notStarting("acs:"), withoutURL, tagLength) }

func tagLength(text string) string {
	if n := utf8.RuneCountInString(text); n > maxTagText {
		return fmt.Sprintf("it has %d characters, want at most %d", n, maxTagText)
	}
	return ""
}

// mergeTags puts a resource's own tags over the common ones. A key of its own replaces
// one that differs in capitals only.
func mergeTags(common, own map[string]string) map[string]string {
	merged := maps.Clone(own)
	taken := map[string]bool{}
	for key := range own {
		taken[strings.ToLower(key)] = true
	}
	for key, value := range common {
		if taken[strings.ToLower(key)] {
			continue
		}
		if merged == nil {
			merged = map[string]string{}
		}
		merged[key] = value
	}
	return merged
}
