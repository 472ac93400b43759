package ossfs

import (
	"crypto/md5" // what an ETag is
	"encoding/base64"
	"fmt"
	"hash/crc64"
	"io"
	"io/fs"
	"os"
	"strconv"
)

// sums are the checksums that OSS tells of an object.
type sums struct {
	md5 [md5.Size]byte
	crc uint64
}

// etag is the MD5 in upper-case hex, quoted.
func (s sums) etag() string { return fmt.Sprintf(`"%X"`, s.md5) }

func (s sums) contentMD5() string { return base64.StdEncoding.EncodeToString(s.md5[:]) }

// crc64 is the CRC-64 of ECMA-182, in decimal.
func (s sums) crc64() string { return strconv.FormatUint(s.crc, 10) }

var ecma = crc64.MakeTable(crc64.ECMA)

// sum copies r to w.
func sum(w io.Writer, r io.Reader) (sums, error) {
	digest, crc := md5.New(), crc64.New(ecma)
	if _, err := io.Copy(io.MultiWriter(w, digest, crc), r); err != nil {
		return sums{}, err
	}
	return sums{md5: [md5.Size]byte(digest.Sum(nil)), crc: crc.Sum64()}, nil
}

// summedFile is the sums of a file, and what it looked like then.
type summedFile struct {
	info fs.FileInfo
	sums sums
}

// sumsOf reads an object to its end and back, unless its sums are known: a disk is large
// and is asked for often.
func (s *Store) sumsOf(name string, file io.ReadSeeker, info fs.FileInfo) (sums, error) {
	if known, ok := s.known(name, info); ok {
		return known, nil
	}
	got, err := sum(io.Discard, file)
	if err != nil {
		return sums{}, fmt.Errorf("read object %s: %w", name, err)
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return sums{}, fmt.Errorf("rewind object %s: %w", name, err)
	}
	s.remember(name, info, got)
	return got, nil
}

// known is the sums of a file unless it changed. Size and time do not tell two puts of
// one instant apart; that they are two files does.
func (s *Store) known(name string, info fs.FileInfo) (sums, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known, ok := s.sums[name]
	same := ok && os.SameFile(known.info, info) && known.info.Size() == info.Size() && known.info.ModTime().Equal(info.ModTime())
	return known.sums, same
}

func (s *Store) remember(name string, info fs.FileInfo, got sums) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sums[name] = summedFile{info, got}
}
