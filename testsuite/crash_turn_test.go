//go:build e2e

package testsuite

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// crashWhileWaitingForATurn: two builds share a template, and the worker dies with which
// the second one waits for the first one's run.
func crashWhileWaitingForATurn(t *testing.T, sum *report) {
	c := newCast(t, castOptions{speed: "3000"})
	maker, first, second := c.newScene(t, "template"), c.newScene(t, "first-turn"), c.newScene(t, "second-turn")
	maker.document = strings.ReplaceAll(onTopBuild, "NAME", maker.id)
	maker.begin()
	first.document = `{"name": "shared", "region": "cn-hangzhou", "template": {"id": "` + maker.requireBuilt().result.PipelineID + `"}}`
	second.document = first.document

	c.admin(t, http.MethodPut, "conditions", `{"status": {"exec-*": "BUILDING"}}`) // until further notice
	running := first.worker.toCloud.holdAnswer("DescribeImagePipelineExecutions")
	first.begin()
	first.reach(running)
	running.deliver()

	look := second.worker.toCloud.holdAnswer("DescribeImagePipelineExecutions")
	second.begin()
	second.reach(look)
	again := second.worker.toCloud.holdAnswer("DescribeImagePipelineExecutions")
	look.deliver() // it was the refused call's; the next one is the wait's
	second.reach(again)
	c.lose(second.worker.actor)
	again.drop()
	second.successor()
	c.admin(t, http.MethodPut, "conditions", `{}`)

	first.requireBuilt()
	second.requireBuilt()
	require.Contains(t, scheduled(history(t, c.client, second.id)), "AwaitTurn")
	c.toll.points.add("turn", 1)
	c.close(t, sum, "make crash")
}
