package emulator

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheDocumentedExamplesAreRead reads the files in docs/emulator.md.
func TestTheDocumentedExamplesAreRead(t *testing.T) {
	page, err := os.ReadFile("../../docs/emulator.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n# (\\w+)\\.yaml\n(.*?)```").FindAllSubmatch(page, -1)
	read := map[string]int{}
	c := newCloud(t)
	for _, example := range examples {
		read[string(example[1])]++
		if string(example[1]) == "faults" {
			faults, err := ReadFaults(example[2])
			require.NoError(t, err, "%s", example[2])
			require.NoError(t, c.server.Plan(faults...))
			continue
		}
		conditions, err := ReadConditions(example[2])
		require.NoError(t, err, "%s", example[2])
		c.set(conditions)
	}
	require.Equal(t, map[string]int{"conditions": 2, "faults": 1}, read)
}

// FuzzReadConditions wants what is read to be accepted by Set, and to be the same when it
// is written and read again.
func FuzzReadConditions(f *testing.F) {
	for _, text := range []string{
		`{"begin": "ImportImage", "forbid": {"*": "ram"}, "quotas": {"images": 1}, "listLag": "1m"}`,
		"oss:\n  objects:\n    golden/disk.qcow2: {archived: true}\nimports:\n  fail: {code: X}\n  after: 5m\n",
		"executions: {status: FAILED, passes: THINKING, passesFor: 1h, image: {goneAfter: 1s}}", "", "null", "[]", "a: &a [*a]", "{",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ReadConditions(text)
		if err != nil {
			return
		}
		require.NoError(t, c.check())
		written, err := json.Marshal(c)
		require.NoError(t, err)
		again, err := ReadConditions(written)
		require.NoError(t, err, "%s", written)
		rewritten, err := json.Marshal(again)
		require.NoError(t, err)
		require.Equal(t, string(written), string(rewritten))
	})
}

// FuzzReadFaults wants what is read to be accepted by Plan.
func FuzzReadFaults(f *testing.F) {
	for _, text := range []string{
		`{"action": "*", "do": "reset"}`, "- {action: CreateImage, do: refuse, code: X, status: 503, params: {Name: a}}",
		`[{"action": "ImportImage", "do": "delay", "delayMs": 5, "probability": 0.5, "seed": 7, "from": 1, "to": 9, "when": "after"}]`, "[]", "{", "",
	} {
		f.Add([]byte(text))
	}
	c := newCloud(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		faults, err := ReadFaults(text)
		if err != nil {
			return
		}
		require.NoError(t, c.server.Plan(faults...))
		c.server.ClearFaults()
	})
}
