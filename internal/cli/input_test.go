package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/cli"
)

func TestReadFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ten")
	require.NoError(t, os.WriteFile(file, []byte("0123456789"), 0o600))
	for _, test := range []struct {
		name, file string
		in         io.Reader
		most       int
		err        string
	}{
		{name: "a file", file: file, most: 10},
		{name: "standard input", file: "-", in: strings.NewReader("0123456789"), most: 10},
		{name: "a file that is too large", file: file, most: 8, err: "it has 10 bytes; want at most 8"},
		{name: "a stream that is too large", file: "-", in: strings.NewReader("0123456789"), most: 9, err: "it has more than 9 bytes; want at most 9"},
		{name: "a device without an end", file: "/dev/zero", most: 9, err: "it has more than 9 bytes; want at most 9"},
		{name: "a folder", file: "/", most: 9, err: "read /: is a directory"},
		{name: "no file", file: "/nowhere", most: 9, err: "open /nowhere: no such file or directory"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, err := cli.ReadFile(t.Context(), test.in, test.file, test.most)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "0123456789", string(data))
		})
	}
}

// counter counts what is read of a stream without an end.
type counter struct{ n int }

func (c *counter) Read(p []byte) (int, error) {
	c.n += len(p)
	return copy(p, bytes.Repeat([]byte{'x'}, len(p))), nil
}

func TestReadFileReadsNoMoreThanTellsThatItIsTooMuch(t *testing.T) {
	var in counter
	_, err := cli.ReadFile(t.Context(), &in, "-", 1000)
	var large *cli.TooLarge
	require.ErrorAs(t, err, &large)
	require.Equal(t, 1001, in.n)
}

func TestReadFileEndsWithItsContext(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	in, w := io.Pipe()
	t.Cleanup(func() { _ = w.Close() })
	for name, file := range map[string]string{"of a pipe that nobody opens": pipe, "of a silent standard input": "-"} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			go cancel()
			_, err := cli.ReadFile(ctx, in, file, 10)
			require.Equal(t, context.Canceled, err)
		})
	}
}
