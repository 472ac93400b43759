package testsuite

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// repositoryFiles are the texts of the files of the repository with one of the endings,
// by path.
func repositoryFiles(t *testing.T, endings ...string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "node_modules"}, entry.Name()) {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() || !slices.Contains(endings, filepath.Ext(path)) {
			return nil
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	}))
	require.NotEmpty(t, files)
	return files
}

var (
	codeBlock = regexp.MustCompile("(?ms)^```.*?^```$")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading   = regexp.MustCompile(`(?m)^#+ +(.+)$`)
)

// A link to a file of the repository leads to one, and its anchor to a heading.
func TestDocsLinksLeadSomewhere(t *testing.T) {
	for path, text := range repositoryFiles(t, ".md") {
		for _, match := range link.FindAllStringSubmatch(codeBlock.ReplaceAllString(text, ""), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			file, anchor, _ := strings.Cut(match[1], "#")
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			_, err := os.Stat(target)
			require.NoError(t, err, "%s links to %s", path, match[1])
			if anchor != "" {
				require.Contains(t, anchors(t, target), anchor, "%s links to %s", path, match[1])
			}
		}
	}
}

// anchors are those that a Markdown page has for its headings.
func anchors(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var all []string
	for _, match := range heading.FindAllStringSubmatch(codeBlock.ReplaceAllString(string(text), ""), -1) {
		plain := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(match[1]), "")
		all = append(all, strings.ReplaceAll(plain, " ", "-"))
	}
	return all
}

// Each assumption has a number of its own, and code cites only those that exist.
func TestDocsAssumptionsExist(t *testing.T) {
	text, err := os.ReadFile("../docs/assumptions.md")
	require.NoError(t, err)
	var known []string
	for _, match := range regexp.MustCompile(`(?m)^\| (A\d{3}) \|`).FindAllStringSubmatch(string(text), -1) {
		known = append(known, match[1])
	}
	require.NotEmpty(t, known)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(known))), len(known), "two assumptions share a number")
	for path, text := range repositoryFiles(t, ".go", ".md") {
		for _, cited := range regexp.MustCompile(`\bA\d{3}\b`).FindAllString(text, -1) {
			require.Contains(t, known, cited, "%s cites it", path)
		}
	}
}

// A target of make that a document names is in the Makefile.
func TestDocsMakeTargetsExist(t *testing.T) {
	makefile, err := os.ReadFile("../Makefile")
	require.NoError(t, err)
	var targets []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(string(makefile), -1) {
		targets = append(targets, match[1])
	}
	for path, text := range repositoryFiles(t, ".md") {
		for _, match := range regexp.MustCompile("(?m)(?:^|`)make ([a-z0-9-]+)").FindAllStringSubmatch(text, -1) {
			require.Contains(t, targets, match[1], "%s names it", path)
		}
	}
}
