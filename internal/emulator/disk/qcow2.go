package disk

import (
	"bytes"
	"encoding/binary"
	"math"
)

var qcow2Magic = []byte("QFI\xfb")

// The parts of a header of version 2, and what version 3 appends.
const (
	qcow2Header2 = 72
	qcow2Header3 = 104
)

// Features of version 3 that a reader has to know.
const (
	qcow2Corrupt  = 1 << 1
	qcow2External = 1 << 2
	qcow2Known    = 1<<5 - 1 // dirty, corrupt, external data, compression, extended entries
)

func inspectQCOW2(f file) (Disk, error) {
	magic, err := f.at(0, 4)
	if err != nil || !bytes.Equal(magic, qcow2Magic) {
		return Disk{}, err
	}
	header, err := f.at(0, qcow2Header2)
	if err != nil {
		return Disk{}, err
	}
	if header == nil {
		return Disk{}, malformed("The QCOW2 header is cut off")
	}
	if err := checkQCOW2(f, header); err != nil {
		return Disk{}, err
	}
	return Disk{Format: QCOW2, VirtualSize: int64(binary.BigEndian.Uint64(header[24:]))}, nil
}

func checkQCOW2(f file, header []byte) error {
	u32 := func(at int) uint32 { return binary.BigEndian.Uint32(header[at:]) }
	u64 := func(at int) uint64 { return binary.BigEndian.Uint64(header[at:]) }
	switch version := u32(4); {
	case version != 2 && version != 3:
		return malformed("The QCOW2 version is %d, and 2 and 3 are supported", version)
	case u64(8) != 0:
		return malformed("The QCOW2 disk has a backing file")
	case u32(20) < 9 || u32(20) > 21:
		return malformed("The QCOW2 disk has clusters of 2^%d bytes", u32(20))
	case u64(24) == 0 || u64(24) > math.MaxInt64:
		return malformed("The QCOW2 disk has a size of %d bytes", u64(24))
	case u32(32) != 0:
		return malformed("The QCOW2 disk is encrypted")
	case !f.holds(u64(40), uint64(u32(36)), 8):
		return malformed("The QCOW2 file is cut off before its table of clusters")
	case version == 3:
		return checkQCOW2Features(f)
	}
	return nil
}

func checkQCOW2Features(f file) error {
	header, err := f.at(0, qcow2Header3)
	if err != nil {
		return err
	}
	if header == nil {
		return malformed("The QCOW2 header is cut off")
	}
	switch features := binary.BigEndian.Uint64(header[72:]); {
	case features&qcow2Corrupt != 0:
		return malformed("The QCOW2 disk is marked as corrupt")
	case features&qcow2External != 0:
		return malformed("The QCOW2 disk keeps its data in another file")
	case features&^qcow2Known != 0:
		return malformed("The QCOW2 disk needs unknown features %#x", features&^qcow2Known)
	}
	return nil
}
