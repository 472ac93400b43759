package emulator

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/seed1230462e/kiln/internal/emulator/disk"
	"github.com/seed1230462e/kiln/internal/emulator/ossfs"
	"github.com/seed1230462e/kiln/internal/emulator/signature"
)

// isOSS tells a request for OSS by the way it is signed.
func isOSS(r *http.Request) bool {
	scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	return scheme == string(signature.OSSV1) || scheme == string(signature.OSSV4)
}

// ossActions name what is asked of an object, for the log.
var ossActions = map[string]string{
	http.MethodPut: "PutObject", http.MethodGet: "GetObject", http.MethodHead: "HeadObject",
}

// serveOSS answers a request for an object.
func (s *Server) serveOSS(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	line := s.log.begin(r, "oss", newRequestID(), s.opts.Now().UTC())
	line.Action = ossActions[r.Method]
	w.Header().Set("x-oss-request-id", line.RequestID)
	seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}

	who, err := s.verifier.Verify(r, nil)
	line.AccessKeyID = who.AccessKeyID
	var bad *signature.Refusal
	if errors.As(err, &bad) {
		ossfs.Refuse(seen, r, &ossfs.Error{Status: bad.Status, Code: bad.Code, Message: bad.Message})
		err = &refusal{bad.Status, bad.Code, bad.Message}
	} else {
		s.oss.ServeHTTP(seen, r)
	}
	line.end(seen.status, err, time.Since(began))
	s.log.write(line)
}

// statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// diskFile is what an object turned out to hold.
type diskFile struct {
	bucket, object bool // whether there is such a bucket, and such an object in it
	bytes          int64
	disk           disk.Disk
	fault          *disk.Fault
}

// needs is the size in GiB that a disk has to have for the file.
func (f diskFile) needs() int {
	return int(f.disk.VirtualSize/gib) + min(1, int(f.disk.VirtualSize%gib))
}

// inspect reads a disk file. The error is one of reading, never a refusal.
func (s *Server) inspect(bucket, key string) (diskFile, error) {
	file, info, err := s.oss.Open(bucket, key)
	var absent *ossfs.Error
	switch {
	case errors.As(err, &absent):
		return diskFile{bucket: s.oss.BucketExists(bucket)}, nil
	case err != nil:
		return diskFile{}, fmt.Errorf("inspect %s/%s: %w", bucket, key, err)
	}
	defer file.Close()
	found := diskFile{bucket: true, object: true, bytes: info.Size()}
	found.disk, err = disk.Inspect(file, info.Size())
	if errors.As(err, &found.fault) {
		return found, nil
	}
	return found, err
}
