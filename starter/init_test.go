package starter

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
)

func TestInit(t *testing.T) {
	t.Chdir(t.TempDir())
	got := kiln(t, &fakeTemporal{}, "init", "web-base.yaml")
	require.Zero(t, got.exit, got)
	require.Equal(t, "wrote web-base.yaml; fill it in, then `kiln validate web-base.yaml`\n", got.stdout)
	written, err := os.ReadFile("web-base.yaml")
	require.NoError(t, err)
	build, err := spec.Read("web-base.yaml", written, spec.Options{})
	require.NoError(t, err)
	require.Equal(t, "web-base", build.Name)

	t.Run("leaves a file alone", func(t *testing.T) {
		got := kiln(t, &fakeTemporal{}, "init", "web-base.yaml")
		require.Equal(t, cli.ExitUsage, got.exit)
		require.Equal(t, "Error: web-base.yaml exists already: name another file, or overwrite it with --force\n", got.stderr)
	})
	t.Run("overwrites it when told", func(t *testing.T) {
		require.NoError(t, os.WriteFile("web-base.yaml", []byte("old"), 0o600))
		require.Zero(t, kiln(t, &fakeTemporal{}, "init", "--force", "web-base.yaml").exit)
		again, err := os.ReadFile("web-base.yaml")
		require.NoError(t, err)
		require.Equal(t, written, again)
	})
	t.Run("writes to standard output", func(t *testing.T) {
		got := kiln(t, &fakeTemporal{}, "init", "-")
		require.Zero(t, got.exit)
		require.Contains(t, got.stdout, "name: golden-image")
	})
	t.Run("quotes the name for the shell", func(t *testing.T) {
		got := kiln(t, &fakeTemporal{}, "init", "web base.yaml")
		require.Equal(t, "wrote web base.yaml; fill it in, then `kiln validate 'web base.yaml'`\n", got.stdout)
	})
	t.Run("writes no YAML into a file that is read as JSON", func(t *testing.T) {
		got := kiln(t, &fakeTemporal{}, "init", "--force", "web.json")
		require.Equal(t, cli.ExitUsage, got.exit)
		require.Equal(t, "Error: web.json: init writes YAML, with comments, which a file called .json cannot hold: name one that ends in .yaml\n", got.stderr)
		require.NoFileExists(t, "web.json")
	})
	t.Run("says where it cannot write", func(t *testing.T) {
		got := kiln(t, &fakeTemporal{}, "init", "no/such/folder.yaml")
		require.Equal(t, cli.ExitFailed, got.exit)
		require.Contains(t, got.stderr, "write the document: open no/such/folder.yaml")
	})
}

func TestNameFor(t *testing.T) {
	for file, want := range map[string]string{
		"images/web-base.yaml": "web-base", "Web Base 9.yml": "web-base-9", "-": "golden-image", "9.yaml": "golden-image", "~.yaml": "golden-image",
	} {
		require.Equal(t, want, nameFor(file), file)
	}
}
