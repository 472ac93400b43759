package ossfs

import (
	"fmt"
	"strconv"
	"strings"
)

// span reads the Range header of a GetObject on size bytes: what to serve, empty for the
// whole object. By default a range that leaves the object is ignored; by the standard
// behaviour it is cut, and one that lies outside is not ok.
func span(header string, size int64, standard bool) (served string, ok bool) {
	start, end, ok := readRange(header, size)
	last := size - 1
	switch {
	case !ok:
		return "", true
	case start >= 0 && start <= last && end <= last:
	case !standard:
		return "", true
	case start > last:
		return "", false
	}
	return fmt.Sprintf("bytes=%d-%d", max(start, 0), min(end, last)), true
}

// readRange reads the first and the last byte of a range, which may lie outside of size
// bytes. Of several ranges OSS takes the first.
func readRange(header string, size int64) (start, end int64, ok bool) {
	ranges, isBytes := strings.CutPrefix(header, "bytes=")
	first, _, _ := strings.Cut(ranges, ",")
	from, to, isRange := strings.Cut(strings.TrimSpace(first), "-")
	if !isBytes || !isRange {
		return 0, 0, false
	}
	a, errA := strconv.ParseUint(from, 10, 62)
	b, errB := strconv.ParseUint(to, 10, 62)
	switch {
	case from == "" && errB == nil:
		return size - int64(b), size - 1, true
	case errA == nil && to == "":
		return int64(a), size - 1, true
	}
	return int64(a), int64(b), errA == nil && errB == nil && a <= b
}
