package disk_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/emulator/disk"
)

const mib = 1 << 20

// realDisks are disk files that tools have written.
const realDisks = "../../../cmd/kilndev/seed/kiln-examples/disks"

func TestInspectRealDisks(t *testing.T) {
	for name, want := range map[string]disk.Disk{
		"base.qcow2":  {Format: disk.QCOW2, VirtualSize: 64 * mib},
		"data.raw":    {Format: disk.RAW, VirtualSize: mib},
		"arm64.raw":   {Format: disk.RAW, VirtualSize: mib},
		"windows.vhd": {Format: disk.VHD, VirtualSize: 8390656}, // 8 MiB, up to the next cylinder
	} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Open(filepath.Join(realDisks, name))
			require.NoError(t, err)
			defer file.Close()
			info, err := file.Stat()
			require.NoError(t, err)

			got, err := disk.Inspect(file, info.Size())

			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// qcow2 is a disk of 1 GiB without data.
func qcow2(version uint32) []byte {
	b := make([]byte, 256)
	copy(b, "QFI\xfb")
	put32(b, 4, version)
	put32(b, 20, 16)
	put64(b, 24, 1<<30)
	put32(b, 36, 2)   // entries of L1
	put64(b, 40, 240) // their offset
	return b
}

// vhd is a disk of 8 MiB without data.
func vhd(kind uint32) []byte {
	footer := make([]byte, 512)
	copy(footer, "conectix")
	put64(footer, 16, 512)
	put64(footer, 48, 8*mib)
	put32(footer, 60, kind)
	if kind != 3 {
		return sum(append(make([]byte, 8*mib), footer...), 8*mib, 512, 64)
	}
	header := make([]byte, 1024)
	copy(header, "cxsparse")
	put64(header, 16, 1536)
	put32(header, 28, 4)
	put32(header, 32, 2*mib)
	b := append(append(append(bytes.Clone(footer), header...), make([]byte, 512)...), footer...)
	return resum(b)
}

// resum sets the checksums of a dynamic disk.
func resum(b []byte) []byte {
	b = sum(b, 0, 512, 64)
	b = sum(b, 512, 1024, 36)
	return sum(b, len(b)-512, 512, 64)
}

func sum(b []byte, start, n, at int) []byte {
	part := b[start : start+n]
	put32(part, at, 0)
	var total uint32
	for _, c := range part {
		total += uint32(c)
	}
	put32(part, at, ^total)
	return b
}

// vmdk is a sparse disk of 1 GiB without data.
func vmdk() []byte {
	b := make([]byte, 512)
	copy(b, "KDMV")
	binary.LittleEndian.PutUint32(b[4:], 1)
	binary.LittleEndian.PutUint64(b[12:], 2<<20)
	return b
}

func put32(b []byte, at int, v uint32) { binary.BigEndian.PutUint32(b[at:], v) }
func put64(b []byte, at int, v uint64) { binary.BigEndian.PutUint64(b[at:], v) }

func change(b []byte, how func(b []byte)) []byte {
	how(b)
	return b
}

func TestInspect(t *testing.T) {
	const malformed = "InvalidImageFormat.Malformed"
	for _, tt := range []struct {
		name string
		file []byte
		want disk.Disk
		code string
		says string
	}{
		{name: "an empty file", code: "InvalidOSSObject.Size"},
		{name: "one byte is raw", file: []byte("Q"), want: disk.Disk{Format: disk.RAW, VirtualSize: 1}},
		{name: "zeros are raw", file: make([]byte, 4096), want: disk.Disk{Format: disk.RAW, VirtualSize: 4096}},
		{name: "a boot sector is raw", file: change(make([]byte, 512), func(b []byte) { b[510], b[511] = 0x55, 0xaa }), want: disk.Disk{Format: disk.RAW, VirtualSize: 512}},

		{name: "QCOW2 of version 2", file: qcow2(2)[:256], want: disk.Disk{Format: disk.QCOW2, VirtualSize: 1 << 30}},
		{name: "QCOW2 of version 3", file: qcow2(3), want: disk.Disk{Format: disk.QCOW2, VirtualSize: 1 << 30}},
		{name: "QCOW2 compressed with zstd", file: change(qcow2(3), func(b []byte) { b[79] = 1 << 3 }), want: disk.Disk{Format: disk.QCOW2, VirtualSize: 1 << 30}},
		{name: "QCOW of version 1", file: qcow2(1), code: malformed, says: "version is 1"},
		{name: "QCOW2 cut after the magic", file: qcow2(2)[:8], code: malformed, says: "header"},
		{name: "QCOW2 cut in the header of version 3", file: change(qcow2(3)[:90], func(b []byte) { put64(b, 40, 72) }), code: malformed, says: "header"},
		{name: "QCOW2 cut in the table", file: qcow2(2)[:248], code: malformed, says: "table"},
		{name: "QCOW2 with a table beyond everything", file: change(qcow2(2), func(b []byte) { put64(b, 40, 1<<63) }), code: malformed, says: "table"},
		{name: "QCOW2 with a backing file", file: change(qcow2(2), func(b []byte) { put64(b, 8, 80) }), code: malformed, says: "backing"},
		{name: "QCOW2 encrypted", file: change(qcow2(2), func(b []byte) { put32(b, 32, 2) }), code: malformed, says: "encrypted"},
		{name: "QCOW2 of no size", file: change(qcow2(2), func(b []byte) { put64(b, 24, 0) }), code: malformed, says: "size"},
		{name: "QCOW2 of every size", file: change(qcow2(2), func(b []byte) { put64(b, 24, 1<<63) }), code: malformed, says: "size"},
		{name: "QCOW2 with large clusters", file: change(qcow2(2), func(b []byte) { put32(b, 20, 22) }), code: malformed, says: "clusters"},
		{name: "QCOW2 corrupt", file: change(qcow2(3), func(b []byte) { b[79] = 1 << 1 }), code: malformed, says: "corrupt"},
		{name: "QCOW2 with another data file", file: change(qcow2(3), func(b []byte) { b[79] = 1 << 2 }), code: malformed, says: "another file"},
		{name: "QCOW2 with unknown features", file: change(qcow2(3), func(b []byte) { b[72] = 1 }), code: malformed, says: "features"},

		{name: "VHD, fixed", file: vhd(2), want: disk.Disk{Format: disk.VHD, VirtualSize: 8 * mib}},
		{name: "VHD, dynamic", file: vhd(3), want: disk.Disk{Format: disk.VHD, VirtualSize: 8 * mib}},
		{name: "VHD, dynamic, without its end", file: vhd(3)[:2048], want: disk.Disk{Format: disk.VHD, VirtualSize: 8 * mib}},
		{name: "VHD, dynamic, with small blocks", file: resum(change(vhd(3), func(b []byte) { put32(b, 512+28, 16); put32(b, 512+32, 512<<10) })),
			want: disk.Disk{Format: disk.VHD, VirtualSize: 8 * mib}},
		{name: "VHD with a table that is too short", file: resum(change(vhd(3), func(b []byte) { put32(b, 512+28, 3) })), code: "InvalidVHDImage.IncorrectSize", says: "MaxTableEntries"},
		{name: "VHD with odd blocks", file: resum(change(vhd(3), func(b []byte) { put32(b, 512+32, 4*mib) })), code: "InvalidBlockSize.NotSupport", says: "4194304"},
		{name: "VHD without blocks", file: resum(change(vhd(3), func(b []byte) { put32(b, 512+32, 0) })), code: "InvalidBlockSize.NotSupport"},
		{name: "VHD cut in its table", file: resum(change(vhd(3), func(b []byte) { put32(b, 512+28, 1<<20) })), code: malformed, says: "table"},
		{name: "VHD with a damaged footer", file: change(vhd(3), func(b []byte) { b[len(b)-1] = 1 }), code: malformed, says: "checksum"},
		{name: "VHD with a damaged header", file: change(vhd(3), func(b []byte) { b[1535] = 1 }), code: malformed, says: "checksum"},
		{name: "VHD without a header", file: resum(change(vhd(3), func(b []byte) { b[512] = 'C' })), code: malformed, says: "header"},
		{name: "VHD with a header beyond everything", file: resum(change(vhd(3), func(b []byte) { put64(b, 16, 1<<63); put64(b, len(b)-512+16, 1<<63) })), code: malformed, says: "header"},
		{name: "VHD of no size", file: resum(change(vhd(3), func(b []byte) { put64(b, len(b)-512+48, 0) })), code: malformed, says: "size"},
		{name: "VHD, fixed, cut off", file: vhd(2)[mib:], code: malformed, says: "cut off"},
		{name: "VHD, differencing", file: vhd(4), code: malformed, says: "differencing"},
		{name: "VHD of an unknown type", file: vhd(7), code: malformed, says: "type 7"},

		{name: "VMDK, sparse", file: vmdk(), want: disk.Disk{Format: disk.VMDK, VirtualSize: 1 << 30}},
		{name: "VMDK, cut off", file: vmdk()[:100], code: malformed, says: "header"},
		{name: "VMDK of version 4", file: change(vmdk(), func(b []byte) { b[4] = 4 }), code: malformed, says: "version is 4"},
		{name: "VMDK of no size", file: change(vmdk(), func(b []byte) { clear(b[12:20]) }), code: malformed, says: "size"},
		{name: "VMDK of every size", file: change(vmdk(), func(b []byte) { b[19] = 0xff }), code: malformed, says: "size"},
		{name: "VMDK that only describes", file: []byte("# Disk DescriptorFile\nversion=1\n"), code: malformed, says: "other files"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := disk.Inspect(bytes.NewReader(tt.file), int64(len(tt.file)))
			require.Equal(t, tt.want, got)
			if tt.code == "" {
				require.NoError(t, err)
				return
			}
			var fault *disk.Fault
			require.ErrorAs(t, err, &fault)
			require.Equal(t, tt.code, fault.Code)
			require.Contains(t, fault.Message, tt.says)
		})
	}
}

func TestCheck(t *testing.T) {
	d := disk.Disk{Format: disk.QCOW2}
	require.NoError(t, d.Check(""))
	require.NoError(t, d.Check("QCOW2"))
	require.NoError(t, d.Check("qcow2"))
	require.EqualError(t, d.Check("RAW"), "InvalidImageFormat.Malformed: The object is a disk of format QCOW2, not RAW")
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestInspectTellsReadingFromContent(t *testing.T) {
	_, err := disk.Inspect(broken{}, 4096)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.NotErrorAs(t, err, new(*disk.Fault))
}

func FuzzInspect(f *testing.F) {
	for _, file := range [][]byte{qcow2(2), qcow2(3), vhd(3), vmdk(), {}} {
		f.Add(file)
	}
	for _, name := range []string{"base.qcow2", "windows.vhd"} {
		file, err := os.ReadFile(filepath.Join(realDisks, name))
		require.NoError(f, err)
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		d, err := disk.Inspect(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			require.ErrorAs(t, err, new(*disk.Fault))
			return
		}
		require.Positive(t, d.VirtualSize)
		require.NotEmpty(t, d.Format)
	})
}
