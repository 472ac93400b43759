package emulator

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/errcode"
)

var update = flag.Bool("update", false, "rewrite testdata/causes.tsv")

const causesFile = "testdata/causes.tsv"

// TestCausesTable holds the checked-in table, from which a page of the documentation is
// made, to the causes that are tested here: one line for each row of the five documents.
func TestCausesTable(t *testing.T) {
	var table strings.Builder
	table.WriteString("document\tapi\tcode\tmessage\thow\tcause\tconditions\n")
	for _, row := range documentRows() {
		c, found := causeOf(row)
		require.True(t, found, "%s %s %q has no cause", row.API, row.Code, row.Message)
		table.WriteString(strings.Join([]string{row.Document, row.API, row.Code, row.Message, c.how, c.text, c.conditions(t)}, "\t") + "\n")
	}
	if *update {
		require.NoError(t, os.WriteFile(causesFile, []byte(table.String()), 0o644))
	}
	kept, err := os.ReadFile(causesFile)
	require.NoError(t, err)
	require.Equal(t, string(kept), table.String(), "go test ./internal/emulator -run TestCausesTable -update rewrites it")
}

// TestEveryCauseRaisesItsRow brings each cause about in a cloud of its own and looks for
// the row's status, code and words.
func TestEveryCauseRaisesItsRow(t *testing.T) {
	for _, row := range documentRows() {
		cause, _ := causeOf(row)
		t.Run(row.Document+" "+row.Code+" "+cause.text, func(t *testing.T) {
			requireRow(t, row, cause.raise(newCloud(t)))
		})
	}
}

// TestNeighboursHaveCauses is TestEveryCauseRaisesItsRow for rows of the same actions
// that are in none of the five documents, and for rows of all actions.
func TestNeighboursHaveCauses(t *testing.T) {
	for _, cause := range neighbours {
		row, found := errcode.Find(cause.api, cause.code)
		require.True(t, found, cause.code)
		t.Run(cause.api+" "+cause.code+" "+cause.text, func(t *testing.T) {
			requireRow(t, row, cause.raise(newCloud(t)))
		})
	}
}

func requireRow(t *testing.T, row errcode.Entry, r result) {
	t.Helper()
	r.refused(row.Status, strings.Replace(row.Code, "{Parameter}", "IdempotentToken", 1))
	want := errcode.Lookup(row.API, r.code(), row.Status, row.Message)
	got := errcode.Lookup(row.API, r.code(), r.Status, r.text("Message"))
	require.Equal(t, want.Meaning, got.Meaning, r.text("Message"))
}

func documentRows() []errcode.Entry {
	return slices.DeleteFunc(errcode.All(), func(e errcode.Entry) bool { return e.Document == "" })
}

// causeOf finds a row's cause: by its code and, among several of one code, by its words.
func causeOf(row errcode.Entry) (cause, bool) {
	for _, c := range causes {
		if c.api == row.API && c.code == row.Code && strings.Contains(row.Message, c.words) {
			return c, true
		}
	}
	return cause{}, false
}

// cause is what makes the cloud answer with a row by itself.
type cause struct {
	api, code, words string // words tell the rows of one code apart
	how              string // request: it is what is asked; condition: it is the state, see Conditions
	text             string
	raise            func(*cloud) result
}

const (
	asked = "request"
	stand = "condition"
)

// asking raises a row by a changed request.
func asking(action string, good args, pairs ...string) func(*cloud) result {
	return func(c *cloud) result { return c.ecs(action, good.with(pairs...)) }
}

// under raises a row by a good request under conditions.
func under(conditions Conditions, action string, good args, pairs ...string) func(*cloud) result {
	return func(c *cloud) result {
		c.set(conditions)
		return c.ecs(action, good.with(pairs...))
	}
}

// starting raises a row by a good template that something happens to before its start.
func starting(good args, happens func(*cloud)) func(*cloud) result {
	return func(c *cloud) result {
		id := c.ecs("CreateImagePipeline", good).ok().text("ImagePipelineId")
		happens(c)
		return c.ecs("StartImagePipelineExecution", args{"ImagePipelineId": id})
	}
}

func setting(conditions Conditions) func(*cloud) { return func(c *cloud) { c.set(conditions) } }

// registering raises a row by the registration of an image that was imported.
func registering(conditions Conditions, member, value string) func(*cloud) result {
	return func(c *cloud) result {
		members := map[string]string{"Name": `"golden"`, "EcsImageId": `"` + c.imported(importArgs) + `"`, "Platform": `"Linux"`}
		if members[member] = value; value == "" {
			delete(members, member)
		}
		delete(members, "")
		c.set(conditions)
		return c.batch("POST", "/images", object(members))
	}
}

func object(members map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(members)) {
		parts = append(parts, `"`+name+`": `+members[name])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func posting(body string) func(*cloud) result {
	return func(c *cloud) result { return c.batch("POST", "/images", body) }
}

const (
	makeComponent = "CreateImageComponent"
	makePipeline  = "CreateImagePipeline"
	startPipeline = "StartImagePipelineExecution"
)

var componentArgs = args{"Name": "agent", "Content": "RUN true"}

func content(text string) func(*cloud) result {
	return asking(makeComponent, componentArgs, "Content", text)
}

var machineArgs = pipelineArgs.with("InstanceType", "ecs.g7.large", "VSwitchId", "vsw-1")

func objects(o Object) Conditions { return Conditions{OSS: OSS{Objects: map[string]Object{"*": o}}} }

func buckets(b Bucket) Conditions {
	return Conditions{OSS: OSS{Buckets: map[string]Bucket{"golden": b}}}
}

// publishing makes a template that uses the newest component check 1.*.*, of the type of
// the place, and then publishes another version.
func publishing(place, kind string, changes ...string) func(*cloud) result {
	return func(c *cloud) result {
		first := args{"Name": "check", "ComponentVersion": "1.0.0", "Content": "RUN true", "ComponentType": kind}
		c.ecs(makeComponent, first).ok()
		uses := "COMPONENT acs:ecs:cn-hangzhou:" + ownerID + ":imagecomponent/check/1.*.*"
		return starting(pipelineArgs.with(place, uses), func(c *cloud) {
			c.ecs(makeComponent, first.with("ComponentVersion", "1.1.0").with(changes...)).ok()
		})(c)
	}
}

func running(c *cloud) result {
	id := c.pipeline()
	c.start(id)
	return c.ecs(startPipeline, args{"ImagePipelineId": id})
}

// onOwnBase makes a template on an imported image, to which something happens.
func onOwnBase(happens func(c *cloud, imageID string)) func(*cloud) result {
	return func(c *cloud) result {
		imageID := c.imported(importArgs)
		return starting(pipelineArgs.with("BaseImage", imageID), func(c *cloud) { happens(c, imageID) })(c)
	}
}

func registeredTwice(c *cloud) result {
	id := c.imported(importArgs)
	c.batch("POST", "/images", batchBody(id))
	return c.batch("POST", "/images", strings.Replace(batchBody(id), "golden", "other", 1))
}

func otherRequestWithTheToken(c *cloud) result {
	id := c.imported(importArgs)
	c.batch("POST", "/images?IdempotentToken=tok", batchBody(id))
	return c.batch("POST", "/images?IdempotentToken=tok", strings.Replace(batchBody(id), "golden", "other", 1))
}

func nameTaken(c *cloud) result {
	c.ecs("ImportImage", importArgs).ok()
	return c.ecs("ImportImage", importArgs)
}

func nameOfABrokenImage(c *cloud) result {
	c.set(Conditions{Imports: Imports{Image: Images{Status: "UnAvailable"}}})
	c.imported(importArgs)
	return c.ecs("ImportImage", importArgs)
}

func notAvailable(c *cloud) result {
	return c.batch("POST", "/images", batchBody(c.ecs("ImportImage", importArgs).ok().text("ImageId")))
}

func versionTaken(c *cloud) result {
	c.component("Name", "agent", "ComponentVersion", "1.0.0")
	return c.ecs(makeComponent, componentArgs.with("ComponentVersion", "1.0.0"))
}

func componentGone(c *cloud) result {
	id := c.component()
	return starting(pipelineArgs.with("BuildContent", "COMPONENT "+id), func(c *cloud) { require.NoError(c.t, c.server.Delete(id)) })(c)
}

func fixedNameTaken(c *cloud) {
	c.ecs("ImportImage", importArgs.with("ImageName", "golden")).ok()
}

func badToken(c *cloud) result {
	return c.batch("POST", "/images?IdempotentToken=a-b", batchBody(c.imported(importArgs)))
}

// demanding is the content of a component with a parameter that has no default.
const demanding = `Parameters:
  level:
    Type: String
Tasks:
- Name: a
  Action: RunShellCommand
  Properties: {commandContent: 'true'}
`
