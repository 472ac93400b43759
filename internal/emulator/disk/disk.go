// Package disk recognises disk images by their bytes, as an import does.
//
// It follows the QCOW2 specification of QEMU (docs/interop/qcow2), Microsoft's Virtual
// Hard Disk Image Format Specification 1.0, VMware's Virtual Disk Format 5.0, and the
// error table of ImportImage.
package disk

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Format is the format of a disk image, named as DiskDeviceMapping.N.Format is.
type Format string

// The formats.
const (
	RAW   Format = "RAW"
	VHD   Format = "VHD"
	QCOW2 Format = "QCOW2"
	VMDK  Format = "VMDK"
)

// Disk is what an image holds.
type Disk struct {
	Format      Format
	VirtualSize int64 // bytes that a machine sees
}

// Fault is why a file cannot be imported. Message fills the %s of the documented
// wording; where that is a whole sentence, Message repeats it.
type Fault struct {
	Status  int // HTTP
	Code    string
	Message string
}

// Error is the code and the message.
func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Inspect recognises the image in the size bytes of r. What is no other format is raw,
// and as large as its file. The error is a *Fault unless reading went wrong.
func Inspect(r io.ReaderAt, size int64) (Disk, error) {
	if size <= 0 {
		return Disk{}, &Fault{http.StatusBadRequest, "InvalidOSSObject.Size", "The specified OSS object size is zero."}
	}
	f := file{r, size}
	for _, recognise := range []func(file) (Disk, error){inspectQCOW2, inspectVMDK, inspectVHD} {
		if d, err := recognise(f); d.Format != "" || err != nil {
			return d, err
		}
	}
	return Disk{Format: RAW, VirtualSize: size}, nil
}

// Check compares the format that a caller declared with the one there is. The empty one
// leaves it to the service. The error is a *Fault.
func (d Disk) Check(declared string) error {
	if declared == "" || strings.EqualFold(declared, string(d.Format)) {
		return nil
	}
	return malformed("The object is a disk of format %s, not %s", d.Format, declared)
}

func malformed(format string, args ...any) error {
	return &Fault{http.StatusForbidden, "InvalidImageFormat.Malformed", fmt.Sprintf(format, args...)}
}

// file is the bytes of an image.
type file struct {
	r    io.ReaderAt
	size int64
}

// at reads n bytes at an offset; nil when the file does not hold them.
func (f file) at(offset, n int64) ([]byte, error) {
	if offset < 0 || offset > f.size-n {
		return nil, nil
	}
	read := make([]byte, n)
	if _, err := f.r.ReadAt(read, offset); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read the disk at %d: %w", offset, err)
	}
	return read, nil
}

// holds tells whether count items of size bytes at an offset lie in the file.
func (f file) holds(offset, count, size uint64) bool {
	end := uint64(f.size)
	return offset <= end && count <= (end-offset)/size
}
