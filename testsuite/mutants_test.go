//go:build mutants

package testsuite

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A harness is worth what it catches. Each mutant is Kiln with one promise broken in its
// source; the simulation, or the crash harness, has to find it.
var mutants = []struct {
	name  string
	finds string // the invariants one of which has to be named, with | between them
	edits []edit
}{
	{"the token changes on each attempt", "one-live|doubled", []edit{{"activities/import.go",
		`return a.ECS.ImportImage(ctx, importRequest(in))`,
		`in := in; in.Token = fmt.Sprintf("%s_%d", in.Token, attempt(ctx)); return a.ECS.ImportImage(ctx, importRequest(in))`}}},
	{"what an earlier attempt has made is not adopted", "one-live|doubled", []edit{{"activities/once.go",
		`if asked && !before.Held {`,
		`if false {`}}},
	{"what stops is tried again", "stop-is-stop", []edit{{"activities/failure.go",
		`NonRetryable:   is.Class != errcode.Retry ||`,
		`NonRetryable:   false &&`}}},
	{"a step that is begun anew keeps its token", "stop-is-stop|one-token-one-meaning", []edit{{"workflows/ledger.go",
		`want.Epoch = before.Epoch + 1`,
		`want.Epoch = before.Epoch`}}},
	{"a call of which nobody knows is written off", "nothing-lost", []edit{{"workflows/acquire.go",
		`case err != nil && !uncertain(err):`,
		`case err != nil:`}}},
	{"the image of an execution that is over is forgotten", "nothing-lost", []edit{{"workflows/cleanup.go",
		`b.noteImage(run, over.ImageID)`,
		`b.noteImage(run, over.ImageID[:0])`}}},
	{"a wait looks without a pause", "budget", []edit{
		{"internal/watch/pace.go", `pause = max(pause, v.shortest)`, `pause = time.Second`},
		{"internal/watch/pace.go", `spare = 20`, `spare = 1 << 30`},
	}},
	{"what is somebody else's is removed with the build's own", "foreign", []edit{
		{"internal/inventory/remove.go", `case !is.Ours:`, `case false:`},
		{"workflows/ledger.go", `return r.State == ResourceAsked ||`, `return r.State == ResourceAdopted || r.State == ResourceAsked ||`},
	}},
	{"what was adopted counts as made", "truth", []edit{{"workflows/component.go",
		`if made.Adopted {`,
		`if false {`}}},
	{"a cancelled build says that it removed what it did not", "truth", []edit{{"workflows/cleanup.go",
		`err := b.call(ctx, s, request{summary: "remove " + name, activity: ours.Remove, in: b.input(line), out: &done})`,
		`done.Gone = true; var err error; _ = ours.Remove`}}},
	{"the secret is in a failure", "secrets", []edit{{"activities/failure.go",
		`Message:    refused.Message,`,
		`Message:    refused.Message + " kiln-dev-secret",`}}},
	{"a build gives up what only throttles", "finishes", []edit{
		{"activities/failure.go", `NonRetryable:   is.Class != errcode.Retry ||`, `NonRetryable:   is.Class != errcode.Retry || refused.Throttled() ||`},
		{"activities/failure.go", `return strings.Contains(f.Code, "Throttling")`, `return false && strings.Contains(f.Code, "Throttling")`},
	}},
}

// crashMutants are for the crash harness, which kills real workers: what a worker that was
// killed has made is made again by its successor.
var crashMutants = []struct {
	name  string
	finds string
	run   string // the part of the harness that is run
	edits []edit
}{
	{"the import's token changes on each attempt, and nothing is looked for", "one-live|doubled", "^TestCrash$/^effects$/^ImportImage_killed_after_the_effect", []edit{
		{"activities/import.go", `return a.ECS.ImportImage(ctx, importRequest(in))`,
			`in := in; in.Token = fmt.Sprintf("%s_%d", in.Token, attempt(ctx)); in.Import.ImageName += in.Token[len(in.Token)-2:]; return a.ECS.ImportImage(ctx, importRequest(in))`},
		{"activities/once.go", `if asked && !before.Held {`, `if false {`},
	}},
	{"the registration is not looked for, and its token changes", "one-live|doubled|finishes|truth", "^TestCrash$/^effects$/^BatchCompute.CreateImage_killed_after_the_effect", []edit{
		{"activities/register.go", `return a.Batch.RegisterImage(ctx, registerRequest(in))`,
			`in := in; in.Token = fmt.Sprintf("%s_%d", in.Token, attempt(ctx)); return a.Batch.RegisterImage(ctx, registerRequest(in))`},
		{"activities/register.go", `registered, err := a.Batch.BatchImages(ctx, in.Region)`,
			`var registered []alicloud.BatchImage; var err error`},
	}},
}

func TestMutantsAreFoundByKillingThem(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	for _, m := range crashMutants {
		t.Run(m.name, func(t *testing.T) {
			kiln := filepath.Join(t.TempDir(), "kiln")
			said, err := goCommand(root, nil, "build", "-overlay", mutated(t, root, m.edits), "-o", kiln, "./cmd/kiln")
			require.NoError(t, err, said)
			said, err = goCommand(root, []string{"KILN_BIN=" + kiln}, "test", "-tags", "e2e", "-vet=off", "-count=1", "-timeout", "10m", "-run", m.run, "./testsuite")
			require.Error(t, err, "the harness passes:\n%s", lastLines(said))
			require.Regexp(t, `_test\.go:\d+: (`+m.finds+`):`, said, lastLines(said))
			fmt.Printf("found: %s (%s)\n", m.name, m.finds)
		})
	}
}

// edit changes a text in a file, which stands there once.
type edit struct{ file, old, new string }

func TestMutantsAreFound(t *testing.T) {
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			said, err := play(root, mutated(t, root, m.edits))
			require.Error(t, err, "the simulation passes:\n%s", lastLines(said))
			require.Regexp(t, `seed \d+: (`+m.finds+`):`, said, lastLines(said))
			fmt.Printf("found: %s (%s)\n", m.name, m.finds)
		})
	}
}

// mutated writes the changed files into a place of their own, and returns the overlay that
// makes the go command take those.
func mutated(t *testing.T, root string, edits []edit) string {
	t.Helper()
	replace := map[string]string{}
	for _, e := range edits {
		file := filepath.Join(root, e.file)
		source, err := os.ReadFile(cmp.Or(replace[file], file)) // an earlier edit may have changed it
		require.NoError(t, err)
		require.Equal(t, 1, bytes.Count(source, []byte(e.old)), "%q stands once in %s", e.old, e.file)
		mutant := filepath.Join(t.TempDir(), filepath.Base(file))
		require.NoError(t, os.WriteFile(mutant, bytes.Replace(source, []byte(e.old), []byte(e.new), 1), 0o644))
		replace[file] = mutant
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	require.NoError(t, os.WriteFile(overlay, text, 0o644))
	return overlay
}

// play runs a short simulation against the mutant.
func play(root, overlay string) (said string, err error) {
	return goCommand(root, []string{"KILN_SIMULATE_N=1500", "KILN_SIMULATE_QUICK=yes", "GOMEMLIMIT=2GiB"},
		"test", "-overlay", overlay, "-vet=off", "-count=1", "-timeout", "3m", "-run", "^TestSimulate$", "./testsuite")
}

func goCommand(root string, env []string, args ...string) (said string, err error) {
	var text strings.Builder
	cmd := exec.CommandContext(context.Background(), "go", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = root, &text, &text, append(os.Environ(), env...)
	err = cmd.Run()
	return text.String(), err
}

func lastLines(text string) string {
	lines := strings.Split(text, "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}
