package ossfs

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"net/http"
	"strings"
)

// Error is an answer other than success, in the words of OSS.
type Error struct {
	Status  int // HTTP
	Code    string
	Message string
}

// Error is the code and the message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// The answers that have a name.
var (
	ErrNoSuchBucket   = &Error{http.StatusNotFound, "NoSuchBucket", "The specified bucket does not exist."}
	ErrNoSuchKey      = &Error{http.StatusNotFound, "NoSuchKey", "The specified key does not exist."}
	ErrBucketName     = &Error{http.StatusBadRequest, "InvalidBucketName", "The specified bucket is not valid."}
	ErrObjectName     = &Error{http.StatusBadRequest, "InvalidObjectName", "The specified object is not valid."}
	ErrDigest         = &Error{http.StatusBadRequest, "InvalidDigest", "The Content-MD5 you specified was invalid."}
	ErrTooLarge       = &Error{http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size."}
	ErrRange          = &Error{http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range cannot be satisfied"}
	ErrExists         = &Error{http.StatusConflict, "FileAlreadyExists", "The object you specified already exists and can not be overwritten."}
	ErrNotImplemented = &Error{http.StatusNotImplemented, "NotImplemented", "A header or parameter you provided implies functionality that is not implemented."}
)

// Refuse answers with an error: one of this package, or an internal one. The caller may
// have set x-oss-request-id; otherwise the answer gets one. A HEAD has no body, so there
// the error travels in x-oss-err.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refused *Error
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		refused = ErrTooLarge
	} else if !errors.As(err, &refused) {
		refused = &Error{http.StatusInternalServerError, "InternalError", err.Error()}
	}
	identify(w)
	body, _ := xml.MarshalIndent(struct { // of strings alone: it cannot fail
		XMLName                          xml.Name `xml:"Error"`
		Code, Message, RequestId, HostId string   // as OSS spells them
	}{Code: refused.Code, Message: strings.ToValidUTF8(refused.Message, "?"), RequestId: w.Header().Get(requestID), HostId: r.Host}, "", "  ")
	body = append([]byte(xml.Header), body...)
	if r.Method == http.MethodHead {
		w.Header().Set("x-oss-err", base64.StdEncoding.EncodeToString(body))
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(refused.Status)
	_, _ = w.Write(body) // the client may be gone
}

const requestID = "x-oss-request-id"

// identify sets the headers that every answer has.
func identify(w http.ResponseWriter) {
	w.Header().Set("Server", "AliyunOSS")
	if w.Header().Get(requestID) != "" {
		return
	}
	var id [12]byte
	_, _ = rand.Read(id[:]) // it never fails
	w.Header().Set(requestID, strings.ToUpper(hex.EncodeToString(id[:])))
}
