package alicloud

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// The API documents' examples and tables differ in types and wrappers, so an answer is
// read in any of the forms that say the same.
func TestAnswersInOtherForms(t *testing.T) {
	task := func(ctx context.Context, c *Cloud) (any, error) { return c.Task(ctx, region, "t-1") }
	image := func(ctx context.Context, c *Cloud) (any, error) {
		return c.Images(ctx, ImageQuery{Region: region, ID: "m-1"})
	}
	execution := func(ctx context.Context, c *Cloud) (any, error) { return c.Execution(ctx, region, "exec-1") }
	components := func(ctx context.Context, c *Cloud) (any, error) {
		return c.Components(ctx, ComponentQuery{Region: region, Name: "web"})
	}
	cancel := func(ctx context.Context, c *Cloud) (any, error) { return nil, c.CancelTask(ctx, region, "t-1") }

	tests := []struct {
		name   string
		call   func(context.Context, *Cloud) (any, error)
		status int
		answer string
		want   any
	}{
		{"a task's operations as nothing", task, 200,
			`{"TaskId":"t-1","TaskStatus":"Waiting","TaskProcess":null,"SupportCancel":"True","OperationProgressSet":""}`,
			Task{ID: "t-1", Status: "Waiting"}},
		{"a task's operations without their wrapper", task, 200,
			`{"TaskId":"t-1","TaskStatus":"Failed","TaskProcess":"50","OperationProgressSet":[{"OperationStatus":"Failed","ErrorCode":7,"ErrorMsg":"bad disk"}]}`,
			Task{ID: "t-1", Status: "Failed", Percent: 50, ErrorCode: "7", ErrorMessage: "bad disk"}},
		{"an image without wrappers", image, 200,
			`{"TotalCount":"1","Images":[{"ImageId":"m-1","Status":"Waiting","Progress":30,"Tags":[{"Key":"k","Value":"v"}]}]}`,
			[]Image{{ID: "m-1", Status: "Waiting", Percent: 30, Tags: Tags{"k": "v"}}}},
		{"an image beside what is no list", image, 200,
			`{"Images":{"Count":1,"Image":[{"ImageId":"m-1","Tags":{"Tag":[{"TagKey":"k","TagValue":"v"}],"Note":"x"}}],"Note":"x","More":{"a":1},"Warnings":["x"]}}`,
			[]Image{{ID: "m-1", Tags: Tags{"k": "v"}}}},
		{"an image under another name, beside what is no list", image, 200,
			`{"Images":{"Items":[{"ImageId":"m-1"}],"Note":"x","Nothing":null}}`, []Image{{ID: "m-1"}}},
		{"an image in two wrappers", image, 200, `{"Images":{"Set":{"Image":[{"ImageId":"m-1"}]}}}`, []Image{{ID: "m-1"}}},
		{"an image list that is nothing, beside a note", image, 200, `{"Images":{"Image":null,"Note":"x"}}`, []Image(nil)},
		{"an image whose tags are an empty list", image, 200,
			`{"TotalCount":1,"Images":{"Image":[{"ImageId":"m-1","Tags":[]}]}}`, []Image{{ID: "m-1"}}},
		{"an image whose tags are an empty object", image, 200,
			`{"TotalCount":1,"Images":{"Image":[{"ImageId":"m-1","Tags":{}}]}}`, []Image{{ID: "m-1"}}},
		{"images as nothing", image, 200, `{"Images":null}`, []Image(nil)},
		{"images left out", image, 200, `{}`, []Image(nil)},
		{"an image that is refused as unknown", image, 404, `{"Code":"InvalidImageId.NotFound","Message":"no"}`, []Image(nil)},
		{"an execution whose image is not there yet", execution, 200,
			`{"ImagePipelineExecution":{"ImagePipelineExecutionSet":[{"ExecutionId":"exec-1","Status":"BUILDING","ImageId":null,"Tags":null}]}}`,
			Execution{ID: "exec-1", Status: "BUILDING"}},
		{"components in a list of their own", components, 200,
			`{"ImageComponent":[{"ImageComponentId":"ic-1","Name":"web","ComponentVersion":"1.0.0"}],"NextToken":null}`,
			[]Component{{ID: "ic-1", Name: "web", Version: "1.0.0"}}},
		{"a cancel without content", cancel, 204, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cloud, _ := serve(t, answers(tt.status, tt.answer))
			got, err := tt.call(context.Background(), cloud)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestAnAnswerWithoutContentHasNoID(t *testing.T) {
	cloud, _ := serve(t, answers(204, ""))
	e := failed(t, registerOf(context.Background(), cloud))
	require.Equal(t, CodeBadAnswer, e.Code)
	require.Contains(t, e.Message, "has no Id")
}

func TestANumberIsNoID(t *testing.T) {
	cloud, _ := serve(t, answers(201, `{"Id":4711}`))
	require.Equal(t, CodeBadAnswer, failed(t, registerOf(context.Background(), cloud)).Code)
}

func TestAListThatIsNoListIsBad(t *testing.T) {
	for _, answer := range []string{
		`{"Images":"m-1"}`, `{"Images":7}`, `{"Images":{"Image":true}}`, `{"Images":{"Image":["m-1"]}}`,
		`{"Images":{"Image":true,"More":[]}}`, `{"Images":{"Note":"x","Count":0}}`, `{"Images":{"Some":[],"Others":[]}}`,
	} {
		cloud, _ := serve(t, answers(200, answer))
		_, err := cloud.Images(context.Background(), ImageQuery{Region: region, ID: "m-1"})
		require.Equal(t, CodeBadAnswer, failed(t, err).Code, answer)
	}
}

func TestARefusedLookAtAnExecutionIsNotFound(t *testing.T) {
	for _, code := range []string{
		"InvalidImagePipelineExecution.NotFound", "InvalidImagePipelineExecutionId.NotFound", "InvalidImagePipeline.NotFound",
	} {
		cloud, _ := serve(t, answers(404, `{"Code":"`+code+`","Message":"no"}`))
		_, err := cloud.Execution(context.Background(), region, "exec-1")
		require.ErrorIs(t, err, ErrNotFound)
		require.Equal(t, code, failed(t, err).Code)
		_, err = cloud.Executions(context.Background(), ExecutionQuery{Region: region, PipelineID: "ip-1"})
		require.ErrorIs(t, err, ErrNotFound)
	}
	cloud, _ := serve(t, answers(404, `{"Code":"InvalidAccessKeyId.NotFound","Message":"no"}`))
	_, err := cloud.Execution(context.Background(), region, "exec-1")
	require.NotErrorIs(t, err, ErrNotFound)
}

func TestARefusalInXMLKeepsItsWords(t *testing.T) {
	cloud, _ := serve(t, answers(404, `<?xml version="1.0" encoding="UTF-8"?>
		<Error><RequestId>R-1</RequestId><HostId>ecs.aliyuncs.com</HostId><Code>InvalidAccessKeyId.NotFound</Code>
		<Message>Specified access key is not found.</Message></Error>`))
	e := failed(t, importOf(context.Background(), cloud))
	require.Equal(t, Error{API: "ImportImage", Code: "InvalidAccessKeyId.NotFound", HTTPStatus: 404,
		Message: "Specified access key is not found.", RequestID: "R-1"}, *e)
}

func TestATaskMayBeLookedUpInTheList(t *testing.T) {
	const refusal = `{"Code":"Forbidden.RAM","Message":"no","RequestId":"R-1"}`
	look := func(t *testing.T, list http.HandlerFunc) (*server, Task, error) {
		attribute := answers(403, refusal)
		cloud, s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Acs-Action") == "DescribeTasks" {
				list(w, r)
				return
			}
			attribute(w, r)
		})
		task, err := cloud.Task(context.Background(), region, "t-1")
		return s, task, err
	}
	t.Run("it is there", func(t *testing.T) {
		s, task, err := look(t, answers(200, `{"TaskSet":{"Task":[{"TaskId":"t-2","TaskStatus":"Failed"},{"TaskId":"t-1","TaskStatus":"Processing"}]}}`))
		require.NoError(t, err)
		require.Equal(t, Task{ID: "t-1", Status: "Processing"}, task)
		require.Equal(t, map[string]string{"RegionId": region, "TaskIds": "t-1"}, flat(s.requests[1].query))
	})
	t.Run("it is not there", func(t *testing.T) {
		_, _, err := look(t, answers(200, `{"TaskSet":{"Task":[]}}`))
		require.ErrorIs(t, err, ErrNotFound)
	})
	t.Run("the list is refused too", func(t *testing.T) {
		_, _, err := look(t, answers(400, `{"Code":"InvalidApi.NotFound"}`))
		require.Equal(t, Error{API: "DescribeTaskAttribute", Code: "Forbidden.RAM", HTTPStatus: 403, Message: "no", RequestID: "R-1"}, *failed(t, err))
	})
}
