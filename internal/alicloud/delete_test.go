package alicloud

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUnregisterImageOnTheWire(t *testing.T) {
	cloud, s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	require.NoError(t, cloud.UnregisterImage(context.Background(), region, "img-1"))
	r := s.only(t)
	require.Equal(t, "DELETE", r.method)
	require.Equal(t, "/images/img-1", r.path)
	require.Empty(t, r.query)
	require.Empty(t, r.body)
	require.Regexp(t, `^acs test-key-id:[0-9A-Za-z+/=]+$`, r.header.Get("Authorization"))
}

func TestAnIDThatIsNoneAsksForNoPath(t *testing.T) {
	cloud, s := serve(t, answers(200, `{}`))
	for _, id := range []string{"", ".", "..", "../jobs/job-1", "img-1/x", "img-1?a=b", "img 1", "img-1%2f"} {
		refused := failed(t, cloud.UnregisterImage(context.Background(), region, id))
		require.Equal(t, "BatchCompute.DeleteImage", refused.API)
		require.Equal(t, "InvalidResource.NotFound", refused.Code)
	}
	require.Empty(t, s.requests)
}

func TestRefusedDeletionsKeepTheirCodes(t *testing.T) {
	ctx := context.Background()
	tests := []struct {
		api, code string
		status    int
		call      func(*Cloud) error
	}{
		{"DeleteImage", "ImageUseShared", 403, func(c *Cloud) error { return c.DeleteImage(ctx, region, "m-1") }},
		{"DeleteImage", "InvalidImageId.NotFound", 404, func(c *Cloud) error { return c.DeleteImage(ctx, region, "m-1") }},
		{"DeleteImageComponent", "InvalidImageComponent.NotFound", 404,
			func(c *Cloud) error { return c.DeleteComponent(ctx, region, "ic-1") }},
		{"DeleteImagePipeline", "InvalidImagePipeline.NotFound", 404,
			func(c *Cloud) error { return c.DeletePipeline(ctx, region, "ip-1") }},
		{"BatchCompute.DeleteImage", "InvalidResource.NotFound", 404,
			func(c *Cloud) error { return c.UnregisterImage(ctx, region, "img-1") }},
	}
	for _, tt := range tests {
		t.Run(tt.api+" "+tt.code, func(t *testing.T) {
			cloud, s := serve(t, answers(tt.status, fmt.Sprintf(`{"RequestId":"R-1","Code":%q,"Message":"why"}`, tt.code)))
			err := tt.call(cloud)
			require.Equal(t, &Error{API: tt.api, Code: tt.code, HTTPStatus: tt.status, Message: "why", RequestID: "R-1"}, failed(t, err))
			require.NotErrorIs(t, err, ErrNotFound, "what is gone is for the caller to judge, by its code")
			s.only(t)
		})
	}
}

func TestManyIDsTakeSeveralCalls(t *testing.T) {
	var ids []string
	for n := range 2*maxIDs + 1 {
		ids = append(ids, fmt.Sprint("id-", n))
	}
	cloud, s := serve(t, answers(200,
		`{"ImageComponent":{"ImageComponentSet":[{"ImageComponentId":"id-0"},{"ImageComponentId":"id-20"}]}}`,
		`{"ImageComponent":{"ImageComponentSet":[{"ImageComponentId":"id-20"}]}}`,
		`{"ImageComponent":{"ImageComponentSet":[]}}`))
	components, err := cloud.Components(context.Background(), ComponentQuery{Region: region, IDs: ids})
	require.NoError(t, err)
	require.Equal(t, []Component{{ID: "id-0"}, {ID: "id-20"}}, components, "only what a call asks for counts")
	requireIDs(t, s.requests, "ImageComponentId")

	cloud, s = serve(t, answers(200, `{"ImagePipeline":{"ImagePipelineSet":[{"ImagePipelineId":"id-40"}]}}`))
	pipelines, err := cloud.Pipelines(context.Background(), PipelineQuery{Region: region, IDs: ids})
	require.NoError(t, err)
	require.Equal(t, []Pipeline{{ID: "id-40"}}, pipelines)
	requireIDs(t, s.requests, "ImagePipelineId")
}

// requireIDs holds three calls to twenty, twenty and one id.
func requireIDs(t *testing.T, requests []sent, name string) {
	t.Helper()
	require.Len(t, requests, 3)
	require.Equal(t, "id-19", requests[0].query.Get(name+".20"))
	require.False(t, requests[0].query.Has(name+".21"))
	require.Equal(t, "id-20", requests[1].query.Get(name+".1"))
	require.Equal(t, "id-40", requests[2].query.Get(name+".1"))
	require.False(t, requests[2].query.Has(name+".2"))
}
