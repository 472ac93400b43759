package spec

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The rules of names and descriptions, in the words of the ECS API reference (2014-05-26).
// It lets names start with a letter or a Chinese character.

var (
	buildNameShape    = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]*$`)
	cloudNameShape    = regexp.MustCompile(`^[A-Za-z\p{Han}][A-Za-z0-9\p{Han}.:_-]*$`)
	batchNameShape    = regexp.MustCompile(`^[A-Za-z_-][A-Za-z0-9_-]*$`)
	regionShape       = regexp.MustCompile(`^[a-z]{2}(-[a-z0-9]+)+$`)
	zoneShape         = regexp.MustCompile(`^([a-z]{2}(?:-[a-z0-9]+)+)-[a-z]$|^([a-z]{2}(?:-[a-z]+)+-[0-9]+)[a-z]$`)
	versionShape      = regexp.MustCompile(`^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$`)
	imageIDShape      = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)
	roleShape         = regexp.MustCompile(`^[A-Za-z0-9._@-]+$`)
	cloudBoxShape     = regexp.MustCompile(`^arn:acs:cloudbox:[a-z0-9-]+:[0-9]+:cloudbox/[A-Za-z0-9-]+$`)
	instanceTypeShape = regexp.MustCompile(`^ecs\.[a-z0-9][a-z0-9.-]*$`)
	idTail            = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// Longest texts, in characters.
const (
	maxName        = 128
	maxImagePrefix = 64
	maxDescription = 256
	maxBatchName   = 64
	maxBatchText   = 1024
)

// length checks the number of characters.
func length(text string, shortest, longest int) string {
	n := utf8.RuneCountInString(text)
	if n >= shortest && n <= longest {
		return ""
	}
	characters := "characters"
	if n == 1 {
		characters = "character"
	}
	return fmt.Sprintf("it has %d %s, want %d to %d", n, characters, shortest, longest)
}

func shaped(shape *regexp.Regexp, shortest, longest int, want string) textRule {
	return func(text string) string {
		if text != "" && !shape.MatchString(text) {
			return "want " + want
		}
		return length(text, shortest, longest)
	}
}

func first(text string, rules ...textRule) string {
	for _, rule := range rules {
		if want := rule(text); want != "" {
			return want
		}
	}
	return ""
}

func notStarting(prefixes ...string) textRule {
	return func(text string) string {
		for _, prefix := range prefixes {
			if strings.HasPrefix(strings.ToLower(text), prefix) {
				return fmt.Sprintf("it cannot start with %q", prefix)
			}
		}
		return ""
	}
}

func withoutURL(text string) string {
	if strings.Contains(text, "http://") || strings.Contains(text, "https://") {
		return "it cannot contain http:// or https://"
	}
	return ""
}

// buildName is ASCII and short, so that every name that follows from it is valid.
func buildName(text string) string {
	return first(text, notStarting("aliyun"),
		shaped(buildNameShape, 2, 64, `a letter first, then letters, digits, ".", "_" and "-"`))
}

const cloudName = `a letter or Chinese character first, then also digits, ".", ":", "_" and "-"`

// imageName is the rule of names of images.
func imageName(text string) string {
	return first(text, notStarting("aliyun", "acs:"), withoutURL, shaped(cloudNameShape, 2, maxName, cloudName))
}

// resourceName is the rule of names of components and templates.
func resourceName(text string) string {
	return first(text, notStarting("http://", "https://"), shaped(cloudNameShape, 2, maxName, cloudName))
}

// imagePrefix is the rule of the image's name in a template, which the service makes longer.
func imagePrefix(text string) string {
	return first(text, imageName, func(text string) string { return length(text, 2, maxImagePrefix) })
}

func description(text string) string {
	return first(text, notStarting("http://", "https://"), func(text string) string { return length(text, 2, maxDescription) })
}

// imageFamily is the rule of families to read from: the caller's own, or one of the
// service, which starts with acs:.
func imageFamily(text string) string {
	return shaped(cloudNameShape, 2, maxName, "the name of an image family, such as acs:ubuntu_24_04_x64")(text)
}

func imageID(text string) string {
	return shaped(imageIDShape, 2, 256, "the id of an image, such as m-bp1abcdef")(text)
}

func region(text string) string {
	if zone := zoneShape.FindStringSubmatch(text); zone != nil {
		return "that is a zone; want its region, " + zone[1] + zone[2]
	}
	return shaped(regionShape, 4, 64, "the id of a region, such as cn-hangzhou")(text)
}

// id is the rule of ids: a prefix and what the service adds.
func id(prefix, of string) textRule {
	return func(text string) string {
		tail, ok := strings.CutPrefix(text, prefix)
		if !ok || !idTail.MatchString(tail) {
			return fmt.Sprintf("want the id of %s, which starts with %q", of, prefix)
		}
		return ""
	}
}

var resourceGroupID = id("rg-", "a resource group")
