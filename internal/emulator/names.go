package emulator

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// nameForm is what the rules for names have in common; they differ in length and in what
// a name may not begin with. A022.
var nameForm = regexp.MustCompile(`^\p{L}[\p{L}\p{N}.:_-]+$`)

// imageName is rule A: images and image families.
func imageName(name string) bool {
	return lengthIn(name, 2, 128) && nameForm.MatchString(name) && !begins(name, "aliyun", "acs:") && !holdsURL(name)
}

// buildName is rule B: components and templates.
func buildName(name string) bool {
	return lengthIn(name, 2, 128) && nameForm.MatchString(name) && !begins(name, "http://", "https://")
}

// imagePrefix is rule C: the image name in a template, which the service lengthens.
func imagePrefix(name string) bool { return buildName(name) && lengthIn(name, 2, 64) }

func description(text string) bool {
	return lengthIn(text, 2, 256) && !begins(text, "http://", "https://")
}

// clientToken is the form that ECS takes. (ECS, How to ensure idempotence.)
func clientToken(token string) bool {
	return len(token) <= 64 && !strings.ContainsFunc(token, func(r rune) bool { return r > 127 })
}

var (
	deviceForm        = regexp.MustCompile(`^/dev/(xvd|vd|sd)[a-z]$`)
	resourceGroupForm = regexp.MustCompile(`^rg-[A-Za-z0-9]+$`)
	instanceTypeForm  = regexp.MustCompile(`^ecs\.[a-z0-9-]+\.[a-z0-9-]+$`)
	switchForm        = regexp.MustCompile(`^vsw-[a-z0-9]+$`)
	accountForm       = regexp.MustCompile(`^[0-9]{1,19}$`)
	versionForm       = regexp.MustCompile(`^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$`)
	versionPattern    = regexp.MustCompile(`^(\*|0|[1-9]\d{0,8})\.(\*|0|[1-9]\d{0,8})\.(\*|0|[1-9]\d{0,8})$`)
)

func objectKey(key string) bool {
	return len(key) <= 1023 && !begins(key, "http://", "https://")
}

// notDisks are suffixes of files that hold no disk, or hold it packed.
var notDisks = []string{".iso", ".zip", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".tar", ".ova", ".ovf", ".vhdx", ".vdi"}

func diskSuffix(key string) bool {
	return !slices.Contains(notDisks, strings.ToLower(path.Ext(key)))
}

func lengthIn(text string, low, high int) bool {
	n := utf8.RuneCountInString(text)
	return low <= n && n <= high
}

func begins(text string, prefixes ...string) bool {
	for _, prefix := range prefixes {
		if strings.HasPrefix(text, prefix) {
			return true
		}
	}
	return false
}

func holdsURL(text string) bool {
	return strings.Contains(text, "http://") || strings.Contains(text, "https://")
}
