package command

import (
	"encoding/json"
	"strconv"
	"strings"
)

// property is one that a task's action takes.
type property struct {
	name     string
	required bool
	// fault says what is wrong with a value; nil takes any text.
	fault func(n *node) string
}

// action is what a task can do.
type action struct {
	system     System // the only one; empty: both
	properties []property
	outputs    []string // what later tasks may refer to
}

// actions are those of the YAML form.
var actions = map[string]action{
	"RunShellCommand": {system: Linux, outputs: []string{"stdout"}, properties: []property{
		{name: "commandContent", required: true}, {name: "workingDir"}, {name: "username"}}},
	"RunPowerShellCommand": {system: Windows, properties: []property{
		{name: "commandContent", required: true}, {name: "workingDir"}, {name: "username"}, {name: "windowsPasswordName"}}},
	"InvokeCommand": {properties: []property{
		{name: "commandId", required: true}, {name: "username"}, {name: "parameters", fault: jsonFault}}},
	"OSSDownload": {properties: []property{
		{name: "bucketName", required: true}, {name: "objectName", required: true}, {name: "destinationDir", required: true},
		{name: "ossRegion"}, {name: "validTime", fault: countFault}}},
	"OSSUpload": {properties: []property{
		{name: "bucketName", required: true}, {name: "objectName", required: true}, {name: "fileToUpload", required: true},
		{name: "ossRegion"}, {name: "validTime", fault: countFault}}},
	"WebDownload": {properties: []property{
		{name: "sourcePath", required: true}, {name: "destinationDir", required: true},
		{name: "tokenInfo"}, {name: "timeout", fault: countFault}}},
	"Reboot": {properties: []property{{name: "forceStop", fault: booleanFault}}},
}

// check says what is wrong with a property's value, which may be absent. What a reference
// stands for is not known before the task runs, so it fits everywhere.
func (p property) check(n *node) string {
	switch {
	case n == nil || n.kind == null || (n.kind == text && strings.TrimSpace(n.value) == ""):
		if p.required {
			return "is missing"
		}
		return ""
	case n.kind == text && mention.MatchString(n.value):
		return ""
	case p.fault != nil:
		return p.fault(n)
	case n.kind != text:
		return "has to be a text"
	}
	return ""
}

func countFault(n *node) string {
	if count, err := strconv.Atoi(n.value); err != nil || count <= 0 {
		return "has to be a positive integer"
	}
	return ""
}

func booleanFault(n *node) string {
	if n.value != "true" && n.value != "false" {
		return "has to be true or false"
	}
	return ""
}

// jsonFault takes an object, in YAML or as JSON text.
func jsonFault(n *node) string {
	if n.kind == table {
		return ""
	}
	var object map[string]any
	if json.Unmarshal([]byte(n.value), &object) != nil {
		return "has to be a JSON object"
	}
	return ""
}
