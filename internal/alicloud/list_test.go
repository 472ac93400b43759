package alicloud

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestListsFollowTheirPages(t *testing.T) {
	t.Run("Images by the total count", func(t *testing.T) {
		page := `{"TotalCount":2,"Images":{"Image":[{"ImageId":"m-1"}]}}`
		cloud, s := serve(t, answers(200, page, page, `{"TotalCount":0}`))
		images, err := cloud.Images(context.Background(), ImageQuery{Region: region})
		require.NoError(t, err)
		require.Len(t, images, 2)
		require.Len(t, s.requests, 2)
		require.Equal(t, "2", s.requests[1].query.Get("PageNumber"))
	})
	t.Run("Images in their order, several pages at the same time", func(t *testing.T) {
		var asked sync.WaitGroup
		asked.Add(3)
		cloud, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			page, _ := strconv.Atoi(r.URL.Query().Get("PageNumber"))
			if page > 1 { // none is answered before all are asked for
				asked.Done()
				asked.Wait()
			}
			n := min(pageSize, 350-pageSize*(page-1))
			image := fmt.Sprintf(`{"ImageId":"m-%d"},`, page)
			_, _ = fmt.Fprintf(w, `{"TotalCount":350,"Images":{"Image":[%s]}}`, strings.TrimSuffix(strings.Repeat(image, n), ","))
		})
		images, err := cloud.Images(context.Background(), ImageQuery{Region: region})
		require.NoError(t, err)
		require.Len(t, images, 350)
		require.Equal(t, []string{"m-1", "m-2", "m-3", "m-4", "m-4"}, []string{images[99].ID, images[100].ID, images[299].ID, images[300].ID, images[349].ID})
		require.Len(t, s.requests, 4)
	})
	t.Run("Images of which one page is refused", func(t *testing.T) {
		cloud, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("PageNumber") == "3" {
				w.WriteHeader(http.StatusForbidden)
				_, _ = io.WriteString(w, `{"Code":"Forbidden.RAM","Message":"no"}`)
				return
			}
			_, _ = io.WriteString(w, `{"TotalCount":350,"Images":{"Image":[{"ImageId":"m-1"}]}}`)
		})
		_, err := cloud.Images(context.Background(), ImageQuery{Region: region})
		require.ErrorContains(t, err, "Forbidden.RAM")
	})
	t.Run("Images by full pages when there is no count", func(t *testing.T) {
		full := `{"Images":{"Image":[` + strings.TrimSuffix(strings.Repeat(`{"ImageId":"m-1"},`, pageSize), ",") + `]}}`
		cloud, s := serve(t, answers(200, full, `{"Images":{"Image":[{"ImageId":"m-2"}]}}`))
		images, err := cloud.Images(context.Background(), ImageQuery{Region: region})
		require.NoError(t, err)
		require.Len(t, images, pageSize+1)
		require.Len(t, s.requests, 2)
	})
	t.Run("Images that vanish while they are listed", func(t *testing.T) {
		cloud, _ := serve(t, answers(200, `{"TotalCount":5,"Images":{"Image":[{"ImageId":"m-1"}]}}`, `{"TotalCount":5,"Images":{"Image":[]}}`))
		images, err := cloud.Images(context.Background(), ImageQuery{Region: region})
		require.NoError(t, err)
		require.Len(t, images, 1)
	})
	t.Run("Components by the next token", func(t *testing.T) {
		cloud, s := serve(t, answers(200,
			`{"NextToken":"more","ImageComponent":{"ImageComponentSet":[{"ImageComponentId":"ic-1","Name":"n","ComponentVersion":"1.0.0"}]}}`,
			`{"ImageComponent":{"ImageComponentSet":[{"ImageComponentId":"ic-2","Name":"n","ComponentVersion":"2.0.0"}]}}`))
		components, err := cloud.Components(context.Background(), ComponentQuery{Region: region, Name: "n"})
		require.NoError(t, err)
		require.Len(t, components, 2, "every version when the query has none")
		require.False(t, s.requests[0].query.Has("NextToken"))
		require.Equal(t, "more", s.requests[1].query.Get("NextToken"))
	})
	t.Run("Pipelines by the next token", func(t *testing.T) {
		cloud, s := serve(t, answers(200,
			`{"NextToken":"more","ImagePipeline":{"ImagePipelineSet":[{"ImagePipelineId":"ip-1"}]}}`,
			`{"NextToken":"","ImagePipeline":{"ImagePipelineSet":[{"ImagePipelineId":"ip-2"}]}}`))
		pipelines, err := cloud.Pipelines(context.Background(), PipelineQuery{Region: region})
		require.NoError(t, err)
		require.Equal(t, []Pipeline{{ID: "ip-1"}, {ID: "ip-2"}}, pipelines)
		require.Equal(t, "more", s.requests[1].query.Get("NextToken"))
	})
	t.Run("Executions by the next token", func(t *testing.T) {
		cloud, s := serve(t, answers(200,
			`{"NextToken":"more","ImagePipelineExecution":{"ImagePipelineExecutionSet":[{"ExecutionId":"exec-1","Status":"FAILED"}]}}`,
			`{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[{"ExecutionId":"exec-2","Status":"SUCCESS"}]}}`))
		executions, err := cloud.Executions(context.Background(), ExecutionQuery{Region: region, PipelineID: "ip-1"})
		require.NoError(t, err)
		require.Equal(t, []Execution{{ID: "exec-1", Status: "FAILED"}, {ID: "exec-2", Status: "SUCCESS"}}, executions)
		require.Equal(t, "more", s.requests[1].query.Get("NextToken"))
	})
	t.Run("BatchImages by the marker", func(t *testing.T) {
		cloud, s := serve(t, answers(200,
			`{"NextMarker":"more","Items":[{"Id":"img-1","Name":"golden","Description":"d","EcsImageId":"m-1","Platform":"Linux","Type":"Self","OwnerId":123,"CreationTime":"2016-10-31T06:55:33.921897Z"}]}`,
			`{"NextMarker":"","Items":[{"Id":"img-2"}]}`))
		images, err := cloud.BatchImages(context.Background(), region)
		require.NoError(t, err)
		require.Equal(t, []BatchImage{{ID: "img-1", Name: "golden", Description: "d", ECSImageID: "m-1", Platform: "Linux",
			CreatedAt: "2016-10-31T06:55:33.921897Z"}, {ID: "img-2"}}, images)
		require.Equal(t, "GET", s.requests[0].method)
		require.Equal(t, "/images", s.requests[0].path)
		require.Empty(t, s.requests[0].body)
		require.Equal(t, map[string]string{"Type": "Self", "MaxItemCount": "100"}, flat(s.requests[0].query))
		require.Equal(t, map[string]string{"Type": "Self", "MaxItemCount": "100", "Marker": "more"}, flat(s.requests[1].query))
	})
}

func TestAListWhoseTokenIsNotValidBeginsAnewOnce(t *testing.T) {
	const refused = `{"Code":"Invalid.NextToken","Message":"The specified NextToken is not valid."}`
	lists := map[string]struct {
		page string
		list func(*Cloud) (int, error)
	}{
		"Components": {`"ImageComponent":{"ImageComponentSet":[{"ImageComponentId":"ic-1"}]}`, func(c *Cloud) (int, error) {
			list, err := c.Components(context.Background(), ComponentQuery{Region: region})
			return len(list), err
		}},
		"Pipelines": {`"ImagePipeline":{"ImagePipelineSet":[{"ImagePipelineId":"ip-1"}]}`, func(c *Cloud) (int, error) {
			list, err := c.Pipelines(context.Background(), PipelineQuery{Region: region})
			return len(list), err
		}},
		"Executions": {`"ImagePipelineExecution":{"ImagePipelineExecutionSet":[{"ExecutionId":"exec-1","Status":"FAILED"}]}`, func(c *Cloud) (int, error) {
			list, err := c.Executions(context.Background(), ExecutionQuery{Region: region, PipelineID: "ip-1"})
			return len(list), err
		}},
	}
	for name, l := range lists {
		first, last := `{"NextToken":"more",`+l.page+`}`, `{`+l.page+`}`
		t.Run(name, func(t *testing.T) {
			cloud, s := serve(t, inTurn(first, refused, first, last))
			n, err := l.list(cloud)
			require.NoError(t, err)
			require.Equal(t, 2, n, "what came before the refusal counts no more")
			require.Len(t, s.requests, 4)
			require.False(t, s.requests[2].query.Has("NextToken"), "the first page again")
		})
		t.Run(name+" twice", func(t *testing.T) {
			cloud, s := serve(t, inTurn(first, refused, first, refused))
			n, err := l.list(cloud)
			require.Equal(t, "Invalid.NextToken", failed(t, err).Code)
			require.Zero(t, n)
			require.Len(t, s.requests, 4)
		})
	}
}

// inTurn answers with pages, and with refusals, which have a code.
func inTurn(bodies ...string) http.HandlerFunc {
	var next atomic.Int32
	return func(w http.ResponseWriter, r *http.Request) {
		body := bodies[next.Add(1)-1]
		status := http.StatusOK
		if strings.Contains(body, `"Code"`) {
			status = http.StatusForbidden
		}
		answers(status, body)(w, r)
	}
}

func TestListsThatDoNotEndAreRefused(t *testing.T) {
	var refused *Error
	cloud, s := serve(t, answers(200, `{"NextMarker":"same","NextToken":"same"}`))
	_, err := cloud.BatchImages(context.Background(), region)
	require.ErrorAs(t, err, &refused)
	require.Equal(t, CodeBadAnswer, refused.Code)
	require.Len(t, s.requests, 2)
	_, err = cloud.Components(context.Background(), ComponentQuery{Region: region, Name: "n"})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, "DescribeImageComponents", refused.API)

	cloud, _ = serve(t, answers(200, `{"TotalCount":`+strconv.Itoa(1<<30)+`,"Images":{"Image":[{"ImageId":"m-1"}]}}`))
	_, err = cloud.Images(context.Background(), ImageQuery{Region: region})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, CodeBadAnswer, refused.Code)
}
