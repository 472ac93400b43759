package testsuite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/emulator"
	"github.com/seed1230462e/kiln/workflows"
)

// lookalikes puts things beside the build that are like its own in everything but the tags,
// or in the tags but for the token, as those of an earlier build with the same id.
func (y *yard) lookalikes() {
	y.t.Helper()
	ctx := y.t.Context()
	for n, tags := range []alicloud.Tags{
		nil, {"kiln:build": otherOwner, "kiln:token": "theirs"}, {"kiln:build": "golden", "kiln:token": "of-another-run"}, {"kiln:build": "golden"},
	} {
		image, err := y.cloud.ImportImage(ctx, alicloud.ImportImageRequest{
			Region: hangzhou, ImageName: fmt.Sprint("golden-base-", n), Disks: diskOfBase, Tags: tags, ClientToken: fmt.Sprint(strangersToken, "-i", n),
		})
		require.NoError(y.t, err)
		_, err = y.cloud.CreateComponent(ctx, alicloud.CreateComponentRequest{
			Region: hangzhou, Name: "nginx", Version: fmt.Sprintf("1.0.%d", n+1), Type: "Build", SystemType: "Linux", Content: "RUN true",
			Tags: tags, ClientToken: fmt.Sprint(strangersToken, "-c", n),
		})
		require.NoError(y.t, err)
		time.Sleep(2 * time.Minute)
		_, err = y.cloud.CreatePipeline(ctx, alicloud.CreatePipelineRequest{
			Region: hangzhou, Name: "golden", BaseImageType: "IMAGE", BaseImage: image.ImageID, BuildContent: "RUN true",
			Tags: tags, ImageTags: tags, ClientToken: fmt.Sprint(strangersToken, "-p", n),
		})
		require.NoError(y.t, err)
		_, err = y.cloud.RegisterImage(ctx, alicloud.RegisterImageRequest{
			Region: hangzhou, Name: "golden", Platform: "Linux", ECSImageID: image.ImageID, IdempotentToken: fmt.Sprint(strangersToken, "_", n),
		})
		require.NoError(y.t, err)
	}
}

// However a build ends, what is like its own stays as it was: the auditor sees to that.
func TestCleanupLookalikes(t *testing.T) {
	sweeping := with(golden, `"onSuccess": {"importedImage": "remove", "components": "remove", "template": "remove"}`)
	for name, o := range map[string]func(y *yard) order{
		"a build that fails": func(y *yard) order {
			y.plan(emulator.Fault{Action: registers, Do: emulator.Refuse, Code: "InvalidRoleArn"})
			return order{document: tidy}
		},
		"a build that is cancelled": func(y *yard) order {
			return order{document: golden}.cancelledAt(y, is("execution", "BUILDING"))
		},
		"a build that is cancelled while what it lost is looked for": func(y *yard) order {
			y.plan(emulator.Fault{Action: "CreateImagePipeline", To: 1, Do: emulator.Reset})
			return order{document: golden}.cancelledAt(y, met(1))
		},
		"a build that removes all but the golden image": func(*yard) order { return order{document: sweeping} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bubble(t, func(y *yard) {
				y.lookalikes()
				tr := y.hold()
				v := tr.run(o(y))
				if v.err != nil {
					require.Empty(t, tr.remains("golden"))
				}
				tr.judge()
			})
		})
	}
}

// A component that was there is used and never removed; one that somebody else's template
// uses as well stays, and the build says so.
func TestCleanupSharedComponents(t *testing.T) {
	bubble(t, func(y *yard) {
		anotherComponent("RUN true")(y)
		y.plan(emulator.Fault{Action: registers, Do: emulator.Refuse, Code: "InvalidRoleArn"})
		tr := y.hold()
		v := tr.run(order{document: tidy})
		require.Equal(t, []string{"component ic-bp1000000000001"}, inState(v.failure.Resources, workflows.ResourceAdopted))
		tr.failed(v, "InvalidRoleArn")
	})
	bubble(t, func(y *yard) {
		anotherComponent("RUN true")(y)
		tr := y.hold()
		v := tr.run(order{document: with(golden, `"onSuccess": {"components": "remove", "template": "remove"}`)})
		require.NoError(t, v.err)
		require.Equal(t, workflows.OutcomeSucceeded, v.result.Outcome)
		require.Equal(t, []string{"DeleteImagePipeline ip-bp1000000000001"}, y.deletions())
		tr.judge()
	})
	bubble(t, func(y *yard) {
		y.set(func(c *emulator.Conditions) { c.Roles.BatchCompute = "missing" })
		tr := y.hold()
		second := strings.NewReplacer("golden-base", "silver-base", `"batchCompute": {"name": "golden", "platform": "Linux"},`, "").Replace(golden)
		v := tr.run(order{document: tidy, meanwhile: func(func()) {
			y.until(is("task", "Processing"))
			other := tr.run(order{id: "silver", document: second})
			require.NoError(t, other.err)
			require.True(t, other.result.Components[0].Adopted)
		}})
		require.Equal(t, "InvalidRoleArn", v.typ, v.err)
		require.Equal(t, []string{"component ic-bp1000000000001"}, inState(v.failure.Resources, workflows.ResourceLeft), lines(v.failure.Resources))
		require.Equal(t, []string{"component ic-bp1000000000001"}, tr.remains("golden"))
		tr.judge()
	})
}

// The template that a document names stays, and so do the runs of others; the image of the
// build's own run goes, though it carries the template's tags and not the build's.
func TestCleanupSharedTemplates(t *testing.T) {
	theirs := func(y *yard) string {
		id := anotherTemplate(y)
		_, err := y.cloud.StartExecution(y.t.Context(), alicloud.StartExecutionRequest{
			Region: hangzhou, PipelineID: id, Tags: alicloud.Tags{"kiln:build": otherOwner}, ClientToken: strangersToken,
		})
		require.NoError(t, err)
		time.Sleep(5 * time.Minute)
		return running(id)
	}
	bubble(t, func(y *yard) {
		document := theirs(y)
		y.plan(emulator.Fault{Action: registers, Do: emulator.Refuse, Code: "InvalidRoleArn"})
		tr := y.hold()
		v := tr.run(order{document: with(document, `"onFailure": "cleanup"`)})
		require.Equal(t, []string{"DeleteImage m-bp1000000000002"}, y.deletions())
		tr.failed(v, "InvalidRoleArn")
	})
	for _, status := range []string{"BUILDING", "RELEASING"} {
		bubble(t, func(y *yard) {
			document := theirs(y)
			tr := y.hold()
			v := tr.run(order{document: document}.cancelledAt(y, is("execution", status)))
			tr.cancelled(v, "cleanup")
		})
	}
	bubble(t, func(y *yard) { // while it waits for the run of somebody else, which goes on
		document := busyTemplate(y)
		y.set(func(c *emulator.Conditions) { c.Status = map[string]string{"exec-*": "BUILDING"} })
		tr := y.hold()
		v := tr.run(order{document: document}.cancelledAt(y, later(called(starts, 2), 40*time.Second)))
		require.Empty(t, y.cancellations())
		tr.cancelled(v, "cleanup")
	})
}

// Somebody runs the build's template when it is to go: the run is waited for.
func TestCleanupOfATemplateThatOthersRun(t *testing.T) {
	bubble(t, func(y *yard) {
		y.plan(emulator.Fault{Action: registers, To: 1, Do: emulator.Delay, DelayMs: 10_000},
			emulator.Fault{Action: registers, Do: emulator.Refuse, Code: "InvalidRoleArn"})
		y.set(func(c *emulator.Conditions) { c.Roles.BatchCompute = "missing" })
		tr := y.hold()
		var theirs string
		v := tr.run(order{document: tidy, meanwhile: func(func()) {
			y.until(later(met(1), time.Second))
			var err error
			theirs, err = y.cloud.StartExecution(y.t.Context(), alicloud.StartExecutionRequest{
				Region: hangzhou, PipelineID: "ip-bp1000000000001", Tags: alicloud.Tags{"kiln:build": otherOwner}, ClientToken: strangersToken,
			})
			require.NoError(t, err)
		}})
		require.Equal(t, "InvalidRoleArn", v.typ, v.err)
		require.NotContains(t, y.cancellations(), cancels+" "+theirs)
		require.Greater(t, len(y.calls("DeleteImagePipeline")), 1)
		image := y.resources(starts)[len(y.resources(starts))-1]
		tr.excused[image] = true // it carries the tags of the build's template
		require.Equal(t, []string{"image " + image}, tr.remains("golden"))
		tr.judge()
	})
}

// An image that was there may be registered by somebody else. A call that was lost is no
// reason to take that registration for the build's own.
func TestCleanupOfSomebodyElsesRegistration(t *testing.T) {
	for _, name := range []string{"golden", "silver"} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(y *yard) {
				document := registeredAs(name)(y)
				y.plan(emulator.Fault{Action: registers, To: 1, Do: emulator.Reset})
				tr := y.hold()
				v := tr.run(order{document: document}.cancelledAt(y, met(1)))
				require.NotNil(t, v.left, "%v", v.err)
				require.Empty(t, y.deletions())
				require.Equal(t, []string{"register registration ? left"}, lines(v.left.Resources))
				require.Contains(t, v.left.Resources[0].Reason, "registration img-000000000001")
				tr.judge()
			})
		})
	}
}
