package starter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/seed1230462e/kiln/internal/cli"
	"github.com/seed1230462e/kiln/internal/spec"
)

// stdin is the name of the document that comes through standard input.
const stdin = cli.Stdin

// documentArgs wants documents, and standard input at most once: it can be read but once.
func documentArgs(cmd *cobra.Command, args []string) error {
	if i := slices.Index(args, stdin); i >= 0 && slices.Contains(args[i+1:], stdin) {
		return cli.Usagef(cmd, "%s got - twice, and standard input holds one document", cmd.CommandPath())
	}
	return cli.SomeArgs("FILE", "; - is standard input")(cmd, args)
}

// readDocument reads and checks a build document. Faults of the document come back as
// spec.Faults, and the end of the context as it is; any other error is a sentence.
func readDocument(ctx context.Context, in io.Reader, file string, vars map[string]string) (spec.Build, error) {
	return parseDocument(ctx, in, file, vars, spec.Read)
}

func parseDocument[T any](ctx context.Context, in io.Reader, file string, vars map[string]string,
	parse func(name string, document []byte, opts spec.Options) (T, error),
) (T, error) {
	var none T
	data, err := cli.ReadFile(ctx, in, file, spec.MaxDocument)
	var large *cli.TooLarge
	switch {
	case ctx.Err() != nil:
		return none, ctx.Err()
	case errors.As(err, &large):
		return none, spec.TooLarge(called(file), large.Size)
	case err != nil:
		return none, cli.Fail(cli.ExitUsage, fmt.Errorf("read the build document: %w", err))
	}
	is, err := parse(called(file), data, spec.Options{Vars: vars, ReadFile: beside(ctx, filepath.Dir(file))})
	if ctx.Err() != nil { // a file that it names was not read to its end
		return none, ctx.Err()
	}
	return is, err
}

// called is what messages call a document.
func called(file string) string {
	if file == stdin {
		return "stdin"
	}
	return file
}

// beside reads the files that a document names, by their path from the document's
// folder. An absolute path is refused: it would name something else on every machine.
func beside(ctx context.Context, folder string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if filepath.IsAbs(path) {
			return nil, errors.New("want a path from the document's folder, not an absolute one")
		}
		data, err := cli.ReadFile(ctx, nil, filepath.Join(folder, path), spec.MaxDocument)
		var failed *os.PathError
		var large *cli.TooLarge
		switch {
		case errors.As(err, &failed):
			return nil, fmt.Errorf("%s: %w", failed.Path, failed.Err)
		case errors.As(err, &large):
			return nil, fmt.Errorf("it has %s, far more than the 16 KB that it may have", large.Size)
		}
		return data, err
	}
}

// addVars defines --var.
func addVars(flags *pflag.FlagSet, to *[]string) {
	flags.StringArrayVar(to, "var", nil, "value of a variable of the document as `KEY=VALUE`; repeatable")
}

func parseVars(pairs []string) (map[string]string, error) {
	vars := make(map[string]string, len(pairs))
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if !ok || key == "" {
			return nil, cli.Fail(cli.ExitUsage, fmt.Errorf("--var %s: want KEY=VALUE", pair))
		}
		vars[key] = value
	}
	return vars, nil
}

// printFaults lists faults for people, each as file:line:column; those at one place
// share its excerpt.
func printFaults(w io.Writer, faults spec.Faults) {
	for i, f := range faults {
		_, _ = fmt.Fprintln(w, f)
		last := i == len(faults)-1 || faults[i+1].Line != f.Line || faults[i+1].Column != f.Column
		if excerpt := strings.Trim(f.Excerpt, "\n"); last && excerpt != "" {
			_, _ = fmt.Fprintln(w, excerpt)
		}
	}
}

// count is a number with its noun, such as "2 faults".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
