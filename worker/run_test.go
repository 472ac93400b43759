package worker

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/seed1230462e/kiln/internal/cli"
)

var unauthenticated = status.New(codes.Unauthenticated, "unknown key")

// frontend is a Temporal server that answers what a worker asks first.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	systemInfo, namespace error
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, f.systemInfo
}

func (f *frontend) DescribeNamespace(context.Context, *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	return &workflowservice.DescribeNamespaceResponse{}, f.namespace
}

func serveFrontend(t *testing.T, listener net.Listener, f *frontend) {
	t.Helper()
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, f)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	return listener
}

func requireRefused(t *testing.T, err error, says string) {
	t.Helper()
	var coded *cli.Error
	require.ErrorAs(t, err, &coded)
	require.Equal(t, cli.ExitConnection, coded.Exit)
	require.ErrorContains(t, err, says)
}

func TestRunEndsWhereWaitingCannotHelp(t *testing.T) {
	for _, test := range []struct {
		name string
		says string
		frontend
	}{
		{"the namespace does not exist", `"golden" does not exist`, frontend{namespace: serviceerror.ToStatus(serviceerror.NewNamespaceNotFound("golden")).Err()}},
		{"the key is refused", "unknown key", frontend{systemInfo: unauthenticated.Err()}},
		{"the key may not enter the namespace", "lets this worker not", frontend{namespace: status.Error(codes.PermissionDenied, "no")}},
	} {
		t.Run(test.name, func(t *testing.T) {
			listener := listen(t)
			serveFrontend(t, listener, &test.frontend)
			requireRefused(t, Run(t.Context(), Options{Client: client.Options{HostPort: listener.Addr().String(), Namespace: "golden"}}), test.says)
		})
	}
}

func TestRunWaitsForAServerThatIsNotUpYet(t *testing.T) {
	listener := listen(t)
	address := listener.Addr().String()
	require.NoError(t, listener.Close())
	core, log := observer.New(zapcore.WarnLevel)

	ended := make(chan error, 1)
	go func() {
		ended <- Run(t.Context(), Options{Client: client.Options{HostPort: address}, Logger: zap.New(core)})
	}()
	require.Eventually(t, func() bool { return log.FilterMessage("Waiting for Temporal").Len() > 0 }, time.Minute, 10*time.Millisecond)
	require.Equal(t, map[string]any{"address": address, "namespace": "default", "reason": "connection refused"}, log.All()[0].ContextMap())

	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	serveFrontend(t, listener, &frontend{namespace: status.Error(codes.NotFound, "no such namespace")})
	select {
	case err := <-ended:
		requireRefused(t, err, "does not exist")
	case <-time.After(time.Minute):
		require.Fail(t, "the worker did not find the server")
	}
	require.Equal(t, 1, log.FilterMessage("Waiting for Temporal").Len(), "one line for one state")
}

func TestRunEndsWithItsContext(t *testing.T) {
	listener := listen(t)
	require.NoError(t, listener.Close())
	ctx, cancel := context.WithCancel(t.Context())
	core, log := observer.New(zapcore.WarnLevel)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{Client: client.Options{HostPort: listener.Addr().String()}, Logger: zap.New(core)})
	}()
	require.Eventually(t, func() bool { return log.Len() > 0 }, time.Minute, 10*time.Millisecond)
	cancel()
	select {
	case err := <-ended:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		require.Fail(t, "the worker did not stop")
	}
}
