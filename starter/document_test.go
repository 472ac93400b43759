package starter

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/cli"
)

func TestValidate(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	require.NoError(t, os.WriteFile("good.yaml", []byte(document), 0o600))
	require.NoError(t, os.WriteFile("bad.yaml", []byte("name: web-base\nregoin: cn-hangzhou\nsource:\n  imageId: m-1\n"), 0o600))
	matrix := "name: base\nmatrix: {regions: [cn-hangzhou, cn-beijing]}\nsource: {imageFamily: web}\ntemplate: {}\n"
	require.NoError(t, os.WriteFile("matrix.yaml", []byte(matrix), 0o600))
	require.NoError(t, os.WriteFile("empty.yaml", []byte("{}\n"), 0o600))
	components := document + "components:\n  - {name: tools, version: 1.0.0, contentFile: %s}\n"
	require.NoError(t, os.WriteFile("huge.yaml", fmt.Appendf(nil, components, "disk.raw"), 0o600))
	require.NoError(t, os.WriteFile("dash.yaml", fmt.Appendf(nil, components, "'-'"), 0o600))
	require.NoError(t, os.WriteFile("disk.raw", nil, 0o600))
	require.NoError(t, os.Truncate("disk.raw", 8<<30)) // it takes no place on the disk
	for _, test := range []struct {
		name string
		args []string
		exit int
	}{
		{"a good document", []string{"good.yaml"}, cli.ExitOK},
		{"a document with a matrix", []string{"matrix.yaml", "good.yaml"}, cli.ExitOK},
		{"a document with a matrix in json", []string{"-o", "json", "matrix.yaml"}, cli.ExitOK},
		{"standard input", []string{"-"}, cli.ExitOK},
		{"a good and a bad document", []string{"good.yaml", "bad.yaml"}, cli.ExitUsage},
		{"in json", []string{"-o", "json", "good.yaml", "bad.yaml"}, cli.ExitUsage},
		{"two faults at one place", []string{"empty.yaml"}, cli.ExitUsage},
		{"a file that is not there beside others", []string{"nowhere.yaml", "good.yaml", "bad.yaml"}, cli.ExitUsage},
		{"a file that is not there beside others in json", []string{"-o", "json", "nowhere.yaml", "good.yaml"}, cli.ExitUsage},
		{"a file that is not there", []string{"nowhere.yaml"}, cli.ExitUsage},
		{"a file that is far too large", []string{"disk.raw", "good.yaml"}, cli.ExitUsage},
		{"a stream that is far too large", []string{"/dev/zero"}, cli.ExitUsage},
		{"a file beside it that is far too large", []string{"huge.yaml"}, cli.ExitUsage},
		{"a file beside it that is called as standard input", []string{"dash.yaml"}, cli.ExitUsage},
		{"standard input twice", []string{"-", "good.yaml", "-"}, cli.ExitUsage},
		{"nothing", nil, cli.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, &fakeTemporal{}, append([]string{"validate"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestValidateSaysThatItsVerdictIsNotWritten(t *testing.T) {
	for _, form := range []string{"text", "json", "jsonl"} {
		root := newRoot(&app{Env: cli.Env{In: strings.NewReader(document), Out: fullDisk{}, Err: io.Discard}, name: "kiln"})
		root.SilenceErrors, root.SilenceUsage = true, true
		root.SetArgs([]string{"validate", "-o", form, "-"})
		require.ErrorIs(t, root.ExecuteContext(t.Context()), syscall.ENOSPC, form)
	}
}

func TestBuildShowsTheFaultsOfItsDocument(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("bad.yaml", []byte("name: web-base\nregoin: cn-hangzhou\nsource:\n  imageId: m-1\n"), 0o600))
	server := goodBuild(t)
	got := kiln(t, server, "build", "bad.yaml")
	require.Equal(t, cli.ExitUsage, got.exit)
	require.Nil(t, server.args)
	golden(t, got.String())
}

func TestFilesBesideTheDocument(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "images"), 0o750))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "images", "nginx.txt"), []byte("RUN a"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "common.txt"), []byte("RUN b"), 0o600))
	read := beside(t.Context(), filepath.Join(dir, "images"))
	for _, test := range []struct {
		name, path, want, err string
	}{
		{"a file in the folder", "nginx.txt", "RUN a", ""},
		{"a file beside the folder", "../common.txt", "RUN b", ""},
		{"an absolute path", filepath.Join(dir, "common.txt"), "", "want a path from the document's folder"},
		{"a file that is not there", "x.txt", "", "x.txt: no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, err := read(test.path)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.want, string(data))
		})
	}
}

// Whatever reads a document ends with its context, also while nobody writes it.
func TestReadingADocumentEndsWithItsContext(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.yaml")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	beside := filepath.Join(filepath.Dir(pipe), "beside.yaml")
	require.NoError(t, os.WriteFile(beside, []byte(document+"components:\n  - {name: tools, version: 1.0.0, contentFile: pipe.yaml}\n"), 0o600))
	in, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	for _, command := range [][]string{{"validate"}, {"build"}, {"retry", "web-base", "--file"}, {"schedule", "create"}} {
		for _, file := range []string{"-", pipe, beside} {
			args := append(slices.Clip(command), file)
			t.Run(strings.Join(command, " ")+" "+filepath.Base(file), func(t *testing.T) {
				root := newRoot(&app{Env: cli.Env{In: in, Out: io.Discard, Err: io.Discard}, name: "kiln"})
				root.SilenceErrors, root.SilenceUsage = true, true
				root.SetArgs(args)
				ctx, cancel := context.WithCancel(t.Context())
				go cancel()
				require.Equal(t, context.Canceled, root.ExecuteContext(ctx))
			})
		}
	}
}
