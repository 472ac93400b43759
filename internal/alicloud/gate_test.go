package alicloud

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// gate notes what passes it, and refuses when it has a reason.
type gate struct {
	mu      sync.Mutex
	refusal error
	entered []Call
	heard   map[Call]*Error
}

func (g *gate) Enter(_ context.Context, call Call) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entered = append(g.entered, call)
	return g.refusal
}

func (g *gate) Heed(call Call, refused *Error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.heard[call] = refused
}

func newGate(refusal error) *gate { return &gate{refusal: refusal, heard: map[Call]*Error{}} }

func behind(g *gate) func(*Options) {
	return func(o *Options) { o.Gate, o.OSSEndpoint = g, o.ECSEndpoint }
}

// everyCall has each call that a Cloud makes, some of them more than once, by its API.
func everyCall() map[string][]func(context.Context, *Cloud) error {
	all := map[string][]func(context.Context, *Cloud) error{
		"BatchCompute.CreateImage": {registerOf},
		"BatchCompute.ListImages": {func(ctx context.Context, c *Cloud) error {
			_, err := c.BatchImages(ctx, region)
			return err
		}},
		"BatchCompute.DeleteImage": {func(ctx context.Context, c *Cloud) error { return c.UnregisterImage(ctx, region, "img-1") }},
		"OSS.HeadObject": {func(ctx context.Context, c *Cloud) error {
			_, err := c.Object(ctx, region, "bucket", "key")
			return err
		}},
	}
	for _, tt := range callsOnTheWire() {
		all[tt.action] = append(all[tt.action], func(ctx context.Context, c *Cloud) error {
			_, err := tt.call(ctx, c)
			return err
		})
	}
	return all
}

func TestAPIsNamesEveryCall(t *testing.T) {
	require.Equal(t, slices.Sorted(maps.Keys(everyCall())), APIs())
}

func TestEveryCallPassesTheGateFirst(t *testing.T) {
	bare(t) // without credentials, which are looked up after the gate
	held := &Error{API: "held", Code: CodeHeldBack}
	for api, calls := range everyCall() {
		for _, call := range calls {
			g := newGate(held)
			cloud, s := serve(t, answers(200, `{}`), behind(g), func(o *Options) { o.AccessKeyID, o.AccessKeySecret = "", "" })
			require.Same(t, held, failed(t, call(t.Context(), cloud)), api)
			require.Equal(t, []Call{{API: api, Region: region}}, g.entered)
			require.Empty(t, s.requests, api)
			require.Empty(t, g.heard, "the cloud refused nothing")
		}
	}
}

func TestTheGateHearsOfRefusals(t *testing.T) {
	for api, calls := range everyCall() {
		for _, call := range calls {
			g := newGate(nil)
			cloud, _ := serve(t, answers(503, `{"Code":"Throttling.User","Message":"why","RequestId":"R-1"}`), behind(g))
			refused := failed(t, call(t.Context(), cloud))
			require.Equal(t, http.StatusServiceUnavailable, refused.HTTPStatus, api)
			require.Equal(t, map[Call]*Error{{API: api, Region: region}: refused}, g.heard)
		}
	}
}

func TestTheGateHearsOfNothingElse(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"an answer": answers(200, `{"ImageId":"m-1","TaskId":"t-1","Id":"img-1"}`),
		"no answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		g := newGate(nil)
		cloud, _ := serve(t, handler, behind(g))
		_ = importOf(t.Context(), cloud)
		_ = registerOf(t.Context(), cloud)
		_, _ = cloud.Object(t.Context(), region, "bucket", "key")
		require.Len(t, g.entered, 3, name)
		require.Empty(t, g.heard, name)
	}
}

func TestAWaitAtTheGateThatIsGivenUpIsNoAnswer(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cloud, s := serve(t, answers(200, `{}`), behind(newGate(ctx.Err())))
	refused := failed(t, importOf(ctx, cloud))
	require.Equal(t, CodeNoAnswer, refused.Code)
	require.ErrorIs(t, refused, context.Canceled)
	require.Contains(t, refused.Message, "was not sent")
	require.Empty(t, s.requests)
}

func TestAnErrorOfTheGateIsTheCalls(t *testing.T) {
	closed := errors.New("closed")
	cloud, s := serve(t, answers(200, `{}`), behind(newGate(closed)))
	require.ErrorIs(t, importOf(t.Context(), cloud), closed)
	require.Empty(t, s.requests)
}

func TestARegionThatIsNoneDoesNotPassTheGate(t *testing.T) {
	g := newGate(nil)
	cloud, _ := serve(t, answers(200, `{}`), behind(g))
	_, err := cloud.Task(t.Context(), "nowhere/", "t-1")
	require.Error(t, err)
	require.Empty(t, g.entered)
}
