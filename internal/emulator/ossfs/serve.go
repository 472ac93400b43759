package ossfs

import (
	"net/http"
	"strings"
)

// maxPut is what PutObject takes at most.
const maxPut = 5 << 30

// ServeHTTP answers PutObject, GetObject, HeadObject and GetObjectMeta on /bucket/key, and
// refuses everything else. Who asks is the caller's to check.
//
// It takes the path as it is, so no ServeMux, which cleans paths, may come before it.
func (s *Store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	var err error
	switch {
	case bucket == "" || key == "" || !s.serves(r):
		err = ErrNotImplemented
	case r.Method == http.MethodPut:
		err = s.serveObjectPut(w, r, bucket, key)
	default:
		err = s.serveObject(w, r, bucket, key)
	}
	if err != nil {
		Refuse(w, r, err)
	}
}

// serves tells whether nothing in the request asks for more than there is.
func (s *Store) serves(r *http.Request) bool {
	storage := r.Header.Get("x-oss-storage-class")
	switch {
	case r.Header.Get("x-oss-copy-source") != "" || r.Header.Get("x-oss-callback") != "":
		return false
	case storage != "" && storage != "Standard":
		return false
	case r.Method == http.MethodHead:
		return r.URL.RawQuery == "" || strings.TrimSuffix(r.URL.RawQuery, "=") == "objectMeta"
	}
	return r.URL.RawQuery == "" && (r.Method == http.MethodGet || r.Method == http.MethodPut)
}

func (s *Store) serveObjectPut(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	keep := r.Header.Get("x-oss-forbid-overwrite") == "true"
	got, err := s.put(bucket, key, http.MaxBytesReader(w, r.Body, maxPut), func(got sums) error {
		if given := r.Header.Get("Content-MD5"); given != "" && given != got.contentMD5() {
			return ErrDigest
		}
		if _, err := s.root.Stat(bucket + "/" + key); keep && err == nil {
			return ErrExists
		}
		return nil
	})
	if err != nil {
		return err
	}
	describe(w, got)
	w.WriteHeader(http.StatusOK)
	return nil
}

func (s *Store) serveObject(w http.ResponseWriter, r *http.Request, bucket, key string) error {
	file, info, err := s.Open(bucket, key)
	if err != nil {
		return err
	}
	defer file.Close()
	got, err := s.sumsOf(bucket+"/"+key, file, info)
	if err != nil {
		return err
	}
	asked := r.Clone(r.Context())
	asked.Header.Del("Range")
	if r.Method == http.MethodGet {
		span, ok := span(r.Header.Get("Range"), info.Size(), r.Header.Get("x-oss-range-behavior") == "standard")
		if !ok {
			return ErrRange
		}
		asked.Header.Set("Range", span)
	}
	describe(w, got)
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("x-oss-object-type", "Normal")
	w.Header().Set("x-oss-storage-class", "Standard")
	http.ServeContent(w, asked, "", info.ModTime(), file)
	return nil
}

func describe(w http.ResponseWriter, got sums) {
	identify(w)
	w.Header().Set("ETag", got.etag())
	w.Header().Set("Content-MD5", got.contentMD5())
	w.Header().Set("x-oss-hash-crc64ecma", got.crc64())
}
