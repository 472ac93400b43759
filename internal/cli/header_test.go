package cli_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/seed1230462e/kiln/internal/cli"
)

// describer is a Temporal server that remembers what was last asked of it.
type describer struct {
	workflowservice.UnimplementedWorkflowServiceServer
	id     string
	header []string
}

func (d *describer) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (d *describer) DescribeWorkflowExecution(ctx context.Context, req *workflowservice.DescribeWorkflowExecutionRequest) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	d.id = req.GetExecution().GetWorkflowId()
	d.header = metadata.ValueFromIncomingContext(ctx, "temporal-resource-id")
	return &workflowservice.DescribeWorkflowExecutionResponse{}, nil
}

func TestAnyIDReachesTheServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var d describer
	server := grpc.NewServer()
	workflowservice.RegisterWorkflowServiceServer(server, &d)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	c, err := cli.Dial(t.Context(), client.Options{HostPort: listener.Addr().String()})
	require.NoError(t, err)
	t.Cleanup(c.Close)

	for _, test := range []struct {
		name, id string
		header   []string
	}{
		{"plain", "web-base", []string{"workflow:web-base"}},
		{"with a space", "web base", []string{"workflow:web base"}},
		{"beyond ASCII", "wéb-基", nil},
		{"with a line break", "web\nbase", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := c.DescribeWorkflowExecution(t.Context(), test.id, "")
			require.NoError(t, err)
			require.Equal(t, test.id, d.id)
			require.Equal(t, test.header, d.header)
		})
	}
}
