package cli

import (
	"context"
	"fmt"
	"io"
	"os"
)

// Stdin is the name of the file that is standard input.
const Stdin = "-"

// TooLarge says that an input was not read, since there is more of it than is wanted.
type TooLarge struct {
	Size string // such as "3000000 bytes", or "more than 1000 bytes" where nobody can tell
	Most int
}

func (e *TooLarge) Error() string { return fmt.Sprintf("it has %s; want at most %d", e.Size, e.Most) }

// ReadFile reads a file of at most so many bytes: the error of a larger one is a TooLarge.
// When in is given, - is that. It ends with its context, whatever the file is: nobody may
// ever write to a pipe.
func ReadFile(ctx context.Context, in io.Reader, file string, most int) ([]byte, error) {
	type read struct {
		data []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		data, err := readFile(in, file, most)
		done <- read{data, err}
	}()
	select {
	case is := <-done:
		return is.data, is.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func readFile(in io.Reader, file string, most int) ([]byte, error) {
	if in != nil && file == Stdin {
		return readSome(in, most)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if is, err := f.Stat(); err == nil && is.Mode().IsRegular() && is.Size() > int64(most) {
		return nil, &TooLarge{Size: fmt.Sprintf("%d bytes", is.Size()), Most: most}
	}
	return readSome(f, most)
}

func readSome(in io.Reader, most int) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(in, int64(most)+1))
	if len(data) > most {
		return nil, &TooLarge{Size: fmt.Sprintf("more than %d bytes", most), Most: most}
	}
	return data, err
}
