package command

import (
	"regexp"
	"strings"
)

// Reference is a component that a template names: by ID, or by Name and Version.
type Reference struct {
	Line    int
	ID      string
	Region  string // empty unless the reference is a full name
	Account string // likewise
	Name    string
	Version string            // major.minor.patch, each a number or *
	Values  map[string]string // --name value
}

// String is the reference without its values, as a template writes it.
func (r Reference) String() string {
	switch {
	case r.ID != "":
		return r.ID
	case r.Region == "" && r.Account == "":
		return r.Name + ":" + r.Version
	}
	return "acs:ecs:" + r.Region + ":" + r.Account + ":imagecomponent/" + r.Name + "/" + r.Version
}

// Matches tells whether a version, major.minor.patch, is one that the reference means.
func (r Reference) Matches(version string) bool {
	want, have := strings.Split(r.Version, "."), strings.Split(version, ".")
	if len(want) != 3 || len(have) != 3 {
		return false
	}
	for i := range want {
		if want[i] != "*" && want[i] != have[i] {
			return false
		}
	}
	return true
}

var (
	componentID   = regexp.MustCompile(`^ic-[a-z0-9]+$`)
	componentName = regexp.MustCompile(`^\p{L}[\p{L}\p{N}.:_-]{1,127}$`)
	version       = regexp.MustCompile(`^(\d+|\*)\.(\d+|\*)\.(\d+|\*)$`)
)

// readReference reads what stands behind COMPONENT; wrong says what is wrong with it.
func readReference(content string) (r Reference, wrong string) {
	words, closed := split(content)
	if !closed {
		return r, "has a quotation mark that is never closed"
	}
	if len(words) == 0 {
		return r, "takes an image component"
	}
	if r, wrong = readTarget(words[0]); wrong != "" {
		return r, wrong
	}
	r.Values, wrong = readValues(words[1:])
	return r, wrong
}

// readTarget takes an id, Name:version, and the full name with either a slash or a colon
// before the version: the documents have both.
func readTarget(target string) (Reference, string) {
	if componentID.MatchString(target) {
		return Reference{ID: target}, ""
	}
	var r Reference
	rest := target
	if strings.HasPrefix(target, "acs:") {
		parts := strings.SplitN(target, ":", 5)
		if len(parts) != 5 || parts[1] != "ecs" || !strings.HasPrefix(parts[4], "imagecomponent/") {
			return r, "takes acs:ecs:region:account:imagecomponent/name/version: " + target
		}
		r.Region, r.Account = parts[2], parts[3]
		rest = strings.TrimPrefix(parts[4], "imagecomponent/")
	}
	end := strings.LastIndexAny(rest, "/:")
	if end < 0 {
		return r, "takes ic-…, a full name, or name:version: " + target
	}
	r.Name, r.Version = rest[:end], rest[end+1:]
	switch {
	case !componentName.MatchString(r.Name):
		return r, "has a name that no component can have: " + r.Name
	case !version.MatchString(r.Version):
		return r, "takes a version of major.minor.patch: " + r.Version
	}
	return r, ""
}

func readValues(words []string) (map[string]string, string) {
	values := map[string]string{}
	for i := 0; i < len(words); i += 2 {
		name, option := strings.CutPrefix(words[i], "--")
		_, twice := values[name]
		switch {
		case !option || name == "":
			return nil, "takes --name value: " + words[i]
		case i+1 == len(words):
			return nil, "has no value for --" + name
		case twice:
			return nil, "has --" + name + " twice"
		}
		values[name] = words[i+1]
	}
	return values, ""
}
