package notify

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/seed1230462e/kiln/internal/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// noon is when the tests run; the builds ended a minute before.
var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// succeeded is the event of a build that made an image.
func succeeded() Event {
	return Event{
		ID: "0b6f6f5f7d0c4a5db8d4f1a2c3e4b5a6", Kind: Succeeded, Namespace: "default",
		Ending: Ending{
			BuildID: "web-base", RunID: "01a2000b-e65e-76c8-8e9f-4f23eba32137", Name: "web-base", Region: "cn-hangzhou",
			Outcome: "succeeded", ImageID: "m-bp1000000000002", ImageName: "web-base_exec-bp1000000000001", BatchComputeImageID: "img-000000000001",
			Copies:    []Copy{{Region: "cn-beijing", ImageID: "m-2ze000000000001"}},
			StartedAt: noon.Add(-30 * time.Minute), FinishedAt: noon.Add(-time.Minute),
		},
	}
}

// ended is the event of a build that made no image.
func ended(kind Kind, change func(*Ending)) Event {
	e := succeeded()
	e.Kind, e.Ending.Outcome = kind, string(kind)
	e.Ending.ImageID, e.Ending.ImageName, e.Ending.BatchComputeImageID, e.Ending.Copies = "", "", "", nil
	change(&e.Ending)
	return e
}

// events are one of each kind, and one that succeeded in part.
var events = map[string]Event{
	"succeeded": succeeded(),
	"partial": func() Event {
		e := succeeded()
		e.Ending.Outcome, e.Ending.Warnings = "partial", []string{"component ic-bp1000000000001 is left: Forbidden.RAM: see https://help.aliyun.com/ram"}
		return e
	}(),
	"waiting": func() Event {
		e := succeeded()
		e.Kind, e.Ending.Outcome, e.Ending.BatchComputeImageID, e.Ending.FinishedAt = Waiting, "waiting", "", time.Time{}
		e.Ending.Approval = &Approval{Since: noon.Add(-time.Minute), Until: noon.Add(72*time.Hour - time.Minute), Reason: "look at [the kernel](https://kernel.org)"}
		return e
	}(),
	"failed": ended(Failed, func(e *Ending) {
		e.Error = &Failure{
			Code: "InvalidOSSObject.NotFound", Message: "The specified OSS object does not exist in this region.",
			RequestID: "2D0576F1-DBF3-465F-BF19-3A1F9BFAE811", Class: "stop",
			Advice: "Correct source.import.disks[0].object, or upload the disk file into the bucket first.", Step: "import",
		}
	}),
	"cancelled": ended(Cancelled, func(*Ending) {}),
	"unchanged": ended(Unchanged, func(e *Ending) { e.Schedule, e.ImageID = "nightly", "m-bp1000000000002" }),
	"skipped": ended(Skipped, func(e *Ending) {
		e.Schedule, e.SkipReason = "nightly", "frozen from Fri 18:00 to Mon 08:00: the weekend"
	}),
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "run go test -update")
	require.Equal(t, string(want), string(got))
}

func indented(t *testing.T, body []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, json.Indent(&out, body, "", "  "))
	return append(out.Bytes(), '\n')
}

func TestCloudEvents(t *testing.T) {
	for name, e := range events {
		t.Run(name, func(t *testing.T) {
			body, err := cloudEvent(e)
			require.NoError(t, err)
			golden(t, name+".event.json", indented(t, body))

			var read event.Event
			require.NoError(t, json.Unmarshal(body, &read))
			require.NoError(t, read.Validate())
			var ending Ending
			require.NoError(t, read.DataAs(&ending))
			require.Equal(t, e.Ending, ending)

			again, err := cloudEvent(e)
			require.NoError(t, err)
			require.Equal(t, body, again, "the receiver gets the same bytes on every attempt")
		})
	}
}

// A build id may hold what an URI may not.
func TestSourceIsAnURIReference(t *testing.T) {
	e := succeeded()
	e.Namespace, e.Ending.BuildID = "golden images", "网/web?#\"base"
	body, err := cloudEvent(e)
	require.NoError(t, err)
	var read event.Event
	require.NoError(t, json.Unmarshal(body, &read))
	require.NoError(t, read.Validate())
	require.Equal(t, "/kiln/golden%20images/%E7%BD%91%2Fweb%3F%23%22base", read.Source())
	require.Equal(t, e.Ending.BuildID, read.Subject())
}

func TestDingTalkMessages(t *testing.T) {
	for name, e := range events {
		t.Run(name, func(t *testing.T) {
			body, err := json.Marshal(robotMessage(e))
			require.NoError(t, err)
			require.NotContains(t, string(body), "://")
			golden(t, name+".dingtalk.json", indented(t, body))
		})
	}
}

func TestValuesOfAMessageAreNoMarkdown(t *testing.T) {
	e := events["failed"]
	e.Ending.Error = &Failure{Code: "Bad", Advice: "see [the help](HTTPS://help.aliyun.com/x?y=1)\n\n# now ![](x) <b>*`id`*"}
	require.Contains(t, robotMessage(e).Markdown.Text, "\n- Advice: see [the help] (… # now ![] (x) (b)'id'")
}

// What a document may ask for is what there is.
func TestKindsAreThoseOfTheDocument(t *testing.T) {
	field, ok := reflect.TypeFor[spec.Notification]().FieldByName("On")
	require.True(t, ok)
	var words []Kind
	for _, option := range strings.Split(field.Tag.Get("jsonschema"), ",") {
		if word, is := strings.CutPrefix(option, "enum="); is {
			words = append(words, Kind(word))
		}
	}
	require.Len(t, words, len(types))
	for _, word := range words {
		require.NotEmpty(t, word.Type(), word)
	}
}

func TestExampleOfTheDocumentationIsTrue(t *testing.T) {
	page, err := os.ReadFile("../../docs/notifications.md")
	require.NoError(t, err)
	for _, file := range []string{"failed.event.json"} {
		example, err := os.ReadFile(filepath.Join("testdata", file))
		require.NoError(t, err)
		require.Contains(t, string(page), "```json\n"+string(example)+"```", file)
	}
	for kind, word := range types {
		require.Contains(t, string(page), "| `"+string(kind)+"` | `"+word+"` |")
	}
}
