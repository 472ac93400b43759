package spec

import (
	"regexp"
	"strings"
)

var batchComputeRules = []func(*checker){
	(*checker).batchComputeTexts,
	(*checker).batchComputePlatform,
}

func (c *checker) batchComputeTexts() {
	if c.BatchCompute == nil {
		return
	}
	c.text(c.BatchCompute.Name, shaped(batchNameShape, 1, maxBatchName, "letters, digits, _ and -, and no digit first"), "batchCompute", "name")
	c.text(c.BatchCompute.Description, func(text string) string { return length(text, 0, maxBatchText) }, "batchCompute", "description")
}

func (c *checker) batchComputePlatform() {
	if b := c.BatchCompute; b != nil && b.Platform != "" && c.osType() != "" && !strings.EqualFold(b.Platform, c.osType()) {
		c.fault(path{"batchCompute", "platform"}, "platform is %s, but the disk to import is %s; leave platform out", b.Platform, c.osType())
	}
}

var notInBatchName = regexp.MustCompile(`[^A-Za-z0-9_-]`)

// batchName is a build's name as Batch Compute takes it.
func batchName(name string) string { return notInBatchName.ReplaceAllString(name, "-") }
