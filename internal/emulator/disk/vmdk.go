package disk

import (
	"bytes"
	"encoding/binary"
	"math"
)

const (
	vmdkHeader = 512
	vmdkSector = 512
)

var (
	vmdkMagic      = []byte("KDMV")
	vmdkDescriptor = []byte("# Disk DescriptorFile")
)

func inspectVMDK(f file) (Disk, error) {
	start, err := f.at(0, min(f.size, vmdkHeader))
	switch {
	case err != nil:
		return Disk{}, err
	case bytes.HasPrefix(start, vmdkDescriptor):
		return Disk{}, malformed("The VMDK file only describes a disk whose data is in other files")
	case !bytes.HasPrefix(start, vmdkMagic):
		return Disk{}, nil
	case len(start) < vmdkHeader:
		return Disk{}, malformed("The VMDK header is cut off")
	}
	version, sectors := binary.LittleEndian.Uint32(start[4:]), binary.LittleEndian.Uint64(start[12:])
	switch {
	case version < 1 || version > 3:
		return Disk{}, malformed("The VMDK version is %d, and 1 to 3 are supported", version)
	case sectors == 0 || sectors > math.MaxInt64/vmdkSector:
		return Disk{}, malformed("The VMDK disk has a size of %d sectors", sectors)
	}
	return Disk{Format: VMDK, VirtualSize: int64(sectors) * vmdkSector}, nil
}
