// Package seed holds the objects with which the emulated OSS begins.
package seed

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

//go:embed kiln-examples
var objects embed.FS

// Into writes the objects to a folder as DIR/bucket/key. An object that is there stays as it is.
func Into(dir string) error {
	err := fs.WalkDir(objects, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if entry.IsDir() {
			return os.MkdirAll(path, 0o755)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return write(path, name)
	})
	if err != nil {
		return fmt.Errorf("seed the OSS folder: %w", err)
	}
	return nil
}

// write puts the whole object in place or nothing.
func write(path, name string) error {
	data, err := objects.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".seed-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return os.Rename(file.Name(), path)
}
