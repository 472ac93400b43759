// Package ossfs is the object storage of the emulated cloud: OSS, addressed path-style,
// over a directory that holds its objects as bucket/key.
//
// It follows the OSS API reference of PutObject, GetObject and HeadObject. Buckets are
// directories that somebody else made. An object is its bytes: content types and other
// metadata are not kept. A key that is no clean relative path cannot be held.
package ossfs

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// Store is the objects under one directory. It may be used from many goroutines.
type Store struct {
	root *os.Root // nil: there is no bucket

	mu   sync.Mutex // of what follows
	sums map[string]summedFile

	putting sync.Mutex // around accepting and replacing
}

// New opens the store of a directory, and makes the directory if there is none. Without
// a directory there is no bucket.
func New(dir string) (*Store, error) {
	if dir == "" {
		return &Store{sums: map[string]summedFile{}}, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the directory of the objects: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the directory of the objects: %w", err)
	}
	return &Store{root: root, sums: map[string]summedFile{}}, nil
}

// Close lets go of the directory.
func (s *Store) Close() error {
	if s.root == nil {
		return nil
	}
	return s.root.Close()
}

// BucketExists tells whether there is a bucket of that name.
func (s *Store) BucketExists(bucket string) bool {
	if s.root == nil || !ValidBucket(bucket) {
		return false
	}
	info, err := s.root.Stat(bucket)
	return err == nil && info.IsDir()
}

// Open opens an object, which the caller closes. The error is one of this package's
// unless reading went wrong.
func (s *Store) Open(bucket, key string) (*os.File, fs.FileInfo, error) {
	if err := s.check(bucket, key); err != nil {
		return nil, nil, err
	}
	name := bucket + "/" + key
	// Before opening: a pipe would block.
	if info, err := s.root.Stat(name); err != nil || !info.Mode().IsRegular() {
		return nil, nil, ErrNoSuchKey
	}
	file, err := s.root.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("open object %s: %w", name, err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, nil, fmt.Errorf("look at object %s: %w", name, err)
	}
	return file, info, nil
}

// check wants a bucket that exists and a key that it could hold.
func (s *Store) check(bucket, key string) error {
	switch {
	case !ValidBucket(bucket):
		return ErrBucketName
	case !ValidKey(key):
		return ErrObjectName
	case !s.BucketExists(bucket):
		return ErrNoSuchBucket
	}
	return nil
}

// ValidBucket tells whether a bucket may have the name: 3 to 63 lower-case letters,
// digits and dashes, the first and the last no dash.
func ValidBucket(name string) bool {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789-"
	return len(name) >= 3 && len(name) <= 63 && strings.Trim(name, allowed) == "" &&
		name[0] != '-' && name[len(name)-1] != '-'
}

// ValidKey tells whether an object may have the key here: 1 to 1023 bytes of UTF-8 that
// are a clean relative path. OSS itself also takes keys with empty parts.
func ValidKey(key string) bool {
	return key != "." && len(key) <= 1023 && fs.ValidPath(key) &&
		!strings.HasPrefix(key, `\`) && !strings.ContainsRune(key, 0)
}
