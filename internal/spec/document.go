package spec

import (
	"fmt"
	"time"
)

var documentRules = []func(*checker){
	func(c *checker) { c.required(c.Name, buildName, "name") },
	func(c *checker) { c.required(c.Region, region, "region") },
	func(c *checker) { c.text(c.ResourceGroupID, resourceGroupID, "resourceGroupId") },
}

// checkDurations reports durations that have the shape of one and still are none, and
// takes them out of the document.
func checkDurations(root *node, found *findings) {
	timeouts := root.get("timeouts")
	if timeouts == nil {
		return
	}
	for _, f := range timeouts.fields {
		p := path{"timeouts", f.name}
		d, err := time.ParseDuration(f.value.text)
		switch {
		case f.value.kind == isText && err != nil:
			found.add(f.value.at, p, fmt.Sprintf("%s is %s; want a duration such as 90m or 6h", p.label(), quote(f.value.text)))
		case f.value.kind == isText && d <= 0:
			found.add(f.value.at, p, fmt.Sprintf("%s is %s; want more than nothing, such as 90m or 6h", p.label(), quote(f.value.text)))
		}
		if f.value.kind != isText || err != nil || d <= 0 {
			*f.value = node{kind: isNull, at: f.value.at}
		}
	}
}
