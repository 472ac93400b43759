package testsuite

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/internal/errcode"
)

// existing is something that is in the way of a build.
type existing struct {
	name      string
	api, code string
	before    func(y *yard) (document string)
	at        map[time.Duration]func(y *yard)
	faults    []emulator.Fault
	calls     int
	says      string // what exists, since when and whose it is
	adopts    string // the id that the result names; empty: the build fails
}

// whatExists stops the build with a word on what it is, since when it is there and whose
// it is, unless it is as good as ours: that is adopted.
var whatExists = []existing{
	{name: "an image of another build has the name of the import", api: "ImportImage", code: "InvalidImageName.Duplicated",
		before: anotherImage, calls: 1,
		says: "Image m-bp1000000000001 has the name golden-base: made by build somebody-else, created 2026-11-21T10:00:20Z."},
	{name: "a component has other content", api: "CreateImageComponent", code: "InvalidComponentVersion.Exist",
		before: anotherComponent("RUN false"), calls: 1,
		says: "Component ic-bp1000000000001 has different content: made by build somebody-else, created 2026-11-21T10:00:20Z."},
	{name: "a component has the same content", api: "CreateImageComponent", code: "InvalidComponentVersion.Exist",
		before: anotherComponent("RUN true"), calls: 1, adopts: "ic-bp1000000000001"},
	{name: "an image gets the golden image's name after the template was made", api: starts, code: "InvalidImageName.Duplicated",
		before: fixedName, calls: 1,
		faults: []emulator.Fault{{Action: "CreateImagePipeline", Do: emulator.Delay, When: emulator.After, DelayMs: 60_000}},
		at:     map[time.Duration]func(y *yard){105 * time.Second: goldenImage},
		says:   "Image m-bp1000000000002 has the name golden: made by build somebody-else, created 2026-11-21T10:02:05Z."},
	{name: "the image is registered under another name", api: registers, code: "InvalidEcsImageId",
		before: registeredAs("silver"), calls: 1,
		says: "It is registered as img-000000000001 with the name silver and the platform Linux since 2026-11-21T10:02:20"},
	{name: "the image is registered under the name", api: registers, code: "InvalidEcsImageId",
		before: registeredAs("golden"), calls: 1, adopts: "img-000000000001"},
	{name: "the token stands for the registration under another name", api: registers, code: "IdempotentTokenMismatch",
		before: registeredAs("silver"), calls: 1,
		faults: []emulator.Fault{{Action: registers, Do: emulator.Refuse, Code: "IdempotentTokenMismatch"}},
		says:   "It is registered as img-000000000001 with the name silver and the platform Linux since 2026-11-21T10:02:20"},
}

func TestMatrixWhatExists(t *testing.T) {
	for _, e := range whatExists {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) { y.meet(e) })
		})
	}
}

// meet runs a build into what exists and says how it ended.
func (y *yard) meet(e existing) string {
	document := e.before(y)
	there := len(y.calls(e.api))
	y.plan(e.faults...)
	o := order{document: document, at: map[time.Duration]func(){}}
	for at, happens := range e.at {
		o.at[at] = func() { happens(y) }
	}
	v := y.build(o)
	calls := y.calls(e.api)[there:]
	require.Len(y.t, calls, e.calls)
	require.Equal(y.t, e.code, calls[len(calls)-1].Code)
	if e.adopts != "" {
		require.NoError(y.t, v.err)
		named := []string{v.result.BatchComputeImageID}
		for _, c := range v.result.Components {
			named = append(named, c.ID)
		}
		require.Contains(y.t, named, e.adopts)
		return end(e.name, len(calls), v)
	}
	require.Equal(y.t, e.code, v.typ, v.err)
	require.Contains(y.t, v.failure.Message, e.says)
	require.Equal(y.t, string(errcode.Reconcile), v.failure.Class)
	return end(e.name, len(calls), v)
}

// anotherComponent is one of another build, with the name and version of golden's.
func anotherComponent(content string) func(y *yard) string {
	return func(y *yard) string {
		_, err := y.cloud.CreateComponent(y.t.Context(), alicloud.CreateComponentRequest{
			Region: hangzhou, Name: "nginx", Version: "1.0.0", Type: "Build", SystemType: "Linux", Content: content,
			Tags: alicloud.Tags{"kiln:build": otherOwner},
		})
		require.NoError(y.t, err)
		return golden
	}
}

// fixedName gives the golden image its bare name.
func fixedName(*yard) string {
	return strings.Replace(golden, `"components"`, `"image": {"nameSuffix": "disable"}, "components"`, 1)
}

func goldenImage(y *yard) {
	_, err := y.cloud.ImportImage(y.t.Context(), alicloud.ImportImageRequest{
		Region: hangzhou, ImageName: "golden", Disks: diskOfBase, Tags: alicloud.Tags{"kiln:build": otherOwner},
	})
	require.NoError(y.t, err)
}

// registeredAs registers the image that the document registers.
func registeredAs(name string) func(y *yard) string {
	return func(y *yard) string {
		anotherImage(y)
		id := y.resources("ImportImage")[0]
		_, err := y.cloud.RegisterImage(y.t.Context(), alicloud.RegisterImageRequest{
			Region: hangzhou, Name: name, Platform: "Linux", ECSImageID: id, IdempotentToken: "another",
		})
		require.NoError(y.t, err)
		return `{"name": "golden", "region": "cn-hangzhou", "source": {"imageId": "` + id + `"},
			"batchCompute": {"name": "golden", "platform": "Linux"}}`
	}
}
