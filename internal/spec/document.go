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
// takes them out of the document. Timeouts and approval.timeout have to be more than
// nothing besides.
func checkDurations(root *node, found *findings) {
	root.each(nil, func(p path, n *node) {
		if s := schemaAt(p); s == nil || s.Pattern == nil {
			return
		}
		d, err := time.ParseDuration(n.text)
		nothing := d < 0 || d == 0 && (p[0] == "timeouts" || p[0] == "approval")
		switch {
		case n.kind == isText && err != nil:
			found.add(n.at, p, fmt.Sprintf("%s is %s; want a duration such as 90m or 6h", p.label(), quote(n.text)))
		case n.kind == isText && nothing:
			found.add(n.at, p, fmt.Sprintf("%s is %s; want more than nothing, such as 90m or 6h", p.label(), quote(n.text)))
		}
		if n.kind != isText || err != nil || nothing {
			*n = node{kind: isNull, at: n.at}
		}
	})
}
