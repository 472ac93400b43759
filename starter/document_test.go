package starter

import (
	"os"
	"path/filepath"
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
		{"a file that is not there", []string{"nowhere.yaml"}, cli.ExitUsage},
		{"nothing", nil, cli.ExitUsage},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := kiln(t, &fakeTemporal{}, append([]string{"validate"}, test.args...)...)
			require.Equal(t, test.exit, got.exit, got)
			golden(t, got.String())
		})
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
	read := beside(filepath.Join(dir, "images"))
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
