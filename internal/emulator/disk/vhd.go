package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"net/http"
)

const (
	vhdFooter = 512  // bytes, at the end; a dynamic disk has a copy at the start
	vhdHeader = 1024 // of a dynamic disk
)

// The types of disk.
const (
	vhdFixed        = 2
	vhdDynamic      = 3
	vhdDifferencing = 4
)

var (
	vhdFooterCookie = []byte("conectix")
	vhdHeaderCookie = []byte("cxsparse")
)

func inspectVHD(f file) (Disk, error) {
	footer, err := vhdFooterOf(f)
	if err != nil || footer == nil {
		return Disk{}, err
	}
	size := binary.BigEndian.Uint64(footer[48:])
	switch kind := binary.BigEndian.Uint32(footer[60:]); {
	case !vhdSummed(footer, 64):
		return Disk{}, malformed("The VHD footer does not have its checksum")
	case size == 0 || size > math.MaxInt64:
		return Disk{}, malformed("The VHD disk has a size of %d bytes", size)
	case kind == vhdFixed && size > uint64(f.size-vhdFooter):
		return Disk{}, malformed("The VHD file is cut off: it has %d bytes of %d", f.size-vhdFooter, size)
	case kind == vhdDynamic:
		err = checkVHDHeader(f, binary.BigEndian.Uint64(footer[16:]), size)
	case kind == vhdDifferencing:
		err = malformed("The VHD disk is a differencing one")
	case kind != vhdFixed:
		err = malformed("The VHD disk has the unknown type %d", kind)
	}
	if err != nil {
		return Disk{}, err
	}
	return Disk{Format: VHD, VirtualSize: int64(size)}, nil
}

// vhdFooterOf finds the footer, or its copy; nil when there is none.
func vhdFooterOf(f file) ([]byte, error) {
	for _, offset := range []int64{f.size - vhdFooter, 0} {
		footer, err := f.at(offset, vhdFooter)
		if err != nil || bytes.HasPrefix(footer, vhdFooterCookie) {
			return footer, err
		}
	}
	return nil, nil
}

// checkVHDHeader checks the header of a dynamic disk of size bytes.
func checkVHDHeader(f file, offset, size uint64) error {
	if offset > math.MaxInt64 {
		return malformed("The VHD file has no header")
	}
	header, err := f.at(int64(offset), vhdHeader)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(header, vhdHeaderCookie) {
		return malformed("The VHD file has no header")
	}
	if !vhdSummed(header, 36) {
		return malformed("The VHD header does not have its checksum")
	}
	entries, block := uint64(binary.BigEndian.Uint32(header[28:])), uint64(binary.BigEndian.Uint32(header[32:]))
	switch {
	// The two sizes that Windows makes.
	case block != 512<<10 && block != 2<<20:
		return &Fault{http.StatusForbidden, "InvalidBlockSize.NotSupport",
			fmt.Sprintf("The block size of the VHD image is %d; 524288 and 2097152 are supported", block)}
	case entries*block < size:
		return &Fault{http.StatusForbidden, "InvalidVHDImage.IncorrectSize",
			"The specified size of the VHD image does not meet the 'header.MaxTableEntries * header.BlockSize' specification."}
	case !f.holds(binary.BigEndian.Uint64(header[16:]), entries, 4):
		return malformed("The VHD file is cut off before its table of blocks")
	}
	return nil
}

// vhdSummed tells whether the checksum at an offset, the complement of the sum of all
// other bytes, is right.
func vhdSummed(part []byte, at int) bool {
	var sum uint32
	for i, b := range part {
		if i < at || i >= at+4 {
			sum += uint32(b)
		}
	}
	return binary.BigEndian.Uint32(part[at:]) == ^sum
}
