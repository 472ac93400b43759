package inventory_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/seed1230462e/kiln/internal/alicloud"
	"github.com/seed1230462e/kiln/internal/inventory"
)

// account lists what it has, whatever is asked for by tags, and writes down what is removed.
type account struct {
	inventory.ECS
	images     []alicloud.Image
	components []alicloud.Component
	templates  []alicloud.Pipeline
	execution  alicloud.Execution
	task       alicloud.Task
	registered []alicloud.BatchImage
	removed    []string
	refuse     error // what every removal says
	silent     error // what Batch Compute says
}

func (a *account) Images(_ context.Context, q alicloud.ImageQuery) ([]alicloud.Image, error) {
	return slices.DeleteFunc(slices.Clone(a.images), func(i alicloud.Image) bool {
		return q.ID != "" && i.ID != q.ID || len(q.Tags) > 0 && i.Tags[inventory.TagToken] != q.Tags[inventory.TagToken] ||
			len(q.TagKeys) > 0 && i.Tags[q.TagKeys[0]] == ""
	}), nil
}

func (a *account) Components(context.Context, alicloud.ComponentQuery) ([]alicloud.Component, error) {
	return a.components, nil
}

func (a *account) Pipelines(context.Context, alicloud.PipelineQuery) ([]alicloud.Pipeline, error) {
	return a.templates, nil
}

func (a *account) Execution(_ context.Context, _, id string) (alicloud.Execution, error) {
	if a.execution.ID != id {
		return alicloud.Execution{}, alicloud.ErrNotFound
	}
	return a.execution, nil
}

func (a *account) Task(context.Context, string, string) (alicloud.Task, error) { return a.task, nil }

func (a *account) BatchImages(context.Context, string) ([]alicloud.BatchImage, error) {
	return slices.Clone(a.registered), a.silent
}

func (a *account) remove(id string) error {
	a.removed = append(a.removed, id)
	return a.refuse
}

func (a *account) DeleteImage(_ context.Context, _, id string) error     { return a.remove(id) }
func (a *account) DeleteComponent(_ context.Context, _, id string) error { return a.remove(id) }
func (a *account) DeletePipeline(_ context.Context, _, id string) error  { return a.remove(id) }
func (a *account) CancelTask(_ context.Context, _, id string) error      { return a.remove(id) }
func (a *account) CancelExecution(_ context.Context, _, id string) error { return a.remove(id) }
func (a *account) UnregisterImage(_ context.Context, _, id string) error { return a.remove(id) }

func ref(kind inventory.Kind, id string) inventory.Ref {
	return inventory.Ref{Region: "cn-beijing", Kind: kind, ID: id, Token: "tok", BuildID: "web"}
}

func of(is inventory.Ref, id string) inventory.Ref {
	is.Of = id
	return is
}

var (
	ours   = alicloud.Tags{inventory.TagBuild: "web", inventory.TagToken: "tok"}
	theirs = alicloud.Tags{inventory.TagBuild: "other", inventory.TagToken: "tok"}
	before = alicloud.Tags{inventory.TagBuild: "web", inventory.TagToken: "of another step"}
)

func refusal(api, code string) *alicloud.Error {
	return &alicloud.Error{API: api, Code: code, HTTPStatus: 403, Message: "No."}
}

func TestRemove(t *testing.T) {
	for _, test := range []struct {
		name    string
		there   account
		ref     inventory.Ref
		want    inventory.Removal
		removed []string
	}{
		{name: "an image that carries the build's tags is deleted", there: account{images: []alicloud.Image{{ID: "m-1", Tags: ours}}},
			ref: ref("image", "m-1"), want: inventory.Removal{Gone: true}, removed: []string{"m-1"}},
		{name: "an image of another build stays", there: account{images: []alicloud.Image{{ID: "m-1", Tags: theirs}}},
			ref: ref("image", "m-1"), want: inventory.Removal{Reason: "image m-1 does not carry the tags of this build"}},
		{name: "an image that another step made stays", there: account{images: []alicloud.Image{{ID: "m-1", Tags: before}}},
			ref: ref("image", "m-1"), want: inventory.Removal{Reason: "image m-1 does not carry the tags of this build"}},
		{name: "an image without tags stays", there: account{images: []alicloud.Image{{ID: "m-1"}}},
			ref: ref("image", "m-1"), want: inventory.Removal{Reason: "image m-1 does not carry the tags of this build"}},
		{name: "an image of an existing template is the build's through its execution",
			there: account{images: []alicloud.Image{{ID: "m-1"}}, execution: alicloud.Execution{ID: "exec-1", ImageID: "m-1", Tags: ours}},
			ref:   of(ref("image", "m-1"), "exec-1"), want: inventory.Removal{Gone: true}, removed: []string{"m-1"}},
		{name: "an image that the execution did not make stays",
			there: account{images: []alicloud.Image{{ID: "m-1"}}, execution: alicloud.Execution{ID: "exec-1", ImageID: "m-2", Tags: ours}},
			ref:   of(ref("image", "m-1"), "exec-1"), want: inventory.Removal{Reason: "image m-1 does not carry the tags of this build"}},
		{name: "an image of an execution that is gone stays", there: account{images: []alicloud.Image{{ID: "m-1"}}},
			ref: of(ref("image", "m-1"), "exec-1"), want: inventory.Removal{Reason: "image m-1 does not carry the tags of this build"}},
		{name: "an image that is not listed yet is deleted by its id", ref: ref("image", "m-1"), want: inventory.Removal{Gone: true}, removed: []string{"m-1"}},
		{name: "an image that is gone already is gone", there: account{refuse: refusal("DeleteImage", "InvalidImageId.NotFound")},
			ref: ref("image", "m-1"), want: inventory.Removal{Gone: true}, removed: []string{"m-1"}},
		{name: "a component is deleted", there: account{components: []alicloud.Component{{ID: "ic-1", Tags: ours}}},
			ref: ref("component", "ic-1"), want: inventory.Removal{Gone: true}, removed: []string{"ic-1"}},
		{name: "a component of another build stays", there: account{components: []alicloud.Component{{ID: "ic-1", Tags: theirs}}},
			ref: ref("component", "ic-1"), want: inventory.Removal{Reason: "component ic-1 does not carry the tags of this build"}},
		{name: "a template is deleted", there: account{templates: []alicloud.Pipeline{{ID: "ip-1", Tags: ours}}},
			ref: ref("template", "ip-1"), want: inventory.Removal{Gone: true}, removed: []string{"ip-1"}},
		{name: "an execution that builds is cancelled, and not over yet", there: account{execution: alicloud.Execution{ID: "exec-1", Status: "BUILDING", Tags: ours}},
			ref: ref("execution", "exec-1"), removed: []string{"exec-1"}},
		{name: "an execution that tests cannot be cancelled", there: account{execution: alicloud.Execution{ID: "exec-1", Status: "TESTING", Tags: ours}},
			ref: ref("execution", "exec-1"), want: inventory.Removal{Reason: "execution exec-1 is TESTING"}},
		{name: "an execution that is over is left alone", there: account{execution: alicloud.Execution{ID: "exec-1", Status: "FAILED", Tags: ours}},
			ref: ref("execution", "exec-1"), want: inventory.Removal{Gone: true, Reason: "execution exec-1 is FAILED"}},
		{name: "an execution of another build goes on", there: account{execution: alicloud.Execution{ID: "exec-1", Status: "BUILDING", Tags: theirs}},
			ref: ref("execution", "exec-1"), want: inventory.Removal{Reason: "execution exec-1 does not carry the tags of this build"}},
		{name: "a task is cancelled", there: account{task: alicloud.Task{ID: "t-1", Status: "Processing"}, images: []alicloud.Image{{ID: "m-1", Tags: ours}}},
			ref: ref("task", "t-1"), removed: []string{"t-1"}},
		{name: "a task whose image is another build's goes on", there: account{task: alicloud.Task{ID: "t-1", Status: "Processing"}, images: []alicloud.Image{{ID: "m-1", Tags: theirs}}},
			ref: ref("task", "t-1"), want: inventory.Removal{Reason: "task t-1 does not carry the tags of this build"}},
		{name: "a registration of the build's image is deleted", there: account{registered: []alicloud.BatchImage{{ID: "img-1", ECSImageID: "m-1"}}},
			ref: of(ref("registration", "img-1"), "m-1"), want: inventory.Removal{Gone: true}, removed: []string{"img-1"}},
		{name: "a registration of another image stays", there: account{registered: []alicloud.BatchImage{{ID: "img-1", ECSImageID: "m-2"}}},
			ref: of(ref("registration", "img-1"), "m-1"), want: inventory.Removal{Reason: "registration img-1 does not carry the tags of this build"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := (inventory.Account{ECS: &test.there, Batch: &test.there}).Remove(context.Background(), test.ref)
			require.NoError(t, err)
			require.Equal(t, test.want, got)
			require.Equal(t, test.removed, test.there.removed)
		})
	}
}

func TestRemoveThatIsRefused(t *testing.T) {
	inUse := refusal("DeleteImage", "ImageUsingByInstance")
	there := account{images: []alicloud.Image{{ID: "m-1", Tags: ours}}, refuse: inUse}
	got, err := (inventory.Account{ECS: &there, Batch: &there}).Remove(context.Background(), ref("image", "m-1"))
	require.ErrorIs(t, err, inUse)
	require.Zero(t, got)
}

func TestExecutionWithoutAGoodEndIsNoUse(t *testing.T) {
	for status, usable := range map[string]bool{"BUILDING": true, "SUCCESS": true, "PARTITION_SUCCESS": true,
		"FAILED": false, "TEST_FAILED": false, "CANCELLING": false, "CANCELLED": false} {
		there := account{execution: alicloud.Execution{ID: "exec-1", Status: status}}
		is, err := (inventory.Account{ECS: &there}).See(context.Background(), ref("execution", "exec-1"))
		require.NoError(t, err)
		require.Equal(t, usable, is.Usable, status)
	}
}

func TestSeeFindsByTheToken(t *testing.T) {
	there := account{
		images:     []alicloud.Image{{ID: "m-0", Tags: before}, {ID: "m-1", Status: "Creating", CreatedAt: "then", Tags: ours}},
		registered: []alicloud.BatchImage{{ID: "img-0", ECSImageID: "m-0"}, {ID: "img-1", Name: "web", ECSImageID: "m-1"}},
	}
	all := inventory.Account{ECS: &there, Batch: &there}
	is, err := all.See(context.Background(), ref("image", ""))
	require.NoError(t, err)
	require.Equal(t, inventory.Sight{ID: "m-1", Status: "Creating", CreatedAt: "then", Ours: true}, is)
	is, err = all.See(context.Background(), of(ref("registration", ""), "m-1"))
	require.NoError(t, err)
	require.Equal(t, inventory.Sight{ID: "img-1", Name: "web", Ours: true, Usable: true}, is)
	_, err = all.See(context.Background(), of(ref("registration", ""), "m-2"))
	require.ErrorIs(t, err, alicloud.ErrNotFound)
}

func TestListShowsWhatCarriesTheTag(t *testing.T) {
	there := account{
		images:     []alicloud.Image{{ID: "m-1", Name: "web", Status: "Available", CreatedAt: "then", Tags: ours}, {ID: "m-2", Tags: theirs}, {ID: "m-3"}},
		components: []alicloud.Component{{ID: "ic-1", Name: "nginx", Version: "1.0.0", Tags: ours}},
		templates:  []alicloud.Pipeline{{ID: "ip-1", Name: "web", Tags: ours}},
		registered: []alicloud.BatchImage{{ID: "img-1", Name: "web", ECSImageID: "m-1"}, {ID: "img-3", ECSImageID: "m-3"}},
	}
	all := inventory.Account{ECS: &there, Batch: &there}
	items, err := all.List(context.Background(), "cn-beijing")
	require.NoError(t, err)
	other := ref("image", "m-2")
	other.BuildID = "other"
	registration := of(ref("registration", "img-1"), "m-1")
	registration.Token = "" // Batch Compute knows none
	require.Equal(t, []inventory.Item{
		{Ref: ref("image", "m-1"), Name: "web", Status: "Available", CreatedAt: "then"},
		{Ref: other},
		{Ref: ref("component", "ic-1"), Name: "nginx 1.0.0"},
		{Ref: ref("template", "ip-1"), Name: "web"},
		{Ref: registration, Name: "web"},
	}, items)

	there.registered, there.silent = nil, errors.New("no such service")
	listed, err := all.List(context.Background(), "cn-beijing")
	require.ErrorIs(t, err, there.silent)
	require.Equal(t, items[:4], listed, "what was listed comes all the same")
}

// The keys are in the histories of builds that run.
func TestWhatHistoriesHold(t *testing.T) {
	text, err := json.Marshal(of(ref("image", "m-1"), "exec-1"))
	require.NoError(t, err)
	require.JSONEq(t, `{"region":"cn-beijing","kind":"image","id":"m-1","of":"exec-1","token":"tok","buildId":"web"}`, string(text))
	text, err = json.Marshal(inventory.Removal{Reason: "why"})
	require.NoError(t, err)
	require.JSONEq(t, `{"gone":false,"reason":"why"}`, string(text))
}
