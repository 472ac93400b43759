package activities

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/spec"
)

// account is a cloud that refuses to create and lists what is there.
type account struct {
	refusal    error
	images     []alicloud.Image // by tag or name, as asked
	named      []alicloud.Image
	components []alicloud.Component
	pipelines  []alicloud.Pipeline
	executions []alicloud.Execution
	registered []alicloud.BatchImage
}

func (a *account) ImportImage(context.Context, alicloud.ImportImageRequest) (alicloud.ImportImageResponse, error) {
	return alicloud.ImportImageResponse{}, a.refusal
}
func (a *account) CreateComponent(context.Context, alicloud.CreateComponentRequest) (string, error) {
	return "", a.refusal
}
func (a *account) CreatePipeline(context.Context, alicloud.CreatePipelineRequest) (string, error) {
	return "", a.refusal
}
func (a *account) StartExecution(context.Context, alicloud.StartExecutionRequest) (string, error) {
	return "", a.refusal
}
func (a *account) RegisterImage(context.Context, alicloud.RegisterImageRequest) (string, error) {
	return "", a.refusal
}
func (a *account) CancelTask(context.Context, string, string) error      { return a.refusal }
func (a *account) CancelExecution(context.Context, string, string) error { return a.refusal }
func (a *account) ImportTask(context.Context, string, string) (alicloud.Task, error) {
	return alicloud.Task{ID: "t-1"}, nil
}
func (a *account) Images(_ context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error) {
	if q.Name != "" {
		return a.named, nil
	}
	return a.images, nil
}
func (a *account) Components(context.Context, alicloud.ComponentQuery) ([]alicloud.Component, error) {
	return a.components, nil
}
func (a *account) Pipelines(context.Context, alicloud.PipelineQuery) ([]alicloud.Pipeline, error) {
	return a.pipelines, nil
}
func (a *account) Executions(context.Context, alicloud.ExecutionQuery) ([]alicloud.Execution, error) {
	return a.executions, nil
}
func (a *account) BatchImages(context.Context, string) ([]alicloud.BatchImage, error) {
	return a.registered, nil
}

// what exists is adopted when it is what was meant, and otherwise stops the build with a
// word on what it is, since when and whose.
func TestWhatExistsIsAdoptedOrNamed(t *testing.T) {
	ours := alicloud.Tags{TagBuild: "web", TagToken: "tok"}
	component := spec.Component{Name: "nginx", Version: "1.0.0", Type: "Build", SystemType: "Linux", Content: "RUN true"}
	there := alicloud.Component{ID: "ic-1", Type: "Build", SystemType: "Linux", Content: "RUN true"}
	changed := there
	changed.Content, changed.CreatedAt, changed.Tags = "RUN false", "2026-11-01T00:00:00Z", ours

	importing := func(a *account, env *testsuite.TestActivityEnvironment) (string, error) {
		return run(env, (&Import{ECS: a}).ImportImage, ImportImageInput{Token: "tok", Import: spec.Import{ImageName: "web"}},
			func(r ImportImageResult) string { return r.ImageID })
	}
	creating := func(a *account, env *testsuite.TestActivityEnvironment) (string, error) {
		return run(env, (&Component{ECS: a}).CreateComponent, CreateComponentInput{Token: "tok", Component: component},
			func(r ComponentResult) string { return r.ID })
	}
	templating := func(a *account, env *testsuite.TestActivityEnvironment) (string, error) {
		return run(env, (&Pipeline{ECS: a}).CreateTemplate, CreateTemplateInput{Token: "tok", Image: spec.Image{Name: "web"}},
			func(r CreateTemplateResult) string { return r.PipelineID })
	}
	starting := func(a *account, env *testsuite.TestActivityEnvironment) (string, error) {
		return run(env, (&Pipeline{ECS: a}).StartExecution, StartExecutionInput{Token: "tok", PipelineID: "ip-1"},
			func(r StartExecutionResult) string { return r.ExecutionID })
	}
	registering := func(a *account, env *testsuite.TestActivityEnvironment) (string, error) {
		in := RegisterImageInput{Token: "tok", ECSImageID: "m-1", BatchCompute: spec.BatchCompute{Name: "web", Platform: "Linux"}}
		return run(env, (&Registration{Batch: a, ECS: a}).RegisterImage, in, func(r RegisterImageResult) string { return r.ImageID })
	}
	for _, test := range []struct {
		name         string
		do           func(*account, *testsuite.TestActivityEnvironment) (string, error)
		api, code    string
		message      string
		there        account
		adopts, says string
	}{
		{name: "an image with our token is adopted", do: importing, api: "ImportImage", code: "InvalidImageName.Duplicated",
			there: account{images: []alicloud.Image{{ID: "m-1"}}}, adopts: "m-1"},
		{name: "an image of somebody else with the name stops", do: importing, api: "ImportImage", code: "InvalidImageName.Duplicated",
			there: account{named: []alicloud.Image{{ID: "m-9", CreatedAt: "2026-11-01T00:00:00Z"}}},
			says:  "Image m-9 has the name web: not made by Kiln, created 2026-11-01"},
		{name: "an image of another build with the name stops", do: importing, api: "ImportImage", code: "InvalidImageName.Duplicated",
			there: account{named: []alicloud.Image{{ID: "m-9", Tags: alicloud.Tags{TagBuild: "other"}}}}, says: "made by build other"},
		{name: "an import that runs is adopted when it is ours", do: importing, api: "ImportImage", code: "ImageIsImporting",
			there: account{images: []alicloud.Image{{ID: "m-1"}}}, adopts: "m-1"},
		{name: "a component with the same content is adopted", do: creating, api: "CreateImageComponent", code: "InvalidComponentVersion.Exist",
			there: account{components: []alicloud.Component{there}}, adopts: "ic-1"},
		{name: "a component with other content stops", do: creating, api: "CreateImageComponent", code: "InvalidComponentVersion.Exist",
			there: account{components: []alicloud.Component{changed}}, says: "Component ic-1 has different content: made by build web, created 2026-11-01"},
		{name: "a template with our token is adopted", do: templating, api: "CreateImagePipeline", code: "IdempotentParameterMismatch",
			there: account{pipelines: []alicloud.Pipeline{{ID: "ip-1"}}}, adopts: "ip-1"},
		{name: "an image that has the golden image's name stops", do: templating, api: "CreateImagePipeline", code: "InvalidImageName.Duplicated",
			there: account{named: []alicloud.Image{{ID: "m-9"}}}, says: "Image m-9 has the name web"},
		{name: "a running execution with our token is adopted", do: starting, api: "StartImagePipelineExecution", code: "InvalidImagePipeline.HasRunningExecution",
			there: account{executions: []alicloud.Execution{{ID: "exec-1"}}}, adopts: "exec-1"},
		{name: "a registration of the image with the name is adopted", do: registering, api: "BatchCompute.CreateImage", code: "InvalidEcsImageId",
			message: "Specified parameter EcsImageId is not valid. This EcsImageId has been registered.",
			there:   account{registered: []alicloud.BatchImage{{ID: "img-0", ECSImageID: "m-0"}, {ID: "img-1", ECSImageID: "m-1", Name: "web", Platform: "Linux"}}}, adopts: "img-1"},
		{name: "a registration with another name stops", do: registering, api: "BatchCompute.CreateImage", code: "InvalidEcsImageId",
			message: "Specified parameter EcsImageId is not valid. This EcsImageId has been registered.",
			there:   account{registered: []alicloud.BatchImage{{ID: "img-1", ECSImageID: "m-1", Name: "db", Platform: "Linux", CreatedAt: "2026-11-01"}}},
			says:    "registered as img-1 with the name db and the platform Linux since 2026-11-01"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.there.refusal = &alicloud.Error{API: test.api, Code: test.code, HTTPStatus: 400, Message: test.message, RequestID: "R-1"}
			id, err := test.do(&test.there, new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment())
			if test.adopts != "" {
				require.NoError(t, err)
				require.Equal(t, test.adopts, id)
				return
			}
			failure := refused(t, err, test.code)
			require.Contains(t, failure.Message, test.says)
			require.Equal(t, "R-1", failure.RequestID)
		})
	}
}

// A conflict with an image is waited for only while the image can leave its state.
func TestConflictThatNeverClearsStops(t *testing.T) {
	notAvailable := &alicloud.Error{API: "BatchCompute.CreateImage", Code: "InvalidEcsImageId", HTTPStatus: 400, RequestID: "R-1",
		Message: "Specified parameter EcsImageId is not valid. The image is not available."}
	incorrect := &alicloud.Error{API: "ImportImage", Code: "IncorrectImageStatus", HTTPStatus: 400, RequestID: "R-1",
		Message: "The specified image is not available."}
	registering := func(a *account) error {
		in := RegisterImageInput{ECSImageID: "m-1", BatchCompute: spec.BatchCompute{Name: "web", Platform: "Linux"}}
		_, err := run(plain(), (&Registration{Batch: a, ECS: a}).RegisterImage, in, func(r RegisterImageResult) string { return r.ImageID })
		return err
	}
	importing := func(a *account) error {
		in := ImportImageInput{Import: spec.Import{ImageName: "web"}}
		_, err := run(plain(), (&Import{ECS: a}).ImportImage, in, func(r ImportImageResult) string { return r.ImageID })
		return err
	}
	for _, test := range []struct {
		do      func(*account) error
		refusal *alicloud.Error
		status  string // empty: it is not there
		stops   bool
		advice  string
	}{
		{registering, notAvailable, "CreateFailed", true, "build a new one"},
		{registering, notAvailable, "UnAvailable", true, "build a new one"},
		{registering, notAvailable, "Deprecated", true, "Available again"},
		{registering, notAvailable, "Creating", false, ""},
		{registering, notAvailable, "Available", false, ""},
		{registering, notAvailable, "", false, ""},
		{importing, incorrect, "CreateFailed", true, "source.import.imageName"},
		{importing, incorrect, "UnAvailable", true, "source.import.imageName"},
		{importing, incorrect, "Deprecated", false, ""},
		{importing, incorrect, "Waiting", false, ""},
		{importing, incorrect, "", false, ""},
	} {
		t.Run(test.refusal.API+" "+test.status, func(t *testing.T) {
			a := account{refusal: test.refusal}
			is := []alicloud.Image{{ID: "m-1", Status: test.status}}
			switch {
			case test.status == "":
			case test.refusal == incorrect:
				a.named = is
			default:
				a.images = is
			}
			failure := refused(t, test.do(&a), test.refusal.Code)
			require.Equal(t, !test.stops, failure.Waits())
			require.Contains(t, failure.Message, test.refusal.Message)
			require.Equal(t, "R-1", failure.RequestID)
			if test.stops {
				require.Contains(t, failure.Message, "Image m-1 is "+test.status)
				require.Contains(t, failure.Advice, test.advice)
				require.False(t, failure.MayExist)
			}
		})
	}
}

func TestWhatExistsButIsNotListedYetIsLookedForAgain(t *testing.T) {
	a := account{refusal: &alicloud.Error{API: "CreateImageComponent", Code: "InvalidComponentVersion.Exist", HTTPStatus: 403}}
	_, err := run(new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(), (&Component{ECS: &a}).CreateComponent,
		CreateComponentInput{}, func(r ComponentResult) string { return r.ID })
	var application *temporal.ApplicationError
	require.ErrorAs(t, err, &application)
	require.False(t, application.NonRetryable())
}

// A refusal for good had no effect; a redirect is not the cloud's word.
func TestWhatTheCloudDidNotRefuseMayExist(t *testing.T) {
	for code, want := range map[string]struct {
		status   int
		mayExist bool
	}{
		"Forbidden.RAM": {403, false}, alicloud.CodeRedirected: {302, true}, alicloud.CodeNoAnswer: {0, true}, "ServiceUnavailable": {503, true},
	} {
		a := account{refusal: &alicloud.Error{API: "CreateImageComponent", Code: code, HTTPStatus: want.status}}
		_, err := run(new(testsuite.WorkflowTestSuite).NewTestActivityEnvironment(), (&Component{ECS: &a}).CreateComponent,
			CreateComponentInput{}, func(r ComponentResult) string { return r.ID })
		require.Equal(t, want.mayExist, FailureOf(err).MayExist, code)
	}
}

// run runs one activity and returns the id of what it made.
func run[In, Out any](env *testsuite.TestActivityEnvironment, do func(context.Context, In) (Out, error), in In, id func(Out) string) (string, error) {
	env.RegisterActivity(do)
	value, err := env.ExecuteActivity(do, in)
	if err != nil {
		return "", err
	}
	var out Out
	err = value.Get(&out)
	return id(out), err
}
