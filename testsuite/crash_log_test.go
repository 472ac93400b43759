//go:build e2e

package testsuite

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// cloudLog reads the log of a cloud that is killed again and again. Each life of the
// cloud writes a file of its own, since a kill may tear its last line.
type cloudLog struct {
	t      *testing.T
	folder string

	mu     sync.Mutex
	lives  int
	file   *os.File
	torn   string         // the line that is not whole yet
	calls  map[string]int // by API
	faults map[string]int // by what they did
	lines  []request
}

func newCloudLog(t *testing.T, folder string) *cloudLog {
	l := &cloudLog{t: t, folder: folder, calls: map[string]int{}, faults: map[string]int{}}
	t.Cleanup(func() { _ = l.file.Close() }) // one of a cloud that never lived says so
	return l
}

// live begins the file of the cloud's next life and returns its name.
func (l *cloudLog) live() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read()
	_ = l.file.Close() // the first life has none before it
	l.torn = ""
	l.lives++
	name := filepath.Join(l.folder, fmt.Sprintf("requests-%d.jsonl", l.lives))
	var err error
	l.file, err = os.OpenFile(name, os.O_RDONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		l.t.Error(err)
	}
	return name
}

// read takes in what the cloud has written since.
func (l *cloudLog) read() {
	if l.file == nil {
		return
	}
	news, err := io.ReadAll(l.file)
	if err != nil {
		l.t.Error(err)
	}
	text := l.torn + string(news)
	whole := strings.LastIndexByte(text, '\n') + 1
	l.torn = text[whole:]
	for line := range strings.Lines(text[:whole]) {
		var one request
		if err := json.Unmarshal([]byte(line), &one); err != nil {
			l.t.Errorf("%v in the line %s", err, line)
		}
		l.calls[one.api()]++
		if one.Fault != "" {
			l.faults[one.Fault]++
		}
		l.lines = append(l.lines, one)
	}
}

// length is how many requests the cloud has answered so far.
func (l *cloudLog) length() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read()
	return len(l.lines)
}

// asked is how often the cloud was asked for an API so far.
func (l *cloudLog) asked(api string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read()
	return l.calls[api]
}

// all are the requests so far, in the cloud's order.
func (l *cloudLog) all() []request {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.read()
	return slices.Clone(l.lines)
}
