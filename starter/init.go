package starter

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
)

type initOptions struct {
	File  string
	Force bool
}

func newInitCommand(a *app) *cobra.Command {
	var opts initOptions
	cmd := &cobra.Command{
		Use:   "init [FILE]",
		Short: "Write a build document to start from",
		Long: "Writes a commented build document named for its file (default: golden-image.yaml); - writes it to standard output.\n" +
			"A file that exists is left alone unless --force is given.",
		Example: fmt.Sprintf("  %[1]s init web-base.yaml\n  %[1]s init - | less", a.name),
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Usagef(cmd, "%s takes one FILE, got %d: %s", cmd.CommandPath(), len(args), strings.Join(args, " "))
			}
			return nil
		},
		ValidArgsFunction: completeYAML,
		RunE: func(_ *cobra.Command, args []string) error {
			opts.File = "golden-image.yaml"
			if len(args) == 1 {
				opts.File = args[0]
			}
			return runInit(a, opts)
		},
	}
	cmd.Flags().BoolVar(&opts.Force, "force", false, "overwrite a file that exists")
	return cmd
}

func runInit(a *app, opts initOptions) error {
	if strings.EqualFold(filepath.Ext(opts.File), ".json") {
		return refusef("%s: init writes YAML, with comments, which a file called .json cannot hold: name one that ends in .yaml", opts.File)
	}
	document := spec.Starter(nameFor(opts.File))
	if opts.File == stdin {
		_, err := a.Out.Write(document)
		return err
	}
	if err := writeNew(opts.File, document, opts.Force); err != nil {
		return err
	}
	_, err := fmt.Fprintf(a.Out, "wrote %s; fill it in, then `%s validate %s`\n", opts.File, a.name, shellWord(opts.File))
	return err
}

// writeNew writes a file that must not exist, unless force is given.
func writeNew(file string, data []byte, force bool) error {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if force {
		flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(file, flags, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return cli.Fail(cli.ExitUsage, fmt.Errorf("%s exists already: name another file, or overwrite it with --force", file))
	}
	if err != nil {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("write the document: %w", err))
	}
	_, err = f.Write(data)
	if err := errors.Join(err, f.Close()); err != nil {
		return cli.Fail(cli.ExitFailed, fmt.Errorf("write the document: %w", err))
	}
	return nil
}

var notInNames = regexp.MustCompile(`[^a-z0-9-]+`)

// nameFor is a build's name made from a file's.
func nameFor(file string) string {
	base := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
	name := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(base), "-"), "-")
	if name == "" || name[0] < 'a' {
		return "golden-image"
	}
	return name
}
