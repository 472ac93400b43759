package testsuite

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// tokenCall is an action that takes a token. Two requests differ in one parameter.
type tokenCall struct {
	action string
	call   func(token string, other bool) (id string, err error)
}

func (c *emulated) tokenCalls(t *testing.T) []tokenCall {
	client := c.ecs(t)
	base := *c.imported(t, importOfBase()).ImageId
	pipelineID, otherID := c.pipeline(t, pipelineOn(base)), c.pipeline(t, pipelineOn(base))
	pick := func(other bool, a, b string) string {
		if other {
			return b
		}
		return a
	}
	return []tokenCall{
		{"ImportImage", func(token string, other bool) (string, error) {
			answer, err := client.ImportImage(importOfBase().SetClientToken(token).SetDescription(pick(other, "one", "two")))
			if err != nil {
				return "", err
			}
			return *answer.Body.ImageId + " " + *answer.Body.TaskId, nil
		}},
		{"CreateImageComponent", func(token string, other bool) (string, error) {
			answer, err := client.CreateImageComponent(componentOf(pick(other, "RUN one", "RUN two")).SetClientToken(token))
			if err != nil {
				return "", err
			}
			return *answer.Body.ImageComponentId, nil
		}},
		{"CreateImagePipeline", func(token string, other bool) (string, error) {
			answer, err := client.CreateImagePipeline(pipelineOn(base).SetClientToken(token).SetDescription(pick(other, "one", "two")))
			if err != nil {
				return "", err
			}
			return *answer.Body.ImagePipelineId, nil
		}},
		{"StartImagePipelineExecution", func(token string, other bool) (string, error) {
			answer, err := client.StartImagePipelineExecution(startOf(pick(other, pipelineID, otherID)).SetClientToken(token))
			if err != nil {
				return "", err
			}
			return *answer.Body.ExecutionId, nil
		}},
	}
}

func TestContractClientTokens(t *testing.T) {
	c := emulate(t)
	for _, a := range c.tokenCalls(t) {
		t.Run(a.action, func(t *testing.T) {
			first, err := a.call("token-1", false)
			require.NoError(t, err)
			for range 2 {
				again, err := a.call("token-1", false)
				require.NoError(t, err)
				require.Equal(t, first, again, "the same request has the first answer")
				c.pass(time.Hour)
			}
			_, err = a.call("token-1", true)
			requireRefusal(t, refusalOf(t, err), 400, "IdempotentParameterMismatch",
				"Request uses a client token in a previous request but is not identical to that request.")
			next, err := a.call("TOKEN-1", false)
			require.NoError(t, err)
			require.NotEqual(t, first, next, "tokens differ in case")
			_, err = a.call(strings.Repeat("t", 64), true)
			require.NoError(t, err, "64 characters are allowed")
		})
	}
}

// A refused call has not happened, so its token is still free.
func TestContractRefusedCallsLeaveTheirToken(t *testing.T) {
	c := emulate(t)
	client := c.ecs(t)
	_, err := client.ImportImage(importOf("is-not-there.raw").SetClientToken("token-1"))
	requireRefusal(t, refusalOf(t, err), 400, "InvalidOSSObject.NotFound", "%s")
	_, err = client.ImportImage(importOfBase().SetClientToken("token-1").SetDryRun(true))
	requireRefusal(t, refusalOf(t, err), 400, "DRYRUN.SUCCESS", "%s")
	_, err = client.ImportImage(importOfBase().SetClientToken("token-1"))
	require.NoError(t, err)
}

func TestContractTokensBelongToTheirActionAndRegion(t *testing.T) {
	c := emulate(t)
	ids := map[string]bool{}
	for _, region := range []string{hangzhou, "cn-beijing"} {
		answer, err := c.ecs(t).ImportImage(importOfBase().SetRegionId(region).SetClientToken("token-1"))
		require.NoError(t, err)
		ids[*answer.Body.ImageId] = true
		ids[c.component(t, componentOf("RUN true").SetRegionId(region).SetClientToken("token-1"))] = true
	}
	require.Len(t, ids, 4)
}

func TestContractIdempotentTokens(t *testing.T) {
	bySignature(t, func(t *testing.T, c *emulated, r registrar) {
		body := registration(*c.imported(t, importOfBase()).ImageId)
		first := r.register(body, "token_1")
		require.Equal(t, first, r.register(body, "token_1"), "the same request has the first answer")
		body["Description"] = "another"
		_, err := r.call(&resourceRequest{method: http.MethodPost, path: "/images",
			query: map[string]string{"IdempotentToken": "token_1"}, body: body})
		requireRefusal(t, refusalOf(t, err), 400, "IdempotentTokenMismatch", "Specified idempotent token mismatch.")
		body["Description"] = registration("")["Description"]
		_, err = r.call(&resourceRequest{method: http.MethodPost, path: "/images",
			query: map[string]string{"IdempotentToken": "token_2"}, body: body})
		requireRefusal(t, refusalOf(t, err), 400, "InvalidEcsImageId",
			"Specified parameter EcsImageId is not valid. This EcsImageId has been registered.")
	})
}
