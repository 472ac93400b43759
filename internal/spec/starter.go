package spec

import (
	_ "embed"
	"strings"
)

//go:embed starter.yaml
var starter string

// starterName is the name in the starter document.
const starterName = "my-image"

// Starter is a document with comments to start from. A name that is no valid build name
// is left at the starter's own.
func Starter(name string) []byte {
	if buildName(name) != "" {
		return []byte(starter)
	}
	return []byte(strings.ReplaceAll(starter, starterName, name))
}
