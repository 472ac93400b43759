package errcode_test

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/errcode"
)

var update = flag.Bool("update", false, "rewrite docs/errors.md")

const reference = "../../docs/errors.md"

func TestReferenceIsGeneratedFromTheRows(t *testing.T) {
	generated := generateReference(t)
	if *update {
		require.NoError(t, os.WriteFile(reference, generated, 0o644))
		return
	}
	written, err := os.ReadFile(reference)
	require.NoError(t, err)
	require.Equal(t, string(generated), string(written), "docs/errors.md differs from the rows; run: make golden")
}

func TestReferenceHasEveryRow(t *testing.T) {
	page := string(generateReference(t))
	require.Equal(t, 110, strings.Count(page, "\n| ● | "))
	require.Equal(t, len(errcode.All())-110, strings.Count(page, "\n|  | "))
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "|  | ") || strings.HasPrefix(line, "| ● | ") {
			require.Equal(t, 9, strings.Count(line, "|"), "eight cells: %s", line)
		}
	}
}

// group is the rows of one API.
type group struct {
	API  string
	Rows []errcode.Entry
}

// Title is the heading of the group.
func (g group) Title() string {
	service, action, ofBatchCompute := strings.Cut(g.API, ".")
	switch {
	case g.API == "Kiln":
		return "Failures of a build itself"
	case g.API == "*":
		return "Every action"
	case ofBatchCompute && action == "*":
		return "All actions of Batch Compute"
	case ofBatchCompute:
		return action + " of Batch Compute"
	}
	return service
}

// Anchor is what a link to the heading ends with.
func (g group) Anchor() string {
	return strings.ReplaceAll(strings.ToLower(g.Title()), " ", "-")
}

// groups puts the APIs in the order of a build, then the others as the table has them,
// and what holds for several actions last.
func groups(rows []errcode.Entry) []group {
	order := []string{"ImportImage", "CreateImageComponent", "CreateImagePipeline", "StartImagePipelineExecution", "BatchCompute.CreateImage"}
	last := []string{"BatchCompute.*", "*", "Kiln"}
	for _, e := range rows {
		if !slices.Contains(order, e.API) && !slices.Contains(last, e.API) {
			order = append(order, e.API)
		}
	}
	var all []group
	for _, api := range append(order, last...) {
		g := group{API: api}
		for _, e := range rows {
			if e.API == api {
				g.Rows = append(g.Rows, e)
			}
		}
		all = append(all, g)
	}
	return all
}

func generateReference(t *testing.T) []byte {
	rows := errcode.All()
	escape := strings.NewReplacer(`\`, `\\`, `|`, `\|`, `*`, `\*`, `_`, `\_`, "`", "\\`", `<`, `\<`, `[`, `\[`)
	page, err := template.New("errors.md.tmpl").Funcs(template.FuncMap{
		"does": func(c errcode.Class) string { return c.Does() },
		"count": func(c errcode.Class) int {
			return len(slices.DeleteFunc(slices.Clone(rows), func(e errcode.Entry) bool { return e.Class != c }))
		},
		"unknown": func(code string, status int) errcode.Class { return errcode.Classify("", code, status, "") },
		"text":    escape.Replace,
		"code":    func(text string) string { return "`" + strings.ReplaceAll(text, "|", `\|`) + "`" },
	}).ParseFiles("testdata/errors.md.tmpl")
	require.NoError(t, err)
	documented := slices.DeleteFunc(slices.Clone(rows), func(e errcode.Entry) bool { return e.Document == "" })
	var out bytes.Buffer
	require.NoError(t, page.Execute(&out, map[string]any{"All": rows, "Documented": len(documented), "Groups": groups(rows)}))
	return out.Bytes()
}
