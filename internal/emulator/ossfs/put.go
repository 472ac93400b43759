package ossfs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"syscall"
)

// put writes what r holds to an object, all or nothing, once accept lets its sums pass. Accepting and
// replacing are one step to other puts.
func (s *Store) put(bucket, key string, r io.Reader, accept func(sums) error) (sums, error) {
	if err := s.check(bucket, key); err != nil {
		return sums{}, err
	}
	// Beside the buckets: no bucket's name begins with a dot.
	part := ".put-" + rand.Text()
	got, err := s.write(part, r)
	if err == nil {
		err = s.finish(part, bucket+"/"+key, got, accept)
	}
	if err != nil {
		return sums{}, errors.Join(fmt.Errorf("put object %s/%s: %w", bucket, key, err), s.discard(part))
	}
	return got, nil
}

func (s *Store) write(name string, r io.Reader) (sums, error) {
	file, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return sums{}, err
	}
	got, err := sum(file, r)
	return got, errors.Join(err, file.Close())
}

// finish makes a written file the object if its sums are accepted.
func (s *Store) finish(part, name string, got sums, accept func(sums) error) error {
	s.putting.Lock()
	defer s.putting.Unlock()
	if err := accept(got); err != nil {
		return err
	}
	info, err := s.root.Stat(part)
	if err != nil {
		return err
	}
	if err := s.rename(part, name); err != nil {
		return err
	}
	s.remember(name, info, got)
	return nil
}

func (s *Store) discard(name string) error {
	if err := s.root.Remove(name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// rename moves a written file to its place. Where the directory cannot hold the key, as
// when another key is a part of it, the key is at fault.
func (s *Store) rename(part, name string) error {
	err := s.root.MkdirAll(path.Dir(name), 0o755)
	if err == nil {
		err = s.root.Rename(part, name)
	}
	for _, unable := range []error{syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ENOTEMPTY, syscall.ENAMETOOLONG} {
		if errors.Is(err, unable) {
			return ErrObjectName
		}
	}
	return err
}
